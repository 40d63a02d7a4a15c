"""Forked processes: rank 0 is the one that holds the crew, the others do what it orders.

An order is a number on the board that goes up; each rank carries it out and writes that it is done. While orders come
in quick succession everybody spins, which takes about a microsecond from hand to hand; after two milliseconds without
one a worker falls asleep in a read, and a byte wakes it.

What may go wrong, and what happens then:

- A worker's step raises: it sends its traceback, puts up ABORT and is done; the others see ABORT at the next barrier.
- A worker dies (the system kills it for memory, say): whoever waits looks now and then whether all are alive.
- Rank 0 raises, or somebody presses Ctrl-C: it puts up ABORT. Ctrl-C is rank 0's alone, workers do not hear it.
- The holder dies: the system ends the workers, or they read the end of their pipe, or see another parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import select
import signal
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import hired
from .blas import pinned
from .board import ABORT, BASE, KEY, KIND, ORDER, ORDERED, asleep, done, failed, fence, flag, lines
from .crew import RESTING, Build, Crew, Stopped, WorkerError
from .memory import SharedMemory, reserve
from .pipe import Closed, receive, transmit

__all__ = ["Forked"]

STEP, MAIL = 0, 1
SPINS = 2000  # looks before a waiting rank lets others have the core: about 100 microseconds
LOOK_AFTER = 0.02  # seconds between two looks whether all are alive


class Hired(NamedTuple):
    """One worker, as rank 0 knows it."""

    rank: int
    pid: int
    wake: int  # write a byte here to wake it
    mail: int  # letters to it
    answers: int  # letters from it

    def let_go(self) -> None:
        """Close its pipes."""
        for fd in (self.wake, self.mail, self.answers):
            os.close(fd)


class Spot(Crew):
    """A rank's place at the board: how ranks meet. What rank 0 can do besides is in Forked."""

    def __init__(self, rank: int, count: int, why: str, board: memoryview, memory: SharedMemory) -> None:
        super().__init__(rank, count, "fork", why, memory)
        self.board, self._rounds, self._mine = board, 0, flag(rank)
        self._others = [flag(r) for r in range(count) if r != rank]
        self.parent = os.getpid()

    def barrier(self) -> None:
        """Wait until every rank has come here."""
        board = self.board
        self._rounds = now = self._rounds + 1
        if not ORDERED:
            fence()
        board[self._mine] = now
        for other in self._others:
            if board[other] < now:
                self._wait(other, now, True)
        if not ORDERED:
            fence()

    def _wait(self, place: int, value: int, in_step: bool) -> None:
        """Until this place of the board holds at least so much."""
        board, spins, look = self.board, 0, 0.0
        while board[place] < value:
            spins += 1
            if spins < SPINS:
                continue
            if in_step and board[ABORT]:
                raise Stopped
            os.sched_yield()
            if spins & 255 == 0:
                now = time.monotonic()
                if now > look:
                    self.look_after()
                    look = now + LOOK_AFTER

    def look_after(self) -> None:
        """A worker whose parent is gone goes, too."""
        if os.getppid() != self.parent:
            os._exit(1)

    def begin(self) -> None:
        """Before an order is carried out: agree on the number of the next barrier, also after one that broke off."""
        self._rounds = max(self._rounds, self.board[BASE])

    def send(self, kind: str, payloads: Sequence[Any]) -> list[Any]:
        """Rank 0's."""
        raise NotImplementedError("Only whoever holds the crew sends.")

    def step(self, key: int, own: Callable[[], Any] | None = None) -> None:
        """Rank 0's."""
        raise NotImplementedError("Only whoever holds the crew gives orders.")

    def close(self) -> None:
        """Rank 0's."""


