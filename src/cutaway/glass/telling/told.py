"""What a reader is told: the analogy, the formula, what each part means, and the numbers of this moment."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...engine.errors import CutawayError
from ...engine.story import Story
from ..drawing import term_bar
from ..html import escape, fig, frame, pretty, table
from .inside import opened
from .numbers import numbers
from .rows import Case, Row, lines

__all__ = ["Explained", "rows_page"]

MOST = 12  # smaller steps told at a time


@dataclass(frozen=True)
class Explained:
    """A step, a layer, the loss or the optimizer as a reader is told it: prints as text, and as a page in a notebook.

    title, label: what it is and where; story: analogy, formula, parts; case: the number that is followed
    inside: the steps it is made of; note: what else a reader should know; reads: the slots it reads and fills

    >>> from cutaway import ops
    >>> told = Explained("relu", "forward/1", ops.relu.story)
    >>> print(str(told).splitlines()[0])
    relu   (forward/1)
    """

    title: str
    label: str
    story: Story
    case: Case | None = None
    inside: tuple[Explained, ...] = ()
    note: str = ""
    reads: str = ""

    @cached_property
    def rows(self) -> list[Row]:
        """The formula again, with this moment's numbers in it."""
        if self.case is None:
            return []
        case = self.case
        with np.errstate(all="ignore"):
            return numbers(case.op, case.arrays, case.attrs, case.y, case.at)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The rows as lines of text."""
        return tuple(lines(self.rows))

    @property
    def can_open(self) -> bool:
        """Is there a way to say this step in smaller ones?"""
        return self.case is not None and self.case.op.written is not None and not self.inside

    def opened(self) -> Explained:
        """The same step in smaller ones, each with its numbers: the inside view of a loss, a norm, a loop over time.

        >>> from cutaway import ops
        >>> case = Case(ops.mse, [np.ones(2), np.zeros(2)], {}, np.array(1.0), ())
        >>> [step.title.split(" = ")[1] for step in Explained("mse", "loss", ops.mse.story, case).opened().inside]
        ['sub(x, target)', 'power(s1)', 'mean(s2)']
        """
        if self.case is None or self.case.op.written is None:
            raise CutawayError(
                f"{self.title} is as small as a step gets: its formula is all there is."
                if self.case
                else f"{self.title} cannot be opened here: only one step, with its numbers, can."
            )
        small = tuple(Explained(title, "", case.op.story, case) for title, case in opened(self.case))
        return replace(self, inside=small)

    # -- as text ------------------------------------------------------------------------------------------------
    def __repr__(self) -> str:
        where = f"   ({self.label})" if self.label else ""
        text = [f"{self.title}{where}", *_wrapped(self.story.analogy, 2), ""]
        text += [f"    {line}" for line in self.story.formula.splitlines()]
        parts = [line for part, meaning in self.story.parts.items() for line in _wrapped(f"{part}: {meaning}", 2, 2)]
        text += ["", *parts] if parts else []
        if self.rows:
            text += ["", "With the numbers of this moment:", *_wrapped(self.reads, 4, 2)]
            text += [f"    {line}" for line in self.numbers]
        for step in self.inside[:MOST]:
            text += ["", f"  {step.title}{f'   ({step.label})' if step.label else ''}", *step._short()]
        if len(self.inside) > MOST:
            text += ["", f"  ... and {len(self.inside) - MOST} steps more (.inside has them all)"]
        if self.can_open:
            text += ["", "This step is made of smaller ones: .opened() shows them."]
        if self.note:
            text += ["", *_wrapped(self.note, 0)]
        return "\n".join(text)

    def _short(self) -> list[str]:
        if self.rows:
            return [f"      {line}" for line in self.numbers]
        return [f"      {line}" for line in self.story.formula.splitlines()]

    # -- as a page ----------------------------------------------------------------------------------------------
    def _repr_html_(self) -> str:
        return frame(self._page())

    def _page(self) -> str:
        where = f" <small>{escape(self.label)}</small>" if self.label else ""
        parts = [f"<h4>{escape(self.title)}{where}</h4>", f'<p class="big">{escape(self.story.analogy)}</p>']
        if self.story.formula:
            parts.append(f"<pre>{escape(self.story.formula)}</pre>")
        if self.story.parts:
            terms = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in self.story.parts.items())
            parts.append(f"<dl>{terms}</dl>")
        if self.rows:
            reads = f"<p>{escape(self.reads)}</p>" if self.reads else ""
            parts += ["<h5>With the numbers of this moment</h5>", reads, rows_page(self.rows)]
        for step in self.inside[:MOST]:
            parts.append(f"<h5>{escape(step.title)} <small>{escape(step.label)}</small></h5>")
            parts.append(rows_page(step.rows) if step.rows else f"<pre>{escape(step.story.formula)}</pre>")
        if len(self.inside) > MOST:
            parts.append(f"<p>... and {len(self.inside) - MOST} steps more (<code>.inside</code> has them all)</p>")
        if self.can_open:
            parts.append("<p>This step is made of smaller ones: <code>.opened()</code> shows them.</p>")
        if self.note:
            parts.append(f"<p>{escape(self.note)}</p>")
        return "".join(parts)


def rows_page(rows: list[Row]) -> str:
    """Sentences as paragraphs, and each sum as a table with a bar for every term."""
    parts: list[str] = []
    block: list[Row] = []
    for row in [*rows, None]:
        if row is not None and row.kind not in ("say", "facts"):
            block.append(row)
            continue
        if block:
            parts.append(_sum_page(block))
            block = []
        if row is not None:
            formula = row.kind == "facts" or " = " in row.words
            parts.append(f'<p class="mono">{pretty(row.words)}</p>' if formula else f"<p>{pretty(row.words)}</p>")
    return "".join(parts)


def _sum_page(block: list[Row]) -> str:
    end = max((abs(row.value or 0.0) for row in block if row.kind != "total"), default=0.0)
    cells, sums = [], []
    for k, row in enumerate(block):
        value = 0.0 if row.value is None else row.value
        if row.kind == "total":
            sums.append(k)
        bar = "" if row.kind == "total" else term_bar(value, end)
        told = f"= {pretty(row.numbers)}" if row.numbers else ""
        cells.append([fig(value), f"<span>{told}</span>", f"<span>{escape(row.words)}</span>", bar])
    return table(cells, sums=sums)


def _wrapped(text: str, indent: int, hang: int = 0) -> list[str]:
    return textwrap.wrap(text, 78, initial_indent=" " * indent, subsequent_indent=" " * (indent + hang))
