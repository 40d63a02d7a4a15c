"""Any array, so that a person can see it: a line that sums it up, how its numbers are spread, and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from .text import bars, heat, number

__all__ = ["Shown", "show"]

CELLS = 64  # a picture in a notebook has at most so many rows and columns


@dataclass(frozen=True)
class Shown:
    """An array that prints as text in a terminal and as a picture in a notebook.

    >>> Shown(np.array([1.0, 3.0]), "pair").summary
    'pair 2:  min 1  max 3  mean 2  zeros 0%'
    """

    array: Any
    name: str = ""

    @property
    def summary(self) -> str:
        """One line: shape, smallest, largest, mean, zeros, and whatever is no number."""
        a = np.asarray(self.array, np.float64)
        shape = " x ".join(map(str, a.shape)) or "one number"
        if a.size == 0:
            return f"{self.name} {shape}: empty".strip()
        finite = a[np.isfinite(a)]
        parts = [f"{self.name} {shape}:".strip()]
        if finite.size:
            parts.append(f"min {number(finite.min())}  max {number(finite.max())}  mean {number(finite.mean())}")
        parts.append(f"zeros {np.count_nonzero(a == 0) / a.size:.0%}")
        for what, count in (("NaN", np.isnan(a).sum()), ("infinite", np.isinf(a).sum())):
            if count:
                parts.append(f"{what} {count}!")
        return "  ".join(parts)

    def __repr__(self) -> str:
        a = np.asarray(self.array)
        lines = [self.summary]
        if a.size <= 16:
            return "\n".join([*lines, np.array2string(a, precision=4, suppress_small=True, separator=", ")])
        lines.append(f"spread {bars(a)}")
        return "\n".join([*lines, heat(tiles(a))])

    def _repr_html_(self) -> str:
        a = np.nan_to_num(np.asarray(tiles(np.asarray(self.array)), np.float64))[:CELLS, :CELLS]
        top = np.abs(a).max() if a.size and np.abs(a).max() > 0 else 1.0
        cells = "".join(
            f'<rect x="{j}" y="{i}" width="1" height="1" fill="{_colour(v / top)}">'
            f"<title>[{i}, {j}] {number(v)}</title></rect>"
            for i, row in enumerate(a)
            for j, v in enumerate(row)
        )
        height, width = a.shape if a.size else (1, 1)
        scale = max(4, min(16, 480 // max(1, width)))
        return (
            f"<figure><figcaption><code>{escape(self.summary)}</code></figcaption>"
            f'<svg role="img" aria-label="{escape(self.summary)}" width="{width * scale}" height="{height * scale}" '
            f'viewBox="0 0 {width} {height}" shape-rendering="crispEdges">{cells}</svg></figure>'
        )


def show(x: Any, name: str = "") -> Shown:
    """Show an array, a tensor or a parameter: numbers if they are few, else their spread and a heat map.

    >>> show(np.eye(2), "identity")
    identity 2 x 2:  min 0  max 1  mean 0.5  zeros 50%
    [[1., 0.],
     [0., 1.]]
    """
    return Shown(np.asarray(x.data if hasattr(x, "requires_grad") else x), name or getattr(x, "name", ""))


def tiles(a: Any) -> Any:
    """Any array as one table: the last two sides are a picture, the sides before them lie as tiles side by side."""
    if a.ndim <= 2:
        return a.reshape(1, -1) if a.ndim < 2 else a
    pictures = a.reshape(-1, *a.shape[-2:])
    across = max(1, min(len(pictures), CELLS // (pictures.shape[2] + 1)))
    down = min(-(-len(pictures) // across), max(1, CELLS // (pictures.shape[1] + 1)))
    h, w = pictures.shape[1] + 1, pictures.shape[2] + 1
    sheet = np.zeros((down * h - 1, across * w - 1), np.float64)
    for k, picture in enumerate(pictures[: down * across]):
        i, j = divmod(k, across)
        sheet[i * h : i * h + h - 1, j * w : j * w + w - 1] = picture
    return sheet


def _colour(v: float) -> str:
    """Blue below zero, white at zero, orange above: also told apart by the colour-blind."""
    white, end = (255, 255, 255), (217, 95, 2) if v > 0 else (31, 120, 180)
    share = min(1.0, abs(v))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(white, end, strict=True))
