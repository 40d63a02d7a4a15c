"""A worker's seat: which rank it is, where the others are met, and the memory that all of them see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .do import Do, aligned

__all__ = ["Area", "Seat"]


class Area:
    """Shared bytes, handed out one piece after the other: every rank asks in the same order and gets the same pieces.

    >>> area = Area(np.zeros(256, np.uint8))
    >>> area.take(10).shape, area.used
    ((10,), 64)
    """

    def __init__(self, memory: Any) -> None:
        self.memory, self.used = memory, 0

    def take(self, nbytes: int) -> Any:
        """The next so many bytes."""
        start, self.used = self.used, self.used + aligned(nbytes)
        if self.used > len(self.memory):
            raise MemoryError("A plan of several workers asked for more shared memory than was counted.")
        return self.memory[start : start + nbytes]


class Seat:
    """Where one of several workers sits.

    barrier: waits until every rank has come there
    area: shared memory; sums: weight -> the slot in which its gradient is whole (tape.gradients: this rank's part)
    """

    def __init__(self, rank: int, count: int, barrier: Callable[[], None], area: Area, sums: Mapping[str, int]) -> None:
        self.rank, self.count, self.barrier, self.area, self.sums = rank, count, barrier, area, dict(sums)

    def together(self, publish: Do, do: Do, x: Any, out: Any) -> None:
        """Write the calls of a sum over all ranks: lay one's own part down, wait, add all parts in their order."""
        nbytes = x.size * x.dtype.itemsize
        board = [self.area.take(nbytes).view(x.dtype).reshape(x.shape) for _ in range(self.count)]
        publish(np.copyto, board[self.rank], x)
        do(self.barrier)
        do(np.add, board[0], board[1], out)
        for part in board[2:]:
            do(np.add, out, part, out)

    @staticmethod
    def room(shapes: Sequence[tuple[int, ...]], count: int) -> int:
        """How many bytes the boards of so many sums take (counted for the widest kind of number)."""
        return sum(count * aligned(8 * int(np.prod(shape, dtype=np.int64))) for shape in shapes)
