"""What survives from batch to batch, in a few long rows.

Row "weight" is every trained parameter, one after the other; every memory of the optimizer and the gradient have a row
in the same order. So one update does for all of them, and a worker's share of it is a slice. What stands alone (a
counter, a running average, a knob) has memory of its own.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Mapping, MutableMapping
from typing import Any

import numpy as np

from ..tape import Tape
from .do import fresh
from .state import State

__all__ = ["FORGET", "Rows"]

Bytes = Callable[[int], Any]
FADED = 1e-36  # the smallest number that is kept with all its digits is 1.2e-38
FORGET = 32  # batches between two looks for what has faded: 0.9 ** 32 is 0.03
PIECE = 1 << 15  # numbers that are looked at in one go


class Rows:
    """Memory for the state of a program; plans of several shapes may work on the same.

    memory: what gives out bytes (shared ones, if workers are to see them); ranks: how many gradients there are
    """

    def __init__(self, tape: Tape, memory: Bytes = fresh, ranks: int = 1) -> None:
        values = tape.values
        weights = [n for n in tape.families.get("weight", ()) if values[tape.state[n]].dtype == np.float32]
        self.part: dict[str, slice] = {}
        at = 0
        for name in weights:
            size = values[tape.state[name]].size
            self.part[name] = slice(at, at + size)
            at += size
        self.size = at
        self.family: dict[str, tuple[str, str]] = {}  # name of a state -> its family, and the weight it belongs to
        self.rows: dict[str, Any] = {}
        self.views: dict[str, Any] = {}
        for family, names in tape.families.items():
            for name, weight in zip(names, _owners(tape, family, names), strict=True):
                like = values[tape.state[name]]
                fits = weight in self.part and like.dtype == np.float32
                if fits and like.shape == values[tape.state[weight]].shape and name not in self.views:
                    if family not in self.rows:
                        self.rows[family] = memory(at * 4).view(np.float32)[:at]
                    self.views[name] = self.rows[family][self.part[weight]].reshape(like.shape)
                    self.family[name] = family, weight
        self.gradients = [memory(at * 4).view(np.float32)[:at] for _ in range(ranks)] if at else []
        for name, slot in tape.state.items():
            if name not in self.views:
                like = values[slot]
                self.views[name] = memory(max(1, like.nbytes))[: like.nbytes].view(like.dtype).reshape(like.shape)
        self.loaded: dict[str, Any] = {}  # the arrays whose numbers stand here
        self._left: weakref.ref[State] | None = None  # whose numbers stand here and nowhere else

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over numbers, where they are not here already."""
        here: Collection[str] = state.left_in(self) if isinstance(state, State) else ()
        if not here:
            self.settle()
            if isinstance(state, State):
                state.fetch()
        numbers, loaded = state.standing() if isinstance(state, State) else state, self.loaded
        for name, view in self.views.items():
            array = numbers[name]
            if name not in here and loaded.get(name) is not array:
                np.copyto(view, array)
                loaded[name] = array

    def forget(self) -> None:
        """Set to 0 what has faded in the memories of the optimizer.

        What a memory holds of a dead neuron's slope shrinks from batch to batch, and never gets below the smallest
        number there is, as 0.9 of that is rounded up to it again. Arithmetic on such numbers takes many times as long.
        """
        for family, row in self.rows.items():
            if family in ("weight", "average"):
                continue
            size, held = np.empty(PIECE, row.dtype), np.empty(PIECE, np.bool_)
            for start in range(0, row.size, PIECE):
                piece = row[start : start + PIECE]
                far = np.abs(piece, size[: piece.size])
                np.multiply(piece, np.greater_equal(far, FADED, held[: piece.size]), piece)

    def leave(self, state: MutableMapping[str, Any], names: Collection[str]) -> None:
        """The numbers of these names are new. A State is given them when somebody asks for them, a dict now."""
        for name in names:
            self.loaded.pop(name, None)
        if isinstance(state, State):
            state.leave(self, names)
            self._left = weakref.ref(state)
        else:
            self.store(state, names)

    def settle(self) -> None:
        """Before something else is written here: give back what stands nowhere else."""
        state = None if self._left is None else self._left()
        if state is not None and state.left_in(self):
            state.fetch()
        self._left = None

    def store(self, state: MutableMapping[str, Any], names: Collection[str]) -> None:
        """Give the numbers of these names back, as arrays that are never written to again."""
        for name in names:
            state[name] = self.loaded[name] = self.views[name].copy()


def _owners(tape: Tape, family: str, names: list[str]) -> list[str]:
    """The weight that each memory of a family belongs to."""
    weights = tape.families["weight"]
    if family == "weight" or len(names) == len(weights):
        return weights
    known = {f"optim/{family}/{weight}": weight for weight in weights}
    return [known.get(name, "") for name in names]
