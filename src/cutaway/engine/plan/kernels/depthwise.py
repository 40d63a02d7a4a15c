"""Convolution with one stencil a channel: nothing is added over channels, so there is no product to make.

Every tap is a number for every channel, laid over all examples as a tile of N x C numbers: multiply, add, one tap after
the other, a strip of rows at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import add, copyto, multiply

from ..do import Do
from .columns import inside
from .pictures import Geometry

__all__ = ["Depthwise"]

STRIP = 1 << 19  # bytes of a strip


class Depthwise:
    """One convolution's sizes; its three maps write their calls with it. All pictures as (H, W, N, C)."""

    def __init__(self, g: Geometry, dtype: Any) -> None:
        self.g, self.dtype = g, np.dtype(dtype)
        row = g.wo * g.n * g.c * self.dtype.itemsize
        self.many = max(1, min(g.ho, STRIP // row))

    @staticmethod
    def fits(g: Geometry) -> bool:
        """Has every channel one stencil of its own?"""
        return g.groups == g.c == g.o and g.groups > 1

    def tiles(self, do: Do, w: Any) -> Any:
        """The stencils (C, 1, kh, kw) as (taps, N, C), the same for every example."""
        g = self.g
        tiles = do.scratch((g.kh * g.kw, g.n, g.c), self.dtype)
        do(copyto, tiles, w.reshape(g.c, -1).T[:, None])
        return tiles

    def meetings(self) -> Any:
        """Strips, and for each the taps: (strip, [(tap, places of the strip, rows and columns that they look at)])."""
        g = self.g
        for first in range(0, g.ho, self.many):
            end, taps = min(first + self.many, g.ho), []
            for k, (p, q) in enumerate(g.taps):
                i, rows = inside(g.sh, p - g.ph, first, end, g.h)
                j, across = inside(g.sw, q - g.pw, 0, g.wo, g.w)
                if i.stop > i.start and j.stop > j.start:
                    taps.append((k, (slice(i.start - first, i.stop - first), j), (rows, across)))
            yield slice(first, end), taps

    def forward(self, do: Do, x: Any, w: Any, y: Any) -> None:
        """y = the convolution of x."""
        tiles, spare = self.tiles(do, w), do.scratch((self.many, *y.shape[1:]), self.dtype)
        for strip, taps in self.meetings():
            out, fresh = y[strip], True
            whole = (slice(0, out.shape[0]), slice(0, out.shape[1]))
            if not taps or taps[0][1] != whole:
                do(copyto, out, self.dtype.type(0))
                fresh = False
            for k, places, seen in taps:
                to = out[places]
                if fresh:
                    do(multiply, x[seen], tiles[k], to)
                    fresh = False
                else:
                    t = spare[: to.shape[0], : to.shape[1]]
                    do(multiply, x[seen], tiles[k], t)
                    do(add, to, t, to)

    def to_pictures(self, do: Do, g_y: Any, w: Any, g_x: Any) -> None:
        """g_x from the gradient of y."""
        tiles, spare = self.tiles(do, w), do.scratch((self.many, *g_y.shape[1:]), self.dtype)
        do(copyto, g_x, self.dtype.type(0))
        for strip, taps in self.meetings():
            for k, places, seen in taps:
                gradient, to = g_y[strip][places], g_x[seen]
                t = spare[: to.shape[0], : to.shape[1]]
                do(multiply, gradient, tiles[k], t)
                do(add, to, t, to)

    def to_stencils(self, do: Do, x: Any, g_y: Any, g_w: Any) -> None:
        """g_w (C, 1, kh, kw) from x and the gradient of y."""
        g = self.g
        spare = do.scratch((self.many * g.wo * g.n * g.c,), self.dtype)
        total, more = do.scratch((g.kh * g.kw, g.n, g.c), self.dtype), do.scratch((g.n, g.c), self.dtype)
        do(copyto, total, self.dtype.type(0))
        for strip, taps in self.meetings():
            for k, places, seen in taps:
                gradient = g_y[strip][places]
                t = spare[: gradient.size].reshape(gradient.shape)
                do(multiply, x[seen], gradient, t)
                do(add.reduce, t.reshape(-1, g.n, g.c), 0, None, more)
                do(add, total[k], more, total[k])
        sums = do.scratch((g.kh * g.kw, g.c), self.dtype)
        do(add.reduce, total, 1, None, sums)
        do(copyto, g_w.reshape(g.c, -1), sums.T)
