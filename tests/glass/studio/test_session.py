"""The studio's session: any run is told, step by step; it is played, moved, and several pages look on."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cutaway.glass.studio import Session, session

from ...training.worlds import WORLDS, bits_of, same
from .talking import KINDS_OF_RUNS, Page, small

every_run = pytest.mark.parametrize("make", KINDS_OF_RUNS.values(), ids=KINDS_OF_RUNS)


# -- any network ------------------------------------------------------------------------------------------------------
@every_run
def test_any_run_is_told_step_by_step_and_every_slot_can_be_looked_at(make):
    page = Page(make())
    told = {answer["kind"]: answer for answer in page.ask("hello")}
    assert list(told) == ["session", "branches", "watches", "program", "frame"]
    program, steps = told["program"], page.run.program.steps
    assert [step["op"] for step in program["steps"]] == [step.op.name for step in steps]
    assert page.frame("step", unit="op")["step"] == -1
    for k, step in enumerate(steps):
        frame = page.frame("step", unit="op")
        assert (frame["step"], frame["title"]) == (k, program["steps"][k]["question"])
        seen = page.run.see(step.output)
        slot = program["slots"][str(step.output)]
        assert tuple(slot["shape"]) == seen.shape and slot["made"] == k
        array = page.one("array", "look", key="a", what={"slot": step.output}, overview={}, stats=True)
        assert array["known"] and array["stats"]["size"] == seen.size
        assert len(array["data"]["bins"]) == 41
    assert page.frame("step", unit="op")["op"] == 0
    json.dumps(told["session"], allow_nan=False)


@every_run
def test_what_is_not_computed_yet_is_not_shown(make):
    page = Page(make())
    page.ask("hello")
    last = page.run.program.steps[-1].output
    page.ask("step", unit="op")
    array = page.one("array", "look", key="a", what={"slot": last}, overview={}, stats=True)
    assert not array["known"] and array["data"] == {} and array["made"] == len(page.run.program.steps) - 1


@every_run
def test_playing_trains_as_training_does_to_the_bit(make):
    page, other = Page(make()), make()
    for _ in range(4):
        page.ask("step", unit="op")  # it keeps this place in every batch
    frame = page.frame("play")
    while page.run.batch < 12:
        frame = page.frame("tick", turn=frame["turn"], ms=2)
        assert frame["pull"] and frame["op"] == 4
    frame = page.frame("pause")
    assert not frame["pull"] and not frame["playing"]
    other.at(page.run.batch, 4)
    same(page.run, other)


# -- moving -----------------------------------------------------------------------------------------------------------
def test_back_undoes_step_by_every_unit():
    page = Page(small())
    page.run.train(batches=30, progress=False)
    for place in (0, 1, 5):
        page.ask("at", batch=30, op=place)
        before = bits_of(page.run)
        for unit in ("op", "layer", "batch", "epoch"):
            for n in (1, 3):
                if unit != "layer" or place < 2:  # back by layers goes to where a layer begins
                    page.go("step", unit=unit, n=n)
                    frame = page.go("back", unit=unit, n=n)
                    assert (frame["batch"], frame["op"]) == (30, place), (unit, n)
                    assert bits_of(page.run) == before


def test_back_a_hundred_batches_and_forwards_again_is_exact():
    page, other = Page(small()), small()
    page.go("step", unit="batch", n=40)
    half = bits_of(page.run)
    page.go("step", unit="batch", n=100)
    end = bits_of(page.run)
    assert page.go("back", unit="batch", n=100)["batch"] == 40
    assert bits_of(page.run) == half
    assert page.go("at", batch=140)["batch"] == 140
    assert bits_of(page.run) == end
    same(page.run, other.train(batches=140, progress=False))


def test_back_ends_at_the_beginning():
    page = Page(small())
    assert page.frame("back", unit="batch", n=5)["batch"] == 0
    assert page.frame("back", unit="op", n=1)["op"] == 0


def test_a_long_way_forwards_is_played_and_ends_by_itself():
    page = Page(small())
    page.run.train(batches=5, progress=False)
    page.run.seconds_a_batch = 1.0  # as if batches took long
    frame = page.frame("at", batch=15, op=3)
    assert frame["pull"] and frame["batch"] == 5
    while frame["pull"]:
        frame = page.frame("tick", turn=frame["turn"], ms=1)
    assert (frame["batch"], frame["op"], frame["playing"]) == (15, 3, False)


def test_while_nobody_knows_how_long_a_batch_takes_a_long_way_is_played():
    page = Page(small())
    frame = page.frame("step", unit="epoch")
    assert frame["pull"] and frame["batch"] == 0
    while frame["pull"]:
        frame = page.frame("tick", turn=frame["turn"], ms=1)
    assert frame["batch"] == len(page.run.loader()) > 1


def test_a_tick_that_is_not_the_newest_trains_nothing():
    page, other = Page(small()), None
    first = page.frame("play")
    second = page.frame("tick", turn=first["turn"], ms=1)
    here = page.run.batch
    assert page.frame("tick", turn=first["turn"], ms=1000)["pull"] is False
    other = Page(page.session, "other")
    other.ask("hello")
    assert other.frame("tick", turn=second["turn"], ms=1000)["pull"] is False  # one page drives, the others look on
    assert page.run.batch == here
    assert page.frame("tick", turn=second["turn"], ms=1)["pull"]


def test_a_slow_speed_waits_between_its_steps():
    page = Page(small())
    frame = page.frame("play", unit="op", speed=2.0)
    frame = page.frame("tick", turn=frame["turn"], ms=40)
    assert frame["op"] == 1 and 300 < frame["wait"] <= 500
    frame = page.frame("tick", turn=frame["turn"], ms=40)
    assert frame["op"] == 1  # not due yet


def test_a_loss_that_is_no_number_stops_before_its_batch():
    page = Page(WORLDS["plain sgd"]())
    page.run.train(batches=3, progress=False)
    page.ask("edit", what={"name": "2.weight"}, index=[0, 0], value="Infinity")
    frame = page.frame("play")
    while frame["pull"]:
        frame = page.frame("tick", turn=frame["turn"], ms=20)
    assert "nothing is lost" in frame["hits"][0]["text"]
    assert np.isfinite(page.run.losses).all() and page.run.batch in (3, 4)


# -- several pages ----------------------------------------------------------------------------------------------------
def test_other_pages_hear_the_news():
    session = Session(small())
    one, two = Page(session, "one"), Page(session, "two")
    one.ask("hello")
    two.ask("hello")
    one.ask("step", unit="op")
    news = session.news(but="one")
    assert [(head["kind"], head["client"], head["op"]) for head, _ in news] == [("frame", "two", 1)]
    assert session.news() == []
    session.run.step("op")  # by a cell of the notebook
    assert sorted(head["client"] for head, _ in session.news()) == ["one", "two"]


def test_whoever_plays_goes_on_when_another_page_adds_a_condition():
    shared = Session(small())
    one, two = Page(shared, "one"), Page(shared, "two")
    frame = one.frame("play")
    two.ask("watch", expression="loss > 99")
    frame = one.frame("tick", turn=frame["turn"], ms=1)
    two.ask("unwatch", watch=0)
    assert one.frame("tick", turn=frame["turn"], ms=1)["pull"]


def test_the_page_that_plays_hears_the_news_with_its_turn_to_go_on():
    shared = Session(small())
    one, two = Page(shared, "one"), Page(shared, "two")
    one.ask("hello")
    two.ask("hello")
    frame = one.frame("play", speed=8.0)
    frame = one.frame("tick", turn=frame["turn"], ms=1)
    shared.run.edit("alpha", 0.001)  # by a cell of the notebook
    news = {head["client"]: head for head, _ in shared.news() if head["kind"] == "frame"}
    assert (news["one"]["pull"], news["one"]["turn"]) == (True, frame["turn"]) and news["one"]["wait"] > 0
    assert news["two"]["playing"] and not news["two"]["pull"]
    assert one.frame("tick", turn=frame["turn"], ms=1)["pull"]
    assert one.frame("hello")["pull"]  # its connection broke, and it begins anew


@pytest.mark.parametrize("ask", ["news", "hello"])
def test_a_run_whose_page_is_gone_plays_no_longer(ask, monkeypatch):
    shared = Session(small())
    one, two = Page(shared, "one"), Page(shared, "two")
    two.ask("hello")
    frame = one.frame("play")
    assert two.frame(ask)["playing"]
    monkeypatch.setattr(session, "ALONE", -1.0)
    assert not two.frame(ask)["playing"]
    assert not one.frame("tick", turn=frame["turn"], ms=1)["pull"] and shared.run.batch == 0


def test_while_a_cell_of_the_notebook_runs_nobody_can_tick():
    shared = Session(small())
    one, two = Page(shared, "one"), Page(shared, "two")
    two.ask("hello")
    one.ask("play")
    shared._ticked -= 60  # a long cell
    shared.news()
    two.ask("news")
    assert shared.player.playing
    shared._ticked -= 60
    two.ask("news")
    assert not shared.player.playing


def test_what_one_page_does_to_branches_and_conditions_every_page_is_told():
    shared = Session(small())
    one, two = Page(shared, "one"), Page(shared, "two")
    one.ask("hello")
    two.ask("hello")
    one.go("step", unit="batch", n=3)
    kinds = [answer["kind"] for answer in one.ask("fork")]
    assert kinds == ["branches", "frame"]  # told once
    assert not one.frame("branch", select=0)["changed"] and not one.frame("branch", select=1)["changed"]
    told = {answer["kind"]: answer for answer in two.ask("news")}
    assert list(told) == ["branches", "curve", "frame"]
    assert told["branches"]["selected"] == told["frame"]["branch"] == 1
    assert told["curve"]["curve"]["branch"] == 0 and len(told["curve"]["data"]["curve"]) == 3
    assert [answer["kind"] for answer in two.ask("news")] == ["done"]
    one.ask("edit", what={"name": "alpha"}, value=0.5)
    assert two.one("branches", "news")["list"][1]["edits"][-1]["value"] == 0.5
    one.ask("edit", what={"name": "alpha"}, value=0.25)
    one.ask("watch", expression="loss > 99")
    told = {answer["kind"]: answer for answer in two.ask("news")}
    assert list(told) == ["branches", "watches", "frame"] and told["frame"]["changed"]
    assert told["branches"]["list"][1]["edits"][-1]["value"] == 0.25
    assert [w["expression"] for w in told["watches"]["list"]] == ["loss > 99"]
    told = {answer["kind"]: answer for answer in two.ask("branch", select=0)}
    assert told["watches"]["list"] == []  # a condition is of its branch
    shared.branches.all[1].run.train(batches=2, progress=False)  # by a cell of the notebook
    told = {answer["kind"]: answer for answer in two.ask("news")}
    assert told["branches"]["list"][1]["now"] == {"batch": 5, "op": 0}
    assert (told["curve"]["curve"]["branch"], told["curve"]["curve"]["from"]) == (1, 3)


def test_on_the_way_inside_a_batch_a_condition_stops_and_says_so():
    page = Page(small())
    assert page.one("watches", "watch", expression='max(abs(grad("0.weight"))) > 0')
    last = len(page.run.program.steps) + 1
    frame = page.frame("at", batch=0, op=last)
    assert 1 < frame["op"] < last and "grad" in frame["hits"][0]["expression"]
    assert page.frame("at", batch=0, op=last)["hits"] == [] and page.run.op == last
