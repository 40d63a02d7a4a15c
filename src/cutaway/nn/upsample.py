"""Pictures and rows made larger: drawn again on finer paper, or put into a frame of zeros."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor, ops
from ..engine.errors import CutawayError, ShapeError
from .module import Module
from .sides import across, as_picture, as_row, pair, settings

__all__ = ["Upsample", "ZeroPad2d"]

WAYS = {"nearest": "nearest", "linear": "linear", "bilinear": "linear"}


class Upsample(Module):
    """A picture drawn again on finer paper: every old square fills several new ones, or old ones flow into each other.

    y[n, c, i, j] = x[n, c, i H // Ho, j W // Wo]  ("nearest"), or a mixture of the four old squares around it

    size: the height and width wanted, one number or (down, across); or
    scale_factor: how many times as large, one number or (down, across)
    mode: "nearest", "bilinear" for pictures, "linear" for rows
    align_corners: whether the middles of the outermost squares stay in their places (not with "nearest")
    x (N, C, H, W) -> y (N, C, Ho, Wo), or x (N, C, L) -> y (N, C, Lo)

    >>> Upsample(scale_factor=2)(Tensor([[[[1.0, 2.0]]]]))
    Tensor([[[[1., 1., 2., 2.],
              [1., 1., 2., 2.]]]])
    """

    def __init__(
        self, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
    ) -> None:
        if (size is None) == (scale_factor is None):
            raise CutawayError("Upsample: say either size= or scale_factor=, not both, for instance Upsample(size=28).")
        if mode not in WAYS:
            raise CutawayError(f"Upsample: mode is 'nearest', 'linear' or 'bilinear', but it is {mode!r}.")
        if mode == "nearest" and align_corners is not None:
            raise CutawayError("Upsample: align_corners means nothing with mode='nearest'; leave it out.")
        self.size, self.scale_factor, self.mode, self.align_corners = size, scale_factor, mode, align_corners

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != (expected := {"linear": 3, "bilinear": 4}.get(self.mode, x.ndim)):
            raise ShapeError(f"Upsample: mode={self.mode!r} takes x with {expected} sides, but x has {x.ndim}.")
        how = "corners" if self.align_corners else WAYS[self.mode]
        if x.ndim == 3:
            return as_row(ops.resize2d(as_picture(x, self), to=(1, *self._to(x.shape[2:])), how=how))
        return ops.resize2d(x, to=self._to(x.shape[2:4]), how=how)

    def _to(self, old: tuple[int, ...]) -> tuple[int, ...]:
        """The new sides."""
        given = self.scale_factor if self.size is None else self.size
        told = tuple(given) if isinstance(given, tuple | list) else (given,) * len(old)
        if self.size is not None:
            return (across(told, 1) if len(old) == 1 else pair(told))[-len(old) :]
        sides = [n * k for n, k in zip(old, told, strict=True)]
        if any(n != int(n) for n in sides):
            raise ShapeError(
                f"Upsample: {self.scale_factor} times {old} is not a whole number of squares. Say size= instead."
            )
        return tuple(int(n) for n in sides)

    def describe(self) -> str:
        told = settings(self, size=None, scale_factor=None, mode="nearest", align_corners=None)
        return told.removeprefix(", ")


class ZeroPad2d(Module):
    """A frame of zeros around the picture.

    y = x in the middle, 0 in the frame

    padding: how wide, one number or (left, right, top, bottom)
    x (N, C, H, W) -> y (N, C, top + H + bottom, left + W + right)

    >>> ZeroPad2d((1, 0, 0, 1))(Tensor([[[[5.0]]]]))
    Tensor([[[[0., 5.],
              [0., 0.]]]])
    """

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        return ops.pad(x, widths=(self.padding,) * 4 if isinstance(self.padding, int) else tuple(self.padding))

    def describe(self) -> str:
        return f"{self.padding}"
