"""From any photo or drawing of a digit to the (28, 28) picture that the network was trained on.

The network only ever saw MNIST's kind of picture: light ink on black, the digit scaled into a box of 20 x 20
and laid so that its centre of mass is the centre of the 28 x 28 field (LeCun, Cortes and Burges, "The MNIST
database of handwritten digits", 1998). A photo has paper, shadows, a table at the edge, a thin pen. Each step from
the one to the other is a small function on arrays here; reading the file is :mod:`.use`'s work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.engine.errors import CutawayError

__all__ = ["PictureError", "centred", "digit_in", "ink_of", "resized", "shapes_in"]

Picture = NDArray[np.float32]

FIELD, BOX = 28, 20  # the picture, and the box within it that holds the digit
WORKING = 160  # longer side of the picture that the digit is looked for in
STROKE = 2.5  # about the width of a stroke in the training pictures, in pixels of the box


class PictureError(CutawayError, ValueError):
    """A picture in which no digit can be found.

    >>> issubclass(PictureError, ValueError)
    True
    """


def digit_in(grey: NDArray[Any]) -> Picture:
    """Find the digit in a grey picture (H, W), 0 black to 1 white, and lay it out as (28, 28), ink towards 1.

    Raises PictureError where there is nothing to see.

    >>> paper = np.ones((60, 40)); paper[10:50, 18:22] = 0.1            # a one, dark on white
    >>> one = digit_in(paper)
    >>> one.shape, bool(one[14, 13:15].max() > 0.9), bool(one[:3].max() == 0)
    ((28, 28), True, True)
    """
    grey = np.asarray(grey, np.float32)
    if grey.ndim != 2 or min(grey.shape) < 5:
        raise PictureError(f"The picture is too small to hold a digit: {' x '.join(map(str, grey.shape))} pixels.")
    scale = WORKING / max(grey.shape)
    ink = ink_of(resized(grey, (round(grey.shape[0] * scale), round(grey.shape[1] * scale))))
    ink = np.where(shapes_in(ink > 0.5), ink, 0)
    rows, columns = np.nonzero(ink > 0.3)
    ink = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return centred(fitted(ink))


def ink_of(grey: Picture) -> Picture:
    """How much ink lies on each pixel, 0 to 1: paper, shadows and gradients taken away, dark or light ink alike.

    The paper is what remains when every stroke is painted over: the brightest value within half a window of each
    pixel, then the darkest of those ("closing"). It follows a shadow, its edge included, but no stroke. Light ink
    is dark ink on the negative.

    >>> grey = np.linspace(0.4, 1, 50, dtype=np.float32).repeat(50).reshape(50, 50)      # a shadow
    >>> grey[10:40, 24:27] -= 0.3                                                        # a stroke
    >>> ink = ink_of(grey)
    >>> float(ink[25, 10]), float(ink[25, 25])
    (0.0, 1.0)
    """
    grey = grey if _ink_is_dark(grey) else 1 - grey
    smooth = _smoothed(grey)
    slope = _plane(_paper(smooth))  # taken away and added again: on a slope the window sees past the edge
    paper = _paper(smooth - slope) + slope
    ink = (paper - smooth) / np.maximum(paper, 0.25)  # a share of the light, so that ink in shadow counts as much
    usual = float(np.median(ink))
    grain = float(np.median(np.abs(ink - usual))) * 1.5  # of bell-shaped noise this is the standard deviation
    if float(np.quantile(ink, 0.995)) - usual < max(0.06, 5 * grain):
        raise PictureError("No digit stands out from the paper: the picture looks blank, or too busy.")
    cut = _threshold(ink)
    full = float(np.median(ink[ink > cut]))
    return np.asarray(np.clip((ink - cut * 0.5) / (full - cut * 0.5), 0, 1), np.float32)


def shapes_in(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels that belong to the digit: connected shapes, without specks and without what the edge cuts off.

    >>> mask = np.zeros((30, 30), bool); mask[8:22, 14:17] = True        # a stroke,
    >>> mask[2, 2] = True; mask[:, 28:] = True                           # a speck, the table beside the paper
    >>> found = shapes_in(mask)
    >>> bool(found[10, 15]), bool(found[2, 2]), bool(found[10, 29])
    (True, False, False)
    """
    label = _labels(mask)
    sizes = np.bincount(label.ravel())
    sizes[0] = 0
    edge = np.unique(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]]))
    inside = sizes.copy()
    inside[edge] = 0
    if inside.max() >= 0.1 * sizes.max():  # otherwise the digit itself runs over the edge
        sizes = inside
    return np.isin(label, np.flatnonzero(sizes >= max(1, 0.08 * sizes.max())))


