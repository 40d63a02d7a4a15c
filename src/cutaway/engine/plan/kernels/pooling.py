"""Pooling as sums and maxima of views: every place within the window is a strided view of the pictures' outer sides.

Of a maximum is kept which place within the window won, one byte a window: it is the number of places that were passed
before the winner was met, so of equals the first wins. The way back then never looks at the pictures again: a place
gets the gradient where its number stands. A few rows of windows at a time stay near the processor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy import add, bitwise_and, copyto, equal, maximum, multiply, not_equal

from ...ops.pooling import shares
from ...ops.windows import pair, places
from ...tape import Step
from ..do import Do
from ..job import Job, kernel, pixels
from .pictures import as_pixels, is_empty, long_runs, target

__all__: list[str] = []

BLOCK = 1 << 16  # numbers of a block of windows


@pixels("max_pool2d", "place", "pick", "avg_pool2d", "avg_pool2d_x")
def likes(step: Step) -> Sequence[int]:
    """All pictures lie pixel by pixel."""
    return (*step.inputs, step.output)


class Windows(NamedTuple):
    """Sizes of a pooling: of the pictures with their border, the windows, and how far these move."""

    size: tuple[int, int]
    stops: tuple[int, int]
    window: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]

    @classmethod
    def of(cls, size: Sequence[int], attrs: dict[str, Any]) -> Windows:
        """From the pictures' height and width, and the settings of the step."""
        window, stride, padding = pair(attrs["window"]), pair(attrs["stride"]), pair(attrs.get("padding", 0))
        stops = places((size[0], size[1]), window, stride, padding)
        framed = (size[0] + 2 * padding[0], size[1] + 2 * padding[1])
        return cls(framed, stops, window, stride, padding)

    @property
    def taps(self) -> int:
        """How many pixels a window sees."""
        return self.window[0] * self.window[1]

    @property
    def apart(self) -> bool:
        """Does no pixel lie in two windows?"""
        return self.window[0] <= self.stride[0] and self.window[1] <= self.stride[1]

    @property
    def covers(self) -> bool:
        """Does every pixel lie in exactly one window?"""
        return self.window == self.stride and all(
            n * s == h for n, s, h in zip(self.stops, self.stride, self.size, strict=True)
        )

    def corner(self, x: Any, k: int, rows: slice) -> Any:
        """What some rows of windows have at their k-th place: a view of (H, W, N, C) with its border."""
        (sh, sw), (p, q) = self.stride, divmod(k, self.window[1])
        first, last = rows.start * sh + p, (rows.stop - 1) * sh + p
        return x[first : last + 1 : sh, q : q + sw * (self.stops[1] - 1) + 1 : sw]

    def blocks(self, numbers: int) -> Iterator[slice]:
        """A few rows of windows at a time; numbers: of all windows of a pixel."""
        rows = max(1, BLOCK // max(1, self.stops[1] * numbers))
        return (slice(i, min(i + rows, self.stops[0])) for i in range(0, self.stops[0], rows))

    def framed(self, do: Do, x: Any, value: float) -> Any:
        """(H, W, N, C) with a border of one value around it."""
        (ph, pw), (h, w) = self.padding, x.shape[:2]
        if not (ph or pw):
            return x
        y = do.scratch((*self.size, *x.shape[2:]), x.dtype)
        do(copyto, y, x.dtype.type(value))
        do(copyto, y[ph : ph + h, pw : pw + w], x)
        return y

    def unframed(self, y: Any) -> Any:
        """The pictures without their border."""
        (ph, pw), (h, w) = self.padding, self.size
        return y[ph : h - ph, pw : w - pw]


def declines(job: Job) -> bool:
    """Whole numbers, windows of very many places, and pictures without examples are left to the readable forward."""
    floats = all(job.array(slot).dtype.kind == "f" for slot in (*job.step.inputs, job.step.output))
    window = pair(job.attrs["window"])
    return is_empty(job) or not floats or window[0] * window[1] > 255


def key(x: int, attrs: dict[str, Any]) -> tuple[Any, ...]:
    """What the winners are found by."""
    return ("winners", x, pair(attrs["window"]), pair(attrs["stride"]), pair(attrs.get("padding", 0)))


def compete(do: Do, how: Windows, x: Any, best: Any, passed: Any) -> None:
    """The largest number of every window, and how many places come before its own (None: nobody asks)."""
    numbers = x.shape[2] * x.shape[3]
    x = how.framed(do, x, -np.inf)
    rows = next(how.blocks(numbers)).stop
    left, not_yet = (do.scratch((rows, *best.shape[1:]), bool) for _ in range(2))
    for block in how.blocks(numbers):
        out, corners = best[block], [how.corner(x, k, block) for k in range(how.taps)]
        if how.taps == 1:
            do(copyto, out, corners[0])
        else:
            do(maximum, corners[0], corners[1], out)
        for corner in corners[2:]:
            do(maximum, out, corner, out)
        if passed is None:
            continue
        count, left_now = passed[block], left[: block.stop - block.start]
        if how.taps == 1:
            do(copyto, count, np.uint8(0))
        for k, corner in enumerate(corners[:-1]):
            to = not_yet[: block.stop - block.start] if k else left_now
            do(not_equal, corner, out, to)
            if k:
                do(bitwise_and, left_now, to, left_now)
                do(add, count, left_now.view(np.uint8), count)
            else:
                do(copyto, count, left_now.view(np.uint8))


def winners(do: Do, job: Job, how: Windows, slot: int) -> Any:
    """How many places of each window come before the winner: kept on the way there, or found out anew."""
    known = do.shared.get(key(slot, job.attrs))
    if known is not None:
        return known
    x = as_pixels(do, job.array(slot), gaps=True)
    shape = (*how.stops, *x.shape[2:])
    passed = do.scratch(shape, np.uint8)
    compete(do, how, x, do.scratch(shape, x.dtype), passed)
    return passed


@kernel("max_pool2d")
@long_runs
def max_pool2d(do: Do, job: Job) -> Any:
    """The best of every window, and who it was if the way back will ask."""
    if declines(job):
        return NotImplemented
    slot, passed = job.step.inputs[0], None
    x = as_pixels(do, job.array(slot), gaps=True)
    how = Windows.of(x.shape[:2], job.attrs)
    out, home = target(do, job.output, gaps=True)
    name = key(slot, job.attrs)
    readers = [job.program.steps[k] for k in job.program.readers.get(slot, ())]
    asked = any(s.op.name in ("place", "pick") and s.inputs[1] == slot and key(slot, s.attrs) == name for s in readers)
    if asked and name not in do.shared:
        passed = do.shared[name] = do.keep(out.shape, np.uint8)
    compete(do, how, x, out, passed)
    job.why = f"the largest of {how.taps} views" + (", winners kept" if passed is not None else "")
    home()
    return None


@kernel("place")
@long_runs
def place(do: Do, job: Job) -> Any:
    """To every winner what its window gives."""
    if declines(job):
        return NotImplemented
    g, (home_to, home) = as_pixels(do, job.array(job.step.inputs[0]), gaps=True), target(do, job.output, gaps=True)
    how = Windows.of(home_to.shape[:2], job.attrs)
    passed = winners(do, job, how, job.step.inputs[1])
    framed = any(how.padding)
    y = do.scratch((*how.size, *home_to.shape[2:]), home_to.dtype) if framed else home_to
    if not how.covers:
        do(copyto, y, y.dtype.type(0))
    rows = next(how.blocks(g.shape[2] * g.shape[3])).stop
    won = do.scratch((rows, *g.shape[1:]), bool)
    share = None if how.apart else do.scratch((rows, *g.shape[1:]), g.dtype)
    for block in how.blocks(g.shape[2] * g.shape[3]):
        won_now = won[: block.stop - block.start]
        for k in range(how.taps):
            to = how.corner(y, k, block)
            do(equal, passed[block], np.uint8(k), won_now)
            if share is None:
                do(multiply, g[block], won_now, to)
            else:
                part = share[: block.stop - block.start]
                do(multiply, g[block], won_now, part)
                do(add, to, part, to)
    if framed:
        do(copyto, home_to, how.unframed(y))
    job.why = f"to {how.taps} views"
    home()
    return None


@kernel("pick")
@long_runs
def pick(do: Do, job: Job) -> Any:
    """The winners' numbers in another array."""
    if declines(job):
        return NotImplemented
    v, (out, home) = as_pixels(do, job.array(job.step.inputs[0]), gaps=True), target(do, job.output, gaps=True)
    how = Windows.of(v.shape[:2], job.attrs)
    passed = winners(do, job, how, job.step.inputs[1])
    v = how.framed(do, v, 0)
    rows = next(how.blocks(v.shape[2] * v.shape[3])).stop
    won, share = do.scratch((rows, *out.shape[1:]), bool), do.scratch((rows, *out.shape[1:]), v.dtype)
    for block in how.blocks(v.shape[2] * v.shape[3]):
        won_now, part = won[: block.stop - block.start], share[: block.stop - block.start]
        for k in range(how.taps):
            do(equal, passed[block], np.uint8(k), won_now)
            do(multiply, how.corner(v, k, block), won_now, part if k else out[block])
            if k:
                do(add, out[block], part, out[block])
    job.why = f"from {how.taps} views"
    home()
    return None


def weight(size: Sequence[int], attrs: dict[str, Any], dtype: Any) -> Any:
    """What a number counts in the average of its window: a number, or (Ho, Wo, 1, 1)."""
    counted = attrs.get("count_padding", True)
    each = shares(size, attrs["window"], attrs["stride"], attrs.get("padding", 0), counted, np.dtype(dtype))
    return each[..., None] if np.ndim(each) else each


@kernel("avg_pool2d")
@long_runs
def avg_pool2d(do: Do, job: Job) -> Any:
    """The average of every window."""
    if declines(job):
        return NotImplemented
    x, (out, home) = as_pixels(do, job.array(job.step.inputs[0]), gaps=True), target(do, job.output, gaps=True)
    how, each = Windows.of(x.shape[:2], job.attrs), weight(x.shape[:2], job.attrs, x.dtype)
    x = how.framed(do, x, 0)
    for block in how.blocks(x.shape[2] * x.shape[3]):
        to, corners = out[block], [how.corner(x, k, block) for k in range(how.taps)]
        for k, corner in enumerate(corners[1:]):
            do(add, to if k else corners[0], corner, to)
        do(multiply, to if corners[1:] else corners[0], each[block] if np.ndim(each) else each, to)
    job.why = f"the sum of {how.taps} views"
    home()
    return None


@kernel("avg_pool2d_x")
@long_runs
def avg_pool2d_x(do: Do, job: Job) -> Any:
    """Its share of the gradient to every pixel of a window."""
    if declines(job):
        return NotImplemented
    g, (home_to, home) = as_pixels(do, job.array(job.step.inputs[0]), gaps=True), target(do, job.output, gaps=True)
    size = home_to.shape[:2]
    how, each = Windows.of(size, job.attrs), weight(size, job.attrs, g.dtype)
    framed = any(how.padding)
    y = do.scratch((*how.size, *g.shape[2:]), g.dtype) if framed else home_to
    if not how.covers:
        do(copyto, y, y.dtype.type(0))
    numbers = g.shape[2] * g.shape[3]
    share = do.scratch((next(how.blocks(numbers)).stop, *g.shape[1:]), g.dtype)
    for block in how.blocks(numbers):
        part = share[: block.stop - block.start]
        do(multiply, g[block], each[block] if np.ndim(each) else each, part)
        for k in range(how.taps):
            to = how.corner(y, k, block)
            if how.apart:
                do(copyto, to, part)
            else:
                do(add, to, part, to)
    if framed:
        do(copyto, home_to, how.unframed(y))
    job.why = f"to {how.taps} views"
    home()
    return None
