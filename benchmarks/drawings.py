"""Drawings of digits that look unlike MNIST, made by array code out of digits (28, 28): other pens, papers and light.

Each kind is a function of (digit, chance): ink 0 to 1 in, a grey page out, 0 black to 1 white, as a camera or a drawing
program would save it. ``chance`` is a NumPy generator; the same generator gives the same page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.projects.digits.pixels import resized

__all__ = ["KINDS", "drawn"]

Picture = NDArray[Any]
Chance = np.random.Generator

SIDE = 140  # of a digit's 28 pixels when they are enlarged; a stroke is then about 13 wide, the digit 100 high


def drawn(kind: str, digits: Picture, seed: int = 0) -> list[Picture]:
    """A page of this kind for each of the digits (N, 28, 28).

    >>> [page.shape for page in drawn("as it is, 28 x 28", np.eye(28)[None])]
    [(28, 28)]
    """
    make = KINDS[kind]
    number = sorted(KINDS).index(kind)
    return [np.clip(make(digit, np.random.default_rng([seed, number, k])), 0, 1) for k, digit in enumerate(digits)]


# -- ink ------------------------------------------------------------------------------------------------------------
def large(digit: Picture, side: int = SIDE) -> Picture:
    """The digit enlarged, its strokes with edges as sharp as a pen's."""
    return np.clip((resized(digit, (side, side)) - 0.3) / 0.4, 0, 1)


def thickened(ink: Picture, reach: float) -> Picture:
    """Every place of ink becomes a disc."""
    far = int(np.ceil(reach))
    around = np.pad(ink, far)
    result = np.zeros_like(ink)
    for down in range(-far, far + 1):
        for across in range(-far, far + 1):
            if down**2 + across**2 <= reach**2:
                rows, columns = far + down, far + across
                result = np.maximum(result, around[rows : rows + ink.shape[0], columns : columns + ink.shape[1]])
    return result


def skeleton(ink: Picture) -> Picture:
    """The middle of the strokes, one pixel wide (Zhang and Suen, 1984): rims are taken away while nothing parts."""
    mask = ink > 0.5
    while True:
        before = mask.sum()
        for turn in (0, 1):
            around = np.pad(mask, 1)
            h, w = mask.shape
            ring = [around[1 + i : 1 + i + h, 1 + j : 1 + j + w] for i, j in RING]
            count = np.sum(ring, axis=0)
            steps = np.sum([~a & b for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)], axis=0)
            up, right, down, left = ring[0], ring[2], ring[4], ring[6]
            first = ~(up & right & down) & ~(right & down & left)
            second = ~(up & right & left) & ~(up & down & left)
            mask = mask & ~((count >= 2) & (count <= 6) & (steps == 1) & (second if turn else first))
        if mask.sum() == before:
            return mask.astype(np.float64)


RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def turned(ink: Picture, degrees: float) -> Picture:
    """Turned about the middle; places between pixels are the mean of the four around."""
    angle, middle = np.deg2rad(degrees), (len(ink) - 1) / 2
    rows, columns = np.mgrid[: len(ink), : len(ink)] - middle
    down = np.clip(np.cos(angle) * rows - np.sin(angle) * columns + middle, 0, len(ink) - 1.001)
    across = np.clip(np.sin(angle) * rows + np.cos(angle) * columns + middle, 0, len(ink) - 1.001)
    top, left = down.astype(int), across.astype(int)
    low, right = down - top, across - left
    upper = ink[top, left] * (1 - right) + ink[top, left + 1] * right
    lower = ink[top + 1, left] * (1 - right) + ink[top + 1, left + 1] * right
    return np.asarray(upper * (1 - low) + lower * low)


def softened(picture: Picture) -> Picture:
    """Out of focus by a pixel."""
    around = np.pad(picture, 1, mode="edge")
    across = around[:, :-2] + around[:, 1:-1] * 2 + around[:, 2:]
    return np.asarray((across[:-2] + across[1:-1] * 2 + across[2:]) / 16)


