"""Letters through a pipe: how long, then the bytes."""

from __future__ import annotations

import os

__all__ = ["Closed", "receive", "transmit"]

_PIECE = 1 << 20


class Closed(Exception):  # noqa: N818 (the end of a pipe is no error)
    """Nobody is at the other end any more."""


def transmit(fd: int, letter: bytes) -> None:
    """Write a letter, however long.

    >>> import os
    >>> here, there = os.pipe()
    >>> transmit(there, b"hello"), receive(here), os.close(here), os.close(there)
    (None, b'hello', None, None)
    """
    view = memoryview(len(letter).to_bytes(8, "little") + letter)
    while view:
        view = view[os.write(fd, view[:_PIECE]) :]


def receive(fd: int) -> bytes:
    """Read the next letter; waits for it."""
    return _read(fd, int.from_bytes(_read(fd, 8), "little"))


def _read(fd: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(fd, min(count, _PIECE))
        if not part:
            raise Closed
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
