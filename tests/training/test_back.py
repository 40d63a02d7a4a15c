"""Going back is exact to the bit, in every world, with whatever happened on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutaway.training import Run

from .worlds import WORLDS, live, same, same_future, story

END = 17
LARGE, TINY = 256 << 20, 1  # bytes for the past; with one byte only a handful of snapshots stay

worlds = pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
budgets = pytest.mark.parametrize("budget", [LARGE, TINY], ids=["dense", "sparse"])


@worlds
@budgets
@pytest.mark.parametrize("k", [1, 2, 7, 14, END])
def test_back_equals_a_run_that_stopped_there(make: Callable[..., Run], budget: int, k: int) -> None:
    run = make(budget=budget).train(until=END, progress=False).back(k)
    same_future(run, make().train(until=END - k, progress=False), k)


@worlds
@budgets
def test_back_with_every_kind_of_change_on_the_way(make: Callable[..., Run], budget: int) -> None:
    events = story(make())
    run = live(make(budget=budget), END, events)
    whole = make()
    live(whole, END, events)
    same(run, whole)
    for batch in (END - 1, 15, 8, 12, 1, 6, 0):
        run.at(batch)
        same(run, live(make(), batch, events))
    run.at(END)  # forwards again: edits and all
    same(run, whole)
