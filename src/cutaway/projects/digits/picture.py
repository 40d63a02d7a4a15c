"""From any photo or drawing of a digit to the (28, 28) picture that the network was trained on.

The network only ever saw MNIST's kind of picture: light ink on black, the digit scaled into a box of 20 x 20
and laid so that its centre of mass is the centre of the 28 x 28 field (LeCun, Cortes and Burges, "The MNIST
database of handwritten digits", 1998). A photo has paper, shadows, a table at the edge, a thin pen. Each step from
the one to the other is a small function on arrays, here and in :mod:`.ink`; :mod:`.photo` reads the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ink import PictureError, ink_of
from .pixels import Picture, labels, resized, spread, stroke_width

__all__ = ["PictureError", "centred", "digit_in", "ink_of", "resized", "shapes_in"]

FIELD, BOX = 28, 20  # the picture, and the box within it that holds the digit
WORKING = 160  # longer side of the picture that the digit is looked for in
STROKE = 2.5  # about the width of a stroke in the training pictures, in pixels of the box


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
    grey = without_squares(grey)
    scale = WORKING / max(grey.shape)
    ink = ink_of(resized(grey, (round(grey.shape[0] * scale), round(grey.shape[1] * scale))))
    ink = np.where(shapes_in(ink > 0.5), ink, 0)
    rows, columns = np.nonzero(ink > 0.3)
    ink = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return centred(fitted(ink))


def without_squares(grey: Picture) -> Picture:
    """A picture of few pixels that was enlarged to a square for each, as it was before.

    >>> without_squares(np.eye(8).repeat(20, 0).repeat(20, 1)).shape
    (8, 8)
    """
    changes = [np.flatnonzero((np.diff(grey, axis=axis) != 0).any(1 - axis)) + 1 for axis in (0, 1)]
    side = int(np.gcd.reduce(np.concatenate([*changes, grey.shape])))
    return grey[::side, ::side] if min(grey.shape) >= 7 * side else grey


def shapes_in(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels that belong to the digit: connected shapes, without specks and without what the edge cuts off.

    >>> mask = np.zeros((30, 30), bool); mask[8:22, 14:17] = True        # a stroke,
    >>> mask[2, 2] = True; mask[:, 28:] = True                           # a speck, the table beside the paper
    >>> found = shapes_in(mask)
    >>> bool(found[10, 15]), bool(found[2, 2]), bool(found[10, 29])
    (True, False, False)
    """
    label = labels(mask)
    sizes = np.bincount(label.ravel())
    sizes[0] = 0
    rim = np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])
    along = np.bincount(rim, minlength=len(sizes))
    inside = np.where(along, 0, sizes)
    if inside.max() >= 0.1 * sizes.max():  # otherwise the digit itself runs over the edge
        beside = (along > 0.5 * max(mask.shape)) | (sizes < 2 * inside.max())  # a table; a piece of another digit
        beside[label[[0, 0, -1, -1], [0, -1, 0, -1]]] = True  # a shadow in the corner
        sizes = np.where((along > 0) & beside, 0, sizes)
    return np.isin(label, np.flatnonzero(sizes >= max(1, 0.08 * sizes.max())))


def fitted(ink: Picture) -> Picture:
    """Scale the digit so that its longer side is 20, its strokes made about as wide as those of the training pictures.

    >>> fitted(np.ones((80, 40), np.float32)).shape
    (20, 10)
    """
    longer = max(ink.shape)
    lacking = STROKE * longer / BOX - stroke_width(ink)
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
