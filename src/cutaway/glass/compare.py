"""Two branches of a run side by side: where they part and why, their losses, and where their weights differ now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import CutawayError
from .drawing import curves, term_bar
from .html import escape, fig, frame, pretty, table
from .text import curve, number, place

if TYPE_CHECKING:
    from ..training.history import Event
    from ..training.run import Run

__all__ = ["Compared", "Difference", "compare", "differences"]

SHOWN = 12  # parameters, the rest are counted


@dataclass(frozen=True)
class Difference:
    """How far apart one parameter of two runs is.

    index: of the number that differs most; largest: b there minus a; root_mean_square: of all its differences
    relative: that, as a share of the size of a's numbers; None where those are all 0
    """

    name: str
    index: tuple[int, ...]
    largest: float
    root_mean_square: float
    relative: float | None


def differences(a: Run, b: Run) -> list[Difference]:
    """Where the parameters of two runs differ, the farthest apart first; without those that are the same."""
    found = []
    for name, ours in a.state.items():
        theirs = b.state.get(name)
        if name.startswith("optim/") or theirs is None or theirs.shape != ours.shape or not ours.size:
            continue
        gap = np.asarray(theirs, np.float64) - ours
        where = int(np.argmax(np.abs(gap)))
        if gap.flat[where] == 0:
            continue
        size, apart = (float(np.sqrt(np.mean(np.square(each, dtype=np.float64)))) for each in (ours, gap))
        index = tuple(int(k) for k in np.unravel_index(where, gap.shape))
        found.append(Difference(name, index, float(gap.flat[where]), apart, apart / size if size else None))
    return sorted(found, key=lambda one: -one.root_mean_square)


@dataclass(frozen=True)
class Compared:
    """Two runs side by side; prints as text in a terminal and as curves and a table in a notebook.

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> Compared(run, run.fork().edit("bias", 1.0), ("A", "B")).differences[0].name
    'bias'
    """

    a: Run
    b: Run
    names: tuple[str, str]

    @cached_property
    def parted(self) -> int | None:
        """The first batch that went differently, or None where nothing did so far."""
        x, y = (np.asarray(run.losses) for run in (self.a, self.b))
        both = min(len(x), len(y))
        apart = ~((x[:both] == y[:both]) | (np.isnan(x[:both]) & np.isnan(y[:both])))
        firsts = [int(np.argmax(apart))] if apart.any() else []
        firsts += [event.batch for _, event in self.events]
        return min(firsts, default=None)

    @cached_property
    def events(self) -> list[tuple[str, Event]]:
        """The changes by hand that only one of the two had, each with the name of its run, in the order of time."""
        ours, theirs = ({_key(e): e for e in run.history.events} for run in (self.a, self.b))
        found = [(self.names[0], e) for k, e in ours.items() if k not in theirs]
        found += [(self.names[1], e) for k, e in theirs.items() if k not in ours]
        return sorted(found, key=lambda one: (one[1].batch, one[1].op))

    @cached_property
    def differences(self) -> list[Difference]:
        """Where their parameters differ now, the farthest apart first."""
        return differences(self.a, self.b)

    @property
    def sentence(self) -> str:
        """Where they part, and what was done by hand."""
        if self.parted is None:
            same = "and every weight is the same" if not self.differences else "but their weights differ"
            return f"No batch went differently so far, {same}."
        told = "; ".join(f"in {name} {_told(event)}" for name, event in self.events[:3])
        more = f"; {len(self.events) - 3} more" if len(self.events) > 3 else ""
        return f"They part in batch {self.parted}{': ' * bool(told)}{told}{more}."

    # -- as text ------------------------------------------------------------------------------------------------
    def __repr__(self) -> str:
        lines = [self.sentence]
        losses = [np.asarray(run.losses) for run in (self.a, self.b)]
        every = np.concatenate(losses)
        every = every[np.isfinite(every)]
        ends = (float(every.min()), float(every.max())) if every.size else (None, None)
        wide = max(len(name) for name in self.names)
        for name, run, line in zip(self.names, (self.a, self.b), losses, strict=True):
            now = f"loss {number(line[-1])}" if len(line) else "no loss yet"
            lines.append(f"{name.ljust(wide)}  {curve(line, 60, *ends)}  {run.batch} batches, {now}")
        if self.differences:
            lines += ["", f"Where the weights differ ({self.names[1]} minus {self.names[0]}):"]
            rows = [("", "farthest apart", "typical", f"of {self.names[0]}'s size"), *self._rows(number)]
            widths = [max(len(row[k]) for row in rows) for k in range(4)]
            lines += ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
            lines += [self._rest] * bool(self._rest)
        return "\n".join(lines)

    def _rows(self, figure: Any) -> list[tuple[str, str, str, str]]:
        return [
            (d.name, f"{figure(d.largest)} at {place(d.index) or 'it'}", figure(d.root_mean_square), _share(d.relative))
            for d in self.differences[:SHOWN]
        ]

    @property
    def _rest(self) -> str:
        more = len(self.differences) - SHOWN
        return f"and {more} more parameters, which differ less" if more > 0 else ""

    # -- as a page ----------------------------------------------------------------------------------------------
    def _repr_html_(self) -> str:
        losses = [(name, run.losses) for name, run in zip(self.names, (self.a, self.b), strict=True)]
        a, b = map(escape, self.names)
        mark = -1 if self.parted is None else self.parted
        drawn = curves(losses, f"The losses of {self.names[0]} and {self.names[1]}. {self.sentence}", mark=mark)
        parts = [f"<h4>{a} and {b}</h4>", f'<p class="big">{pretty(self.sentence)}</p>', drawn]
        parts.append(f"<p>{a}: the line, {self._now(self.a)}; {b}: dashed, {self._now(self.b)}</p>")
        if self.differences:
            end = max(d.root_mean_square for d in self.differences)
            rows = [
                [f"<code>{escape(row[0])}</code>", *map(escape, row[1:]), term_bar(d.root_mean_square, end)]
                for row, d in zip(self._rows(fig), self.differences, strict=False)
            ]
            head = ["", "farthest apart", "typical", f"of {self.names[0]}'s size", ""]
            parts.append(
                f"<h5>Where the weights differ ({b} minus {a})</h5>{table(rows, head)}<small>{self._rest}</small>"
            )
        return frame(*parts)

    @staticmethod
    def _now(run: Run) -> str:
        return f"{run.batch} batches" + (f", loss {fig(run.losses[-1])}" if len(run.losses) else "")


def compare(a: Run, b: Run, names: tuple[str, str] = ("A", "B")) -> Compared:
    """Two branches side by side: where they part, their losses, and where their weights differ.

    names: what the two are called

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> other = run.train(batches=2, progress=False).fork().edit("weight", (0, 0), 0.0)
    >>> compare(run, other).sentence
    'They part in batch 2: in B weight[0, 0] was set to 0.'
    """
    if a is b:
        raise CutawayError("A run was compared with itself; run.fork() makes another from this moment.")
    return Compared(a, b, names)


def _key(event: Event) -> tuple[Any, ...]:
    value = event.value if event.kind == "settings" else (np.shape(event.value), np.asarray(event.value).tobytes())
    return (event.batch, event.op, event.kind, event.name, str(event.index), value)


def _told(event: Event) -> str:
    if event.kind == "settings":
        return "freezing, modes or the batch size were changed"
    name = event.name.removeprefix("optim/")
    at = "" if event.index is None else place(event.index if isinstance(event.index, tuple) else (event.index,))
    to = f" to {number(np.asarray(event.value).item())}" if np.size(event.value) == 1 else ""
    return f"{name}{at} was set{to}" if to else f"{name}{at} was changed"


def _share(relative: float | None) -> str:
    if relative is None:
        return ""
    return (
        f"{relative:.1f} times"
        if relative >= 2
        else f"{100 * relative:.0f} %"
        if relative >= 0.1
        else f"{100 * relative:.2g} %"
    )
