"""What a painting should be: the things of the photograph, in the strokes and colours of the painting.

The pixels are the parameters. A network looks at them, three wishes say how far what it sees is from what it should
see, and the gradient of their sum goes all the way back to the pixels (Gatys, Ecker and Bethge, 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway import nn
from cutaway.engine import Tensor, ops

from .eye import Eye

__all__ = ["Canvas", "Wish", "gram", "ground"]

CONTENT = 2  # the layer that keeps the photograph in mind: fine enough for eyes and ropes, too coarse for colours


class Canvas(nn.Module):
    """The photograph, and on it the paint: what is learnt is how each pixel differs from the photograph.

    y = x + paint
    picture: what is there at the start, (1, 3, H, W); photo: the same of the photograph
    x (1, 3, H, W) -> y (1, 3, H, W)

    >>> Canvas(np.ones((1, 3, 2, 2), "f"), np.zeros((1, 3, 2, 2), "f"))(Tensor(np.zeros((1, 3, 2, 2), "f"))).shape
    (1, 3, 2, 2)
    """

    def __init__(self, picture: NDArray[Any], photo: NDArray[Any]) -> None:
        self.paint = nn.Parameter(picture - photo)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.paint


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

    L = style / layers * sum over layers |G - G painting|^2 / |G painting|^2     the painting's strokes and colours
      + content * mean (seen - seen in the photo)^2 / variance                  the photo's things
      + smooth * mean (differences of neighbouring pixels)^2                    no grain
      + mean (how far a colour is beyond black or white)^2

    look: the eye; painting: (1, 3, h, w), what its layers see there is what the style is measured by
    style, content, smooth: how much each wish counts; layers: which layers are asked about the style
    picture (1, 3, H, W), wanted (1, M): what layer 2 sees in the photo, in one row -> one number
    """

    def __init__(
        self,
        look: Eye,
        painting: Sequence[NDArray[Any]],
        *,
        style: float,
        content: float,
        smooth: float,
        layers: Sequence[int] = (0, 1, 2, 3, 4),
    ) -> None:
        self.look, self.layers = look, tuple(layers)
        self.style, self.content, self.smooth = style, content, smooth
        self.grams = {k: gram(Tensor(painting[k])).detach() for k in self.layers}
        self.spread = float(np.var(painting[CONTENT]))

    def forward(self, picture: Tensor, wanted: Tensor) -> Tensor:
        seen = self.look(picture)
        total = ground(picture)
        for k in self.layers:
            total = total + apart(gram(seen[k]), self.grams[k]) * (self.style / len(self.layers))
        here = seen[CONTENT]
        total = total + square(here - wanted.reshape(here.shape)).mean() * (self.content / self.spread)
        return total + rough(picture) * self.smooth if self.smooth else total

    def describe(self) -> str:
        return f"style={self.style}, content={self.content}, smooth={self.smooth}"


def apart(here: Tensor, there: Tensor) -> Tensor:
    """|here - there|^2 / |there|^2: how far one table of numbers is from another, whatever their size."""
    return square(here - there).sum() * (1.0 / float(np.sum(np.square(there.data)) + 1e-12))


def rough(picture: Tensor) -> Tensor:
    """The mean square of the differences between neighbouring pixels ("total variation")."""
    down = picture[:, :, 1:] - picture[:, :, :-1]
    across = picture[:, :, :, 1:] - picture[:, :, :, :-1]
    return square(down).mean() + square(across).mean()


def ground(picture: Tensor) -> Tensor:
    """How far colours are beyond black (0) and white (1), squared: a file cannot hold them."""
    return (square(ops.relu(-picture)) + square(ops.relu(picture - 1.0))).mean()


def square(x: Tensor) -> Tensor:
    return x * x
