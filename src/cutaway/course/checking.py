"""check, hint and solution: what a reader types under an exercise."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from typing import Any

from ..engine.errors import CutawayError
from .exercise import Exercise, Verdict, not_yet

__all__ = ["check", "exercise", "exercises", "hint", "solution"]


class Told(str):
    """A text that a notebook shows as it is, without quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


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
    A function that breaks is no disaster either: what Python said is passed on.
    """
    one = exercise(number)
    try:
        return one.judge(*answers)
    except Exception as error:
        return not_yet(f"Your code stopped with {type(error).__name__}: {error}")


def hint(number: str, rung: int | None = None) -> Told:
    """The next hint of an exercise: where to look, then the story, then nearly all of it; rung 1, 2 or 3 as you like."""
    one = exercise(number)
    rung = 1 if rung is None else rung
    if rung not in (1, 2, 3):
        raise CutawayError(f'The hints of an exercise are 1, 2 and 3; solution("{number}") shows all of it.')
    return Told(f"Hint {rung} of 3. {one.hints[rung - 1]}")


def solution(number: str) -> Told:
    """The whole cell, as it should be.

    >>> solution("0.1")
    Traceback (most recent call last):
        ...
    cutaway.engine.errors.CutawayError: There is no exercise '0.1'. An exercise is named like "4.1".
    """
    return Told(exercise(number).solution.strip())
