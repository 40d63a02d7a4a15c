"""Activations: the curves between the weighted sums, without which many layers would be no more than one."""

from __future__ import annotations

from ..engine import Tensor, ops
from .module import Module

__all__ = ["LeakyReLU", "LogSoftmax", "ReLU", "Sigmoid", "Softmax", "Tanh"]


class ReLU(Module):
    """A door that opens in one direction only.

    y = max(x, 0), any shape

    >>> ReLU()(Tensor([-1.0, 2.0]))
    Tensor([0., 2.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return ops.relu(x)


class LeakyReLU(Module):
    """A door that does not quite close.

    y = x if x > 0, else negative_slope * x, any shape

    >>> LeakyReLU(0.1)(Tensor([-1.0, 2.0]))
    Tensor([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, slope=self.negative_slope)

    def describe(self) -> str:
        return f"{self.negative_slope}"


class Tanh(Module):
    """A gentle brake at -1 and 1.

    y = tanh(x), any shape

    >>> Tanh()(Tensor([0.0, 100.0]))
    Tensor([0., 1.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return ops.tanh(x)


class Sigmoid(Module):
    """A soft switch between 0 and 1.

    y = 1 / (1 + e^-x), any shape

    >>> Sigmoid()(Tensor([0.0, 100.0]))
    Tensor([0.5, 1. ])
    """

    def forward(self, x: Tensor) -> Tensor:
        return ops.sigmoid(x)


class Softmax(Module):
    """Votes become shares of one cake. (CrossEntropyLoss wants the votes: put no Softmax before it.)

    y[j] = e^x[j] / sum over k of e^x[k] along ``dim``, any shape

    >>> Softmax()(Tensor([[0.0, 0.0]]))
    Tensor([[0.5, 0.5]])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return ops.softmax(x, dim=self.dim)


class LogSoftmax(Module):
    """The logarithms of the shares.

    y[j] = x[j] - log(sum over k of e^x[k]) along ``dim``, any shape

    >>> LogSoftmax()(Tensor([[0.0, 0.0]]))
    Tensor([[-0.6931, -0.6931]])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return ops.log_softmax(x, dim=self.dim)
