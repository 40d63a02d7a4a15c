"""What a learner has solved, tried and asked for: a small file for each chapter, kept apart from the notebooks.

``CUTAWAY_PROGRESS`` names the folder; without it, it lies where programs keep what belongs to a person. A file is
replaced in one stroke, so a crash leaves the old marks or the new ones, never half of them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

__all__ = ["Mark", "folder", "forget", "marks", "note"]

BEST = ("", "blank", "not yet", "mistake", "right")  # of several verdicts, the one furthest right is kept


@dataclass(frozen=True)
class Mark:
    """What is known of one exercise.

    kind: the best verdict so far, "" when it was never checked; name: of the mistake, where it has one
    tries: checks that were no blanks; hints: rungs climbed; shown: was the solution asked for; when: of the last event
    """

    kind: str = ""
    name: str = ""
    tries: int = 0
    hints: int = 0
    shown: bool = False
    when: float = 0.0


def folder() -> Path:
    """The folder of the marks.

    >>> folder().is_absolute()
    True
    """
    chosen = os.environ.get("CUTAWAY_PROGRESS", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "cutaway" / "progress"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "cutaway" / "progress"
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if os.path.isabs(data) else Path.home() / ".local" / "share") / "cutaway" / "progress"


def marks(chapter: int, where: Path | None = None) -> dict[str, Mark]:
    """The marks of a chapter by the numbers of its exercises; a file that cannot be read is put aside, not lost."""
    file = _file(chapter, where)
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Mark)}
        return {number: Mark(**{k: v for k, v in one.items() if k in known}) for number, one in told.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError):
        _set_aside(file, "broken")
        return {}
    except OSError:
        return {}


def note(number: str, kind: str = "", name: str = "", hints: int = 0, shown: bool = False) -> None:
    """Something happened at an exercise; where nothing can be written, the learner is told and goes on."""
    chapter = int(number.partition(".")[0])
    there = marks(chapter)
    old = there.get(number, Mark())
    new = replace(
        old,
        tries=old.tries + (kind in BEST[2:]),
        hints=max(old.hints, hints),
        shown=old.shown or shown,
        when=round(time.time(), 1),
    )
    if BEST.index(kind) >= BEST.index(old.kind) and kind:
        new = replace(new, kind=kind, name=name)
    there[number] = new
    try:
        _write(_file(chapter), json.dumps({number: asdict(mark) for number, mark in sorted(there.items())}, indent=1))
    except OSError as error:
        warnings.warn(f"Your progress could not be kept in {folder()}: {error.strerror or error}.", stacklevel=3)


def forget(chapter: int) -> Path | None:
    """Begin a chapter's marks anew; return where those so far lie now, None where there were none."""
    return _set_aside(_file(chapter), "old")


def _set_aside(file: Path, why: str) -> Path | None:
    k = 1
    while (aside := file.with_name(f"{file.stem}.{why}-{k}.json")).exists():
        k += 1
    try:
        file.rename(aside)
    except OSError:
        return None
    return aside


def _file(chapter: int, where: Path | None = None) -> Path:
    return (where or folder()) / f"{chapter:02}.json"


def _write(file: Path, text: str) -> None:
    """Into a file beside it, then in one stroke into its place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name, suffix=".part")
    try:
        with open(handle, "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
