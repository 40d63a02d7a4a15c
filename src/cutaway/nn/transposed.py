"""Transposed convolutions: stencils pressed like stamps, which makes pictures and rows longer."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor, ops
from ..engine.errors import CutawayError
from .convolution import Convolution
from .sides import Size, across, as_picture, as_row, pair, short

__all__ = ["ConvTranspose1d", "ConvTranspose2d"]


class ConvTranspose2d(Convolution):
    """Stamps pressed at every place, as hard as x says there; where prints overlap they add up.

    y[n, o, s i + d p - pad, s j + d q - pad] += x[n, c, i, j] * weight[c, o, p, q], starting from bias[o]

    in_channels, out_channels: layers of colour that come and go
    kernel_size, stride, padding, dilation, groups: those of the convolution that this one undoes the size of
    output_padding: rows and columns more at the end, where several sizes would do; less than the stride
    x (N, in_channels, H, W) -> y (N, out_channels, Ho, Wo) with
    Ho = (H - 1) s - 2 pad + d (kernel - 1) + output_padding + 1;
    weight (in_channels, out_channels / groups, kh, kw), bias (out_channels,)

    It is the way back of Conv2d (the gradient for its pictures), used as a layer.  Zeiler and others, 2010.

    >>> ConvTranspose2d(8, 4, 2, stride=2)(Tensor(np.zeros((1, 8, 7, 7), np.float32))).shape
    (1, 4, 14, 14)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups)
        self.output_padding = output_padding
        more, steps = self.pairs(output_padding, 0), self.pairs(stride, 1)
        if any(not 0 <= m < s for m, s in zip(more, steps, strict=True)):
            raise CutawayError(
                f"{type(self).__name__}: output_padding must be at least 0 and less than the stride, but is "
                f"{output_padding} with stride={stride}."
            )
        self.weight, self.bias = self.parameters_of(self._weight_shape(), bias)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.in_channels, self.out_channels // self.groups, *pair(self.kernel_size))

    def forward(self, x: Tensor) -> Tensor:
        return self._stamp(x, self.weight)

    def _stamp(self, x: Tensor, weight: Tensor) -> Tensor:
        border = self.pairs(self.padding, 0)
        sides = zip(
            x.shape[2:],
            self.pairs(self.kernel_size, 1),
            self.pairs(self.stride, 1),
            border,
            self.pairs(self.dilation, 1),
            self.pairs(self.output_padding, 0),
            strict=False,  # what has not four sides is refused by the operation
        )
        size = tuple((n - 1) * s - 2 * p + d * (k - 1) + more + 1 for n, k, s, p, d, more in sides)
        y = ops.conv2d_x(x, weight, size=size, padding=short(border), **self.how())
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)


class ConvTranspose1d(ConvTranspose2d):
    """Short stamps pressed at every place of a row; where prints overlap they add up.

    y[n, o, s i + d p - pad] += x[n, c, i] * weight[c, o, p], starting from bias[o]

    The settings are those of ConvTranspose2d, for the one side a row has
    x (N, in_channels, L) -> y (N, out_channels, Lo) with Lo = (L - 1) s - 2 pad + d (kernel - 1) + output_padding + 1;
    weight (in_channels, out_channels / groups, kernel), bias (out_channels,)

    >>> ConvTranspose1d(2, 3, 4, stride=2, padding=1)(Tensor(np.zeros((1, 2, 5), np.float32))).shape
    (1, 3, 10)
    """

    def pairs(self, n: Any, down: int) -> tuple[int, int]:
        return across(n, down)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.in_channels, self.out_channels // self.groups, across(self.kernel_size, 1)[1])

    def forward(self, x: Tensor) -> Tensor:
        c, o, k = self.weight.shape
        return as_row(self._stamp(as_picture(x, self), self.weight.reshape(c, o, 1, k)))