# -- pages ----------------------------------------------------------------------------------------------------------
def laid(ink: Picture, chance: Chance, height: int = 220, width: int = 200, margin: int = 6) -> Picture:
    """The ink somewhere on an empty page; the digit itself, not the field around it, is ``margin`` from the rim."""
    ink = cropped(ink)
    page = np.zeros((max(height, ink.shape[0] + 2 * margin), max(width, ink.shape[1] + 2 * margin)))
    top, left = (
        chance.integers(margin, whole - part - margin + 1) for whole, part in zip(page.shape, ink.shape, strict=True)
    )
    page[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return page


def cropped(ink: Picture) -> Picture:
    """Cut along the outermost ink."""
    rows, columns = np.nonzero(ink > 0.3)
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def ruling(shape: tuple[int, ...], chance: Chance, squared: bool) -> Picture:
    """Lines across a page, 0 to 1, not quite level, as a hand holds a camera: ruled, or squared like for arithmetic."""
    gap = chance.uniform(18, 30) if squared else chance.uniform(30, 60)
    wide, tilt = chance.uniform(0.7, 1.6), chance.uniform(-0.04, 0.04)
    rows, columns = np.mgrid[: shape[0], : shape[1]]

    def lines(place: Picture) -> Picture:
        far = np.abs((place + chance.uniform(0, gap)) % gap - gap / 2)
        return np.clip(wide + 0.5 - far, 0, 1)

    across = lines(rows + tilt * columns)
    return np.maximum(across, lines(columns - tilt * rows)) if squared else across


def on_paper(ink: Picture, chance: Chance, squared: bool) -> Picture:
    """Ink on lined paper; the lines have 0.3 to 0.6 of the ink's darkness."""
    page = laid(ink, chance)
    lines = ruling(page.shape, chance, squared) * chance.uniform(0.3, 0.6)
    return 0.95 - chance.uniform(0.6, 0.85) * np.maximum(page, lines)


def light_on(shape: tuple[int, ...], chance: Chance) -> Picture:
    """Light that falls off to one side, with the hard edge of a shadow across it."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    direction = chance.uniform(0, 2 * np.pi)
    way = (np.cos(direction) * rows + np.sin(direction) * columns) / max(shape)
    way = (way - way.min()) / np.ptp(way)
    edge = chance.uniform(0.2, 0.8)
    return np.asarray((1 - 0.5 * way) * np.where(way > edge, chance.uniform(0.6, 0.8), 1))


def photographed(ink: Picture, chance: Chance, lines: Picture | float = 0.0) -> Picture:
    """Ink on a lit page, out of focus a little, with grain."""
    page = light_on(ink.shape, chance) * (0.92 - 0.6 * np.maximum(ink, lines))
    return softened(page) + chance.normal(0, 0.015, ink.shape)


def pen(digit: Picture, chance: Chance) -> Picture:
    """Written with any pen, from a fine one to a felt tip, and turned a little."""
    ink = turned(large(digit), chance.uniform(-12, 12))
    return thickened(skeleton(ink), chance.uniform(0.8, 10))


# -- the kinds ------------------------------------------------------------------------------------------------------
def _everything(digit: Picture, chance: Chance) -> Picture:
    page = laid(pen(digit, chance), chance, 260, 240)
    lines = ruling(page.shape, chance, bool(chance.integers(2))) * chance.uniform(0.2, 0.5)
    return photographed(page, chance, lines)


def _with_table(digit: Picture, chance: Chance) -> Picture:
    page = photographed(laid(large(digit), chance), chance)
    wide = int(chance.integers(8, 30))
    table = np.full((page.shape[0], wide), chance.uniform(0.1, 0.3)) + chance.normal(0, 0.03, (page.shape[0], wide))
    return np.hstack([page, table] if chance.integers(2) else [table, page])


KINDS: dict[str, Callable[[Picture, Chance], Picture]] = {
    "as it is, 28 x 28": lambda d, c: d,
    "as it is, 14 x 14": lambda d, c: resized(d, (14, 14)),
    "enlarged": lambda d, c: 1 - 0.9 * laid(large(d), c),
    "thick": lambda d, c: 1 - 0.9 * laid(thickened(large(d), c.uniform(3, 7)), c),
    "thin": lambda d, c: 1 - 0.9 * laid(thickened(skeleton(large(d)), c.uniform(0, 1.5)), c),
    "inverted": lambda d, c: 0.1 + 0.8 * laid(large(d), c),
    "off-centre, small": lambda d, c: 1 - 0.9 * laid(large(d, int(c.integers(56, 90))), c, 300, 300, 3),
    "cropped along the ink": lambda d, c: 1 - 0.9 * cropped(large(d)),
    "thick, cropped": lambda d, c: 1 - 0.9 * cropped(thickened(large(d), c.uniform(3, 7))),
    "turned": lambda d, c: 1 - 0.9 * laid(turned(large(d), c.choice((-1, 1)) * c.uniform(8, 18)), c),
    "ruled paper": lambda d, c: on_paper(large(d), c, False),
    "squared paper": lambda d, c: on_paper(large(d), c, True),
    "thin, ruled paper": lambda d, c: on_paper(thickened(skeleton(large(d)), c.uniform(1.5, 3)), c, False),
    "low contrast": lambda d, c: (
        0.8 - c.uniform(0.1, 0.2) * softened(laid(large(d), c)) + c.normal(0, 0.008, (220, 200))
    ),
    "grey paper": lambda d, c: 0.5 + c.normal(0, 0.03, (220, 200)) - 0.3 * laid(large(d), c),
    "photographed": lambda d, c: photographed(laid(large(d), c), c),
    "photographed, a table beside": _with_table,
    "any pen": lambda d, c: 1 - 0.9 * laid(pen(d, c), c),
    "any pen, lined, photographed": _everything,
}
