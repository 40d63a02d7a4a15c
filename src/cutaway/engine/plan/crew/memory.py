"""Memory that all ranks see: given out in pages, zeroed, and taken back."""

from __future__ import annotations

import mmap
import os
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ...errors import CutawayError

__all__ = ["Memory", "PrivateMemory", "SharedMemory", "reserve"]

PAGE = mmap.PAGESIZE
_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)  # Python names it since 3.13; this is what Linux calls it
_LEAST = 1 << 26


def reserve(nbytes: int) -> mmap.mmap:
    """Room for so many bytes that a process shares with those it forks; none of it costs anything until it is written.

    Where the system does not promise so much, half of it is asked for, and so on.

    >>> len(reserve(1 << 20)) == 1 << 20
    True
    """
    flags = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | _NORESERVE
    while True:
        try:
            return mmap.mmap(-1, nbytes, flags=flags)
        except OSError:
            if nbytes <= _LEAST:
                raise
            nbytes //= 2


def physical() -> int:
    """How much memory this machine has, in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


class Memory(ABC):
    """Gives out zeroed bytes by their offset."""

    @abstractmethod
    def take(self, nbytes: int) -> tuple[int, Any]:
        """So many new bytes: where, and the array."""

    @abstractmethod
    def at(self, offset: int, nbytes: int) -> Any:
        """The bytes that begin there."""

    @abstractmethod
    def release(self, offset: int) -> None:
        """Take them back."""


class PrivateMemory(Memory):
    """For ranks that live in one process: arrays, and numbers to find them by.

    >>> memory = PrivateMemory()
    >>> offset, array = memory.take(10)
    >>> memory.at(offset, 10) is array, len(array)
    (True, 10)
    """

    def __init__(self) -> None:
        self._arrays: dict[int, Any] = {}
        self._next = 0

    def take(self, nbytes: int) -> tuple[int, Any]:
        """So many new bytes: where, and the array."""
        raw = np.zeros(nbytes + PAGE, np.uint8)
        start = -raw.ctypes.data % PAGE
        offset, self._next = self._next, self._next + max(PAGE, -(-nbytes // PAGE) * PAGE)
        self._arrays[offset] = raw[start : start + nbytes]
        return offset, self._arrays[offset]

    def at(self, offset: int, nbytes: int) -> Any:
        """The bytes that begin there: at the beginning of what was taken, or within it."""
        array = self._arrays.get(offset)
        if array is not None and len(array) == nbytes:
            return array
        start = max(k for k in self._arrays if k <= offset)
        return self._arrays[start][offset - start : offset - start + nbytes]

    def release(self, offset: int) -> None:
        """Take them back."""
        del self._arrays[offset]


class SharedMemory(Memory):
    """Pages of one large piece that was reserved before the fork, so that what is taken later is shared, too.

    >>> memory = SharedMemory(1 << 20)
    >>> offset, array = memory.take(10)
    >>> array[:] = 7
    >>> int(memory.at(offset + 9, 1)[0]), memory.release(offset), int(memory.take(10)[1].sum())
    (7, None, 0)
    """

    def __init__(self, nbytes: int | None = None) -> None:
        self.map = reserve(physical() if nbytes is None else nbytes)
        self._bytes = np.frombuffer(self.map, np.uint8)
        self._taken: dict[int, int] = {}  # offset -> bytes, whole pages

    def take(self, nbytes: int) -> tuple[int, Any]:
        """So many new bytes: where, and the array. The first gap that is large enough."""
        size, at = max(PAGE, -(-nbytes // PAGE) * PAGE), 0
        for offset in sorted(self._taken):
            if offset - at >= size:
                break
            at = offset + self._taken[offset]
        if at + size > len(self._bytes):
            raise CutawayError(
                f"The workers' shared memory ({len(self._bytes) >> 20} MiB) has no room for {nbytes >> 20} MiB more. "
                "Try a smaller batch_size, or workers=1."
            )
        self._taken[at] = size
        return at, self._bytes[at : at + nbytes]

    def at(self, offset: int, nbytes: int) -> Any:
        """The bytes that begin there."""
        return self._bytes[offset : offset + nbytes]

    def release(self, offset: int) -> None:
        """Take them back: the system gets its pages, and finds zeros there when they are touched again."""
        size = self._taken.pop(offset)
        try:
            self.map.madvise(mmap.MADV_REMOVE, offset, size)
        except OSError:  # a system that cannot punch holes
            self._bytes[offset : offset + size] = 0
