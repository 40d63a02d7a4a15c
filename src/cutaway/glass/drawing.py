"""Arrays drawn as SVG: heat maps, tiles, pictures, histograms, curves.

Cells of one colour are one path, so that a picture of thousands of numbers stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .html import LEVELS, escape, fig, level, scale_end
from .text import reduced

__all__ = ["bar_chart", "curves", "heat_map", "histogram", "legend", "picture", "term_bar", "tiles"]


def _svg(width: float, height: float, label: str, body: str, box: str = "") -> str:
    return (
        f'<svg role="img" aria-label="{escape(label, quote=True)}" width="{width:g}" height="{height:g}" '
        f'viewBox="{box or f"0 0 {width:g} {height:g}"}">{body}</svg>'
    )


def _runs(classes: Any, x: int, y: int) -> dict[Any, list[str]]:
    """Class -> the pieces of its path: neighbours in a row that have one class are one piece."""
    found: dict[Any, list[str]] = {}
    for i, row in enumerate(classes):
        edges = np.flatnonzero(row[1:] != row[:-1]) + 1
        starts = [0, *edges.tolist()]
        ends = [*edges.tolist(), len(row)]
        for a, b in zip(starts, ends, strict=True):
            found.setdefault(row[a], []).append(f"M{x + a} {y + i}h{b - a}v1h{a - b}z")
    return found


def _levels(table: Any, end: float) -> Any:
    """Each number's level: -8 to 8, and 99 for what is no number."""
    with np.errstate(invalid="ignore"):
        steps = np.clip(np.rint(np.nan_to_num(table / end, nan=0.0) * LEVELS), -LEVELS, LEVELS).astype(int)
    return np.where(np.isfinite(table), steps, 99)


def _paths(planes: Sequence[tuple[Any, int, int]], end: float) -> str:
    merged: dict[int, list[str]] = {}
    for table, x, y in planes:
        for k, pieces in _runs(_levels(table, end), x, y).items():
            merged.setdefault(int(k), []).extend(pieces)
    return "".join(f'<path class="{_class(k)}" d="{"".join(pieces)}"/>' for k, pieces in merged.items())


def _class(k: int) -> str:
    return "nan" if k == 99 else "z" if k == 0 else f"p{k}" if k > 0 else f"n{-k}"


