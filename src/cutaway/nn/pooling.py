"""Pooling: pictures and rows shrink, and of every window only the largest number or the average goes on."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor, ops
from .module import Module
from .sides import Size, across, as_picture, as_row, pair, settings, short

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AvgPool1d", "AvgPool2d",
    "MaxPool1d", "MaxPool2d",
]  # fmt: skip


class MaxPool2d(Module):
    """Of every window only the largest number goes on: pictures shrink, the strongest signs stay.

    y[n, c, i, j] = max over p, q of x[n, c, s i + p - pad, s j + q - pad]

    kernel_size: height and width of the window
    stride: how far it moves, the kernel size when not said
    padding: how far windows may stand over the edge, at most half a window; nothing wins there
    x (N, C, H, W) -> y (N, C, (H + 2 pad - kernel) // s + 1, ...)

    >>> MaxPool2d(2)(Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]))
    Tensor([[[[3.]]]])
    """

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        self.kernel_size, self.padding = kernel_size, padding
        self.stride: Size = kernel_size if stride is None else stride

    def pairs(self, n: Any, down: int) -> tuple[int, int]:
        return pair(n)

    def how(self) -> dict[str, Any]:
        """The settings for the operation; what is not used is not said."""
        window, stride, border = (
            self.pairs(self.kernel_size, 1),
            self.pairs(self.stride, 1),
            self.pairs(self.padding, 0),
        )
        return {"window": short(window), "stride": short(stride)} | ({"padding": short(border)} if any(border) else {})

    def forward(self, x: Tensor) -> Tensor:
        return ops.max_pool2d(x, **self.how())

    def describe(self) -> str:
        return f"{self.kernel_size}{settings(self, stride=self.kernel_size, padding=0)}"


class MaxPool1d(MaxPool2d):
    """Of every stretch of a row only the largest number goes on.

    y[n, c, i] = max over p of x[n, c, s i + p - pad]

    kernel_size, stride, padding: as in MaxPool2d, for the one side a row has
    x (N, C, L) -> y (N, C, (L + 2 pad - kernel) // s + 1)

    >>> MaxPool1d(2)(Tensor([[[1.0, 2.0, 3.0, 0.0]]]))
    Tensor([[[2., 3.]]])
    """

    def pairs(self, n: Any, down: int) -> tuple[int, int]:
        return across(n, down)

    def forward(self, x: Tensor) -> Tensor:
        return as_row(ops.max_pool2d(as_picture(x, self), **self.how()))


class AvgPool2d(MaxPool2d):
    """Of every window the average goes on: pictures shrink, and what is left is blurred.

    y[n, c, i, j] = (sum over p, q of x[n, c, s i + p - pad, s j + q - pad]) / how many they are

    kernel_size, stride: as in MaxPool2d
    padding: rows of zeros around the picture, at most half a window
    count_include_pad: whether these zeros count among how many they are
    x (N, C, H, W) -> y (N, C, (H + 2 pad - kernel) // s + 1, ...)

    >>> AvgPool2d(2)(Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]))
    Tensor([[[[1.5]]]])
    """

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, *, count_include_pad: bool = True
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.count_include_pad = count_include_pad

    def how(self) -> dict[str, Any]:
        """The settings for the operation; what is not used is not said."""
        told = super().how()
        return told if self.count_include_pad or "padding" not in told else {**told, "count_padding": False}

    def forward(self, x: Tensor) -> Tensor:
        return ops.avg_pool2d(x, **self.how())

    def describe(self) -> str:
        return super().describe() + settings(self, count_include_pad=True)


class AvgPool1d(AvgPool2d):
    """Of every stretch of a row the average goes on.

    y[n, c, i] = (sum over p of x[n, c, s i + p - pad]) / how many they are

    kernel_size, stride, padding, count_include_pad: as in AvgPool2d, for the one side a row has
    x (N, C, L) -> y (N, C, (L + 2 pad - kernel) // s + 1)

    >>> AvgPool1d(2)(Tensor([[[1.0, 2.0, 3.0, 0.0]]]))
    Tensor([[[1.5, 1.5]]])
    """

    def pairs(self, n: Any, down: int) -> tuple[int, int]:
        return across(n, down)

    def forward(self, x: Tensor) -> Tensor:
        return as_row(ops.avg_pool2d(as_picture(x, self), **self.how()))


class AdaptiveAvgPool2d(Module):
    """Pictures of any size averaged down to one size; 1 gives one number a channel ("global" pooling).

    y[n, c, i, j] = mean of x[n, c, p, q] for i H / Ho <= p < (i + 1) H / Ho, rounded outwards, and q alike

    output_size: the height and width wanted, one number or (down, across); None keeps a side as it is
    x (N, C, H, W) -> y (N, C, Ho, Wo)

    >>> AdaptiveAvgPool2d(1)(Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]))
    Tensor([[[[1.5]]]])
    """

    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        return self._shrink(x, self.output_size)

    def _shrink(self, x: Tensor, to: Any) -> Tensor:
        old = x.shape[2:]
        wanted = to if isinstance(to, tuple | list) else (to,) * 2
        new = pair([n if k is None else k for k, n in zip(wanted, old, strict=True)] if len(old) == 2 else (1, 1))
        if new == (1, 1) and len(old) == 2:
            return self.whole(x)
        if len(old) == 2 and min(new) > 0 and old[0] % new[0] == 0 and old[1] % new[1] == 0:
            window = (old[0] // new[0], old[1] // new[1])
            return self.tiles(x, window) if min(window) else self.uneven(x, new)
        return self.uneven(x, new)

    def whole(self, x: Tensor) -> Tensor:
        return x.mean((2, 3), keepdim=True)

    def tiles(self, x: Tensor, window: tuple[int, int]) -> Tensor:
        return ops.avg_pool2d(x, window=short(window), stride=short(window))

    def uneven(self, x: Tensor, to: tuple[int, int]) -> Tensor:
        return ops.resize2d(x, to=to, how="average")

    def describe(self) -> str:
        return f"{self.output_size}"


class AdaptiveAvgPool1d(AdaptiveAvgPool2d):
    """Rows of any length averaged down to one length.

    y[n, c, i] = mean of x[n, c, p] for i L / Lo <= p < (i + 1) L / Lo, rounded outwards

    output_size: the length wanted
    x (N, C, L) -> y (N, C, Lo)

    >>> AdaptiveAvgPool1d(2)(Tensor([[[1.0, 2.0, 4.0]]]))
    Tensor([[[1.5, 3. ]]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return as_row(self._shrink(as_picture(x, self), across(self.output_size, 1)))


class AdaptiveMaxPool2d(AdaptiveAvgPool2d):
    """Pictures of any size brought down to one size; of every part only the largest number goes on.

    y[n, c, i, j] = max of x[n, c, p, q] for i H / Ho <= p < (i + 1) H / Ho, rounded outwards, and q alike

    output_size: the height and width wanted, one number or (down, across); None keeps a side as it is
    x (N, C, H, W) -> y (N, C, Ho, Wo)

    >>> AdaptiveMaxPool2d(1)(Tensor([[[[1.0, 2.0], [3.0, 0.0]]]]))
    Tensor([[[[3.]]]])
    """

    def whole(self, x: Tensor) -> Tensor:
        return x.max((2, 3), keepdim=True)

    def tiles(self, x: Tensor, window: tuple[int, int]) -> Tensor:
        return ops.max_pool2d(x, window=short(window), stride=short(window))

    def uneven(self, x: Tensor, to: tuple[int, int]) -> Tensor:
        """Windows that overlap are first copied side by side."""
        apart = ops.resize2d(x, to=to, how="windows")
        return self.tiles(apart, (apart.shape[2] // to[0], apart.shape[3] // to[1]))


class AdaptiveMaxPool1d(AdaptiveMaxPool2d):
    """Rows of any length brought down to one length; of every part only the largest number goes on.

    y[n, c, i] = max of x[n, c, p] for i L / Lo <= p < (i + 1) L / Lo, rounded outwards

    output_size: the length wanted
    x (N, C, L) -> y (N, C, Lo)

    >>> AdaptiveMaxPool1d(2)(Tensor([[[1.0, 2.0, 4.0]]]))
    Tensor([[[2., 4.]]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return as_row(self._shrink(as_picture(x, self), across(self.output_size, 1)))
