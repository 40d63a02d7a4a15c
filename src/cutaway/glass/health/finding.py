"""What an examination found: each thing in plain words, with a suggestion and a way to the moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from textwrap import fill
from typing import TYPE_CHECKING

from ..html import escape, frame, pretty

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Finding", "Health"]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    kind: what it is called: "not finite", "dead units", "vanishing gradients", ...
    where: the layer, weight or example; batch, op: the moment at which it is seen, as in ``run.at(batch, op)``
    said: what was met, with its numbers; advice: what to try

    >>> Finding("dead units", "1", 40, 3, "All 8 units of layer 1 are off.", "Make alpha smaller.")
    dead units, 1: All 8 units of layer 1 are off.
      Try: Make alpha smaller.
      See: run.at(40, 3)
    """

    kind: str
    where: str
    batch: int
    op: int
    said: str
    advice: str
    run: Run | None = field(default=None, repr=False, compare=False)

    def go(self) -> Run:
        """Take the run to the moment where it is seen."""
        assert self.run is not None
        return self.run.at(self.batch, self.op)

    @property
    def place(self) -> str:
        """How to go there, as it is typed."""
        return f"run.at({self.batch}, {self.op})" if self.op else f"run.at({self.batch})"

    def __repr__(self) -> str:
        head = f"{self.kind}, {self.where}" if self.where else self.kind
        lines = (f"{head}: {self.said}", f"  Try: {self.advice}", f"  See: {self.place}")
        return "\n".join(
            fill(line, 110, subsequent_indent="  " if k == 0 else "       ") for k, line in enumerate(lines)
        )


@dataclass(frozen=True)
class Health:
    """The report of an examination: true when nothing was found, a sequence of findings, text, and HTML.

    looked: what was looked at, in words

    >>> Health((), "batches 0 to 3")
    Nothing found. Looked at: batches 0 to 3.
    """

    findings: tuple[Finding, ...]
    looked: str
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.findings

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, which: int) -> Finding:
        return self.findings[which]

    @property
    def kinds(self) -> list[str]:
        """The kinds of what was found, each once, the gravest first."""
        return list(dict.fromkeys(finding.kind for finding in self))

    def __repr__(self) -> str:
        notes = "".join(f"\n{note}" for note in self.notes)
        if self:
            return f"Nothing found. Looked at: {self.looked}.{notes}"
        lines = [f"{k}. {finding!r}" for k, finding in enumerate(self, 1)]
        return "\n".join([*lines, f"Looked at: {self.looked}."]) + notes

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{pretty(note)}</p>" for note in self.notes)
        looked = f"<p>Looked at: {escape(self.looked)}.</p>{notes}"
        if self:
            return frame('<p class="big">Nothing found.</p>', looked)
        items = "".join(
            f'<h5><span class="no">▲</span> {escape(f.kind)}{", " * bool(f.where)}{escape(f.where)}</h5>'
            f"<p>{pretty(f.said)}</p><p><b>Try:</b> {pretty(f.advice)}</p><p>See: <code>{escape(f.place)}</code></p>"
            for f in self
        )
        return frame(items, looked)
