"""A picture that most excites a unit: gradient ascent on the pixels, from noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine import Tape, rng
from ...engine.backward import backward
from ...engine.errors import CutawayError
from ...nn import Module
from .features import in_use

__all__ = ["Excited", "excite"]

SITE = rng.site_of("excite")


@dataclass(frozen=True)
class Excited:
    """What came out: the picture (C, H, W) from 0 to 1, and how excited the unit was after every step."""

    picture: NDArray[Any]
    excitement: NDArray[Any]


def excite(
    net: Module,
    layer: str,
    unit: int,
    shape: tuple[int, int, int],
    steps: int = 60,
    alpha: float = 0.5,
    smooth: float = 0.2,
    seed: int = 0,
) -> Excited:
    """Change the pixels of a grey, slightly noisy picture, step by step, so that a unit answers more strongly.

    picture' = (1 - smooth) p + smooth (mean of p and its four neighbours),  p = picture + alpha g / (largest |g|) / 10

    layer: its path, "3"; unit: a channel of a convolution (its mean over the places counts) or one of a row
    shape: of the picture, (C, H, W); g: the slope of the excitement
    alpha: tenths that a pixel moves at most in a step; smooth: how much neighbours are made alike after each, against
        the fine glitter that excites every network and tells nothing

    >>> from cutaway import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(9, 1, bias=False))
    >>> net[1].weight.data = np.float32([[0, 0, 0, 0, 1, 0, 0, 0, 0]])          # likes light in the middle
    >>> found = excite(net, "1", 0, (1, 3, 3), steps=30, smooth=0.0)
    >>> float(found.picture[0, 1, 1]), bool(found.excitement[-1] > found.excitement[0])
    (1.0, True)
    """
    if not 0 <= smooth <= 1 or steps < 1:
        raise CutawayError(f"excite: smooth is a share from 0 to 1, steps are 1 or more, not {smooth} and {steps}.")
    noise = rng.uniform(seed, SITE, 0, 1, int(np.prod(shape)))[0].reshape(1, *shape)
    picture = np.float32(0.45) + noise * np.float32(0.1)
    excitement = []
    with in_use(net):
        for _ in range(steps):
            with Tape() as tape:
                x = tape.input("x", picture)
                net(x)
                slots = {path: slot for path, _, slot in tape.visits if path}
                if layer not in slots:
                    raise CutawayError(f"There is no layer {layer!r}; there are {', '.join(slots)}.")
                answers = tape[slots[layer]]
                if not 0 <= unit < answers.shape[1]:
                    raise CutawayError(f"unit: layer {layer} has units 0 to {answers.shape[1] - 1}, not {unit}.")
                wanted = answers[:, unit].mean()
                (slope,) = backward(wanted, [x])
            excitement.append(float(wanted.numpy()))
            g = slope.numpy()
            largest = np.abs(g).max()
            if largest == 0:  # nothing is felt: a dead unit, or one that is asleep here
                break
            picture = np.clip(_smoothed(picture + np.float32(alpha / 10) * g / largest, smooth), 0, 1)
    return Excited(picture[0], np.array(excitement))


def _smoothed(picture: NDArray[Any], share: float) -> NDArray[Any]:
    if not share:
        return picture
    around = np.pad(picture, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    height, width = picture.shape[2:]
    total = picture.copy()
    for i, j in ((0, 1), (2, 1), (1, 0), (1, 2)):
        total += around[:, :, i : i + height, j : j + width]
    return np.asarray((1 - np.float32(share)) * picture + np.float32(share / 5) * total)
