"""The picture of chapter 7: a drawing as one would make it on paper, boxes of numbers and arrows with their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .hand import line, svg, words_at
from .paper import QUIET, SAID, TRUTH

if TYPE_CHECKING:
    from ..sketch import Arrow, Sketch

__all__ = ["napkin", "told"]

WIDE, HIGH, GAP = 76, 58, 84


def told(net: Sketch) -> str:
    """A drawing in words.

    >>> from cutaway.course.sketch import build
    >>> told(build("x(3) -> y(2)"))
    'Boxes: x holds 3 numbers, y holds 2. Arrows: A, a table of (2, 3), from x to y.'
    """
    boxes = ", ".join(
        f"{name} holds {box.size}{' numbers' if not k else ''}{f' after {box.kind}' if box.kind else ''}"
        for k, (name, box) in enumerate(net.boxes.items())
    )
    return f"Boxes: {boxes}. Arrows: {'; '.join(_road(net, arrow) for arrow in net.arrows)}."


def _road(net: Sketch, arrow: Arrow) -> str:
    table = f"{arrow.letter}, a table of {_shape(net, arrow)}," if arrow.letter else "the numbers as they are"
    return f"{table} from {arrow.start} to {arrow.end}"


def _shape(net: Sketch, arrow: Arrow) -> str:
    return f"({net.boxes[arrow.end].size}, {net.boxes[arrow.start].size})"


def napkin(net: Sketch) -> str:
    """The boxes in a row, each arrow between neighbours straight, and the longer roads as arcs above them."""
    places = {name: 12 + k * (WIDE + GAP) for k, name in enumerate(net.order)}
    straight: list[Arrow] = []
    arcs: list[Arrow] = []
    for arrow in net.arrows:
        pair = (arrow.start, arrow.end)
        near = places[arrow.end] - places[arrow.start] == WIDE + GAP
        (straight if near and pair not in [(a.start, a.end) for a in straight] else arcs).append(arrow)
    arcs.sort(key=lambda arrow: places[arrow.end] - places[arrow.start])
    lanes = _lanes([(places[arrow.start], places[arrow.end]) for arrow in arcs])
    top = 22 + 34 * max(lanes, default=-1) + 34 * bool(lanes)
    parts = []
    for name, box in net.boxes.items():
        x = places[name]
        parts.append(f'<rect x="{x}" y="{top}" width="{WIDE}" height="{HIGH}" rx="7" fill="#fff" stroke="{TRUTH}"/>')
        parts.append(words_at(x + WIDE / 2, top + (25 if box.kind else 35), f"{name} ({box.size})", TRUTH, "middle"))
        if box.kind:
            parts.append(words_at(x + WIDE / 2, top + 45, box.kind, "#555555", "middle"))
    for arrow in straight:
        left, right, y = places[arrow.start] + WIDE, places[arrow.end], top + HIGH / 2
        parts += [_line(arrow, [(left, y), (right - 7, y)]), _head(arrow, right, y, 1, 0)]
        parts += _label(net, arrow, (left + right) / 2, y)
    for k, arrow in enumerate(arcs):
        leaves = sum(other.start == arrow.start for other in arcs[:k])
        comes = sum(other.end == arrow.end for other in arcs[:k])
        left, right = places[arrow.start] + WIDE - 12 - 14 * leaves, places[arrow.end] + 12 + 14 * comes
        y = top - 24 - 34 * lanes[k]
        parts += [_line(arrow, [(left, top), (left, y), (right, y), (right, top - 7)]), _head(arrow, right, top, 0, 1)]
        parts += _label(net, arrow, (left + right) / 2, y)
    return svg(24 + len(places) * (WIDE + GAP) - GAP, top + HIGH + 14, *parts, words=told(net))


def _lanes(spans: list[tuple[int, int]]) -> list[int]:
    """How high each arc runs, so that no two lie on each other.

    >>> _lanes([(0, 2), (2, 4), (1, 4)])
    [0, 0, 1]
    """
    lanes: list[int] = []
    for k, (start, end) in enumerate(spans):
        taken = {lanes[j] for j in range(k) if spans[j][0] < end and start < spans[j][1]}
        lanes.append(next(lane for lane in range(k + 1) if lane not in taken))
    return lanes


def _colour(arrow: Arrow) -> str:
    return SAID if arrow.letter else QUIET


def _line(arrow: Arrow, points: list[tuple[float, float]]) -> str:
    dashes = {} if arrow.letter else {"stroke_dasharray": "5 4"}
    return line(points, _colour(arrow), 2, stroke_linejoin="round", **dashes)


def _head(arrow: Arrow, x: float, y: float, right: int, down: int) -> str:
    """The tip, at (x, y), of an arrow that comes from the left or from above."""
    back, side = 9, 5
    wings = [(x - right * back - down * side, y - down * back - right * side),
             (x - right * back + down * side, y - down * back + right * side)]  # fmt: skip
    points = " ".join(f"{px:g},{py:g}" for px, py in [(x, y), *wings])
    return f'<polygon points="{points}" fill="{_colour(arrow)}"/>'


def _label(net: Sketch, arrow: Arrow, x: float, y: float) -> list[str]:
    if not arrow.letter:
        return [words_at(x, y - 5, "as it is", "#555555", "middle")]
    return [words_at(x, y - 6, f"{arrow.letter} {_shape(net, arrow)}", SAID, "middle")]
