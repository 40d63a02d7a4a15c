"""Batch normalisation."""

from __future__ import annotations

from ..engine import Tape, Tensor, ops
from ..engine.errors import ShapeError, boxes
from . import init
from .module import Module
from .parameter import Buffer, Parameter

__all__ = ["BatchNorm2d"]


class BatchNorm2d(Module):
    """Marks of strict and of mild teachers made comparable: every channel is measured in its own usual spread.

    y[n, c, i, j] = (x[n, c, i, j] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]

    num_features: how many channels
    eps: keeps a channel without spread from dividing by zero
    momentum: how much of a new batch enters the running averages
    x (N, C, H, W) -> y, same shape; weight, bias, running_mean, running_var (C,)

    In training mean and variance are the batch's own; in eval() they are the running averages. Outside a Run the
    running averages move only while a tape records.  Ioffe and Szegedy, 2015.

    >>> layer = BatchNorm2d(3)
    >>> layer(Tensor(np.ones((2, 3, 4, 4), np.float32))).shape
    (2, 3, 4, 4)
    """

    ignored_state = ("num_batches_tracked",)  # PyTorch counts batches here; nothing of ours depends on it

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(init.ones(), (num_features,))
        self.bias = Parameter(init.zeros(), (num_features,))
        self.running_mean = Buffer(init.zeros(), (num_features,))
        self.running_var = Buffer(init.ones(), (num_features,))

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < 2 or x.shape[1] != self.num_features:
            raise ShapeError(
                f"BatchNorm2d({self.num_features}): x must have {self.num_features} channels (side 1).\n"
                f"{boxes({'x': x.shape}, [('x', 1)] if x.ndim > 1 else [])}"
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
        return ops.batch_norm(x, mean, var, self.weight, self.bias, eps=self.eps)

    def _remember(self, tape: Tape, average: Buffer, new: Tensor) -> None:
        """The running average enters the next batch a little nearer to this one."""
        before = tape[tape.carry[average.name]] if average.name in tape.carry else average
        tape.carries(average.name, ops.blend(before, new, keep=1 - self.momentum))

    def describe(self) -> str:
        return f"{self.num_features}"
