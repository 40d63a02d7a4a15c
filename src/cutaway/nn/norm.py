"""Normalisation: batch norm measures every channel over the batch; the others measure every example by itself."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..engine import Tape, Tensor, ops
from ..engine.errors import CutawayError, ShapeError, boxes
from . import init
from .module import Module
from .parameter import Buffer, Parameter
from .sides import settings

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "LayerNorm", "RMSNorm",
]  # fmt: skip


def or_else(parameter: Tensor | None, value: float, shape: tuple[int, ...], like: Tensor) -> Tensor:
    """The parameter, or where the layer has none a constant that changes nothing."""
    return Tensor(np.full(shape, value, like.dtype)) if parameter is None else parameter


class BatchNorm2d(Module):
    """Marks of strict and of mild teachers made comparable: every channel is measured in its own usual spread.

    y[n, c, i, j] = (x[n, c, i, j] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]

    num_features: how many channels
    eps: keeps a channel without spread from dividing by zero
    momentum: how much of a new batch enters the running averages
    affine: with weight and bias
    x (N, C, H, W) -> y, same shape; weight, bias, running_mean, running_var (C,)

    In training mean and variance are the batch's own; in eval() they are the running averages. Inside a tape the
    new running averages are carried (a Run moves them; a loop by hand reads tape.carry).  Ioffe and Szegedy, 2015.

    >>> layer = BatchNorm2d(3)
    >>> layer(Tensor(np.ones((2, 3, 4, 4), np.float32))).shape
    (2, 3, 4, 4)
    """

    ignored_state = ("num_batches_tracked",)  # PyTorch counts batches here; nothing of ours depends on it
    sides: ClassVar[tuple[int, ...]] = (4,)

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True) -> None:
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.weight = Parameter(init.ones(), (num_features,)) if affine else None
        self.bias = Parameter(init.zeros(), (num_features,)) if affine else None
        self.running_mean = Buffer(init.zeros(), (num_features,))
        self.running_var = Buffer(init.ones(), (num_features,))

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in self.sides:
            many = " or ".join(map(str, self.sides))
            raise ShapeError(
                f"{self._line()}: x must have {many} sides, but it has {x.ndim}.\n{boxes({'x': x.shape})}\n"
                f"   Try: nn.BatchNorm{'1d takes (N, C) and (N, C, L)' if x.ndim < 4 else '2d takes (N, C, H, W)'}."
            )
        if x.shape[1] != self.num_features:
            raise ShapeError(
                f"{self._line()}: x must have {self.num_features} channels (side 1).\n"
                f"{boxes({'x': x.shape}, [('x', 1)])}"
            )
        if not self.training:
            return self._normal(x, self.running_mean, self.running_var)
        others = tuple(k for k in range(x.ndim) if k != 1)
        mean, var = x.mean(others), ops.var(x, dim=others)
        tape = Tape.current()
        if tape is not None:
            count = x.numel() // x.shape[1]
            self._remember(tape, self.running_mean, mean)
            self._remember(tape, self.running_var, var * (count / max(1, count - 1)))
        return self._normal(x, mean, var)

    def _normal(self, x: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        shape = (self.num_features,)
        weight, bias = or_else(self.weight, 1, shape, x), or_else(self.bias, 0, shape, x)
        return ops.batch_norm(x, mean, var, weight, bias, eps=self.eps)

    def _remember(self, tape: Tape, average: Buffer, new: Tensor) -> None:
        """The running average enters the next batch a little nearer to this one."""
        before = tape[tape.carry[average.name]] if average.name in tape.carry else average
        tape.carries(average.name, ops.blend(before, new, keep=1 - self.momentum))

    def describe(self) -> str:
        return f"{self.num_features}{settings(self, eps=1e-5, momentum=0.1, affine=True)}"


class BatchNorm1d(BatchNorm2d):
    """Batch norm of rows: every feature (or channel) is measured in its own usual spread.

    y[n, c, ...] = (x[n, c, ...] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]

    num_features, eps, momentum, affine: as in BatchNorm2d
    x (N, C) or (N, C, L) -> y, same shape; weight, bias, running_mean, running_var (C,)

    >>> BatchNorm1d(3).eval()(Tensor([[1.0, 2.0, 3.0]])).shape
    (1, 3)
    """

    sides = (2, 3)


class LayerNorm(Module):
    """An exam marked on its own curve: every example is measured by its own middle and its own spread, alone.

    y[n, ...] = (x[n, ...] - mean[n]) / sqrt(var[n] + eps) * weight + bias

    normalized_shape: the last sides of x, over which mean and var are taken; one number for the last alone
    eps: keeps an example without any spread from dividing by zero
    elementwise_affine: with weight and bias; bias: with bias
    x (N, ..., normalized_shape) -> y, same shape; weight, bias have normalized_shape

    The same in training and in use, and whatever the batch: what transformers use.  Ba, Kiros and Hinton, 2016.

    >>> LayerNorm(2)(Tensor([[1.0, 3.0], [10.0, 30.0]]))
    Tensor([[-1.,  1.],
            [-1.,  1.]])
    """

    def __init__(
        self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True
    ) -> None:
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self.weight = Parameter(init.ones(), self.normalized_shape) if elementwise_affine else None
        self.bias = Parameter(init.zeros(), self.normalized_shape) if elementwise_affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        shape = self.normalized_shape
        weight, bias = or_else(self.weight, 1, shape, x), or_else(self.bias, 0, shape, x)
        return ops.layer_norm(x, weight, bias, eps=self.eps)

    def describe(self) -> str:
        bias = ", bias=False" if self.elementwise_affine and self.bias is None else ""
        return _told(self.normalized_shape) + settings(self, eps=1e-5, elementwise_affine=True) + bias


class RMSNorm(Module):
    """A volume knob that every example turns itself: loud or soft, it comes out equally loud.

    y[n, ...] = x[n, ...] / sqrt(mean of x[n, ...] ** 2 + eps) * weight

    normalized_shape: the last sides of x, over which the mean is taken; one number for the last alone
    eps: keeps silence from dividing by zero; when not said, the smallest step of x's kind of number above 1
    elementwise_affine: with weight
    x (N, ..., normalized_shape) -> y, same shape; weight has normalized_shape

    Zhang and Sennrich, 2019.

    >>> RMSNorm(2)(Tensor([[3.0, 3.0], [-5.0, 5.0]]))
    Tensor([[ 1.,  1.],
            [-1.,  1.]])
    """

    def __init__(self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True) -> None:
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self.weight = Parameter(init.ones(), self.normalized_shape) if elementwise_affine else None

    def forward(self, x: Tensor) -> Tensor:
        eps = float(np.finfo(x.dtype).eps) if self.eps is None else self.eps
        return ops.rms_norm(x, or_else(self.weight, 1, self.normalized_shape, x), eps=eps)

    def describe(self) -> str:
        return _told(self.normalized_shape) + settings(self, eps=None, elementwise_affine=True)


class GroupNorm(Module):
    """Every orchestra tunes by itself: the channels of one example are measured in groups, each by its own spread.

    y[n, c, ...] = (x[n, c, ...] - mean[n, group of c]) / sqrt(var[n, group of c] + eps) * weight[c] + bias[c]

    num_groups: into how many groups the channels are split
    num_channels: how many channels
    eps: keeps a group without any spread from dividing by zero
    affine: with weight and bias
    x (N, num_channels, ...) -> y, same shape; weight, bias (num_channels,)

    The same in training and in use, and whatever the batch: good where batches are small.  Wu and He, 2018.

    >>> GroupNorm(2, 4)(Tensor(np.ones((2, 4, 3, 3), np.float32))).shape
    (2, 4, 3, 3)
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        if num_groups < 1 or num_channels % num_groups:
            fit = ", ".join(str(k) for k in range(1, num_channels + 1) if num_channels % k == 0)
            raise CutawayError(
                f"{type(self).__name__}: {num_channels} channels cannot be split into {num_groups} groups of equal "
                f"size. So many groups would do: {fit}."
            )
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight = Parameter(init.ones(), (num_channels,)) if affine else None
        self.bias = Parameter(init.zeros(), (num_channels,)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        shape = (self.num_channels,)
        weight, bias = or_else(self.weight, 1, shape, x), or_else(self.bias, 0, shape, x)
        return ops.group_norm(x, weight, bias, groups=self.num_groups, eps=self.eps)

    def describe(self) -> str:
        return f"{self.num_groups}, {self.num_channels}{settings(self, eps=1e-5, affine=True)}"


class InstanceNorm2d(GroupNorm):
    """Every channel of every picture is measured by its own middle and its own spread.

    y[n, c, i, j] = (x[n, c, i, j] - mean[n, c]) / sqrt(var[n, c] + eps)   (* weight[c] + bias[c])

    num_features: how many channels
    eps: keeps a channel without any spread from dividing by zero
    affine: with weight and bias
    x (N, C, H, W) -> y, same shape

    Group norm with as many groups as channels.  Ulyanov, Vedaldi and Lempitsky, 2016.

    >>> InstanceNorm2d(3)(Tensor(np.ones((2, 3, 4, 4), np.float32))).shape
    (2, 3, 4, 4)
    """

    def __init__(self, num_features: int, eps: float = 1e-5, *, affine: bool = False) -> None:
        super().__init__(num_features, num_features, eps, affine)

    def describe(self) -> str:
        return f"{self.num_channels}{settings(self, eps=1e-5, affine=False)}"


class InstanceNorm1d(InstanceNorm2d):
    """Every channel of every row is measured by its own middle and its own spread.

    y[n, c, i] = (x[n, c, i] - mean[n, c]) / sqrt(var[n, c] + eps)   (* weight[c] + bias[c])

    num_features, eps, affine: as in InstanceNorm2d
    x (N, C, L) -> y, same shape

    >>> InstanceNorm1d(3)(Tensor(np.ones((2, 3, 4), np.float32))).shape
    (2, 3, 4)
    """


def _shape(given: Any) -> tuple[int, ...]:
    return (given,) if isinstance(given, int) else tuple(int(n) for n in given)


def _told(shape: tuple[int, ...]) -> str:
    return f"{shape[0]}" if len(shape) == 1 else f"{shape}"
