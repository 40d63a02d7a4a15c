"""A command as one line to be typed, for the sentences that say what to type: quoted as the shell here wants it.

It needs nothing but the standard library, and no other file of Cutaway: ``start.py`` runs it before these are there.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import PurePath

__all__ = ["command", "pip_install"]

PLAIN = re.compile(r"[\w.:\\/+=!*~-]+")  # what both shells of Windows take as it stands


def command(program: str | PurePath, *words: str | PurePath, windows: bool = os.name == "nt") -> str:
    r"""Program and words in one line; on Windows in a way that cmd and PowerShell both understand.

    PowerShell takes what begins with a quotation mark for a text, not for a program, so there the parts of the
    program's path are quoted one by one.

    >>> command("/my tools/python", "-m", "pip", "install", "pillow", windows=False)
    "'/my tools/python' -m pip install pillow"
    >>> print(command(r"C:\my tools\python.exe", "photos & more\\", windows=True))
    C:\"my tools"\python.exe "photos & more\\"
    """
    if not windows:
        return shlex.join(map(str, (program, *words)))
    parts = [_quoted(part) for part in str(program).split("\\")]
    if parts[0].startswith('"'):
        parts.insert(0, ".")
    return " ".join(["\\".join(parts), *(_quoted(str(word)) for word in words)])


def pip_install(*packages: str) -> str:
    """The line that installs packages for the Python that runs now, whatever ``pip`` and ``python`` are in the shell.

    >>> pip_install("pillow").endswith(" -m pip install pillow")
    True
    """
    return command(sys.executable, "-m", "pip", "install", *packages)


def _quoted(word: str) -> str:
    """Between quotation marks where need be; a backslash before such a mark would take it away, so it is doubled."""
    if PLAIN.fullmatch(word):
        return word
    return '"' + re.sub(r'(\\*)("|$)', lambda met: met[1] * 2 + ('\\"' if met[2] else ""), word) + '"'
