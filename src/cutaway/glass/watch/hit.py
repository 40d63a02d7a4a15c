"""A hit: the moment at which a watched condition came true, told in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from ..text import number

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Hit"]


@dataclass(frozen=True)
class Hit:
    """What happened, and where.

    condition: in the words it was given; batch: the batch in which it came true
    place: (batch, op) where the run stands then; label: the step after which it stopped, "" between two batches
    values: the quantities of the condition -> (before, after), before being one look earlier, None where not known
    note: what else there is to say

    >>> Hit("loss > 2", 41, (42, 0), "", {"loss": (1.93, 2.11)})
    loss > 2: in batch 41 loss went from 1.93 to 2.11.
    """

    condition: str
    batch: int
    place: tuple[int, int]
    label: str
    values: dict[str, tuple[Any, Any]]
    note: str = ""
    run: Run | None = field(default=None, repr=False, compare=False)

    def go(self) -> Run:
        """Take the run to this place again, back or forth."""
        assert self.run is not None
        return self.run.at(*self.place)

    def __repr__(self) -> str:
        told = [
            f"{what} went from {_told(before)} to {_told(after)}"
            if before is not None and before != after
            else f"{what} is {_told(after)}"
            for what, (before, after) in self.values.items()
        ]
        if self.note:
            told.append(self.note)
        where = f"in batch {self.batch}" + (f", after {self.label}" if self.label else "")
        return f"{self.condition}: {where} {' and '.join(told) or 'it came true'}."

    def _repr_html_(self) -> str:
        return f"<p><code>{escape(self.condition)}</code> {escape(repr(self)[len(self.condition) :])}</p>"


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, float) for v in value):
        return f"{number(value[0])} .. {number(value[1])}"
    return number(value) if isinstance(value, int | float) else str(value)
