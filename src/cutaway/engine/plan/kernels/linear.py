"""Products: one call of BLAS, on tables as large as can be made of what is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..do import Do
from ..job import Job, kernel

__all__ = ["matmul"]


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
    do(np.matmul, x, w, out)
    job.why = f"BLAS, {' x '.join(map(str, (*x.shape, w.shape[-1])))}"
    return None
