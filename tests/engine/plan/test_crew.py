"""Workers: they meet, they share, they rest, and whatever ends one of them, nobody hangs and nobody is left behind."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.engine.errors import CutawayError
from cutaway.engine.plan.crew import Crew, WorkerError, choose
from cutaway.engine.plan.crew.memory import PAGE, SharedMemory

KINDS = ["threads", "fork"] if sys.platform.startswith("linux") else ["threads"]
pytestmark = pytest.mark.xdist_group("workers")  # they spin while they wait: one after the other, not side by side
SOON = 30.0  # seconds that a very busy machine may take for what takes milliseconds


def until(true: Callable[[], bool]) -> None:
    """Wait for something that is about to happen."""
    end = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < end, "it did not happen"
        os.sched_yield() if hasattr(os, "sched_yield") else time.sleep(0)


def running(pid: int) -> bool:
    """Is this process there, and not merely waiting to be counted as ended?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Team:
    """A worker that does what the key of a step says. All ranks share a table with a row each."""

    def __init__(self, rank: int, crew: Crew) -> None:
        self.rank, self.crew = rank, crew
        self.table: Any = None
        self.steps = 0

    def message(self, kind: str, payload: Any) -> Any:
        return getattr(self, kind)(payload)

    def share(self, offset: int) -> int:
        self.table = self.crew.at(offset, 8 * 16 * self.crew.count).view(np.int64).reshape(self.crew.count, 16)
        return os.getpid()

    def fail(self, rank: int) -> str:
        if rank == self.rank:
            raise ArithmeticError(f"rank {rank} cannot")
        return "fine"

    def count(self, _: Any) -> int:
        return self.steps

    def rows(self, _: Any) -> list[int]:
        return self.table[:, 0].tolist()

    def threads(self, _: Any) -> list[int]:
        import threadpoolctl

        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]

    def step(self, key: int) -> None:
        if key > 0:
            self.meet(key)
        elif key == FAIL and self.rank == 1:
            raise ArithmeticError("one divided by nothing")
        elif key == PAUSE and self.rank == 1:
            self.table[1, 1] = 1
            signal.pause()
        self.crew.barrier()
        self.steps += 1

    def meet(self, rounds: int) -> None:
        """Everybody writes, everybody meets, everybody sees what all have written."""
        for k in range(1, rounds + 1):
            self.table[self.rank, 0] = k
            self.crew.barrier()
            if not (self.table[:, 0] == k).all():
                raise AssertionError(f"round {k}: rank {self.rank} sees {self.table[:, 0].tolist()}")
            self.crew.barrier()


FAIL, PAUSE, PLAIN = -1, -2, 0


def shared(count: int, kind: str | None) -> tuple[Crew, list[int]]:
    """A crew with its table, and its processes."""
    crew = Crew.start(Team, count, kind)
    return crew, crew.tell("share", crew.memory(8 * 16 * count)[0])


@pytest.fixture(params=KINDS)
def crew(request: pytest.FixtureRequest) -> Iterator[Crew]:
    made, _ = shared(2, request.param)
    with made:
        yield made


@pytest.fixture
def fork() -> Iterator[tuple[Crew, list[int]]]:
    crew, pids = shared(3, "fork")
    with crew:
        yield crew, pids


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forks")


# -- they meet --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "count", "rounds"), [
    ("fork", 2, 3000), ("fork", 3, 300), ("fork", 4, 200), ("threads", 2, 300), ("threads", 4, 100), (None, 1, 1000),
])  # fmt: skip
def test_thousands_of_meetings_and_nobody_is_early(kind: str | None, count: int, rounds: int) -> None:
    if kind == "fork" and not sys.platform.startswith("linux"):
        kind = None
    crew, _ = shared(count, kind)
    with crew:
        for _ in range(3):
            crew.step(rounds)
        assert crew.tell("count", None) == [3] * count


def test_answers_come_by_rank_and_payloads_may_be_large(crew: Crew) -> None:
    big = np.arange(400_000)
    crew.send("share", [crew.memory(4096)[0]] * 2)
    crew.worker.count = lambda x: x  # type: ignore[attr-defined]
    assert len(crew.tell("fail", 5)) == 2
    answers = crew.send("count", [big, big])
    assert np.array_equal(answers[0], big) and answers[1] == 0


def test_memory_made_later_is_seen_by_all_and_comes_back_clean(crew: Crew) -> None:
    crew.step(3)
    offset, array = crew.memory(8 * 16 * 2)
    crew.tell("share", offset)
    crew.step(7)
    assert array.view(np.int64)[[0, 16]].tolist() == [7, 7]
    array[:] = 9
    crew.release(offset)
    again, new = crew.memory(8 * 16 * 2)
    assert not new.any()
    crew.tell("share", again)
    crew.step(2)
    assert crew.tell("rows", None) == [[2, 2], [2, 2]]


