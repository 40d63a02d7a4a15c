"""The first depth: every part a box with its name, its shape and how many weights it has."""

from __future__ import annotations

from html import escape
from typing import Literal, NamedTuple

import numpy as np

from .facts import Facts
from .layout import GAP, Extent, Layout
from .style import mono, sans, short, text
from .text import count, sizes
from .view import Item

__all__ = ["Boxes", "Row", "Sketch", "per_example"]

Row = Literal["forward", "back", "update"]
SIGNS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "−", "sum_to": "Σ", "sum": "Σ"}
LOOPS = {"rnn", "gru", "lstm"}  # operations that walk along a sequence


class Sketch(NamedTuple):
    """One drawing, its left side at x = 0 and the line of its arrows at y = 0.

    blank: how far from either side arrows end, where there is nothing but room for text
    """

    extent: Extent
    svg: str
    blank: float = 0.0


def per_example(facts: Facts, shape: tuple[int, ...] | None) -> str:
    """A shape without its first side, where that is the batch."""
    tape = facts.src.tape
    batch = next((s[0] for slot in tape.inputs.values() if (s := facts.src.shapes[slot])), None)
    if shape and shape[0] == batch:
        return sizes(shape[1:]) if len(shape) > 1 else "one number"
    return sizes(shape)


class Boxes:
    """Draws items as boxes."""

    legend = ""  # what the colours mean, as SVG from (0, 0), where there are colours
    gap = GAP

    def __init__(self, facts: Facts, around: str = "") -> None:
        """around: the path of what the strip shows the inside of; paths are written from there on."""
        self.facts, self.around = facts, around

    def sketch(self, item: Item, row: Row = "forward", width: float = 0.0) -> Sketch | None:
        """An item's box; of the lower rows None where it has no such steps. ``width``: at least so wide."""
        if row != "forward":
            return self._lower(item, row, width)
        if item.node is None:
            return self._end(item)
        if item.node.kind == "step":
            return self._step(item, width)
        return self._layer(item, width)

    def between(self, a: Item, b: Item, plan: Layout, u: int, v: int) -> str:
        """Boxes have nothing but arrows between them."""
        return ""

    def _layer(self, item: Item, width: float) -> Sketch:
        node = item.node
        assert node is not None
        kind, path = self._names(item)
        name = short(kind, 24) + (f" × {node.times}" if node.times > 1 else "")
        lines = [self._shape(item)]
        weights = [w for w in self.facts.weights(node) if w.trained]
        if total := sum(w.size for w in weights):
            lines.append(count(total, "weight"))
        tied = next((w for w in weights if w.tied), None) if node.kind == "layer" else None
        if tied:
            lines.append(f"shares {short(tied.name, 15)}")
        w = max(width, 64.0, sans(name) + 22, *(mono(s) + 18 for s in lines), mono(short(path, 20)) + 4)
        h = 28.0 + 15 * len(lines)
        body = ""
        if node.kind != "layer" and node.kind != "phase":  # sheets behind: it holds more layers
            body += f'<rect class="box" x="6" y="{-h / 2 + 6:.1f}" width="{w:.1f}" height="{h:.1f}" rx="4"/>'
            body += f'<rect class="box" x="3" y="{-h / 2 + 3:.1f}" width="{w:.1f}" height="{h:.1f}" rx="4"/>'
        body += f'<rect class="box firm" x="0" y="{-h / 2:.1f}" width="{w:.1f}" height="{h:.1f}" rx="4"/>'
        body += text(w / 2, -h / 2 + 18, name, "t c")
        for k, line in enumerate(lines):
            body += text(w / 2, -h / 2 + 34 + 15 * k, line, "m c" if k == 0 else "c f")
        if path:
            body += text(w / 2, -h / 2 - 6, short(path, 20), "m c f p")
        down = h / 2 + (7 if node.kind in ("group", "repeat") else 1)
        if LOOPS & set(self.facts.ops(node)):  # what it says is heard again at the next moment
            y = h / 2
            body += f'<path class="road" d="M{w * 0.7:.1f} {y:.1f}v6q0 5 -5 5H{w * 0.3 + 5:.1f}q-5 0 -5 -5v-4"/>'
            body += f'<path class="road" d="M{w * 0.3 - 3.5:.1f} {y + 5:.1f}l3.5 -5l3.5 5"/>'
            down = h / 2 + 13
        return Sketch(Extent(w, h / 2 + (18 if path else 2), down), body)

    def _names(self, item: Item) -> tuple[str, str]:
        node = item.node
        assert node is not None
        if node.kind == "phase":  # the loss: by the name it was called by
            made = {step.output for step in self.facts.src.tape.steps[node.start : node.stop]}
            kinds = [kind for _, kind, slot in self.facts.src.tape.visits if slot in made]
            return (kinds[0] if kinds else node.name), node.name if kinds else ""
        if node.name == node.path:
            return node.name, ""
        return node.name, self.near(node.path)

    def near(self, path: str) -> str:
        """A path as it is called from inside."""
        return path.removeprefix(f"{self.around}.") if self.around else path

    def _shape(self, item: Item) -> str:
        value = self.facts.src.see(item.slot) if item.shape == () else None
        if value is not None and np.ndim(value) == 0:
            return f"{float(value):.4g}".replace("-", "−")
        return per_example(self.facts, item.shape)

    def _step(self, item: Item, width: float) -> Sketch:
        sign = SIGNS.get(item.name, item.name)
        node = item.node
        assert node is not None
        weights = [w.name.rpartition(".")[2] for w in self.facts.weights(node)]
        lines = [self._shape(item)] if sign == item.name else []
        if weights and not item.name.startswith("update"):
            lines.append(short(", ".join(weights), 20))
        if not lines:
            title = f"<title>{escape(item.name)} {sizes(item.shape)}</title>"
            x = max(width, 24.0) / 2
            circle = f'<circle class="box firm" cx="{x:.1f}" cy="0" r="12"/>'
            return Sketch(Extent(2 * x, 13, 13), f"{title}{circle}{text(x, 4, sign, 't c')}", x - 12)
        w = max(width, sans(sign) + 18, *(mono(s) + 14 for s in lines))
        h = 24.0 + 14 * len(lines)
        body = f'<rect class="box" x="0" y="{-h / 2:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{min(h / 2, 14):.1f}"/>'
        body += text(w / 2, -h / 2 + 17, sign, "t c")
        for k, line in enumerate(lines):
            body += text(w / 2, -h / 2 + 31 + 14 * k, line, "m c" + (" f" if k else ""))
        return Sketch(Extent(w, h / 2 + 1, h / 2 + 1), body)

    def _end(self, item: Item) -> Sketch:
        """An input, or where a road comes in or leaves."""
        shape = per_example(self.facts, item.shape)
        name = short(self.near(item.name), 18)
        w = max(40.0, mono(shape) + 10, mono(name) + 4)
        if item.kind == "out":
            dot = '<circle class="dot" cx="4" cy="0" r="3"/>'
            return Sketch(Extent(w, 29, 6), dot + text(1, -21, name, "f") + text(1, -8, shape, "m"))
        if item.kind == "port":
            dot = f'<circle class="dot" cx="{w - 4:.1f}" cy="0" r="3"/>'
            return Sketch(Extent(w, 29, 6), dot + text(w - 1, -21, name, "m e f") + text(w - 1, -8, shape, "m e"))
        body = f'<rect class="well" x="0" y="-20" width="{w:.1f}" height="40" rx="4"/>'
        return Sketch(Extent(w, 21, 21), body + text(w / 2, -3, name, "t c") + text(w / 2, 12, shape, "m c"))

    def _lower(self, item: Item, row: Row, width: float) -> Sketch | None:
        numbers = item.back if row == "back" else item.update
        if not numbers:
            return None
        steps = [self.facts.src.tape.steps[n] for n in numbers]
        ops = list(dict.fromkeys(step.op.name for step in steps))
        told = ", ".join(ops) if len(ops) <= 2 else f"{ops[0]}, … {ops[-1]}"
        name = "gradient" if row == "back" else "update"
        lines = [count(len(steps), "step"), short(told, 22)]
        w = max(width, sans(name) + 18, *(mono(s) + 14 for s in lines))
        body = f'<rect class="box" x="0" y="-27" width="{w:.1f}" height="54" rx="4"/>'
        body += text(w / 2, -10, name, "t c") + text(w / 2, 5, lines[0], "c f") + text(w / 2, 19, lines[1], "m c")
        return Sketch(Extent(w, 28, 28), body)
