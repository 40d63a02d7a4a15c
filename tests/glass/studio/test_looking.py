"""What a page sees of arrays and of the loss curve."""

from __future__ import annotations

import numpy as np
import pytest

from ...training.worlds import WORLDS
from .talking import Page, digits, small


def test_windows_pictures_and_summaries_hold_the_numbers():
    page = Page(digits())
    page.ask("step", unit="op")
    weights = page.run.state["1.weight"]
    array = page.one(
        "array", "look", key="w", what={"name": "1.weight"}, overview={"rows": 4, "cols": 9}, stats=True,
        window={"row": 5, "col": 30, "rows": 3, "cols": 9},
    )  # fmt: skip
    assert (array["window"]["row"], array["window"]["col"]) == (5, 27)  # moved so that it lies within
    assert np.array_equal(array["data"]["window"], weights[5:8, 27:36])
    blocks = weights.reshape(4, 2, 9, 4).transpose(0, 2, 1, 3).reshape(4, 9, 8)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)[..., 0]
    assert array["overview"]["block"] == [2, 4] and np.array_equal(array["data"]["overview"], largest)
    assert array["stats"]["mean"] == pytest.approx(float(weights.mean()), rel=1e-5)
    assert array["data"]["bins"].sum() == np.count_nonzero(weights)
    tiles = page.one(
        "array", "look", key="t", what={"name": "1.weight"}, view="tiles", overview={"from": 6, "count": 9}
    )
    assert tiles["tile"] == [6, 6] and tiles["overview"]["total"] == 8
    assert np.array_equal(tiles["data"]["overview"], weights.reshape(8, 6, 6)[6:])
    cell = page.one("cell", "find", what={"name": "1.weight"}, tile=3, rows=[0, 6], cols=[0, 3])
    part = np.abs(weights[3].reshape(6, 6)[:, :3])
    assert np.abs(weights[tuple(cell["index"])]) == part.max() and cell["index"][0] == 3


def test_views_stay_open_and_are_sent_again_with_every_frame():
    page = Page(small())
    page.one("array", "look", key="w", what={"name": "0.weight"}, window={"rows": 2, "cols": 2})
    answers = page.ask("step", unit="batch")
    array = answers[-1]
    assert array["kind"] == "array" and np.array_equal(array["data"]["window"], page.run.state["0.weight"][:2, :2])
    page.ask("step", unit="op")  # the batch is open
    assert [a["kind"] for a in page.ask("step", unit="op")] == ["frame"]  # the same numbers are not sent again
    page.go("step", unit="op", n=1)
    page.ask("edit", what={"name": "0.weight"}, index=[0, 0], value=9)
    page.ask("back", unit="op")
    assert page.numbers(name="0.weight")[0, 0] != 9
    page.ask("unlook", key="numbers")
    array = page.ask("step", unit="op")[-1]  # where it was changed: other numbers, and they are sent
    assert array["key"] == "w" and array["data"]["window"][0, 0] == 9
    page.ask("unlook", key="w")
    assert [a["kind"] for a in page.ask("step", unit="batch")][-1] == "frame"


def test_after_its_update_a_weight_is_shown_as_it_has_become():
    page = Page(WORLDS["plain sgd"]())
    before = page.run.state["0.weight"].copy()
    page.ask("step", unit="op", n=len(page.run.program.steps) + 1)
    after = page.numbers(name="0.weight")
    page.ask("step", unit="op")
    assert not np.array_equal(after, before) and np.array_equal(after, page.run.state["0.weight"])


def test_a_million_numbers_are_sent_as_what_is_seen(monkeypatch):
    page = Page(small())
    big = np.random.default_rng(0).normal(size=(1000, 1000)).astype("f")
    big[123, 456] = np.nan
    big[700, 1] = -99
    monkeypatch.setitem(page.run.state, "0.weight", big)
    wish = {
        "overview": {"rows": 100, "cols": 100},
        "window": {"row": 120, "col": 452, "rows": 7, "cols": 6},
        "stats": True,
    }
    head, parts = page.session.handle({"cmd": "look", "key": "a", "what": {"name": "0.weight"}, **wish})[0]
    assert sum(map(len, parts)) < 11_000
    cells, window = np.frombuffer(parts[0], np.int8).reshape(100, 100), np.frombuffer(parts[1], "f").reshape(7, 6)
    assert cells[12, 45] == -128 and cells[70, 0] == -127  # a bad number is never averaged away
    assert np.isnan(window[3, 4]) and window[0, 0] == big[120, 452]
    assert head["stats"]["nan"] == 1 and head["stats"]["min"] == -99


def test_the_curve_is_told_from_where_it_changed():
    page = Page(small())
    page.ask("hello")
    page.go("step", unit="batch", n=9)
    page.run.back(4)
    page.run.edit("alpha", 0.2).train(batches=7, progress=False)  # by a program, behind the page's back
    frame = page.frame("pause")
    assert frame["curve"]["from"] == 5
    assert np.allclose(frame["data"]["curve"][:, 0], page.run.losses[5:])
    assert page.frame("pause")["data"]["curve"].shape == (0, 2)


def test_a_view_that_is_open_is_never_closed_in_silence():
    page = Page(small())
    for k in range(64):
        page.one("array", "look", key=str(k), what={"name": "0.weight"}, window={"rows": 1, "cols": 1})
    assert "64 views" in page.error("look", key="one more", what={"name": "0.weight"})
    page.one("array", "look", key="5", what={"name": "0.bias"}, window={"rows": 1, "cols": 1})  # it was open
    told = page.ask("step", unit="batch")
    assert {head["key"] for head in told if head["kind"] == "array"} == {str(k) for k in range(64)}
    page.ask("unlook", key="7")
    page.one("array", "look", key="one more", what={"name": "0.weight"})
