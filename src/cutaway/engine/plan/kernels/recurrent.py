"""What the planned recurrent kernels share: time outermost, and weights in blocks of 64 columns.

Inside a kernel everything lies moment after moment, (T, blocks, N, 64): a moment is one piece of memory. BLAS is 1.7
times faster on a few examples times many blocks of 64 columns than on one wide table, so the recurrent weights are laid
out anew at the beginning of each batch. What can be done for all moments at once is done outside the loop over time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..do import Do
from ..job import Job

__all__ = ["Recurrence", "over_time"]

COLUMNS = 64
NEAR = 1 << 15  # numbers that are worked on at a time when all moments are done at once


class Recurrence:
    """Sizes and views of one recurrence: N examples, T moments, H numbers of memory in k blocks of b columns."""

    def __init__(self, job: Job, gates: int, z: Any, w: Any) -> None:
        self.N, self.T, self.H = z.shape[0], z.shape[1], w.shape[1]
        self.b = COLUMNS if self.H % COLUMNS == 0 else self.H
        self.k = self.H // self.b
        self.gates, self.dtype = gates, z.dtype
        self.backwards = bool(job.attrs.get("reverse", False))

    def moment(self, s: int) -> int:
        """The moment that is read as number s."""
        return self.T - 1 - s if self.backwards else s

    def blocked(self, rows: Any, count: int) -> Any:
        """(N, count b) seen as (count, N, b); or (N, T, count b) seen as (T, count, N, b), in the order of reading."""
        if rows.ndim == 2:
            return rows.reshape(rows.shape[0], count, self.b).transpose(1, 0, 2)
        seen = split(rows, count, self.b).transpose(1, 2, 0, 3)
        return seen[::-1] if self.backwards else seen

    def read(self, rows: Any) -> Any:
        """(N, T, D) seen as (T, N, D), in the order of reading."""
        seen = rows.transpose(1, 0, 2)
        return seen[::-1] if self.backwards else seen

    def weights(self, do: Do, w: Any) -> Any:
        """The recurrent weights (G H, H) for the way there: (G k, H, b)."""
        laid = do.keep((self.gates * self.k, self.H, self.b), self.dtype)
        do(np.copyto, laid, w.reshape(self.gates * self.k, self.b, self.H).transpose(0, 2, 1))
        return laid

    def weights_back(self, do: Do, w: Any) -> Any:
        """The recurrent weights for the way back, in squares: (G k, k, b, b)."""
        laid = do.keep((self.gates * self.k, self.k, self.b, self.b), self.dtype)
        squares = w.reshape(self.gates * self.k, self.b, self.k, self.b)
        do(np.copyto, laid, squares.transpose(0, 2, 1, 3))
        return laid

    def feel(self, do: Do, pull: Any, weights: Any, felt: Any) -> None:
        """What the pulls (G k, N, b) at one moment come to for h, (k, N, b): a product a square, and their sum.

        A product with 1024 rows and 64 columns is half as fast, since BLAS lays such tables out anew at every moment.
        """
        parts = do.scratch((len(pull), self.k, self.N, self.b), self.dtype)
        do(np.matmul, pull[:, None], weights, parts)
        do(np.add.reduce, parts, 0, None, felt)
        do.release(do.taken - 1)

    def asleep(self, do: Do, lengths: Any) -> Any:
        """Which examples have ended at every moment, in the order of reading: (T, N, 1), yes and no."""
        times = do.keep((self.T, 1), lengths.dtype)
        times[:, 0] = [self.moment(s) for s in range(self.T)]
        asleep = do.keep((self.T, self.N), np.bool_)
        do(np.greater_equal, times, lengths, asleep)
        return asleep[:, :, None]


def split(rows: Any, count: int, b: int) -> Any:
    """(N, T, count b) seen as (N, T, count, b), also where rows are cut out of wider ones."""
    n, t, _ = rows.shape
    strides = (rows.strides[0], rows.strides[1], b * rows.strides[2], rows.strides[2])
    return np.lib.stride_tricks.as_strided(rows, (n, t, count, b), strides)


def over_time(r: Recurrence) -> list[slice]:
    """Slices of moments that are worked on at once."""
    some = max(1, NEAR // max(1, r.N * r.H))
    return [slice(t, min(t + some, r.T)) for t in range(0, r.T, some)]
