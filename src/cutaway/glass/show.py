"""Any array, so that a person can see it: a line that sums it up, how its numbers are spread, and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import CutawayError
from .drawing import bar_chart, curves, heat_map, histogram, picture, tiles
from .html import escape, fig, frame, table
from .moment import batch_of, named_slot
from .pictures import picture_range
from .text import LEGEND, bars, curve, heat, number

if TYPE_CHECKING:
    from ..training.run import Run

__all__ = ["Shown", "show", "show_of"]

CELLS = 64  # a picture in a terminal has at most so many rows and columns
FEW = 16  # so many numbers are simply printed
PICTURES = 32  # shown at a time


@dataclass(frozen=True)
class Shown:
    """An array that prints as text in a terminal and as a picture in a notebook.

    pictures: black and white, where the numbers are pictures for an eye; line: is it one number after another in time?

    >>> Shown(np.array([1.0, 3.0]), "pair").summary
    'pair 2:  min 1  max 3  mean 2  zeros 0%'
    """

    array: Any
    name: str = ""
    pictures: tuple[float, float] | None = None
    line: bool = False

    @cached_property
    def facts(self) -> dict[str, Any]:
        """min, max and mean of the numbers there are, the share of zeros, and how many are NaN or infinite."""
        a = np.asarray(self.array)
        if a.dtype == bool:
            a = a.astype(np.int8)
        finite = np.isfinite(a) if a.dtype.kind == "f" else np.ones(a.shape, bool)
        inner = a if finite.all() else a[finite]
        facts: dict[str, Any] = {}
        if inner.size:
            facts = {"min": inner.min(), "max": inner.max(), "mean": inner.mean(dtype=np.float64)}
        if a.size:
            facts["zeros"] = np.count_nonzero(a == 0) / a.size
            facts |= {k: int(n) for k, n in (("NaN", np.isnan(a).sum()), ("infinite", np.isinf(a).sum())) if n}
        return facts

    @property
    def summary(self) -> str:
        """One line: shape, smallest, largest, mean, zeros, and whatever is no number."""
        facts = self.facts
        shape = " x ".join(map(str, np.shape(self.array))) or "one number"
        parts = [f"{self.name} {shape}:".strip()]
        if not facts:
            return f"{parts[0]} empty"
        if "min" in facts:
            parts.append("  ".join(f"{k} {number(float(facts[k]))}" for k in ("min", "max", "mean")))
        parts.append(f"zeros {facts['zeros']:.0%}")
        parts += [f"{k} {facts[k]}!" for k in ("NaN", "infinite") if k in facts]
        return "  ".join(parts)

    # -- as text ------------------------------------------------------------------------------------------------
    def __repr__(self) -> str:
        return "\n".join([self.summary, *self._numbers(), *self._shades()])

    def _numbers(self) -> list[str]:
        a = np.asarray(self.array)
        if a.size <= FEW:
            return [np.array2string(a, precision=4, suppress_small=True, separator=", ")]
        return [] if self.line else [f"spread {bars(a)}"]

    def _shades(self) -> list[str]:
        a = np.asarray(self.array)
        if a.size <= FEW:
            return []
        if self.line:
            return [curve(a, 72), f"from {number(a[0])} to {number(a[-1])}"]
        signed = "min" in self.facts and float(self.facts["min"]) < 0
        return [heat(sheet(a)), *([LEGEND] if signed else [])]

    def __rich__(self) -> Any:
        """In a terminal with colours: blue below zero, orange above."""
        from rich.text import Text

        text = Text("\n".join([self.summary, *self._numbers(), ""]), no_wrap=True)
        shades = Text("\n".join(self._shades()))
        shades.highlight_regex(r"[░▒▓█▁▂▃▄▅▆▇]+", "dark_orange3")
        shades.highlight_regex(r"[·\-=≡]+", "dodger_blue2")
        return text + shades

    # -- as a page ----------------------------------------------------------------------------------------------
    def _repr_html_(self) -> str:
        a = np.asarray(self.array)
        head = f"<h4>{escape(self.name)}</h4>" if self.name else ""
        told = f"<code>{escape(' x '.join(map(str, a.shape)) or 'one number')}</code>"
        facts = "".join(f" &nbsp; {k} <code>{f'{v:.0%}' if k == 'zeros' else fig(v)}</code>" for k, v in self._good())
        bad = "".join(
            f' &nbsp; <span class="no">▲ {self.facts[k]:,} {k}</span>' for k in ("NaN", "infinite") if k in self.facts
        )
        if not a.size:
            return frame(head, f"<p>{told}: empty</p>")
        spread = "" if self.line or a.size <= 2 else histogram(a, self.name)
        body = f'<div class="row"><div>{self._drawn(a)}</div>{spread}</div>'
        return frame(head, f"<p>{told}{facts}{bad}</p>", body, self._table(a))

    def _good(self) -> list[tuple[str, Any]]:
        return [(k, v) for k, v in self.facts.items() if k in ("min", "max", "mean", "zeros")]

    def _drawn(self, a: Any) -> str:
        label = self.summary
        if a.dtype == bool:
            a = a.astype(np.float32)
        if a.size == 1:
            return f'<p class="big"><b class="mono" style="font-size:32px">{fig(a.reshape(-1)[0])}</b></p>'
        if self.line:
            return curves([(self.name, a)], label)
        if self.pictures is not None and a.ndim >= 3:
            low, high = self.pictures
            shown = "".join(
                f"<figure>{picture(p, f'{self.name}[{k}]', 64, low, high)}</figure>" for k, p in enumerate(a[:PICTURES])
            )
            more = f"<small>the first {PICTURES} of {len(a):,}</small>" if len(a) > PICTURES else ""
            return f'<div class="row" style="gap:6px">{shown}</div>{more}'
        if a.ndim == 1 and a.size <= CELLS:
            return bar_chart(a, label)
        if a.ndim > 2 and a.shape[-1] * a.shape[-2] == 1:
            a = a.reshape(a.shape[:-2])
        if a.ndim <= 2:
            return heat_map(a.reshape(1, -1) if a.ndim < 2 else a, label)
        return tiles(a.reshape(-1, *a.shape[-2:]), label)

    def _table(self, a: Any) -> str:
        """The first numbers as a table, for screen readers and for whoever wants them."""
        if a.size == 1:
            return ""
        flat = a.reshape(1, -1) if a.ndim < 2 else a.reshape(-1, a.shape[-1])
        rows, columns = min(10, len(flat)), min(12, flat.shape[1])
        cells = [[f"[{k}]", *(fig(v) for v in flat[k, :columns])] for k in range(rows)]
        where = (
            ""
            if (rows, columns) == flat.shape
            else f"the first {rows} x {columns} of {len(flat):,} x {flat.shape[1]:,}"
        )
        shown = table(cells, ["", *map(str, range(columns))], where)
        return f"<details><summary>The numbers</summary>{shown}</details>"


def show(x: Any, name: str = "", *, pictures: bool | None = None) -> Shown:
    """Show an array, a tensor or a parameter: numbers if they are few, else their spread and a heat map.

    pictures: are they pictures for an eye, (N, H, W), (N, 1, H, W) in grey or (N, 3, H, W) in colour? When not said,
        they are if all numbers lie from 0 to 1 and the sides fit

    >>> show(np.eye(2), "identity")
    identity 2 x 2:  min 0  max 1  mean 0.5  zeros 50%
    [[1., 0.],
     [0., 1.]]
    """
    array = np.asarray(x.data if hasattr(x, "requires_grad") else x)
    if array.dtype.kind not in "fiub":
        raise CutawayError(f"show: an array of numbers can be shown, and this holds {array.dtype}.")
    seen = picture_range(array) if pictures or (pictures is None and array.ndim == 4) else None
    if pictures is None and seen not in ((0.0, 1.0), (0.0, 255.0)):
        seen = None
    return Shown(array, name or getattr(x, "name", ""), seen)


def show_of(run: Run, name: int | str | None = None) -> Shown:
    """A part of a run by its name: state, input, slot, label, layer or gradient; the losses when not said.

    Slots of the open batch; while none is open, of the last one done, and then the name says which batch that was.
    """
    if name is None:
        return Shown(run.losses, "loss", line=True)
    if isinstance(name, str) and (name in run.state or f"optim/{name}" in run.state):
        return _of_examples(run, Shown(np.asarray(run.see(name)), name))
    batch = batch_of(run)
    slot = named_slot(batch.program, name)
    value = batch.read(slot)
    if value is None:
        raise CutawayError(_empty(batch, name, slot))
    label = "" if isinstance(name, int) or name in batch.program.inputs else f", slot {slot}"
    told = f"slot {name}" if isinstance(name, int) else str(name)
    called = batch.called(slot) if isinstance(name, int) else ""
    label += f", {called.partition('(')[2].rstrip(')') or called}" if called and called != told else ""
    told += "" if batch.open else f", {batch.told}"
    is_x = slot == batch.program.inputs.get("x")
    return _of_examples(run, Shown(np.asarray(value), told + label, picture_range(value) if is_x else None))


def _empty(batch: Any, name: Any, slot: int) -> str:
    steps = batch.program.steps
    k = next((k for k, step in enumerate(steps) if step.output == slot), None)
    if k is None or not batch.open:
        return f"{name!r} holds nothing yet: no batch is done. run.step('op') opens the first one."
    return (
        f"{name!r} is not computed yet: it is step {k + 1} of {len(steps)}, and {batch.done} are done. "
        f"run.at({batch.number}, {k + 2}) goes to the moment after it."
    )


def _of_examples(run: Run, shown: Shown) -> Shown:
    """Rows of weights that see a whole picture are shown as pictures of weights."""
    a, data = shown.array, run.data
    if a.ndim != 2 or data is None or picture_range(data.x[:1]) is None or a.shape[1] != data.x[0].size:
        return shown
    return Shown(a.reshape(-1, *data.x.shape[-2:]), shown.name, None)


def sheet(a: Any) -> Any:
    """Any array as one table: the last two sides are a picture, the sides before them lie as tiles side by side.

    >>> sheet(np.ones((3, 2, 2))).shape
    (2, 8)
    """
    if a.ndim <= 2:
        return a.reshape(1, -1) if a.ndim < 2 else a
    if a.shape[-1] * a.shape[-2] == 1:
        return sheet(a.reshape(a.shape[:-2]))
    planes = a.reshape(-1, *a.shape[-2:])
    across = max(1, min(len(planes), CELLS // (planes.shape[2] + 1)))
    down = min(-(-len(planes) // across), max(1, CELLS // (planes.shape[1] + 1)))
    h, w = planes.shape[1] + 1, planes.shape[2] + 1
    table = np.zeros((down * h - 1, across * w - 1), np.float64)
    for k, plane in enumerate(planes[: down * across]):
        i, j = divmod(k, across)
        table[i * h : i * h + h - 1, j * w : j * w + w - 1] = plane
    return table
