"""Layers that look at pictures, or along rows, through a small window."""

from __future__ import annotations

import math
from typing import Any

from ..engine import Tensor, ops
from ..engine.errors import CutawayError
from . import init
from .module import Module
from .parameter import Parameter
from .sides import Size, across, as_picture, as_row, pair, settings, short

__all__ = ["Conv1d", "Conv2d"]


class Convolution(Module):
    """What all convolutions share; ``pairs`` makes (down, across) of what was said about the sides."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size,
        padding: Size | str,
        dilation: Size,
        groups: int,
    ) -> None:
        if min(in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
            raise CutawayError(
                f"{type(self).__name__}: {in_channels} channels that come and {out_channels} that go cannot both be "
                f"split into {groups} groups of equal size."
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation

    def pairs(self, n: Any, down: int) -> tuple[int, int]:
        return pair(n)

    def parameters_of(self, shape: tuple[int, ...], bias: bool) -> tuple[Parameter, Parameter | None]:
        """Weights evenly spread over plus and minus 1 / sqrt(numbers that meet in one sum), as in PyTorch."""
        rule = init.uniform(1 / math.sqrt(math.prod(shape[1:])))
        return Parameter(rule, shape), Parameter(rule, (self.out_channels,)) if bias else None

    def how(self) -> dict[str, Any]:
        """The settings for the operation; what is not used is not said."""
        told: dict[str, Any] = {"stride": short(self.pairs(self.stride, 1))}
        if self.pairs(self.dilation, 1) != (1, 1):
            told["dilation"] = short(self.pairs(self.dilation, 1))
        return told | ({"groups": self.groups} if self.groups > 1 else {})

    def describe(self) -> str:
        told = settings(self, stride=1, padding=0, output_padding=0, dilation=1, groups=1)
        bias = "" if getattr(self, "bias", None) is not None else ", bias=False"
        return f"{self.in_channels}, {self.out_channels}, {self.kernel_size}{told}{bias}"


class Conv2d(Convolution):
    """Small stencils laid on every place of the picture, each looking for one thing.

    y[n, o, i, j] = bias[o] + sum over c, p, q of x[n, c, s i + d p - pad, s j + d q - pad] * weight[o, c, p, q]

    in_channels, out_channels: layers of colour that come, things to look for
    kernel_size, stride, dilation: one number, or (down, across); dilation lays the stencil's numbers apart
    padding: rows of zeros around the picture, one number or (down, across); "same" gives y the size of x
    groups: channels are split into so many groups, each with stencils of its own; groups=in_channels is "depthwise"
    x (N, in_channels, H, W) -> y (N, out_channels, Ho, Wo) with Ho = (H + 2 pad - d (kernel - 1) - 1) // s + 1;
    weight (out_channels, in_channels / groups, kh, kw), bias (out_channels,)

    >>> Conv2d(1, 8, 3, padding=1)(Tensor(np.zeros((2, 1, 28, 28), np.float32))).shape
    (2, 8, 28, 28)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups)
        self._border, self._surplus = self._around()
        self.weight, self.bias = self.parameters_of(self._weight_shape(), bias)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, *pair(self.kernel_size))

    def _around(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The border on all four sides, and the first rows and columns that are too many then.

        "same" needs d (kernel - 1) more numbers. Where they are odd, one more comes after than before, as in PyTorch.
        """
        if not isinstance(self.padding, str):
            return self.pairs(self.padding, 0), (0, 0)
        if self.padding == "valid":
            return (0, 0), (0, 0)
        if self.padding != "same" or self.pairs(self.stride, 1) != (1, 1):
            raise CutawayError(
                f"{type(self).__name__}: padding is a number, a pair, 'valid' (none) or, with stride 1, 'same' (y as "
                f"large as x); here padding={self.padding!r}, stride={self.stride}."
            )
        kernel, apart = self.pairs(self.kernel_size, 1), self.pairs(self.dilation, 1)
        h, w = (d * (k - 1) for k, d in zip(kernel, apart, strict=True))
        return (h - h // 2, w - w // 2), (h % 2, w % 2)

    def forward(self, x: Tensor) -> Tensor:
        return self._convolve(x, self.weight)

    def _convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        y = ops.conv2d(x, weight, padding=short(self._border), **self.how())
        if any(self._surplus):
            y = y[:, :, self._surplus[0] :, self._surplus[1] :]
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)


class Conv1d(Conv2d):
    """Short stencils laid on every place of a row (a sound, a sentence), each looking for one thing.

    y[n, o, i] = bias[o] + sum over c, p of x[n, c, s i + d p - pad] * weight[o, c, p]

    in_channels, out_channels: rows that come side by side, things to look for
    kernel_size, stride, padding, dilation, groups: as in Conv2d, for the one side a row has
    x (N, in_channels, L) -> y (N, out_channels, Lo) with Lo = (L + 2 pad - d (kernel - 1) - 1) // s + 1;
    weight (out_channels, in_channels / groups, kernel), bias (out_channels,)

    >>> Conv1d(2, 4, 3, padding="same")(Tensor(np.zeros((5, 2, 10), np.float32))).shape
    (5, 4, 10)
    """

    def pairs(self, n: Any, down: int) -> tuple[int, int]:
        return across(n, down)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, across(self.kernel_size, 1)[1])

    def forward(self, x: Tensor) -> Tensor:
        o, c, k = self.weight.shape
        return as_row(self._convolve(as_picture(x, self), self.weight.reshape(o, c, 1, k)))
