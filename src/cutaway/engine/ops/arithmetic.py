"""Plus, minus, times, divided by: number by number, with broadcasting."""

from __future__ import annotations

from typing import Any

from ..errors import DtypeError
from ..op import Op, Shape
from ..sample import Sample, normal, positive
from ..tensor import Tensor
from .broadcast import fit, joint_shape

_PAIRS = (
    Sample(normal(2, 3), positive(2, 3)),
    Sample(normal(2, 3), positive(3)),
    Sample(normal(2, 1, 3), positive(4, 1)),
    Sample(normal(), positive(2, 2)),
)


class Add(Op):
    """Two streams flow into one.

    y = a + b

    a, b: the streams
    y: their sum; a nudge of either passes through unchanged, so both get the whole gradient

    Use it to join two roads of a network, for a head start (bias), for a residual road.

    >>> add(Tensor([1.0, 2.0]), Tensor([10.0, 20.0]))
    Tensor([11., 22.])
    """

    torch = "torch.add"
    kind = "elementwise"
    takes = "fi"
    samples = _PAIRS

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a + b

    @staticmethod
    def backward(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return fit(g, a), fit(g, b)

    @staticmethod
    def shape(a: Shape, b: Shape) -> Shape:
        return joint_shape("add", a, b)


class Sub(Op):
    """How far it is from b to a: the plain way to measure a miss.

    y = a - b

    a: where we are
    b: where we compare from; raising it lowers y, so its gradient changes sign
    y: the difference

    Use it to measure a miss, or to take a step downhill.

    >>> sub(Tensor([3.0, 2.0]), Tensor([1.0, 5.0]))
    Tensor([ 2., -3.])
    """

    torch = "torch.sub"
    kind = "elementwise"
    takes = "fi"
    samples = _PAIRS

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a - b

    @staticmethod
    def backward(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return fit(g, a), fit(neg(g), b)

    @staticmethod
    def shape(a: Shape, b: Shape) -> Shape:
        return joint_shape("sub", a, b)


class Mul(Op):
    """A volume knob: a is the sound, b how far the knob is turned.

    y = a * b

    a: the sound; a nudge of it comes out b times as large
    b: the knob; a nudge of it comes out a times as large
    y: what is heard

    Use it to scale, to mask with zeros, to let one number decide how much of another counts.

    >>> mul(Tensor([1.0, 2.0]), Tensor([3.0, 0.0]))
    Tensor([3., 0.])
    """

    torch = "torch.mul"
    kind = "elementwise"
    takes = "fib"
    samples = _PAIRS

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a * b

    @staticmethod
    def backward(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return fit(mul(g, b), a), fit(mul(g, a), b)

    @staticmethod
    def shape(a: Shape, b: Shape) -> Shape:
        return joint_shape("mul", a, b)


class Div(Op):
    """A cake a shared by b people.

    y = a / b

    a: the cake
    b: how many share it; one more guest makes every piece smaller, the less so the more there are
    y: a piece

    Use it for averages and shares; keep the divisor away from 0.

    >>> div(Tensor([6.0, 1.0]), Tensor([3.0, 2.0]))
    Tensor([2. , 0.5])
    """

    torch = "torch.div"
    kind = "elementwise"
    takes = "f"
    samples = _PAIRS

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a / b

    @staticmethod
    def backward(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        share = div(g, b)
        return fit(share, a), fit(neg(mul(share, div(a, b))), b)

    @staticmethod
    def shape(a: Shape, b: Shape) -> Shape:
        return joint_shape("div", a, b)


class Neg(Op):
    """A mirror at zero.

    y = -x

    x: the original
    y: the mirror image; it moves the other way

    Use it to turn a score that should be large into a loss that should be small.

    >>> neg(Tensor([1.0, -2.0]))
    Tensor([-1.,  2.])
    """

    torch = "torch.neg"
    kind = "elementwise"
    takes = "fi"
    samples = (Sample(normal(2, 3)),)

    @staticmethod
    def forward(x: Any) -> Any:
        return -x

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return neg(g)

    @staticmethod
    def shape(x: Shape) -> Shape:
        return x


class Power(Op):
    """A number multiplied by itself: 2 makes squares of sides, 0.5 makes sides of squares.

    y = x ** to

    x: the base
    y: the power; its slope is to * x ** (to - 1)
    to: the exponent, a plain number

    Use it for squares (distances, misses) and roots (spreads).

    >>> power(Tensor([3.0, 4.0]), to=2)
    Tensor([ 9., 16.])
    """

    torch = "torch.pow"
    kind = "elementwise"
    takes = "fi"
    samples = (
        Sample(normal(2, 3), to=2),
        Sample(positive(2, 3), to=-0.5),
        Sample(normal(3), to=3),
        Sample(normal(3), to=1),
    )

    @staticmethod
    def forward(x: Any, to: float) -> Any:
        return x * x if to == 2 else x**to

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, to: float) -> Tensor | None:
        if to == 0:  # always 1: nothing is felt, also at x = 0, where x ** -1 has no value
            return None
        return mul(g, mul(x, 2.0)) if to == 2 else mul(g, mul(power(x, to=to - 1), to))

    @staticmethod
    def verify(x: Any, to: float) -> None:
        if x.dtype.kind == "i" and (to < 0 or to != int(to)):
            raise DtypeError(f"power: whole numbers to the power {to} have fractions. Type x.float() first.")

    @staticmethod
    def shape(x: Shape, to: float) -> Shape:
        return x


add = Add()
sub = Sub()
mul = Mul()
div = Div()
neg = Neg()
power = Power()
