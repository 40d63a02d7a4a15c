"""Plain Python at the edge of a tensor: what stands in square brackets, a list of sides, the only number."""

from __future__ import annotations

from operator import index as index_of
from typing import Any

from .errors import DtypeError, ShapeError

__all__ = ["plain_index", "plain_sides", "the_number", "the_side"]


def plain_index(index: Any) -> tuple[Any, ...]:
    """An index as plain data that can be saved: slices become ("slice", start, stop, step).

    >>> plain_index((2, slice(0, 5)))
    (2, ('slice', 0, 5, None))
    """
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(_plain_part(part) for part in parts)


def _plain_part(part: Any) -> Any:
    if isinstance(part, slice):
        return ("slice", part.start, part.stop, part.step)
    if part is Ellipsis:
        return "..."
    if part is None or part == "..." or (isinstance(part, tuple) and part[:1] == ("slice",)):
        return part
    if isinstance(part, bool) or not hasattr(part, "__index__"):
        raise DtypeError(f"x[{part!r}]: a position is a whole number, a slice such as 0:5, or `...`.")
    return index_of(part)


def the_side(dim: int, count: int, wanted: str) -> int:
    """A side, counted from the front; -1 is the last.

    >>> the_side(-1, 3, "x.squeeze(-1)")
    2
    """
    if not -count <= dim < count:
        there = f"sides 0 to {count - 1} (-1 is the last)" if count else "no sides: it is one number"
        raise ShapeError(f"{wanted}: there is no side {dim}; this tensor has {there}.")
    return dim % count


def plain_sides(sides: tuple[Any, ...]) -> tuple[int, ...]:
    """``(2, 3)`` and ``((2, 3),)`` both mean the sides 2 and 3.

    >>> plain_sides((2, 3)) == plain_sides(((2, 3),))
    True
    """
    flat = sides[0] if len(sides) == 1 and isinstance(sides[0], tuple | list) else sides
    return tuple(int(n) for n in flat)


def the_number(array: Any, wanted: str) -> Any:
    """The only number of an array, as Python's own; an error that teaches where there are more.

    wanted: what the reader typed, for the error
    """
    if array.size != 1:
        held = f"holds {array.size} numbers, shape {array.shape}" if array.size else f"is empty, shape {array.shape}"
        raise ShapeError(
            f"{wanted} needs one number, but this tensor {held}. "
            "Choose one, x[0], or make one of them all: x.sum(), x.mean(), x.max()."
        )
    return array.item()
