"""What all crews offer, and which kind of crew is taken where."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from ...errors import CutawayError
from .memory import Memory, PrivateMemory

__all__ = ["Alone", "Build", "Crew", "Stopped", "Worker", "WorkerError", "choose", "cores"]

RESTING = "The run is as it was before this batch."


class WorkerError(CutawayError, RuntimeError):
    """A worker failed or was ended.

    >>> issubclass(WorkerError, RuntimeError)
    True
    """


class Stopped(BaseException):
    """Another rank has failed, so this step ends at the next barrier. Only a crew raises and catches it.

    >>> issubclass(Stopped, Exception)
    False
    """


class Worker(Protocol):
    """What each rank does: you write it, a crew calls it, always in the process (or thread) of its rank.

    >>> class Counter:
    ...     def message(self, kind, payload): return kind
    ...     def step(self, key): pass
    >>> worker: Worker = Counter()
    """

    def message(self, kind: str, payload: Any) -> Any:
        """Something that was sent, such as a new plan; what is returned is the answer."""

    def step(self, key: int) -> None:
        """Do this rank's part of one step; ranks meet in ``crew.barrier()``, all of them equally often."""


Build = Callable[[int, "Crew"], Worker]  # (rank, crew as this rank sees it) -> its worker


def cores() -> int:
    """How many processor cores this process may use.

    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def choose(count: int, kind: str | None = None) -> tuple[str, str]:
    """Which kind of crew ("fork", "threads" or "alone"), and one sentence that says why.

    count: how many workers; kind: one that is wished for

    >>> choose(1)
    ('alone', 'One worker: this process does it all.')
    """
    if count < 1:
        raise CutawayError(f"workers counts those who work, from 1 up, not {count}.")
    if kind not in (None, "fork", "threads", "alone"):
        raise CutawayError(f"The kinds of workers are 'fork', 'threads' and 'alone', not {kind!r}.")
    forks = sys.platform.startswith("linux") and hasattr(os, "fork")
    if kind == "fork" and not forks:
        raise CutawayError("Forked workers are Linux's; here say kind='threads', or leave it out.")
    if count == 1:
        return "alone", "One worker: this process does it all."
    if kind == "alone":
        raise CutawayError(f"{count} workers are not alone; say 1, or another kind.")
    if kind == "fork" or (kind is None and forks):
        return "fork", f"{count} processes that share memory, this one and {count - 1} forked from it: this is Linux."
    wish = "as you wished" if kind else "as only Linux forks safely"
    return "threads", f"{count} threads, {wish}: they help where single operations are large."


class Crew(ABC):
    """Ranks 0 to count - 1 that do the same steps, each its part. Rank 0 is whoever holds the crew.

    count: how many; rank: which one this is; kind: "fork", "threads" or "alone"; why: one sentence that says so
    worker: the Worker of this rank

    Make one with :meth:`start`, use it in a ``with`` block or call :meth:`close`; one that is forgotten closes itself.

    >>> class Counter:
    ...     def __init__(self, rank, crew): self.rank, self.crew, self.steps = rank, crew, 0
    ...     def message(self, kind, payload): return self.rank, payload, self.steps
    ...     def step(self, key): self.steps += key; self.crew.barrier()
    >>> with Crew.start(Counter, 2) as crew:
    ...     crew.step(5)
    ...     crew.send("how many", ["a", "b"])
    [(0, 'a', 5), (1, 'b', 5)]
    """

    worker: Worker

    def __init__(self, rank: int, count: int, kind: str, why: str, memory: Memory) -> None:
        self.rank, self.count, self.kind, self.why = rank, count, kind, why
        self._memory = memory

    @staticmethod
    def start(build: Build, count: int, kind: str | None = None) -> Crew:
        """A crew at work.

        build: called once for every rank, in its own process or thread, with (rank, crew): makes its Worker
        kind: "fork" or "threads"; the best one for this machine when not said (see :func:`choose`)

        Forked workers see whatever exists when this is called. What is made later reaches them by :meth:`send` and
        through memory that :meth:`memory` gives.
        """
        kind, why = choose(count, kind)
        if kind == "fork":
            from .forked import Forked

            return Forked(build, count, why)
        if kind == "threads":
            from .threads import Threads

            return Threads(build, count, why)
        return Alone(build, why)

    # -- for everybody ------------------------------------------------------------------------------------------------
    @abstractmethod
    def barrier(self) -> None:
        """Wait until every rank has come here; what each wrote before, all can read afterwards. Only within a step."""

    def at(self, offset: int, nbytes: int) -> Any:
        """Bytes of the shared memory, as an array of uint8: the same memory on every rank."""
        return self._memory.at(offset, nbytes)

    # -- for whoever holds the crew (rank 0) --------------------------------------------------------------------------
    def memory(self, nbytes: int) -> tuple[int, Any]:
        """New zeroed memory that all ranks share: where it is (send this to the others, who call ``at``), and it.

        It begins at a page, so give it out in few large pieces. It may be asked for whenever the crew lives.
        """
        return self._memory.take(nbytes)

    def release(self, offset: int) -> None:
        """Give memory back; nobody may read or write it any more."""
        self._memory.release(offset)

    @abstractmethod
    def send(self, kind: str, payloads: Sequence[Any]) -> list[Any]:
        """Call ``worker.message(kind, payload)`` on every rank, with a payload each; returns the answers, by rank.

        To forked workers payloads travel pickled. An error in a worker is raised here as WorkerError.
        """

    def tell(self, kind: str, payload: Any) -> list[Any]:
        """Send the same to every rank."""
        return self.send(kind, [payload] * self.count)

    @abstractmethod
    def step(self, key: int, own: Callable[[], Any] | None = None) -> None:
        """Call ``worker.step(key)`` on every rank at once and return when all are done.

        own: what rank 0 does instead of its worker's step, meeting the others equally often
        Where a rank fails, the others end at their next barrier and WorkerError tells of it; the crew stays usable,
        unless a process has died. An error (or Ctrl-C) on rank 0 itself is raised as it is. A step that broke off may
        have written some of its results: whoever cares for the state puts it back as it was before.
        """

    @property
    def alive(self) -> bool:
        """Can it still work? Not after close, and not when a process has died."""
        return True

    @abstractmethod
    def close(self) -> None:
        """Send everybody home. What was in shared memory stays readable here."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Alone(Crew):
    """One who does it all.

    >>> class Quiet:
    ...     def message(self, kind, payload): return payload
    ...     def step(self, key): pass
    >>> Alone(lambda rank, crew: Quiet(), "why not").tell("hello", 3)
    [3]
    """

    def __init__(self, build: Build, why: str) -> None:
        super().__init__(0, 1, "alone", why, PrivateMemory())
        self.worker = build(0, self)

    def barrier(self) -> None:
        """Nobody to wait for."""

    def send(self, kind: str, payloads: Sequence[Any]) -> list[Any]:
        """To oneself."""
        return [self.worker.message(kind, payloads[0])]

    def step(self, key: int, own: Callable[[], Any] | None = None) -> None:
        """One's own part, which is all."""
        if own is None:
            self.worker.step(key)
        else:
            own()

    def close(self) -> None:
        """Nobody to send home."""
