"""The network: light and edges first, then three times look, step back, look again; the strongest sign of each counts.

After the "airbench" networks of Keller Jordan ("94 % on CIFAR-10 in 3.29 seconds on a single GPU", 2024), which made
the ideas of David Page ("How to train your ResNet", 2018) small: without their tricks of timing, and with a curve that
is cheaper here.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from cutaway import nn

from ..pictures import stage, whiten

__all__ = ["last", "network"]


def network(
    pictures: NDArray[Any] | None = None, widths: tuple[int, ...] = (64, 256, 256), seed: int = 0
) -> nn.Sequential:
    """A convolutional network, pictures (N, 3, 32, 32) -> one score a class (N, 10).

    pictures: some thousands to learn the first layer from, (N, 3, 32, 32); it is not trained after that.
        None leaves it as it was drawn, for weights that are loaded.
    widths: how many things each stage looks for

    >>> network(widths=(8, 8))[0]
    Conv2d(3, 24, 2)
    """
    first = nn.Conv2d(3, 24, kernel_size=2)  # (N, 24, 31, 31)
    layers: list[nn.Module] = [first, nn.SiLU()]
    channels = 24
    for wanted in widths:  # (N, 64, 15, 15), (N, 256, 7, 7), (N, 256, 3, 3)
        layers += stage(channels, wanted, nn.SiLU)
        channels = wanted
    net = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, 10)).init(seed)
    if pictures is not None:
        whiten(first, pictures)
    return net.freeze("0.weight")


def last(widths: tuple[int, ...]) -> int:
    """The place of the last layer, which votes.

    >>> network(widths=(8, 8))[last((8, 8))]
    Linear(8, 10)
    """
    return 2 + len(stage(1, 1, nn.SiLU)) * len(widths) + 2