class Forked(Spot):
    """The crew of forked processes, as rank 0 holds it."""

    def __init__(self, build: Build, count: int, why: str) -> None:
        area = reserve(lines(count))
        super().__init__(0, count, why, memoryview(area).cast("B").cast("q"), SharedMemory())
        self._team: list[Hired] = []
        self._busy, self._broken = False, ""
        self._unpin = pinned()  # before the fork: a pool of threads does not survive it
        self._end = weakref.finalize(self, _end, self._team, os.getpid(), self._unpin)
        for rank in range(1, count):
            self._team.append(self._hire(build, rank))
        try:
            self.worker = build(0, self)
            ready = [(member.rank, *self._answer(member)) for member in self._team]
            self._fail([(rank, text) for rank, fine, text in ready if not fine])
        except BaseException:
            self.close()
            raise

    def _hire(self, build: Build, rank: int) -> Hired:
        wake, mail, answers = os.pipe(), os.pipe(), os.pipe()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()  # else what is still in their buffers might be written twice
        # The system ends a worker when the thread that forked it ends: asked for only where that is the main thread.
        main = threading.current_thread() is threading.main_thread()
        last_will = getattr(ctypes.CDLL(None), "prctl", None) if main else None
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the child ignores it
        with warnings.catch_warnings():
            # Python warns where other threads run (in a notebook): a lock that they hold stays locked in the child.
            # The child calls NumPy and the system only, writes to no stream and never returns from here.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            spot = Spot(rank, self.count, self.why, self.board, self._memory)  # type: ignore[arg-type]
            spot.parent = self.parent
            hired.live(spot, build, last_will, wake[0], mail[0], answers[1])  # does not return
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for fd in (wake[0], mail[0], answers[1]):
            os.close(fd)
        return Hired(rank, pid, wake[1], mail[1], answers[0])

    # -- orders -------------------------------------------------------------------------------------------------------
    def step(self, key: int, own: Callable[[], Any] | None = None) -> None:
        """Every rank does its part of this step."""
        try:
            self._order(STEP, key)
            if own is None:
                self.worker.step(key)
            else:
                own()
            self._settle()
        except Stopped:
            pass  # a worker has failed; its report is read below
        except WorkerError:
            raise
        except BaseException:
            self._recover()
            raise
        if self.board[ABORT]:
            self._fail(self._recover())

    def send(self, kind: str, payloads: Sequence[Any]) -> list[Any]:
        """A letter for every rank, and the answers."""
        letters = [pickle.dumps((kind, payload), protocol=5) for payload in payloads[1:]]
        own: Any = None
        trouble: list[tuple[int, str]] = []
        answers: list[Any] = [None] * self.count
        talking = True
        try:
            self._order(MAIL, 0)
            for member, letter in zip(self._team, letters, strict=True):
                self._transmit(member, letter)
            try:
                own = self.worker.message(kind, payloads[0])
            finally:  # also where rank 0 fails: nobody is left standing with an answer
                for member in list(self._team):
                    fine, answers[member.rank] = self._answer(member)
                    if not fine:
                        trouble.append((member.rank, answers[member.rank]))
                self._settle()
                talking = False
        except KeyboardInterrupt:
            if talking:  # somewhere in a letter: nobody knows how much of it has been read
                self._broken = "they were interrupted in the middle of a talk."
                self.close()
            raise
        self._fail(trouble)
        return [own, *answers[1:]]

    def _order(self, kind: int, key: int) -> None:
        if self._broken:
            raise WorkerError(f"These workers are gone: {self._broken}")
        if self._busy or self.board[ABORT]:  # the last order broke off in the middle of its own mending
            self._recover()
        self.begin()
        board = self.board
        self._busy = True
        board[KIND], board[KEY] = kind, key
        if not ORDERED:
            fence()
        board[ORDER] = board[ORDER] + 1  # the one write that makes it an order: Ctrl-C comes before it or after it
        self._wake()

    def _wake(self) -> None:
        """Wake those who sleep: they have an order."""
        fence()
        for member in self._team:
            if self.board[asleep(member.rank)]:
                try:
                    os.write(member.wake, b"w")
                except BrokenPipeError:
                    self.look_after()

    def _settle(self) -> None:
        """Wait until every rank is done."""
        order = self.board[ORDER]
        for member in self._team:
            if self.board[done(member.rank)] < order:
                self._wait(done(member.rank), order, False)
        if not ORDERED:
            fence()
        self._busy = False

    # -- when something goes wrong ------------------------------------------------------------------------------------
    def _recover(self) -> list[tuple[int, str]]:
        """Bring all ranks back to where they wait for orders; returns the reports of those that failed."""
        board = self.board
        board[ABORT] = 1
        self._wake()
        self._settle()
        self._busy = True  # until the mending is done
        reports = []
        for member in list(self._team):
            if board[failed(member.rank)]:
                board[failed(member.rank)] = 0
                if select.select([member.answers], [], [], 0)[0]:
                    reports.append((member.rank, self._answer(member)[1]))
        board[BASE] = max(board[flag(r)] for r in range(self.count)) + 1
        board[ABORT] = 0
        self._busy = False
        return reports

    def _fail(self, reports: Sequence[tuple[int, str]]) -> None:
        if reports:
            rank, text = reports[0]
            others = f" (and {len(reports) - 1} more)" if len(reports) > 1 else ""
            raise WorkerError(f"Worker {rank}{others} failed. {RESTING} This is what it says:\n{text}")

    def look_after(self) -> None:
        """Is everybody alive? One that is gone takes the crew with it."""
        for member in self._team:
            with contextlib.suppress(ChildProcessError):  # somebody else has waited for it: it is gone as well
                pid, status = os.waitpid(member.pid, os.WNOHANG)
                if pid == 0:
                    continue
                self._gone(member, status)
            self._gone(member, None)

    def _gone(self, member: Hired, status: int | None) -> None:
        how = "was ended" if status is None else _how(os.waitstatus_to_exitcode(status))
        self._broken = f"worker {member.rank} (process {member.pid}) {how}."
        self._team.remove(member)
        member.let_go()
        self.board[ABORT] = 1
        self.close()
        raise WorkerError(
            f"Worker {member.rank} (process {member.pid}) {how}. {RESTING} "
            "If the system ended it for want of memory, try a smaller batch_size, or workers=1."
        )

    def _transmit(self, member: Hired, letter: bytes) -> None:
        try:
            transmit(member.mail, letter)
        except BrokenPipeError:
            self._lost(member)

    def _answer(self, member: Hired) -> tuple[bool, Any]:
        try:
            fine, answer = pickle.loads(receive(member.answers))
        except Closed:
            self._lost(member)
        return fine, answer

    def _lost(self, member: Hired) -> None:
        """Its pipe has ended, so it is gone, or about to be."""
        status: int | None = None
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(member.pid, 0)
        self._gone(member, status)

    @property
    def alive(self) -> bool:
        """Not closed, and nobody has died."""
        return not self._broken and self._end.alive

    def close(self) -> None:
        """Everybody goes; nothing of them is left."""
        self._broken = self._broken or "they were sent home."
        self._end()


def _how(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"has left with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    return f"was ended by signal {-code} ({name})"


def _end(team: list[Hired], owner: int, unpin: Callable[[], None]) -> None:
    """End all workers. They own nothing but memory, so no farewell is needed."""
    if os.getpid() != owner:  # a copy of the crew in some process that was forked from its holder
        return
    for member in team:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(member.pid, 0)
        member.let_go()
    team.clear()
    unpin()
