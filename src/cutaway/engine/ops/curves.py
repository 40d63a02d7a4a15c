"""More functions of every number on its own: relatives of exp and log, waves, the bell curve's sum, any power."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from ..op import Op, Shape, namespace
from ..sample import Sample, normal, positive
from ..tensor import Tensor
from .arithmetic import div, mul, neg
from .broadcast import fit, joint_shape
from .choose import where
from .compare import equal
from .elementwise import Curve, exp, log


class Expm1(Curve):
    """What money at full interest has earned: the amount without the coin it began with.

    y = e ** x - 1

    x: time
    y: the earnings; the slope is y + 1

    Use it where x may be tiny: e ** x - 1 in two steps loses all digits there.

    >>> expm1(Tensor([0.0, 1.0]))
    Tensor([0.    , 1.7183])
    """

    torch = "torch.expm1"

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).expm1(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return mul(g, y + 1.0)


class Log1p(Curve):
    """How long money at full interest must wait until it has earned x: expm1 backwards.

    y = ln(1 + x)

    x: the wanted earnings, above -1
    y: the time; the slope is 1 / (1 + x)

    Use it where x may be tiny, and for numbers from 0 up that range over many sizes (prices, counts).

    >>> log1p(Tensor([0.0, 1.0]))
    Tensor([0.    , 0.6931])
    """

    torch = "torch.log1p"
    samples = (Sample(positive(2, 3)), Sample(positive(3, 1, 2)))

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).log1p(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return div(g, x + 1.0)


class Log2(Curve):
    """How many times 1 must be doubled to become x.

    y = log2(x)

    x: the wanted amount, above 0
    y: the number of doublings; the slope is 1 / (x ln 2)

    Use it where the answer is a number of doublings, halvings, bits or octaves.

    >>> log2(Tensor([1.0, 8.0]))
    Tensor([0., 3.])
    """

    torch = "torch.log2"
    samples = (Sample(positive(2, 3)), Sample(positive(3, 1, 2)))

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).log2(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return div(g, mul(x, math.log(2)))


class Log10(Curve):
    """How many zeros stand behind the 1.

    y = log10(x)

    x: the amount, above 0
    y: its number of zeros, also between whole ones; the slope is 1 / (x ln 10)

    Use it where the answer is read by people: powers of ten, decibels.

    >>> log10(Tensor([1.0, 1000.0]))
    Tensor([0., 3.])
    """

    torch = "torch.log10"
    samples = (Sample(positive(2, 3)), Sample(positive(3, 1, 2)))

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).log10(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return div(g, mul(x, math.log(10)))


class Sin(Curve):
    """A child on a swing: out, back, out on the other side, back.

    y = sin(x)

    x: the time, one round in 2 pi
    y: how far out, between -1 and 1; the slope is cos(x)

    Use it for what repeats itself, and to tell positions (as transformers do).

    >>> sin(Tensor([0.0, 1.5708]))
    Tensor([0., 1.])
    """

    torch = "torch.sin"

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).sin(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return mul(g, cos(x))


class Cos(Curve):
    """The same swing, watched from a quarter of a round later: it begins at the far end.

    y = cos(x)

    x: the time, one round in 2 pi
    y: how far out, between -1 and 1; the slope is -sin(x)

    Use it for what repeats itself, together with sin: the two of them tell every moment of a round apart.

    >>> cos(Tensor([0.0, 3.1416]))
    Tensor([ 1., -1.])
    """

    torch = "torch.cos"

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).cos(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return neg(mul(g, sin(x)))


_FAR = 6.5  # beyond it erfc is below every digit that 1 - erfc has


@cache
def _tail(degree: int) -> tuple[float, ...]:
    """The polynomial p in erfc(x) = e^(-x x) p(t), where t falls like 1 / (x + 2.5) from 1 at x = 0 to -1 at x = 6.5.

    Chebyshev's recipe: take the values at the places where a polynomial through them strays least. They come from
    the standard library's erfc, so that no table of numbers has to be believed. Degree 18 gives all digits of
    float64, degree 9 those of float32.
    """
    t = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    x = 1 / ((t + 1) / 2 * (1 / 2.5 - 1 / (_FAR + 2.5)) + 1 / (_FAR + 2.5)) - 2.5
    values = [math.erfc(v) * math.exp(v * v) for v in x]
    return tuple(float(c) for c in chebyshev.cheb2poly(chebyshev.chebfit(t, values, degree)))


def erfc_of(x: Any) -> Any:
    """1 - erf(x) for x not below 0, small values with all their digits."""
    xp = namespace(x)
    near = 1 / (xp.minimum(x, _FAR) + 2.5)
    t = near * (2 / (1 / 2.5 - 1 / (_FAR + 2.5))) - (1 + 2 / ((_FAR + 2.5) / 2.5 - 1))
    p = 0.0
    for coefficient in reversed(_tail(9 if x.dtype == np.float32 else 18)):
        p = p * t + coefficient
    return p * xp.exp(-x * x)


class Erf(Curve):
    """How much of a heap of sand, shaped like a bell, lies within the distance x on either side of its middle.

    y = 2 / sqrt(pi) * (sum of e ** -t**2 from 0 to x)

    x: the distance
    y: the share, between -1 and 1 (negative for negative x); the slope is 2 / sqrt(pi) * e ** -x**2

    Use it for the chance that a number from the bell curve stays below a line: (1 + erf(x / sqrt(2))) / 2.

    The integral has no formula. It is a polynomial times e ** -x**2, right to all digits of float64.

    >>> erf(Tensor([0.0, 0.5, -10.0]))
    Tensor([ 0.    ,  0.5205, -1.    ])
    """

    torch = "torch.erf"

    @staticmethod
    def forward(x: Any) -> Any:
        xp = namespace(x)
        return xp.sign(x) * xp.maximum(1 - erfc_of(xp.abs(x)), 0)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return mul(g, mul(exp(neg(mul(x, x))), 2 / math.sqrt(math.pi)))


class Pow(Op):
    """A number multiplied by itself so many times, each number as often as its partner says.

    y = x ** t

    x: the bases, above 0 (below 0 only where t is whole)
    t: the exponents
    y: the powers; the slope is t x ** (t - 1) for x, and y ln(x) for t

    Use it where the exponent is computed or learned; for one plain number, `x ** 2`, there is `power`.

    At x = 0 and t from 0 up, a nudge of t is taken to change nothing, as in PyTorch.

    >>> pow(Tensor([2.0, 9.0]), Tensor([3.0, 0.5]))
    Tensor([8., 3.])
    """

    kind = "elementwise"
    takes = "f"
    torch = "torch.pow"
    samples = (
        Sample(positive(2, 3), normal(2, 3)),
        Sample(positive(2, 3), normal(3)),
        Sample(positive(), normal(2, 1)),
    )

    @staticmethod
    def forward(x: Any, t: Any) -> Any:
        return namespace(x).pow(x, t)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        never = equal(t, 0.0)  # x ** 0 is 1 everywhere, also at 0, where 0 / 0 would be asked for
        slope = mul(t, pow(where(never, 1.0, x), t - 1.0))
        return fit(mul(g, slope), x), fit(mul(g, mul(y, log(where(equal(x, 0.0), 1.0, x)))), t)

    @staticmethod
    def shape(x: Shape, t: Shape) -> Shape:
        return joint_shape("pow", x, t)


expm1 = Expm1()
log1p = Log1p()
log2 = Log2()
log10 = Log10()
sin = Sin()
cos = Cos()
erf = Erf()
pow = Pow()
