"""What a painting should be: the things of the photograph, in the strokes and colours of the painting.

The pixels are the parameters. A network looks at them, three wishes say how far what it sees is from what it should
see, and the gradient of their sum goes all the way back to the pixels (Gatys, Ecker and Bethge, 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway import nn
from cutaway.engine import Tensor, ops

from .eye import STEPS, Eye

__all__ = ["Canvas", "Goal", "Wish", "gram", "pooled"]


@dataclass(frozen=True)
class Goal:
    """What is wanted place by place: of what a layer sees, or of the mean colours of the places that it sees."""

    layer: int
    weight: float
    colours: bool = False


class Canvas(nn.Module):
    """A picture whose pixels are learnt.

    y = pixels, whatever x is
    picture: what is there at the start, (1, 3, H, W)
    x (1, 3, H, W), the photograph -> y (1, 3, H, W)

    >>> Canvas(np.ones((1, 3, 2, 2), "f"))(Tensor(np.zeros((1, 3, 2, 2), "f"))).shape
    (1, 3, 2, 2)
    """

    def __init__(self, picture: NDArray[Any]) -> None:
        self.pixels = nn.Parameter(np.array(picture, order="C"))

    def forward(self, x: Tensor) -> Tensor:
        return self.pixels


def gram(seen: Tensor) -> Tensor:
    """Which things are seen together: strokes have no place in it, only their kinds and how often they are.

    G[a, b] = mean over all places of seen[a] * seen[b]
    seen (1, C, H, W) -> (C, C)

    >>> gram(Tensor([[[[1.0, 3.0]], [[0.0, 2.0]]]]))
    Tensor([[5., 3.],
            [3., 2.]])
    """
    rows = seen.reshape((seen.shape[1], -1))
    return ops.matmul(rows, rows, flip_w=True) * (1.0 / rows.shape[1])


class Wish(nn.Module):
    """How far a picture is from what is wished for; 0 where every wish is fulfilled.

    L = style / layers * sum over layers |G - G painting|^2 / |G painting|^2    the painting's strokes and colours
      + sum over goals weight * mean (seen - wanted)^2                           place by place: the photo's things, and
                                                                                 the most alike places of the painting
      + smooth * mean (differences of neighbouring pixels)^2                     no grain

    look: the eye; painting: what its layers see in the painting
    style, smooth: how much each counts; layers: which are asked about the style
    goals: what is wanted place by place
    picture (1, 3, H, W), wanted (1, M): the goals' numbers, one after the other -> one number
    """

    statistic = staticmethod(gram)  # what is compared of a layer, wherever in the picture it was seen

    def __init__(
        self,
        look: Eye,
        painting: Sequence[NDArray[Any]],
        goals: Sequence[Goal],
        *,
        style: float,
        smooth: float,
        layers: Sequence[int] = (0, 1, 2, 3, 4),
    ) -> None:
        self.look, self.goals, self.layers = look, tuple(goals), tuple(layers)
        self.style, self.smooth = style, smooth
        self.manner = {k: self.statistic(Tensor(painting[k])).detach() for k in self.layers}

    def forward(self, picture: Tensor, wanted: Tensor) -> Tensor:
        seen = self.look(picture)
        total = rough(picture) * self.smooth
        for k in self.layers if self.style else ():
            total = total + apart(self.statistic(seen[k]), self.manner[k]) * (self.style / len(self.layers))
        begin = 0
        for goal in self.goals:
            here = pooled(picture, STEPS[goal.layer]) if goal.colours else seen[goal.layer]
            there = wanted[:, begin : begin + here.numel()].reshape(here.shape)
            total = total + square(here - there).mean() * goal.weight
            begin += here.numel()
        return total

    def describe(self) -> str:
        return f"style={self.style}, goals={len(self.goals)}, smooth={self.smooth}"


def pooled(picture: Tensor, step: int) -> Tensor:
    """The mean colours of the places that a layer sees, whose step is a power of 2."""
    for _ in range(step.bit_length() - 1):
        picture = ops.avg_pool2d(picture, window=2, stride=2)
    return picture


def apart(here: Tensor, there: Tensor) -> Tensor:
    """|here - there|^2 / |there|^2: how far one table of numbers is from another, whatever their size."""
    return square(here - there).sum() * (1.0 / float(np.sum(np.square(there.data)) + 1e-12))


def rough(picture: Tensor) -> Tensor:
    """The mean square of the differences between neighbouring pixels ("total variation")."""
    down = picture[:, :, 1:] - picture[:, :, :-1]
    across = picture[:, :, :, 1:] - picture[:, :, :, :-1]
    return square(down).mean() + square(across).mean()


def square(x: Tensor) -> Tensor:
    return x * x
