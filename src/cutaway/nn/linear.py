"""The fully connected layer."""

from __future__ import annotations

import math

from ..engine import Tensor, ops
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["Linear"]


class Linear(Module):
    """Every output weighs every input: a weighted sum and a head start ("neurons").

    y[n, j] = sum over i of x[n, i] * weight[j, i] + bias[j]

    in_features, out_features: how many numbers come and go
    bias: with a head start for every output
    x (N, ..., in_features) -> y (N, ..., out_features); weight (out_features, in_features), bias (out_features,)

    The weights start evenly spread over plus and minus 1 / sqrt(in_features).

    >>> layer = Linear(3, 2)
    >>> layer(Tensor([[1.0, 2.0, 3.0]])).shape
    (1, 2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features, self.out_features = in_features, out_features
        rule = init.uniform(1 / math.sqrt(max(1, in_features)))
        self.weight = Parameter(rule, (out_features, in_features))
        self.bias = Parameter(rule, (out_features,)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        y = ops.matmul(x, self.weight, flip_w=True) if x.ndim > 1 else (x @ self.weight.T)
        return y if self.bias is None else y + self.bias

    def describe(self) -> str:
        return f"{self.in_features}, {self.out_features}" + (", bias=False" if self.bias is None else "")
