"""Class numbers: which votes were right. A few calls into scratch, as on a small network their overhead is felt."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..do import Do
from ..job import Job, kernel

__all__ = ["accuracy", "gather", "one_hot"]


@kernel("one_hot")
def one_hot(do: Do, job: Job) -> Any:
    """Yes or no for every class, as numbers."""
    (answers,), out = job.inputs, job.output
    if answers.dtype.kind not in "iu" or not out.flags.c_contiguous:
        return NotImplemented
    hit = do.scratch(out.shape, np.bool_)
    do(np.equal, answers[..., None], np.arange(out.shape[-1], dtype=answers.dtype), hit)
    do(np.copyto, out, hit)
    job.why = "yes or no for all at once"
    return None


@kernel("gather")
def gather(do: Do, job: Job) -> Any:
    """One number of every row."""
    (x, index), out = job.inputs, job.output
    if x.ndim != 2 or index.shape != (len(x), 1) or job.attrs["dim"] not in (1, -1) or not x.size:
        return NotImplemented
    do(_pick, x, np.arange(len(x)), index[:, 0], out[:, 0])
    job.why = "one number of every row"
    return None


def _pick(x: Any, rows: Any, columns: Any, out: Any) -> None:
    out[...] = x[rows, columns]


@kernel("accuracy")
def accuracy(do: Do, job: Job) -> Any:
    """How often the largest vote of a row is the right one's."""
    (votes, answers), out = job.inputs, job.output
    if not votes.size or votes.dtype.kind != "f" or answers.dtype.kind not in "iu":
        return NotImplemented
    chosen, hit = do.scratch(answers.shape, np.intp), do.scratch(answers.shape, np.bool_)
    do(votes.argmax, -1, chosen)
    do(np.equal, chosen, answers, hit)
    do(np.add.reduce, hit, None, out.dtype, out)
    do(np.true_divide, out, out.dtype.type(answers.size), out)
    job.why = "counted"
    return None
