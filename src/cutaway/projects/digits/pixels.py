"""Small tools on grey pictures (H, W): resize, spread, smooth, and what belongs together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture", "labels", "plane", "resized", "smoothed", "spread", "threshold"]

Picture = NDArray[np.float32]


def resized(picture: NDArray[Any], sides: tuple[int, int]) -> Picture:
    """A picture of other sides: each new pixel is a weighted mean of the old ones that it covers.

    The weights fall off linearly from the centre of the new pixel (a "triangle" or bilinear filter, as wide as the
    new pixel when shrinking, so that thin lines fade and are never skipped).

    >>> resized(np.ones((7, 5)), (3, 4)).tolist() == np.ones((3, 4)).tolist()
    True
    """
    down, across = (_mixing(old, max(1, new)) for old, new in zip(picture.shape, sides, strict=True))
    return np.asarray(down @ np.asarray(picture, np.float32) @ across.T)


def _mixing(old: int, new: int) -> Picture:
    """Row k says how much of each old pixel is in new pixel k: (new, old)."""
    centres = (np.arange(new) + 0.5) * old / new - 0.5
    far = np.abs(np.arange(old) - centres[:, None]) / max(1.0, old / new)
    weights = np.maximum(0, 1 - far)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def spread(picture: Picture, reach: int, take: Any = np.maximum) -> Picture:
    """Each pixel takes the greatest value (or with ``np.minimum`` the least) of the square around it.

    >>> spread(np.array([[0, 0, 0, 1, 0]], np.float32), 1).tolist()
    [[0.0, 0.0, 1.0, 1.0, 1.0]]
    """
    for axis in (0, 1):
        around = np.pad(picture, [(reach * (axis == k),) * 2 for k in (0, 1)], mode="edge")
        picture = _over(around, 2 * reach + 1, axis, take)
    return picture


def _over(picture: NDArray[Any], width: int, axis: int, take: Any) -> NDArray[Any]:
    """The greatest (or least) of every ``width`` values in a row: of 2, of 4, of 8, and two such for the rest."""
    values, done = np.moveaxis(picture, axis, 0), 1
    while done < width:
        step = min(done, width - done)
        values = take(values[:-step], values[step:])
        done += step
    return np.moveaxis(values, 0, axis)


def smoothed(grey: Picture) -> Picture:
    """Each pixel becomes the mean of itself and its neighbours: the grain of a photo goes, strokes stay."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(grey, 1, mode="edge"), (3, 3))
    return np.asarray(windows.mean((-1, -2)), np.float32)


def plane(picture: Picture) -> Picture:
    """The sloping plane that lies closest to a picture (least squares)."""
    rows, columns = (np.linspace(-1, 1, side) for side in picture.shape)
    down, across = np.meshgrid(rows, columns, indexing="ij")
    # The three directions are at right angles to each other, so each takes its share by itself.
    return np.asarray(
        picture.mean()
        + down * (picture * down).mean() / (down**2).mean()
        + across * (picture * across).mean() / (across**2).mean(),
        np.float32,
    )


def threshold(values: Picture) -> float:
    """The value that best parts the numbers in two groups (Otsu, 1979): the spread between the groups is greatest."""
    counts, edges = np.histogram(values, 64)
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1:][np.nanargmax(between[:-1])]) if np.isfinite(between).any() else float(edges[0])


def labels(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """A number for every connected shape (corners connect), 0 outside.

    Every pixel starts with a number of its own, takes the greatest among its neighbours, and then asks the pixel
    of that number which one it holds by now: so the greatest number runs through a shape in a few leaps.
    """
    number = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        spreading = np.where(mask, spread(number, 1), 0)
        if (spreading == number).all():
            return np.unique(number, return_inverse=True)[1].reshape(mask.shape)
        number = np.where(mask, spreading.ravel()[spreading - 1], 0)
