"""The second depth: every parameter and every result a picture of itself, its numbers as colours.

Where the numbers are pictures or filters they stand side by side as tiles; the rows of a matrix that reads flattened
pictures are tiles too. A slot that is not computed yet is drawn hollow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .boxes import Boxes, Row, Sketch
from .facts import Facts, Weight
from .layout import Extent
from .scale import limit, mosaic, png, tiled
from .style import mono, sans, short, text
from .text import sizes
from .view import Item

__all__ = ["Matrices", "thumb"]

SIDE = 84.0  # the longer side of a picture
CELL = 12.0  # one number is drawn at most so large
STRIP = 8.0  # how wide a vector is
TILES = 16
MOST = 3  # so many parameters of one layer; the others are counted


@dataclass(frozen=True)
class Pane:
    """One array in its place: how wide and high, its SVG (from 0, 0), and what stands under it."""

    width: float
    height: float
    svg: str
    under: tuple[str, ...]


class Matrices(Boxes):
    """Draws items as matrices."""

    def __init__(self, facts: Facts, around: str = "") -> None:
        super().__init__(facts, around)
        self.legend = _legend()
        self._panes: dict[tuple[int, bool], Pane] = {}

    def sketch(self, item: Item, row: Row = "forward", width: float = 0.0) -> Sketch | None:
        """An item as the pictures of its parameters and of its result; below, their gradients and next values."""
        if item.kind in ("port", "out"):
            return self._end(item) if row == "forward" else None
        numbers = {"forward": [0], "back": item.back, "update": item.update}[row]
        if not numbers:
            return None
        panes = self._forward(item) if row == "forward" else self._below(item, row)
        return self._compose(item, row, panes, width)

    def _weights(self, item: Item) -> list[Weight]:
        if item.node is None:
            return []
        found = [w for w in self.facts.weights(item.node) if w.trained and not w.name.startswith("optim/")]
        if item.node.kind in ("group", "repeat", "phase"):
            return []  # too many: they are inside
        return sorted(found, key=lambda w: len(w.shape or ()) < 2)[: 2 * MOST]

    def _forward(self, item: Item) -> list[Pane]:
        tiles = self._picture_size(item)
        panes = [self.pane(w.slot, weight=True, tiles=tiles) for w in self._weights(item)]
        return [*panes, self.pane(item.slot, grey=item.kind == "input")]

    def _below(self, item: Item, row: Row) -> list[Pane]:
        tape, tiles = self.facts.src.tape, self._picture_size(item)
        where = tape.gradients if row == "back" else tape.carry
        panes = [
            self.pane(where[w.name], weight=True, tiles=tiles) if w.name in where else self._none(w.slot, tiles)
            for w in self._weights(item)
        ]
        slot = self._felt(item) if row == "back" else None
        return [*panes, self._none(item.slot) if slot is None else self.pane(slot)]

    def _felt(self, item: Item) -> int | None:
        """The slot of the gradient of its result: what comes back into it."""
        own = set(item.back)
        for number in item.back:
            for slot in self.facts.src.tape.steps[number].inputs:
                maker = self.facts.maker.get(slot)
                given = maker is not None and maker not in own and self.facts.phase[maker] == "backward"
                if given and self.facts.src.shapes[slot] == item.shape:
                    return slot
        return None

    def _picture_size(self, item: Item) -> tuple[int, int] | None:
        """If what it multiplies are flattened grey pictures: their height and width."""
        if item.node is None:
            return None
        facts = self.facts
        for step in facts.src.tape.steps[item.node.start : item.node.stop]:
            maker = facts.maker.get(step.inputs[0], -1) if step.op.name == "matmul" and step.attrs.get("flip_w") else -1
            if maker >= 0 and facts.src.tape.steps[maker].op.name == "reshape":
                shape = facts.src.shapes[facts.src.tape.steps[maker].inputs[0]] or ()
                if len(shape) == 3 or (len(shape) == 4 and shape[1] == 1):
                    return (shape[-2], shape[-1]) if min(shape[-2:]) > 3 else None
        return None

    def pane(self, slot: int, weight: bool = False, grey: bool = False, tiles: tuple[int, int] | None = None) -> Pane:
        """The picture of one slot."""
        shape, value = self.facts.src.shapes[slot], self.facts.src.see(slot)
        if (slot, weight) not in self._panes:
            if value is None or getattr(value, "dtype", None) is None or value.size == 0:
                made = thumb(np.zeros(shape or (1,)), weight, tiles=tiles)
                hollow = f'<rect class="hollow" width="{made.width:.1f}" height="{made.height:.1f}"/>'
                pane = Pane(made.width, made.height, hollow, (sizes(shape), "not computed"))
            else:
                pane = thumb(np.asarray(value), weight, grey, tiles)
            self._panes[slot, weight] = pane
        return self._panes[slot, weight]

    def _none(self, slot: int, tiles: tuple[int, int] | None = None) -> Pane:
        """An empty place as large as the pane of a slot."""
        pane = self.pane(slot, slot in self.facts.state, tiles=tiles)
        return Pane(pane.width, pane.height, "", ())

    def _compose(self, item: Item, row: Row, panes: list[Pane], width: float) -> Sketch:
        name, path = self._title(item)
        lines = max((len(p.under) for p in panes), default=0)
        if row != "forward":
            name, path, lines = ("", "", min(lines, 1) if row == "update" else lines)
        taken = [max(p.width, *(mono(s, 10.5) + 4 for s in p.under)) if p.under else p.width for p in panes]
        gaps = 6.0 * (len(panes) - 1)
        inner = sum(taken) + gaps
        w = max(width, inner, sans(name) + 4, mono(path) + 4)
        high = SIDE  # names stand in one line, also over low matrices
        body, x = "", (w - inner) / 2
        outer = [(room - pane.width) / 2 for pane, room in zip(panes, taken, strict=True)]
        blank = x + min(outer[0], outer[-1]) - 2 if panes else 0.0
        for pane, room in zip(panes, taken, strict=True):
            body += f'<g transform="translate({x + (room - pane.width) / 2:.1f} {-pane.height / 2:.1f})">{pane.svg}</g>'
            for k, line in enumerate(pane.under[:lines]):
                body += text(x + room / 2, high / 2 + 14 + 13 * k, line, "m c" + (" f" if k else ""))
            x += room + 6
        more = ""  # what a folded part holds inside
        if item.node is not None and item.node.kind in ("group", "repeat") and row == "forward":
            more = f"{sum(x.size for x in self.facts.weights(item.node) if x.trained):,} weights inside"
            body += text(w / 2, high / 2 + 14 + 13 * lines, more, "c f")
        if name:
            body += text(w / 2, -high / 2 - 8, name, "t c")
        if path:
            body += text(w / 2, -high / 2 - 23, path, "m c f")
        up = high / 2 + (22 if name else 2) + (13 if path else 0)
        return Sketch(Extent(max(w, sans(more, 11)), up, high / 2 + 6 + 13 * lines + (13 if more else 0)), body, blank)

    def _title(self, item: Item) -> tuple[str, str]:
        if item.node is None:
            return item.name, ""
        name, path = self._names(item) if item.node.kind != "step" else (item.name, "")
        return short(name, 20) + (f" × {item.node.times}" if item.node.times > 1 else ""), short(path, 18)


def thumb(value: Any, weight: bool = False, grey: bool = False, tiles: tuple[int, int] | None = None) -> Pane:
    """An array as a small picture; weight: a parameter (its first side counts outputs, no examples)."""
    if value.size == 1 and not weight:
        number = f"{float(value.reshape(-1)[0]):.4g}".replace("-", "−")
        w = max(44.0, mono(number) + 14)
        frame = f'<rect class="box firm" width="{w:.1f}" height="44"/>'
        return Pane(w, 44.0, frame + text(w / 2, 26, number, "m c t"), ("one number",))
    if value.dtype.kind in "iu" and not weight and value.ndim <= 2:
        return _whole(value)
    table, told, tiny = _table(value, weight, tiles)
    rows, columns = table.shape
    scale = min(CELL, SIDE / max(rows, columns))
    w, h = max(STRIP, columns * scale), max(STRIP, rows * scale)
    if min(w, h) < 20 and value.ndim > 1:
        w, h = max(w, 20.0), max(h, 20.0)
    if value.ndim == 1 and weight:
        w, h = STRIP, SIDE if rows > 7 else rows * CELL
    if not tiny:
        table = mosaic(table, round(h * 1.5), round(w * 1.5))
    end = limit(value)
    light, dark = png(table, end, grey and value.ndim > 2 and value.dtype.kind in "fiu" and bool(value.min() >= 0))
    size = f'width="{w:.1f}" height="{h:.1f}" preserveAspectRatio="none"'
    svg = f'<image class="li" {size} href="{light}"/><image class="da" {size} href="{dark}"/>'
    under = (sizes(value.shape), *told) if value.ndim > 1 or not weight else ()
    return Pane(w, h, svg, (*under, f"±{end:g}") if under else ())


def _whole(value: Any) -> Pane:
    """Whole numbers (classes, words) as what they are; of many the first."""
    table = value.reshape(len(value), -1)[:6, :7]
    words = [[str(n).replace("-", "−") for n in row] for row in table]
    wide = max(len(word) for row in words for word in row) * 6.7 + 5
    w, h = wide * table.shape[1] + 6, 13.0 * table.shape[0] + 7
    svg = f'<rect class="well" width="{w:.1f}" height="{h:.1f}"/>'
    for i, row in enumerate(words):
        svg += "".join(text(w - 5 - wide * (len(row) - 1 - j), 13 * i + 13, word, "m e") for j, word in enumerate(row))
    told = (f"{table.size} of {value.size}",) if table.size < value.size else ()
    return Pane(w, h, svg, (sizes(value.shape), *told))


def _legend() -> str:
    light, dark = png(np.linspace(-1, 1, 61)[None], 1.0)
    size = 'x="58" y="-9" width="61" height="9" preserveAspectRatio="none"'
    bar = f'<image class="li" {size} href="{light}"/><image class="da" {size} href="{dark}"/>'
    return text(54, 0, "below zero", "e f") + bar + text(123, 0, "above", "f")


def _table(value: Any, weight: bool, tiles: tuple[int, int] | None) -> tuple[Any, tuple[str, ...], bool]:
    """The array as a table; what is not shown of it, in words; whether it is made of tiles."""
    if value.ndim <= 1:
        return value.reshape(-1, 1).astype(np.float64), (), False
    if value.ndim == 2:
        if tiles and weight and value.shape[1] == tiles[0] * tiles[1]:
            return _tiles(value.reshape(-1, *tiles), "rows")
        return value.astype(np.float64), (), False
    if value.ndim == 3 and weight:
        return value.reshape(len(value), -1).astype(np.float64), (), False
    if value.ndim == 3:  # a sequence (moments, numbers), or a grey picture of every example
        return value[0].astype(np.float64), (f"example 1 of {len(value)}",) if len(value) > 1 else (), False
    pictures = value.reshape(-1, *value.shape[-2:])
    if weight and value.ndim == 4 and value.shape[1] <= 8 and value.shape[0] <= 32:
        return tiled(pictures, len(pictures), across=value.shape[1] if value.shape[1] > 1 else None), (), True
    if weight or value.shape[1] == 1:
        return _tiles(pictures, "stencils" if weight else "examples")
    table, told, tiny = _tiles(value[0].reshape(-1, *value.shape[-2:]), "tiles")
    return table, (f"example 1 of {len(value)}", *told) if len(value) > 1 else told, tiny


def _tiles(pictures: Any, what: str) -> tuple[Any, tuple[str, ...], bool]:
    n, h, w = pictures.shape
    most = 40
    if max(h, w) > most:
        pictures = np.stack([mosaic(p, min(h, most), min(w, most)) for p in pictures[:TILES]])
    return tiled(pictures, TILES), (f"{TILES} of {n} {what}",) if n > TILES else (), True
