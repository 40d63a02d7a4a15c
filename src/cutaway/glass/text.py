"""Numbers and pictures made of characters, for terminals and plain notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["bars", "curve", "heat", "number", "place", "reduced"]

BARS = " ▁▂▃▄▅▆▇█"
ABOVE = "░▒▓█"  # the larger the fuller
BELOW = "·-=≡"
LEGEND = f"below zero {' '.join(BELOW)}   above {' '.join(ABOVE)}"


def number(value: Any) -> str:
    """Four digits that matter.

    >>> number(0.000123456), number(12.0), number(-1234567.0), number(True)
    ('0.0001235', '12', '-1.235e+06', 'True')
    """
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    return f"{float(value) + 0.0:.4g}"


def place(index: Sequence[Any]) -> str:
    """An index as it is typed; a slice as the history keeps it.

    >>> place((12, 400)), place(()), place((("slice", None, 3, None), 1))
    ('[12, 400]', '', '[:3, 1]')
    """
    return f"[{', '.join(map(_side, index))}]" if len(index) else ""


def _side(k: Any) -> str:
    if not (isinstance(k, tuple) and len(k) == 4 and k[0] == "slice"):
        return str(k)
    start, stop, step = ("" if part is None else str(part) for part in k[1:])
    return f"{start}:{stop}" + (f":{step}" if step else "")


def bars(values: Any, width: int = 40) -> str:
    """How often which size occurs, from the smallest to the largest: a histogram in one line.

    >>> bars(np.array([0.0, 0.0, 0.0, 1.0]), width=4)
    '█  ▃'
    """
    finite = np.asarray(values, np.float64).ravel()
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return ""
    low, high = finite.min(), finite.max()
    counts = np.histogram(finite, bins=width, range=(low, high if high > low else low + 1.0))[0]
    heights = np.ceil(counts / counts.max() * (len(BARS) - 1)).astype(int)
    return "".join(BARS[h] for h in heights)


def curve(values: Any, width: int = 60, low: float | None = None, high: float | None = None) -> str:
    """Numbers one after the other as a line of bars: more than fit are averaged; what is no number is "!".

    low, high: the ends of the scale, so that two curves can be compared

    >>> curve([3.0, 2.0, 1.0, 1.0])
    '█▄▁▁'
    """
    line = np.asarray(values, np.float64).ravel()
    if line.size > width:
        edges = np.linspace(0, line.size, width + 1).astype(int)
        line = np.add.reduceat(line, edges[:-1]) / np.diff(edges)
    finite = line[np.isfinite(line)]
    low = float(finite.min()) if low is None and finite.size else (low or 0.0)
    high = float(finite.max()) if high is None and finite.size else (high or 0.0)
    span = high - low if high > low else 1.0
    heights = np.clip(1 + (np.nan_to_num(line, posinf=high, neginf=low) - low) / span * (len(BARS) - 2), 1, 8)
    return "".join(BARS[int(h)] if ok else "!" for h, ok in zip(heights, np.isfinite(line), strict=True))


def heat(table: Any, rows: int = 20, columns: int = 64) -> str:
    """A table as shades, full where the numbers are far from zero, stripes where they are below it, "!" for NaN.

    In a table with more rows or columns each sign stands for a block of numbers, and shows the one farthest from zero.

    >>> print(heat(np.array([[0.0, 1.0], [-1.0, 0.5]])))
     █
    ≡▒
    """
    small = reduced(np.asarray(table), rows, columns)
    finite = np.abs(small[np.isfinite(small)])
    top = finite.max() if finite.size and finite.max() > 0 else 1.0
    return "\n".join("".join(_shade(v, top) for v in row).rstrip() for row in small)


def _shade(v: float, top: float) -> str:
    if not np.isfinite(v):
        return "!"
    size = round(abs(v) / top * len(ABOVE))
    return " " if not size else (ABOVE if v > 0 else BELOW)[size - 1]


def reduced(table: Any, rows: int, columns: int) -> Any:
    """At most so many rows and columns: of every block the number farthest from zero, with its sign; NaN wins.

    A mean would hide the one bad number among many.

    >>> reduced(np.array([[1.0, -3.0, 0.0, 2.0]]), 1, 2)
    array([[-3.,  2.]])
    """
    table = _farthest(np.asarray(table), rows, 0)
    return np.asarray(_farthest(table, columns, 1), np.float64)


def _farthest(table: Any, most: int, axis: int) -> Any:
    length = table.shape[axis]
    if length <= most:
        return table
    table = table.astype(np.float64) if table.dtype.kind in "bu" else table  # these have no negative
    starts = np.linspace(0, length, most + 1).astype(int)[:-1]
    low, high = np.minimum.reduceat(table, starts, axis), np.maximum.reduceat(table, starts, axis)
    return np.where(np.isnan(high) | (high >= -low), high, low)
