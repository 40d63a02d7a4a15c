"""Pictures in another size, and in a frame: two products, one down and one across, or copies.

The mixing tables of `ops.resize` are small and never change, so they are made with the plan. Down is one product over
all the rest of the pictures; across is one for every row. Copying ("nearest", "windows") takes pixels, all examples'
channels at once, and multiplies nothing, so that infinity stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import copyto, matmul, take

from ...ops.join import margins
from ...ops.resize import chosen, mixing
from ...ops.windows import pair
from ...tape import Step
from ..do import Do
from ..job import Job, kernel, pixels
from .pictures import as_pixels, cells, is_empty, is_pixels, target

__all__: list[str] = []


@pixels("resize2d", "resize2d_x")
def likes(step: Step) -> Sequence[int]:
    """All pictures lie pixel by pixel."""
    return (*step.inputs, step.output)


def twice(do: Do, x: Any, down: Any, across: Any, y: Any) -> None:
    """y = down x across, for every example and channel; pictures (H, W, N, C)."""
    h, w, n, c = x.shape
    between = do.scratch((len(down), w * n * c), x.dtype)
    do(matmul, down, x.reshape(h, -1), between)
    do(matmul, across, between.reshape(len(down), w, n * c), y.reshape(len(down), len(across), n * c))


@kernel("resize2d")
def resize2d(do: Do, job: Job) -> Any:
    """Every new pixel from the old ones under it."""
    if is_empty(job) or job.output.dtype.kind != "f":
        return NotImplemented
    x, (out, home) = as_pixels(do, job.array(job.step.inputs[0])), target(do, job.output)
    how, (to_h, to_w) = job.attrs["how"], pair(job.attrs["to"])
    (h, w), dtype = x.shape[:2], x.dtype
    if how in ("nearest", "windows"):
        rows, columns = chosen(how, h, to_h), chosen(how, w, to_w)
        between = do.scratch((h, len(columns), *x.shape[2:]), dtype)
        do(take, x, columns, 1, between, "clip")  # with "raise" NumPy would copy once more
        do(take, between, rows, 0, out, "clip")
        job.why = "pixels copied"
    else:
        twice(do, x, mixing(how, h, to_h, dtype), mixing(how, w, to_w, dtype), out)
        job.why = "a product down and one across"
    home()
    return None


@kernel("resize2d_x")
def resize2d_x(do: Do, job: Job) -> Any:
    """To every old pixel its shares of the new ones."""
    if is_empty(job) or job.output.dtype.kind != "f":
        return NotImplemented
    g, (out, home) = as_pixels(do, job.array(job.step.inputs[0])), target(do, job.output)
    how, (to_h, to_w), (h, w) = job.attrs["how"], pair(job.attrs["to"]), out.shape[:2]
    down, across = mixing(how, h, to_h, g.dtype), mixing(how, w, to_w, g.dtype)
    twice(do, g, np.ascontiguousarray(down.T), np.ascontiguousarray(across.T), out)
    job.why = "a product down and one across"
    home()
    return None


@kernel("pad")
def pad(do: Do, job: Job) -> Any:
    """A sheet of one value, and the picture in its place."""
    (x,), out, attrs = job.inputs, job.output, job.attrs
    if 0 in x.shape or x.ndim == 0:
        return NotImplemented
    sides = zip(margins(attrs["widths"], x.ndim), x.shape, strict=True)
    inner = out[tuple(slice(before, before + n) for (before, _), n in sides)]
    do(copyto, out, out.dtype.type(attrs.get("value", 0)))
    if x.ndim == 4 and is_pixels(x.transpose(2, 3, 0, 1)) and is_pixels(out.transpose(2, 3, 0, 1)):
        do(copyto, cells(inner.transpose(2, 3, 0, 1)), cells(x.transpose(2, 3, 0, 1)))
    else:
        do(copyto, inner, x)
    job.why = "one copy into a sheet of one value"
    return None
