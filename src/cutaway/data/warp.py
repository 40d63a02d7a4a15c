"""Handwriting in another hand: pictures turned a little, larger or smaller, and bent as if drawn on rubber.

All of it is one map from the places of the new picture to places of the old one, so that a picture is read off once,
between its pixels, and is blurred once only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine import rng
from .augment import Augmentation, check_pictures
from .errors import DataError

__all__ = ["Warp"]

TOGETHER = 24  # pictures at a time: what is in between then stays in the cache
NODES = 5  # along each side; the field between them is smooth


@dataclass(frozen=True)
class Warp(Augmentation):
    """Turns, zooms and bends every picture: a small rotation and an elastic distortion in one.

    y[n, c, i, j] = x[n, c, at (i, j)],  at (i, j) = middle + turn ((i, j) - middle) / size + field (i, j)

    degrees: the turn is drawn from -degrees to degrees
    zoom: the size is drawn from 1 - zoom to 1 + zoom
    bend: how far, in pixels, the field moves a place at most; it is a smooth curve (cubic B-splines) through
        5 x 5 arrows, drawn anew for every picture
    x (N, C, H, W) -> (N, C, H, W); between pixels it is interpolated, and outside there is empty paper, 0

    For digits and letters.  Simard, Steinkraus and Platt, "Best practices for convolutional neural networks", 2003.

    >>> x = np.random.default_rng(0).random((2, 1, 6, 6), np.float32)
    >>> Warp(degrees=10, bend=1.0)(x, seed=0, step=0).shape
    (2, 1, 6, 6)
    >>> bool((Warp()(x, seed=0, step=0) == x).all())
    True
    """

    degrees: float = 0.0
    zoom: float = 0.0
    bend: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (("degrees", 180), ("zoom", 0.9), ("bend", math.inf)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
                raise DataError(f"Warp({name}={value!r}): {name} is a number from 0{f' to {most}' * (most < 999)}.")

    def __call__(self, x: NDArray[Any], seed: int, step: int, first: int = 0) -> NDArray[Any]:
        check_pictures("Warp", x)
        drawn = rng.uniform(seed, self.site, step, len(x), 2 + 2 * NODES**2, first) * np.float32(2) - np.float32(1)
        y = np.empty_like(x, order="C")
        for start in range(0, len(x), TOGETHER):
            part = slice(start, start + TOGETHER)
            _read_off(x[part], *self._places(drawn[part], x.shape[2], x.shape[3]), y[part])
        return y

    def _places(self, drawn: NDArray[Any], height: int, width: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Where in the old picture each place of the new one is found, (N, H, W) each, in pixels."""
        angle = drawn[:, 0, None, None] * np.float32(math.radians(self.degrees))
        size = 1 + drawn[:, 1, None, None] * np.float32(self.zoom)
        cos, sin = np.cos(angle) / size, np.sin(angle) / size
        i = (np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2))[:, None]
        j = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
        down = cos * i - sin * j + np.float32((height - 1) / 2)
        across = sin * i + cos * j + np.float32((width - 1) / 2)
        if self.bend:
            arrows = drawn[:, 2:].reshape(-1, 2, NODES, NODES) * np.float32(self.bend)
            field = _splines(height) @ arrows @ _splines(width).T  # each picture a product of its own
            return down + field[:, 0], across + field[:, 1]
        return down, across


def _read_off(x: NDArray[Any], down: NDArray[Any], across: NDArray[Any], y: NDArray[Any]) -> None:
    """Fill y with the pictures at places between their pixels: the mean of the four around, by nearness (bilinear)."""
    count, channels, height, width = x.shape
    row, area = width + 3, (height + 3) * (width + 3)
    around = np.zeros((channels, count, height + 3, row), x.dtype)  # paper on all sides
    around[:, :, 1:-2, 1:-2] = x.swapaxes(0, 1)
    down = np.minimum(np.maximum(down + np.float32(1), np.float32(0)), np.float32(height + 1))
    across = np.minimum(np.maximum(across + np.float32(1), np.float32(0)), np.float32(width + 1))
    top, left = down.astype(np.int32), across.astype(np.int32)
    low, right = (down - top).astype(x.dtype), (across - left).astype(x.dtype)
    corner = (top * np.int32(row) + left + (np.arange(count, dtype=np.int32) * area)[:, None, None]).astype(np.intp)
    for channel in range(channels):
        flat = around[channel].reshape(-1)
        a, b, c, d = (flat[step:].take(corner) for step in (0, 1, row, row + 1))
        upper, lower = a + (b - a) * right, c + (d - c) * right
        np.add(upper, (lower - upper) * low, out=y[:, channel])


@lru_cache(maxsize=8)
def _splines(side: int) -> NDArray[np.float32]:
    """How much each of the nodes counts at each pixel, (side, NODES): cubic B-splines, together 1."""
    places = np.linspace(1, NODES - 2, side)  # nodes lie at 0, 1, ...; the outer ones lie beyond the edge
    far = np.abs(places[:, None] - np.arange(NODES))
    near = 2 / 3 - far**2 + far**3 / 2
    outer = np.clip(2 - far, 0, None) ** 3 / 6
    weights = np.where(far < 1, near, outer).astype(np.float32)
    weights.flags.writeable = False
    return weights
