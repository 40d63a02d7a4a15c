"""The page of `cutaway open` in a real browser, through its buttons, keys and cells, beside the run in Python."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import expect

from cutaway import nn, optim
from cutaway.glass.studio import Session, asking
from cutaway.glass.studio import session as sessions
from cutaway.training import Run

from ...browsing import opened, served
from ...training.worlds import bits_of
from ..studio.talking import digits
from ..studio.test_asking import MAKER

pytestmark = pytest.mark.flaky(reruns=2)  # a real browser on a busy machine: a click may come too early


@contextmanager
def studio(browser, run, address="", **how):
    """The page on a run: yields the page and its session."""
    session = Session(run)
    with served(session) as home, opened(browser, home + address, **how) as page:
        stands(page, run.batch)
        yield page, session


def stands(page, batch, step=None):
    """Wait until the page says that it stands there."""
    expect(page.locator(".where b")).to_have_text(f"Batch {batch:,}")
    if step is not None:
        expect(page.locator(".where span").last).to_have_text(re.compile(f"^step {step} of"))


def press(page, what, times=1):
    for _ in range(times):
        page.locator(f"[data-do={what}]").click()


def rest(page):
    """Wait until the cursor stands where the page puts it by itself: on the weight that moved most."""
    expect(page.locator(".why tfoot")).to_be_visible()


def by(page, unit):
    page.get_by_role("radio", name=unit, exact=True).click()


def test_a_step_is_exactly_one_operation_and_back_undoes_it(browser):
    run = digits()
    run.train(batches=3, progress=False)
    before = bits_of(run)
    with studio(browser, run) as (page, _):
        press(page, "step", 2)
        stands(page, 3, 1)
        assert (run.batch, run.op) == (3, 2)
        press(page, "step")
        stands(page, 3, 2)
        assert run.op == 3
        expect(page.locator("[aria-current=step]")).to_have_count(1)
        press(page, "back")
        stands(page, 3, 1)
        assert run.op == 2
        press(page, "back", 2)
        expect(page.locator(".where")).to_contain_text("between two batches")
        assert bits_of(run) == before


def test_a_layer_a_batch_and_an_epoch(browser):
    run = digits()
    with studio(browser, run) as (page, _):
        press(page, "step", 2)
        by(page, "layer")
        press(page, "step")
        expect(page.locator(".where span").last).not_to_contain_text("step 1 of")
        labels, here = [step.label for step in run.program.steps], run.op
        assert labels[here - 2] != labels[here - 1]  # to the end of its layer
        by(page, "batch")
        press(page, "step")
        stands(page, 1)
        by(page, "epoch")
        press(page, "step")
        stands(page, 1 + len(run.loader()))
        assert run.op == here  # the place inside the batch is kept
        press(page, "back")
        stands(page, 1)


def test_playing_pausing_and_going_on_is_the_training_of_python_to_the_bit(browser):
    run, twin = digits(), digits()
    with studio(browser, run) as (page, _):
        by(page, "batch")
        page.keyboard.press("+")  # 20 a second
        page.keyboard.press("+")
        page.keyboard.press("+")  # as fast as it goes
        press(page, "play")
        expect(page.locator("[data-do=play]")).to_have_attribute("aria-label", "Pause")
        page.wait_for_function(
            "() => parseInt(document.querySelector('.where b').textContent.slice(6).replace(',', '')) > 60"
        )
        press(page, "play")
        expect(page.locator("[data-do=play]")).to_have_attribute("aria-label", "Play")
        batch = run.batch
        time.sleep(0.3)
        assert run.batch == batch  # it stands still
        twin.train(batches=batch, progress=False)
        assert bits_of(run) == bits_of(twin)
        press(page, "play")
        page.wait_for_function(f"() => !document.querySelector('.where b').textContent.endsWith(' {batch:,}')")
        press(page, "play")


def test_a_hundred_batches_back_by_its_button_is_exact_and_so_is_the_way_forwards(browser):
    run, twin = digits(), digits()
    twin.train(batches=20, progress=False)
    early = bits_of(twin)
    twin.train(batches=100, progress=False)
    run.train(batches=120, progress=False)
    with studio(browser, run) as (page, _):
        by(page, "batch")
        press(page, "back", 100)
        stands(page, 20)
        assert bits_of(run) == early
        curve = page.locator("[data-slider=run]")
        box = curve.bounding_box()
        curve.click(position={"x": box["width"] - 1, "y": box["height"] / 2})  # the end of the loss curve
        stands(page, 120)
        assert bits_of(run) == bits_of(twin)


def test_a_weight_is_edited_by_clicking_its_cell_and_the_run_goes_on_with_it(browser):
    run, twin = digits(), digits()
    for one in (run, twin):
        one.train(batches=5, progress=False)
    with studio(browser, run) as (page, _):
        rest(page)
        page.locator(".grid td[aria-selected=true]").dblclick()
        page.locator(".grid input").fill("0.625")
        page.keyboard.press("Enter")
        expect(page.locator(".grid td.edited")).to_have_text(re.compile("0?\\.?625"))
        index = run.history.events[-1].index
        twin.edit("1.weight", index, 0.625)
        assert float(run.see("1.weight")[index]) == 0.625
        by(page, "batch")
        press(page, "step")
        stands(page, 6)
        twin.step("batch")
        assert bits_of(run) == bits_of(twin)


def test_what_is_no_number_is_refused_in_words_and_nothing_changes(browser):
    run = digits()
    before = bits_of(run)
    with studio(browser, run) as (page, _):
        page.locator(".grid td[aria-selected=true]").dblclick()
        page.locator(".grid input").fill("seven")
        page.keyboard.press("Enter")
        expect(page.locator(".say")).to_contain_text("seven")
        assert bits_of(run) == before


def test_a_branch_goes_its_own_way_and_is_compared(browser):
    run = digits()
    run.train(batches=8, progress=False)
    with studio(browser, run) as (page, session):
        press(page, "fork")
        expect(page.locator(".branches li")).to_have_count(2)
        rest(page)
        page.locator(".grid td[aria-selected=true]").dblclick()
        page.locator(".grid input").fill("3")
        page.keyboard.press("Enter")
        expect(page.locator(".branches li").last).to_contain_text(re.compile(r"1\.weight\[\d, \d+\] → 3"))
        by(page, "batch")
        press(page, "step", 3)
        stands(page, 11)
        assert (run.batch, session.run.batch) == (8, 11) and session.run is not run
        page.get_by_role("button", name="Compare A with B").click()
        expect(page.locator(".compare")).to_contain_text("1.weight")
        expect(page.locator(".compare .bar").first).to_contain_text("apart since batch 8")
        press(page, "back")
        stands(page, 10)
        page.locator(".branches li button", has_text="A").first.click()
        stands(page, 8)
        assert session.run is run
        page.get_by_role("button", name="Compare B with A").click()
        losses = page.locator(".compare tr", has_text="Loss of")
        expect(losses).to_contain_text(["batch 8", "batch 10"])  # where it stands, not where it has been
        page.get_by_role("button", name="Drop branch B").click()
        expect(page.locator(".branches li")).to_have_count(1)


def test_a_condition_stops_it_and_says_so_and_a_wrong_one_is_explained(browser):
    run = digits()
    with studio(browser, run) as (page, _):
        field = page.get_by_label("A condition to stop at")
        field.fill("batch >= ")
        page.keyboard.press("Enter")
        expect(page.locator("#ca-stop-error")).to_be_visible()
        field.fill("batch >= 12")
        page.keyboard.press("Enter")
        expect(page.locator(".stops li")).to_have_count(1)
        by(page, "batch")
        page.locator("input[aria-label=Speed]").fill("6")
        press(page, "play")
        expect(page.locator(".say")).to_contain_text("batch >= 12")
        expect(page.locator("[data-do=play]")).to_have_attribute("aria-label", "Play")
        assert run.batch == 12


def test_while_it_plays_no_numbers_of_before_are_explained(browser):
    run = digits()
    run.at(2, 3)  # a sum
    with studio(browser, run) as (page, _):
        expect(page.locator(".explain .terms").first).to_be_visible()
        by(page, "batch")
        press(page, "play")
        page.wait_for_function("() => parseInt(document.querySelector('.where b').textContent.slice(6)) > 3")
        expect(page.locator(".explain")).to_contain_text("Pause to read")
        expect(page.locator(".explain .terms")).to_have_count(0)
        press(page, "play")
        expect(page.locator(".explain .terms").first).to_be_visible()


def test_alpha_is_a_knob_that_can_be_turned(browser):
    run = digits()
    with studio(browser, run) as (page, _):
        page.get_by_role("button", name="alpha", exact=True).click()
        expect(page.locator("#ca-array")).to_contain_text("alpha")
        expect(page.locator(".grid td.cell")).to_have_count(1)
        page.locator(".grid td.cell").click()
        page.locator(".grid input").fill("0.125")
        page.keyboard.press("Enter")
        expect(page.locator(".branches li")).to_contain_text("alpha → 0.125")
        assert float(run.state["optim/alpha"]) == 0.125
        page.get_by_role("button", name="alpha", exact=True).click()
        expect(page.locator("#ca-array")).not_to_contain_text("alpha")


def test_health_that_was_found_before_says_so_until_it_is_looked_at_again(browser, monkeypatch):
    monkeypatch.setattr(asking, "SELDOM", 1e9)
    with studio(browser, digits()) as (page, _):
        words = page.locator(".health b")
        expect(words).not_to_contain_text("at batch")
        by(page, "batch")
        press(page, "step", 2)
        stands(page, 2)
        expect(words).to_have_text(re.compile("at batch 0$"))
        press(page, "back", 2)
        expect(words).not_to_contain_text("at batch")


def test_what_is_explained_is_the_number_that_stands_there(browser):
    run = digits()
    run.train(batches=2, progress=False)
    with studio(browser, run) as (page, _):
        press(page, "step", 4)
        stands(page, 2, 3)
        before = page.locator(".explain tfoot th").inner_text()
        page.locator(".grid td.cell").nth(6).click()
        expect(page.locator(".explain tfoot th")).not_to_have_text(before)
        index = [int(n) for n in re.search(r"\[(.*)\]", page.locator(".explain tfoot th").inner_text())[1].split(",")]
        told = page.locator(".explain tfoot td").last.inner_text().replace("−", "-")
        value = run.see(run.program.steps[run.op - 2].output)[tuple(index)]
        assert float(told) == pytest.approx(float(value), rel=1e-3)
        expect(page.locator(".why")).to_contain_text("move?")
        expect(page.locator(".why tfoot")).to_be_visible()


def test_the_keyboard_alone_does_everything(browser):
    run = digits()
    with studio(browser, run) as (page, session):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        stands(page, 0, 1)
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".where")).to_contain_text("its examples are there")
        page.keyboard.press("3")
        page.keyboard.press("ArrowRight")
        stands(page, 1)
        page.keyboard.press("p")
        assert page.evaluate("() => document.activeElement.getAttribute('role')") == "treeitem"
        page.keyboard.press("End")
        page.keyboard.press("Home")
        page.keyboard.press("t")
        page.keyboard.press("End")
        stands(page, 1, len(run.program.steps))
        page.keyboard.press("a")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("k")
        expect(page.locator(".branches li")).to_have_count(2)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press(" ")
        expect(page.locator("[data-do=play]")).to_have_attribute("aria-label", "Pause")
        page.keyboard.press(" ")
        expect(page.locator("[data-do=play]")).to_have_attribute("aria-label", "Play")
        assert session.branches.selected.id == 1


def test_whoever_types_faster_than_is_drawn_gets_where_they_went(browser):
    """The keys of a panel move its focus with the next frame; it must not come back to a panel that was left."""
    with studio(browser, digits()) as (page, _):
        for there, key, then, role in [("p", "Home", "t", "slider"), ("a", "ArrowDown", "p", "treeitem")]:
            page.evaluate(
                """keys => keys.forEach(key => document.activeElement.dispatchEvent(
                    new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true})))""",
                [there, key, then],
            )
            page.evaluate("() => new Promise(ok => setTimeout(ok, 200))")
            assert page.evaluate("() => document.activeElement.getAttribute('role')") == role


def test_after_an_edit_the_keys_are_where_they_were(browser):
    run = digits()
    with studio(browser, run) as (page, _):
        focus = "() => document.activeElement.tagName + document.activeElement.tabIndex"
        expect(page.locator(".grid td[aria-selected=true]")).to_have_text(re.compile(r"\d"))
        page.keyboard.press("a")
        for typed, key in [("0.5", "Enter"), ("0.75", "Escape"), ("seven", "Enter")]:
            page.keyboard.press("Enter")
            page.locator(".grid input").fill(typed)
            page.keyboard.press(key)
            page.wait_for_function(f"() => ({focus})() === 'TD0'")
        assert 0.5 in run.state["1.weight"] and 0.75 not in run.state["1.weight"]
        before = page.locator(".loupehead span").first.inner_text()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".loupehead span").first).not_to_have_text(before)


def test_a_screen_reader_hears_where_the_run_stands(browser):
    with studio(browser, digits()) as (page, _):
        press(page, "step", 2)
        expect(page.locator("[aria-live=polite]")).to_contain_text("Batch 0.")
        for role, name in [("tree", "Steps of one training step"), ("toolbar", "Transport"), ("slider", "Batch")]:
            expect(page.get_by_role(role, name=name, exact=True)).to_have_count(1)
        expect(page.get_by_role("slider", name="Step inside the batch")).to_have_attribute(
            "aria-valuetext", re.compile("step 1 of")
        )
        grid = page.get_by_role("grid")
        assert grid.locator("[tabindex='0']").count() == 1 and grid.get_by_role("rowheader").count() > 1


def test_after_a_reload_everything_is_as_it_was(browser):
    run = digits()
    run.train(batches=4, progress=False)
    with studio(browser, run) as (page, _):
        press(page, "step", 5)
        press(page, "fork")
        expect(page.locator(".branches li")).to_have_count(2)
        page.reload()
        stands(page, 4, 4)
        expect(page.locator(".branches li")).to_have_count(2)
        press(page, "step")
        stands(page, 4, 5)


def test_two_pages_look_at_one_run_and_only_one_of_them_drives(browser):
    run = digits()
    session = Session(run)
    with served(session) as home, opened(browser, home) as one, opened(browser, home) as two:
        stands(one, 0)
        stands(two, 0)
        press(one, "step", 3)
        stands(one, 0, 2)
        press(two, "step")  # goes on from where the other went
        stands(two, 0, 3)
        press(one, "step")
        stands(one, 0, 4)
        press(one, "fork")
        expect(two.locator(".branches li")).to_have_count(2)
        expect(two.locator(".branches li").last.locator("strong")).to_have_text("B")
        press(one, "back")  # the batch is whole again for both
        run = session.run
        by(one, "batch")
        one.locator("input[aria-label=Speed]").fill("6")
        press(one, "play")
        one.wait_for_function("() => parseInt(document.querySelector('.where b').textContent.slice(6)) > 20")
        expect(two.locator("[data-do=play]")).to_have_attribute("aria-label", "Pause")  # it has heard
        press(two, "step")  # stops the other's playing
        expect(two.locator("[data-do=play]")).to_have_attribute("aria-label", "Play")
        batch = run.batch
        time.sleep(0.3)
        assert run.batch == batch
        expect(one.locator("[data-do=play]")).to_have_attribute("aria-label", "Play")


def test_a_million_numbers_are_looked_at_by_what_is_seen(browser):
    x = np.random.default_rng(0).normal(size=(64, 1000)).astype("f")
    net = nn.Sequential(nn.Linear(1000, 1000), nn.ReLU(), nn.Linear(1000, 3))
    run = Run(net, nn.MSELoss(), optim.SGD(0.01), (x, x[:, :3]), batch_size=32)
    with studio(browser, run) as (page, _):
        got = []
        page.on("response", lambda answer: got.append(int(answer.headers.get("content-length", 0))))
        expect(page.locator(".legend .cap")).to_contain_text("1 pixel")
        page.locator(".overview canvas").click(position={"x": 150, "y": 100})
        expect(page.locator(".loupehead b")).not_to_have_text("–")
        index = tuple(int(n) for n in re.findall(r"\d+", page.locator(".loupehead span").first.inner_text()))
        assert index != (0, 0)
        shown = page.locator(".loupehead b").inner_text().replace("−", "-")
        assert float(shown) == pytest.approx(float(run.see("0.weight")[index]), abs=1e-5)
        press(page, "step", 4)
        stands(page, 0, 3)
        assert got and max(got) < 600_000


def test_of_a_network_of_many_columns_no_number_is_an_old_one(browser):
    """Every column is a view, and so are the lines before it: more than the run keeps open."""
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("f")
    layers = [layer for _ in range(34) for layer in (nn.Linear(3, 3), nn.Tanh())]
    run = Run(nn.Sequential(*layers), nn.MSELoss(), optim.SGD(0.5), (x, x), batch_size=8)
    run.at(0, len(run.program.steps) + 1)
    first = next(step.output for step in run.program.steps if step.op.name == "tanh")
    with studio(browser, run) as (page, session):
        page.keyboard.press("n")
        expect(page.locator(".neuron")).to_have_count(35 * 3)
        expect(page.locator(".neuron.unknown")).to_have_count(0)
        by(page, "batch")
        press(page, "step", 2)
        stands(page, 2)
        shown = page.locator("[aria-label^='1 Tanh, neuron 0: ']")
        expect(shown).to_have_attribute("aria-label", re.compile(f"{abs(run.see(first)[0, 0]):.3f}$"))
        assert max(len(client.views) for client in session.clients.values()) <= sessions.MOST_VIEWS


def test_a_server_that_is_gone_is_said_and_so_is_its_coming_back(browser):
    with studio(browser, digits()) as (page, _):
        press(page, "step", 5)
        stands(page, 0, 4)
        page.route("**/message", lambda route: route.abort())
        press(page, "step")
        expect(page.locator(".say")).to_contain_text("does not answer")
        page.keyboard.press("n")  # views that are asked for meanwhile are asked for again
        page.wait_for_timeout(900)
        page.unroute("**/message")
        expect(page.locator(".say")).not_to_contain_text("does not answer")
        expect(page.locator("[aria-label^='2 ReLU, neuron 0: ']")).to_have_attribute(
            "aria-label", re.compile(r"neuron 0: .?\d")
        )
        stands(page, 0, 4)


def test_whoever_plays_plays_on_when_the_connection_was_broken(browser, monkeypatch):
    monkeypatch.setattr(sessions, "ALONE", 60.0)
    run = digits()
    with studio(browser, run) as (page, _):
        by(page, "batch")
        press(page, "play")
        page.wait_for_function("() => parseInt(document.querySelector('.where b').textContent.slice(6)) > 1")
        page.route("**/message", lambda route: route.abort())
        expect(page.locator(".say")).to_contain_text("does not answer")
        page.unroute("**/message")
        before = run.batch
        page.wait_for_function(
            f"() => parseInt(document.querySelector('.where b').textContent.slice(6)) > {before + 2}"
        )
        expect(page.locator(".say")).not_to_contain_text("does not answer")


def test_moves_faster_than_their_answers_all_arrive(browser):
    said = []
    with studio(browser, digits()) as (page, session):
        handle = session.handle
        session.handle = lambda head, parts=(): (said.append(head["cmd"]), handle(head, parts))[1]
        page.evaluate(
            """() => { for (let k = 0; k < 203; k++) document.dispatchEvent(new KeyboardEvent(
                "keydown", {key: k < 200 && k % 2 ? "ArrowLeft" : "ArrowRight", bubbles: true, cancelable: true})); }"""
        )
        stands(page, 0, 2)
        expect(page.locator(".say")).not_to_contain_text("does not answer")
        assert said.count("back") == 100
        said.clear()
        page.evaluate(
            """() => { const ruler = document.querySelector("[data-slider=step]"), box = ruler.getBoundingClientRect();
                for (let k = 0; k <= 300; k++) ruler.dispatchEvent(new PointerEvent("pointermove", {
                    buttons: 1, bubbles: true, clientX: box.left + k * (box.width - 2) / 300, clientY: box.top + 9
                })); }"""
        )
        stands(page, 0, len(session.run.program.steps))
        assert said.count("at") <= 3  # of a drag, only where it ends


def test_a_saved_run_whose_code_is_gone_opens_and_goes_on(browser, tmp_path):
    (tmp_path / "maker.py").write_text(MAKER, encoding="utf-8")
    file, numbers = tmp_path / "mine.safetensors", tmp_path / "x.npy"
    subprocess.run([sys.executable, tmp_path / "maker.py", file, numbers], check=True, env={"PYTHONPATH": "src"})
    x = np.load(numbers)
    run = Run.resume(file, data=(x, x[:, :1]))
    assert run.net is None
    with studio(browser, run) as (page, _):
        press(page, "step", 3)
        stands(page, 7, 2)
        expect(page.locator(".explain tfoot")).to_be_visible()
        by(page, "batch")
        press(page, "step")
        stands(page, 8)
    with studio(browser, Run.resume(file)) as (page, _):  # its data is gone as well: it can be looked at
        expect(page.locator(".say")).to_contain_text("The data of this run is not here")
        expect(page.locator("[data-do=play]")).to_be_disabled()
        expect(page.locator(".grid td.cell").first).to_have_text(re.compile(r"\d"))


def test_a_step_is_opened_into_the_smaller_ones_it_is_made_of(browser):
    run = digits()
    loss = next(k for k, step in enumerate(run.program.steps) if step.op.written is not None)
    run.at(0, loss + 2)
    with studio(browser, run) as (page, _):
        page.get_by_role("button", name="Open this step").click()
        expect(page.locator(".inside li").nth(1)).to_contain_text("s2 = ")
        page.get_by_role("button", name="Close this step").click()
        expect(page.locator(".inside")).to_have_count(0)


def test_a_page_that_comes_later_draws_all_branches(browser):
    run = digits()
    session = Session(run)
    run.train(batches=5, progress=False)
    session.handle({"cmd": "fork", "client": "other"})
    session.run.train(batches=9, progress=False)
    session.handle({"cmd": "branch", "select": 0, "client": "other"})
    with served(session) as home, opened(browser, home) as page:
        expect(page.locator(".time .fine")).to_have_count(2)
        expect(page.locator(".branches li").last).to_contain_text("loss")
