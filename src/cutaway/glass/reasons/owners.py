"""Which example of the batch every number of a slot belongs to.

The batch enters with its examples side by side. Steps that only move numbers move the owners along; others keep the
owners where they can (number by number, row by row), and lose them where examples are summed up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.tape import Step, Tape

__all__ = ["Owners"]

NOBODY = -1
_MOVES = {"reshape", "permute", "cut", "flip", "roll", "tile", "repeat_interleave", "broadcast_to", "concat", "stack"}
_SUMS = {"conv2d_w", "add_rows", "scatter_sum", "scatter_add", "index_add", "set_rows", "orthogonal", "sum_to"}
_REDUCES = {"sum", "mean", "var", "max", "min", "logsumexp", "vector_norm", "argmax"}


class Owners:
    """Owners of the numbers of any slot of one batch, found when asked for.

    >>> from cutaway.engine import Tensor
    >>> with Tape() as tape:
    ...     y = tape.input("x", np.ones((2, 3))).reshape(-1)
    >>> Owners(tape, tape.values.__getitem__).of(1).tolist()
    [0, 0, 0, 1, 1, 1]
    """

    def __init__(self, program: Tape, read: Callable[[int], Any]) -> None:
        self.read = read
        self.made = {step.output: step for step in program.steps}
        self.found: dict[int, Any] = {}
        for name in ("x", "y"):
            if name in program.inputs:
                slot = program.inputs[name]
                shape = np.shape(read(slot))
                self.found[slot] = _rows(shape) if shape else None
        self.size = len(read(program.inputs["x"])) if "x" in program.inputs else 0
        self.steps = program.steps

    def of(self, slot: int) -> Any:
        """An array of the slot's shape with the number of an example in every place (-1: nobody's), or None."""
        needed, stack = set(), [slot]
        while stack:
            k = stack.pop()
            if k in self.made and k not in self.found and k not in needed:
                needed.add(k)
                stack.extend(self.made[k].inputs)
        for step in self.steps if needed else ():
            if step.output in needed:
                self.found[step.output] = self._after(step)
        return self.found.get(slot)

    def _after(self, step: Step) -> Any:
        name, shape = step.op.name, np.shape(self.read(step.output))
        inputs = [self.found.get(slot) for slot in step.inputs]
        known = [owners for owners in inputs if owners is not None]
        if not known or not shape or name in _SUMS:
            return self._summed(step, inputs, shape) if known and name == "sum_to" and shape else None
        if name in _MOVES:
            nobody = [np.full(np.shape(self.read(s)), NOBODY) for s in step.inputs]
            moved = [n if owners is None else owners for owners, n in zip(inputs, nobody, strict=True)]
            return np.asarray(step.op.forward(*moved, **step.attrs))
        if name == "matmul":
            return _of_product(step, inputs, shape)
        if name in _REDUCES:
            return _of_group(step, known[0], shape)
        if step.op.kind == "elementwise":
            return _agreed([np.broadcast_to(owners, shape) for owners in known])
        first = known[0]
        rows = len(shape) > 0 and shape[0] == first.shape[0] and np.array_equal(first, _rows(first.shape))
        return _rows(shape) if rows else None

    def _summed(self, step: Step, inputs: list[Any], shape: tuple[int, ...]) -> Any:
        """sum_to keeps the owners where the sides that it sums do not hold the examples."""
        owners = inputs[0]
        extra = owners.ndim - len(shape)
        sides = tuple(range(extra)) + tuple(k + extra for k, n in enumerate(shape) if n == 1 != owners.shape[k + extra])
        low, high = owners.min(axis=sides), owners.max(axis=sides)
        return low.reshape(shape) if np.array_equal(low, high) else None


def _rows(shape: tuple[int, ...]) -> Any:
    """Every row is an example."""
    return np.broadcast_to(np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1)), shape)


def _agreed(owners: list[Any]) -> Any:
    """One owner for every number; where one side is nobody's, the other's; two different ones lose it."""
    joint = owners[0]
    for other in owners[1:]:
        if ((joint != other) & (joint != NOBODY) & (other != NOBODY)).any():
            return None
        joint = np.where(joint == NOBODY, other, joint)
    return joint


def _of_group(step: Step, owners: Any, shape: tuple[int, ...]) -> Any:
    dim, kept = step.attrs.get("dim"), bool(step.attrs.get("keepdim"))
    sides = None if dim is None else tuple(int(d) % owners.ndim for d in np.atleast_1d(dim))
    low, high = owners.min(axis=sides, keepdims=kept), owners.max(axis=sides, keepdims=kept)
    return low if np.shape(low) == shape and np.array_equal(low, high) else None


def _of_product(step: Step, inputs: list[Any], shape: tuple[int, ...]) -> Any:
    """Rows keep the owner of their x, columns that of their w; along the side that is summed it must be one."""
    found = []
    for owners, flip, inner in ((inputs[0], "flip_x", -1), (inputs[1], "flip_w", -2)):
        if owners is None:
            continue
        table = np.swapaxes(owners, -1, -2) if step.attrs.get(flip) else owners
        low, high = table.min(axis=inner, keepdims=True), table.max(axis=inner, keepdims=True)
        if not np.array_equal(low, high):
            return None
        found.append(np.broadcast_to(low, shape))
    return _agreed(found)
