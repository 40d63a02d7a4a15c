"""Sums as products with a row of ones: BLAS adds up a tall table several times faster than NumPy's own sum.

In memory an array is a table whose rows lie one after the other; of a picture, a row is the channels of one pixel of
one example. A sum that keeps the innermost sides goes down its columns, one that keeps the outermost along its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tape import Step
from ..do import Do
from ..job import Job, kernel

__all__ = ["Columns", "direction", "lying", "memory_order", "ones", "row_sum", "scale_of", "summed"]


def summed(step: Step, shape: Sequence[int]) -> tuple[int, ...] | None:
    """The sides that a step sums (or averages) over; None if it is no sum."""
    name, attrs = step.op.name, step.attrs
    if name == "sum_to":
        to = attrs["to"]
        extra = len(shape) - len(to)
        return (*range(extra), *(extra + k for k, n in enumerate(to) if n == 1 and shape[extra + k] != 1))
    if name not in ("sum", "mean"):
        return None
    dim = attrs.get("dim")
    if dim is None:
        return tuple(range(len(shape)))
    return tuple(k % len(shape) for k in (dim if isinstance(dim, tuple) else (dim,)))


def memory_order(x: Any) -> list[int]:
    """The sides of an array that are longer than 1, from the outermost in memory to the innermost."""
    return sorted((k for k in range(x.ndim) if x.shape[k] > 1), key=lambda k: (-abs(x.strides[k]), k))


def direction(x: Any, over: Sequence[int]) -> str:
    """Which way a sum over these sides goes in memory: "all", "columns", "rows", or "" where it is neither.

    A sum over sides of length 1 is none: as columns, every number would be one.
    """
    order = memory_order(x)
    kept = [k for k in order if k not in over]
    if not kept:
        return "all"
    if kept == order:
        return ""
    if kept == order[-len(kept) :]:
        return "columns"
    return "rows" if kept == order[: len(kept)] else ""


def ones(do: Do, count: int, dtype: Any) -> Any:
    """A row of ones, shared by the whole plan."""
    key = "ones", np.dtype(dtype)
    if key not in do.shared or do.shared[key].size < count:
        do.shared[key] = do.keep((count,), dtype)
        do.shared[key][...] = 1
    return do.shared[key][:count]


class Columns:
    """A sum down the columns (or over everything) of an array that comes block by block.

    Each block leaves a row of sums, and at the end these few rows are added up: in the same order every time.
    """

    def __init__(self, do: Do, model: Any, over: Sequence[int], blocks: int, dtype: Any) -> None:
        order = memory_order(model)
        kept = [k for k in order if k not in over]
        self.width = int(np.prod([model.shape[k] for k in kept], dtype=np.int64))
        self.order = order
        most = blocks + (model.shape[order[0]] if order else 1)
        self.parts = do.keep((most, self.width), dtype)
        self.count = 0

    def add(self, do: Do, block: Any) -> None:
        """Take the next block."""
        lying = block.transpose([*self.order, *(k for k in range(block.ndim) if k not in self.order)])
        tables = lying.reshape(1, -1, self.width) if lying.flags.c_contiguous else None
        if tables is None and lying.ndim > 1 and lying[0].flags.c_contiguous and lying.shape[0] < 4096:
            tables = lying.reshape(len(lying), -1, self.width)
        if tables is None or not np.may_share_memory(tables, block):
            copy = do.scratch(lying.shape, block.dtype)
            do(np.copyto, copy, lying)
            tables = copy.reshape(1, -1, self.width)
        into = self.parts[self.count : self.count + len(tables)]
        self.count += len(tables)
        if self.width == 1:
            do(np.add.reduce, tables.reshape(len(tables), -1), 1, None, into.reshape(-1))
        else:
            do(
                np.matmul,
                ones(do, tables.shape[1], block.dtype).reshape(1, -1),
                tables,
                into.reshape(-1, 1, self.width),
            )

    def finish(self, do: Do, out: Any, scale: float = 1.0) -> None:
        """Put the sum, or so many times the sum, into ``out``, whose sides stand in the order of memory (see lying)."""
        total = out if self.count == 1 and out.shape == (self.width,) else do.scratch((self.width,), out.dtype)
        do(np.add.reduce, self.parts[: self.count], 0, None, total)
        if scale != 1.0:
            do(np.multiply, total, out.dtype.type(scale), total)
        if total is not out:
            do(np.copyto, out, total.reshape(out.shape))


def lying(out: Any, model: Any, over: Sequence[int], keepdim: bool) -> Any:
    """The output of a sum with its sides in the order in which the kept ones lie in the model's memory."""
    if keepdim:
        out = out.reshape([n for k, n in enumerate(out.shape) if k not in over])
    kept = [k for k in range(model.ndim) if k not in over]
    order = [k for k in memory_order(model) if k not in over]
    sides = [kept.index(k) for k in order]
    return out.transpose([*sides, *(k for k in range(out.ndim) if k not in sides)])


def scale_of(step: Step, shape: Sequence[int]) -> float:
    """What the sum is multiplied by: 1 / n for a mean."""
    over = summed(step, shape) or ()
    return 1.0 / max(1, int(np.prod([shape[k] for k in over], dtype=np.int64))) if step.op.name == "mean" else 1.0


def row_sum(do: Do, step: Step, out: Any, x: Any) -> None:
    """The sum, the mean or the largest of every row, which becomes one number: (..., D) -> (..., 1)."""
    if step.op.name == "max":
        do(np.maximum.reduce, x, -1, None, out, True)
        return
    if x.flags.c_contiguous and out.flags.c_contiguous:
        do(np.matmul, x.reshape(-1, x.shape[-1]), ones(do, x.shape[-1], x.dtype), out.reshape(-1))
    else:
        do(np.add.reduce, x, -1, None, out, True)
    if step.op.name == "mean":
        do(np.multiply, out, out.dtype.type(1.0 / x.shape[-1]), out)


@kernel("sum", "mean", "sum_to")
def sums(do: Do, job: Job) -> Any:
    """A sum that stands alone."""
    (x,), out, step = job.inputs, job.output, job.step
    if x.size == 0 or x.dtype.kind != "f":
        return NotImplemented
    over = summed(step, x.shape) or ()
    scale, keepdim = scale_of(step, x.shape), out.ndim == x.ndim
    way = direction(x, over)
    if way in ("all", "columns"):
        column = Columns(do, x, over, 1, x.dtype)
        column.add(do, x)
        column.finish(do, lying(out, x, over, keepdim), scale)
        job.why = "a product with ones"
    elif way == "rows" and x.flags.c_contiguous and out.flags.c_contiguous:
        width = int(np.prod([x.shape[k] for k in over], dtype=np.int64))
        do(np.matmul, x.reshape(-1, width), ones(do, width, x.dtype), out.reshape(-1))
        if scale != 1.0:
            do(np.multiply, out, out.dtype.type(scale), out)
        job.why = "a product with ones"
    else:
        kept = out.reshape([n for k, n in enumerate(x.shape) if k not in over])
        do(np.add.reduce, x, tuple(over), None, kept)
        if scale != 1.0:
            do(np.multiply, out, out.dtype.type(scale), out)
    return None
