"""Layers that look at pictures through a small window."""

from __future__ import annotations

import math

from ..engine import Tensor, ops
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["Conv2d", "MaxPool2d"]

Size = int | tuple[int, int]


def _pair(n: Size) -> tuple[int, int]:
    return (n, n) if isinstance(n, int) else n


class Conv2d(Module):
    """Small stencils laid on every place of the picture, each looking for one thing.

    y[n, o, i, j] = bias[o] + sum over c, p, q of x[n, c, s i + p - pad, s j + q - pad] * weight[o, c, p, q]

    in_channels, out_channels: layers of colour that come, things to look for
    kernel_size, stride, padding: one number, or (down, across)
    x (N, in_channels, H, W) -> y (N, out_channels, Ho, Wo) with Ho = (H + 2 padding - kernel) // stride + 1;
    weight (out_channels, in_channels, kh, kw), bias (out_channels,)

    >>> Conv2d(1, 8, 3, padding=1)(Tensor(np.zeros((2, 1, 28, 28), np.float32))).shape
    (2, 8, 28, 28)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        bias: bool = True,
    ) -> None:
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        kh, kw = _pair(kernel_size)
        rule = init.uniform(1 / math.sqrt(max(1, in_channels * kh * kw)))
        self.weight = Parameter(rule, (out_channels, in_channels, kh, kw))
        self.bias = Parameter(rule, (out_channels,)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        y = ops.conv2d(x, self.weight, stride=self.stride, padding=self.padding)
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)

    def describe(self) -> str:
        extra = "".join(f", {k}={getattr(self, k)}" for k, usual in (("stride", 1), ("padding", 0))
                        if getattr(self, k) != usual)  # fmt: skip
        return f"{self.in_channels}, {self.out_channels}, {self.kernel_size}{extra}" + (
            ", bias=False" if self.bias is None else ""
        )


class MaxPool2d(Module):
    """Of every window only the largest number goes on: pictures shrink, the strongest signs stay.

    y[n, c, i, j] = max over p, q of x[n, c, s i + p, s j + q]

    kernel_size: height and width of the window; stride: how far it moves, the kernel size when not said
    x (N, C, H, W) -> y (N, C, (H - kernel) // stride + 1, ...)

    >>> MaxPool2d(2)(Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]))
    Tensor([[[[3.]]]])
    """

    def __init__(self, kernel_size: Size, stride: Size | None = None) -> None:
        self.kernel_size = kernel_size
        self.stride: Size = kernel_size if stride is None else stride

    def forward(self, x: Tensor) -> Tensor:
        return ops.max_pool2d(x, window=self.kernel_size, stride=self.stride)

    def describe(self) -> str:
        return f"{self.kernel_size}" + ("" if self.stride == self.kernel_size else f", stride={self.stride}")
