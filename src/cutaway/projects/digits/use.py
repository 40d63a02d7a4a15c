"""Using the trained network: which digit is on this picture, and how sure is that?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.training import Run

__all__ = ["Answer", "answers", "shares", "trained_run"]

SHIPPED = Path(__file__).with_name("trained.safetensors")


@dataclass(frozen=True)
class Answer:
    """What the network says about one picture.

    digit: the likeliest; shares: how likely each of the ten is, together 1
    picture: what it was shown, (28, 28)
    """

    digit: int
    shares: NDArray[Any]
    picture: NDArray[Any]


def answers(run: Run, pictures: Sequence[NDArray[Any]]) -> list[Answer]:
    """Ask about pictures (28, 28) such as ``digit_in`` makes them.

    >>> import numpy as np
    >>> from cutaway.projects.digits import Recipe, new_run
    >>> answer, = answers(new_run(Recipe()), [np.zeros((28, 28), np.float32)])
    >>> answer.shares.shape, bool(abs(answer.shares.sum() - 1) < 1e-5)
    ((10,), True)
    """
    stack = np.stack([np.asarray(p, np.float32) for p in pictures])[:, None]
    chances = shares(run.predict(stack))
    return [Answer(int(c.argmax()), c, p) for c, p in zip(chances, pictures, strict=True)]


def shares(scores: NDArray[Any]) -> NDArray[Any]:
    """Scores (N, 10) as shares of one: the softmax, e^score over the sum of all of them.

    >>> shares(np.log([[1.0, 3.0]])).round(2).tolist()
    [[0.25, 0.75]]
    """
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def trained_run(folder: Path | None = None) -> Run:
    """The run that ``cutaway run digits`` saved in a folder; without a folder, the one that comes with Cutaway.

    ``tools/make_trained_digits.py`` made the latter; its score and log are in ``trained.json`` beside it.

    >>> trained_run().batch
    1500
    """
    return Run.resume(SHIPPED if folder is None else folder)
