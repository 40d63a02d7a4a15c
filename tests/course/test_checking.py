"""check, hint, solution and word: what is said, and what is remembered."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from cutaway.course import check, checking, hint, progress, solution, word, words
from cutaway.course.exercise import Exercise, Mistake, blank, mistake, not_yet, right
from cutaway.engine.errors import CutawayError


def judge(double):
    """Is it a function that doubles?"""
    if double is None:
        return blank("Nothing here yet, and that is fine.")
    value = double(np.array([1.0, 3.0]))
    if np.array_equal(value, [1.0, 9.0]):
        return mistake("The square", "three became nine. What should it be?")
    return right("Twice as much.") if np.array_equal(value, [2.0, 6.0]) else not_yet(f"3 became {value[1]:g}.")


ONE = Exercise(
    "9.1", "Twice", judge, 'check("9.1", lambda x: 2 * x)', ("Look at `x`.", "Two of them.", "Multiply by two."),
    (Mistake("The square", swap=("2 * x", "x * x")),),
)  # fmt: skip


@pytest.fixture(autouse=True)
def exercise(monkeypatch):
    monkeypatch.setattr(checking, "exercises", lambda chapter: {"9.1": ONE} if chapter == 9 else {})


def test_the_best_verdict_is_kept_and_tries_are_counted():
    for answer, kind in ((None, "blank"), (lambda x: x, "not yet"), (lambda x: x * x, "mistake")):
        assert check("9.1", answer).kind == kind
        assert progress.marks(9)["9.1"].kind == kind
    assert progress.marks(9)["9.1"].name == "The square"
    assert check("9.1", lambda x: 2 * x).kind == "right"
    check("9.1", lambda x: x)
    mark = progress.marks(9)["9.1"]
    assert (mark.kind, mark.name, mark.tries) == ("right", "", 4)


def test_an_answer_that_breaks_is_told_with_the_line_it_broke_in():
    def broken(x):
        return x[7]

    said = check("9.1", broken)
    assert said.kind == "not yet" and "IndexError: index 7 is out of bounds" in said.text
    assert "in this line: `return x[7]`" in said.text and "<code>return x[7]</code>" in said._repr_html_()


def test_too_few_answers_are_no_fault_of_the_readers_code():
    said = check("9.1")
    assert said.kind == "not yet" and "takes 1 answer, and it got 0" in said.text


def test_hints_climb_and_are_remembered():
    assert [hint("9.1")[:12] for _ in range(3)] == ["Hint 1 of 3.", "Hint 2 of 3.", "Hint 3 of 3."]
    again = hint("9.1")
    assert again.startswith("Hint 3 of 3. Multiply") and 'solution("9.1")' in again
    assert hint("9.1", 1) == "Hint 1 of 3. Look at `x`." and progress.marks(9)["9.1"].hints == 3
    assert "<code>x</code>" in hint("9.1", 1)._repr_html_() and repr(hint("9.1", 1)) == "Hint 1 of 3. Look at `x`."
    for rung in (0, 4, True, "1"):
        with pytest.raises(CutawayError, match="are 1, 2 and 3"):
            hint("9.1", rung)


def test_the_solution_is_code_and_asking_for_it_is_noted():
    assert repr(solution("9.1")) == ONE.solution and "<pre>" in solution("9.1")._repr_html_()
    assert progress.marks(9)["9.1"].shown and progress.marks(9)["9.1"].kind == ""


def test_a_number_that_is_no_exercise_says_which_there_are():
    with pytest.raises(CutawayError, match=r"no exercise '9.7'. Chapter 9 has 9.1"):
        check("9.7", 1)
    for odd in ("x", "", 9.1, "8.1", None):
        with pytest.raises(CutawayError, match="named like"):
            hint(odd)


def test_a_crash_while_writing_leaves_the_old_marks(monkeypatch):
    check("9.1", lambda x: 2 * x)

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        check("9.1", lambda x: x)
    assert progress.marks(9)["9.1"].tries == 1 and [file.name for file in progress.folder().iterdir()] == ["09.json"]


def test_marks_that_cannot_be_read_are_put_aside(tmp_path):
    progress.folder().mkdir(parents=True)
    (progress.folder() / "09.json").write_text("{half", encoding="utf-8")
    assert progress.marks(9) == {}
    assert (progress.folder() / "09.broken-1.json").read_text(encoding="utf-8") == "{half"
    (progress.folder() / "09.json").write_text(json.dumps({"9.1": {"kind": "right", "new": 1}}), encoding="utf-8")
    assert progress.marks(9)["9.1"].kind == "right"  # written by a later Cutaway, which knows more


def test_where_nothing_can_be_written_the_check_still_answers(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("CUTAWAY_PROGRESS", str(tmp_path / "file" / "below"))
    with pytest.warns(UserWarning, match="could not be kept"):
        assert check("9.1", lambda x: 2 * x).kind == "right"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert hint("9.1").startswith("Hint 1")


def test_a_word_is_found_by_every_name_it_has(monkeypatch):
    slope = words.Word("slope", "derivative", "How steep the ground is.", 4, ("slopes",))
    monkeypatch.setattr(words, "words", lambda: (slope,))
    told = "slope (the trade says: derivative): How steep the ground is. It comes in chapter 4."
    assert word("slope") == word("Derivative") == word(" slopes ") == told
    again = words.Word("slope", "", "One for each weight.", 5)  # a word may grow
    monkeypatch.setattr(words, "words", lambda: (slope, again))
    assert word("slope") == f"{told}\n\nslope: One for each weight. It comes in chapter 5."
    with pytest.raises(CutawayError, match="Did you mean slope"):
        word("slop")


def test_a_chapter_says_each_word_once():
    names = [(one.chapter, name) for one in words.words() for name in {form.lower() for form in (one.say, *one.forms)}]
    assert len(names) == len(set(names)), sorted(name for name in set(names) if names.count(name) > 1)
    assert all(one.means.strip().endswith((".", "?")) for one in words.words())
    plain = (Path(words.FOLDER) / "plain.txt").read_text(encoding="utf-8").split()
    assert plain == sorted(set(plain), key=str.lower) or plain == sorted(set(plain))
