"""The page's states in light and dark, wide and narrow: nothing that keeps anybody out, nothing that does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from cutaway import nn, optim
from cutaway.glass.studio import Session
from cutaway.training import Run

from ...browsing import axe, opened, served
from ..studio.talking import digits, guesses, words

pytestmark = pytest.mark.flaky(reruns=2)  # a real browser on a busy machine: a click may come too early

WIDE, NARROW, SMALL = (1280, 800), (800, 1000), (480, 800)


def sick() -> Run:
    """Its numbers grow beyond all bounds."""
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("f")
    run = Run(nn.Linear(3, 1), nn.MSELoss(), optim.SGD(1e4), (x, x[:, :1]), batch_size=16)
    run.train(batches=4, progress=False)
    return run


def trained() -> Run:
    run = digits()
    run.train(batches=6, progress=False)
    return run


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(browser, dark):
    states = ["", "→→→→", "2→→→", "b", "n", "m", "a", "k", "?"]
    for make, walked in ((trained, states), (words, states[:5]), (guesses, states[1:2]), (sick, states[:1])):
        with served(Session(make())) as home, opened(browser, home, WIDE, dark) as page:
            expect(page.locator(".where b")).to_be_visible()
            for keys in walked:
                for key in keys:
                    page.keyboard.press({"→": "ArrowRight"}.get(key, key))
                page.wait_for_timeout(300)
                assert axe(page) == [], (make.__name__, keys)
            page.keyboard.press("Escape")
            if page.locator("[data-do=compare]").count():
                page.locator("[data-do=compare]").click()
                expect(page.locator(".compare")).to_be_visible()
                assert axe(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_on_the_drawing_board(browser, dark):
    with served(Session(trained())) as home, opened(browser, home, WIDE, dark) as page:
        page.get_by_role("tab", name="Drawing board").click()
        page.locator(".samples button").first.click()
        expect(page.locator(".verdict")).to_contain_text("It says")
        assert axe(page) == []


@pytest.mark.parametrize("size", [WIDE, NARROW, SMALL], ids=["1280", "800", "480"])
def test_everything_fits(browser, size):
    for make in (trained, words, guesses):
        with served(Session(make())) as home, opened(browser, home, size) as page:
            for key in ("ArrowRight", "ArrowRight", "ArrowRight", "b", "n"):
                page.keyboard.press(key)
            page.wait_for_timeout(300)
            wide = page.evaluate("() => document.documentElement.scrollWidth")
            high = page.evaluate("() => document.documentElement.scrollHeight")
            assert wide <= size[0] and (size == SMALL or high <= size[1])
            # panels lie side by side: none on top of another
            boxes = [one.bounding_box() for one in page.locator(".work > *, .dock, .health").all()]
            for k, a in enumerate(boxes):
                for b in boxes[k + 1 :] if size != SMALL else []:
                    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
                    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
                    assert across <= 0.5 or down <= 0.5, (make.__name__, a, b)


def test_the_theme_is_that_of_the_place_and_can_be_turned(browser):
    with served(Session(trained())) as home, opened(browser, home, dark=True) as page:
        expect(page.locator(".cutaway")).to_have_attribute("data-theme", "dark")
        page.get_by_role("button", name="Dark theme").click()
        expect(page.locator(".cutaway")).to_have_attribute("data-theme", "light")


AGAIN = """async () => {
  const sheets = [...document.styleSheets];
  for (const sheet of sheets) sheet.disabled = true;
  const base = location.href.replace(/[^/]*$/, "");
  const [{ connect }, studio] = await Promise.all([import(base + "link.js"), import(base + "studio.js")]);
  const el = document.createElement("div");
  el.id = "late";
  document.body.replaceChildren(el);
  studio.default.render({ model: connect(), el });
  await new Promise((done) => setTimeout(done, 400));
  for (const sheet of sheets) sheet.disabled = false;
}"""
COLOURFUL = """() => {
  let found = 0;  // dots that are no grey
  for (const c of document.querySelectorAll("#late canvas")) {
    const px = c.width && c.height ? c.getContext("2d").getImageData(0, 0, c.width, c.height).data : [];
    for (let k = 0; k < px.length; k += 4) found += Math.abs(px[k] - px[k + 2]) > 40;
  }
  return found;
}"""


def test_arrays_have_their_colours_where_the_style_sheet_comes_late(browser):
    """As in a notebook, which puts the sheet and the studio into its page when it likes."""
    with served(Session(trained())) as home, opened(browser, home, WIDE) as page:
        expect(page.locator(".where b")).to_be_visible()
        page.evaluate(AGAIN)
        expect(page.locator("#late .where b")).to_be_visible()
        page.wait_for_function(f"({COLOURFUL})() > 50")
