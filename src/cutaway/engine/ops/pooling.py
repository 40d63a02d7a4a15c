"""Pooling: of every window only one number goes on, the largest or the average.

Taking the winners' numbers is linear, so two sisters are enough for all derivatives of max pooling: `pick` (the
numbers of v where x won) and its way back `place` (a number put where x won, zeros elsewhere). Averaging is linear
itself: `avg_pool2d` and its way back `avg_pool2d_x` are each other's derivative.
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
    left = np.ones(best.shape, bool)  # the windows that nobody has won yet
    for corner in seen[:-1]:
        won = corner == best
        won &= left
        left ^= won
        yield won
    yield left


def check_pool(name: str, x: Shape, window: Size, stride: Size, padding: Size) -> None:
    """The window must fit, and no window may see nothing but border."""
    check_picture(name, x, window, stride, padding)
    if 0 in x[2:]:
        raise ShapeError(f"{name}: there is nothing to see in a picture of {x[2]} x {x[3]}.\n{boxes({'x': x})}")
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

    Use it after convolutions, to keep that something was seen and forget exactly where.

    >>> max_pool2d(Tensor([[[[1.0, 2.0, 5.0, 0.0], [3.0, 0.0, 0.0, 4.0]]]]), window=2, stride=2)
    Tensor([[[[3., 5.]]]])
    """

    torch = "torch.nn.functional.max_pool2d"

    torch = "torch.nn.functional.max_pool2d"
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

    Use it to send something back to the winners: the gradient of max pooling.

    >>> place(Tensor([[[[10.0]]]]), Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]), window=2, stride=2)
    Tensor([[[[ 0.,  0.],
              [10.,  0.]]]])
    """

    torch = "torch.nn.functional.max_unpool2d"

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
        alone = all(k <= s for k, s in zip(pair(window), pair(stride), strict=True))
        for corner, won in zip(corners(y, window, stride), winners(x, window, stride), strict=True):
            if alone:  # windows that do not overlap need no adding up
                np.multiply(g, won, out=corner)
            else:
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

    Use it to ask the winners of one array for their numbers in another.

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


def shares(size: Any, window: Size, stride: Size, padding: Size, count_padding: bool, dtype: Any) -> Any:
    """What one number of a window counts in its average: 1 / how many there are. One number, or one for every place."""
    (kh, kw), (sh, sw), (ph, pw) = pair(window), pair(stride), pair(padding)
    if count_padding or not (ph or pw):
        return dtype.type(1 / (kh * kw))
    counts = []
    for side, k, s, p, many in zip(
        size, (kh, kw), (sh, sw), (ph, pw), places(size, window, stride, padding), strict=True
    ):
        first = np.arange(many) * s - p
        counts.append(np.minimum(first + k, side) - np.maximum(first, 0))
    return (1 / (counts[0][:, None, None] * counts[1][:, None])).astype(dtype)  # (Ho, Wo, 1)


def tiles(size: Any, window: Size, stride: Size, padding: Size) -> bool:
    """Do the windows lie side by side and cover the picture, like tiles?"""
    fits = all(n % k == 0 for n, k in zip(size, pair(window), strict=True))
    return fits and pair(window) == pair(stride) and not any(pair(padding))


class AvgPool2d(Op):
    """What a street earns on average: everybody in the window counts the same, and nobody is seen alone.

    y[n, c, i, j] = (sum over p, q of x[n, c, s i + p - pad, s j + q - pad]) / how many they are

    x: the pictures, (N, C, H, W)
    y: the average of every window, (N, C, Ho, Wo)
    window: height and width of the window
    stride: how far it moves (s)
    padding: how many rows of zeros are put around the picture (pad)
    count_padding: whether these zeros count among how many they are

    Use it to make pictures smaller without favouring the loudest pixel; over the whole picture before the last
    layer.

    >>> avg_pool2d(Tensor([[[[1.0, 2.0, 5.0, 0.0], [3.0, 2.0, 0.0, 3.0]]]]), window=2, stride=2)
    Tensor([[[[2., 2.]]]])
    """

    torch = "torch.nn.functional.avg_pool2d"

    torch = "torch.nn.functional.avg_pool2d"
    takes = "f"
    samples = (
        Sample(normal(2, 2, 4, 6), window=2, stride=2),
        Sample(normal(1, 2, 5, 6), window=(3, 2), stride=(2, 1)),
        Sample(normal(2, 1, 4, 3), window=3, stride=2, padding=1),
        Sample(normal(2, 1, 4, 3), window=(2, 3), stride=1, padding=1, count_padding=False),
    )

    @staticmethod
    def forward(x: Any, window: Size, stride: Size, padding: Size = 0, count_padding: bool = True) -> Any:
        x, size, (kh, kw) = inside(x), x.shape[2:], pair(window)
        if tiles(size, window, stride, padding):
            c, h, w, n = x.shape
            total = x.reshape(c, h // kh, kh, w // kw, kw, n).sum(axis=(2, 4))
        else:
            total = reduce(np.add, corners(bordered(x, padding), window, stride))
        return outside(total * shares(size, window, stride, padding, count_padding, x.dtype))

    @staticmethod
    def backward(
        g: Tensor,
        y: Tensor,
        x: Tensor,
        window: Size,
        stride: Size,
        padding: Size = 0,
        count_padding: bool = True,
    ) -> Tensor:
        how = {"window": window, "stride": stride, "padding": padding, "count_padding": count_padding}
        return avg_pool2d_x(g, size=x.shape[2:], **how)

    @staticmethod
    def shape(x: Shape, window: Size, stride: Size, padding: Size = 0, count_padding: bool = True) -> Shape:
        check_pool("avg_pool2d", x, window, stride, padding)
        return (x[0], x[1], *places((x[2], x[3]), window, stride, padding))


class AvgPool2dX(Op):
    """A prize for the whole street: everybody in the window gets the same share of it.

    y[n, c, s i + p - pad, s j + q - pad] += g[n, c, i, j] / how many they are

    g: the prizes, one a window, (N, C, Ho, Wo)
    y: what everybody got, (N, C, H, W)
    size: height and width of the picture
    window: as in avg_pool2d
    stride: as in avg_pool2d
    padding: as in avg_pool2d
    count_padding: as in avg_pool2d

    Use it to give every pixel its share of a window's gradient: the way back of average pooling.

    >>> avg_pool2d_x(Tensor([[[[8.0]]]]), size=(2, 2), window=2, stride=2)
    Tensor([[[[2., 2.],
              [2., 2.]]]])
    """

    takes = "f"
    samples = (
        Sample(normal(2, 2, 2, 3), size=(4, 6), window=2, stride=2),
        Sample(normal(1, 2, 2, 5), size=(5, 6), window=(3, 2), stride=(2, 1)),
        Sample(normal(2, 1, 5, 3), size=(4, 3), window=(2, 3), stride=1, padding=1, count_padding=False),
    )

    @staticmethod
    def forward(g: Any, size: Size, window: Size, stride: Size, padding: Size = 0, count_padding: bool = True) -> Any:
        (h, w), (kh, kw), (ph, pw) = pair(size), pair(window), pair(padding)
        g = inside(g) * shares((h, w), window, stride, padding, count_padding, g.dtype)
        c, ho, wo, n = g.shape
        if tiles((h, w), window, stride, padding):
            y = np.broadcast_to(g[:, :, None, :, None], (c, ho, kh, wo, kw, n)).reshape(c, h, w, n)
            return outside(y)
        y = np.zeros((c, h + 2 * ph, w + 2 * pw, n), g.dtype)
        for corner in corners(y, window, stride):
            corner += g
        return outside(unbordered(y, padding))

    @staticmethod
    def backward(
        gg: Tensor,
        y: Tensor,
        g: Tensor,
        size: Size,
        window: Size,
        stride: Size,
        padding: Size = 0,
        count_padding: bool = True,
    ) -> Tensor:
        return avg_pool2d(gg, window=window, stride=stride, padding=padding, count_padding=count_padding)

    @staticmethod
    def shape(g: Shape, size: Size, window: Size, stride: Size, padding: Size = 0, count_padding: bool = True) -> Shape:
        x = (*g[:2], *pair(size))
        if len(g) != 4 or AvgPool2d.shape(x, window, stride, padding) != tuple(g):
            raise ShapeError(
                f"avg_pool2d_x: g must have one number for every window of a picture of {size}.\n{boxes({'g': g})}"
            )
        return x


max_pool2d = MaxPool2d()
place = Place()
pick = Pick()
avg_pool2d = AvgPool2d()
avg_pool2d_x = AvgPool2dX()
