"""check, hint and solution: what a reader types under an exercise."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import linecache
import sys
import sysconfig
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from ..engine.errors import CutawayError
from . import progress
from .exercise import Exercise, Verdict, blank, not_yet
from .telling import Told

__all__ = ["check", "exercise", "exercises", "hint", "solution"]

PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = [str(PACKAGE), *{sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}]


@cache
def exercises(chapter: int) -> dict[str, Exercise]:
    """The exercises of a chapter by their numbers; none where there is no such chapter."""
    name = f"{__package__}.exercises.ch{chapter:02}"
    if importlib.util.find_spec(name) is None:
        return {}
    return {one.number: one for one in importlib.import_module(name).EXERCISES}


def exercise(number: str) -> Exercise:
    """The exercise of that number: "4.1" is the first of chapter 4."""
    chapter = number.partition(".")[0] if isinstance(number, str) else ""
    found = exercises(int(chapter)) if chapter.isdecimal() else {}
    if number not in found:
        there = f"Chapter {chapter} has {', '.join(found)}." if found else 'An exercise is named like "4.1".'
        raise CutawayError(f"There is no exercise {number!r}. {there}")
    return found[number]


def check(number: str, *answers: Any) -> Verdict:
    """Is this answer right? Whatever it is, it is tried on numbers of all kinds, and told what it does.

    number: "4.1"; answers: what the exercise asks for, a function or numbers
    A function that breaks is no disaster either: what Python said is passed on, and where.
    """
    one = exercise(number)
    verdict = _judged(one, answers)
    progress.note(number, kind=verdict.kind, name=verdict.name)
    return verdict


def _judged(one: Exercise, answers: tuple[Any, ...]) -> Verdict:
    try:
        inspect.signature(one.judge).bind(*answers)
    except TypeError:
        wanted = _count(one.judge)
        return not_yet(
            f'After "{one.number}" this check takes {wanted} answer{"s" * (wanted != 1)}, and it got {len(answers)}.'
        )
    try:
        verdict = one.judge(*answers)
        if verdict.kind == "blank" and any(map(inspect.isfunction, answers)):
            return blank(
                f"{verdict.text} (If you have written something: what a function gives back stands after return.)"
            )
        return verdict
    except Exception as error:
        return not_yet(f"Your code stopped with {type(error).__name__}: {error}{_where(error)}")


def _count(judge: Callable[..., Verdict]) -> int:
    empty = inspect.Parameter.empty
    return sum(parameter.default is empty for parameter in inspect.signature(judge).parameters.values())


def _where(error: Exception) -> str:
    """The learner's own line that broke, when it was theirs."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        if not file.startswith((*LIBRARIES, sys.prefix, "<frozen")):
            text = linecache.getline(file, line).strip()
            return f"\n\nIt was in this line: `{text}`" if text else ""
    return ""


def hint(number: str, rung: int | None = None) -> Told:
    """The next hint of an exercise: where to look, then the story, then nearly all of it; or rung 1, 2 or 3.

    Each call climbs one rung, and how high you stand is remembered.
    """
    one = exercise(number)
    if rung not in (None, 1, 2, 3) or isinstance(rung, bool):
        raise CutawayError(f'The hints of an exercise are 1, 2 and 3; solution("{number}") shows all of it.')
    climbed = progress.marks(int(number.partition(".")[0])).get(number, progress.Mark()).hints
    now = rung or min(climbed + 1, 3)
    progress.note(number, hints=now)
    text = one.hints[now - 1]
    if rung is None and climbed >= 3:
        text += f'\n\nThat is the last one. `solution("{number}")` shows the whole cell.'
    return Told(f"Hint {now} of 3. {text}")


def solution(number: str) -> Told:
    """The whole cell, as it should be.

    >>> solution("0.1")
    Traceback (most recent call last):
        ...
    cutaway.engine.errors.CutawayError: There is no exercise '0.1'. An exercise is named like "4.1".
    """
    one = exercise(number)
    progress.note(number, shown=True)
    return Told(one.solution.strip(), head=f"{number} {one.title}", code=True)
