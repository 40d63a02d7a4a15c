"""Small tools on grey pictures (H, W): resize, spread, smooth, and what belongs together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture", "blurred", "labels", "resized", "smoothed", "spread", "stroke_width", "threshold"]

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
    return blurred(grey, 1)


def blurred(picture: Picture, reach: int) -> Picture:
    """Each pixel becomes the mean of the square around it, of 2 reach + 1 pixels a side.

    >>> blurred(np.array([[0, 0, 3, 0, 0]], np.float32), 1).round(3).tolist()
    [[0.0, 1.0, 1.0, 1.0, 0.0]]
    """
    for axis in (0, 1):
        around = np.pad(picture, [(reach * (axis == k),) * 2 for k in (0, 1)], mode="edge")
        sums = np.cumsum(np.moveaxis(around, axis, 0), axis=0, dtype=np.float64)
        sums = np.concatenate([np.zeros_like(sums[:1]), sums])
        width = 2 * reach + 1
        picture = np.moveaxis((sums[width:] - sums[:-width]) / width, 0, axis).astype(np.float32)
    return picture


def stroke_width(ink: Picture) -> float:
    """How wide the strokes are, in pixels: a stroke of width w and length l has area w l and edges of 2 l.

    >>> stroke = np.zeros((60, 60)); stroke[5:55, 20:26] = 1
    >>> round(stroke_width(stroke))
    7
    """
    edges = sum(float(np.abs(np.diff(np.pad(ink, 1), axis=axis)).sum()) for axis in (0, 1))
    # Counting along rows and columns makes a slanted edge longer; on average by 4 / pi.
    return 2 * float(ink.sum()) / max(edges * np.pi / 4, 1e-6)


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
