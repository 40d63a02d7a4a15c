"""The numbers of a run stand in the plan until somebody asks: nobody can tell, but for the time that it saves."""

import copy
import pickle

import numpy as np
import pytest

from cutaway import nn, optim
from cutaway.engine import Parameter, Tape
from cutaway.engine.plan.rows import Rows
from cutaway.engine.plan.state import State
from cutaway.training import Run
from cutaway.training.planned import Planned, Planner

WORKERS = (1, 2)


def make(workers=1, budget=256 << 20):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3)).astype(np.float32)
    y = rng.integers(0, 4, 50)
    net = nn.Sequential(nn.Linear(3, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 4))
    return Run(net, nn.CrossEntropyLoss(), optim.Adam(0.01), (x, y), batch_size=8, workers=workers, budget=budget)


def numbers(run):
    return {name: array.tobytes() for name, array in run.state.items()}


@pytest.mark.parametrize("workers", WORKERS)
def test_who_looks_all_the_time_sees_the_same_as_who_never_looks(workers):
    looked, alone = make(workers), make(workers)
    for stop in range(1, 23):  # over epochs' ends, where batches are smaller and other plans take over
        looked.onward(stop)
        numbers(looked)
    for stop in (3, 4, 9, 15, 22):
        alone.onward(stop)
    assert numbers(alone) == numbers(looked)


def test_nothing_is_copied_out_of_the_plan_while_nobody_looks(monkeypatch):
    run, copied, store = make(), [], Rows.store
    monkeypatch.setattr(Rows, "store", lambda rows, state, names: (copied.append(rows), store(rows, state, names)))
    for stop in (2, 4, 5):  # no epoch ends before the 6th
        run.onward(stop)
    assert not copied
    numbers(run)
    numbers(run)
    assert len(copied) == 1


@pytest.mark.parametrize("workers", WORKERS)
def test_what_is_read_once_is_never_written_to_again(workers):
    run = make(workers)
    run.onward(3)
    held = dict(run.state)
    before = {name: array.tobytes() for name, array in held.items()}
    run.onward(20)
    assert {name: array.tobytes() for name, array in held.items()} == before
    assert numbers(run) != before


@pytest.mark.parametrize("workers", WORKERS)
def test_branches_that_share_a_plan_do_not_touch_each_others_numbers(workers):
    run, straight = make(workers), make(workers)
    run.onward(3)
    other = run.fork()
    for stop in (4, 5, 10, 11):  # taking turns, and nobody looks
        run.onward(stop)
        other.onward(stop)
    other.edit("0.weight", 0.5)
    other.onward(14)
    run.onward(14)
    straight.onward(14)
    assert numbers(run) == numbers(straight)
    assert numbers(other) != numbers(run)


@pytest.mark.parametrize("workers", WORKERS)
def test_what_is_changed_by_hand_is_trained_on(workers):
    run, again = make(workers), make(workers)
    run.onward(3)
    run.state["0.bias"] = np.ones(7, np.float32)
    run.onward(4)
    again.onward(3)
    again.edit("0.bias", 1.0)
    again.onward(4)
    assert numbers(run) == numbers(again)


def test_workers_that_are_sent_home_leave_the_numbers_behind():
    run, straight = make(2), make(2)
    run.onward(4)
    run.programs.planner.close()
    run.onward(9)
    straight.onward(9)
    assert numbers(run) == numbers(straight)


def test_the_way_back_leads_to_numbers_that_nobody_had_looked_at():
    run, seen = make(), []
    for stop in range(1, 15):
        run.onward(stop)
    for batch in (9, 5, 2):
        run.at(batch)
        seen.append(numbers(run))
    for batch, had in zip((9, 5, 2), seen, strict=True):
        straight = make()
        straight.onward(batch)
        assert numbers(straight) == had


def test_numbers_put_back_whole_are_the_ones_that_training_goes_on_with():
    w, one = Parameter([1.0], name="w"), np.ones(1, np.float32)
    with Tape() as tape:
        tape.carries("w", w + tape.input("x", one))
        tape.results["old"] = tape.slot(w)
    state = State({"w": w.data})
    planned = Planned(tape, state, Planner())
    assert [float(old[0]) for (old,) in planned.replay([(one,)] * 3)] == [1.0, 2.0, 3.0]
    state.clear()
    state.update(w=w.data)  # the very array that it began with
    assert [float(old[0]) for (old,) in planned.replay([(one,)] * 2)] == [1.0, 2.0]
    assert state["w"].tolist() == [3.0]


def test_it_is_used_like_a_dict_and_a_copy_is_one():
    run = make()
    run.onward(3)
    names = [name for name, _ in run.net.named_parameters().items()]
    assert [name for name in run.state if not name.startswith("optim/")][: len(names)] == names
    assert "0.weight" in run.state and "0.wieght" not in run.state and run.state.get("nothing") is None
    assert str(run.state.keys()).startswith("dict_keys(['0.weight'")
    for way in (copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s)), lambda s: s | {}):
        other = way(run.state)
        assert type(other) is dict
        kept = {name: array.tobytes() for name, array in other.items()}
        assert kept == numbers(run)
        run.onward(run.batch + 2)
        assert {name: array.tobytes() for name, array in other.items()} == kept != numbers(run)
    assert ({"alpha": 1} | run.state).keys() > {"alpha", "0.weight"}


def test_interrupted_while_they_are_fetched_all_of_them_come_the_next_time(monkeypatch):
    run, straight, store = make(), make(), Rows.store
    run.onward(4)
    straight.onward(4)

    def interrupted(rows, state, names):
        store(rows, state, list(names)[:2])
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(Rows, "store", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.state["0.weight"]
    assert numbers(run) == numbers(straight)
    run.onward(9)
    straight.onward(9)
    assert numbers(run) == numbers(straight)
