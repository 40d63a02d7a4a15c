"""Every exercise: the blank is met kindly, the solution is right, and each known mistake is called by its name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cutaway.course.chapters import chapters
from cutaway.course.checking import exercises

TRYING = Path(__file__).with_name("trying.py")
SRC = TRYING.parents[2] / "src"
EACH = pytest.mark.parametrize("number", chapters())


@EACH
def test_blank_solution_and_every_mistake_at_their_place_in_the_chapter(number, tmp_path):
    surroundings = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(SRC), "PYTHONUTF8": "1"}
    (tmp_path / "class").mkdir()
    ran = subprocess.run(
        [sys.executable, str(TRYING), str(number)],
        env=surroundings, cwd=tmp_path / "class", capture_output=True, encoding="utf-8", check=False, timeout=400,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert json.loads(ran.stdout.splitlines()[-1]) == []


@EACH
def test_a_chapter_has_six_exercises_or_more_with_three_hints_and_named_mistakes(number):
    there = exercises(number)
    assert len(there) >= 6
    for one in there.values():
        assert one.number.startswith(f"{number}.")
        assert len(set(one.hints)) == 3 and all(hint.strip() for hint in one.hints), one.number
        assert f'check("{one.number}"' in one.solution.strip().splitlines()[-1], one.number
        names = [wrong.name for wrong in one.mistakes]
        assert len(names) == len(set(names)), one.number
    assert sum(len(one.mistakes) >= 2 for one in there.values()) >= 3  # most mistakes worth a name come in twos


@EACH
def test_every_exercise_has_its_heading_in_the_chapter(number):
    text = chapters()[number].path.read_text(encoding="utf-8")
    headings = dict(re.findall(r"^### (\d+\.\d+) (.+)$", text, re.MULTILINE))
    assert headings == {one.number: one.title for one in exercises(number).values()}
