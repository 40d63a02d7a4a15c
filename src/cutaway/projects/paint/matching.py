"""For every place of a picture the place of the painting that looks most alike: where a painter would take the stroke.

After Chuan Li and Wand ("Combining Markov random fields and convolutional neural networks", 2016) and Kolkin and
others ("Neural neighbor style transfer", 2022).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cutaway.engine import rng

__all__ = ["nearest"]

AROUND = 1  # places on each side: a place is known by what is around it, too
SHORT = 64  # numbers that a place is summed up in: distances stay nearly as they are (Johnson and Lindenstrauss, 1984)
MOST = 8192  # places of the painting that are offered
TOGETHER = 4096  # places that are compared at a time


def nearest(here: NDArray[Any], there: NDArray[Any]) -> NDArray[np.int64]:
    """Which place of ``there`` is most like each place of ``here``: by the direction in which it differs from the mean.

    here (1, C, H, W), there (1, C, h, w): what a layer sees in two pictures -> places of the second, (H * W,), counted
    row by row; that the one picture is darker or paler as a whole makes no difference

    >>> here = np.array([[5.0, 1.0]], np.float32).reshape(1, 1, 1, 2)
    >>> there = np.array([[0.0, 10.0, 20.0]], np.float32).reshape(1, 1, 1, 3)
    >>> nearest(here, there).tolist()
    [2, 0]
    """
    count = there.shape[2] * there.shape[3]
    offered = np.sort(rng.permutation(0, rng.site_of("paint/offered"), 0, count)[:MOST])
    wanted, known = _directions(here), _directions(there)[offered]
    best = [(wanted[k : k + TOGETHER] @ known.T).argmax(1) for k in range(0, len(wanted), TOGETHER)]
    return np.asarray(offered[np.concatenate(best)], np.int64)


def _directions(seen: NDArray[Any]) -> NDArray[Any]:
    """Each place summed up as a direction, (H * W, SHORT)."""
    size = seen.shape[1] * (2 * AROUND + 1) ** 2
    short = rng.normal(0, rng.site_of("paint/short"), 0, size, SHORT).astype(seen.dtype)
    rows = np.concatenate([part @ short for part in _surroundings(seen)])
    rows -= rows.mean(0)
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6))


def _surroundings(seen: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """What is seen around each place, some rows of the picture at a time, (places, C * 3 * 3)."""
    side = 2 * AROUND + 1
    wide = np.pad(seen[0], ((0, 0), (AROUND, AROUND), (AROUND, AROUND)), mode="edge")
    windows = sliding_window_view(wide, (side, side), axis=(1, 2))  # (C, H, W, 3, 3)
    rows = max(1, TOGETHER // seen.shape[3])
    for k in range(0, seen.shape[2], rows):
        part = windows[:, k : k + rows].transpose(1, 2, 0, 3, 4)
        yield part.reshape(part.shape[0] * part.shape[1], -1)