def fitted(ink: Picture) -> Picture:
    """Scale the digit so that its longer side is 20, its strokes made about as wide as those of the training pictures.

    >>> fitted(np.ones((80, 40), np.float32)).shape
    (20, 10)
    """
    longer = max(ink.shape)
    # A stroke of width w and length l has area w l and edges of 2 l: w = 2 area / edges.
    area = float(ink.sum())
    edges = float(np.abs(np.diff(np.pad(ink, 1), axis=0)).sum() + np.abs(np.diff(np.pad(ink, 1), axis=1)).sum())
    edges *= np.pi / 4  # what counting along rows and columns adds to a slanted edge, on average
    lacking = STROKE * longer / BOX - 2 * area / max(edges, 1e-6)
    if lacking >= 2:
        reach = round(lacking / 2)
        ink = spread(np.pad(ink, reach), reach)
        longer = max(ink.shape)
    sides = tuple(max(1, round(side * BOX / longer)) for side in ink.shape)
    small = resized(ink, (sides[0], sides[1]))
    return np.asarray(np.clip(small / max(1e-6, float(np.quantile(small, 0.98))), 0, 1), np.float32)


def centred(digit: Picture) -> Picture:
    """Lay a digit into an empty (28, 28) field, its centre of mass in the middle.

    >>> field = centred(np.ones((20, 4), np.float32))
    >>> [int(axis.min()) for axis in np.nonzero(field)], float(field.sum())
    ([4, 12], 80.0)
    """
    field = np.zeros((FIELD, FIELD), np.float32)
    mass = float(digit.sum())
    corner = []
    for axis, side in enumerate(digit.shape):
        middle = float((digit.sum(1 - axis) * (np.arange(side) + 0.5)).sum()) / mass
        corner.append(min(max(round(FIELD / 2 - middle), 0), FIELD - side))
    top, left = corner
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return field


# -- small tools on pictures ----------------------------------------------------------------------------------
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


def _paper(grey: Picture) -> Picture:
    """The picture with every dark stroke painted over."""
    reach = max(3, max(grey.shape) // 7)
    return spread(spread(grey, reach), reach, np.minimum)


def _plane(picture: Picture) -> Picture:
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


def _smoothed(grey: Picture) -> Picture:
    """Each pixel becomes the mean of itself and its neighbours: the grain of a photo goes, strokes stay."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(grey, 1, mode="edge"), (3, 3))
    return np.asarray(windows.mean((-1, -2)), np.float32)


def _ink_is_dark(grey: Picture) -> bool:
    """Around any pixel there is more paper than ink, so the local median is paper: does ink lie below or above it?

    Cubes weigh few large differences (strokes) more than many small ones (shadows, grain).
    """
    small = resized(grey, (max(1, grey.shape[0] // 3), max(1, grey.shape[1] // 3)))
    reach = max(small.shape) // 6
    around = np.lib.stride_tricks.sliding_window_view(np.pad(small, reach, mode="edge"), (2 * reach + 1,) * 2)
    return float(((small - np.median(around, axis=(-1, -2))) ** 3).sum()) <= 0


def _threshold(values: Picture) -> float:
    """The value that best parts the numbers in two groups (Otsu, 1979): the spread between the groups is greatest."""
    counts, edges = np.histogram(values, 64)
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1:][np.nanargmax(between[:-1])])


def _labels(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
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
