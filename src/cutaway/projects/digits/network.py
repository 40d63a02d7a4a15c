"""The network: three times look, keep the strongest, step back; then ten sums vote."""

from __future__ import annotations

from cutaway import nn

__all__ = ["network"]


def network(seed: int = 0) -> nn.Sequential:
    """A small convolutional network, pictures (N, 1, 28, 28) -> one score a digit (N, 10).

    Strokes are found first (12 stencils), then corners and curves made of strokes (24), then pieces of digits (24).
    After each, pooling keeps the strongest of every 2 x 2 places, so that a digit moved by a pixel looks the same.
    Batch norm keeps the numbers of every layer in the same range, which lets the training take long steps.

    >>> print(network()[0])
    Conv2d(1, 12, 3, padding=1, bias=False)
    """
    return nn.Sequential(
        *_look(1, 12),  # (N, 12, 14, 14)
        *_look(12, 24),  # (N, 24, 7, 7)
        *_look(24, 24),  # (N, 24, 3, 3)
        nn.Flatten(),  # (N, 216)
        nn.Linear(216, 10),
    ).init(seed)


def _look(channels: int, stencils: int) -> tuple[nn.Module, ...]:
    # No bias: batch norm takes the mean away and adds a shift of its own.
    convolution = nn.Conv2d(channels, stencils, kernel_size=3, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(stencils), nn.ReLU(), nn.MaxPool2d(2)
