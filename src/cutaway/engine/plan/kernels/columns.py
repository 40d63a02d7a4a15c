"""Convolution as one matrix product: what every place sees is copied side by side, a strip of places at a time.

A strip's columns stay near the processor, so they are made anew for the way back instead of being kept: copying a
number costs a tenth of a nanosecond, multiplying it with all stencils much more. Copied are cells, not numbers: all
channels of a pixel (or, where channels are few or lie apart, all examples of one) move in one go. The gradient of the
pictures goes back tap by tap: one product for each number of the stencil, added where it was seen.

A large stencil that moves by a part of its width (8 by 4, the first layer of the Atari network) needs no columns on the
way there: pictures are cut into blocks of one stride, the stencil covers a few blocks, and each of these few is a
product of its own with all blocks as they lie, added where it was seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy import add, copyto, matmul

from ..do import Do
from .pictures import Geometry, Rows, cells

__all__ = ["FEW", "Columns"]

STRIP = 700_000  # bytes of columns that a strip may take
SMALL = 1_000_000  # up to so many products BLAS multiplies as things lie, without packing them first
FEW = 8  # so few channels make cells that are too small
LARGE = 48  # numbers of a block, from which on products with blocks are as fast as those with columns


class Columns:
    """One convolution's sizes; its three maps write their calls with it."""

    def __init__(self, g: Geometry, dtype: Any) -> None:
        self.g, self.dtype = g, np.dtype(dtype)
        self.share, self.made = g.c // g.groups, g.o // g.groups  # channels that a group sees, and makes
        self.numbers = g.kh * g.kw * self.share  # of a stencil
        row = g.wo * g.n * self.numbers * g.groups * self.dtype.itemsize
        self.many = max(1, min(g.ho, STRIP // row))
        small = SMALL // (g.wo * g.n * self.numbers * self.made)
        if self.numbers < 64 and small:  # packing costs as much as so small stencils
            self.many = min(self.many, small)
        self.many = -(-g.ho // -(-g.ho // self.many))  # strips of about the same size
        self.direct = g.kh == g.kw == g.groups == g.sh == g.sw == 1 and g.ph == g.pw == 0

    def by_blocks(self, x: Any) -> bool:
        """Does the stencil cover a few large blocks, and are few of them beside the places?"""
        g, ((bh, bw), (high, wide)) = self.g, self.blocks()
        large = g.c * bh * bw >= LARGE and 1 < (g.kh // bh) * (g.kw // bw) <= 4
        return large and g.groups == 1 and high * wide <= 1.15 * g.ho * g.wo and not self.by_channels(x)

    def why(self, x: Any) -> str:
        """For the table of a plan; x as everybody knows it."""
        if self.direct:
            return "a product over the channels"
        if self.by_blocks(x):
            return "blocks of one stride"
        return "columns of " + ("channels" if self.by_channels(x) else "examples")

    def by_channels(self, x: Any) -> bool:
        """Do all channels of a pixel, and enough of them, lie in one run?"""
        return x.strides[1] == x.itemsize and self.share >= FEW

    def strips(self) -> Iterator[tuple[int, int]]:
        """First row of places, how many."""
        for first in range(0, self.g.ho, self.many):
            yield first, min(self.many, self.g.ho - first)

    def table(self, do: Do, w: Any) -> Any:
        """The stencils (O, C, kh, kw) as (groups, taps, C, O)."""
        g = self.g
        table = do.scratch((g.groups, g.kh, g.kw, self.share, self.made), self.dtype)
        do(copyto, table, w.reshape(g.groups, self.made, self.share, g.kh, g.kw).transpose(0, 3, 4, 2, 1))
        return table.reshape(g.groups, g.kh * g.kw, self.share, self.made)

    def columns(self, do: Do, x: Any, planes: Any) -> Any:
        """What gives the columns of a strip, (groups, places, numbers): ``seen(first, many)``. x: (N, C, H, W)."""
        if self.by_channels(x):
            return self._channels(do, x.transpose(2, 3, 0, 1))
        return self._examples(do, x, planes)

    def _channels(self, do: Do, x: Any) -> Any:
        """Columns whose numbers are sorted by tap, then channel; cells of channels."""
        g = self.g
        if self.direct and x.flags.c_contiguous:
            return lambda first, many: x[first : first + many].reshape(1, -1, g.c)
        across = g.sw * (g.wo - 1) + g.dw * (g.kw - 1) + 1
        rows = Rows(do, x, (g.ph, g.pw), across, g.sh * (self.many - 1) + g.dh * (g.kh - 1) + 1)
        memory = do.scratch((g.groups, self.many * g.wo * g.n, self.numbers), self.dtype)

        def seen(first: int, many: int) -> Any:
            strip = rows(first * g.sh, g.sh * (many - 1) + g.dh * (g.kh - 1) + 1)
            columns = memory[:, : many * g.wo * g.n]
            to = columns.reshape(g.groups, many, g.wo, g.n, len(g.taps), self.share)
            for k, (p, q) in enumerate(g.taps):
                tap = strip[p : p + g.sh * (many - 1) + 1 : g.sh, q : q + g.sw * (g.wo - 1) + 1 : g.sw]
                tap = np.moveaxis(tap.reshape(many, g.wo, g.n, g.groups, self.share), 3, 0)
                do(copyto, cells(to[..., k, :]), cells(tap))
            return columns

        return seen

    def blocks(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Height and width of a block of pixels, and how many blocks the columns need."""
        g = self.g
        whole = g.kh % g.sh == g.kw % g.sw == 0 and (g.ph, g.pw, g.dh, g.dw) == (0, 0, 1, 1)
        bh, bw = (g.sh, g.sw) if whole else (1, 1)
        high = g.sh // bh * (g.ho - 1) + (g.kh - 1) * g.dh // bh + 1
        wide = g.sw // bw * (g.wo - 1) + (g.kw - 1) * g.dw // bw + 1
        return (bh, bw), (high, wide)

    def kept(self, do: Do, x: Any) -> Any:
        """Memory for the spread pictures, from the way there to the way back; None where they are taken as they lie."""
        if self.by_channels(x):
            return None
        block, count = self.blocks()
        return do.keep((self.g.c, *block, *count, self.g.n), self.dtype)

    def spread(self, do: Do, x: Any, planes: Any) -> None:
        """The pictures (N, C, H, W), padded, as (C, block height, block width, blocks down, blocks across, N)."""
        g = self.g
        (bh, bw), (high, wide) = self.blocks()
        if g.ph or g.pw:
            do(copyto, planes, self.dtype.type(0))
        rows, across = min(g.h, bh * high - g.ph), min(g.w, bw * wide - g.pw)
        blocks = x[:, :, :rows, :across].reshape(g.n, g.c, rows // bh, bh, across // bw, bw)
        inner = planes[:, :, :, g.ph : g.ph + rows // bh, g.pw : g.pw + across // bw]
        do(copyto, inner, blocks.transpose(1, 3, 5, 2, 4, 0))

    def _examples(self, do: Do, x: Any, planes: Any) -> Any:
        """Columns whose numbers are sorted by channel, then tap, as in the stencils; cells of examples.

        Where the stencil is a whole number of strides, pictures are cut into blocks of one stride: the same place of
        all blocks lies together, and a tap is one copy for the whole block.
        """
        g = self.g
        (bh, bw), (high, wide) = self.blocks()
        sh, sw = g.sh // bh, g.sw // bw  # strides, counted in blocks
        if planes is None:
            planes = do.scratch((g.c, bh, bw, high, wide, g.n), self.dtype)
            self.spread(do, x, planes)
        memory = do.scratch((g.groups, self.numbers * self.many * g.wo * g.n), self.dtype)

        def seen(first: int, many: int) -> Any:
            places = many * g.wo * g.n
            columns = memory[:, : self.numbers * places].reshape(g.groups, self.numbers, places)
            to = columns.reshape(g.c, g.kh // bh, bh, g.kw // bw, bw, many, g.wo, g.n)
            for p in range(g.kh // bh):
                for q in range(g.kw // bw):
                    i, j = first * sh + p * g.dh, q * g.dw
                    tap = planes[:, :, :, i : i + sh * (many - 1) + 1 : sh, j : j + sw * (g.wo - 1) + 1 : sw]
                    do(copyto, cells(to[:, p, :, q]), cells(tap))
            return columns.swapaxes(1, 2)

        return seen

    def matrix(self, y: Any, first: int, many: int) -> Any:
        """A strip of (Ho, Wo, N, O) as (groups, places, O / groups)."""
        return y[first : first + many].reshape(-1, self.g.groups, self.made).swapaxes(0, 1)

    def forward(self, do: Do, x: Any, w: Any, y: Any, kept: Any = None) -> None:
        """y (Ho, Wo, N, O) = the convolution of x (N, C, H, W); kept: memory to leave the spread pictures in."""
        g = self.g
        if self.by_blocks(x):
            self._forward_by_blocks(do, x, w, y, kept)
            return
        if self.by_channels(x):
            table = self.table(do, w).reshape(g.groups, self.numbers, self.made)
        else:
            table = do.scratch((g.groups, self.numbers, self.made), self.dtype)
            do(copyto, table, w.reshape(g.groups, self.made, self.numbers).swapaxes(1, 2))
        if kept is not None:
            self.spread(do, x, kept)
        seen = self.columns(do, x, kept)
        for first, many in self.strips():
            do(matmul, seen(first, many), table, self.matrix(y, first, many))

    def _forward_by_blocks(self, do: Do, x: Any, w: Any, y: Any, planes: Any) -> None:
        """The same without columns: what a tap of blocks sees begins a bit later in memory, and that is all.

        Behind the last place of a row, a product goes on with the first block of the next; nobody reads these.
        """
        g, ((bh, bw), (high, wide)) = self.g, self.blocks()
        down, across = g.kh // bh, g.kw // bw  # blocks that the stencil covers
        numbers = g.c * bh * bw
        if planes is None:
            planes = do.scratch((g.c, bh, bw, high, wide, g.n), self.dtype)
        self.spread(do, x, planes)
        blocks = planes.reshape(numbers, high * wide * g.n)
        table = do.scratch((down, across, g.c, bh, bw, g.o), self.dtype)
        do(copyto, table, w.reshape(g.o, g.c, down, bh, across, bw).transpose(2, 4, 1, 3, 5, 0))
        row = wide * g.n * (numbers + down * across * g.o) * self.dtype.itemsize
        most = min(g.ho, max(1, 2 * STRIP // row))
        memory = do.scratch((down, across, most, wide, g.n, g.o), self.dtype)
        for first in range(0, g.ho, most):
            many = min(most, g.ho - first)
            count = (many * wide - (across - 1)) * g.n
            to, total = y[first : first + many], None
            for p in range(down):
                for q in range(across):
                    start = ((first + p) * wide + q) * g.n
                    part, taps = memory[p, q, :many], table[p, q].reshape(numbers, g.o)
                    do(matmul, blocks[:, start : start + count].T, taps, part.reshape(-1, g.o)[:count])
                    seen = part[:, : g.wo]
                    if total is None:
                        total = seen
                    else:
                        do(add, total, seen, to)
                        total = to

    def to_stencils(self, do: Do, x: Any, g_y: Any, g_w: Any, kept: Any = None) -> None:
        """g_w (O, C, kh, kw) from x (N, C, H, W) and g_y (Ho, Wo, N, O); kept: what the way there has spread."""
        g = self.g
        shape = (g.groups, self.numbers, self.made)
        total, more = do.scratch(shape, self.dtype), do.scratch(shape, self.dtype)
        seen = self.columns(do, x, kept)
        for first, many in self.strips():
            do(matmul, seen(first, many).swapaxes(1, 2), self.matrix(g_y, first, many), more if first else total)
            if first:
                do(add, total, more, total)
        if self.by_channels(x):
            total = total.reshape(g.groups, g.kh, g.kw, self.share, self.made).transpose(0, 4, 3, 1, 2)
        else:
            total = total.reshape(g.groups, self.share, g.kh, g.kw, self.made).transpose(0, 4, 1, 2, 3)
        do(copyto, g_w.reshape(g.groups, self.made, self.share, g.kh, g.kw), total)

    def to_pictures(self, do: Do, g_y: Any, w: Any, g_x: Any) -> None:
        """g_x (H, W, N, C) from g_y (Ho, Wo, N, O)."""
        g = self.g
        table = do.scratch((len(g.taps), g.groups, self.made, self.share), self.dtype)
        turned = w.reshape(g.groups, self.made, self.share, g.kh, g.kw).transpose(3, 4, 0, 1, 2)
        do(copyto, table.reshape(turned.shape), turned)  # so that it need not be turned, which BLAS is slow at
        if self.direct:
            do(matmul, g_y.reshape(-1, g.o), table[0, 0], g_x.reshape(-1, g.c))
            return
        memory = do.scratch((len(g.taps), self.many * g.wo * g.n, g.c), self.dtype)
        do(copyto, g_x, self.dtype.type(0))
        for first, many in self.strips():
            places = many * g.wo * g.n
            shares = memory.reshape(-1)[: len(g.taps) * places * g.c].reshape(len(g.taps), places, g.c)
            by_groups = shares.reshape(len(g.taps), places, g.groups, self.share).swapaxes(1, 2)
            do(matmul, self.matrix(g_y, first, many), table, by_groups)
            for k, (p, q) in enumerate(g.taps):
                i, rows = inside(g.sh, p - g.ph, first, first + many, g.h)
                j, across = inside(g.sw, q - g.pw, 0, g.wo, g.w)
                if i.stop > i.start and j.stop > j.start:
                    at = slice(i.start - first, i.stop - first)
                    to = g_x[rows, across]
                    do(add, to, shares[k].reshape(many, g.wo, g.n, g.c)[at, j], to)


def inside(stride: int, offset: int, first: int, end: int, size: int) -> tuple[slice, slice]:
    """Which of the places first to end look at a row inside the picture with one tap, and at which rows.

    >>> inside(2, -1, 0, 4, 8)
    (slice(1, 4, None), slice(1, 6, 2))
    """
    start = max(first, -(offset // stride))  # stride * start + offset >= 0
    stop = min(end, (size - 1 - offset) // stride + 1)
    if stop <= start:
        return slice(0, 0), slice(0, 0)
    return slice(start, stop), slice(stride * start + offset, stride * (stop - 1) + offset + 1, stride)
