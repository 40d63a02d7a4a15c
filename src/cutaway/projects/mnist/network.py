"""The network: three times look, step back, look again; then the strongest sign of each kind counts."""

from __future__ import annotations

from cutaway import nn

from ..pictures import stage

__all__ = ["network"]


def network(widths: tuple[int, ...] = (32, 64, 128), seed: int = 0) -> nn.Sequential:
    """A convolutional network, pictures (N, 1, 28, 28) -> one score a class (N, 10).

    widths: how many things each stage looks for

    >>> network((8, 16, 16))[0]
    Conv2d(1, 8, 3, padding=1, bias=False)
    """
    layers: list[nn.Module] = []
    channels = 1
    for wanted in widths:  # (N, 32, 14, 14), (N, 64, 7, 7), (N, 128, 3, 3)
        layers += stage(channels, wanted, nn.SiLU)
        channels = wanted
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, 10)).init(seed)
