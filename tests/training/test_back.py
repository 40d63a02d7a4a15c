"""Going back is exact to the bit, in every world, with whatever happened on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutaway.training import Run

from .worlds import WORLDS, bits, live, same, same_future, story

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


@worlds
def test_walking_op_by_op_ends_on_the_same_bits_as_train(make: Callable[..., Run]) -> None:
    trained, stepped, pulled = make().train(until=8, progress=False), make(), make()
    while stepped.batch < 8:
        stepped.step("op")
    for moment in pulled.moments():
        if moment.kind == "batch" and pulled.batch == 8:
            break
    same(stepped, trained)
    same(pulled, trained)


@worlds
@pytest.mark.parametrize("unit", ["layer", "batch", "epoch"])
def test_larger_steps_end_on_the_same_bits_as_train(make: Callable[..., Run], unit: str) -> None:
    run = make()
    epoch = len(run.loader())
    if unit != "batch":
        run.step("op")  # the longer way: from the middle of a batch
    while run.batch < epoch:
        run.step(unit)
    assert run.batch == epoch
    same(run, make().train(epochs=1, progress=False))


@worlds
def test_watching_every_slot_changes_nothing(make: Callable[..., Run]) -> None:
    events = story(make())
    watched, unseen = make(), live(make(), END, events)
    for batch in range(END):
        live(watched, batch, {place: done for place, done in events.items() if place[0] < batch or place == (batch, 0)})
        for place, actions in sorted(events.items()):
            if place[0] == batch and place[1]:
                while watched.op < place[1]:
                    watched.step("op")
                for action in actions:
                    action(watched)
        for moment in watched.moments():
            if moment.step is not None:
                watched.see(moment.step.output)
            assert repr(watched) and watched.program
            for name in watched.state:
                watched.see(name)
            if moment.kind == "batch":
                break
        watched.evaluate(watched.data[:3])
        watched.predict(watched.data.x[:2])
    live(watched, END, {place: done for place, done in events.items() if place == (END, 0)})
    same(watched, unseen)


@worlds
@budgets
def test_back_by_op_and_layer_across_batches(make: Callable[..., Run], budget: int) -> None:
    run = make(budget=budget).train(until=6, progress=False)
    run.step("op")
    run.step("layer")
    seen: list[tuple[tuple[int, int], list[object]]] = []
    for _ in range(2 * len(run.program.steps)):
        run.step("op")
        seen.append(((run.batch, run.op), slots_of(run)))
    for k in (1, 3, len(run.program.steps), 2):
        place, slots = seen[-1 - k]
        assert (run.back(k, "op").batch, run.op) == place
        assert slots_of(run) == slots
        seen = seen[: len(seen) - k]
    labels = layers_passed(run, 25)
    run.back(20, "layer")
    assert layers_passed(run, 20) == labels[5:]
    run.step("batch")
    same(run.at(run.batch), make().train(until=run.batch, progress=False))


def slots_of(run: Run) -> list[object]:
    """Everything computed so far in the open batch, to the bit."""
    if not run.op:
        return []
    return [bits(run.see(step.output)) for step in run.program.steps[: run.op - 1]]


def layers_passed(run: Run, count: int) -> list[str]:
    """Go on by so many layers; their labels."""
    return [run.step("layer").label for _ in range(count)]
