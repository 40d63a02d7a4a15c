"""Products: one call of BLAS, on tables as large as can be made of what is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..do import Do
from ..job import Job, kernel

__all__ = ["matmul"]

FEW = 56  # rows, up to which the larger table is better on the left
SMALL = 1_000_000  # so many products BLAS multiplies as things lie, without packing them first
TINY = 1 << 16  # so few that turning a table takes longer than it saves


@kernel("matmul")
def matmul(do: Do, job: Job) -> Any:
    """Examples and moments go into one table when all of them meet the same weights: one large product for many small.

    A transpose is a flag of BLAS and costs nothing.
    """
    x, w = job.inputs
    out, attrs = job.output, job.attrs
    if x.dtype.kind != "f" or 0 in x.shape or 0 in w.shape:
        return NotImplemented
    x = x.swapaxes(-1, -2) if attrs.get("flip_x") else x
    w = w.swapaxes(-1, -2) if attrs.get("flip_w") else w
    if x.ndim > 2 and w.ndim == 2 and x.flags.c_contiguous and out.flags.c_contiguous:
        x, out = x.reshape(-1, x.shape[-1]), out.reshape(-1, out.shape[-1])
    sides = " x ".join(map(str, (*x.shape, w.shape[-1])))
    if attrs.get("flip_w") and x.ndim == w.ndim == out.ndim == 2 and len(x) <= FEW and x.size * w.shape[1] > SMALL:
        # BLAS packs the table on the right: half of the time, where only a few rows meet it; so it goes to the left
        turned = do.scratch(out.shape[::-1], out.dtype)
        do(np.matmul, w.T, x.T, turned)
        do(np.copyto, out, turned.T)
        job.why = f"BLAS, {sides}, turned round: few rows meet a large table"
        return None
    if attrs.get("flip_w") and x.ndim > 2 and TINY <= x.shape[-2] * x.shape[-1] * w.shape[-1] <= SMALL:
        _turned(do, x, w, out)
        job.why = f"BLAS, {sides}, turned beforehand: small tables"
        return None
    do(np.matmul, x, w, out)
    job.why = f"BLAS, {sides}"
    return None


def _turned(do: Do, x: Any, w: Any, out: Any) -> None:
    """Many small products with a turned table on the right, for which BLAS needs twice its time: turned by a copy.

    The smaller table is turned: the right one, or the left one, and then both sides and the result change places.
    """
    if x.shape[-2] < w.shape[-1]:
        x, w, out = w.swapaxes(-1, -2), x.swapaxes(-1, -2), out.swapaxes(-1, -2)
    turned = do.scratch(w.shape, w.dtype)
    do(np.copyto, turned, w)
    do(np.matmul, x, turned, out)
