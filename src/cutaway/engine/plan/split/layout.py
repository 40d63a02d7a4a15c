"""How the workers hold a slot: all of it each, a piece each, or a share of its sum each."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["OWN", "PARTIAL", "WHOLE", "Bounds", "Layout", "cut_along", "even_bounds", "pieces"]

Bounds = tuple[int, ...]


class Layout(NamedTuple):
    """How a slot is held.

    kind: "whole" (the same numbers on every rank), "cut" (a piece each), "partial" (the sum over the ranks is the
        value), "own" (every rank has a number of its own, which is no piece of anything)
    axis: along which side it is cut
    bounds: where the pieces begin and end: rank r holds bounds[r] to bounds[r + 1]

    >>> cut_along(0, (0, 4, 7)).length(1)
    3
    """

    kind: Literal["whole", "cut", "partial", "own"]
    axis: int = -1
    bounds: Bounds = ()

    @property
    def is_cut(self) -> bool:
        """Has every rank a piece of its own?"""
        return self.kind == "cut"

    def length(self, rank: int) -> int:
        """How long the piece of a rank is."""
        return self.bounds[rank + 1] - self.bounds[rank]

    def shape(self, full: tuple[int, ...], rank: int) -> tuple[int, ...]:
        """The shape of what a rank holds of an array of shape ``full``."""
        if not self.is_cut:
            return full
        return (*full[: self.axis], self.length(rank), *full[self.axis + 1 :])


WHOLE = Layout("whole")
PARTIAL = Layout("partial")
OWN = Layout("own")


def cut_along(axis: int, bounds: Bounds) -> Layout:
    """Cut along this side, at these places."""
    return Layout("cut", axis, tuple(bounds))


def even_bounds(length: int, count: int) -> Bounds:
    """Pieces as equal as whole examples can be, the longer ones first.

    >>> even_bounds(7, 2), even_bounds(8, 3)
    ((0, 4, 7), (0, 3, 6, 8))
    """
    return tuple(-(-length * rank // count) for rank in range(count + 1))


def pieces(layout: Layout, ndim: int) -> list[tuple[slice, ...]]:
    """For every rank the index of its piece."""
    before = (slice(None),) * layout.axis
    after = (slice(None),) * (ndim - layout.axis - 1)
    return [(*before, slice(a, b), *after) for a, b in zip(layout.bounds, layout.bounds[1:], strict=False)]
