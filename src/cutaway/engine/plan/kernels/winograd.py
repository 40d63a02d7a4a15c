"""Convolution by Winograd's tiles: 3 x 3 stencils, moved one by one, with 2 to 4 times fewer products.

A tile of 4 x 4 outputs needs 6 x 6 inputs. Both are taken to 36 values (sums of views, whose inner run is all examples'
channels of a pixel), there every value is one matrix product over the channels, and the results are taken back. The
way back walks the same maps backwards, and its two gradients share the transformed gradient. A strip of tiles at a
time stays near the processor. What the forward transformed is kept for the way back if the program has one. Sizes that
are no whole number of tiles are filled up with zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy import add, matmul

from ..do import Do
from .pictures import Geometry, Rows
from .tiles import SIZES

__all__ = ["Winograd", "best_tile", "rows_cost"]

STRIP = 1_200_000  # bytes of transformed pictures that a strip may take


def rows_cost(g: Geometry) -> float:
    """About how many nanoseconds an output takes as a plain product over columns (see `columns`)."""
    taps = g.kh * g.kw
    return taps * g.c * (0.02 * g.o / g.groups + 0.12)


def best_tile(g: Geometry, precise: bool = False) -> int:
    """The size of tile that is expected to be fastest; 0 where plain products are.

    Counted are products (0.02 nanoseconds each), the sums of the transforms (0.12) and the stencils' own transform,
    with the tiles' waste at the edges; large tiles keep less and get a tenth for it. Many channels favour large tiles,
    few channels no tiles at all, and neither do few places, for which stencils are not worth transforming.

    >>> best_tile(Geometry(32, 64, 16, 16, 64, 3, 3, 16, 16, ph=1, pw=1))
    4
    >>> best_tile(Geometry(32, 1, 28, 28, 32, 3, 3, 26, 26))
    0
    """
    if not (g.plain and (g.kh, g.kw) == (3, 3) and max(g.ph, g.pw) <= 2 and min(g.c, g.o) >= 8):
        return 0
    best, tile = rows_cost(g), 0
    for m, sums, favour in ((2, 6.5, 1.0), (4, 8.5, 0.9)):
        if precise and m == 4:
            continue
        waste = -(-g.ho // m) * -(-g.wo // m) * m * m / (g.ho * g.wo)
        points = ((m + 2) / m) ** 2
        stencils = 0.33 * (m + 2) ** 2 * g.c * g.o / (g.n * g.ho * g.wo)
        cost = stencils + favour * waste * (0.02 * points * g.c * g.o + 0.12 * sums * (g.c + g.o))
        if cost < best:
            best, tile = cost, m
    return tile


class Winograd:
    """One convolution's sizes; its three maps write their calls with it."""

    def __init__(self, g: Geometry, m: int, dtype: Any) -> None:
        self.g, self.dtype = g, np.dtype(dtype)
        self.tile = SIZES[m](dtype)
        self.m, self.a = m, m + 2
        self.down, self.across = -(-g.ho // m), -(-g.wo // m)
        self.width = m * self.across + 2  # of the padded input that the tiles need
        row = self.a * self.a * self.across * g.n * max(g.c, g.o) * self.dtype.itemsize
        self.many = max(1, min(self.down, STRIP // row))  # rows of tiles in a strip
        self.many = -(-self.down // -(-self.down // self.many))  # strips of about the same size
        self.ragged = (m * self.down, m * self.across) != (g.ho, g.wo)

    @property
    def why(self) -> str:
        """For the table of a plan."""
        fewer = 9 * self.g.ho * self.g.wo / (self.a * self.a * self.down * self.across)
        return f"Winograd F({self.m}x{self.m}): {fewer:.1f} times fewer products"

    def strips(self) -> Iterator[tuple[int, int]]:
        """First row of tiles, how many."""
        for first in range(0, self.down, self.many):
            yield first, min(self.many, self.down - first)

    def values(self, do: Do, channels: int, many: int) -> Any:
        """Scratch for the values of a strip: (a, a, tile rows, tile columns, N, channels)."""
        return do.scratch((self.a, self.a, many, self.across, self.g.n, channels), self.dtype)

    def kept(self, do: Do) -> list[Any]:
        """Memory for the values of the pictures, strip by strip, from the way there to the way back."""
        a = self.a
        return [do.keep((a, a, many, self.across, self.g.n, self.g.c), self.dtype) for _, many in self.strips()]

    def stencils(self, do: Do, w: Any, u: Any) -> None:
        """The values of the stencils (O, C, 3, 3): u (a * a, C, O)."""
        g = self.g
        nine = do.scratch((3, 3, g.c, g.o), self.dtype)
        do(np.copyto, nine, w.transpose(2, 3, 1, 0))
        do(matmul, self.tile.table, nine.reshape(9, -1), u.reshape(self.a * self.a, -1))

    def reader(self, do: Do, x: Any) -> tuple[Rows, Any, Any]:
        """What `pictures` needs: the padded rows, and scratch."""
        g = self.g
        rows = Rows(do, x, (g.ph, g.pw), self.width, self.m * self.many + 2)
        half = do.scratch((self.a, self.many, self.width, g.n, g.c), self.dtype)
        spare = do.scratch((2, max(self.many * self.width, self.a * self.many * self.across) * g.n * g.c), self.dtype)
        return rows, half, spare

    def pictures(self, do: Do, reader: tuple[Rows, Any, Any], first: int, many: int, v: Any) -> None:
        """The values of a strip of the pictures."""
        (rows, half, spare), m, a = reader, self.m, self.a
        strip = rows(first * m, many * m + 2)
        half = half[:, :many]
        self.tile.inward(do, [strip[i : i + m * (many - 1) + 1 : m] for i in range(a)], half, cut(spare, half[0]))
        columns = [half[:, :, j : j + m * (self.across - 1) + 1 : m] for j in range(a)]
        self.tile.inward(do, columns, v.swapaxes(0, 1), cut(spare, v[0]))

    def forward(self, do: Do, x: Any, u: Any, y: Any, kept: list[Any] | None) -> None:
        """y = the convolution of x, (H, W, N, C), with stencils whose values are u."""
        g, m, a = self.g, self.m, self.a
        reader, v = self.reader(do, x), None if kept else self.values(do, g.c, self.many)
        products, half = (
            self.values(do, g.o, self.many),
            do.scratch((m, a, self.many, self.across, g.n, g.o), self.dtype),
        )
        spare = do.scratch((1, a * self.many * self.across * g.n * g.o), self.dtype)
        whole = do.scratch((m * self.many, m * self.across, g.n, g.o), self.dtype) if self.ragged else None
        for k, (first, many) in enumerate(self.strips()):
            seen = kept[k] if kept else part(v, many)
            self.pictures(do, reader, first, many, seen)
            p, z = part(products, many), part(half, many)
            do(matmul, seen.reshape(a * a, -1, g.c), u, p.reshape(a * a, -1, g.o))
            self.tile.outward(do, p, z, cut(spare, p[0]))
            top = first * m
            out = y[top : top + many * m] if whole is None else whole[: many * m]
            tiles = self.tiled(out, many)
            self.tile.outward(do, z.swapaxes(0, 1), tiles.swapaxes(0, 1), cut(spare, z[:, 0]))
            if whole is not None:
                do(np.copyto, y[top : top + many * m], out[: g.ho - top, : g.wo])

    def tiled(self, y: Any, many: int) -> Any:
        """Rows of outputs as (m, m, tile rows, tile columns, N, O)."""
        m = self.m
        return y.reshape(many, m, self.across, m, *y.shape[2:]).transpose(1, 3, 0, 2, 4, 5)

    def backward(self, do: Do, g_y: Any, u: Any, g_x: Any, g_w: Any, kept: list[Any] | None, x: Any) -> None:
        """Both gradients, or the one that is not None: g_x (H, W, N, C), g_w (O, C, 3, 3), from that of y.

        u is needed for g_x; kept or x for g_w.
        """
        g, m, a = self.g, self.m, self.a
        back = Rows(do, g_y, (0, 0), m * self.across, m * self.many)
        products, half = (
            self.values(do, g.o, self.many),
            do.scratch((m, a, self.many, self.across, g.n, g.o), self.dtype),
        )
        spare = do.scratch((2, a * self.many * self.across * g.n * g.o), self.dtype)
        pour = None if g_x is None else self.pourer(do, g_x, u)
        if g_w is not None:
            total, more = (do.scratch((a * a, g.c, g.o), self.dtype) for _ in range(2))
            reader, v = (None, None) if kept else (self.reader(do, x), self.values(do, g.c, self.many))
        for k, (first, many) in enumerate(self.strips()):
            tiles = self.tiled(back(first * m, many * m), many)
            p, z = part(products, many), part(half, many)
            self.tile.outward_back(do, tiles.swapaxes(0, 1), z.swapaxes(0, 1), cut(spare, z[:, 0]))
            self.tile.outward_back(do, z, p, cut(spare, p[0]))
            flat = p.reshape(a * a, -1, g.o)
            if g_w is not None:
                seen = kept[k] if kept else part(v, many)
                if reader is not None:
                    self.pictures(do, reader, first, many, seen)
                do(matmul, seen.reshape(a * a, -1, g.c).swapaxes(1, 2), flat, more if k else total)
                if k:
                    do(add, total, more, total)
            if pour is not None:
                pour(first, many, flat)
        if g_w is not None:
            nine = do.scratch((3, 3, g.c, g.o), self.dtype)
            do(matmul, self.tile.table.T, total.reshape(a * a, -1), nine.reshape(9, -1))
            do(np.copyto, g_w, nine.transpose(3, 2, 0, 1))

    def pourer(self, do: Do, g_x: Any, u: Any) -> Any:
        """What adds a strip of products to the gradient of the pictures: tiles overlap by two rows and two columns."""
        g, m, a = self.g, self.m, self.a
        values = self.values(do, g.c, self.many)
        half = do.scratch((a, self.many, self.width, g.n, g.c), self.dtype)
        spare = do.scratch((2, max(self.many * g.w, a * self.many * self.across) * g.n * g.c), self.dtype)
        rows = do.scratch((m * self.many + 2, g.w, g.n, g.c), self.dtype)
        tail = do.scratch((2, g.w, g.n, g.c), self.dtype) if self.many < self.down else None
        back = do.scratch((a * a, g.o, g.c), self.dtype)
        do(np.copyto, back, u.swapaxes(1, 2))  # BLAS takes twice its time for small tables that lie the other way

        def pour(first: int, many: int, products: Any) -> None:
            v, t = part(values, many), half[:, :many]
            do(matmul, products, back, v.reshape(a * a, -1, g.c))
            self.tile.inward_back(do, v.swapaxes(0, 1), [t[:, :, p::m] for p in range(m)], cut(spare, v[0]), 2)
            seen = t[:, :, g.pw : g.pw + g.w]
            strip = rows[: many * m + 2]
            self.tile.inward_back(do, seen, [strip[p::m] for p in range(m)], cut(spare, seen[0]), 0)
            if first:  # the two rows that the strip before has seen, too
                do(add, strip[:2], tail, strip[:2])
            top = first * m - g.ph
            last = first + many == self.down
            end = min(top + many * m + (2 if last else 0), g.h)
            if end > max(top, 0):
                do(np.copyto, g_x[max(top, 0) : end], strip[max(0, -top) : end - top])
            if not last:
                do(np.copyto, tail, strip[-2:])

        return pour


def part(x: Any, many: int) -> Any:
    """The memory of a strip with fewer rows of tiles, whole again: (a, a, many, ...) without gaps."""
    if x.shape[2] == many:
        return x
    shape = (*x.shape[:2], many, *x.shape[3:])
    return x.reshape(-1)[: int(np.prod(shape))].reshape(shape)


def cut(spare: Any, like: Any) -> Any:
    """Scratch in this shape."""
    return spare[:, : like.size].reshape(-1, *like.shape)
