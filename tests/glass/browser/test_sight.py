"""The view Sight: a picture, what spoke for the answer, what a layer makes of it; with the mouse and with the keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from cutaway.glass.studio import Session

from ...browsing import axe, opened, served
from ..sight.test_runs import SHAPES, run_of
from ..studio.talking import guesses

pytestmark = pytest.mark.flaky(reruns=2)  # a real browser on a busy machine: a click may come too early


@pytest.fixture(scope="module")
def run():
    return run_of("residual", SHAPES["colour"])


def settled(page):
    """Every panel has its answer."""
    expect(page.locator(".says")).to_contain_text("says")
    expect(page.locator(".spoke canvas")).to_have_count(2)
    expect(page.locator(".near").first).to_be_visible()
    expect(page.locator(".sight .bar .meta", has_text=re.compile("%|…"))).to_have_count(0)
    expect(page.locator(".sight .old")).to_have_count(0)


def test_a_picture_is_seen_and_a_unit_is_asked(browser, run):
    with served(Session(run)) as home, opened(browser, home) as page:
        page.get_by_role("tab", name="Sight").click()
        settled(page)
        assert run.data.classes[int(run.data.y[0])] in page.locator(".photo canvas").get_attribute("aria-label")
        page.get_by_role("button", name="the next example").click()
        expect(page.locator(".photo canvas")).to_have_attribute("aria-label", f"example 1: {run.data.classes[1]}")
        settled(page)
        page.locator(".maps button").nth(1).click()
        expect(page.locator(".unit h2")).to_have_text(re.compile(r"^Unit \d of layer first$"))
        expect(page.locator(".unit [aria-label^='a picture that excites']")).to_be_visible()
        assert page.locator(".unit .stencils canvas").count() == 3  # a stencil for each colour
        page.locator("[data-do=layer]").select_option("last")
        expect(page.locator(".maps button")).to_have_count(3)
        page.get_by_label("The answer that is asked about").select_option("left")
        settled(page)
        near = page.locator(".near").first
        number = re.search(r"example (\d+)", near.get_attribute("aria-label"))[1]
        near.click()
        expect(page.locator(".which input")).to_have_value(number)
        assert run.op == 0  # nothing has moved


def test_sight_follows_the_run_and_asks_nothing_while_it_plays(browser, run):
    session = Session(run.fork())
    asked = []
    handle = session.handle

    def listening(head, parts=()):
        asked.append((head.get("cmd"), session.player.playing))
        return handle(head, parts)

    session.handle = listening
    with served(session) as home, opened(browser, home) as page:
        expect(page.get_by_role("tab", name="Sight")).to_be_visible()
        page.keyboard.press("s")
        settled(page)
        count = sum(cmd == "sight" for cmd, _ in asked)
        page.wait_for_timeout(600)
        assert sum(cmd == "sight" for cmd, _ in asked) == count  # all is known: nothing more is asked
        page.keyboard.press("3")
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".where b")).to_have_text(f"Batch {run.batch - 1}")
        settled(page)
        assert sum(cmd == "sight" for cmd, _ in asked) > count
        page.keyboard.press(" ")
        page.wait_for_timeout(700)
        page.keyboard.press(" ")
        settled(page)
        assert not [cmd for cmd, playing in asked if cmd == "sight" and playing]


def test_units_are_chosen_with_the_keys(browser, run):
    with served(Session(run)) as home, opened(browser, home) as page:
        expect(page.get_by_role("tab", name="Sight")).to_be_visible()
        page.keyboard.press("s")
        settled(page)
        assert page.locator(".maps button[tabindex='0']").count() == 1
        page.locator(".maps button[tabindex='0']").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.locator(".maps button").nth(1)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".unit h2")).to_contain_text("of layer first")
        page.keyboard.press("s")
        expect(page.locator(".program")).to_be_visible()
        page.get_by_role("tab", name="Training step").focus()
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("tab", name="Sight")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (800, 1000), (480, 800)], ids=["1280", "800", "480"])
def test_it_fits_and_keeps_nobody_out(browser, run, size, dark):
    with served(Session(run)) as home, opened(browser, home, size, dark) as page:
        page.get_by_role("tab", name="Sight").click()
        settled(page)
        page.locator(".maps button").first.click()
        expect(page.locator(".unit [aria-label^='a picture that excites']")).to_be_visible()
        assert axe(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= size[0]
        boxes = [one.bounding_box() for one in page.locator(".work > *").all()]
        for k, a in enumerate(boxes):
            for b in boxes[k + 1 :]:
                across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
                down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
                assert across <= 0.5 or down <= 0.5, (a, b)


def test_where_no_pictures_are_read_there_is_no_such_view(browser):
    with served(Session(guesses())) as home, opened(browser, home) as page:
        expect(page.locator(".where b")).to_be_visible()
        expect(page.get_by_role("tab", name="Sight")).to_have_count(0)
        page.keyboard.press("s")
        expect(page.locator(".program")).to_be_visible()
