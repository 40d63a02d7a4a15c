"""A fork has the same past and a future of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutaway.training import Run

from .test_back import END, budgets, slots_of, worlds
from .worlds import live, same, same_future, story


@worlds
def test_a_fork_goes_its_own_way_and_leaves_the_original_alone(make: Callable[..., Run]) -> None:
    events = story(make())
    run, plain = live(make(), 8, events), live(make(), 8, events)
    fork = run.fork()
    same(fork, run)
    fork.edit("alpha", 0.001)
    fork.freeze("*bias")
    fork.batch_size = 3
    fork.train(batches=5, progress=False)
    same(run, plain)
    live(run, END, events)
    live(plain, END, events)
    same(run, plain)
    same(fork.at(8).back(3), run.at(5))


@worlds
@pytest.mark.parametrize("op", [1, 5, 9])
def test_a_fork_in_the_middle_of_a_batch_stands_at_the_same_moment(make: Callable[..., Run], op: int) -> None:
    events = story(make())
    run = live(make(), 5, events)
    while run.op < op:
        run.step("op")
    run.edit("alpha", 0.2)
    run.freeze("*weight")
    run.edit(next(iter(run.net.named_parameters())), 0.5)
    fork = run.fork()
    assert slots_of(fork) == slots_of(run)
    same(fork, run)
    same_future(fork, run)
    same(fork.at(5), live(make(), 5, events))


@worlds
@budgets
def test_snapshots_shared_with_a_fork_are_not_written_over(make: Callable[..., Run], budget: int) -> None:
    run = make(budget=budget).train(until=6, progress=False)
    forks = [run.fork() for _ in range(3)]
    run.at(2).edit("alpha", 0.3)
    run.train(until=30, progress=False)
    forks[0].at(1).edit("alpha", 0.2)
    forks[0].train(until=20, progress=False)
    for batch in (4, 2, 1, 5, 0):
        same(forks[1].at(batch), make().train(until=batch, progress=False))
    same(forks[2].fork().fork().train(until=9, progress=False).at(3), make().train(until=3, progress=False))


def test_a_fork_has_a_network_of_its_own() -> None:
    run = next(iter(worlds.args[1]))(budget=1).train(until=4, progress=False)
    fork = run.fork()
    assert fork.net is not run.net
    assert fork.net[0].weight is not run.net[0].weight
