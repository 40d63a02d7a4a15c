"""A chain: steps number by number of one shape, done block by block, with the sums over them taken on the way.

What lives only inside a chain is never written to memory: it stays in scratch of the size of a block, near the
processor. A block is a slice along the side that is outermost in memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...tape import Step
from ..do import Do
from ..job import Job
from .elementwise import ELEMENTWISE, readable
from .reduction import Columns, direction, lying, memory_order, row_sum, scale_of, summed

__all__ = ["along_rows", "blocks_of", "chain"]

BLOCK = 1 << 16  # numbers in a block: with its companions it fits the second-level cache

Block = tuple[Any, ...]


def blocks_of(x: Any, most: int = BLOCK) -> list[Block]:
    """Slices that cut an array into pieces that stay near the processor, along its outermost side in memory."""
    if x.ndim == 0:
        return [(...,)]  # x[()] would be a number, and no array to write to
    order = memory_order(x)
    if not order or x.size <= most:
        return [(slice(None),) * x.ndim]
    axis = order[0]
    length = x.shape[axis]
    rows = max(1, most * length // x.size)
    before, after = (slice(None),) * axis, (slice(None),) * (x.ndim - axis - 1)
    return [(*before, slice(i, min(i + rows, length)), *after) for i in range(0, length, rows)]


def chain(do: Do, job: Job) -> Any:
    """Write the calls of a chain, block after block."""
    shape = job.program.shape(job.step.output)
    cut = len(job.steps) - job.ends
    inner, ends = job.steps[:cut], job.steps[cut:]
    whole = [s.output for s in reversed(inner) if job.wanted(s.output) and job.program.shape(s.output) == shape]
    model = job.array(whole[0]) if whole else job.model(job.step.output)
    made = {s.output for s in inner}
    last = {slot: k for k, s in enumerate(inner) for slot in s.inputs}
    for e in ends:
        last[e.inputs[0]] = len(inner)
    outside: dict[int, Any] = {}
    for s in inner:
        for slot in s.inputs:
            if slot not in made and slot not in outside:
                outside[slot] = job.tiled(do, job.array(slot), model)
    taken = do.taken
    blocks = blocks_of(model)
    sums = {
        e.output: Columns(do, model, summed(e, model.shape) or (), len(blocks), job.dtype(e.inputs[0])) for e in ends
    }
    for block in blocks:
        do.release(taken)
        _block(do, job, inner, ends, sums, block, model, outside, last)
    for e in ends:
        x_shape, over, out = model.shape, summed(e, model.shape) or (), job.array(e.output)
        sums[e.output].finish(do, lying(out, model, over, out.ndim == model.ndim), scale_of(e, x_shape))
    if len(job.steps) > 1:
        job.why = f"{len(job.steps)} steps at once, in {len(blocks)} blocks"


def _block(
    do: Do, job: Job, inner: list[Step], ends: list[Step], sums: dict[int, Columns], block: Block, model: Any,
    outside: dict[int, Any], last: dict[int, int],
) -> None:  # fmt: skip
    inside: dict[int, Any] = {}
    spare: dict[Any, list[Any]] = {}
    piece = model[block]
    column = (*piece.shape[:-1], 1)
    for k, s in enumerate(inner):
        arrays = [inside[slot] if slot in inside else job.cut(outside[slot], block, model) for slot in s.inputs]
        dying = [
            slot for slot in dict.fromkeys(s.inputs) if slot in inside and last[slot] == k and not job.wanted(slot)
        ]
        for slot in dying:
            kind = inside[slot].dtype, inside[slot].shape
            if not along_rows(s, model.shape):  # a sum is not done where its numbers lie
                spare.setdefault(kind, []).append(inside[slot])
            inside.pop(slot)
        dtype, narrow = job.dtype(s.output), job.program.shape(s.output) != model.shape
        if job.wanted(s.output):
            out = job.cut(job.array(s.output), block, model)
        elif spare.get((dtype, column if narrow else piece.shape)):
            out = spare[dtype, column if narrow else piece.shape].pop()
        else:
            out = do.scratch(column, dtype) if narrow else do.like(piece, dtype)
        inside[s.output] = out
        into, taken = ELEMENTWISE.get(s.op.name), do.taken
        if along_rows(s, model.shape):
            row_sum(do, s, out, arrays[0])
        elif into is None:
            do(readable, s.op.forward, out, tuple(arrays), s.attrs)
        else:
            into(do, out, *arrays, **s.attrs)
        do.release(taken)
    for e in ends:
        sums[e.output].add(do, inside[e.inputs[0]])


def ends_well(step: Step, shape: tuple[int, ...], model: Any) -> bool:
    """Can a chain over an array that lies like the model take this sum on its way?"""
    over = summed(step, shape)
    return (
        over is not None
        and bool(shape)
        and direction(model, over) in ("all", "columns")
        and np.dtype(model.dtype).kind == "f"
    )


def along_rows(step: Step, shape: tuple[int, ...]) -> bool:
    """Does the step make one number of every row (the last side) of an array of this shape?"""
    if step.op.name not in ("sum", "mean", "max") or not step.attrs.get("keepdim"):
        return False
    dim = step.attrs.get("dim")
    dim = dim if isinstance(dim, tuple) else (dim,)
    return len(dim) == 1 and dim[0] in (-1, len(shape) - 1)


def belongs_to_rows(step: Step, shape: tuple[int, ...], program: Any) -> bool:
    """May the step join a chain of this shape row by row, as a sum along rows, or as something done with such sums?"""
    column = (*shape[:-1], 1)
    if len(shape) < 2 or shape == column or program.shape(step.output) != column or 0 in shape:
        return False
    if int(np.prod(shape[:-1])) == 1 or program.dtype(step.output).kind != "f":
        return False
    if step.op.kind == "elementwise":
        return True
    return along_rows(step, shape) and program.shape(step.inputs[0]) == shape
