"""The studio in a cell of JupyterLab, through its buttons, while other cells run beside it."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from ...browsing import Notebook, axe, lab, opened, write_notebook

pytestmark = pytest.mark.flaky(reruns=2)  # a real browser on a busy machine: a click may come too early

CELLS = [
    """import hashlib
import numpy as np, cutaway as ct
from cutaway import nn, optim
x = np.random.default_rng(2).normal(size=(40, 1, 6, 6)).astype("f")
y = np.random.default_rng(3).integers(0, 4, 40)
def world():
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 4))
    return ct.Run(net, nn.CrossEntropyLoss(), optim.Adam(0.01), (x, y), batch_size=8, seed=5)
def bits(run):
    return hashlib.sha256(b"".join(a.tobytes() for a in run.state.values())).hexdigest()[:12]
run, twin = world(), world()
run.train(batches=130, progress=False)
studio = run.studio()
studio""",
    "print(studio.run.batch, studio.run.op)",
    "twin.train(batches=30, progress=False)\nprint(bits(twin) == bits(run), run.batch)",
    "print((run.see('1.weight') == 0.625).any(), (studio.run.see('1.weight') == 0.625).any())",
    "run.step('op')\nprint(run.op)",
    "twin.at(studio.run.batch)\nprint(bits(twin) == bits(studio.run))",
    "studio.run.edit('alpha', 0.005)\nprint(studio.session.player.playing)",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    write_notebook(folder / "studio.ipynb", CELLS)
    with lab(folder) as address:
        yield address.replace("NOTEBOOK", "studio.ipynb")


def test_the_widget_plays_pauses_steps_goes_back_is_edited_and_forked(browser, home):
    with opened(browser, home, (1280, 1000)) as page:
        page.set_default_timeout(40_000)
        book = Notebook(page)
        book.run(0)
        studio = page.locator(".cutaway")
        place = studio.locator(".where b")
        expect(place).to_have_text("Batch 130", timeout=60_000)

        def button(name):
            studio.locator(f"[data-do={name}]").click()

        def numbers(cell):
            return [int(n) for n in book.printed(cell).split()]

        # a step is one operation, and its undoing is none
        button("step")
        expect(studio.locator(".where")).to_contain_text("its examples are there")
        button("step")
        expect(studio.locator(".where span").last).to_have_text(re.compile("^step 1 of"))
        assert numbers(1) == [130, 2]
        button("back")
        button("back")
        expect(studio.locator(".where")).to_contain_text("between two batches")

        # a hundred batches back, to the bit
        studio.get_by_role("radio", name="batch", exact=True).click()
        for _ in range(100):
            button("back")
        expect(place).to_have_text("Batch 30", timeout=60_000)
        assert book.printed(2).split() == ["True", "30"]

        # a cell that steps the run is followed by the picture
        book.run(4)
        expect(studio.locator(".where")).to_contain_text("its examples are there")
        button("step")

        # play; other cells run meanwhile; pause
        studio.locator("input[aria-label=Speed]").fill("6")
        button("play")
        expect(studio.locator("[data-do=play]")).to_have_attribute("aria-label", "Pause")
        first = numbers(1)[0]
        time.sleep(0.5)
        assert numbers(1)[0] > first
        studio.locator("input[aria-label=Speed]").fill("3")  # eight a second: the page nearly always waits for its turn
        assert book.printed(6).strip() == "True"  # a cell changes the run meanwhile, and it plays on
        first = numbers(1)[0]
        time.sleep(1)
        assert numbers(1)[0] > first
        button("play")
        expect(studio.locator("[data-do=play]")).to_have_attribute("aria-label", "Play")
        still = numbers(1)
        time.sleep(0.5)
        assert numbers(1) == still

        # fork, edit a weight by clicking its cell, go on: the branch moves and the run itself does not
        button("fork")
        expect(studio.locator(".branches li")).to_have_count(2)
        studio.get_by_role("radio", name="op", exact=True).click()
        for _ in range(still[1]):
            button("back")
        expect(studio.locator(".where")).to_contain_text("between two batches")
        cell = studio.locator(".grid td[aria-selected=true]")
        page.wait_for_timeout(800)  # the array of this moment has come
        cell.dblclick()
        studio.locator(".grid input").fill("0.625")
        page.keyboard.press("Enter")
        expect(studio.locator(".branches li").last).to_contain_text("0.625")
        assert book.printed(3).split() == ["False", "True"]
        studio.get_by_role("radio", name="batch", exact=True).click()
        button("step")
        expect(place).to_have_text(f"Batch {still[0] + 1:,}")
        studio.locator(".branches li button").first.click()
        expect(place).to_have_text(f"Batch {still[0]:,}")
        studio.get_by_role("radio", name="op", exact=True).click()
        assert axe(page) == []


def test_it_wears_the_theme_of_the_lab(browser, home):
    with opened(browser, home, (1280, 1000)) as page:
        page.set_default_timeout(40_000)
        Notebook(page).run(0)
        studio = page.locator(".cutaway")
        expect(studio).to_have_attribute("data-theme", "light", timeout=20_000)
        page.evaluate("() => { document.body.dataset.jpThemeLight = 'false'; }")
        expect(studio).to_have_attribute("data-theme", "dark")
