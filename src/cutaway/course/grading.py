"""A class's notebooks, run one after the other or a few at a time, and what their checks said.

Each runs in a clean kernel that keeps its marks in a folder of its own, so the verdicts are those of the checks that
really ran now. The notebooks themselves are only read. This is a help for teaching and no examination hall: the code
of students runs with the rights of whoever calls this, and could also write its own marks.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.places import home
from . import progress
from .chapters import chapters
from .checking import exercises
from .executing import Limits, execute
from .progress import Mark

__all__ = ["Graded", "find", "grade_all", "table_rows"]

CALL = re.compile(r"""\bcheck\(\s*["'](\d+\.\d+)["']""")
ANOTHER_CHECK = re.compile(r"^\s*(?:async\s+)?def check\b|^\s*check\s*=[^=]|\bas check\b", re.MULTILINE)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass
class Graded:
    """One notebook: its exercises and what was said to each, and what else a teacher should know.

    marks: number -> mark; an exercise whose check never ran has none; remarks: sentences
    """

    path: Path
    numbers: tuple[str, ...] = ()
    marks: dict[str, Mark] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def solved(self) -> int:
        """How many of its exercises are right."""
        return sum(self.said(number) == "right" for number in self.numbers)

    def said(self, number: str) -> str:
        """The verdict: right, mistake, not yet, blank; or "no check" where none ran.

        >>> Graded(Path("anna.ipynb"), ("4.1",)).said("4.1")
        'no check'
        """
        return (self.marks.get(number) or Mark()).kind or "no check"


def find(folder: Path) -> list[Path]:
    """Every notebook below a folder; not the copies that Jupyter keeps in hidden folders."""
    below = (path.relative_to(folder) for path in folder.rglob("*.ipynb"))
    return [folder / one for one in sorted(below) if not any(part.startswith(".") for part in one.parts)]


async def grade_all(
    paths: Sequence[Path],
    limits: Limits,
    at_once: int,
    done: Callable[[Graded], None],
) -> None:
    """Grade them, some at once, and hand over each as soon as it is done; none of them can stop the others."""
    room = asyncio.Semaphore(at_once)

    async def one(path: Path) -> None:
        async with room:
            try:
                graded = await _grade(path, limits)
            except Exception as error:
                graded = Graded(path, remarks=[f"could not be run: {type(error).__name__}: {error}"])
            done(graded)

    await asyncio.gather(*(one(path) for path in paths))


async def _grade(path: Path, limits: Limits) -> Graded:
    try:
        notebook = _read(path)
    except (OSError, ValueError) as error:
        return Graded(path, remarks=[f"cannot be read as a notebook: {error}"])
    graded = Graded(path, _numbers(notebook))
    sources = _sources(notebook)
    graded.remarks += [
        f"code cell {k} makes a check of its own, which says nothing here"
        for k, source in enumerate(sources, 1)
        if ANOTHER_CHECK.search(source)
    ]
    if not graded.numbers:
        graded.remarks.append("holds no exercise of the course")
    with tempfile.TemporaryDirectory(prefix="cutaway-grade-", ignore_cleanup_errors=True) as scratch:
        outcome = await execute(notebook, path.parent, limits, _surroundings(scratch), keep_outputs=False)
        kept = Path(scratch) / "progress"
        for chapter in {int(number.partition(".")[0]) for number in graded.numbers}:
            graded.marks |= progress.marks(chapter, kept)
    graded.remarks += outcome.troubles
    graded.seconds = outcome.seconds
    return graded


def _read(path: Path) -> dict[str, Any]:
    """A notebook of whatever version, as one of today's."""
    import nbformat

    text = path.read_text(encoding="utf-8-sig")
    if not text.strip():
        raise ValueError("the file is empty")
    plain = json.loads(text)
    if not isinstance(plain, dict) or "nbformat" not in plain:
        raise ValueError("it is JSON, but no notebook")
    return dict(nbformat.reads(text, as_version=4))


def _sources(notebook: dict[str, Any]) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _numbers(notebook: dict[str, Any]) -> tuple[str, ...]:
    """The exercises that belong there: those of its chapter, also if their cells were deleted, and all it checks."""
    own = notebook["metadata"].get("cutaway", {})
    chapter = own.get("chapter") if isinstance(own, dict) else None
    numbers = dict.fromkeys(exercises(chapter) if chapter in chapters() else ())
    for number in CALL.findall("\n".join(_sources(notebook))):
        if number in exercises(int(number.partition(".")[0])):
            numbers[number] = None
    return tuple(sorted(numbers, key=_order))


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


def _surroundings(scratch: str) -> dict[str, str]:
    """What the student's code finds around it: an empty home, marks of its own, one thread; fetched data is shared."""
    own = {
        "CUTAWAY_PROGRESS": os.path.join(scratch, "progress"),
        "CUTAWAY_HOME": str(home()),
        "HOME": scratch,
        "USERPROFILE": scratch,
        "IPYTHONDIR": os.path.join(scratch, "ipython"),
        "MPLCONFIGDIR": os.path.join(scratch, "matplotlib"),
    }
    return {**os.environ, **dict.fromkeys(THREADS, "1"), **own}


def table_rows(graded: Sequence[Graded], folder: Path) -> tuple[list[str], list[list[str]]]:
    """Everything as a table for a spreadsheet: a row for each notebook, a column for each exercise of any of them.

    >>> table_rows([Graded(Path("a/anna.ipynb"), ("4.1",), {"4.1": Mark("mistake", "The lost two")})], Path("a"))[1]
    [['anna.ipynb', '0', '1', 'mistake: The lost two', '', '0']]
    """
    numbers = sorted({number for one in graded for number in one.numbers}, key=_order)
    rows = []
    for one in graded:
        said = []
        for number in numbers:
            mark = one.marks.get(number, Mark())
            verdict = one.said(number) + (f": {mark.name}" if mark.name else "")
            said.append((verdict + (" (solution shown)" if mark.shown else "")) if number in one.numbers else "")
        name = one.path.relative_to(folder).as_posix()
        remarks = "; ".join(one.remarks)
        rows.append([name, str(one.solved), str(len(one.numbers)), *said, remarks, f"{one.seconds:.0f}"])
    return ["notebook", "solved", "exercises", *numbers, "remarks", "seconds"], [
        [_harmless(cell) for cell in row] for row in rows
    ]


def _harmless(cell: str) -> str:
    """A spreadsheet would run what begins like a formula; the names of files and errors are others' words."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