def heat_map(array: Any, label: str, end: float | None = None, rows: int = 96, columns: int = 160) -> str:
    """A table as coloured cells; where it has more numbers than fit, a cell stands for the largest of its block.

    >>> heat_map(np.eye(2), "identity").count("<rect")
    21
    """
    whole = np.asarray(array)
    end = scale_end(whole) if end is None else end
    small = reduced(whole, rows, columns)
    h, w = small.shape
    size = max(3, min(24, 640 // max(w, 1), 420 // max(h, 1)))
    body = _paths([(small, 0, 0)], end)
    if whole.size <= 256:  # each with its number
        body = "".join(
            f'<rect class="{level(v, end)}" x="{j}" y="{i}" width="1" height="1">'
            f"<title>[{i}, {j}] {fig(v)}</title></rect>"
            for i, row in enumerate(small)
            for j, v in enumerate(row)
        )
    svg = _svg(w * size, h * size, label, f'<g shape-rendering="crispEdges">{body}</g>', f"0 0 {w} {h}")
    block = f"each cell is {-(-whole.shape[0] // h)} x {-(-whole.shape[1] // w)} numbers: the one farthest from zero"
    note = f"<small>{block}</small>" if small.shape != whole.shape else ""
    return f"{svg}{legend(end)}{note}"


def tiles(planes: Any, label: str, end: float | None = None, most: int = 64, captions: Sequence[str] = ()) -> str:
    """Many small tables side by side on one scale: filters, activations, a batch of anything with two sides more."""
    count = len(planes)
    most = min(most, 24) if planes[0].size > 400 else most
    shown = np.asarray(planes[:most], np.float64)
    end = scale_end(planes) if end is None else end
    shown = np.stack([reduced(p, 32, 32) for p in shown])
    h, w = shown.shape[1:]
    room, wide = (118, 620) if len(shown) <= 12 else (72, 900)  # a few are there to be read, many to be compared
    size = max(2, min(18, room // max(h, w)))
    gap = max(1, round(5 / size))
    across = max(1, min(len(shown), wide // ((w + gap) * size)))
    down = -(-len(shown) // across)
    placed = [(p, (k % across) * (w + gap), (k // across) * (h + gap)) for k, p in enumerate(shown)]
    width, height = across * (w + gap) - gap, down * (h + gap) - gap
    body = f'<g shape-rendering="crispEdges">{_paths(placed, end)}</g>'
    more = f"<small>the first {len(shown)} of {count}</small>" if count > len(shown) else ""
    return _svg(width * size, height * size, label, body, f"0 0 {width} {height}") + legend(end) + more


def picture(image: Any, label: str, size: int = 56, low: float = 0.0, high: float = 1.0) -> str:
    """A picture as an eye sees it: (H, W) or (1, H, W) in grey, (3, H, W) in colour.

    >>> picture(np.ones((2, 2)), "white").count("<path")
    1
    """
    a = np.asarray(image, np.float64)
    planes = a[None] if a.ndim == 2 else a
    step = max(1, -(-max(planes.shape[1:]) // 64))
    planes = planes[:, ::step, ::step]
    part = np.nan_to_num((planes - low) / (high - low if high > low else 1.0))
    shades = np.clip(np.rint(part * 15), 0, 15).astype(int)
    h, w = shades.shape[1:]
    codes = shades[0] if len(shades) == 1 else shades[0] * 256 + shades[1] * 16 + shades[2]
    runs = _runs(codes, 0, 0)
    names = {k: f"{k:x}" * 3 if len(shades) == 1 else f"{k:03x}" for k in runs}
    body = "".join(f'<path fill="#{names[k]}" d="{"".join(pieces)}"/>' for k, pieces in runs.items())
    wide = size * w / h
    return _svg(wide, size, label, f'<g shape-rendering="crispEdges">{body}</g>', f"0 0 {w} {h}")


def histogram(array: Any, label: str, width: int = 246, height: int = 74) -> str:
    """How often which size occurs, in 41 bins; exact zeros are counted, not drawn."""
    a = np.asarray(array).ravel()
    zeros = int(np.count_nonzero(a == 0))
    rest = a[np.isfinite(a) & (a != 0)].astype(np.float64)
    if not rest.size:
        return ""
    low, high = float(rest.min()), float(rest.max())
    if low == high:
        low, high = low - abs(low) * 0.5, high + abs(high) * 0.5
    counts, edges = np.histogram(rest, bins=41, range=(low, high))
    tall = height - 16
    bar, end = width / 41, max(abs(low), abs(high))
    body = "".join(
        f'<rect class="{level((edges[k] + edges[k + 1]) / 2, end)}" x="{k * bar:.1f}" y="{tall - long:.1f}" '
        f'width="{bar - 0.6:.1f}" height="{long:.1f}">'
        f"<title>{fig(edges[k])} to {fig(edges[k + 1])}: {counts[k]}</title></rect>"
        for k, long in enumerate(counts / counts.max() * tall)
        if long
    )
    body += f'<path class="axis" d="M0 {tall}H{width}"/>'
    if low < 0 < high:
        zero = -low / (high - low) * width
        body += f'<path class="axis" stroke-dasharray="2 2" d="M{zero:.1f} 0V{tall}"/>'
    body += f'<text x="0" y="{height - 3}">{fig(low)}</text>'
    body += f'<text x="{width}" y="{height - 3}" text-anchor="end">{fig(high)}</text>'
    note = f"<small>and {zeros:,} exact zeros</small>" if zeros else ""
    return f"<figure>{_svg(width, height, f'{label}: how the numbers are spread', body)}{note}</figure>"


def legend(end: float) -> str:
    """The colour scale: from below -end to above end."""
    swatches = "".join(
        f'<rect class="{level(k / LEVELS, 1.0)}" x="{(k + LEVELS) * 7}" y="0" width="7" height="8"/>'
        for k in range(-LEVELS, LEVELS + 1)
    )
    width = 7 * (2 * LEVELS + 1)
    ends = f'<text x="-4" y="8" text-anchor="end">≤ {fig(-end)}</text><text x="{width + 4}" y="8">≥ {fig(end)}</text>'
    return _svg(width + 140, 14, "the colour scale", swatches + ends, f"-70 -2 {width + 140} 14")


def term_bar(value: float, end: float, width: int = 90) -> str:
    """A number as a bar from a middle line."""
    half = width / 2
    long = min(1.0, abs(value) / end) * half if end > 0 and np.isfinite(value) else 0.0
    x = half if value > 0 else half - long
    side = "p5" if value > 0 else "n5"
    body = (
        f'<rect class="{side}" x="{x:.1f}" y="2" width="{long:.1f}" height="8"/><path class="axis" d="M{half} 0V12"/>'
    )
    return f'<svg aria-hidden="true" width="{width}" height="12" viewBox="0 0 {width} 12">{body}</svg>'


def curves(lines: Sequence[tuple[str, Any]], label: str, width: int = 640, height: int = 190, mark: float = -1) -> str:
    """Curves over the number of the batch: the first as a line, the second dashed; mark: a place to point at."""
    arrays = [np.asarray(values, np.float64) for _, values in lines]
    finite = np.concatenate([a[np.isfinite(a)] for a in arrays] or [np.zeros(0)])
    if not finite.size:
        return "<p>No numbers yet.</p>"
    low, high = float(finite.min()), float(finite.max())
    span, longest = (high - low) or 1.0, max(len(a) for a in arrays)
    left, top, inner, tall = 58, 8, width - 66, height - 34

    def x(k: float) -> float:
        return left + k / max(1, longest - 1) * inner

    def y(v: float) -> float:
        return top + (high - v) / span * tall

    body = f'<path class="axis" d="M{left} {top}V{top + tall}H{left + inner}"/>'
    for v in (low, high):
        body += f'<text x="{left - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{fig(v)}</text>'
    body += f'<text x="{left}" y="{height - 10}">batch 0</text>'
    body += f'<text x="{left + inner}" y="{height - 10}" text-anchor="end">{longest - 1}</text>'
    if 0 <= mark < longest:
        body += f'<path class="axis" stroke-dasharray="2 3" d="M{x(mark):.1f} {top}V{top + tall}"/>'
        body += f'<text x="{x(mark):.1f}" y="{height - 10}" text-anchor="middle">{mark:g}</text>'
    for (_name, _), values, kind in zip(lines, arrays, ("ink", "ink2"), strict=False):
        step = max(1, len(values) // 600)
        points = [(x(k), y(values[k : k + step].mean())) for k in range(0, len(values), step)]
        text = " ".join(f"{a:.1f},{b:.1f}" for a, b in points if np.isfinite(b))
        body += f'<polyline class="{kind}" points="{text}"/>'
    return _svg(width, height, label, body)


def bar_chart(values: Any, label: str, height: int = 96) -> str:
    """A short row of numbers as bars from a zero line."""
    a = np.asarray(values, np.float64)
    finite = a[np.isfinite(a)]
    low, high = min(0.0, float(finite.min(initial=0.0))), max(0.0, float(finite.max(initial=0.0)))
    span, wide, end = (high - low) or 1.0, 18 if len(a) <= 32 else 11, max(-low, high) or 1.0
    zero = high / span * height
    body = ""
    for k, v in enumerate(a):
        long = abs(v) / span * height if np.isfinite(v) else height
        top = zero - long if v > 0 or not np.isfinite(v) else zero
        body += (
            f'<rect class="{level(v, end)}" x="{k * wide + 1}" y="{top:.1f}" width="{wide - 2}" '
            f'height="{max(long, 0.5):.1f}"><title>[{k}] {fig(v)}</title></rect>'
        )
    body += f'<path class="axis" d="M0 {zero:.1f}H{len(a) * wide}"/>'
    body += f'<text x="{len(a) * wide + 4}" y="9">{fig(high)}</text>'
    body += f'<text x="{len(a) * wide + 4}" y="{height}">{fig(low)}</text>' if low < 0 else ""
    return _svg(len(a) * wide + 70, height, label, body, f"0 -1 {len(a) * wide + 70} {height + 2}")