def test_own_is_done_in_place_of_the_step_of_rank_0(crew: Crew) -> None:
    done = []
    crew.step(PLAIN, lambda: (done.append(1), crew.barrier()))
    assert done == [1] and crew.tell("count", None) == [0, 1]


# -- when something goes wrong ----------------------------------------------------------------------------------------
def test_a_worker_that_fails_is_quoted_and_the_others_go_on(crew: Crew) -> None:
    for _ in range(3):
        with pytest.raises(WorkerError, match=r"(?s)Worker 1 failed. The run is as it was.*one divided by nothing"):
            crew.step(FAIL)
        crew.step(5)
    assert crew.tell("count", None) == [3, 3]
    with pytest.raises(WorkerError, match="rank 1 cannot"):
        crew.tell("fail", 1)
    with pytest.raises(ArithmeticError, match="rank 0 cannot"):
        crew.tell("fail", 0)
    crew.step(5)


@linux
def test_of_several_that_fail_all_are_heard(fork: tuple[Crew, list[int]]) -> None:
    crew, _ = fork
    for _ in range(3):
        with pytest.raises(WorkerError, match="rank 2 cannot"):
            crew.tell("fail", 2)
        with pytest.raises(WorkerError, match="one divided by nothing"):
            crew.step(FAIL)
        crew.step(4)


def test_an_error_of_rank_0_is_raised_as_it_is(crew: Crew) -> None:
    def own() -> None:
        raise ZeroDivisionError("mine")

    for _ in range(3):
        with pytest.raises(ZeroDivisionError, match="mine"):
            crew.step(PLAIN, own)
        crew.step(5)


def test_a_worker_that_cannot_be_built(kinds: Any = KINDS) -> None:
    class Never(Team):
        def __init__(self, rank: int, crew: Crew) -> None:
            if rank:
                raise ArithmeticError("never")

    for kind in ("threads", "fork") if len(kinds) > 1 else ("threads",):
        with pytest.raises(WorkerError, match="never"):
            Crew.start(Never, 2, kind)


@linux
def test_a_worker_killed_in_a_step(fork: tuple[Crew, list[int]]) -> None:
    crew, pids = fork

    def own() -> None:
        until(lambda: bool(crew.worker.table[1, 1]))  # type: ignore[attr-defined]
        os.kill(pids[1], signal.SIGKILL)
        crew.barrier()

    with pytest.raises(WorkerError, match=r"Worker 1 .*signal 9 \(SIGKILL\)"):
        crew.step(PAUSE, own)
    assert not any(map(running, pids[1:])) and not crew.alive
    with pytest.raises(WorkerError, match="gone: worker 1"):
        crew.step(PLAIN)


@linux
@pytest.mark.parametrize("then", [lambda crew: crew.step(PLAIN), lambda crew: crew.tell("count", None)])
def test_a_worker_killed_while_it_rests(fork: tuple[Crew, list[int]], then: Callable[[Crew], Any]) -> None:
    crew, pids = fork
    crew.step(PLAIN)
    os.kill(pids[2], signal.SIGKILL)
    until(lambda: not running(pids[2]))
    with pytest.raises(WorkerError, match=r"Worker 2 .*signal 9"):
        then(crew)
    assert not any(map(running, pids[1:]))


@linux
def test_ctrl_c_belongs_to_rank_0(fork: tuple[Crew, list[int]]) -> None:
    crew, pids = fork

    def own() -> None:
        for pid in [*pids[1:], os.getpid()]:  # a terminal sends it to all
            os.kill(pid, signal.SIGINT)
        until(lambda: False)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                crew.step(PLAIN, own)
            crew.step(5)
    finally:
        signal.signal(signal.SIGINT, before)
    assert crew.tell("share", crew.memory(8 * 16 * 3)[0]) == pids


@linux
@pytest.mark.parametrize("seed", range(4))
def test_ctrl_c_at_any_moment(fork: tuple[Crew, list[int]], seed: int) -> None:
    crew, _ = fork
    chance, broken_off = random.Random(seed), 0

    def ring(*_: Any) -> None:
        raise KeyboardInterrupt

    def interrupted() -> bool:
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, 4e-4))
                for _ in range(50):
                    crew.step(2)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            return True
        return False

    before = signal.signal(signal.SIGALRM, ring)
    try:
        for _ in range(60):
            broken_off += interrupted()
            crew.step(3)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert broken_off > 10 and crew.alive
    crew.tell("count", None)


LONELY = """
import os, signal, threading
from cutaway.engine.plan.crew import Crew
class Quiet:
    def __init__(self, rank, crew): self.crew = crew
    def message(self, kind, payload): return os.getpid()
    def step(self, key):
        if key:
            os.write(1, b"in\\n")
            signal.pause()
crew = None
def start():
    global crew
    crew = Crew.start(Quiet, 3, "fork")
    print(*crew.tell("who", None)[1:], flush=True)
print("said once", end=" ")
if WHERE == "thread":
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    crew.step(0)  # the thread is gone, the workers are not
else:
    start()
print("ready", flush=True)
crew.step(1, signal.pause)
"""


