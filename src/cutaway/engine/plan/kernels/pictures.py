"""What the kernels for pictures share: finding the numbers pixel by pixel, and cutting padded rows out of them.

Pictures lie as (H, W, N, C). A kernel that needs them so takes them as they are if they do, and copies them if not;
padding is added while a strip of rows is read, so no other kernel has to know of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...ops.windows import pair
from ..do import Do
from ..job import Job

__all__ = [
    "Geometry", "Rows", "as_pixels", "cells", "is_empty", "is_pixels", "long_runs", "solid", "solid_target", "target",
]  # fmt: skip

BUFFER = 512  # numbers
USUAL = np.getbufsize()


class Geometry(NamedTuple):
    """Every number that says how a stencil moves over pictures.

    n, c, h, w: the pictures; o, kh, kw: the stencils; ho, wo: the places; then stride, padding, dilation, groups
    """

    n: int
    c: int
    h: int
    w: int
    o: int
    kh: int
    kw: int
    ho: int
    wo: int
    sh: int = 1
    sw: int = 1
    ph: int = 0
    pw: int = 0
    dh: int = 1
    dw: int = 1
    groups: int = 1

    @classmethod
    def of(cls, x: Sequence[int], window: Any, y: Sequence[int], attrs: dict[str, Any]) -> Geometry:
        """Of pictures, stencils and places of these shapes, and the settings of the step.

        >>> Geometry.of((2, 3, 8, 8), (3, 3), (2, 5, 4, 4), {"stride": 2, "padding": 1}).sh
        2
        """
        moves = (*pair(attrs.get("stride", 1)), *pair(attrs.get("padding", 0)), *pair(attrs.get("dilation", 1)))
        n, c, h, w = x
        return cls(n, c, h, w, y[1], *pair(window), y[2], y[3], *moves, attrs.get("groups", 1))

    @property
    def taps(self) -> list[tuple[int, int]]:
        """Where each number of the stencil lies in it, already counted in pixels."""
        return [(self.dh * p, self.dw * q) for p in range(self.kh) for q in range(self.kw)]

    @property
    def plain(self) -> bool:
        """Does the stencil move one by one, laid tight, over all channels?"""
        return (self.sh, self.sw, self.dh, self.dw, self.groups) == (1, 1, 1, 1, 1)


def is_pixels(x: Any) -> bool:
    """Do the numbers of an (H, W, N, C) array lie pixel by pixel: all examples' channels of a pixel in one run?"""
    n, c = x.shape[2:]
    run = (n == 1 or x.strides[2] == c * x.itemsize) and (c == 1 or x.strides[3] == x.itemsize)
    return run and all(k == 1 or s >= n * c * x.itemsize for k, s in zip(x.shape[:2], x.strides[:2], strict=True))


def as_pixels(do: Do, x: Any, gaps: bool = False) -> Any:
    """(N, C, H, W) as (H, W, N, C), copied into scratch if it lies otherwise; gaps: may there be a border around it?"""
    seen = x.transpose(2, 3, 0, 1)
    if is_pixels(seen) and (gaps or seen.flags.c_contiguous):
        return seen
    copy = do.scratch(seen.shape, x.dtype)
    do(np.copyto, copy, seen)
    return copy


def target(do: Do, y: Any, gaps: bool = False) -> tuple[Any, Callable[[], None]]:
    """Where to write (H, W, N, C), and what to call in the end: the copy home, if it must lie otherwise there."""
    seen = y.transpose(2, 3, 0, 1)
    if is_pixels(seen) and (gaps or seen.flags.c_contiguous):
        return seen, lambda: None
    here = do.scratch(seen.shape, y.dtype)
    return here, lambda: do(np.copyto, seen, here)


def solid(do: Do, x: Any) -> Any:
    """An array without gaps and in its own order: stencils, to be seen in other shapes."""
    if x.flags.c_contiguous:
        return x
    copy = do.scratch(x.shape, x.dtype)
    do(np.copyto, copy, x)
    return copy


def solid_target(do: Do, y: Any) -> tuple[Any, Callable[[], None]]:
    """Where to write an array without gaps, and what to call in the end."""
    if y.flags.c_contiguous:
        return y, lambda: None
    here = do.scratch(y.shape, y.dtype)
    return here, lambda: do(np.copyto, y, here)


def is_empty(job: Job) -> bool:
    """Is there nothing to compute, or nothing to compute it from?"""
    return any(math.prod(a.shape) == 0 for s in job.steps for a in (*map(job.array, s.inputs), job.array(s.output)))


def cells(x: Any) -> Any:
    """The last side as one cell of so many bytes: NumPy then copies it in one go, not number by number.

    >>> cells(np.zeros((2, 3, 4), np.float32)).shape
    (2, 3)
    """
    return x.view(np.dtype((np.void, x.shape[-1] * x.itemsize)))[..., 0]


def long_runs(planned: Callable[[Do, Job], Any]) -> Callable[[Do, Job], Any]:
    """A kernel whose calls run with small buffers.

    NumPy's elementwise functions copy views with strides through a buffer, 8192 numbers at a time, unless the inner run
    is as long as the buffer. Here the inner runs are all examples' channels, hundreds of numbers: with a buffer of 512
    they are taken as they lie, which makes the calls up to twice as fast and changes no result.
    """

    def wrapped(do: Do, job: Job) -> Any:
        before = len(do.calls)
        do(np.setbufsize, BUFFER)
        if planned(do, job) is NotImplemented:
            del do.calls[before:]
            return NotImplemented
        do(np.setbufsize, USUAL)
        return None

    return wrapped


class Rows:
    """Reads rows of padded pictures, a strip at a time: as a view where nothing is padded, else into scratch.

    x: (H, W, N, C); border: rows above, columns to the left; height, width: of the padded picture (it may be cut off)
    """

    def __init__(self, do: Do, x: Any, border: tuple[int, int], width: int, most: int) -> None:
        self.do, self.x, self.width = do, x, width
        self.top, self.left = border
        self.inner = min(x.shape[1], width - self.left)
        self.alone = self.left == 0 and width <= x.shape[1]
        self.zero = x.dtype.type(0)
        self._strip: Any = None
        self.most = most

    def __call__(self, first: int, count: int) -> Any:
        """Rows first to first + count of the padded picture: (count, width, N, C)."""
        a, b = first - self.top, first + count - self.top
        if self.alone and a >= 0 and b <= self.x.shape[0]:
            return self.x[a:b, : self.width]
        do, strip = self.do, self._new()[:count]
        top, bottom = min(count, max(0, -a)), min(count, max(0, b - self.x.shape[0]))
        if top:
            do(np.copyto, strip[:top], self.zero)
        if bottom:
            do(np.copyto, strip[count - bottom :], self.zero)
        if top + bottom < count:
            inside = strip[top : count - bottom, self.left : self.left + self.inner]
            do(np.copyto, inside, self.x[a + top : b - bottom, : self.inner])
        return strip

    def _new(self) -> Any:
        """The scratch, with the columns that are always padding set to zero."""
        if self._strip is None:
            self._strip = self.do.scratch((self.most, self.width, *self.x.shape[2:]), self.x.dtype)
            for edge in (self._strip[:, : self.left], self._strip[:, self.left + self.inner :]):
                if edge.size:
                    self.do(np.copyto, edge, self.zero)
        return self._strip
