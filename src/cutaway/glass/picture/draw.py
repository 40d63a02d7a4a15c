"""One strip as SVG: the items of a view in their places, and the arrows between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Protocol

from .boxes import Row, Sketch
from .layout import Extent, Layout, lay_out
from .style import CSS, sans, text
from .view import Item, View

__all__ = ["Look", "Strip", "draw"]

APART = 16.0  # between the rows: values, gradients, updates
HEAD = 30.0


class Look(Protocol):
    """How an item is drawn at one depth; legend: what its colours mean; gap: the room between columns."""

    legend: str
    gap: float

    def sketch(self, item: Item, row: Row = "forward", width: float = 0.0) -> Sketch | None: ...

    def between(self, a: Item, b: Item, plan: Layout, u: int, v: int) -> str:
        """What is drawn between two items instead of an arrow; "" leaves it to the arrow."""
        ...


@dataclass(frozen=True)
class Strip:
    """A strip that is laid out: what stands where, and its SVG without the frame.

    boxes: (id, row) -> left, top, width, height
    arrows: from, to (ids), row, and the way as an SVG path (a gradient's from its end)
    """

    view: View
    plan: Layout
    boxes: dict[tuple[str, Row], tuple[float, float, float, float]]
    arrows: list[tuple[str, str, Row, str]]
    width: float
    height: float
    body: str

    def svg(self, title: str, told: str, role: str = "img", style: bool = True) -> str:
        """The whole SVG; title and told are what a screen reader says."""
        css = f"<style>{CSS}</style>" if style else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="cutaway-net" role="{role}" width="{self.width:.0f}" '
            f'height="{self.height:.0f}" viewBox="0 0 {self.width:.0f} {self.height:.0f}" aria-label="{escape(title)}">'
            f"<title>{escape(title)}</title><desc>{escape(told)}</desc>{css}"
            f'<rect class="ground" width="100%" height="100%"/>{self.body}</svg>'
        )


def draw(
    view: View,
    look: Look,
    rows: tuple[Row, ...] = ("forward",),
    width: float = 1200.0,
    head: tuple[str, str] = ("", ""),
    opens: Mapping[str, str] | None = None,
) -> Strip:
    """Lay a view out and draw it.

    rows: which of the three rows; head: a title and what stands behind it
    opens: (item, or item and row as "id|row") -> the id of the strip that shows its inside
    """
    sketches: list[dict[Row, Sketch]] = []
    for item in view.items:
        found = {row: s for row in rows if (s := look.sketch(item, row)) is not None}
        most = max(s.extent.width for s in found.values()) if found else 0.0
        sketches.append({row: s for row in found if (s := look.sketch(item, row, most)) is not None})
    offsets = _offsets(sketches, rows)
    extents = [
        Extent(
            max((s.extent.width for s in made.values()), default=0.0),
            made["forward"].extent.up if "forward" in made else 0.0,
            max((offsets[row] + s.extent.down for row, s in made.items()), default=0.0),
        )
        for made in sketches
    ]
    edges = list(dict.fromkeys([*view.edges, *(view.back if "back" in rows else [])]))
    plan = lay_out(extents, edges, width, offsets.get("back", 0.0), look.gap)
    top = HEAD if head[0] else 0.0
    lines, arrows = _edges(view, plan, sketches, offsets, rows, look)
    parts = [lines]
    boxes: dict[tuple[str, Row], tuple[float, float, float, float]] = {}
    for k, (item, made) in enumerate(zip(view.items, sketches, strict=True)):
        for row, sketch in made.items():
            left = plan.left[k] + (plan.widths[k] - sketch.extent.width) / 2
            line = plan.line[k] + offsets[row]
            w, up, down = sketch.extent
            boxes[item.id, row] = left, line - up + top, w, up + down
            parts.append(_node(item, row, sketch, left, line, opens or {}))
    behind = 14 + sans(head[0], 13) + 12
    end = behind + len(head[1]) * 5.6 + 14
    title = text(14, 21, head[0], "h") + text(behind, 21, head[1], "") if head[0] else ""
    if look.legend and head[0]:
        title += f'<g transform="translate({end + 10:.1f} 21)">{look.legend}</g>'
        end += 180
    wide = max(plan.width, end if head[0] else 0.0)
    body = f'{title}<g transform="translate(0 {top:.0f})">{"".join(parts)}</g>'
    return Strip(view, plan, boxes, arrows, wide, plan.height + top, body)


def _offsets(sketches: list[dict[Row, Sketch]], rows: tuple[Row, ...]) -> dict[Row, float]:
    """How far below the line of the values the other rows have theirs."""
    offsets: dict[Row, float] = {}
    depth = 0.0
    for row in rows:
        here = [made[row].extent for made in sketches if row in made]
        up = max((e.up for e in here), default=0.0)
        offsets[row] = 0.0 if row == "forward" else depth + APART + up
        depth = offsets[row] + max((e.down for e in here), default=0.0)
    return offsets


def _edges(
    view: View,
    plan: Layout,
    sketches: list[dict[Row, Sketch]],
    offsets: dict[Row, float],
    rows: tuple[Row, ...],
    look: Look,
) -> tuple[str, list[tuple[str, str, Row, str]]]:
    def blank(k: int, row: Row) -> float:
        made = sketches[k][row]
        return (plan.widths[k] - made.extent.width) / 2 + made.blank

    out: list[str] = []
    arrows: list[tuple[str, str, Row, str]] = []
    ids = [item.id for item in view.items]
    for u, v in view.edges if "forward" in rows else ():
        first, last = blank(u, "forward"), blank(v, "forward")
        way = plan.path(u, v, 0.0, first, last)
        arrow = f'<path class="road" d="{way}"/>' + _tip(plan.left[v] + last, plan.line[v], 1)
        out.append(look.between(view.items[u], view.items[v], plan, u, v) or arrow)
        arrows.append((ids[u], ids[v], "forward", way))
    for u, v in view.back if "back" in rows else ():
        if "back" in sketches[u] and "back" in sketches[v]:
            off, first, last = offsets["back"], blank(u, "back"), blank(v, "back")
            tip = _tip(plan.left[u] + plan.widths[u] - first, plan.line[u] + off, -1)
            way = plan.path(u, v, off, first, last)
            out.append(f'<path class="come" d="{way}"/>{tip}')
            arrows.append((ids[v], ids[u], "back", way))
    return "".join(out), arrows


def _tip(x: float, y: float, way: int) -> str:
    return f'<path class="road" d="M{x - 5 * way:.1f} {y - 3.5:.1f}L{x:.1f} {y:.1f}L{x - 5 * way:.1f} {y + 3.5:.1f}"/>'


def _node(item: Item, row: Row, sketch: Sketch, left: float, line: float, opens: Mapping[str, str]) -> str:
    inside = opens.get(item.id if row == "forward" else f"{item.id}|{row}")
    act = f' data-open="{escape(inside)}"' if inside else ""
    name = f"{item.node.path if item.node and item.node.path else item.id}".strip()
    return (
        f'<g class="node" data-id="{escape(item.id)}" data-row="{row}"{act} '
        f'transform="translate({left:.1f} {line:.1f})"><title>{escape(f"{item.name} {name}")}</title>{sketch.svg}</g>'
    )
