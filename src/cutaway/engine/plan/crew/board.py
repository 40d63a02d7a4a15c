"""The board on the wall: whole numbers in shared memory by which ranks tell each other where they are.

Every number has one writer (or one at a time) and a cache line of its own, is eight bytes long and lies at a multiple
of eight, so it is written and read at once, never by halves. What must be seen in order:

- A rank writes its results, then its flag; another reads the flag, then the results. On x86 stores are seen in the
  order in which they were made and loads are made in order, so plain writes are enough. Other processors (ARM) may
  swap them: there a fence stands before the flag is written and after it was read.
- To fall asleep a rank writes "asleep" and then looks for orders once more; whoever orders writes the order and then
  looks who is asleep. Both must not look before they have written, which x86 may do as well: so here a fence always.

Python has no fences of its own, but letting a lock go and taking it again is one: letting go orders all that was done
before it, taking orders all that is done after, and neither passes the other.
"""

from __future__ import annotations

import platform
from threading import Lock

__all__ = [
    "ABORT",
    "BASE",
    "KEY",
    "KIND",
    "ORDER",
    "ORDERED",
    "asleep",
    "done",
    "failed",
    "fence",
    "flag",
    "lines",
]

LINE = 8  # numbers of eight bytes in a cache line
ORDER, KIND, KEY, ABORT, BASE = (LINE * k for k in range(5))
ORDERED = platform.machine().lower() in ("x86_64", "amd64", "i386", "i686")  # writes are seen in order


def flag(rank: int) -> int:
    """Where it stands at which barrier a rank has arrived last."""
    return LINE * (5 + 4 * rank)


def done(rank: int) -> int:
    """Where it stands which order a rank has carried out last."""
    return LINE * (6 + 4 * rank)


def asleep(rank: int) -> int:
    """Where it stands whether a rank is asleep, so that it must be woken."""
    return LINE * (7 + 4 * rank)


def failed(rank: int) -> int:
    """Where it stands whether a rank's step has raised, so that its report waits in its pipe."""
    return LINE * (8 + 4 * rank)


def lines(count: int) -> int:
    """How many bytes the board of so many ranks takes.

    >>> lines(2) % 64
    0
    """
    return 8 * flag(count)


def fence() -> None:
    """All that was written before it is called is seen before all that is read or written after.

    >>> fence()
    """
    lock = Lock()  # a fresh one: Ctrl-C in the middle leaves nothing behind
    lock.acquire()
    lock.release()
    lock.acquire()
