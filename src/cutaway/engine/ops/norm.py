"""Batch normalisation: every channel measured in its own units."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError, boxes
from ..op import Op, Shape, namespace
from ..sample import Sample, normal, positive
from ..tensor import Dims, Tensor
from .arithmetic import mul, power
from .reduce import reduced, sides


class Var(Op):
    """How widely they are scattered: the average squared distance from the middle.

    y = sum of (x - mean) ** 2 / (n - correction)

    x: the numbers
    y: their variance
    dim: along which sides, all when None
    keepdim: keep these sides with length 1
    correction: 0 to describe the numbers themselves, 1 to guess the variance of where they came from

    >>> var(Tensor([1.0, 3.0]))
    Tensor(1.)
    """

    takes = "f"
    samples = (
        Sample(normal(2, 3), dim=None),
        Sample(normal(2, 3, 4), dim=(0, 2), keepdim=True),
        Sample(normal(4, 3), dim=0, correction=1),
    )

    @staticmethod
    def forward(x: Any, dim: Dims = None, keepdim: bool = False, correction: int = 0) -> Any:
        xp = namespace(x)
        far = x - xp.mean(x, axis=dim, keepdims=True)
        count = math.prod(x.shape[k] for k in sides(x.shape, dim)) - correction
        return (far * far).sum(axis=dim, keepdims=keepdim) / count

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, x: Tensor, dim: Dims = None, keepdim: bool = False, correction: int = 0
    ) -> Tensor:
        count = math.prod(x.shape[k] for k in sides(x.shape, dim)) - correction
        kept = g.reshape(reduced(x.shape, dim, keepdim=True)) if g.ndim != x.ndim else g
        return mul(x - x.mean(dim, keepdim=True), kept * (2.0 / count))

    @staticmethod
    def written(x: Tensor, dim: Dims = None, keepdim: bool = False, correction: int = 0) -> Tensor:
        count = math.prod(x.shape[k] for k in sides(x.shape, dim)) - correction
        return ((x - x.mean(dim, keepdim=True)) ** 2).sum(dim, keepdim=keepdim) / float(count)

    @staticmethod
    def shape(x: Shape, dim: Dims = None, keepdim: bool = False, correction: int = 0) -> Shape:
        if math.prod(x[k] for k in sides(x, dim)) <= correction:
            raise ShapeError(f"var: {x} has too few numbers along {dim} (correction={correction}).")
        return reduced(x, dim, keepdim)


class BatchNorm(Op):
    """Marks from a strict and from a mild teacher made comparable: how far from that teacher's usual, in usual spreads.

    y[n, c, ...] = (x[n, c, ...] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]

    x: the marks, side 1 is the teacher (the channel), (N, C, ...)
    mean: the usual mark of each channel, (C,)
    var: how widely each channel's marks are scattered, (C,)
    weight: the spread each channel gets instead, learned, (C,)
    bias: the middle each channel gets instead, learned, (C,)
    y: the comparable marks, (N, C, ...)
    eps: keeps a channel without any spread from dividing by zero

    Ioffe and Szegedy, "Batch normalization", 2015. While training, mean and var are those of the batch, so the
    gradient flows through them too.

    >>> one, none = Tensor([1.0]), Tensor([0.0])
    >>> batch_norm(Tensor([[1.0], [3.0]]), Tensor([2.0]), one, one, none, eps=0.0)
    Tensor([[-1.],
            [ 1.]])
    """

    takes = "f"
    samples = (
        Sample(normal(3, 2), normal(2), positive(2), positive(2), normal(2), eps=1e-3),
        Sample(normal(2, 3, 2, 1), normal(3), positive(3), positive(3), normal(3), eps=1e-5),
    )

    @staticmethod
    def forward(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
        scale = weight / namespace(x).sqrt(var + eps)
        side = (1, -1) + (1,) * (x.ndim - 2)
        return x * scale.reshape(side) + (bias - mean * scale).reshape(side)

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, x: Tensor, mean: Tensor, var: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, ...]:
        others = tuple(k for k in range(x.ndim) if k != 1)
        across = (1, -1) + (1,) * (x.ndim - 2)
        inverse = power(var + eps, to=-0.5)
        scale = weight * inverse
        g_sum = g.sum(others)
        g_far = mul(g, x - mean.reshape(across)).sum(others)
        return (
            mul(g, scale.reshape(across)),
            -(g_sum * scale),
            g_far * weight * power(inverse, to=3) * -0.5,
            g_far * inverse,
            g_sum,
        )

    @staticmethod
    def written(x: Tensor, mean: Tensor, var: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        across = (1, -1) + (1,) * (x.ndim - 2)
        usual = (x - mean.reshape(across)) / (var + eps).sqrt().reshape(across)
        return usual * weight.reshape(across) + bias.reshape(across)

    @staticmethod
    def shape(x: Shape, mean: Shape, var: Shape, weight: Shape, bias: Shape, eps: float) -> Shape:
        if len(x) < 2 or any(s != x[1:2] for s in (mean, var, weight, bias)):
            raise ShapeError(
                "batch_norm: there must be one mean, variance, weight and bias for every channel (side 1 of x).\n"
                f"{boxes({'x': x, 'weight': weight}, [('x', 1), ('weight', 0)] if len(x) > 1 and weight else [])}\n"
                f"   Try: nn.BatchNorm2d({x[1] if len(x) > 1 else '...'})."
            )
        return x


var = Var()
batch_norm = BatchNorm()
