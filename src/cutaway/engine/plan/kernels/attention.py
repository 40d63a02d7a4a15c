"""Attention: the table of who listens to whom is worked on in pieces that stay near the processor.

There and back, the table is read and written by a dozen steps; as a group they go over a few examples at a time. The
largest score of each row, the dearest step of all, is only looked for where a power could leave the range of numbers:
softmax does not change when all scores of a row are moved. Where nobody may hear what comes later, the table is worked
on strip by strip, each only as far as one of its rows may listen: of two strips that is three quarters of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..do import Do
from ..job import Job, kernel
from .listening import open_to
from .reduction import ones

__all__ = ["attend", "attend_back"]

PIECE = 1 << 17  # scores that are worked on at a time
STRIP = 64  # rows of a table: with fewer, NumPy and BLAS do little at a call
SAFE = 40.0  # e^40 times a million is far from the largest number, and e^-40 from the smallest


class Strip(NamedTuple):
    """Some rows of every table, as far as one of them may listen."""

    rows: slice
    heard: slice
    shares: Any = None  # (..., rows, heard), where they are kept strip by strip

    def of(self, table: Any) -> Any:
        """What the strip is in a whole table."""
        return table[..., self.rows, self.heard]


def _strips(may: Any, rows: int, columns: int) -> list[Strip]:
    """The strips of a table; may: ones where a column is heard, or None where all are."""
    count = 1 if may is None else max(1, rows // STRIP)
    cuts = [rows * i // count for i in range(count + 1)]
    strips = []
    for a, b in pairwise(cuts):
        heard = columns if may is None else int(np.flatnonzero(may[a:b].any(0)).max(initial=0)) + 1
        strips.append(Strip(slice(a, b), slice(0, heard)))
    return strips if any(s.heard.stop < columns for s in strips) else [Strip(slice(0, rows), slice(0, columns))]


def _numbers(strips: Sequence[Strip]) -> int:
    return sum((s.rows.stop - s.rows.start) * s.heard.stop for s in strips)


def _pieces(lead: Sequence[int], table: int) -> list[Any]:
    """Slices of the first side that leave tables of so many numbers as a piece near the processor."""
    if not lead:
        return [...]
    rows = max(1, PIECE * lead[0] // max(1, int(np.prod(lead)) * table))
    return [slice(i, min(i + rows, lead[0])) for i in range(0, lead[0], rows)]


def _turn(x: Any) -> Any:
    return x.swapaxes(-1, -2)


def _kept(do: Do, job: Job, slot: int, strips: Sequence[Strip]) -> list[Strip]:
    """The strips with memory for the way back, which alone reads them: in that of the whole table if nobody looks."""
    whole, taken = job.array(slot), 0
    kept = []
    for s in strips:
        shape = s.of(whole).shape
        if job.looked_at:
            kept.append(s._replace(shares=do.keep(shape, whole.dtype)))
        else:
            size = int(np.prod(shape))
            kept.append(s._replace(shares=whole.reshape(-1)[taken : taken + size].reshape(shape)))
            taken += size
    if job.looked_at:
        whole[...] = 0  # what nobody hears; strips are laid into the rest
    do.shared["strips", slot] = kept
    return kept


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
    may = None if mask is None else open_to(job.program, mask)
    strips, whole = _strips(may, q.shape[-2], k.shape[-2]), None
    if job.wanted(share.output):
        whole = job.array(share.output)
        if len(strips) > 1 and whole.flags.c_contiguous and job.readers(share.output) == {"attend_back"}:
            strips = _kept(do, job, share.output, strips)
        else:
            strips = [Strip(slice(0, q.shape[-2]), slice(0, k.shape[-2]), whole)]
    masks: list[Any] = [(None, None)] * len(strips)
    if mask is not None:
        for i, s in enumerate(strips):
            low, high = (do.keep(s.of(may).shape, q.dtype) for _ in range(2))
            low[...], high[...] = s.of(job.array(mask)), s.of(may)
            masks[i] = low, high
    pieces = _pieces(q.shape[:-2], _numbers(strips))
    for piece in pieces:
        do.release()
        cards = do.scratch(_turn(k[piece]).shape, k.dtype)
        do(np.multiply, _turn(k[piece]), scale, cards)  # turned, as BLAS likes small tables
        taken = do.taken
        for s, (low, high) in zip(strips, masks, strict=True):
            do.release(taken)
            asking = q[piece][..., s.rows, :]
            shape = (*asking.shape[:-1], s.heard.stop)
            held = do.scratch(shape, q.dtype) if s.shares is None else s.shares[piece]
            narrow = do.scratch((*shape[:-1], 1), q.dtype)
            do(np.matmul, asking, cards[..., s.heard], held)
            do(_powers, held, low, high, narrow)
            if held.flags.c_contiguous:
                do(np.matmul, held.reshape(-1, shape[-1]), ones(do, shape[-1], q.dtype), narrow.reshape(-1))
            else:
                do(np.add.reduce, held, -1, None, narrow, True)
            do(np.divide, q.dtype.type(1), narrow, narrow)
            do(np.multiply, held, narrow, held)
            do(np.matmul, held, v[piece][..., s.heard, :], out[piece][..., s.rows, :])
            if whole is not None and s.shares is not whole and job.looked_at:
                do(np.copyto, s.of(whole[piece]), held)
    job.why = f"{len(job.steps)} steps at once, {_told(pieces, strips)}"
    return None


def _told(pieces: Sequence[Any], strips: Sequence[Strip]) -> str:
    return f"{len(pieces)} pieces" + (f" of {len(strips)} strips" if len(strips) > 1 else "")


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
    slot = last.inputs[0]
    rows, columns = job.program.shape(slot)[-2:]
    strips = do.shared.get(("strips", slot)) or [Strip(slice(0, rows), slice(0, columns), job.array(slot))]
    strips = sorted(strips, key=lambda s: -s.heard.stop)  # the first one says something of most columns
    g, v = (job.array(slot) for slot in felt.inputs)
    ends = []
    for s in products:
        if s is felt:
            continue
        after = next((t for t in job.steps if t.op.name == "mul" and t.inputs[0] == s.output), None)
        end = s if after is None else after
        scale = None if after is None else after.inputs[1]
        ends.append((s.inputs[0] == last.output, s, job.array(end.output), scale))
    # One number that multiplies what both feel in the end can as well multiply what they feel it from.
    strengths = {scale for inner, _, _, scale in ends if inner}
    strength = strengths.pop() if len(strengths) == 1 else None
    pieces = _pieces(job.program.shape(slot)[:-2], _numbers(strips))
    for piece in pieces:
        do.release()
        values = do.scratch(_turn(v[piece]).shape, v.dtype)
        if strength is None:
            do(np.copyto, values, _turn(v[piece]))
        else:
            do(np.multiply, _turn(v[piece]), job.array(strength), values)
        taken = do.taken
        for strip in strips:
            do.release(taken)
            held, felt_by = strip.shares[piece], g[piece][..., strip.rows, :]
            pull, both = do.scratch(held.shape, held.dtype), do.scratch(held.shape, held.dtype)
            narrow = do.scratch((*held.shape[:-1], 1), held.dtype)
            do(np.matmul, felt_by, values[..., strip.heard], pull)
            do(np.multiply, pull, held, both)
            do(np.matmul, both.reshape(-1, held.shape[-1]), ones(do, held.shape[-1], held.dtype), narrow.reshape(-1))
            do(np.subtract, pull, narrow, pull)
            do(np.multiply, pull, held, pull)
            for inner, s, out, _ in ends:
                x, w = pull if inner else held, job.array(s.inputs[1])[piece]
                if not s.attrs.get("flip_x"):
                    do(np.matmul, x, w[..., strip.heard, :], out[piece][..., strip.rows, :])
                    continue
                into = out[piece][..., strip.heard, :]
                if strip is strips[0]:
                    do(np.matmul, _turn(x), w[..., strip.rows, :], into)
                    if strip.heard.stop < columns:
                        do(np.copyto, out[piece][..., strip.heard.stop :, :], out.dtype.type(0))
                else:
                    more = do.scratch(into.shape, into.dtype)
                    do(np.matmul, _turn(x), w[..., strip.rows, :], more)
                    do(np.add, into, more, into)
        for inner, _, out, scale in ends:
            if scale is not None and not (inner and strength is not None):
                do(np.multiply, out[piece], job.array(scale), out[piece])
    job.why = f"{len(job.steps)} steps at once, {_told(pieces, strips)}"
    return None
