"""Chapters 4 and 6 as a reader meets them: opened by `cutaway learn` in JupyterLab, in a real browser."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cutaway.course.chapters import chapter, chapters
from cutaway.course.checking import exercises

from ..browsing import chromium, opened

pytestmark = pytest.mark.flaky(reruns=2)  # a real browser on a busy machine: a click may come too early

SRC = Path(__file__).resolve().parents[2] / "src"
SHOTS = os.environ.get("CUTAWAY_SHOTS", "")  # a folder: pictures of the screen go there, for somebody to look at


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@contextmanager
def learning(number, folder):
    """`cutaway learn NUMBER` with everything it keeps in this folder; yields the address it prints."""
    jupyter = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    lab = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    places = {name: str(folder / name.lower()) for name in jupyter + lab}
    learner = {"CUTAWAY_PROGRESS": str(folder / "progress"), "CUTAWAY_COURSE": str(folder / "copies")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cutaway", "learn", str(number), "--no-browser"],
        env={
            **os.environ,
            **places,
            **learner,
            "PYTHONPATH": str(SRC),
            "PYTHONUNBUFFERED": "1",
            "OMP_NUM_THREADS": "1",
        },
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        told = ""
        while "http://" not in told:
            line = process.stdout.readline()
            assert line, told
            told += line
        yield re.search(r"http://\S+", told)[0]
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=40)
    assert process.returncode == 0 and "Until next time" in rest


class Reader:
    """Somebody at the notebook, with mouse and keyboard."""

    def __init__(self, page):
        self.page = page
        heading = page.locator(".jp-Notebook .jp-MarkdownCell h1")
        expect(heading).to_be_visible(timeout=90_000)  # before that there is one empty cell, and no kernel
        expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=90_000)

    def idle(self):
        """Wait until the kernel has nothing to do."""
        state = self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        expect(state).to_be_attached(timeout=180_000)

    def run_all(self):
        """The menu Run, Run All Cells."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        last = self.page.locator(".jp-CodeCell").last.locator(".jp-InputPrompt")
        self.look("running")
        expect(last).to_have_text(re.compile(r"\[\d+\]"), timeout=100_000)
        self.idle()

    def cell(self, words):
        """The code cell in which these words stand."""
        return self.page.locator(".jp-CodeCell").filter(has_text=words).first

    def type_into(self, cell, code):
        """Put other code into a cell and run it."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Control+Enter")

    def look(self, name):
        if SHOTS:
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png")


def place_of(number, exercise):
    """The position of an exercise's cell among the code cells of the learner's copy."""
    cells = [one["source"] for one in chapter(number).notebook()["cells"] if one["cell_type"] == "code"]
    return next(k for k, source in enumerate(cells) if f'check("{exercise}"' in source)


@pytest.mark.parametrize("number", [number for number in (4, 6) if number in chapters()])
def test_a_chapter_is_run_checked_hinted_and_solved(number, browser, tmp_path):
    one = next(one for one in exercises(number).values() if one.mistakes)
    with learning(number, tmp_path) as address, opened(browser, address, size=(1300, 1000)) as page:
        page.set_default_timeout(60_000)
        reader = Reader(page)
        reader.look(f"{number}-opened")
        reader.run_all()
        expect(page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)

        # the widget: the chapter's own, or one that a curious reader asks for; one step further, by its button
        cell = page.locator(".jp-CodeCell").nth(place_of(number, one.number))
        cell.scroll_into_view_if_needed()
        expect(cell.locator(".jp-OutputArea")).to_contain_text(
            "○"
        )  # the blank of the exercise, run with all the others
        if not page.locator(".cutaway").count():
            reader.type_into(cell, "run.fork().studio()")
        studio = page.locator(".cutaway").first
        studio.scroll_into_view_if_needed()
        before = studio.locator(".where").inner_text()
        studio.locator("[data-do=step]").click()
        expect(studio.locator(".where")).not_to_have_text(before)
        reader.look(f"{number}-widget")

        # the exercise: a mistake is called by its name, two hints, the solution
        cell.scroll_into_view_if_needed()
        wrong = one.mistakes[0]
        reader.type_into(cell, wrong.cell(one.solution))
        expect(cell.locator(".jp-OutputArea")).to_contain_text(f"{wrong.name}:")
        reader.look(f"{number}-mistake")
        for rung in (1, 2):
            reader.type_into(cell, f'hint("{one.number}")')
            expect(cell.locator(".jp-OutputArea")).to_contain_text(f"Hint {rung} of 3.")
        reader.look(f"{number}-hint")
        reader.type_into(cell, one.solution.strip())
        expect(cell.locator(".jp-OutputArea")).to_contain_text("✓ Right.")
        reader.look(f"{number}-right")

        # no question about news in the corner; what was written is in the reader's own copy
        assert page.locator(".Toastify__toast").count() == 0
        page.keyboard.press("Control+s")
        copy = tmp_path / "copies" / chapter(number).file_name
        page.wait_for_timeout(1000)
        saved = json.loads(copy.read_text(encoding="utf-8"))
        assert one.solution.strip() in ["".join(cell["source"]) for cell in saved["cells"]]
    kept = json.loads((tmp_path / "progress" / f"{number:02}.json").read_text(encoding="utf-8"))
    assert kept[one.number]["kind"] == "right" and kept[one.number]["hints"] == 2
