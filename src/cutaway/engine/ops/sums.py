"""Other ways to make one number of many: the smallest, the soft largest, the length of an arrow; and running sums."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError
from ..op import Op, Shape, namespace
from ..sample import Sample, distinct, normal
from ..tensor import Dims, Tensor
from .arithmetic import div, mul, neg
from .choose import where
from .compare import equal
from .elementwise import exp, log
from .join import along, flip
from .loss import softmax
from .reduce import reduced, sides, spread, winner

_CASES = (
    Sample(normal(2, 3), dim=None, keepdim=False),
    Sample(normal(2, 3, 4), dim=1, keepdim=False),
    Sample(normal(2, 3, 4), dim=(0, -1), keepdim=True),
)


def _not_empty(name: str, x: Shape, dim: Dims) -> None:
    if math.prod(x[side] for side in sides(x, dim)) == 0:
        raise ShapeError(f"{name}: there is nothing to look at in an empty array of shape {x} along {dim}.")


class Min(Op):
    """The smallest of the class.

    y = the smallest x

    x: the pupils
    y: the smallest one's height; only a nudge of the smallest is felt (of equals, the first)
    dim: along which sides, all when None
    keepdim: keep the searched sides with length 1

    Use it to ask for the worst case.

    >>> min(Tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
    Tensor([1., 2.])
    """

    takes = "fi"
    torch = "torch.amin"
    samples = (
        Sample(distinct(2, 3), dim=None, keepdim=False),
        Sample(distinct(2, 3, 4), dim=1, keepdim=False),
        Sample(distinct(2, 3, 4), dim=(0, 2), keepdim=True),
    )

    @staticmethod
    def forward(x: Any, dim: Dims = None, keepdim: bool = False) -> Any:
        return namespace(x).min(x, axis=dim, keepdims=keepdim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return mul(spread(g, x, dim), winner(neg(x), dim=dim))

    @staticmethod
    def shape(x: Shape, dim: Dims = None, keepdim: bool = False) -> Shape:
        _not_empty("min", x, dim)
        return reduced(x, dim, keepdim)


class Logsumexp(Op):
    """The loudness of many voices together, in steps of loudness: hardly more than that of the loudest.

    y = ln(e ** x[0] + e ** x[1] + ...)

    x: the voices
    y: how loud they are together, from the largest x to the largest x + ln(n); the slopes are softmax(x)
    dim: along which sides, all when None
    keepdim: keep the summed sides with length 1

    Use it to add up what is known only by its logarithm: chances, most of all.

    The largest is taken off first and put back in the end, so that nothing overflows.

    >>> logsumexp(Tensor([[0.0, 0.0], [0.0, 1000.0]]), dim=1)
    Tensor([   0.6931, 1000.    ])
    """

    takes = "f"
    torch = "torch.logsumexp"
    samples = _CASES

    @staticmethod
    def forward(x: Any, dim: Dims = None, keepdim: bool = False) -> Any:
        xp = namespace(x)
        top = xp.max(x, axis=dim, keepdims=True)
        top = xp.where(xp.isfinite(top), top, xp.zeros_like(top))  # all silent (-inf): 0 is as good
        y = xp.log(xp.sum(xp.exp(x - top), axis=dim, keepdims=True)) + top
        return xp.reshape(y, reduced(x.shape, dim, keepdim))

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
        shares = softmax(x, dim=dim) if isinstance(dim, int) else exp(x - spread(y, x, dim))
        return mul(spread(g, x, dim), shares)

    @staticmethod
    def written(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
        top = x.max(dim, keepdim=True)
        y = log(exp(x - top).sum(dim, keepdim=True)) + top
        return y.reshape(reduced(x.shape, dim, keepdim))

    @staticmethod
    def shape(x: Shape, dim: Dims = None, keepdim: bool = False) -> Shape:
        _not_empty("logsumexp", x, dim)
        return reduced(x, dim, keepdim)


class VectorNorm(Op):
    """How long an arrow is: Pythagoras with as many sides as there are numbers.

    y = sqrt(x[0] ** 2 + x[1] ** 2 + ...)

    x: the steps of the arrow, one along each direction
    y: its length; the slopes are x / y, the arrow at length 1 (0 for an arrow of no length)
    dim: along which sides, all when None
    keepdim: keep the summed sides with length 1

    Use it to measure how large a gradient or a weight is, or how far two points are apart.

    >>> vector_norm(Tensor([3.0, 4.0]))
    Tensor(5.)
    """

    takes = "f"
    torch = "torch.linalg.vector_norm"
    samples = _CASES

    @staticmethod
    def forward(x: Any, dim: Dims = None, keepdim: bool = False) -> Any:
        xp = namespace(x)
        return xp.sqrt(xp.sum(x * x, axis=dim, keepdims=keepdim))

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
        length = where(equal(y, 0.0), 1.0, y)
        return mul(spread(div(g, length), x, dim), x)

    @staticmethod
    def written(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return mul(x, x).sum(dim, keepdim=keepdim).sqrt()

    @staticmethod
    def shape(x: Shape, dim: Dims = None, keepdim: bool = False) -> Shape:
        _not_empty("vector_norm", x, dim)
        return reduced(x, dim, keepdim)


class Cumsum(Op):
    """A savings book: after every line, what has come together so far.

    y[k] = x[0] + x[1] + ... + x[k]

    x: what comes in
    y: the balance; a nudge of x[k] is felt in every line from k on
    dim: along which side

    Use it for whatever piles up along a side: counts so far, chances up to a number.

    >>> cumsum(Tensor([1.0, 2.0, 3.0]), dim=0)
    Tensor([1., 3., 6.])
    """

    takes = "fi"
    torch = "torch.cumsum"
    samples = (Sample(normal(5), dim=0), Sample(normal(2, 3, 4), dim=1), Sample(normal(3, 2), dim=-1))

    @staticmethod
    def forward(x: Any, dim: int) -> Any:
        return x.cumsum(axis=dim, dtype=x.dtype)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: int) -> Tensor:
        return flip(cumsum(flip(g, dim=dim), dim=dim), dim=dim)

    @staticmethod
    def shape(x: Shape, dim: int) -> Shape:
        along("cumsum", x, dim)
        return x


min = Min()
logsumexp = Logsumexp()
vector_norm = VectorNorm()
cumsum = Cumsum()
