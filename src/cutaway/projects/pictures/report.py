"""How good is it, and where is it wrong?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.data import Dataset

__all__ = ["Mistake", "Report", "report", "shares"]


@dataclass(frozen=True)
class Mistake:
    """One picture that was taken for something else.

    number: its place in the data; picture: (C, H, W)
    said, truth: classes; share: how sure it was of the wrong one, 0 to 1
    """

    number: int
    picture: NDArray[Any]
    said: int
    truth: int
    share: float


@dataclass(frozen=True)
class Report:
    """What an evaluation found.

    accuracy: the share of pictures that were named rightly
    confusion: (K, K), how often a class (row) was taken for a class (column)
    mistakes: the surest ones first
    """

    accuracy: float
    confusion: NDArray[np.int64]
    mistakes: tuple[Mistake, ...]

    def confused(self, most: int = 3) -> list[tuple[int, int, int]]:
        """The pairs that are confused most often: (truth, said, how often), no pair that happened once only.

        >>> Report(0.5, np.array([[3, 2], [4, 1]]), ()).confused()
        [(1, 0, 4), (0, 1, 2)]
        """
        wrong = self.confusion * (1 - np.eye(len(self.confusion), dtype=np.int64))
        pairs = np.argsort(-wrong, axis=None, kind="stable")[:most]
        return [(int(k) // len(wrong), int(k) % len(wrong), int(wrong.flat[k])) for k in pairs if wrong.flat[k] > 1]


def report(scores: NDArray[Any], examples: Dataset) -> Report:
    """Compare the scores (N, K) that a network gave to pictures with their classes.

    >>> examples = ct.data.Dataset(np.zeros((3, 1, 2, 2), np.float32), [0, 1, 1])
    >>> found = report(np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]]), examples)
    >>> round(found.accuracy, 3), found.confusion.tolist(), [m.number for m in found.mistakes]
    (0.667, [[1, 0], [1, 1]], [2])
    """
    chances = shares(np.asarray(scores))
    truth, said = np.asarray(examples.y), chances.argmax(axis=1)
    confusion = np.zeros((chances.shape[1],) * 2, np.int64)
    np.add.at(confusion, (truth, said), 1)
    wrong = np.flatnonzero(said != truth)
    surest = wrong[np.argsort(-chances[wrong, said[wrong]], kind="stable")]
    mistakes = (Mistake(int(k), examples.x[k], int(said[k]), int(truth[k]), float(chances[k, said[k]])) for k in surest)
    return Report(float((said == truth).mean()), confusion, tuple(mistakes))


def shares(scores: NDArray[Any]) -> NDArray[Any]:
    """Scores (N, K) as shares of one: the softmax, e^score over the sum of all of them.

    >>> shares(np.log([[1.0, 3.0]])).round(2).tolist()
    [[0.25, 0.75]]
    """
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
