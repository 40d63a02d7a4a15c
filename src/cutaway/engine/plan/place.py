"""Where a slot lives in memory.

Pictures are (N, C, H, W) for everybody who looks at them; inside a plan they lie pixel by pixel, as (H, W, N, C): then
every shift, stride, window and tile is a view on the outer sides, and the inner run (all examples' channels of one
pixel) is long, which is what NumPy is fast at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .do import aligned, fresh, unread

__all__ = ["PIXELS", "Place", "pack"]

PIXELS = (2, 3, 0, 1)  # height and width outside, the examples' channels of a pixel inside


class Place:
    """The memory of one slot: ``view`` as everybody knows it.

    order: its sides as they lie in memory, the outermost first; as they are if it is not given

    >>> place = Place((2, 3, 4, 5), np.float32, PIXELS)
    >>> place.bind(np.zeros(place.nbytes, np.uint8)).view.shape, place.physical
    ((2, 3, 4, 5), (4, 5, 2, 3))
    """

    def __init__(self, shape: Sequence[int], dtype: Any, order: Sequence[int] | None = None) -> None:
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)
        self.order = tuple(range(len(self.shape)) if order is None else order)
        self.physical = tuple(self.shape[k] for k in self.order)
        self.nbytes = aligned(int(np.prod(self.physical, dtype=np.int64)) * self.dtype.itemsize)
        self.view: Any = None

    def bind(self, buffer: Any) -> Place:
        """Live in these bytes."""
        count = int(np.prod(self.physical, dtype=np.int64))
        return self.settle(buffer[: count * self.dtype.itemsize].view(self.dtype).reshape(self.physical))

    def settle(self, physical: Any) -> Place:
        """Live in this array."""
        self.view = self._seen(physical)
        return self

    def own(self) -> Place:
        """Live in memory of its own."""
        return self.bind(fresh(self.nbytes))

    def _seen(self, physical: Any) -> Any:
        return physical.transpose(np.argsort(self.order))

    def model(self) -> Any:
        """An array with the strides that this slot has, or will have; its numbers are never read."""
        return self.view if self.view is not None else self._seen(unread(self.physical, self.dtype))


def pack(lives: Sequence[tuple[int, int, int]]) -> tuple[list[int], int]:
    """Places for (bytes, first, last), so that nothing overlaps while it lives: where each begins, and how much in all.

    The largest first, each at the lowest place that is free for as long as it lives.

    >>> pack([(64, 0, 1), (64, 2, 3), (64, 1, 2)])
    ([0, 0, 64], 128)
    """
    offsets = [0] * len(lives)
    placed: list[tuple[int, int, int, int]] = []  # begin, end, first, last
    for k in sorted(range(len(lives)), key=lambda k: -lives[k][0]):
        size, first, last = lives[k]
        at = 0
        for begin, end, _, _ in sorted(p for p in placed if p[2] <= last and first <= p[3]):
            if begin >= at + size:
                break
            at = max(at, end)
        placed.append((at, at + size, first, last))
        offsets[k] = at
    return offsets, max((end for _, end, _, _ in placed), default=0)
