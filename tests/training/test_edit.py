"""Changing a run by hand: every change is part of its history, wherever it was made."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway import nn, optim
from cutaway.engine.errors import CutawayError
from cutaway.training import Run

from .worlds import GROUPS, WORLDS, bits, rows, same


def small(**options: object) -> Run:
    net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    return Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1, 0.9), rows(), 4, threads=1, **options)  # type: ignore[arg-type]


def test_an_edit_changes_the_one_number_and_the_future() -> None:
    run, other = small().train(batches=3, progress=False), small().train(batches=3, progress=False)
    before = run.state["0.weight"].copy()
    run.edit("0.weight", (1, 2), 7.5)
    assert run.state["0.weight"][1, 2] == np.float32(7.5)
    assert (run.state["0.weight"] != before).sum() == 1
    assert run.net[0].weight.data[1, 2] == np.float32(7.5)
    run.train(batches=1, progress=False)
    other.train(batches=1, progress=False)
    assert bits(run.state["0.bias"]) != bits(other.state["0.bias"])


def test_short_names_reach_what_the_optimizer_remembers() -> None:
    run = small()
    assert run.see("alpha") == np.float32(0.1)
    run.edit("alpha", 0.5).edit("velocity/0.bias", (0,), 1.0)
    assert run.state["optim/alpha"] == np.float32(0.5)
    assert run.state["optim/velocity/0.bias"].tolist() == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", ["0.weight", "unused.weight", "optim/v/first.weight", "alpha", "last.bias"])
def test_going_back_in_an_open_batch_takes_an_edit_away(name: str) -> None:
    """Also of what the open batch does not use, and of what is frozen."""
    run = WORLDS["tied, frozen and unused"]().train(batches=3, progress=False)
    name = {"0.weight": "first.weight"}.get(name, name)
    before = bits(run.see(name))
    for _ in range(3):
        run.step("op")
    run.edit(name, 9.0)
    assert bits(run.see(name)) != before
    run.step("op")
    run.back(2, "op")
    assert bits(run.see(name)) == before
    run.step("op")
    assert (run.see(name) == 9).all()
    run.at(3)
    assert bits(run.see(name)) == before
    run.step("batch")
    if name in ("unused.weight", "alpha", "last.bias"):
        assert (run.see(name) == 9).all()
    run.back(1)
    assert bits(run.see(name)) == before


def test_an_edit_after_the_update_moves_the_new_value_too() -> None:
    run = small()
    run.step("op")
    while run.op <= len(run.program.steps):
        run.step("op")
    run.edit("0.weight", (0, 0), 5.0)
    run.step("batch")
    assert run.state["0.weight"][0, 0] == 5.0


def test_an_edited_slot_changes_what_comes_after_it_in_this_batch_only() -> None:
    run, plain = small(), small()
    for r in (run, plain):
        r.step("op")
        r.step("op")
    slot = run.program.steps[0].output
    run.edit(slot, 0.0)
    assert (run.see(slot) == 0).all()
    run.step("op")
    plain.step("op")
    second = run.program.steps[1].output
    assert (run.see(second) != plain.see(second)).any()
    run.step("batch")
    plain.step("batch")
    assert run.losses[0] != plain.losses[0]
    run.step("op")
    run.step("op")
    assert (run.see(slot) != 0).any()


def test_a_change_forgets_the_future_that_was() -> None:
    run = small().train(batches=9, progress=False)
    run.at(4).edit("alpha", 0.5)
    run.train(until=7, progress=False)
    run.at(2).edit("alpha", 0.01)
    run.train(until=9, progress=False)
    fresh = small().train(until=2, progress=False).edit("alpha", 0.01).train(until=9, progress=False)
    same(run, fresh)
    assert [event.batch for event in run.history.events] == [2]


def test_freezing_in_an_open_batch_counts_from_the_next_one_and_survives_an_edit() -> None:
    run = small().train(batches=2, progress=False)
    for _ in range(4):
        run.step("op")
    run.freeze("0.*")
    run.edit("alpha", 0.02)
    before = run.state["0.weight"].copy()
    for moment in run.moments():
        if moment.kind == "batch" and run.batch == 3:
            break
    after = run.state["0.weight"].copy()
    assert (before != after).any()
    run.train(batches=2, progress=False)
    assert bits(run.state["0.weight"]) == bits(after)
    other = run.fork().at(2)
    assert other.net[0].weight.requires_grad
    assert not other.at(3).net[0].weight.requires_grad
    same(other.at(5), run)


def test_going_back_in_an_open_batch_takes_a_freezing_away() -> None:
    run = small().train(batches=2, progress=False)
    for _ in range(4):
        run.step("op")
    run.freeze("0.*")
    run.step("op")
    run.back(2, "op")
    assert (run.op, run.settings.frozen) == (3, ())
    assert run.net[0].weight.requires_grad
    assert "0.weight" in run.program.carry
    assert run.step("op").op == 4
    assert run.settings.frozen == ("0.weight", "0.bias")
    run.at(2)
    assert "0.weight" in run.program.carry
    run.train(batches=2, progress=False)
    assert "0.weight" not in run.program.carry


def test_changes_made_on_the_network_itself_are_noticed_also_in_an_open_batch() -> None:
    run = small().train(batches=2, progress=False)
    run.net[0].weight.data = np.full((4, 5), 0.25, np.float32)
    run.step("op")
    run.step("op")
    assert [(e.batch, e.op, e.name) for e in run.history.events] == [(2, 0, "0.weight")]
    run.net[2].bias.data = np.full(3, 0.5, np.float32)
    run.step("op")
    assert [(e.batch, e.op, e.name) for e in run.history.events][1:] == [(2, 2, "2.bias")]
    run.net.freeze("0.*")
    run.train(until=5, progress=False)
    assert run.settings.frozen == ("0.weight", "0.bias")
    end = run.fork()
    same(run.at(0).at(5), end)


def test_changes_made_between_two_batches_of_moments_are_noticed() -> None:
    run = small()
    for moment in run.moments():
        if moment.kind == "batch" and run.batch == 2:
            run.net[0].weight.data = np.full((4, 5), 0.25, np.float32)
        if run.batch == 3:
            break
    assert [(event.batch, event.name) for event in run.history.events] == [(2, "0.weight")]
    same(run.fork().at(0).at(3), run)


def test_the_numbers_of_the_network_are_read_only() -> None:
    run = small().train(batches=1, progress=False)
    with pytest.raises(ValueError, match="read-only"):
        run.net[0].weight.data[0, 0] = 1.0


def test_looking_at_the_program_does_not_decide_when_a_memory_begins() -> None:
    def unfrozen(look: bool) -> Run:
        net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).freeze("0.*")
        optimizer = optim.Adam(0.1, average=0.5, groups=GROUPS)
        run = Run(net, nn.CrossEntropyLoss(), optimizer, rows(), 4, threads=1).train(batches=3, progress=False)
        run.unfreeze("0.*")
        if look:
            assert len(run.program) and run.evaluate(rows())
        run.edit("0.weight", 0.125)
        return run.train(batches=3, progress=False)

    run, looked = unfrozen(look=False), unfrozen(look=True)
    same(run, looked)
    same(run.at(0).at(6), looked)


def test_an_average_that_begins_again_begins_with_the_weight_as_it_is() -> None:
    def begin(value: float, run: Run | None = None) -> Run:
        if run is None:
            net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).freeze("0.*")
            run = Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1, average=0.5), rows(), 4, threads=1)
        run.train(until=2, progress=False).edit("0.weight", value)
        return run.unfreeze("0.*").train(until=4, progress=False)

    same(begin(0.5, begin(0.25).at(0)), begin(0.5))


def test_batch_size_begins_a_new_pass() -> None:
    run = small().train(batches=8, progress=False)
    assert (run.epoch, len(run.loader())) == (1, 6)
    run.batch_size = 11
    assert (run.epoch, len(run.loader())) == (2, 2)
    assert len(run.inputs(run.batch)[0]) == 11
    run.train(epochs=1, progress=False)
    assert (run.batch, run.epoch) == (10, 3)
    assert (run.at(7).batch_size, run.epoch) == (4, 1)


# -- impossible changes ------------------------------------------------------------------------------------------------
def test_unknown_names_are_answered_with_near_ones() -> None:
    run = small()
    with pytest.raises(CutawayError, match=r"nothing called '0\.wieght'\. Did you mean '0\.weight'"):
        run.edit("0.wieght", 1.0)
    with pytest.raises(CutawayError, match="only while a batch is open"):
        run.edit("x", 1.0)
    with pytest.raises(CutawayError, match="only while a batch is open"):
        run.see(3)
    with pytest.raises(CutawayError, match="'op', 'layer', 'batch', 'epoch', not 'bach'"):
        run.step("bach")
    with pytest.raises(CutawayError, match="'op', 'layer', 'batch', 'epoch', not 'week'"):
        run.back(1, "week")
    with pytest.raises(CutawayError, match="records loss, accuracy, not 'acuracy'"):
        run.curve("acuracy")
    with pytest.raises(CutawayError, match=r"No parameter is called '7\.\*'"):
        run.freeze("7.*")


@pytest.mark.parametrize(
    ("name", "index", "value", "sentence"),
    [
        ("0.weight", (9, 0), 1.0, "out of bounds"),
        ("0.weight", (0, 0, 0), 1.0, "too many indices"),
        ("0.weight", None, np.ones(3), r"has shape \(4, 5\); a value of shape \(3,\) does not go in"),
        ("0.weight", (0, 0), "much", "could not convert"),
    ],
)
def test_an_impossible_edit_is_refused_and_changes_nothing(
    name: str, index: object, value: object, sentence: str
) -> None:
    run, untouched = small().train(batches=2, progress=False), small().train(batches=2, progress=False)
    with pytest.raises(CutawayError, match=sentence):
        run.edit(name, index, value)
    assert not run.history.events
    same(run, untouched)


def test_slots_that_are_not_there_say_so() -> None:
    run = small()
    run.step("op")
    for slot in (len(run.program.values), -1):
        with pytest.raises(CutawayError, match=f"no slot {slot}"):
            run.edit(slot, 1.0)
    with pytest.raises(CutawayError, match="is not computed yet, so a change would be overwritten"):
        run.edit(run.program.steps[0].output, 1.0)
    with pytest.raises(CutawayError, match="'slot:abc'"):
        run.see("slot:abc")


def test_an_answer_out_of_range_is_refused_at_the_edit() -> None:
    run = small()
    run.step("op")
    with pytest.raises(CutawayError, match="class number 3, but there are 3 classes"):
        run.edit("y", 0, 3)
    with pytest.raises(CutawayError, match="whole numbers"):
        run.edit("y", 0, 1.5)
    run.edit("y", 0, 2)
    run.step("batch")


def test_steps_before_the_beginning_are_refused_and_the_run_stays() -> None:
    run = small().train(batches=3, progress=False)
    run.step("op")
    here = run.fork()
    for journey in (
        lambda: run.back(4),
        lambda: run.at(-1),
        lambda: run.back(1, "epoch"),
        lambda: run.back(1000, "op"),
        lambda: run.back(1000, "layer"),
        lambda: run.at(2, -1),
        lambda: run.at(2, 1000),
    ):
        with pytest.raises(CutawayError, match=r"remembers nothing before batch 0|moments before it is done"):
            journey()
        same(run, here)
        assert run.see(run.program.inputs["x"]) is not None
