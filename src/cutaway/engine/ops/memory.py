"""Slow memories: what running averages and optimizers are made of."""

from __future__ import annotations

from typing import Any

from ..op import Op, Shape, namespace
from ..sample import Sample, normal, positive
from ..tensor import Tensor
from .arithmetic import mul, neg, power
from .broadcast import fit, joint_shape
from .elementwise import sqrt


class Blend(Op):
    """A slow memory of a changing number: mostly what it was, a little of what is new.

    y = keep * old + (1 - keep) * new

    old: what is remembered
    new: what has just been seen
    y: what is remembered from now on
    keep: how much of the old stays, 0.9 for instance

    Use it for anything that should follow slowly: running averages, momentum, averaged weights.

    >>> blend(Tensor([1.0]), Tensor([2.0]), keep=0.75)
    Tensor([1.25])
    """

    torch = "torch.lerp"
    kind = "elementwise"
    takes = "f"
    samples = (Sample(normal(2, 3), normal(2, 3), keep=0.9), Sample(normal(3), normal(3), keep=0.5))

    @staticmethod
    def forward(old: Any, new: Any, keep: float) -> Any:
        return old * keep + new * (1 - keep)

    @staticmethod
    def backward(g: Tensor, y: Tensor, old: Tensor, new: Tensor, keep: float) -> tuple[Tensor, Tensor]:
        return fit(mul(g, keep), old), fit(mul(g, 1 - keep), new)

    @staticmethod
    def written(old: Tensor, new: Tensor, keep: float) -> Tensor:
        return old * keep + new * (1 - keep)

    @staticmethod
    def shape(old: Shape, new: Shape, keep: float) -> Shape:
        return joint_shape("blend", old, new)


class AdaptiveStep(Op):
    """A walk downhill in the fog: along the remembered slope, with short steps where the ground has been shaking.

    y = weight - alpha * slope / (sqrt(shake) + eps)

    weight: where we stand
    slope: the remembered gradient
    shake: the remembered square of the gradient, at least 0
    alpha: the length of a step on calm ground (the learning rate)
    eps: keeps perfectly calm ground from dividing by zero
    y: where we stand next

    Kingma and Ba, "Adam", 2015. The memories start at 0; Adam makes up for that in alpha and eps.

    Use it through optim.Adam.

    >>> one = Tensor([1.0])
    >>> adaptive_step(one, Tensor([2.0]), Tensor([4.0]), Tensor(0.5), Tensor(0.0))
    Tensor([0.5])
    """

    kind = "elementwise"
    takes = "f"
    samples = (Sample(normal(2, 3), normal(2, 3), positive(2, 3), positive(), positive()),)

    @staticmethod
    def forward(weight: Any, slope: Any, shake: Any, alpha: Any, eps: Any) -> Any:
        return weight - slope / (namespace(shake).sqrt(shake) + eps) * alpha

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, weight: Tensor, slope: Tensor, shake: Tensor, alpha: Tensor, eps: Tensor
    ) -> tuple[Tensor, ...]:
        root = sqrt(shake)
        divisor = root + eps
        push = neg(mul(g, alpha) / divisor)
        to_divisor = neg(mul(push, slope) / divisor)
        parts = (g, push, to_divisor / mul(root, 2.0), neg(mul(g, slope / divisor)), to_divisor)
        return tuple(fit(p, like) for p, like in zip(parts, (weight, slope, shake, alpha, eps), strict=True))

    @staticmethod
    def written(weight: Tensor, slope: Tensor, shake: Tensor, alpha: Tensor, eps: Tensor) -> Tensor:
        return weight - slope / (power(shake, to=0.5) + eps) * alpha

    @staticmethod
    def shape(weight: Shape, slope: Shape, shake: Shape, alpha: Shape, eps: Shape) -> Shape:
        return joint_shape("adaptive_step", weight, slope, shake, alpha, eps)


blend = Blend()
adaptive_step = AdaptiveStep()
