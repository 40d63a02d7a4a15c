"""Losses that compare number by number, as a few calls into scratch: on a small network their overhead is felt."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..do import Do
from ..job import Job, kernel

__all__ = ["huber", "mse"]


@kernel("mse")
def mse(do: Do, job: Job) -> Any:
    """The squares of the misses, added up."""
    gap = _gap(do, job)
    if gap is None:
        return NotImplemented
    do(np.multiply, gap, gap, gap)
    _pool(do, job, gap)
    return None


@kernel("huber")
def huber(do: Do, job: Job) -> Any:
    """near (far - near / 2), where near is far up to delta and delta beyond: both ends in one formula."""
    far = _gap(do, job)
    if far is None:
        return NotImplemented
    number = far.dtype.type
    near, rest = do.like(far), do.like(far)
    do(np.absolute, far, far)
    do(np.minimum, far, number(job.attrs.get("delta", 1.0)), near)
    do(np.multiply, near, number(0.5), rest)
    do(np.subtract, far, rest, rest)
    do(np.multiply, near, rest, rest)
    _pool(do, job, rest)
    return None


def _gap(do: Do, job: Job) -> Any:
    """x - target in scratch; None where the readable forward shall do it."""
    x, target = job.inputs
    alone = job.attrs.get("reduction", "mean") == "none"
    if alone or x.dtype.kind != "f" or x.dtype != target.dtype or not math.prod(x.shape):
        return None
    gap = do.like(x)
    do(np.subtract, x, target, gap)
    return gap


def _pool(do: Do, job: Job, losses: Any) -> None:
    """Their mean or sum."""
    do(np.add.reduce, losses, None, None, job.output)
    if job.attrs.get("reduction", "mean") == "mean":
        do(np.true_divide, job.output, losses.dtype.type(losses.size), job.output)
    job.why = "all in one go"
