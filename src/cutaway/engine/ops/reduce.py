"""Many numbers become few: sums, averages, the largest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..op import Op, Shape, namespace
from ..sample import Sample, distinct, normal
from ..tensor import Dims, Tensor
from .arithmetic import div, mul
from .broadcast import broadcast_to


def sides(x: Shape, dim: Dims) -> Shape:
    """The sides that ``dim`` names, counted from the front; None names them all."""
    count = len(x)
    named = range(len(x)) if dim is None else (dim,) if isinstance(dim, int) else dim
    for side in named:
        if not -count <= side < count:
            there = f"an array of shape {x} has sides 0 to {count - 1}, -1 is the last" if x else "one number has none"
            raise ShapeError(f"dim={dim}: there is no side {side}; {there}.")
    found = sorted(side % count for side in named)
    if len(set(found)) < len(found):
        raise ShapeError(f"dim={dim} names a side of {x} twice.")
    return tuple(found)


def one_side(name: str, x: Shape, dim: Any) -> int:
    """The one side that ``dim`` names, counted from the front; it must hold something."""
    if not isinstance(dim, int) or not -len(x) <= dim < len(x):
        raise ShapeError(f"{name}: dim names one of the sides of {x}, counted 0 to {len(x) - 1}, but it is {dim}.")
    if x[dim] == 0:
        raise ShapeError(f"{name}: there is nothing along side {dim} of {x}.")
    return dim % len(x)


def reduced(x: Shape, dim: Dims = None, keepdim: bool = False) -> Shape:
    """The shape that is left when some sides are summed away."""
    gone = sides(x, dim)
    if keepdim:
        return tuple(1 if k in gone else n for k, n in enumerate(x))
    return tuple(n for k, n in enumerate(x) if k not in gone)


def spread(g: Tensor, x: Tensor, dim: Dims) -> Tensor:
    """What was reduced, at its old places again: (sums) -> (as x)."""
    kept = g.reshape(reduced(x.shape, dim, keepdim=True)) if g.ndim != x.ndim else g
    return broadcast_to(kept, to=x.shape)


_CASES = (
    Sample(normal(2, 3), dim=None, keepdim=False),
    Sample(normal(2, 3, 4), dim=1, keepdim=False),
    Sample(normal(2, 3, 4), dim=(0, -1), keepdim=True),
)


class Sum(Op):
    """A purse: every coin counts, and each counts the same.

    y = x[0] + x[1] + x[2] + ...

    x: the coins
    y: what they come to; a nudge of any coin nudges y as much
    dim: along which sides, all when None
    keepdim: keep the summed sides with length 1

    Use it to collect many numbers into one; for a loss the mean is calmer, as it does not grow with the batch.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
    Tensor([3., 7.])
    """

    torch = "torch.sum"
    samples = _CASES

    @staticmethod
    def forward(x: Any, dim: Dims = None, keepdim: bool = False) -> Any:
        return namespace(x).sum(x, axis=dim, keepdims=keepdim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return spread(g, x, dim)

    shape = staticmethod(reduced)


class Mean(Op):
    """The seesaw's balance point: everybody pulls, each with one share.

    y = (x[0] + x[1] + ... ) / n

    x: where they sit
    y: where it balances; one of n moves it by 1/n of a nudge
    dim: along which sides, all when None
    keepdim: keep the averaged sides with length 1

    Use it to make one loss of many, and to summarise a picture by what is in it, wherever it is.

    >>> mean(Tensor([1.0, 2.0, 6.0]))
    Tensor(3.)
    """

    torch = "torch.mean"

    takes = "f"
    samples = _CASES

    @staticmethod
    def forward(x: Any, dim: Dims = None, keepdim: bool = False) -> Any:
        return namespace(x).mean(x, axis=dim, keepdims=keepdim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
        count = math.prod(x.shape[side] for side in sides(x.shape, dim))
        return spread(div(g, float(count)), x, dim)

    @staticmethod
    def shape(x: Shape, dim: Dims = None, keepdim: bool = False) -> Shape:
        if math.prod(x[side] for side in sides(x, dim)) == 0:
            raise ShapeError(f"mean: there is nothing to average in an empty array of shape {x}.")
        return reduced(x, dim, keepdim)


class Max(Op):
    """The tallest of the class.

    y = the largest x

    x: the pupils
    y: the tallest one's height; only a nudge of the tallest is felt (of equals, the first)
    dim: along which sides, all when None
    keepdim: keep the searched sides with length 1

    Use it to ask whether something was seen anywhere, and to keep e^x from overflowing.

    >>> max(Tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
    Tensor([5., 7.])
    """

    torch = "torch.amax"
    samples = (
        Sample(distinct(2, 3), dim=None, keepdim=False),
        Sample(distinct(2, 3, 4), dim=1, keepdim=False),
        Sample(distinct(2, 3, 4), dim=(0, 2), keepdim=True),
    )

    @staticmethod
    def forward(x: Any, dim: Dims = None, keepdim: bool = False) -> Any:
        return namespace(x).max(x, axis=dim, keepdims=keepdim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return mul(spread(g, x, dim), winner(x, dim=dim))

    @staticmethod
    def shape(x: Shape, dim: Dims = None, keepdim: bool = False) -> Shape:
        if math.prod(x[side] for side in sides(x, dim)) == 0:
            raise ShapeError(f"max: there is no largest number in an empty array of shape {x}.")
        return reduced(x, dim, keepdim)


class Winner(Op):
    """A flag on the tallest, and on nobody else.

    y = 1 at the first place of the largest x, 0 elsewhere

    x: the pupils
    y: the flag; a nudge of x moves it to nobody else, so no gradient flows
    dim: along which sides the largest was searched

    Use it to let only the largest be felt: the way back of a maximum.

    >>> winner(Tensor([3.0, 9.0, 9.0]), dim=0)
    Tensor([0., 1., 0.])
    """

    samples = (Sample(distinct(2, 3), dim=None), Sample(distinct(2, 3, 4), dim=(0, 2)))

    @staticmethod
    def forward(x: Any, dim: Dims = None) -> Any:
        searched = sides(x.shape, dim)
        kept = [k for k in range(x.ndim) if k not in searched]
        order = (*kept, *searched)
        count = math.prod(x.shape[k] for k in searched)
        rows = x.transpose(order).reshape(*[x.shape[k] for k in kept], count)  # (kept sides, all candidates)
        flags = rows.argmax(axis=-1)[..., None] == np.arange(rows.shape[-1])
        flags = flags.reshape([x.shape[k] for k in order]).transpose(np.argsort(order).tolist())
        return flags.astype(x.dtype, order="C")

    @staticmethod
    def shape(x: Shape, dim: Dims = None) -> Shape:
        if math.prod(x[side] for side in sides(x, dim)) == 0:
            raise ShapeError(f"winner: nobody can win in an empty array of shape {x}.")
        return x


sum = Sum()
mean = Mean()
max = Max()
winner = Winner()
