"""Activations: the curves between the weighted sums, without which many layers would be no more than one."""

from __future__ import annotations

from ..engine import Tensor, ops
from .module import Module

__all__ = [
    "ELU", "GELU", "Hardtanh", "LeakyReLU", "LogSoftmax", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softplus",
    "Tanh",
]  # fmt: skip


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


class ReLU6(Module):
    """A door that opens in one direction only, with a ceiling of 6.

    y = min(max(x, 0), 6), any shape

    Source: Howard and others, "MobileNets", 2017.

    >>> ReLU6()(Tensor([-1.0, 2.0, 9.0]))
    Tensor([0., 2., 6.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return ops.clip(x, low=0.0, high=6.0)


class Hardtanh(Module):
    """A corridor with two walls: tanh drawn with a ruler.

    y = min_val if x < min_val, max_val if x > max_val, else x, any shape

    >>> Hardtanh()(Tensor([-2.0, 0.5, 9.0]))
    Tensor([-1. ,  0.5,  1. ])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Tensor) -> Tensor:
        return ops.clip(x, low=self.min_val, high=self.max_val)

    def describe(self) -> str:
        return f"{self.min_val}, {self.max_val}"


class ELU(Module):
    """A door on a spring: negative numbers are held back, the more the larger they are.

    y = x if x > 0, else alpha * (e ** x - 1), any shape

    Source: Clevert, Unterthiner and Hochreiter, 2016.

    >>> ELU()(Tensor([-1.0, 2.0]))
    Tensor([-0.6321,  2.    ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        return ops.elu(x, alpha=self.alpha)

    def describe(self) -> str:
        return f"{self.alpha}"


class GELU(Module):
    """A door that opens with a chance, on average: the smooth relu of transformers.

    y = x * (1 + erf(x / sqrt(2))) / 2, any shape

    approximate: "none", or "tanh" for the curve that GPT-2 was trained with

    Source: Hendrycks and Gimpel, 2016.

    >>> GELU()(Tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.1587,  0.    ,  1.9545])
    """

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        return ops.gelu(x, approximate=self.approximate)

    def describe(self) -> str:
        return "" if self.approximate == "none" else f"{self.approximate!r}"


class SiLU(Module):
    """A door with a doorkeeper: the larger x, the wider he opens. Also called swish.

    y = x * sigmoid(x), any shape

    Source: Ramachandran, Zoph and Le, 2017.

    >>> SiLU()(Tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.2689,  0.    ,  1.7616])
    """

    def forward(self, x: Tensor) -> Tensor:
        return ops.silu(x)


class Softplus(Module):
    """A ramp in place of a kerb: always above 0, almost x where x is large.

    y = ln(1 + e ** (beta * x)) / beta, any shape

    >>> Softplus()(Tensor([-100.0, 0.0, 100.0]))
    Tensor([  0.    ,   0.6931, 100.    ])
    """

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = beta

    def forward(self, x: Tensor) -> Tensor:
        return ops.softplus(x, beta=self.beta)

    def describe(self) -> str:
        return "" if self.beta == 1 else f"{self.beta}"


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
