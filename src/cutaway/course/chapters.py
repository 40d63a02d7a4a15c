"""Which chapters there are, what they are called, and each as a notebook."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..engine.errors import CutawayError
from . import reading

__all__ = ["Chapter", "chapter", "chapters"]

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Chapter:
    """One chapter: its number, and the text file it is written in."""

    number: int
    path: Path

    @cached_property
    def title(self) -> str:
        """What its first heading says, without the number."""
        heading = re.search(r"^# (?:\d+\.\s*)?(.+)$", self.path.read_text(encoding="utf-8"), re.MULTILINE)
        return heading[1].strip() if heading else self.path.stem[3:].replace("_", " ")

    @property
    def file_name(self) -> str:
        """How the learner's copy is called."""
        return f"{self.path.stem}.ipynb"

    def whole(self) -> dict[str, Any]:
        """The notebook with all its cells, also those that check our prose."""
        return reading.read(self.path)

    def notebook(self) -> dict[str, Any]:
        """The learner's notebook: as it was built into the package, or made from the text of an editable install."""
        shipped = self.path.with_suffix(".ipynb")
        if shipped.exists():
            return dict(json.loads(shipped.read_text(encoding="utf-8")))
        try:
            return reading.learners(self.whole(), self.number)
        except ModuleNotFoundError as error:
            from .lab import missing

            raise missing("jupytext") from error


def chapters() -> dict[int, Chapter]:
    """The chapters by their numbers.

    >>> all(chapter.path.name.startswith(f"{number:02}_") for number, chapter in chapters().items())
    True
    """
    found = (Chapter(int(path.name[:2]), path) for path in sorted(HERE.glob(reading.NAME)))
    return {one.number: one for one in found}


def chapter(number: int) -> Chapter:
    """The chapter of that number, or a sentence that says which there are."""
    there = chapters()
    if number not in there:
        known = f"The chapters are {', '.join(map(str, there))}." if there else "No chapter is in this package."
        raise CutawayError(f"There is no chapter {number}. {known}")
    return there[number]
