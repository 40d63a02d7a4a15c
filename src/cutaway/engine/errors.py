"""Errors that teach: what was met, what was expected, and what to type instead.

Every error of Cutaway is a :class:`CutawayError` and also the built-in error a Python programmer expects
(``ValueError``, ``TypeError``, ...). :func:`boxes` draws the arrays of a shape error side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = [
    "CutawayError",
    "DtypeError",
    "LabelError",
    "NotFiniteError",
    "SettingError",
    "ShapeError",
    "TapeError",
    "boxes",
]

Shape = tuple[int, ...]


class CutawayError(Exception):
    """The family of all errors that Cutaway raises on purpose.

    >>> issubclass(ShapeError, CutawayError) and issubclass(ShapeError, ValueError)
    True
    """


class ShapeError(CutawayError, ValueError):
    """Arrays whose sides do not fit together.

    >>> issubclass(ShapeError, ValueError)
    True
    """


class DtypeError(CutawayError, TypeError):
    """Numbers of the wrong kind: whole numbers where fractions are needed, float64 among float32.

    >>> issubclass(DtypeError, TypeError)
    True
    """


class LabelError(CutawayError, ValueError):
    """A class number that the network has no output for.

    >>> issubclass(LabelError, ValueError)
    True
    """


class NotFiniteError(CutawayError, ValueError):
    """NaN ("not a number") or infinity where an ordinary number is needed.

    >>> issubclass(NotFiniteError, ValueError)
    True
    """


class SettingError(CutawayError, ValueError):
    """A setting that makes no sense: a chance above 1, a window of no pixels, a name that is not there.

    >>> issubclass(SettingError, ValueError)
    True
    """


class TapeError(CutawayError, RuntimeError):
    """Something was asked of a tape that it has not recorded.

    >>> issubclass(TapeError, RuntimeError)
    True
    """


def boxes(arrays: Mapping[str, Shape], marked: Iterable[tuple[str, int]] = ()) -> str:
    """Draw arrays as boxes side by side: rows on the left, columns on top, ``!`` at the sides to look at.

    The last two sides are drawn; the sides before them stand in the title. ``marked`` names sides as
    (array, axis), with the axis counted from the front.

    >>> print(boxes({"x": (64, 784), "w": (300, 100)}, [("x", 1), ("w", 0)]))
       x (64, 784)     w (300, 100)
          ┌ 784! ┐           ┌ 100 ┐
       64 │      │      300! │     │
          └──────┘           └─────┘
    """
    marks = {(name, axis % max(1, len(arrays[name]))) for name, axis in marked}
    drawn = [_box(name, shape, marks) for name, shape in arrays.items()]
    height = max(len(lines) for lines in drawn)
    for lines in drawn:
        width = max(map(len, lines))
        lines[:] = [line.ljust(width) for line in lines + [""] * (height - len(lines))]
    return "\n".join(("   " + "     ".join(row)).rstrip() for row in zip(*drawn, strict=True))


def _box(name: str, shape: Shape, marks: set[tuple[str, int]]) -> list[str]:
    sides = [f"{side}{'!' if (name, axis) in marks else ''}" for axis, side in enumerate(shape)]
    title = f"{name} ({', '.join(sides) if any('!' in s for s in sides[:-2]) else ', '.join(map(str, shape))})"
    if not shape:
        return [f"{name} ()", "  one number"]
    columns, rows = sides[-1], sides[-2] if len(sides) > 1 else ""
    top = f"┌ {columns} ┐"
    blank = " " * (len(top) - 2)
    indent = " " * (len(rows) + 1 if rows else 3)
    middle = f"{rows} │{blank}│" if rows else f"{indent}│{blank}│"
    return [title, indent + top, middle, indent + "└" + "─" * len(blank) + "┘"]
