"""Normalisation: numbers measured in their own units, by channel (batch), by example (layer, RMS) or by group."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError, boxes
from ..op import Op, Shape, namespace
from ..sample import Sample, normal, positive
from ..tensor import Dims, Tensor
from .arithmetic import mul, power
from .broadcast import fit
from .reduce import reduced, sides


class Var(Op):
    """How widely they are scattered: the average squared distance from the middle.

    y = sum of (x - mean) ** 2 / (n - correction)

    x: the numbers
    y: their variance
    dim: along which sides, all when None
    keepdim: keep these sides with length 1
    correction: 0 to describe the numbers themselves, 1 to guess the variance of where they came from

    Use it to measure how widely numbers are scattered, before dividing it out.

    >>> var(Tensor([1.0, 3.0]))
    Tensor(1.)
    """

    torch = "torch.var"

    torch = "torch.var"
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
        return xp.sum(far * far, axis=dim, keepdims=keepdim) / count

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

    Use it between convolutions and their activations: deep networks then train fast and calmly.

    >>> one, none = Tensor([1.0]), Tensor([0.0])
    >>> batch_norm(Tensor([[1.0], [3.0]]), Tensor([2.0]), one, one, none, eps=0.0)
    Tensor([[-1.],
            [ 1.]])
    """

    torch = "torch.nn.functional.batch_norm"

    torch = "torch.nn.functional.batch_norm"
    takes = "f"
    samples = (
        Sample(normal(3, 2), normal(2), positive(2), positive(2), normal(2), eps=1e-3),
        Sample(normal(2, 3, 2, 1), normal(3), positive(3), positive(3), normal(3), eps=1e-5),
    )

    @staticmethod
    def forward(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
        xp = namespace(x)
        scale = weight / xp.sqrt(var + eps)
        side = (1, -1) + (1,) * (x.ndim - 2)
        return x * xp.reshape(scale, side) + xp.reshape(bias - mean * scale, side)

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


def last_sides(x: Any, weight: Any) -> tuple[int, ...]:
    """As many of the last sides as the weight has."""
    return tuple(range(-len(weight.shape), 0))


def check_last(name: str, layer: str, x: Shape, **others: Shape) -> None:
    """Weight and bias stand for the last sides of x, and there must be something to measure."""
    sizes = others["weight"]
    if not sizes or any(s != sizes for s in others.values()) or x[-len(sizes) :] != sizes or 0 in sizes:
        told = ", ".join(map(str, x[-max(1, len(sizes)) :])) or "..."
        raise ShapeError(
            f"{name}: {' and '.join(others)} must have the shape of the last sides of x, none of them 0.\n"
            f"{boxes({'x': x, **others}, [('x', len(x) - 1)] if x else [])}\n   Try: nn.{layer}(({told}))."
        )


def less_its_part(g: Tensor, usual: Tensor, dim: tuple[int, ...]) -> Tensor:
    """What is left of a gradient when it may neither lift all numbers nor stretch them: a norm undoes both."""
    lifted = g - g.mean(dim, keepdim=True)
    return lifted - usual * mul(g, usual).mean(dim, keepdim=True)


class LayerNorm(Op):
    """An exam marked on its own curve: every example is measured by its own middle and its own spread, alone.

    y[n, ...] = (x[n, ...] - mean[n]) / sqrt(var[n] + eps) * weight + bias

    x: the examples, (N, ..., sides of weight); mean and var are taken over the sides that weight has
    weight: the spread each number gets instead, learned
    bias: the middle each number gets instead, learned, same shape as weight
    y: the comparable examples, same shape as x
    eps: keeps an example without any spread from dividing by zero

    Ba, Kiros and Hinton, "Layer normalization", 2016.

    Use it in transformers and recurrent networks, where a batch is no good measure.

    >>> layer_norm(Tensor([[1.0, 3.0], [10.0, 30.0]]), Tensor([1.0, 1.0]), Tensor([0.0, 0.5]), eps=0.0)
    Tensor([[-1. ,  1.5],
            [-1. ,  1.5]])
    """

    torch = "torch.nn.functional.layer_norm"

    torch = "torch.nn.functional.layer_norm"
    takes = "f"
    samples = (
        Sample(normal(3, 4), normal(4), normal(4), eps=1e-3),
        Sample(normal(2, 2, 3, 2), normal(3, 2), normal(3, 2), eps=1e-5),
    )

    @staticmethod
    def forward(x: Any, weight: Any, bias: Any, eps: float) -> Any:
        xp, dim = namespace(x), last_sides(x, weight)
        far = x - xp.mean(x, axis=dim, keepdims=True)
        spread = xp.mean(far * far, axis=dim, keepdims=True)
        return far / xp.sqrt(spread + eps) * weight + bias

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, ...]:
        dim = last_sides(x, weight)
        inverse = power(var(x, dim=dim, keepdim=True) + eps, to=-0.5)
        usual = mul(x - x.mean(dim, keepdim=True), inverse)
        return (
            mul(less_its_part(mul(g, weight), usual, dim), inverse),
            fit(mul(g, usual), weight),
            fit(g, bias),
        )

    @staticmethod
    def written(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        dim = last_sides(x, weight)
        far = x - x.mean(dim, keepdim=True)
        return far / (var(x, dim=dim, keepdim=True) + eps).sqrt() * weight + bias

    @staticmethod
    def shape(x: Shape, weight: Shape, bias: Shape, eps: float) -> Shape:
        check_last("layer_norm", "LayerNorm", x, weight=weight, bias=bias)
        return x


class RmsNorm(Op):
    """A volume knob that every example turns itself: loud or soft, it comes out equally loud.

    y[n, ...] = x[n, ...] / sqrt(mean of x[n, ...] ** 2 + eps) * weight

    x: the examples, (N, ..., sides of weight); the mean is taken over the sides that weight has
    weight: how loud each number becomes, learned
    y: the examples, all equally loud, same shape as x
    eps: keeps silence from dividing by zero

    Zhang and Sennrich, "Root mean square layer normalization", 2019: layer norm without the middle.

    Use it as a cheaper layer norm: the middle is left where it is.

    >>> rms_norm(Tensor([[3.0, 3.0], [-5.0, 5.0]]), Tensor([1.0, 2.0]), eps=0.0)
    Tensor([[ 1.,  2.],
            [-1.,  2.]])
    """

    torch = "torch.nn.functional.rms_norm"

    torch = "torch.nn.functional.rms_norm"
    takes = "f"
    samples = (
        Sample(normal(3, 4), normal(4), eps=1e-3),
        Sample(normal(2, 2, 3, 2), normal(3, 2), eps=1e-6),
    )

    @staticmethod
    def forward(x: Any, weight: Any, eps: float) -> Any:
        xp = namespace(x)
        return x / xp.sqrt(xp.mean(x * x, axis=last_sides(x, weight), keepdims=True) + eps) * weight

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        dim = last_sides(x, weight)
        inverse = power(mul(x, x).mean(dim, keepdim=True) + eps, to=-0.5)
        usual, felt = mul(x, inverse), mul(g, weight)
        felt_less = felt - usual * mul(felt, usual).mean(dim, keepdim=True)
        return mul(felt_less, inverse), fit(mul(g, usual), weight)

    @staticmethod
    def written(x: Tensor, weight: Tensor, eps: float) -> Tensor:
        return x / ((x * x).mean(last_sides(x, weight), keepdim=True) + eps).sqrt() * weight

    @staticmethod
    def shape(x: Shape, weight: Shape, eps: float) -> Shape:
        check_last("rms_norm", "RMSNorm", x, weight=weight)
        return x


def in_groups(x: Any, groups: int) -> Any:
    """(N, C, ...) -> (N, groups, C / groups, ...)."""
    return x.reshape((x.shape[0], groups, x.shape[1] // groups, *x.shape[2:]))


class GroupNorm(Op):
    """Every orchestra tunes by itself: the channels of one example are measured in groups, each by its own spread.

    y[n, c, ...] = (x[n, c, ...] - mean[n, group of c]) / sqrt(var[n, group of c] + eps) * weight[c] + bias[c]

    x: the examples, (N, C, ...)
    weight: the spread each channel gets instead, learned, (C,)
    bias: the middle each channel gets instead, learned, (C,)
    y: the comparable examples, same shape as x
    groups: into how many groups the channels are split; with as many as channels it is instance norm
    eps: keeps a group without any spread from dividing by zero

    Wu and He, "Group normalization", 2018.

    Use it in convolutional networks whose batches are too small for batch norm.

    >>> one, none = Tensor([1.0, 1.0]), Tensor([0.0, 0.0])
    >>> group_norm(Tensor([[[1.0, 3.0], [10.0, 30.0]]]), one, none, groups=2, eps=0.0)
    Tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """

    torch = "torch.nn.functional.group_norm"

    torch = "torch.nn.functional.group_norm"
    takes = "f"
    samples = (
        Sample(normal(2, 4, 3), normal(4), normal(4), groups=2, eps=1e-3),
        Sample(normal(2, 3, 2, 2), normal(3), normal(3), groups=3, eps=1e-5),
        Sample(normal(3, 4), normal(4), normal(4), groups=1, eps=1e-3),
    )

    @staticmethod
    def forward(x: Any, weight: Any, bias: Any, groups: int, eps: float) -> Any:
        xp, across = namespace(x), (-1,) + (1,) * (x.ndim - 2)
        split = in_groups(x, groups)
        dim = tuple(range(2, split.ndim))
        far = split - xp.mean(split, axis=dim, keepdims=True)
        spread = xp.mean(far * far, axis=dim, keepdims=True)
        return xp.reshape(far / xp.sqrt(spread + eps), x.shape) * xp.reshape(weight, across) + xp.reshape(bias, across)

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float
    ) -> tuple[Tensor, ...]:
        others, across = (0, *range(2, x.ndim)), (-1,) + (1,) * (x.ndim - 2)
        split = in_groups(x, groups)
        dim = tuple(range(2, split.ndim))
        inverse = power(var(split, dim=dim, keepdim=True) + eps, to=-0.5)
        usual = mul(split - split.mean(dim, keepdim=True), inverse)
        felt = in_groups(mul(g, weight.reshape(across)), groups)
        return (
            mul(less_its_part(felt, usual, dim), inverse).reshape(x.shape),
            mul(g, usual.reshape(x.shape)).sum(others),
            g.sum(others),
        )

    @staticmethod
    def written(x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float) -> Tensor:
        across = (-1,) + (1,) * (x.ndim - 2)
        split: Tensor = in_groups(x, groups)
        dim = tuple(range(2, split.ndim))
        far = split - split.mean(dim, keepdim=True)
        usual: Tensor = (far / (var(split, dim=dim, keepdim=True) + eps).sqrt()).reshape(x.shape)
        return usual * weight.reshape(across) + bias.reshape(across)

    @staticmethod
    def shape(x: Shape, weight: Shape, bias: Shape, groups: int, eps: float) -> Shape:
        if len(x) < 2 or weight != x[1:2] or bias != x[1:2] or 0 in x[1:]:
            raise ShapeError(
                "group_norm: there must be one weight and one bias for every channel (side 1 of x), and no side but "
                f"the batch may be empty.\n{boxes({'x': x, 'weight': weight}, [('x', 1)] if len(x) > 1 else [])}"
            )
        if groups < 1 or x[1] % groups:
            raise ShapeError(
                f"group_norm: {x[1]} channels cannot be split into {groups} groups of equal size.\n"
                f"{boxes({'x': x}, [('x', 1)])}\n   Try: groups={_divisor(x[1], groups)}."
            )
        return x


def _divisor(count: int, wanted: int) -> int:
    return min((k for k in range(1, count + 1) if count % k == 0), key=lambda k: abs(k - wanted))


var = Var()
batch_norm = BatchNorm()
layer_norm = LayerNorm()
rms_norm = RmsNorm()
group_norm = GroupNorm()
