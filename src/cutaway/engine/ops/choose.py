"""Choices: number by number from one or the other, and keeping within limits."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..op import Op, Shape, namespace
from ..sample import Sample, distinct, mask, normal
from ..tensor import Tensor
from .arithmetic import mul
from .broadcast import fit, joint_shape
from .compare import greater_equal, less_equal


class Where(Op):
    """A railway switch at every place: the train comes from the left track or from the right one.

    y = a where the condition is True, else b

    condition: how each switch stands, True or False
    a: the track taken where it is True
    b: the track taken where it is False
    y: what arrives; a nudge of the track not taken is not felt

    Use it to replace some numbers and keep the others: where(mask, 0.0, x).

    >>> where(Tensor([True, False]), Tensor([1.0, 2.0]), Tensor([10.0, 20.0]))
    Tensor([ 1., 20.])
    """

    kind = "elementwise"
    masks = (0,)
    torch = "torch.where"
    samples = (
        Sample(mask(2, 3), normal(2, 3), normal(2, 3)),
        Sample(mask(3), normal(2, 1), normal()),
        Sample(mask(2, 1), normal(3), normal(2, 3)),
    )

    @staticmethod
    def forward(condition: Any, a: Any, b: Any) -> Any:
        return namespace(a).where(condition, a, b)

    @staticmethod
    def backward(g: Tensor, y: Tensor, condition: Tensor, a: Tensor, b: Tensor) -> tuple[None, Tensor, Tensor]:
        return None, fit(where(condition, g, 0.0), a), fit(where(condition, 0.0, g), b)

    @staticmethod
    def shape(condition: Shape, a: Shape, b: Shape) -> Shape:
        return joint_shape("where", condition, a, b)


class Clip(Op):
    """A corridor with two walls: whoever would walk through a wall walks along it.

    y = low if x < low, high if x > high, else x

    x: where they would like to walk
    y: where they walk; along a wall no nudge is felt
    low: the left wall, None for no wall
    high: the right wall, None for no wall

    Use it to keep numbers within limits; ReLU6 is clip(x, low=0, high=6) and Hardtanh clip(x, low=-1, high=1).

    >>> clip(Tensor([-2.0, 0.5, 9.0]), low=-1.0, high=1.0)
    Tensor([-1. ,  0.5,  1. ])
    """

    kind = "elementwise"
    takes = "fi"
    torch = "torch.clamp"
    samples = (
        Sample(distinct(2, 3), low=-0.5, high=0.66),
        Sample(distinct(3, 1, 2), low=0.0),
        Sample(distinct(5), high=0.17),
    )

    @staticmethod
    def forward(x: Any, low: float | None = None, high: float | None = None) -> Any:
        return namespace(x).clip(x, low, high)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, low: float | None = None, high: float | None = None) -> Tensor:
        if low is not None and high is not None:
            return where(mul(greater_equal(x, low), less_equal(x, high)), g, 0.0)
        if low is not None:
            return where(greater_equal(x, low), g, 0.0)
        return g if high is None else where(less_equal(x, high), g, 0.0)

    @staticmethod
    def shape(x: Shape, low: float | None = None, high: float | None = None) -> Shape:
        if low is not None and high is not None and not low <= high:
            raise ShapeError(f"clip: the left wall must not stand right of the right one, but low={low}, high={high}.")
        return x


where = Where()
clip = Clip()
