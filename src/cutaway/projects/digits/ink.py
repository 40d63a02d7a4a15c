"""Telling ink from paper: screens and scans, shadows and slopes of light, dark ink or light, ruled or squared paper."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.engine.errors import CutawayError

from .pixels import Picture, blurred, labels, resized, smoothed, spread, stroke_width, threshold

__all__ = ["PictureError", "ink_of", "sharpened", "without_lines"]

LEVEL = 0.15  # of the range of greys: what differs less is one level
SLOPES = np.linspace(-0.06, 0.06, 13)  # of ruled lines: no hand holds a camera quite level
REACH = 0.75  # of a stroke's width: what counts as around a pixel when a picture is sharpened
FINE = 7  # a ruled line is thinner than this, in pixels of the picture that the digit is looked for in


class PictureError(CutawayError, ValueError):
    """A picture in which no digit can be found.

    >>> issubclass(PictureError, ValueError)
    True
    """


def ink_of(grey: Picture) -> Picture:
    """How much ink lies on each pixel, 0 to 1: paper, its ruling, shadows and gradients taken away, dark ink or light.

    Where the paper has one level, as on screens and scans, ink is what differs from it, however broad. Elsewhere the
    paper is what remains when every stroke is painted over: the brightest value within half a window of each pixel,
    then the darkest of those ("closing"). It follows a shadow, its edge included, but no stroke. Light ink is dark ink
    on the negative.

    >>> grey = np.linspace(0.4, 1, 50, dtype=np.float32).repeat(50).reshape(50, 50)      # a shadow
    >>> grey[10:40, 24:27] -= 0.3                                                        # a stroke
    >>> ink = ink_of(grey)
    >>> float(ink[25, 10]), float(ink[25, 25])
    (0.0, 1.0)
    """
    smooth = smoothed(grey)
    level = _one_level(smooth)
    if level is not None:
        ink = (level - smooth) / max(level, 0.25)
        ink = ink if float(ink.sum()) > 0 else (smooth - level) / max(1 - level, 0.25)
    else:
        smooth = smooth if _ink_is_dark(grey) else 1 - smooth
        slope = _slope(smooth)  # taken away and added again: on a slope the window sees past the edge
        paper = _painted_over(smooth - slope) + slope
        ink = (paper - smooth) / np.maximum(paper, 0.25)  # a share of the light, so that ink in shadow counts as much
    ink = sharpened(without_lines(ink))
    usual = float(np.median(ink)) if level is None else 0.0  # where the paper is known, broad ink may be usual
    rough = ink - usual if level is None else ink - blurred(ink, 2)
    grain = float(np.median(np.abs(rough))) * 1.5  # of bell-shaped noise this is the standard deviation
    if float(np.quantile(ink, 0.995)) - usual < max(0.06, 5 * grain):
        raise PictureError("No digit stands out from the paper: the picture looks blank, or too busy.")
    cut = threshold(ink)
    full = float(np.median(ink[ink > cut]))
    return np.asarray(np.clip((ink - cut * 0.5) / (full - cut * 0.5), 0, 1), np.float32)


def sharpened(ink: Picture) -> Picture:
    """Each pixel's difference from the mean around it, doubled, so that holes open where the picture is blurred.

    How far around is measured by the width of the strokes. In a picture with sharp edges nothing happens that matters:
    paper and ink are at their ends already.

    >>> loop = np.zeros((9, 9), np.float32)
    >>> loop[2:7, 2:7] = 1
    >>> loop[4, 4] = 0.6                            # a small eye
    >>> bool(sharpened(loop)[4, 4] < 0.5)
    True
    """
    mask = (ink > threshold(ink)).astype(np.float32)
    reach = round(REACH * stroke_width(mask))
    return 2 * ink - blurred(ink, reach)


def _one_level(grey: Picture) -> float | None:
    """The grey of the paper, where all of the paper has the same; None where light and shadow lie on it.

    Wherever nothing happens for a while, there is paper or the inside of a broad stroke. On a page of one level nearly
    all of these plain places are at one of the two ends of the greys.
    """
    low, high = (float(q) for q in np.quantile(grey, (0.005, 0.995)))
    if high - low < 0.02:
        return None
    spans = (grey - low) / (high - low)
    reach = max(2, max(grey.shape) // 20)
    plain = spread(spans, reach) - spread(spans, reach, np.minimum) < LEVEL
    if np.mean(plain & (spans > LEVEL) & (spans < 1 - LEVEL)) > 0.02:
        return None
    light = spans > 0.5
    light_paper = _light_is_paper(light)
    away = 1 - spans if light_paper else spans  # from the paper's end of the greys
    paper, inner = away[light == light_paper], away[plain & (light != light_paper)]
    if float(np.mean(away < np.median(paper) - 0.1)) > 0.004:
        return None  # what seems to be the paper is a shadow: something lies beyond it
    if inner.size > 0.15 * grey.size and np.median(inner) < 1 - 0.4 * LEVEL:
        return None  # what seems to be the inside of strokes is one
    return float(np.median(grey[light == light_paper]))


def _light_is_paper(light: NDArray[np.bool_]) -> bool:
    """Is the paper what is light, or what is dark? Paper has the rim; where ink has much of it, ink parts the paper."""
    share = float(_rim(light).mean())
    if abs(share - 0.5) < 0.3:
        least = 0.005 * light.size  # specks do not count
        pieces = [_pieces(side, least) for side in (light, ~light)]
        if pieces[0] != pieces[1]:
            return pieces[0] > pieces[1]
    return share + float(light.mean()) > 1


def _pieces(mask: NDArray[np.bool_], least: float) -> int:
    """How many connected shapes of some size touch the rim."""
    label = labels(mask)
    sizes = np.bincount(label.ravel())
    return int(sum(number > 0 and sizes[number] > least for number in np.unique(_rim(np.where(mask, label, 0)))))


def _rim(picture: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])


def without_lines(ink: Picture) -> Picture:
    """Ruled and squared lines taken away: what is fine, straight, nearly level or upright, and goes across the page.

    Along such a line most pixels have the line's darkness, and what is darker is ink that crosses it. Where line and
    ink cannot be told apart, the line's place takes what lies on both sides of it.

    >>> ink = np.zeros((60, 60), np.float32)
    >>> ink[10:50, 28:33] = 1                      # a stroke
    >>> ink[20::15] = np.maximum(ink[20::15], 0.5)  # on ruled paper
    >>> clean = without_lines(ink)
    >>> float(clean[20, 5]), float(clean[20, 30]) > 0.9
    (0.0, True)
    """
    for _ in range(2):
        ink = np.ascontiguousarray(_without_level_lines(ink).T)
    return ink


def _without_level_lines(ink: Picture) -> Picture:
    height, width = ink.shape
    if height < 4 * FINE or width < 4 * FINE:
        return ink
    middle = (np.arange(width) - (width - 1) / 2).astype(np.float32)
    some = np.linspace(0, width - 1, 48).astype(int)
    levels = [_levels(_sheared(ink[:, some], slope * middle[some])) for slope in SLOPES]
    best = int(np.argmax([float((level**2).sum()) for level in levels]))
    slope = SLOPES[best] * middle
    level = _levels(_sheared(ink, slope))
    if level.max() < 0.04:
        return ink
    lines = _sheared(np.broadcast_to(spread(level[:, None], 1), ink.shape), -slope)
    strong = max(float(np.quantile(ink, 0.99)), float(level.max()))
    found = lines > 0.2 * level.max()
    cleared = np.clip((ink - 1.2 * lines) / np.maximum(strong - 1.2 * lines, 0.2 * strong), 0, 1) * strong
    above, below = (np.roll(ink, turn, 0) for turn in (FINE // 2, -(FINE // 2)))
    return np.asarray(np.where(found, np.maximum(cleared, np.minimum(above, below)), ink), np.float32)


def _levels(ink: Picture) -> Picture:
    """How dark the line in each row is: what three quarters of the row have at least, beyond the rows around."""
    row = np.quantile(ink, 0.25, axis=1).astype(np.float32)[:, None]
    ground = spread(spread(row, FINE // 2 + 1, np.minimum), FINE // 2 + 1)  # what broader things leave
    return (row - np.minimum(ground, row))[:, 0]


def _sheared(picture: Picture, down: Picture) -> Picture:
    """Column k moved up by down[k] pixels, between two rows their mean."""
    height = len(picture)
    places = np.clip(np.arange(height, dtype=np.float32)[:, None] + down, 0, height - 1)
    top = np.minimum(places.astype(int), height - 2)
    part = places - top
    upper = np.take_along_axis(picture, top, 0)
    return np.asarray(upper + (np.take_along_axis(picture, top + 1, 0) - upper) * part, np.float32)


def _slope(grey: Picture) -> Picture:
    """The plane as steep as the picture is at most places: neither strokes nor the edge of a shadow tilt it."""
    far = 8
    down, across = (
        float(np.median(np.take(grey, range(far, n), axis) - np.take(grey, range(n - far), axis))) / far
        if n > far
        else 0.0
        for axis, n in enumerate(grey.shape)
    )
    rows, columns = (np.arange(n, dtype=np.float32) - np.float32((n - 1) / 2) for n in grey.shape)
    return np.asarray(rows[:, None] * np.float32(down) + columns * np.float32(across))


def _painted_over(grey: Picture) -> Picture:
    """The picture with every dark stroke painted over."""
    reach = max(3, max(grey.shape) // 7)
    return spread(spread(grey, reach), reach, np.minimum)


def _ink_is_dark(grey: Picture) -> bool:
    """Around any pixel there is more paper than ink, so the local median is paper: does ink lie below or above it?

    Cubes weigh few large differences (strokes) more than many small ones (shadows, grain).
    """
    small = resized(grey, (max(1, grey.shape[0] // 4), max(1, grey.shape[1] // 4)))
    reach = max(small.shape) // 6
    around = np.lib.stride_tricks.sliding_window_view(np.pad(small, reach, mode="edge"), (2 * reach + 1,) * 2)
    return float(((small - np.median(around, axis=(-1, -2))) ** 3).sum()) <= 0
