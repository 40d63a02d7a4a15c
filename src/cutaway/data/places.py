"""Where data comes from and where it lives on this machine: ``CUTAWAY_MIRROR``, ``CUTAWAY_HOME``, the files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Progress", "RemoteFile", "home", "mirror"]

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class RemoteFile:
    """A file as the world knows it: its path in every mirror and in the cache, its size and sha256, its addresses.

    Each address is the part before ``path``; where its files lie in no folder, ``below`` is the folder to leave out.
    A mirror may serve the same content packed otherwise, under a name in ``repacked``; its list must vouch for it.
    """

    path: str
    size: int
    sha256: str
    addresses: tuple[str, ...]
    below: str = ""
    repacked: tuple[str, ...] = ()


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
