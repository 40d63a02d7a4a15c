"""From a photo of a piece of clothing to a picture like those the network learnt from.

Fashion-MNIST was made from a shop's photos: one piece on plain white, the margin cut off, the longer side made 28
pixels, laid in the middle of black and the greys inverted (Xiao, Rasul and Vollgraf, 2017). A photo of one's own has a
floor, a bed or a wall around the piece; what is piece and what is ground is told by colour and place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..digits.pixels import Picture, blurred, labels, resized

__all__ = ["ground", "laid", "piece_in", "piece_on"]

FIELD = 28
ALIKE = 0.05  # of the range of colours: what differs less from the paper is paper
BINS, ROUNDS = 16, 6
SURE = 3.0  # how much colours count beside the place
MEAN, SPREAD = 0.6, 0.2  # of the greys of a piece, about as in the training pictures
LIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)


def piece_in(colours: NDArray[Any]) -> Picture:
    """The piece in a photo (H, W, 3), 0 to 1, as (28, 28): light on black, its longer side from edge to edge.

    >>> photo = np.ones((60, 60, 3)); photo[10:50, 20:40] = 0.1, 0.1, 0.4          # dark blue on white
    >>> found = piece_in(photo)
    >>> found.shape, bool(found[:, 14].min() > 0.5), float(found[:, 0].max())
    ((28, 28), True, 0.0)
    """
    colours = np.asarray(colours, np.float32)
    grey = colours @ LIGHTNESS
    paper = ground(colours)
    if paper is not None:  # a shop's photo, or a picture of the data set itself
        far = float(paper @ LIGHTNESS)
        light = (far - grey) / far if far > 0.5 else (grey - far) / (1 - far)
        mask = _large(np.abs(colours - paper).max(-1) > ALIKE)
        return laid(np.clip(light, 0, 1), mask if mask.any() else np.ones_like(mask), cut=False)
    mask = _large(piece_on(colours) > 0.5)
    if not 0.04 < mask.mean() < 0.97:
        mask = np.ones_like(mask)
    dark = 1 - grey
    inside = dark[mask]
    # photos are dark or bright, and the greys of a piece say little about what it is: all get the same range
    even = MEAN + (dark - inside.mean()) / max(float(inside.std()), 0.05) * SPREAD
    return laid(np.clip(even, 0.05, 1), mask)


def ground(colours: Picture) -> Picture | None:
    """The colour of the paper (3,), where three corners of a picture (H, W, 3) have the same without grain; or None.

    The corners of a shop's photo are plain white, those of a photo of one's own have light, shadow, grain.

    >>> ground(np.ones((9, 9, 3), np.float32)).tolist()
    [1.0, 1.0, 1.0]
    """
    high, wide = (max(1, side // 16) for side in colours.shape[:2])
    corners = [colours[down, across].reshape(-1, 3) for down in (slice(high), slice(-high, None))
               for across in (slice(wide), slice(-wide, None))]  # fmt: skip
    paper = np.median(np.concatenate(corners), axis=0)
    plain = [bool((np.abs(corner - paper) <= ALIKE / 2).all()) for corner in corners]
    rim = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    alike = np.abs(rim - paper).max(-1) <= ALIKE
    return np.asarray(paper, np.float32) if sum(plain) >= 3 and alike.mean() > 0.4 else None


def piece_on(colours: Picture) -> Picture:
    """How likely each pixel of a photo (H, W, 3) is the piece, and not the ground it lies on: (H, W).

    z = 3 log(how common the colour is in the piece / in the ground) + log(place / (1 - place));  p = 1 / (1 + e^-2z)

    The middle is the piece and the rim is the ground, to begin with. Both are counted by colour; which of the two a
    colour is commoner in, and where the pixel lies, says anew what is piece and what is ground, several times over.
    The place alone cannot win against a colour that lies on the rim everywhere, nor a colour against the neighbours.

    >>> photo = np.random.default_rng(0).normal(0.7, 0.05, (60, 60, 3)); photo[15:45, 15:45] -= 0.5, 0.1, 0.1
    >>> found = piece_on(photo)
    >>> bool(found[18:42, 18:42].min() > 0.9), bool(found[:10].max() < 0.1)
    (True, True)
    """
    place = _place(*colours.shape[:2])
    number = _binned(colours)
    likely = place.copy()
    rim = max(2, round(0.03 * max(place.shape)))
    likely[:rim] = likely[-rim:] = 0.05
    likely[:, :rim] = likely[:, -rim:] = 0.05
    for _ in range(ROUNDS):
        odds = np.log(_common(number, likely) / _common(number, 1 - likely))
        z = SURE * blurred(np.clip(odds, -3, 3), 1) + np.log(place / (1 - place))
        likely = 1 / (1 + np.exp(-2 * z))
    return np.asarray(likely, np.float32)


def laid(grey: Picture, mask: NDArray[np.bool_], cut: bool = True) -> Picture:
    """The box around a mask, its longer side made 28 pixels, in the middle of a black field (28, 28).

    cut: what the mask leaves out becomes black

    >>> mask = np.zeros((40, 40), bool); mask[5:35, 10:20] = True
    >>> [int(axis.min()) for axis in np.nonzero(laid(np.ones((40, 40), np.float32), mask))]
    [0, 9]
    """
    rows, columns = np.nonzero(mask)
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    piece = (np.where(mask, grey, 0) if cut else grey)[box]
    high, wide = (max(1, round(side * FIELD / max(piece.shape))) for side in piece.shape)
    field = np.zeros((FIELD, FIELD), np.float32)
    top, left = (FIELD - high) // 2, (FIELD - wide) // 2
    field[top : top + high, left : left + wide] = resized(piece, (high, wide))
    return field


def _place(height: int, width: int) -> Picture:
    """How likely a pixel is the piece by its place alone: 0.9 in the middle, 0.05 at the rim."""
    down, across = np.abs(np.linspace(-1, 1, height))[:, None], np.abs(np.linspace(-1, 1, width))
    far = 0.6 * np.hypot(down, across) + 0.4 * np.maximum(down, across)
    return np.asarray(np.clip(0.9 - 0.85 * (far - 0.35) / 0.65, 0.05, 0.9), np.float32)


def _binned(colours: Picture) -> NDArray[np.int64]:
    """Every colour as a number: light or dark, red or green, yellow or blue, sixteen levels each."""
    red, green, blue = np.moveaxis(colours, -1, 0)
    seen = np.stack([(red + green + blue) / 3, red - green, (red + green) / 2 - blue], -1)
    low, high = np.quantile(seen.reshape(-1, 3), (0.01, 0.99), axis=0)
    level = np.clip((seen - low) / np.maximum(high - low, 0.25) * BINS, 0, BINS - 1).astype(np.int64)
    return np.asarray((level[..., 0] * BINS + level[..., 1]) * BINS + level[..., 2])


def _common(number: NDArray[np.int64], weight: Picture) -> Picture:
    """How common each pixel's colour is among pixels that count so much; colours beside it count in part."""
    counts: NDArray[Any] = np.bincount(number.ravel(), weight.ravel(), BINS**3).reshape(BINS, BINS, BINS)
    for axis in (0, 1, 2):
        along = np.pad(np.moveaxis(counts, axis, 0), ((2, 2), (0, 0), (0, 0)))
        parts = (along[k : k + BINS] * share for k, share in enumerate((1, 4, 6, 4, 1)))
        counts = np.moveaxis(sum(parts, np.zeros(())) / 16, 0, axis)
    shares = (counts + 1e-3) / (counts + 1e-3).sum()
    return np.asarray(shares.ravel()[number], np.float32)


def _large(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without specks: the connected shapes that are not much smaller than the largest one."""
    label = labels(mask)
    sizes = np.bincount(label.ravel())
    sizes[0] = 0
    return np.isin(label, np.flatnonzero(sizes >= max(1, 0.15 * sizes.max())))
