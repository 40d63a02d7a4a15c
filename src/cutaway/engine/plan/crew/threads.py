"""Threads, for systems that do not fork: NumPy lets them run side by side in large operations."""

from __future__ import annotations

import queue
import threading
import traceback
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .blas import pinned
from .crew import RESTING, Build, Crew, Stopped, WorkerError
from .memory import PrivateMemory

__all__ = ["Threads"]

Order = tuple[str, Any] | None


class Seat(Crew):
    """A rank's place among the threads."""

    def __init__(self, rank: int, count: int, why: str, memory: PrivateMemory, meet: threading.Barrier) -> None:
        super().__init__(rank, count, "threads", why, memory)
        self._meet = meet

    def barrier(self) -> None:
        """Wait until every rank has come here."""
        try:
            self._meet.wait()
        except threading.BrokenBarrierError:
            raise Stopped from None

    def send(self, kind: str, payloads: Sequence[Any]) -> list[Any]:
        """Rank 0's."""
        raise NotImplementedError("Only whoever holds the crew sends.")

    def step(self, key: int, own: Callable[[], Any] | None = None) -> None:
        """Rank 0's."""
        raise NotImplementedError("Only whoever holds the crew gives orders.")

    def close(self) -> None:
        """Rank 0's."""


class Threads(Seat):
    """The crew of threads, as rank 0 holds it."""

    def __init__(self, build: Build, count: int, why: str) -> None:
        memory, meet = PrivateMemory(), threading.Barrier(count)
        super().__init__(0, count, why, memory, meet)
        self._orders: list[queue.SimpleQueue[Order]] = [queue.SimpleQueue() for _ in range(1, count)]
        self._answers: queue.SimpleQueue[tuple[int, bool, Any]] = queue.SimpleQueue()
        self._owed = 0  # answers that have not been fetched, because fetching was broken off
        self._end = weakref.finalize(self, _end, self._orders, pinned())
        for rank in range(1, count):
            seat = Seat(rank, count, why, memory, meet)
            threading.Thread(
                target=_work, args=(seat, build, self._orders[rank - 1], self._answers), daemon=True,
                name=f"cutaway worker {rank}",
            ).start()  # fmt: skip
        self._owed = count - 1
        try:
            self.worker = build(0, self)
            self._fail(self._fetch()[1])
        except BaseException:
            self.close()
            raise

    def step(self, key: int, own: Callable[[], Any] | None = None) -> None:
        """Every rank does its part of this step."""
        try:
            self._order([("step", key)] * (self.count - 1))
            if own is None:
                self.worker.step(key)
            else:
                own()
        except Stopped:
            pass  # a worker has failed; its report is read below
        except BaseException:
            self._meet.abort()
            self._fetch()
            raise
        self._fail(self._fetch()[1])

    def send(self, kind: str, payloads: Sequence[Any]) -> list[Any]:
        """A word to every rank, and the answers."""
        self._order([("message", (kind, payload)) for payload in payloads[1:]])
        try:
            own = self.worker.message(kind, payloads[0])
        finally:
            answers, trouble = self._fetch()
        self._fail(trouble)
        return [own, *(answers[rank] for rank in range(1, self.count))]

    def _order(self, orders: Sequence[Order]) -> None:
        if not self._end.alive:
            raise WorkerError("These workers are gone: they were sent home.")
        if self._owed:
            self._fetch()
        for box, order in zip(self._orders, orders, strict=True):
            box.put(order)
        self._owed = self.count - 1

    def _fetch(self) -> tuple[dict[int, Any], list[tuple[int, str]]]:
        """The answers that are owed, and the reports of those that failed."""
        answers, trouble = {}, []
        while self._owed:
            rank, fine, answer = self._answers.get()
            self._owed -= 1
            answers[rank] = answer
            if not fine:
                trouble.append((rank, answer))
        if self._meet.broken:
            self._meet.reset()
        return answers, trouble

    def _fail(self, reports: Sequence[tuple[int, str]]) -> None:
        if reports:
            rank, text = reports[0]
            raise WorkerError(f"Worker {rank} failed. {RESTING} This is what it says:\n{text}")

    @property
    def alive(self) -> bool:
        """Not closed."""
        return self._end.alive

    def close(self) -> None:
        """Everybody goes."""
        self._meet.abort()
        self._end()


def _end(orders: Sequence[queue.SimpleQueue[Order]], unpin: Callable[[], None]) -> None:
    for box in orders:
        box.put(None)
    unpin()


def _work(seat: Seat, build: Build, orders: queue.SimpleQueue[Order], answers: queue.SimpleQueue[Any]) -> None:
    try:
        worker = build(seat.rank, seat)
    except BaseException:
        answers.put((seat.rank, False, traceback.format_exc()))
        return
    answers.put((seat.rank, True, "ready"))
    with np.errstate(all="ignore"):  # the run looks at its loss, and says more
        while (order := orders.get()) is not None:
            fine, answer = True, None  # type: bool, Any
            try:
                if order[0] == "step":
                    worker.step(order[1])
                else:
                    answer = worker.message(*order[1])
            except Stopped:
                pass
            except BaseException:
                fine, answer = False, traceback.format_exc()
                seat._meet.abort()
            answers.put((seat.rank, fine, answer))
            del order, answer
