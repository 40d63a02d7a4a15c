"""The sheet on which a reader chose a problem of their own: kept beside their progress, and brought back later."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from . import progress
from .telling import Told

__all__ = ["FIELDS", "keep", "kept"]

FIELDS = ("predict", "clues", "one row is", "rows", "lazy guess")


def keep(sheet: dict[str, Any]) -> Told:
    """Keep the sheet, if there is anything on it; the one before it stays beside it as ``before``.

    >>> keep({"predict": ""})
    The sheet is still empty, so nothing was kept.
    """
    if not any(_filled(value) for value in sheet.values()):
        return Told("The sheet is still empty, so nothing was kept.")
    try:
        text = json.dumps({str(name): value for name, value in sheet.items()}, indent=1, ensure_ascii=False)
    except TypeError:
        return Told("The sheet holds something besides words, numbers and lists of them, so it was not kept.")
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(text + "\n", encoding="utf-8")
        if file.exists() and kept() != sheet:
            os.replace(file, file.with_name("my_problem.before.json"))
        os.replace(part, file)
    except OSError as error:
        return Told(f"The sheet could not be kept in {file.parent}: {error.strerror or error}.")
    return Told("Kept. Later chapters bring it back with `kept()`.")


def kept() -> dict[str, Any]:
    """The sheet as it was kept last, {} where there is none that can be read.

    >>> isinstance(kept(), dict)
    True
    """
    try:
        sheet = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return sheet if isinstance(sheet, dict) else {}


def _file() -> Path:
    return progress.folder() / "my_problem.json"


def _filled(value: Any) -> bool:
    return any(map(_filled, value)) if isinstance(value, (list, tuple)) else bool(value) and value is not ...
