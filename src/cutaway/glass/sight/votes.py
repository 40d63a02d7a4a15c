"""Which parts of a picture spoke for an answer, found in two ways that can be held against each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.backward import backward
from ...engine.errors import CutawayError
from .network import Network, outputs, pictures_of, recorded

__all__ = ["chosen_answer", "covered_votes", "covering", "slope_votes"]

PART = 32  # pictures at a time


def covered_votes(
    net: Network, picture: Any, answer: int | None = None, size: int = 5, stride: int = 1, fill: float | None = None
) -> NDArray[Any]:
    """Cover the picture with a square, place by place: where the score falls, something spoke for the answer.

    votes[i, j] = score of the picture - mean score of all covered pictures whose square hides (i, j)

    net: a run or any network; picture (C, H, W)
    answer: a class, the likeliest when not said
    size: side of the square; stride: how far it moves each time; fill: what covers, the picture's mean when not said
    votes (H, W): above 0 where it spoke for the answer, below 0 where against.  Zeiler and Fergus, 2014.

    >>> from cutaway import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    >>> net[1].weight.data = np.zeros((2, 16), np.float32); net[1].weight.data[1, 5] = 3.0   # looks at one pixel only
    >>> covered_votes(net, np.ones((1, 4, 4), np.float32), answer=1, size=1, fill=0.0).round(1)[1].tolist()
    [0.0, 3.0, 0.0, 0.0]
    """
    *_, (votes, _) = covering(net, picture, answer, size, stride, fill)
    return votes


def covering(
    net: Network, picture: Any, answer: int | None = None, size: int = 5, stride: int = 1, fill: float | None = None
) -> Iterator[tuple[NDArray[Any], float]]:
    """The same part by part: the votes so far, and which share of the places has been covered."""
    picture = pictures_of(picture)
    height, width = picture.shape[1:]
    if not (1 <= size <= min(height, width) and stride >= 1):
        raise CutawayError(f"covered_votes: a square of {size}, moved by {stride}, does not fit {height} x {width}.")
    cover = picture.mean() if fill is None else fill
    places = [(i, j) for i in _starts(height, size, stride) for j in _starts(width, size, stride)]
    (scores,) = outputs(net, picture[None])
    chosen = chosen_answer(scores, answer)
    fallen = np.zeros((height, width))
    hidden = np.zeros((height, width))
    for begin in range(0, len(places), PART):
        some = places[begin : begin + PART]
        covered = np.repeat(picture[None], PART, 0)  # as many every time: one plan for all
        for one, (i, j) in zip(covered, some, strict=False):
            one[:, i : i + size, j : j + size] = cover
        falls = scores[chosen] - outputs(net, covered)[: len(some), chosen]
        for fall, (i, j) in zip(falls, some, strict=True):
            fallen[i : i + size, j : j + size] += fall
            hidden[i : i + size, j : j + size] += 1
        votes = np.divide(fallen, hidden, out=np.zeros_like(fallen), where=hidden > 0)
        yield votes, min(1.0, (begin + PART) / len(places))


def slope_votes(net: Network, picture: Any, answer: int | None = None, steps: int = 16) -> NDArray[Any]:
    """Let the picture appear out of nothing, and add up what each pixel does to the score on the way.

    votes = sum over channels of picture * mean over a = 1/steps .. 1 of (d score / d pixel at a * picture)

    net: a run or any network; picture (C, H, W)
    answer: a class, the likeliest when not said; steps: on the way, 1 for the slope at the end alone
    votes (H, W): together about the score of the picture less that of an empty one.
    Integrated gradients, Sundararajan, Taly and Yan, 2017.

    >>> from cutaway import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    >>> x = np.ones((1, 2, 2), np.float32)
    >>> bool(np.allclose(slope_votes(net, x, answer=0), net[1].weight.data[0].reshape(2, 2), atol=1e-6))
    True
    """
    picture = pictures_of(picture)
    if steps < 1:
        raise CutawayError(f"slope_votes: the way has 1 step or more, not {steps}.")
    (scores,) = outputs(net, picture[None])
    chosen = chosen_answer(scores, answer)
    part = (np.arange(steps, dtype=picture.dtype) + picture.dtype.type(0.5)) / picture.dtype.type(steps)  # of the way
    way = picture[None] * (part if steps > 1 else np.ones_like(part))[:, None, None, None]
    with recorded(net, way) as found:
        (slope,) = backward(found.outputs[:, chosen].sum(), [found.x])
    return np.asarray((slope.numpy().mean(0) * picture).sum(0))


def _starts(side: int, size: int, stride: int) -> list[int]:
    """Where the square begins, the last place at the very edge."""
    return sorted({*range(0, side - size + 1, stride), side - size})


def chosen_answer(scores: NDArray[Any], answer: int | None) -> int:
    """The class that is asked about: the one given, or the likeliest."""
    if scores.ndim != 1:
        raise CutawayError(f"The network should give one score a class, (N, classes); it gave {scores.shape} for one.")
    if answer is None:
        return int(scores.argmax())
    if not 0 <= answer < len(scores):
        raise CutawayError(f"answer is a class from 0 to {len(scores) - 1}, not {answer}.")
    return int(answer)
