"""Layers in a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..engine import Tensor
from .module import Module

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
                raise TypeError(
                    f"Sequential takes layers, but was given {name!r}; did you mean nn.{name}() with brackets?"
                )
        self.layers: list[Module] = list(layers)
        self._all()

    def children(self) -> Iterator[tuple[str, Any]]:
        """The layers, called "0", "1", ... as in PyTorch."""
        return ((str(k), layer) for k, layer in enumerate(self.layers))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
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

    >>> Flatten()(Tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    Tensor([[1., 2., 3., 4.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class Identity(Module):
    """A pane of clear glass: what comes goes on as it is. It keeps a place where a layer may stand.

    y = x, any shape

    >>> Identity()(Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x
