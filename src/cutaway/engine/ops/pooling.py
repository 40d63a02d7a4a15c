"""Max pooling: of every window only the largest number goes on.

Taking the winners' numbers is linear, so two sisters are enough for all derivatives: `pick` (the numbers of v where
x won) and its way back `place` (a number put where x won, zeros elsewhere).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np

from ..errors import ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, distinct, normal
from ..tensor import Tensor
from .windows import Size, check_picture, corners, places


def winners(x: Any, window: Size, stride: Size) -> Iterator[Any]:
    """For each place within the window, where it wins. Of equal numbers only the first wins, or a black
    background would count several times.
    """
    best = reduce(np.maximum, corners(x, window, stride))
    open_: Any = True
    for corner in corners(x, window, stride):
        won = (corner == best) & open_
        open_ = open_ & ~won
        yield won


class MaxPool2d(Op):
    """A jury that reports only the best it saw in its street: where exactly does not matter, so less is kept.

    y[n, c, i, j] = max over p, q of x[n, c, s i + p, s j + q]

    x: the pictures, (N, C, H, W)
    y: the best of every window, (N, C, Ho, Wo); only a nudge of the best is felt (of equals, the first)
    window: height and width of the window
    stride: how far it moves

    >>> max_pool2d(Tensor([[[[1.0, 2.0, 5.0, 0.0], [3.0, 0.0, 0.0, 4.0]]]]), window=2, stride=2)
    Tensor([[[[3., 5.]]]])
    """

    takes = "fi"
    samples = (
        Sample(distinct(2, 2, 4, 6), window=2, stride=2),
        Sample(distinct(1, 2, 5, 7), window=2, stride=2),
        Sample(distinct(1, 2, 5, 6), window=(3, 2), stride=(2, 1)),
    )

    @staticmethod
    def forward(x: Any, window: Size, stride: Size) -> Any:
        return reduce(np.maximum, corners(x, window, stride))

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, window: Size, stride: Size) -> Tensor:
        return place(g, x, window=window, stride=stride)

    @staticmethod
    def shape(x: Shape, window: Size, stride: Size) -> Shape:
        check_picture("max_pool2d", x, window, stride)
        return (x[0], x[1], *places((x[2], x[3]), window, stride))


class Place(Op):
    """The prize goes to whoever won, nothing to the others.

    y[n, c, place of the winner of window i, j] += g[n, c, i, j]

    g: the prizes, one a window, (N, C, Ho, Wo)
    x: who competed, (N, C, H, W); a nudge of x changes no winner, so it gets no gradient
    y: what everybody won, (N, C, H, W)
    window: as in max_pool2d
    stride: as in max_pool2d

    >>> place(Tensor([[[[10.0]]]]), Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]), window=2, stride=2)
    Tensor([[[[ 0.,  0.],
              [10.,  0.]]]])
    """

    takes = "fi"
    samples = (
        Sample(normal(2, 2, 2, 3), distinct(2, 2, 4, 6), window=2, stride=2),
        Sample(normal(1, 2, 2, 5), distinct(1, 2, 5, 6), window=(3, 2), stride=(2, 1)),
    )

    @staticmethod
    def forward(g: Any, x: Any, window: Size, stride: Size) -> Any:
        y = np.zeros_like(x)
        for corner, won in zip(corners(y, window, stride), winners(x, window, stride), strict=True):
            corner += g * won
        return y

    @staticmethod
    def backward(gg: Tensor, y: Tensor, g: Tensor, x: Tensor, window: Size, stride: Size) -> tuple[Tensor, None]:
        return pick(gg, x, window=window, stride=stride), None

    @staticmethod
    def shape(g: Shape, x: Shape, window: Size, stride: Size) -> Shape:
        if MaxPool2d.shape(x, window, stride) != tuple(g):
            raise ShapeError(f"place: there must be one number in g for every window.\n{boxes({'g': g, 'x': x})}")
        return x


class Pick(Op):
    """Ask the winners, and only them, for their number.

    y[n, c, i, j] = v[n, c, place of the winner of window i, j]

    v: everybody's number, (N, C, H, W)
    x: who competed, (N, C, H, W); a nudge of x changes no winner, so it gets no gradient
    y: the winners' numbers, (N, C, Ho, Wo)
    window: as in max_pool2d
    stride: as in max_pool2d

    >>> v = Tensor([[[[5.0, 6.0], [7.0, 8.0]]]])
    >>> pick(v, Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]), window=2, stride=2)
    Tensor([[[[7.]]]])
    """

    takes = "fi"
    samples = (
        Sample(normal(2, 2, 4, 6), distinct(2, 2, 4, 6), window=2, stride=2),
        Sample(normal(1, 2, 5, 6), distinct(1, 2, 5, 6), window=(3, 2), stride=(2, 1)),
    )

    @staticmethod
    def forward(v: Any, x: Any, window: Size, stride: Size) -> Any:
        pairs = zip(corners(v, window, stride), winners(x, window, stride), strict=True)
        return sum(corner * won for corner, won in pairs)

    @staticmethod
    def backward(g: Tensor, y: Tensor, v: Tensor, x: Tensor, window: Size, stride: Size) -> tuple[Tensor, None]:
        return place(g, x, window=window, stride=stride), None

    @staticmethod
    def shape(v: Shape, x: Shape, window: Size, stride: Size) -> Shape:
        if v != x:
            raise ShapeError(f"pick: everybody in x needs one number in v.\n{boxes({'v': v, 'x': x})}")
        return MaxPool2d.shape(x, window, stride)


max_pool2d = MaxPool2d()
place = Place()
pick = Pick()
