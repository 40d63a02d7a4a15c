"""All tapes of a split program walked side by side in one process, with the readable forwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...tape import Step
from .shards import Shards, added

__all__ = ["Lockstep"]


class Lockstep:
    """Walks step k on every rank before step k + 1 on any; a `together` is the sum of what the ranks hold.

    >>> from cutaway.engine import Tape
    >>> from cutaway.engine.plan.split import split
    >>> with Tape() as tape:
    ...     x = tape.input("x", np.ones((7, 2)))
    ...     tape.results["sum"] = tape.slot((x * 2.0).sum())
    >>> walk = Lockstep(split(tape, 2))
    >>> float(walk.run([np.arange(14.0).reshape(7, 2)], {})["sum"]), walk.see(2).shape
    (182.0, (7, 2))
    """

    def __init__(self, shards: Shards) -> None:
        self.shards = shards
        self.values: list[list[Any]] = []  # rank -> slot -> array

    def walk(self, inputs: Sequence[Any], state: dict[str, Any]) -> Iterator[Step]:
        """Go over one batch; yields the step of rank 0 whenever all ranks have filled its slot."""
        shards = self.shards
        self.values = [list[Any]([None] * len(tape.values)) for tape in shards.tapes]
        for values, tape in zip(self.values, shards.tapes, strict=True):
            for slot in tape.constants:
                values[slot] = tape.values[slot]
            for name, slot in tape.state.items():
                values[slot] = state[name]
        for slot, array in zip(shards.tapes[0].inputs.values(), inputs, strict=True):
            for values, piece in zip(self.values, shards.cut(slot, array), strict=True):
                values[slot] = piece
        for steps in zip(*(tape.steps for tape in shards.tapes), strict=True):
            self._step(steps)
            yield steps[0]

    def _step(self, steps: tuple[Step, ...]) -> None:
        first = steps[0]
        if first.op.name == "together" and self.shards.count > 1:
            total = added([values[first.inputs[0]] for values in self.values])
            for values in self.values:
                values[first.output] = total
            return
        for values, step in zip(self.values, steps, strict=True):
            values[step.output] = np.asarray(step.op.forward(*[values[s] for s in step.inputs], **step.attrs))

    def run(self, inputs: Sequence[Any], state: dict[str, Any]) -> dict[str, Any]:
        """Go over one batch and return its results; the state moves on."""
        for _ in self.walk(inputs, state):
            pass
        tape = self.shards.tapes[0]
        state.update({name: np.asarray(self.see(slot), order="C") for name, slot in tape.carry.items()})
        return {name: self.see(slot) for name, slot in tape.results.items()}

    def put(self, slot: int, value: Any) -> None:
        """Fill a slot of the batch being walked with something else, on all ranks."""
        left = [slot]
        while left:
            slot = left.pop()
            for values, piece in zip(self.values, self.shards.cut(slot, value), strict=True):
                values[slot] = piece
            left += self.shards.versions.get(slot, [])

    def see(self, slot: int) -> Any:
        """What the whole batch has in this slot."""
        return self.shards.join(slot, [values[slot] for values in self.values])
