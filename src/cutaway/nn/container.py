"""Layers in a row."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ..engine import Tensor
from ..engine.errors import CutawayError, DtypeError, ShapeError
from .module import Module
from .sides import settings

__all__ = ["Flatten", "Identity", "Sequential"]


class Sequential(Module):
    """A pipeline: what one layer gives, the next one takes.

    y = layers[-1](... layers[1](layers[0](x)))

    >>> from cutaway import nn
    >>> net = Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU())
    >>> net(Tensor([[[1.0, 2.0], [3.0, 4.0]]])).shape
    (1, 3)
    """

    def __init__(self, *layers: Any) -> None:
        for layer in layers:
            if not isinstance(layer, Module):
                name = getattr(layer, "__name__", layer)
                raise DtypeError(
                    f"Sequential takes layers, but was given {name!r}; did you mean nn.{name}() with brackets?"
                )
        self.layers: list[Module] = list(layers)
        self._all()

    def children(self) -> Iterator[tuple[str, Any]]:
        """The layers, called "0", "1", ... as in PyTorch."""
        return ((str(k), layer) for k, layer in enumerate(self.layers))

    def forward(self, x: Tensor) -> Tensor:
        for k, layer in enumerate(self.layers):
            if isinstance(x, tuple):
                raise CutawayError(
                    f"Sequential: layer {k - 1}, {self.layers[k - 1]._line()}, gives several results, and layer {k} "
                    "takes one. Write a net of your own, and in its forward: output, state = self.reader(x)."
                )
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, k: int) -> Module:
        return self.layers[k]


class Flatten(Module):
    """A picture read line by line: every example becomes one row of numbers.

    x (N, A, B, ...) -> y (N, A * B * ...)

    start_dim, end_dim: the first and the last of the sides that become one; the batch is left alone when not said

    >>> Flatten()(Tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    Tensor([[1., 2., 3., 4.]])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Tensor) -> Tensor:
        first, last = (k % max(1, x.ndim) for k in (self.start_dim, self.end_dim))
        if first > last:
            raise ShapeError(f"{self._line()}: side {first} comes after side {last} of x {x.shape}.")
        if first == 0:
            return x.reshape(-1, *x.shape[last + 1 :])
        one = math.prod(x.shape[first : last + 1])  # the batch stays free, so that a recorded program fits any batch
        return x.reshape(-1, *x.shape[1:first], one, *x.shape[last + 1 :])

    def describe(self) -> str:
        return settings(self, start_dim=1, end_dim=-1).removeprefix(", ")


class Identity(Module):
    """A pane of clear glass: what comes goes on as it is. It keeps a place where a layer may stand.

    y = x, any shape

    >>> Identity()(Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x
