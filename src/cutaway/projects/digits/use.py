"""Using the trained network: which digit is on this picture, and how sure is that?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.training import Run

from ..pictures import Reader, shares, shipped
from .network import network

__all__ = ["Answer", "Reader", "answers", "reader"]

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


def answers(read: Reader, pictures: Sequence[NDArray[Any]]) -> list[Answer]:
    """Ask about pictures (28, 28) such as ``digit_in`` makes them.

    >>> import numpy as np
    >>> answer, = answers(reader(), [np.zeros((28, 28), np.float32)])
    >>> answer.shares.shape, bool(abs(answer.shares.sum() - 1) < 1e-5)
    ((10,), True)
    """
    stack = np.stack([np.asarray(p, np.float32) for p in pictures])[:, None]
    chances = shares(read(stack))
    return [Answer(int(c.argmax()), c, p) for c, p in zip(chances, pictures, strict=True)]


def reader(folder: Path | None = None) -> Reader:
    """The network that ``cutaway run digits`` trained and saved in a folder; without one, that which comes along.

    ``tools/make_trained_digits.py`` trained the latter; its score and log are in ``trained.json`` beside its weights.

    >>> import numpy as np
    >>> reader()(np.zeros((3, 1, 28, 28), np.float32)).shape
    (3, 10)
    """
    return shipped(network(), SHIPPED) if folder is None else Run.resume(folder).predict
