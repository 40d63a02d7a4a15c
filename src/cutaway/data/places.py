"""Where fetched data lives on this machine, and who serves it: ``CUTAWAY_HOME`` and ``CUTAWAY_MIRROR``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["home", "mirror"]


def home() -> Path:
    r"""The folder of everything that Cutaway fetched: ``CUTAWAY_HOME``, or else the usual cache folder.

    That is ``~/.cache/cutaway`` on Linux (``XDG_CACHE_HOME`` is heeded), ``~/Library/Caches/cutaway`` on
    macOS and ``%LOCALAPPDATA%\cutaway`` on Windows. It may be deleted at any time: it will be filled again.

    >>> home().is_absolute()
    True
    """
    chosen = os.environ.get("CUTAWAY_HOME", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "cutaway"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "cutaway"
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if os.path.isabs(cache) else Path.home() / ".cache") / "cutaway"


def mirror() -> str | None:
    """The folder or address of ``CUTAWAY_MIRROR``, asked before anyone else, or None.

    >>> mirror() is None or isinstance(mirror(), str)
    True
    """
    return os.environ.get("CUTAWAY_MIRROR", "").strip() or None
