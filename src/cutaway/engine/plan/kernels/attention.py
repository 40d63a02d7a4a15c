"""Attention: the table of who listens to whom is worked on in pieces that stay near the processor.

There and back, the table is read and written by a dozen steps; as a group they go over a few examples at a time. The
largest score of each row, the dearest step of all, is only looked for where a power could leave the range of numbers:
softmax does not change when all scores of a row are moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..do import Do
from ..job import Job, kernel
from .listening import open_to
from .reduction import ones

__all__ = ["attend", "attend_back"]

PIECE = 1 << 17  # scores that are worked on at a time
SAFE = 40.0  # e^40 times a million is far from the largest number, and e^-40 from the smallest


def _pieces(lead: Sequence[int], table: int) -> list[Any]:
    """Slices of the first side that leave tables of so many numbers as a piece near the processor."""
    if not lead:
        return [...]
    rows = max(1, PIECE * lead[0] // max(1, int(np.prod(lead)) * table))
    return [slice(i, min(i + rows, lead[0])) for i in range(0, lead[0], rows)]


def _turn(x: Any) -> Any:
    return x.swapaxes(-1, -2)


@kernel("attend")
def attend(do: Do, job: Job) -> Any:
    """y = softmax(scale q k^T + mask) v."""
    share = next(s for s in job.steps if s.op.name == "div")
    scores = next(s for s in job.steps if s.op.name == "matmul")
    heard = next(s for s in job.steps if s.op.name == "matmul" and s.inputs[0] == share.output)
    scaled = next(s for s in job.steps if s.op.name == "mul")
    mask = next((s.inputs[1] for s in job.steps if s.op.name == "add"), None)
    q, k, v = (job.array(slot) for slot in (*scores.inputs, heard.inputs[1]))
    out, scale = job.array(heard.output), job.array(scaled.inputs[1])
    shares = job.array(share.output) if job.wanted(share.output) else None
    low = high = None
    if mask is not None:
        low, high = job.array(mask), do.keep(job.array(mask).shape, q.dtype)
        high[...] = open_to(job.program, mask)
    table = q.shape[-2] * k.shape[-2]
    for piece in _pieces(q.shape[:-2], table):
        do.release()
        asked = do.scratch(q[piece].shape, q.dtype)
        do(np.multiply, q[piece], scale, asked)
        shape = (*asked.shape[:-1], k.shape[-2])
        held = do.scratch(shape, q.dtype) if shares is None else shares[piece]
        narrow = do.scratch((*shape[:-1], 1), q.dtype)
        do(np.matmul, asked, _turn(k[piece]), held)
        do(_powers, held, low, high, narrow)
        if held.flags.c_contiguous:
            do(np.matmul, held.reshape(-1, shape[-1]), ones(do, shape[-1], q.dtype), narrow.reshape(-1))
        else:
            do(np.add.reduce, held, -1, None, narrow, True)
        do(np.divide, q.dtype.type(1), narrow, narrow)
        do(np.multiply, held, narrow, held)
        do(np.matmul, held, v[piece], out[piece])
    job.why = f"{len(job.steps)} steps at once, {len(_pieces(q.shape[:-2], table))} pieces"
    return None


def _powers(scores: Any, low: Any, high: Any, top: Any) -> None:
    """e^scores where it is: moved by the largest of each row only if a power could leave the range of numbers."""
    if np.minimum.reduce(scores, None) >= -SAFE and np.maximum.reduce(scores, None) <= SAFE:
        np.exp(scores, scores)
        if high is not None:
            np.multiply(scores, high, scores)
        return
    if low is not None:
        np.add(scores, low, scores)
    np.maximum.reduce(scores, -1, out=top, keepdims=True)
    np.subtract(scores, top, scores)
    np.exp(scores, scores)


@kernel("attend_back")
def attend_back(do: Do, job: Job) -> Any:
    """felt = g v^T; through softmax, shares (felt - sum of felt shares); then what q, k and v feel."""
    products = [s for s in job.steps if s.op.name == "matmul"]
    felt = next(s for s in products if s.attrs.get("flip_w"))
    less = next(s for s in job.steps if s.op.name == "sub")
    last = next(s for s in job.steps if s.op.name == "mul" and less.output in s.inputs)
    shares = job.array(last.inputs[0])
    g, v = (job.array(slot) for slot in felt.inputs)
    ends = []
    for s in products:
        if s is felt:
            continue
        after = next((t for t in job.steps if t.op.name == "mul" and t.inputs[0] == s.output), None)
        end = s if after is None else after
        scale = None if after is None else job.array(after.inputs[1])
        ends.append((s.inputs[0] == last.output, s, job.array(end.output), scale))
    table = shares.shape[-1] * shares.shape[-2]
    for piece in _pieces(shares.shape[:-2], table):
        do.release()
        held = shares[piece]
        pull, both = do.scratch(held.shape, held.dtype), do.scratch(held.shape, held.dtype)
        narrow = do.scratch((*held.shape[:-1], 1), held.dtype)
        do(np.matmul, g[piece], _turn(v[piece]), pull)
        do(np.multiply, pull, held, both)
        do(np.matmul, both.reshape(-1, held.shape[-1]), ones(do, held.shape[-1], held.dtype), narrow.reshape(-1))
        do(np.subtract, pull, narrow, pull)
        do(np.multiply, pull, held, pull)
        for inner, s, out, scale in ends:
            x = pull if inner else held
            do(np.matmul, _turn(x) if s.attrs.get("flip_x") else x, job.array(s.inputs[1])[piece], out[piece])
            if scale is not None:
                do(np.multiply, out[piece], scale, out[piece])
    job.why = f"{len(job.steps)} steps at once, {len(_pieces(shares.shape[:-2], table))} pieces"
    return None
