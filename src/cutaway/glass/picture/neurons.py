"""The third depth: circles and lines. A circle is one number of a layer's result, a line is one weight.

Of the batch the first example is drawn, of a sequence its last moment, of many neurons a few at even distances; what is
left out is said. A channel of pictures is drawn as its picture, and the line to it is the number of largest size in its
stencil. Where a result is passed on number by number (ReLU, pooling) thin grey lines connect the same neurons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .boxes import Row, Sketch
from .facts import Facts
from .layout import Extent, Layout
from .matrices import Matrices, Pane, thumb
from .scale import limit, mosaic, png
from .style import mono, sans, text
from .view import Item

__all__ = ["Neurons"]

MOST = 16
RADIUS, APART = 6.0, 16.0
TILE, TILES_APART = 18.0, 21.0
WITHIN = {"batch_norm", "max_pool2d", "avg_pool2d", "resize2d", "pick", "pad", "mean", "var", "dropout_mask"}
FAINT = 0.04  # a weight so much smaller than the scale's end is not drawn: its line would be invisible


@dataclass(frozen=True)
class Units:
    """The neurons of one result that are drawn.

    count: how many there are; shown: their numbers; values: one number or one picture each; apart: from one to the next
    """

    count: int
    shown: list[int]
    values: Any
    told: tuple[str, ...]
    apart: float

    def height(self, k: int) -> float:
        """Where neuron number k of those shown stands, above or below the line."""
        return (k - (len(self.shown) - 1) / 2) * self.apart


class Neurons(Matrices):
    """Draws items as columns of neurons."""

    gap = 96.0

    def __init__(self, facts: Facts, around: str = "") -> None:
        super().__init__(facts, around)
        self._units: dict[int, Units | None] = {}

    def sketch(self, item: Item, row: Row = "forward", width: float = 0.0) -> Sketch | None:
        """A column of circles, coloured by the numbers of one example."""
        if row == "update" or (row == "back" and not item.back):
            return None
        slot = item.slot if row == "forward" else self._felt(item)
        units = None if slot is None else self.units(slot)
        if units is None or item.kind in ("port", "out"):
            if row == "forward":
                return super().sketch(item, row, width)
            return None
        assert slot is not None
        return self._column(item, units, row, width, self.facts.src.see(slot))

    def _column(self, item: Item, units: Units, row: Row, width: float, value: Any) -> Sketch:
        name, path = self._title(item) if row == "forward" else ("", "")
        end = limit(units.values)
        under = [*units.told, f"±{end:g}" if value is not None else "not computed"]
        w = max(width, 2 * RADIUS, sans(name) + 2, mono(path), *(mono(s, 10.5) for s in under))
        body = ""
        for k, number in enumerate(units.shown):
            body += self._unit(units.values[k], w / 2, units.height(k), end, value is not None, number)
        half = max(units.height(len(units.shown) - 1), 0.0) + units.apart / 2
        for k, line in enumerate(under):
            body += text(w / 2, half + 13 + 13 * k, line, "m c" + (" f" if k else ""))
        if name:
            body += text(w / 2, -half - 7, name, "t c")
        if path:
            body += text(w / 2, -half - 22, path, "m c f")
        up = half + (20 if name else 2) + (14 if path else 0)
        ink = RADIUS if np.ndim(units.values) == 1 else TILE / 2
        return Sketch(Extent(w, up, half + 6 + 13 * len(under)), body, w / 2 - ink - 2)

    @staticmethod
    def _unit(value: Any, x: float, y: float, end: float, known: bool, number: int) -> str:
        if np.ndim(value) == 2 and known:
            light, dark = png(mosaic(value, 36, 36), end)
            at = f'x="{x - TILE / 2:.1f}" y="{y - TILE / 2:.1f}" width="{TILE:g}" height="{TILE:g}"'
            return f'<image class="li" {at} href="{light}"/><image class="da" {at} href="{dark}"/>'
        if not known and np.ndim(value) == 2:
            at = f'x="{x - TILE / 2:.1f}" y="{y - TILE / 2:.1f}" width="{TILE:g}" height="{TILE:g}"'
            return f'<rect class="hollow" {at}/>'
        if not known:
            return f'<circle class="hollow" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}"/>'
        told = f"<title>{number}: {float(value):.4g}</title>"
        return f'<circle class="unit v{bucket(value, end)}" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}">{told}</circle>'

    def units(self, slot: int) -> Units | None:
        """The neurons of a slot; None where it is one number, whole numbers, or grey pictures."""
        if slot not in self._units:
            self._units[slot] = self._find(slot)
        return self._units[slot]

    def _find(self, slot: int) -> Units | None:
        shape, value = self.facts.src.shapes[slot], self.facts.src.see(slot)
        if shape is None or len(shape) < 2 or 0 in shape or (value is not None and np.asarray(value).dtype.kind != "f"):
            return None
        if len(shape) == 4 and shape[1] == 1 and min(shape[2:]) > 1:
            return None
        one = np.zeros(shape[1:]) if value is None else np.asarray(value)[0]
        told: tuple[str, ...] = ()
        if one.ndim == 2:
            told = (f"moment {len(one)} of {len(one)}",) if len(one) > 1 else ()
            one = one[-1]
        elif one.ndim > 3:
            return None
        elif one.ndim == 3 and one.shape[1:] == (1, 1):
            one = one[:, 0, 0]
        shown = list(range(len(one)))
        if len(one) > MOST:
            shown = [round(k * (len(one) - 1) / (MOST - 1)) for k in range(MOST)]
        many = f"{len(shown)} of {len(one)}" if len(shown) < len(one) else str(len(one))
        return Units(len(one), shown, one[shown], (many, *told), APART if one.ndim == 1 else TILES_APART)

    def _forward(self, item: Item) -> list[Pane]:
        """What has no neurons stands there as it is; of inputs the first example."""
        value = self.facts.src.see(item.slot) if item.kind == "input" else None
        if value is None or np.ndim(value) == 0:
            return super()._forward(item)[-1:]
        one = thumb(np.asarray(value)[:1], grey=True)
        return [Pane(one.width, one.height, one.svg, (f"1 of {len(value)}", *one.under[1:]))]

    def between(self, a: Item, b: Item, plan: Layout, u: int, v: int) -> str:
        """The lines between two columns that stand side by side; "" where there are none to draw."""
        near = plan.columns[v] == plan.columns[u] + 1 and plan.rows[plan.columns[u]] == plan.rows[plan.columns[v]]
        left, right = self.units(a.slot), self.units(b.slot)
        if not near or left is None or right is None or b.node is None or a.kind == "port" or b.kind == "out":
            return ""
        x1, x2 = (
            plan.left[u] + plan.widths[u] / 2 + self._ink(left),
            plan.left[v] + plan.widths[v] / 2 - self._ink(right),
        )
        y1, y2 = plan.line[u], plan.line[v]
        weights = self._between(b, left.count, right.count)
        if weights is None:
            if left.shown != right.shown or not self._passes(b):
                return ""
            ways = (
                f"M{x1:.1f} {y1 + left.height(k):.1f}L{x2:.1f} {y2 + right.height(k):.1f}"
                for k in range(len(left.shown))
            )
            return f'<path class="thin" d="{"".join(ways)}"/>'
        end = limit(weights)
        lines = []
        for k, i in enumerate(left.shown):
            for m, o in enumerate(right.shown):
                share = min(1.0, abs(float(weights[o, i])) / end)
                if share >= FAINT:
                    way = f"M{x1:.1f} {y1 + left.height(k):.1f}L{x2:.1f} {y2 + right.height(m):.1f}"
                    kind = bucket(weights[o, i], end)
                    lines.append(
                        (share, f'<path class="wire w{kind}" stroke-width="{0.4 + 1.8 * share:.2f}" d="{way}"/>')
                    )
        return "".join(line for _, line in sorted(lines))  # the heaviest on top

    def _passes(self, item: Item) -> bool:
        """Does neuron k of the result come from neuron k alone (in pictures: with its neighbours there)?"""
        assert item.node is not None
        steps = self.facts.src.tape.steps[item.node.start : item.node.stop]
        return item.node.kind in ("layer", "step") and all(
            s.op.kind in ("elementwise", "view") or s.op.name in WITHIN for s in steps
        )

    @staticmethod
    def _ink(units: Units) -> float:
        return RADIUS + 1 if np.ndim(units.values) == 1 else TILE / 2 + 1

    def _between(self, item: Item, inputs: int, outputs: int) -> Any:
        """The weights (outputs, inputs) of an item, if it has such; of stencils the number of largest size."""
        for w in self._weights(item):
            value = self.facts.src.see(w.slot)
            if value is None or np.ndim(value) < 2:
                continue
            table = np.asarray(value, np.float64)
            if table.ndim > 2:
                flat = table.reshape(*table.shape[:2], -1)
                table = np.take_along_axis(flat, np.abs(flat).argmax(-1)[..., None], -1)[..., 0]
            if table.shape == (outputs, inputs):
                return table
        return None


def bucket(value: Any, end: float) -> int:
    """One of nine colours: 0 far below zero, 4 about zero, 8 far above.

    >>> bucket(-1.0, 1.0), bucket(0.01, 1.0), bucket(0.3, 1.0)
    (0, 4, 5)
    """
    if np.isnan(value):
        return 9
    return 4 + round(4 * max(-1.0, min(1.0, float(value) / end)))
