"""Everything that a run can do, done by two workers; and what is theirs alone: odd batches, new shapes, a death."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway import nn, optim
from cutaway.engine.plan.crew import WorkerError
from cutaway.training import Run, planned

from .worlds import WORLDS, bits, live, rows, same, same_future, story

END = 17
worlds = pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
RICH = ("momentum, clipping, dropout", "nesterov, groups, schedule", "adamw, batch norm, augmentation",
        "tied, frozen and unused")  # fmt: skip
pytestmark = pytest.mark.xdist_group("workers")  # they spin while they wait: one after the other, not side by side


def two(make: Callable[..., Run], **options: Any) -> Run:
    return make(workers=2, **options)


@pytest.mark.parametrize("make", [WORLDS[name] for name in RICH], ids=RICH)
def test_a_story_with_every_kind_of_change_and_back_again(make: Callable[..., Run]) -> None:
    events = story(make())
    run, again = (live(two(make), END, events) for _ in range(2))
    same(run, again)
    for batch in (8, 6):
        run.at(batch)
        same(run, live(two(make), batch, events))
    run.at(END)
    same(run, again)


@worlds
def test_watched_and_unwatched_are_the_same_to_the_bit(make: Callable[..., Run]) -> None:
    trained, stepped, layers = two(make).train(until=8, progress=False), two(make), two(make)
    while stepped.batch < 8:
        stepped.step("op")
    while layers.batch < 8:
        layers.step("layer")
    same(stepped, trained)
    same(layers, trained)


@worlds
def test_resumed_without_its_code_it_goes_on_to_the_bit(make: Callable[..., Run], tmp_path: Path) -> None:
    run = two(make).train(until=6, progress=False)
    run.save(tmp_path / "run")
    other = Run.resume(tmp_path / "run", data=run.data)
    assert other.workers == 2
    same_future(run, other)


@worlds
def test_two_workers_do_what_one_does_but_for_rounding(make: Callable[..., Run]) -> None:
    one, more = make().train(until=6, progress=False), two(make).train(until=6, progress=False)
    np.testing.assert_allclose(more.losses, one.losses, rtol=1e-4, atol=1e-6)
    for name, array in one.state.items():  # the bias before a batch norm is moved by rounding alone
        np.testing.assert_allclose(more.state[name], array, rtol=2e-3, atol=2e-3, err_msg=name)


def net(size: int = 6) -> nn.Module:
    return nn.Sequential(nn.Linear(5, size), nn.Tanh(), nn.Linear(size, 3))


def run(**options: Any) -> Run:
    options = {"batch_size": 4, "seed": 3, "threads": 1, "workers": 2, **options}
    return Run(options.pop("net", None) or net(), nn.CrossEntropyLoss(), optim.SGD(0.1, 0.9), rows(), **options)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 22])
def test_batches_of_any_size(size: int) -> None:
    """22 examples leave smaller batches at the end, down to a single example."""
    one, more = (run(batch_size=size, workers=k).train(epochs=2, progress=False) for k in (1, 2))
    np.testing.assert_allclose(more.losses, one.losses, rtol=1e-4)


def test_shapes_that_come_after_the_workers_were_forked() -> None:
    more, one = run(), run(workers=1)
    for size in (4, 7, 3, 9, 4):
        for each in (more, one):
            each.batch_size = size
            each.train(batches=2, progress=False)
    np.testing.assert_allclose(more.losses, one.losses, rtol=1e-4)


def crew_of(one: Run) -> Any:
    return one.programs.planner._crew


def test_a_worker_that_dies_ends_no_run() -> None:
    killed, whole = run(), run()
    for each in (killed, whole):
        each.train(batches=5, progress=False)
    before = {name: bits(array) for name, array in killed.state.items()}
    (worker,) = crew_of(killed)._team
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match="worker"):
        killed.train(batches=5, progress=False)
    assert killed.batch == 5 and before == {name: bits(array) for name, array in killed.state.items()}
    killed.train(batches=5, progress=False)  # with a new one
    whole.train(batches=5, progress=False)
    same(killed, whole)


def test_old_plans_make_room_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planned, "MOST", 3)
    one, free = run(workers=1), run(workers=1)
    for size in (2, 3, 4, 5, 6, 2, 4):
        one.batch_size = size
        one.train(batches=2, progress=False)
        assert len(one.programs.planner._plans) <= 3
    monkeypatch.undo()
    for size in (2, 3, 4, 5, 6, 2, 4):
        free.batch_size = size
        free.train(batches=2, progress=False)
    same(one, free)


class Curious(nn.Module):
    """Looks at its numbers, and does something else when they are large."""

    def __init__(self) -> None:
        self.layer = nn.Linear(5, 3)

    def forward(self, x: Any) -> Any:
        y = self.layer(x)
        return y * 0.5 if float(y.max()) > 0.7 else y


def test_a_program_that_reads_a_value_is_stepped_and_said_so_once(recwarn: pytest.WarningsRecorder) -> None:
    fast, slow = run(net=Curious()), run(net=Curious(), plan=False, workers=1)
    fast.train(batches=9, progress=False)
    told = [str(w.message) for w in recwarn if "planned ahead" in str(w.message)]
    assert len(told) == 1 and "step by step" in told[0]
    slow.train(batches=9, progress=False)
    np.testing.assert_allclose(fast.losses, slow.losses, rtol=1e-6)
