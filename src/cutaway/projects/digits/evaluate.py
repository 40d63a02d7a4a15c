"""How good is it, and where is it wrong?"""

from __future__ import annotations

from dataclasses import replace

from cutaway.data import Dataset

from .. import pictures
from ..pictures import Mistake, Report
from .use import Reader

__all__ = ["Mistake", "Report", "report"]


def report(read: Reader, examples: Dataset) -> Report:
    """Let a network read all examples and compare with their labels; the picture of a mistake is (28, 28).

    >>> from cutaway import data
    >>> from cutaway.projects.digits import Recipe, new_run
    >>> held_out = data.load("digits").test[:50]
    >>> found = report(new_run(Recipe()).predict, held_out)          # untrained: it guesses
    >>> found.accuracy < 0.5, int(found.confusion.sum()), len(found.mistakes) == round(50 * (1 - found.accuracy))
    (True, 50, True)
    """
    found = pictures.report(read(examples.x), examples)
    return replace(found, mistakes=tuple(replace(one, picture=one.picture[0]) for one in found.mistakes))
