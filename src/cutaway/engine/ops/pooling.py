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
from .windows import Size, bordered, check_picture, corners, inside, outside, pair, places, unbordered


def competitors(x: Any, padding: Size) -> Any:
    """The pictures as (C, H, W, N), with a border that never wins."""
    if not any(pair(padding)):
        return inside(x)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return bordered(inside(x), padding, lowest)


def winners(x: Any, window: Size, stride: Size) -> Iterator[Any]:
    """For each place within the window, where it wins. Of equal numbers only the first wins, or a black
    background would count several times.
    """
    seen = corners(x, window, stride)
    best = reduce(np.maximum, seen)
    open_: Any = True
    for corner in seen:
        won = (corner == best) & open_
        open_ = open_ & ~won
        yield won


def check_pool(name: str, x: Shape, window: Size, stride: Size, padding: Size) -> None:
    """The window must fit, and no window may see nothing but border."""
    check_picture(name, x, window, stride, padding)
    if any(2 * p > k for p, k in zip(pair(padding), pair(window), strict=True)):
        raise ShapeError(
            f"{name}: a border of {padding} is wider than half the window of {window}, so some windows would see "
            f"nothing else.\n{boxes({'x': x}, [('x', 2), ('x', 3)])}\n   Try: padding of at most half the window."
        )


class MaxPool2d(Op):
    """A jury that reports only the best it saw in its street: where exactly does not matter, so less is kept.

    y[n, c, i, j] = max over p, q of x[n, c, s i + p - pad, s j + q - pad]

    x: the pictures, (N, C, H, W)
    y: the best of every window, (N, C, Ho, Wo); only a nudge of the best is felt (of equals, the first)
    window: height and width of the window
    stride: how far it moves (s)
    padding: how many rows the windows stand over the edge of the picture (pad); nobody wins there

    >>> max_pool2d(Tensor([[[[1.0, 2.0, 5.0, 0.0], [3.0, 0.0, 0.0, 4.0]]]]), window=2, stride=2)
    Tensor([[[[3., 5.]]]])
    """

    takes = "fi"
    samples = (
        Sample(distinct(2, 2, 4, 6), window=2, stride=2),
        Sample(distinct(1, 2, 5, 7), window=2, stride=2),
        Sample(distinct(1, 2, 5, 6), window=(3, 2), stride=(2, 1)),
        Sample(distinct(2, 1, 4, 3), window=3, stride=2, padding=1),
    )

    @staticmethod
    def forward(x: Any, window: Size, stride: Size, padding: Size = 0) -> Any:
        return outside(reduce(np.maximum, corners(competitors(x, padding), window, stride)))

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, window: Size, stride: Size, padding: Size = 0) -> Tensor:
        return place(g, x, window=window, stride=stride, padding=padding)

    @staticmethod
    def shape(x: Shape, window: Size, stride: Size, padding: Size = 0) -> Shape:
        check_pool("max_pool2d", x, window, stride, padding)
        return (x[0], x[1], *places((x[2], x[3]), window, stride, padding))


class Place(Op):
    """The prize goes to whoever won, nothing to the others.

    y[n, c, place of the winner of window i, j] += g[n, c, i, j]

    g: the prizes, one a window, (N, C, Ho, Wo)
    x: who competed, (N, C, H, W); a nudge of x changes no winner, so it gets no gradient
    y: what everybody won, (N, C, H, W)
    window: as in max_pool2d
    stride: as in max_pool2d
    padding: as in max_pool2d

    >>> place(Tensor([[[[10.0]]]]), Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]), window=2, stride=2)
    Tensor([[[[ 0.,  0.],
              [10.,  0.]]]])
    """

    takes = "fi"
    samples = (
        Sample(normal(2, 2, 2, 3), distinct(2, 2, 4, 6), window=2, stride=2),
        Sample(normal(1, 2, 2, 5), distinct(1, 2, 5, 6), window=(3, 2), stride=(2, 1)),
        Sample(normal(2, 1, 2, 2), distinct(2, 1, 4, 3), window=3, stride=2, padding=1),
    )

    @staticmethod
    def forward(g: Any, x: Any, window: Size, stride: Size, padding: Size = 0) -> Any:
        x, g = competitors(x, padding), inside(g)
        y = np.zeros_like(x)
        for corner, won in zip(corners(y, window, stride), winners(x, window, stride), strict=True):
            corner += g * won
        return outside(unbordered(y, padding))

    @staticmethod
    def backward(
        gg: Tensor, y: Tensor, g: Tensor, x: Tensor, window: Size, stride: Size, padding: Size = 0
    ) -> tuple[Tensor, None]:
        return pick(gg, x, window=window, stride=stride, padding=padding), None

    @staticmethod
    def shape(g: Shape, x: Shape, window: Size, stride: Size, padding: Size = 0) -> Shape:
        if MaxPool2d.shape(x, window, stride, padding) != tuple(g):
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
    padding: as in max_pool2d

    >>> v = Tensor([[[[5.0, 6.0], [7.0, 8.0]]]])
    >>> pick(v, Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]), window=2, stride=2)
    Tensor([[[[7.]]]])
    """

    takes = "fi"
    samples = (
        Sample(normal(2, 2, 4, 6), distinct(2, 2, 4, 6), window=2, stride=2),
        Sample(normal(1, 2, 5, 6), distinct(1, 2, 5, 6), window=(3, 2), stride=(2, 1)),
        Sample(normal(2, 1, 4, 3), distinct(2, 1, 4, 3), window=3, stride=2, padding=1),
    )

    @staticmethod
    def forward(v: Any, x: Any, window: Size, stride: Size, padding: Size = 0) -> Any:
        asked = corners(bordered(inside(v), padding), window, stride)
        pairs = zip(asked, winners(competitors(x, padding), window, stride), strict=True)
        return outside(sum(corner * won for corner, won in pairs))

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, v: Tensor, x: Tensor, window: Size, stride: Size, padding: Size = 0
    ) -> tuple[Tensor, None]:
        return place(g, x, window=window, stride=stride, padding=padding), None

    @staticmethod
    def shape(v: Shape, x: Shape, window: Size, stride: Size, padding: Size = 0) -> Shape:
        if v != x:
            raise ShapeError(f"pick: everybody in x needs one number in v.\n{boxes({'v': v, 'x': x})}")
        return MaxPool2d.shape(x, window, stride, padding)


max_pool2d = MaxPool2d()
place = Place()
pick = Pick()
