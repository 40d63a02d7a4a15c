"""Moving numbers: one copy straight to where they belong, without the array that a readable forward makes first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.arrange import real_index
from ..do import Do
from ..job import Job, kernel

__all__ = ["concat", "moved", "paste", "place", "stack", "take"]

LITTLE = 1 << 15  # bytes that are copied twice in less time than it takes to look at the indices


@kernel("reshape", "permute", "cut", "broadcast_to", "flip")
def moved(do: Do, job: Job) -> Any:
    """A view that must be copied, because its numbers are wanted in another layout."""
    (x,), out, step = job.inputs, job.output, job.step
    if 0 in out.shape:
        return NotImplemented
    seen = x if step.op.name == "reshape" else step.op.forward(x, **step.attrs)
    if step.op.name == "reshape":
        if np.may_share_memory(flat := x.reshape(out.shape), x):
            seen = flat
        elif np.may_share_memory(back := out.reshape(x.shape), out):
            out = back
        else:
            return NotImplemented
    elif not np.may_share_memory(seen, x):
        return NotImplemented
    do(np.copyto, out, seen)
    job.why = "one copy into another layout"
    return None


@kernel("paste")
def paste(do: Do, job: Job) -> Any:
    """An empty sheet, and the piece in its place."""
    (x,), out = job.inputs, job.output
    if 0 in out.shape or out.ndim == 0:
        return NotImplemented
    do(np.copyto, out, out.dtype.type(0))
    do(np.copyto, place(out, job.attrs["index"]), x)
    return None


def place(out: Any, index: tuple[Any, ...]) -> Any:
    """The part of a sheet on which a piece with this index is pasted."""
    index = real_index(index)
    return out[index] if any(isinstance(k, slice | type(...)) for k in index) else out[(*index, ...)]


@kernel("concat")
def concat(do: Do, job: Job) -> Any:
    """Each carriage copied to its place in the train."""
    out = job.output
    dim, start = job.attrs.get("dim", 0) % out.ndim, 0
    for x in job.inputs:
        at = (slice(None),) * dim + (slice(start, start + x.shape[dim]),)
        start += x.shape[dim]
        if x.size:
            do(np.copyto, out[at], x)
    return None


@kernel("stack")
def stack(do: Do, job: Job) -> Any:
    """Each picture copied to its place in the pile."""
    out = job.output
    dim = job.attrs.get("dim", 0) % out.ndim
    for k, x in enumerate(job.inputs):
        do(np.copyto, out[(*(slice(None),) * dim, k, ...)], x)
    return None


@kernel("take")
def take(do: Do, job: Job) -> Any:
    """Rows copied one after the other."""
    x, rows = job.inputs
    return _looked_up(do, x, rows, job.output)


@kernel("embedding")
def embedding(do: Do, job: Job) -> Any:
    """Rows copied one after the other."""
    rows, x = job.inputs
    return _looked_up(do, x, rows, job.output)


def _looked_up(do: Do, x: Any, rows: Any, out: Any) -> Any:
    if not out.flags.c_contiguous or 0 in x.shape or x.ndim < 1:
        return NotImplemented
    do(_rows if out.nbytes > LITTLE else np.take, x, rows, 0, out)
    return None


def _rows(x: Any, rows: Any, side: int, out: Any) -> None:
    """np.take, which copies twice where it may have to stop at a wrong index; so these are looked for first."""
    fits = rows.min() >= -len(x) and rows.max() < len(x)
    np.take(x, rows, side, out, "wrap" if fits else "raise")
