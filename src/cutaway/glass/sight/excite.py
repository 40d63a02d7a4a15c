"""A picture that most excites a unit: gradient ascent on the pixels, from noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine import Tensor, rng
from ...engine.backward import backward
from ...engine.errors import CutawayError
from ..drawing import curves
from ..drawing import picture as drawn_picture
from ..html import escape, frame
from ..text import number
from .network import Network, recorded

__all__ = ["Excited", "excite", "exciting"]

SITE = rng.site_of("excite")


@dataclass(frozen=True)
class Excited:
    """What came out: the picture (C, H, W) from 0 to 1, and how excited the unit was after every step.

    >>> Excited(np.ones((1, 2, 2)), np.array([0.1, 3.0]), "unit 2 of layer 3")
    unit 2 of layer 3: 0.1 at first, 3 after 2 steps
    """

    picture: NDArray[Any]
    excitement: NDArray[Any]
    name: str = "unit"

    def __repr__(self) -> str:
        first, last = number(self.excitement[0]), number(self.excitement[-1])
        return f"{self.name}: {first} at first, {last} after {len(self.excitement)} steps"

    def _repr_html_(self) -> str:
        drawn = f"<figure>{drawn_picture(self.picture, f'a picture that excites {self.name}', 140)}</figure>"
        curve = curves([(self.name, self.excitement)], f"how excited {self.name} was, step by step")
        return frame(
            f"<h4>{escape(self.name)}</h4>", f'<div class="row">{drawn}{curve}</div><p>{escape(repr(self))}</p>'
        )


def excite(
    net: Network,
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

    net: a run or any network; layer: its path, "3"
    unit: a channel of a convolution (the mean of what is above zero at its places counts) or one of a row
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
    found = list(exciting(net, layer, unit, shape, steps, alpha, smooth, seed))
    return found[-1]


def exciting(
    net: Network,
    layer: str,
    unit: int,
    shape: tuple[int, int, int],
    steps: int = 60,
    alpha: float = 0.5,
    smooth: float = 0.2,
    seed: int = 0,
) -> Iterator[Excited]:
    """The same step by step: what there is so far, after each.

    >>> from cutaway import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(9, 1))
    >>> len(list(exciting(net, "1", 0, (1, 3, 3), steps=3)))
    3
    """
    if not 0 <= smooth <= 1 or steps < 1:
        raise CutawayError(f"excite: smooth is a share from 0 to 1, steps are 1 or more, not {smooth} and {steps}.")
    noise = rng.uniform(seed, SITE, 0, 1, int(np.prod(shape)))[0].reshape(1, *shape)
    picture = np.float32(0.45) + noise * np.float32(0.1)
    excitement = []
    for _ in range(steps):
        with recorded(net, picture) as found:
            answers = found.of(layer)
            if not 0 <= unit < answers.shape[1]:
                raise CutawayError(f"unit: layer {layer} has units 0 to {answers.shape[1] - 1}, not {unit}.")
            wanted = _wanted(answers[:, unit])
            (slope,) = backward(wanted, [found.x])
        excitement.append(float(wanted.numpy()))
        g = slope.numpy()
        largest = np.abs(g).max()
        if largest > 0:
            picture = np.clip(_smoothed(picture + np.float32(alpha / 10) * g / largest, smooth), 0, 1)
        yield Excited(picture[0], np.array(excitement), f"unit {unit} of layer {layer or 'the last'}")
        if largest == 0:  # nothing is felt: a dead unit, or one that is asleep here
            return


def _wanted(answers: Tensor) -> Tensor:
    """What shall grow: of a map what is above zero, since a stencil that answers yes here and no there has mean 0."""
    if answers.ndim > 1 and bool((answers.numpy() > 0).any()):
        return answers.relu().mean()
    return answers.mean()


def _smoothed(picture: NDArray[Any], share: float) -> NDArray[Any]:
    if not share:
        return picture
    around = np.pad(picture, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    height, width = picture.shape[2:]
    total = picture.copy()
    for i, j in ((0, 1), (2, 1), (1, 0), (1, 2)):
        total += around[:, :, i : i + height, j : j + width]
    return np.asarray((1 - np.float32(share)) * picture + np.float32(share / 5) * total)
