"""The time machine: a budget that is kept, a past that is dense where it is near, an interval that adapts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway.training import History, Settings
from cutaway.training import history as module
from cutaway.training.history import CLOSEST, SHARE, Event


def state(value: float, size: int = 100) -> dict[str, Any]:
    return {"w": np.full(size, value, np.float32), "alpha": np.asarray(value, np.float64)}


BYTES = sum(array.nbytes for array in state(0).values())


def held(past: History) -> int:
    """All bytes that a history holds on to, snapshots and memory laid by."""
    return sum(a.nbytes for saved in (*past.snapshots.values(), *past._spare) for a in saved.values())


class Clock:
    """Time that passes only when it is told to: every look takes so many seconds."""

    def __init__(self) -> None:
        self.now, self.step = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "perf_counter", clock)
    return clock


@pytest.mark.parametrize("room", [4, 5, 17, 40])
def test_the_budget_is_kept(room: int) -> None:
    past = History(budget=room * (BYTES + 1))
    for batch in range(500):
        past.add(batch, state(batch))
        assert held(past) <= past.budget
        if batch % 100 == 50:
            past.write(Event(batch - 20, 0, "edit", "w", None, np.asarray(0.0)))
            assert held(past) <= past.budget
    assert len(past.snapshots) == room


def test_a_handful_of_snapshots_stays_under_any_budget() -> None:
    past = History(budget=0)
    for batch in range(100):
        past.add(batch, state(batch))
    assert len(past.snapshots) == 4
    assert {0, 99} <= past.snapshots.keys()


def test_dense_where_it_is_near_and_sparse_where_it_is_far() -> None:
    past = History(budget=40 * (BYTES + 1))
    for batch in range(10_000):
        past.add(batch, state(batch))
    kept = sorted(past.snapshots)
    gaps = np.diff(kept)
    assert kept[0] == 0
    assert kept[-1] == 9_999
    near, far = gaps[-10:], gaps[:10]
    assert near.max() < far.min()
    for age in (1, 10, 100, 1000):  # the way from the snapshot before is short beside the way back
        assert 9_999 - age - past.nearest(9_999 - age) <= age


def test_snapshots_are_copies_that_nobody_else_writes_into() -> None:
    past, now = History(budget=6 * (BYTES + 1)), state(7)
    past.add(0, now)
    now["w"][:] = 8
    assert (past.restore(0)["w"] == 7).all()
    past.restore(0)["w"][:] = 9
    assert (past.restore(0)["w"] == 7).all()
    for batch in range(1, 60):
        past.add(batch, state(batch))
        for remembered in past.snapshots:
            assert (past.snapshots[remembered]["w"] == (remembered or 7)).all()


def test_memory_is_used_again_also_when_the_state_changes_its_shape() -> None:
    past = History(budget=0)
    seen = set()
    for batch in range(50):
        past.add(batch, state(batch))
        seen.add(past.snapshots[batch]["w"].ctypes.data)
    assert len(seen) < 8
    for batch in range(50, 60):
        past.add(batch, {**state(batch, 10), "new": np.zeros(3)})
        assert past.restore(batch).keys() == {"w", "alpha", "new"}
        assert past.restore(batch)["w"].shape == (10,)
    past.add(60, state(60))
    assert past.restore(60).keys() == {"w", "alpha"}


def test_what_must_be_kept_is_kept() -> None:
    past = History(budget=5 * (BYTES + 1))
    for batch in range(300):
        past.add(batch, state(batch))
        if batch == 123:
            past.kept = {123}
    assert (past.restore(123)["w"] == 123).all()
    past.forget_after(100)
    assert past.kept == set()


def test_the_interval_follows_from_what_remembering_costs(clock: Clock) -> None:
    past = History(budget=1 << 30)
    clock.step = 0.0035  # seconds that every snapshot takes
    past.add(0, state(0), seconds_a_batch=1.0)
    assert past.interval == CLOSEST
    assert past.next_due(0) == CLOSEST
    for batch in range(1, 30):
        past.add(batch, state(batch), seconds_a_batch=0.01)
    assert 0.0035 / (past.interval * 0.01) <= SHARE < 0.0035 / ((past.interval - 1) * 0.01)
    assert past.next_due(29) == 29 + past.interval
    assert past.next_due(29 + 2 * past.interval) == 29 + 2 * past.interval
    clock.step = 0.0001
    for batch in range(30, 80):
        past.add(batch, state(batch), seconds_a_batch=0.01)
    assert past.interval == CLOSEST


def test_one_slow_snapshot_does_not_stretch_the_interval_for_long(clock: Clock) -> None:
    past = History(budget=1 << 30)
    clock.step = 0.001
    for batch in range(20):
        past.add(batch, state(batch), seconds_a_batch=0.01)
    usual = past.interval
    clock.step = 5.0  # the machine was busy with something else
    past.add(20, state(20), seconds_a_batch=0.01)
    assert past.interval <= 2 * usual + 1
    clock.step = 0.001
    for batch in range(21, 50):
        past.add(batch, state(batch), seconds_a_batch=0.01)
    assert past.interval == usual


def test_a_change_makes_the_time_after_it_unremembered() -> None:
    past = History()
    events = [Event(b, op, "edit", "w", None, np.asarray(1.0)) for b, op in ((5, 0), (20, 0), (20, 3), (30, 0))]
    for batch in range(0, 50, 5):
        past.add(batch, state(batch))
        for event in events:
            if event.batch == batch:
                past.write(event)
    assert sorted(past.snapshots) == list(range(0, 50, 5))
    past.write(Event(20, 1, "edit", "w", None, np.asarray(2.0)))
    assert sorted(past.snapshots) == [0, 5, 10, 15, 20]
    assert [(e.batch, e.op) for e in past.events] == [(5, 0), (20, 0), (20, 1)]
    assert past.at(20) == [events[1]]
    assert past.inside(20)
    assert not past.inside(5)
    assert past.next_event(5) == 20
    assert past.next_event(20) == 20  # in its middle
    assert past.next_event(21) is None


def test_settings_are_those_of_the_last_change() -> None:
    past = History()
    past.first = Settings(batch_size=4)
    past.write(Event(3, 0, "settings", "", None, Settings(("a",), batch_size=4)))
    past.write(Event(7, 2, "settings", "", None, Settings(("a", "b"), batch_size=4)))
    assert past.settings_before(3) == Settings(batch_size=4)
    assert past.settings_before(4) == past.settings_before(7) == Settings(("a",), batch_size=4)
    assert past.settings_before(8) == Settings(("a", "b"), batch_size=4)


def test_a_fork_shares_the_past_and_not_the_future() -> None:
    past = History(budget=6 * (BYTES + 1))
    for batch in range(6):
        past.add(batch, state(batch))
    other = past.fork()
    for batch in range(6, 60):
        past.add(batch, state(batch))
    for batch in range(6):
        assert (other.restore(batch)["w"] == batch).all()
    for batch in range(6, 60):
        other.add(batch, state(-batch))
    assert (past.restore(59)["w"] == 59).all()
    assert all((past.restore(batch)["w"] == batch).all() for batch in past.snapshots)
