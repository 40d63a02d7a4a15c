"""The learner's own copy of a chapter: made once and never written over, neither by an upgrade nor by --again."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import progress, reading
from .chapters import Chapter

__all__ = ["Copy", "copy_of", "edition_of", "folder"]


@dataclass(frozen=True)
class Copy:
    """The notebook to open, and what the learner should be told about it."""

    path: Path
    note: str = ""


def folder() -> Path:
    """Where the copies lie: ``CUTAWAY_COURSE``, or else the folder cutaway-course at home.

    >>> folder().is_absolute()
    True
    """
    chosen = os.environ.get("CUTAWAY_COURSE", "").strip()
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / "cutaway-course"


def copy_of(chapter: Chapter, where: Path, again: bool = False) -> Copy:
    """The learner's copy in this folder, made if it is not there.

    Where the chapter has changed since, the new version is put beside the copy, once. With again, the old copy gets
    another name and a fresh one takes its place; what was solved is counted anew, and the old count kept as well.
    """
    where.mkdir(parents=True, exist_ok=True)
    path, notebook = where / chapter.file_name, chapter.notebook()
    text, edition = reading.dumps(notebook), notebook["metadata"]["cutaway"]["edition"]
    note = ""
    if again and path.exists():
        old = _free(path, "old")
        path.rename(old)
        progress.forget(chapter.number)
        note = f"Chapter {chapter.number} begins anew. Your old copy is {old.name}, beside it."
    if _write_new(path, text):
        return Copy(path, note or f"Your own copy of chapter {chapter.number} is {path}.")
    mine = edition_of(path)
    if mine == edition or any(edition_of(other) == edition for other in _family(path)):
        return Copy(path)
    beside = _free(path, "new")
    _write_new(beside, text)
    why = "has changed since you began" if mine else "is in a copy of yours that cannot be read as a notebook"
    return Copy(path, f"Chapter {chapter.number} {why}: the new version lies beside yours as {beside.name}.")


def edition_of(path: Path) -> str:
    """Which edition of the chapter this copy was made from; "" where that cannot be told."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["metadata"]["cutaway"]["edition"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _family(path: Path) -> list[Path]:
    return [one for one in path.parent.glob("*.ipynb") if one.name.startswith(f"{path.stem}.")]


def _free(path: Path, word: str) -> Path:
    """A name beside the copy that nothing has yet."""
    free, k = path.with_name(f"{path.stem}.{word}.ipynb"), 1
    while free.exists():
        k += 1
        free = path.with_name(f"{path.stem}.{word}-{k}.ipynb")
    return free


def _write_new(path: Path, text: str) -> bool:
    """Write a file that is not there yet, all of it or nothing; False, and nothing done, when it is there."""
    if path.exists():
        return False
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with open(handle, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(name, 0o644)
        os.rename(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True
