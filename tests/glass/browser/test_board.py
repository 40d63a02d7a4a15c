"""The drawing board: what is drawn with the mouse flows through the network, and every neuron can be asked."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect
from safetensors.numpy import load_file

from cutaway import nn, optim
from cutaway.data import Dataset
from cutaway.glass.studio import Session
from cutaway.projects.digits import new_run, use
from cutaway.training import Run

from ...browsing import opened, served

pytestmark = pytest.mark.flaky(reruns=2)  # a real browser on a busy machine: a click may come too early

THREE = [
    (0.3, 0.25),
    (0.5, 0.18),
    (0.68, 0.28),
    (0.6, 0.42),
    (0.45, 0.5),
    (0.62, 0.56),
    (0.7, 0.7),
    (0.5, 0.82),
    (0.3, 0.75),
]


def draw(page, points):
    pad = page.locator(".pad").bounding_box()
    places = [(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def reader():
    """A run that reads digits well at once: its weights are those that come with the package."""
    run = new_run()
    for name, array in load_file(use.SHIPPED).items():
        run.edit(name, None, array)
    return run


def test_a_digit_is_drawn_read_and_every_vote_can_be_asked(browser):
    run = reader()
    with served(Session(run)) as home, opened(browser, home) as page:
        page.get_by_role("tab", name="Drawing board").click()
        draw(page, THREE)
        expect(page.locator(".verdict b")).to_have_text("3")
        page.get_by_role("button", name="the picture").click()
        expect(page.locator(".vote")).to_contain_text("as large as the digits it learnt from, and centred")
        page.get_by_role("button", name=re.compile("^vote for 3")).click()
        expect(page.locator(".vote h2")).to_contain_text("vote for 3")
        expect(page.locator(".vote .terms tfoot")).to_be_visible()
        rows = page.locator(".vote .terms tbody tr td:last-child").all_inner_texts()
        total = page.locator(".vote .terms tfoot td").last.inner_text()
        number = lambda text: float(text.replace("−", "-").replace("+", ""))  # noqa: E731
        assert np.isclose(sum(map(number, rows)), number(total), rtol=0.01)
        assert run.batch == 0 and run.op == 0  # the run has not moved
        page.get_by_role("button", name="Clear").click()
        expect(page.locator(".verdict b")).to_have_count(0)


def shirts() -> Run:
    """Pictures of 28 x 28 that are no digits, whose classes have names."""
    x = np.random.default_rng(1).random((40, 1, 28, 28)).astype("f")
    data = Dataset(x, np.arange(40) % 3, name="fashion/train", classes=("T-shirt/top", "Trouser", "Bag"))
    return Run(nn.Sequential(nn.Flatten(), nn.Linear(784, 3)), nn.CrossEntropyLoss(), optim.SGD(0.1), data)


def test_what_is_no_digit_is_not_called_one(browser):
    with served(Session(shirts())) as home, opened(browser, home) as page:
        page.get_by_role("tab", name="Drawing board").click()
        expect(page.get_by_role("heading", name="Draw", exact=True)).to_be_visible()
        draw(page, THREE)
        expect(page.locator(".verdict strong")).to_have_text(re.compile("^(T-shirt/top|Trouser|Bag)$"))
        expect(page.locator(".samples button").first).to_have_attribute("aria-label", "an example of T-shirt/top")
        page.get_by_role("button", name="the picture").click()
        expect(page.locator(".vote")).to_contain_text("This is what the network gets of your drawing.")
        expect(page.locator(".board")).not_to_contain_text("digit")


def test_a_picture_of_the_data_is_read_and_asked_by_keys(browser):
    run = reader()
    with served(Session(run)) as home, opened(browser, home) as page:
        expect(page.get_by_role("tab", name="Drawing board")).to_be_visible()
        page.keyboard.press("d")
        page.locator(".samples button").nth(4).click()
        expect(page.locator(".verdict b")).to_have_text(re.compile(r"^\d$"))
        page.locator(".neuron[tabindex='0']").first.focus()
        page.keyboard.press("ArrowDown")
        expect(page.locator(".vote h2")).to_be_visible()