@linux
@pytest.mark.parametrize("where", ["main", "thread"])
def test_killed_with_its_crew(where: str) -> None:
    command = [sys.executable, "-c", LONELY.replace("WHERE", repr(where))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline().split()
        assert line[:2] == ["said", "once"]
        pids = [int(word) for word in line[2:]]
        assert len(pids) == 2 and process.stdout.readline() == "ready\n"
        assert [process.stdout.readline() for _ in pids] == ["in\n"] * 2  # in the middle of a step
        process.kill()
        if where == "main":  # the system ends them, whatever they are doing
            until(lambda: not any(map(running, pids)))
        for pid in pids:  # those of a thread see it when they rest or wait; here they sleep in the middle of a step
            if running(pid):
                os.kill(pid, signal.SIGKILL)


@linux
def test_resting_workers_of_a_thread_end_with_their_holder() -> None:
    command = [sys.executable, "-c", LONELY.replace("WHERE", "'thread'").replace("crew.step(1, ", "(")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()[2:]]
        process.stdout.readline()
        process.kill()
        until(lambda: not any(map(running, pids)))


# -- they rest, and they go -------------------------------------------------------------------------------------------
@linux
def test_a_resting_worker_takes_no_time_and_wakes_for_the_next_step(fork: tuple[Crew, list[int]]) -> None:
    from cutaway.engine.plan.crew.board import asleep

    crew, pids = fork
    board = crew.board  # type: ignore[attr-defined]

    def sleeping() -> bool:
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] for pid in pids[1:]]
        return all(board[asleep(rank)] for rank in (1, 2)) and stats == ["S", "S"]

    def worked() -> list[int]:
        """Nanoseconds on a processor."""
        return [int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids[1:]]

    for k in range(20):
        until(sleeping)
        if k == 0:
            before = worked()
            subprocess.run([sys.executable, "-c", "pass"], check=True)  # something that takes a while
            assert worked() == before
        crew.step(3)
    assert crew.tell("count", None) == [20] * 3


@linux
@pytest.mark.parametrize("end", ["close", "forget"])
def test_nothing_is_left_behind(end: str) -> None:
    gc.collect()
    before = sorted(os.listdir("/proc/self/fd"))
    crew, pids = shared(3, "fork")
    crew.step(5)
    if end == "close":
        crew.close()
        crew.close()
        assert not crew.alive
    else:
        del crew
        gc.collect()
    for pid in pids[1:]:
        assert not Path(f"/proc/{pid}").exists()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_closed_threads_end() -> None:
    before = threading.active_count()
    crew, _ = shared(3, "threads")
    assert threading.active_count() == before + 2
    crew.close()
    until(lambda: threading.active_count() == before)
    with pytest.raises(WorkerError, match="sent home"):
        crew.step(PLAIN)


@linux
def test_what_is_in_shared_memory_outlives_the_crew() -> None:
    crew, _ = shared(2, "fork")
    _, array = crew.memory(100)
    array[:] = 3
    crew.close()
    gc.collect()
    assert array.sum() == 300


@linux
def test_workers_use_one_blas_thread_each(fork: tuple[Crew, list[int]]) -> None:
    assert {n for threads in fork[0].tell("threads", None) for n in threads} == {1}


@linux
def test_workers_hold_none_of_their_parents_files(tmp_path: Path) -> None:
    with open(tmp_path / "mine", "w") as mine:
        crew, pids = shared(3, "fork")
        with crew:
            for pid in pids[1:]:
                held = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()]
                assert mine.name not in held
                assert sum(name.startswith("pipe:") for name in held if name) <= 3 + 3  # its own, and stdin to stderr


# -- which kind, and how much room ------------------------------------------------------------------------------------
def test_which_kind_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(1)[0] == "alone"
    monkeypatch.setattr(sys, "platform", "linux")
    assert choose(2)[0] == "fork" and choose(2, "threads")[0] == "threads"
    monkeypatch.setattr(sys, "platform", "darwin")
    kind, why = choose(2)
    assert kind == "threads" and "Linux" in why
    with pytest.raises(CutawayError, match="threads"):
        choose(2, "fork")
    with pytest.raises(CutawayError, match="from 1 up"):
        choose(0)
    with pytest.raises(CutawayError, match="kinds of workers"):
        choose(2, "horses")


def test_room_is_given_out_by_pages_and_used_again() -> None:
    memory = SharedMemory(64 << 20)
    offsets = [memory.take(PAGE + 1)[0] for _ in range(3)]
    assert offsets == [0, 2 * PAGE, 4 * PAGE]
    memory.at(offsets[1], 10)[:] = 1
    memory.release(offsets[1])
    assert memory.take(3 * PAGE)[0] == 6 * PAGE
    again, array = memory.take(2 * PAGE)
    assert again == 2 * PAGE and not array.any()
    with pytest.raises(CutawayError, match="no room"):
        memory.take(1 << 30)
