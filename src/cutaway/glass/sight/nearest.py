"""Training pictures that look alike to the network: neighbours by what a layer says of them, not by their pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.errors import CutawayError
from .network import Network, outputs

__all__ = ["approaching", "nearest"]


def nearest(
    net: Network, x: Any, known: Any, layer: str = "", count: int = 5, batch_size: int = 256
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """For each of some pictures the known ones that are most alike in feature space, and how alike they are.

    alike = cosine of the angle between the numbers that a layer gives for both: 1 for the same direction

    net: a run or any network; x (N, ...): pictures
    known (M, ...): those to choose from, such as run.data.x; layer: its path, "" for the scores
    -> numbers of the known ones (N, count), the most alike first, and the cosines (N, count)

    >>> from cutaway import nn
    >>> net = nn.Sequential(nn.Linear(2, 2))
    >>> net[0].weight.data, net[0].bias.data = np.eye(2, dtype=np.float32), np.zeros(2, np.float32)
    >>> which, alike = nearest(net, [[1.0, 0.0]], [[0.0, 1.0], [5.0, 0.0], [1.0, 1.0]], count=2)
    >>> which.tolist(), alike.round(2)
    ([[1, 2]], array([[1.  , 0.71]], dtype=float32))
    """
    x, known = np.asarray(x, np.float32), np.asarray(known, np.float32)
    if not 1 <= count <= len(known):
        raise CutawayError(f"nearest: count is from 1 to the {len(known):,} known examples, not {count}.")
    *_, (best, alike, _) = approaching(net, x, known, layer, count, batch_size)
    return best, alike


def approaching(
    net: Network, x: Any, known: Any, layer: str = "", count: int = 5, batch_size: int = 256
) -> Iterator[tuple[NDArray[np.int64], NDArray[Any], int]]:
    """The same part by part: the nearest so far, how alike they are, and how many have been looked at."""
    mine = _directions(net, x, layer)
    best = np.zeros((len(x), 0), np.int64)
    alike = np.zeros((len(x), 0), np.float32)
    for begin in range(0, len(known), batch_size):
        theirs = _directions(net, known[begin : begin + batch_size], layer)
        numbers = np.broadcast_to(np.arange(begin, begin + len(theirs)), (len(x), len(theirs)))
        best, alike = np.concatenate([best, numbers], 1), np.concatenate([alike, mine @ theirs.T], 1)
        order = np.argsort(-alike, axis=1, kind="stable")[:, :count]
        best, alike = np.take_along_axis(best, order, 1), np.take_along_axis(alike, order, 1)
        yield best, alike, begin + len(theirs)


def _directions(net: Network, x: NDArray[Any], layer: str) -> NDArray[Any]:
    """What a layer gives, a row an example, each of length 1."""
    rows = outputs(net, x, layer).reshape(len(x), -1)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
