"""What a page asks about a picture: every part, piece by piece, dropped when the page or the run moves on."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.glass import sight
from cutaway.glass.studio import seeing

from ..sight.test_runs import SHAPES, run_of
from .talking import Page, guesses


@pytest.fixture
def page():
    return Page(run_of("residual", SHAPES["colour"]))


def whole(page, **wish):
    """Ask until all of it is there."""
    for asked in range(500):
        told = page.one("sight", "sight", **wish)
        if told["done"] >= 1:
            return told, asked + 1
    raise AssertionError("it never ends")


def test_every_part_is_what_the_glass_says(page):
    session = page.one("session", "hello")
    assert session["sight"] == {"shape": [3, 12, 9], "classes": ["plain", "top", "left"], "known": 48}
    run = page.run
    picture = run.data.x[4]
    told, _ = whole(page, part="answer", row=4)
    assert told["truth"] == 1 and np.allclose(told["data"]["picture"], picture)
    assert told["answer"] == int(run.predict(picture[None]).argmax()) and sum(told["shares"]) == pytest.approx(1)
    told, _ = whole(page, part="slopes", row=4, answer=2)
    assert np.allclose(told["data"]["map"], sight.slope_votes(run, picture, 2, steps=seeing.SLOPES), atol=1e-5)
    told, _ = whole(page, part="covered", row=4)
    assert np.allclose(
        told["data"]["map"], sight.covered_votes(run, picture, size=3, fill=float(picture.mean())), atol=1e-5
    )
    told, _ = whole(page, part="layer", row=4, layer="first")
    maps = sight.features(run, picture[None])["first"][0]
    assert np.allclose(told["data"]["maps"], maps) and told["total"] == 8
    assert told["order"][0] == int(maps.max((1, 2)).argmax())
    assert np.allclose(told["data"]["filters"], sight.filters(run, "first"))
    told, _ = whole(page, part="layer", row=4, layer="last")
    assert told["data"]["maps"].shape == (3, 1, 1) and "filters" not in told["data"]
    told, _ = whole(page, part="alike", row=4)
    which, _ = sight.nearest(run, picture[None], run.data.x, told["by"], count=7)
    assert (
        told["by"] == "flat" and told["rows"] == [k for k in which[0].tolist() if k != 4][:6] and told["looked"] == 48
    )
    assert told["data"]["pictures"].shape == (6, 3, 12, 9)
    told, _ = whole(page, part="excite", row=0, layer="two", unit=3)
    assert told["data"]["picture"].shape == (3, 12, 9) and told["last"] > told["first"]


def test_what_takes_long_comes_piece_by_piece_and_goes_on(page, monkeypatch):
    monkeypatch.setattr(seeing, "PIECE", 0.0)
    told, asked = whole(page, part="excite", row=0, layer="two", unit=1)
    assert asked == seeing.EXCITED and told["steps"] == seeing.EXCITED
    expected = sight.excite(page.run, "two", 1, (3, 12, 9), steps=seeing.EXCITED).picture
    assert np.allclose(told["data"]["picture"], expected, atol=1e-5)


def test_it_is_dropped_when_the_page_or_the_run_moves_on(page, monkeypatch):
    monkeypatch.setattr(seeing, "PIECE", 0.0)
    wish = {"part": "excite", "row": 0, "layer": "two", "unit": 1}
    for _ in range(5):
        told = page.one("sight", "sight", **wish)
    assert told["steps"] == 5
    page.one("sight", "sight", part="answer", row=1)
    assert page.one("sight", "sight", **wish)["steps"] == 1  # begun anew
    assert page.one("sight", "sight", **wish)["steps"] == 2
    page.go("back", unit="batch", n=1)
    assert page.one("sight", "sight", **wish)["steps"] == 1
    assert page.one("sight", "sight", **wish)["steps"] == 2
    page.ask("edit", what={"name": "last.bias"}, index=[0], value=3.0)
    assert page.one("sight", "sight", **wish)["steps"] == 1


def test_what_cannot_be_is_refused_in_a_sentence(page):
    assert "no number 48" in page.error("sight", part="answer", row=48)
    assert "There is no layer 'conv'" in page.error("sight", part="layer", row=0, layer="conv")
    assert "say which" in page.error("sight", part="layer", row=0)
    assert "units 0 to 7, not 9" in page.error("sight", part="excite", row=0, layer="first", unit=9)
    assert "one of answer, covered" in page.error("sight", part="everything", row=0)
    for _ in range(2):  # the second time, too
        assert "from 0 to 2, not 7" in page.error("sight", part="covered", row=0, answer=7)
    numbers = Page(guesses())
    assert numbers.one("session", "hello")["sight"] is None
    assert "read pictures" in numbers.error("sight", part="answer", row=0)
