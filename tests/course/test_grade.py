"""`cutaway grade FOLDER`: a class's notebooks in one table, whatever is in them."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cutaway.cli import app
from cutaway.course import progress
from cutaway.course.chapters import chapters
from cutaway.course.checking import exercises

SRC = Path(__file__).resolve().parents[2] / "src"
NUMBER = next(number for number in chapters() if sum(len(one.mistakes) > 0 for one in exercises(number).values()) >= 2)
ONE, TWO = [one for one in exercises(NUMBER).values() if one.mistakes][:2]
TOOLS = "import numpy as np\nimport cutaway as ct\nfrom cutaway import nn\nfrom cutaway.course import check, solution"


def hand_in(path, *cells, chapter=NUMBER):
    written = [
        {"cell_type": "code", "id": f"c{k}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for k, source in enumerate((TOOLS, *cells))
    ]
    metadata = {"cutaway": {"chapter": chapter}} if chapter else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"cells": written, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8"
    )


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class, graded once: what was printed, the rows by name, and the folder."""
    root = tmp_path_factory.mktemp("class")
    folder = root / "notebooks"
    wrong = ONE.mistakes[0].cell(ONE.solution)
    hand_in(folder / "anna" / "mine.ipynb", f'check("{ONE.number}", None)', ONE.solution, wrong, TWO.solution)
    hand_in(folder / "ben.ipynb", wrong, chapter=None)
    hand_in(folder / "carl.ipynb", f'solution("{TWO.number}")')
    hand_in(folder / "breaks.ipynb", "1 / 0", ONE.solution)
    hand_in(folder / "hangs.ipynb", "while True: print('for ever')", ONE.solution)
    hand_in(folder / "deaf.ipynb", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass", "1")
    hand_in(folder / "ends.ipynb", ONE.solution, "import os\nos._exit(1)", TWO.solution)
    hand_in(folder / "own.ipynb", "def check(*_): return 'Right.'", ONE.solution)
    hand_in(folder / "=1+1.ipynb", "open('left_behind.txt', 'w').close()")
    (folder / "empty.ipynb").write_text("", encoding="utf-8")
    (folder / "no.ipynb").write_text("[1]", encoding="utf-8")
    hand_in(folder / ".ipynb_checkpoints" / "old.ipynb", ONE.solution)
    before = {file: file.read_bytes() for file in folder.rglob("*.ipynb")}
    surroundings = {**os.environ, "PYTHONPATH": str(SRC), "CUTAWAY_PROGRESS": str(root / "teacher"), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "cutaway", "grade", str(folder), "--yes", "--jobs", "2"]
    limits = ["--cell-limit", "8", "--limit", "60", "--csv", str(root / "marks.csv")]
    ran = subprocess.run([*command, *limits], env=surroundings, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    assert {file: file.read_bytes() for file in folder.rglob("*.ipynb")} == before
    assert not (root / "teacher").exists()
    with open(root / "marks.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["notebook"]: row for row in csv.DictReader(file)}
    return ran.stdout, rows


def test_every_notebook_is_a_row_and_jupyters_own_copies_are_none(graded):
    _, rows = graded
    names = {"anna/mine", "ben", "carl", "breaks", "hangs", "deaf", "ends", "own", "'=1+1", "empty", "no"}
    assert set(rows) == {f"{name}.ipynb" for name in names}


def test_of_several_verdicts_the_best_counts(graded):
    _, rows = graded
    assert rows["anna/mine.ipynb"][ONE.number] == rows["anna/mine.ipynb"][TWO.number] == "right"
    assert rows["anna/mine.ipynb"]["solved"] == "2"
    assert rows["anna/mine.ipynb"]["exercises"] == str(len(exercises(NUMBER)))


def test_a_mistake_has_its_name_and_a_solution_that_was_asked_for_a_mark(graded):
    told, rows = graded
    assert rows["ben.ipynb"][ONE.number] == f"mistake: {ONE.mistakes[0].name}"
    assert f"1 x  {ONE.number}  {ONE.mistakes[0].name}" in told
    assert rows["carl.ipynb"][TWO.number] == "no check (solution shown)" and "* the notebook asks" in told
    assert not any("solution shown" in value for value in rows["anna/mine.ipynb"].values())


def test_a_notebook_that_breaks_or_hangs_says_so_and_what_it_has_right_still_counts(graded):
    told, rows = graded
    assert "code cell 2 stopped: ZeroDivisionError" in rows["breaks.ipynb"]["remarks"]
    assert rows["breaks.ipynb"][ONE.number] == "right"
    assert rows["hangs.ipynb"]["remarks"] == "code cell 2 ran longer than 8 s" and "hangs.ipynb: code cell 2" in told
    assert rows["hangs.ipynb"][ONE.number] == "right"
    assert "could not be interrupted" in rows["deaf.ipynb"]["remarks"]
    assert "ended Python itself" in rows["ends.ipynb"]["remarks"]
    assert rows["ends.ipynb"][ONE.number] == "right" and rows["ends.ipynb"][TWO.number] == "no check"
    assert "cannot be read" in rows["empty.ipynb"]["remarks"] and "no notebook" in rows["no.ipynb"]["remarks"]


def test_a_check_of_ones_own_counts_for_nothing_and_is_named(graded):
    _, rows = graded
    assert rows["own.ipynb"]["solved"] == "0" and rows["own.ipynb"][ONE.number] == "no check"
    assert "a check of its own" in rows["own.ipynb"]["remarks"]


def test_it_asks_before_code_of_others_is_run(tmp_path):
    hand_in(tmp_path / "a.ipynb")
    told = CliRunner().invoke(app, ["grade", str(tmp_path)])
    assert told.exit_code == 1 and "with your rights" in told.output and "--yes" in told.output
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no notebook" in CliRunner().invoke(app, ["grade", str(empty), "--yes"]).output
    assert CliRunner().invoke(app, ["grade", str(tmp_path / "nowhere"), "--yes"]).exit_code == 2


def test_ctrl_c_keeps_what_is_done_and_leaves_nothing_running(tmp_path):
    hand_in(tmp_path / "in" / "a_quick.ipynb", ONE.solution)
    hand_in(tmp_path / "in" / "b_slow.ipynb", "import time; time.sleep(500)")
    options = ["--yes", "--jobs", "1", "--cell-limit", "300", "--csv", str(tmp_path / "marks.csv")]
    process = subprocess.Popen(
        [sys.executable, "-m", "cutaway", "grade", str(tmp_path / "in"), *options],
        env={**os.environ, "PYTHONPATH": str(SRC), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout.readline().startswith("1 of 2: a_quick")
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "b_slow.ipynb: not run: stopped by Ctrl-C" in told
    with open(tmp_path / "marks.csv", encoding="utf-8-sig", newline="") as file:
        quick, slow = csv.DictReader(file)
    assert quick[ONE.number] == "right" and slow[ONE.number] == ""
    assert progress.marks(NUMBER) == {}
