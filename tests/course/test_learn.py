"""`cutaway learn`: the table, the learner's own copy through upgrades, and what is said when something is missing."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from cutaway.cli import app, learn
from cutaway.course import lab, progress, reading
from cutaway.course.chapters import Chapter, chapter, chapters
from cutaway.course.checking import exercises
from cutaway.course.copies import copy_of, edition_of

ROOT = Path(__file__).resolve().parents[2]
TEXT = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# 9. Doubling: twice as much

Some words, and $a^2$.

```{code-cell} ipython3
:tags: [hide-input]

import math
```

```{code-cell} ipython3
print(math.pi)
```

```{code-cell} ipython3
:tags: [remove-cell, prose-claims]

assert math.pi > 3
```
"""


@pytest.fixture
def doubling(tmp_path):
    file = tmp_path / "09_doubling.md"
    file.write_text(TEXT, encoding="utf-8")
    return Chapter(9, file)


def sources(path):
    return ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def test_a_text_becomes_a_notebook_without_what_checks_our_prose(doubling):
    mine = doubling.notebook()
    assert doubling.title == "Doubling: twice as much"
    assert [cell["cell_type"] for cell in mine["cells"]] == ["markdown", "code", "code"]
    assert mine["cells"][1]["metadata"]["jupyter"] == {"source_hidden": True}
    assert reading.dumps(mine) == reading.dumps(doubling.notebook())  # made again, the same to the letter


def test_the_copy_is_made_once_and_never_written_over(doubling, tmp_path):
    where = tmp_path / "copies" / "deep"
    first = copy_of(doubling, where)
    assert first.path == where / "09_doubling.ipynb" and str(first.path) in first.note
    assert os.name == "nt" or stat.S_IMODE(first.path.stat().st_mode) & 0o600 == 0o600
    mine = first.path.read_text(encoding="utf-8").replace("print(math.pi)", "print(math.e)  # my note")
    first.path.write_text(mine, encoding="utf-8")
    again = copy_of(doubling, where)
    assert again.note == "" and again.path.read_text(encoding="utf-8") == mine
    assert [file.name for file in where.iterdir()] == ["09_doubling.ipynb"]


def test_a_new_version_comes_beside_the_copy_and_says_so_once(doubling, tmp_path):
    where = tmp_path / "copies"
    mine = copy_of(doubling, where).path
    before = mine.read_bytes()
    for name, pi in (("09_doubling.new.ipynb", "3"), ("09_doubling.new-2.ipynb", "22 / 7")):
        doubling.path.write_text(TEXT.replace("math.pi)", f"{pi})"), encoding="utf-8")
        upgraded = copy_of(doubling, where)
        assert upgraded.path == mine and mine.read_bytes() == before
        assert upgraded.note.startswith("Chapter 9 has changed since you began") and name in upgraded.note
        assert f"print({pi})" in sources(where / name)
        assert copy_of(doubling, where).note == ""
    assert len(list(where.iterdir())) == 3


def test_again_keeps_the_old_copy_and_the_old_marks(doubling, tmp_path):
    where = tmp_path / "copies"
    mine = copy_of(doubling, where).path
    mine.write_text("mine", encoding="utf-8")
    progress.note("9.1", kind="right")
    for name in ("09_doubling.old.ipynb", "09_doubling.old-2.ipynb"):
        told = copy_of(doubling, where, again=True)
        assert name in told.note and told.path == mine and edition_of(mine)
    assert (where / "09_doubling.old.ipynb").read_text(encoding="utf-8") == "mine"
    assert progress.marks(9) == {} and '"right"' in (progress.folder() / "09.old-1.json").read_text(encoding="utf-8")


def test_a_copy_that_is_no_notebook_any_more_is_left_alone(doubling, tmp_path):
    mine = copy_of(doubling, tmp_path / "copies").path
    mine.write_text("{half", encoding="utf-8")
    told = copy_of(doubling, tmp_path / "copies")
    assert "cannot be read" in told.note and mine.read_text(encoding="utf-8") == "{half"
    assert edition_of(tmp_path / "copies" / "09_doubling.new.ipynb")


