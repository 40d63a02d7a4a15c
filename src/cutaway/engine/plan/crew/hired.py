"""The life of a forked worker: build, wait, carry out orders, and leave by the shortest way."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import select
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .board import ABORT, KEY, KIND, ORDER, ORDERED, asleep, done, failed, fence
from .crew import Build, Stopped, Worker
from .pipe import Closed, receive, transmit

if TYPE_CHECKING:
    from .forked import Spot

__all__ = ["live"]

AWAKE = 2e-3  # seconds that a worker spins without an order before it falls asleep
SPINS = 500  # looks for an order before the core is offered to others
LONGEST = 30_000  # characters of a report: it must fit into the pipe while nobody reads
_DEATHSIG = 1  # prctl's PR_SET_PDEATHSIG


def live(spot: Spot, build: Build, last_will: Any, wake: int, mail: int, answers: int) -> NoReturn:
    """All that a worker does, from the fork to its end. No exit handlers run: they belong to the parent.

    last_will: prctl, by which the system is asked to end this process with its parent; None where it cannot be asked
    """
    try:
        _settle_in(spot, last_will, wake, mail, answers)
        with np.errstate(all="ignore"):  # the run looks at its loss, and says more
            _work(spot, build, wake, mail, answers)
    except Closed:
        pass
    finally:
        os._exit(0)


def _settle_in(spot: Spot, last_will: Any, wake: int, mail: int, answers: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to decide about
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if last_will is not None:
        last_will(_DEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    spot.look_after()  # it may be gone already
    gc.disable()  # what the parent left is not this process's to clear away (sockets with threads behind them, say)
    gc.freeze()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    keep = {0, 1, 2, wake, mail, answers}
    for name in os.listdir("/proc/self/fd"):  # pipes to the other workers, a notebook's sockets, open files
        if int(name) not in keep:
            with contextlib.suppress(OSError):  # the one by which the folder was read is gone
                os.close(int(name))
    sys.stdout = sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115 (for as long as it lives)


def _work(spot: Spot, build: Build, wake: int, mail: int, answers: int) -> None:
    try:
        worker = build(spot.rank, spot)
    except BaseException:
        _answer(answers, False, _report())
        return
    _answer(answers, True, "ready")
    board, order, ready = spot.board, 0, select.poll()
    ready.register(wake, select.POLLIN)
    while True:
        _await(spot, order, wake, ready)
        if not ORDERED:
            fence()
        order = board[ORDER]
        spot.begin()
        if board[KIND]:
            _read_letter(worker, mail, answers)
        else:
            _step(spot, worker, board[KEY], answers)
        if not ORDERED:
            fence()
        board[done(spot.rank)] = order


def _await(spot: Spot, order: int, wake: int, ready: Any) -> None:
    """Until there is an order after this one: spin for a while, then sleep."""
    board, mine = spot.board, asleep(spot.rank)
    while True:
        for _ in range(SPINS):
            if board[ORDER] != order:
                return
        start = time.monotonic()
        while time.monotonic() - start < AWAKE:
            for _ in range(20):
                if board[ORDER] != order:
                    return
            os.sched_yield()
        board[mine] = 1
        fence()
        if board[ORDER] == order:
            ready.poll()
            if not os.read(wake, 4096):
                raise Closed
        board[mine] = 0


def _step(spot: Spot, worker: Worker, key: int, answers: int) -> None:
    try:
        worker.step(key)
    except Stopped:
        pass
    except BaseException:
        _answer(answers, False, _report())
        spot.board[failed(spot.rank)] = 1
        spot.board[ABORT] = 1


def _read_letter(worker: Worker, mail: int, answers: int) -> None:
    letter = receive(mail)
    try:
        kind, payload = pickle.loads(letter)
        reply = pickle.dumps((True, worker.message(kind, payload)), protocol=5)
    except BaseException:
        _answer(answers, False, _report())
    else:
        transmit(answers, reply)


def _answer(answers: int, fine: bool, what: str) -> None:
    transmit(answers, pickle.dumps((fine, what), protocol=5))


def _report() -> str:
    return traceback.format_exc()[-LONGEST:]
