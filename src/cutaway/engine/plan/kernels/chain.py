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
from .reduction import Columns, direction, lying, memory_order, scale_of, summed

__all__ = ["blocks_of", "chain"]

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
    inner = [s for s in job.steps if s.op.kind == "elementwise"]
    ends = job.steps[len(inner) :]
    model = next((job.array(s.output) for s in reversed(inner) if job.wanted(s.output)), None)
    model = job.model(inner, job.program.shape(inner[0].output)) if model is None else model
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
    sums = {e.output: Columns(do, model, summed(e, model.shape) or (), len(blocks)) for e in ends}
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
    for k, s in enumerate(inner):
        arrays = [inside[slot] if slot in inside else job.cut(outside[slot], block, model) for slot in s.inputs]
        dying = [
            slot for slot in dict.fromkeys(s.inputs) if slot in inside and last[slot] == k and not job.wanted(slot)
        ]
        for slot in dying:
            spare.setdefault(inside[slot].dtype, []).append(inside.pop(slot))
        if job.wanted(s.output):
            out = job.array(s.output)[block]
        else:
            dtype = job.dtype(s.output)
            free = spare.get(dtype)
            out = free.pop() if free else do.like(piece, dtype)
        inside[s.output] = out
        into, taken = ELEMENTWISE.get(s.op.name), do.taken
        if into is None:
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
