"""What a page changes: numbers, branches, conditions."""

from __future__ import annotations

import numpy as np
import pytest

from ...training.worlds import WORLDS
from .talking import Page, small


def test_an_edit_is_the_runs_own_and_is_told():
    page = Page(small())
    page.go("step", unit="batch", n=3)
    frame = page.frame("edit", what={"name": "0.weight"}, index=[2, 1], value=0.25)
    assert frame["changed"] and page.run.state["0.weight"][2, 1] == 0.25
    assert not page.frame("pause")["changed"]
    edits = page.one("branches", "branch", select=0)["list"][0]["edits"]
    assert edits == [{"batch": 3, "op": 0, "name": "0.weight", "index": [2, 1], "value": 0.25}]
    assert page.numbers(name="0.weight")[2, 1] == 0.25


def test_inside_a_batch_a_slot_can_be_changed_and_what_follows_sees_it():
    page = Page(WORLDS["plain sgd"]())
    page.ask("step", unit="op", n=3)
    slot = page.run.program.steps[1].output
    page.ask("edit", what={"slot": slot}, index=[0, 0], value=7.0)
    assert page.numbers(slot=slot)[0, 0] == 7
    page.ask("step", unit="op")
    assert page.numbers(slot=page.run.program.steps[2].output)[0, 0] == pytest.approx(np.tanh(7.0))


def test_branches_go_their_own_ways_from_where_they_left():
    page = Page(small())
    page.go("step", unit="batch", n=4)
    told = page.one("branches", "fork", name="slower")
    assert told["selected"] == 1 and told["list"][1]["name"] == "slower" and told["list"][1]["parent"] == 0
    assert (told["list"][1]["batch"], told["list"][1]["op"]) == (4, 0)
    page.ask("edit", what={"name": "alpha"}, value=0.001)
    page.go("step", unit="batch", n=6)
    differences = page.one("compared", "compare", branch=0)["differences"]
    assert {d["name"] for d in differences} >= {"0.weight", "3.weight"} and differences[0]["root_mean_square"] > 0
    frame = page.frame("branch", select=0)
    assert (frame["branch"], frame["batch"]) == (0, 4)
    curve = frame["curve"]
    assert curve["branch"] == 0 and curve["from"] + len(frame["data"]["curve"]) == 4
    assert "run itself" in page.error("drop", branch=0)
    assert [b["id"] for b in page.one("branches", "drop", branch=1)["list"]] == [0]
    assert "no branch 1" in page.error("branch", select=1)


def test_a_branch_that_is_changed_before_it_was_forked_leaves_there():
    page = Page(small())
    page.go("step", unit="batch", n=4)
    page.ask("step", unit="op", n=3)
    page.ask("fork")
    page.go("back", unit="batch", n=2)
    page.ask("edit", what={"name": "alpha"}, value=0.001)
    branch = page.one("branches", "hello")["list"][1]
    assert (branch["batch"], branch["op"]) == (2, 3)
    assert [(edit["batch"], edit["name"]) for edit in branch["edits"]] == [(2, "optim/alpha")]


def test_branches_are_apart_since_the_first_batch_that_went_differently():
    page = Page(small())
    page.go("step", unit="batch", n=2)
    page.ask("fork", name="B")
    assert page.one("compared", "compare", branch=0)["from"] is None  # nothing went differently yet
    page.ask("edit", what={"name": "alpha"}, value=0.001)
    page.go("step", unit="batch", n=3)
    page.ask("fork", name="C")
    page.go("step", unit="batch", n=1)
    assert page.one("compared", "compare", branch=0)["from"] == {"batch": 2}
    assert page.one("compared", "compare", branch=1)["from"] is None
    assert page.one("compared", "compare", branch=2) | {"data": 0} == {
        "kind": "compared", "a": 2, "b": 2, "differences": [], "from": None, "client": "page", "data": 0
    }  # fmt: skip


def test_what_left_a_branch_that_is_dropped_leaves_where_it_left():
    page = Page(small())
    page.go("step", unit="batch", n=2)
    page.ask("fork", name="B")
    page.ask("edit", what={"name": "alpha"}, value=0.001)
    page.go("step", unit="batch", n=3)
    page.ask("fork", name="C")
    _, c = page.one("branches", "drop", branch=1)["list"]
    assert (c["parent"], c["batch"], c["op"]) == (0, 2, 0)
    assert [(edit["batch"], edit["name"]) for edit in c["edits"]] == [(2, "optim/alpha")]


def test_watching_pauses_where_the_condition_comes_true():
    page = Page(small())
    watches = page.one("watches", "watch", expression="batch >= 7")
    assert watches["list"] == [{"id": 0, "expression": "batch >= 7", "hits": 0}]
    frame = page.frame("play")
    while frame["pull"]:
        frame = page.frame("tick", turn=frame["turn"], ms=20)
    assert frame["hits"][0]["expression"] == "batch >= 7" and page.run.batch < 12
    assert page.error("watch", expression="__import__('os')") and page.error("watch", expression=" ")
    assert page.one("watches", "unwatch", watch=0)["list"] == []
