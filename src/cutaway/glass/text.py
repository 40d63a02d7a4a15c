"""Numbers and pictures made of characters, for terminals and plain notebooks."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["bars", "heat", "number", "place"]

BARS = " ▁▂▃▄▅▆▇█"
SHADES = " ░▒▓█"


def number(value: Any) -> str:
    """Four digits that matter.

    >>> number(0.000123456), number(12.0), number(-1234567.0)
    ('0.0001235', '12', '-1.235e+06')
    """
    return f"{float(value):.4g}"


def place(index: tuple[int, ...]) -> str:
    """An index as it is typed.

    >>> place((12, 400)), place(())
    ('[12, 400]', '')
    """
    return f"[{', '.join(map(str, index))}]" if index else ""


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


def heat(table: Any, rows: int = 20, columns: int = 64) -> str:
    """A table as shades, dark where the numbers are far from zero; a large one is averaged down.

    >>> print(heat(np.array([[0.0, 1.0], [-1.0, 0.5]])))
     █
    █▒
    """
    far = np.abs(np.nan_to_num(np.asarray(table, np.float64)))
    far = _smaller(_smaller(far, rows).T, columns).T
    top = far.max() if far.size and far.max() > 0 else 1.0
    return "\n".join("".join(SHADES[round(v / top * (len(SHADES) - 1))] for v in row).rstrip() for row in far)


def _smaller(table: Any, most: int) -> Any:
    """At most so many rows: neighbours are averaged."""
    if len(table) <= most:
        return table
    edges = np.linspace(0, len(table), most + 1).astype(int)
    return np.add.reduceat(table, edges[:-1], axis=0) / np.diff(edges)[:, None]
