"""How good is it, and where is it wrong?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.data import Dataset

from .use import Reader, shares

__all__ = ["Mistake", "Report", "report"]


@dataclass(frozen=True)
class Mistake:
    """One digit that was read wrongly.

    number: its place in the data; picture: (28, 28)
    said, truth: the digits; share: how sure it was of the wrong one, 0 to 1
    """

    number: int
    picture: NDArray[Any]
    said: int
    truth: int
    share: float


@dataclass(frozen=True)
class Report:
    """What an evaluation found.

    accuracy: the share of digits that were read rightly
    confusion: (10, 10), how often a digit (row) was taken for a digit (column)
    mistakes: the surest ones first
    """

    accuracy: float
    confusion: NDArray[np.int64]
    mistakes: tuple[Mistake, ...]


def report(read: Reader, examples: Dataset) -> Report:
    """Let a network read all examples and compare with their labels.

    >>> from cutaway import data
    >>> from cutaway.projects.digits import Recipe, new_run
    >>> held_out = data.load("digits").test[:50]
    >>> found = report(new_run(Recipe()).predict, held_out)          # untrained: it guesses
    >>> found.accuracy < 0.5, int(found.confusion.sum()), len(found.mistakes) == round(50 * (1 - found.accuracy))
    (True, 50, True)
    """
    chances = shares(read(examples.x))
    truth, said = np.asarray(examples.y), chances.argmax(axis=1)
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (truth, said), 1)
    wrong = np.flatnonzero(said != truth)
    surest = wrong[np.argsort(-chances[wrong, said[wrong]], kind="stable")]
    mistakes = (
        Mistake(int(k), examples.x[k, 0], int(said[k]), int(truth[k]), float(chances[k, said[k]])) for k in surest
    )
    return Report(float((said == truth).mean()), confusion, tuple(mistakes))