def test_a_disk_that_is_full_leaves_no_half_copy(doubling, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cutaway.course.copies.os.rename", full)
    with pytest.raises(OSError, match="No space"):
        copy_of(doubling, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def typed(*words):
    return CliRunner().invoke(app, ["learn", *words])


def test_the_table_says_what_is_solved_and_where_to_go_on():
    first, last = min(chapters()), max(chapters())
    told = typed()
    assert told.exit_code == 0 and f"learn {first}" in told.output.splitlines()[-1], told.output
    numbers = list(exercises(last))
    progress.note(numbers[0], kind="right")
    progress.note(numbers[1], kind="mistake", name="The lost two")
    told = typed().output
    (row,) = (line for line in told.splitlines() if line.startswith(f"{last}  "))
    assert f"1 of {len(numbers)}" in row and "you are here" in row
    assert f"learn {last}. The next exercise is {numbers[1]}," in told
    for one in chapters():
        for number in exercises(one):
            progress.note(number, kind="right")
    assert "Every exercise is solved." in typed().output


def test_what_is_typed_wrongly_is_answered_in_a_sentence(monkeypatch):
    assert "There is no chapter 99. The chapters are" in typed("99").output
    assert typed("--again").exit_code == 2 and typed("four").exit_code == 2
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None if name == "jupyterlab" else 1)
    told = typed(str(min(chapters())))
    assert told.exit_code == 1 and "needs jupyterlab" in told.output and "-m pip install jupyterlab" in told.output


def test_jupyterlab_that_cannot_start_says_why(tmp_path, monkeypatch):
    command = [sys.executable, "-c", "import sys; sys.exit('the port is taken')"]
    monkeypatch.setattr(lab, "_command", lambda folder, port: command)
    with pytest.raises(Exception, match=r"did not start. It said:\s+the port is taken"):
        lab.open_lab(tmp_path / "a.ipynb", print)


def test_it_opens_the_copy_and_ends_with_everything_it_started(tmp_path):
    number = min(chapters())
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "cutaway",
            "learn",
            str(number),
            "--no-browser",
            "--folder",
            str(tmp_path / "my course"),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    first, second = process.stdout.readline(), process.stdout.readline()
    try:
        assert "Your own copy" in first and (tmp_path / "my course" / chapter(number).file_name).exists()
        assert "http://127.0.0.1:" in second and f"{chapter(number).path.stem}.ipynb?token=" in second
    finally:
        process.send_signal(signal.SIGTERM)  # as a closing terminal would
        process.communicate(timeout=40)
    assert process.returncode == 128 + signal.SIGTERM
    if sys.platform == "linux":
        left = subprocess.run(["ps", "-eo", "args"], capture_output=True, encoding="utf-8", check=True).stdout
        assert str(tmp_path) not in left


def test_the_wheel_holds_every_chapter_as_a_notebook(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    ran = subprocess.run(build, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        shipped = {Path(name).name: wheel.read(name).decode() for name in wheel.namelist() if name.endswith(".ipynb")}
    assert shipped == {one.file_name: reading.dumps(one.notebook()) for one in chapters().values()}
    assert not list((ROOT / "src").rglob("*.ipynb"))


def test_in_an_installed_package_the_notebook_is_read_and_not_made(doubling, monkeypatch):
    doubling.path.with_suffix(".ipynb").write_text('{"cells": [], "metadata": {}}', encoding="utf-8")
    monkeypatch.setattr(reading, "read", None)
    assert doubling.notebook() == {"cells": [], "metadata": {}}


def test_where_one_is_is_the_chapter_last_worked_on():
    there = [one for one in chapters().values() if exercises(one.number)]
    progress.note(next(iter(exercises(there[-1].number))), kind="not yet")
    assert learn.where_to_go_on(there)[0] == there[-1]
