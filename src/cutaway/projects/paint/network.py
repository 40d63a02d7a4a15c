"""The eye: a small network that learnt to name photographs, whose layers are then used to compare pictures.

What it has to know in order to tell a ship from a frog is what a painting is judged by here: edges and colours first,
then strokes and textures, then pieces of things. Pooling takes averages, not the strongest: a network is then a smooth
function of the pixels, and a picture can be changed step by step until its layers say what they should.
"""

from __future__ import annotations

from cutaway import nn

__all__ = ["last", "network"]


def network(widths: tuple[int, int, int] = (32, 64, 128), seed: int = 0) -> nn.Sequential:
    """The eye as it learns: pictures (N, 3, H, W) -> one score a class (N, 10).

    widths: how many things it looks for at full size, at half of it, and at a quarter

    Five convolutions: the first sees 5 x 5 pixels, the others, at half and a quarter of the size, 10, 14, 24 and 32.

    >>> network((4, 4, 4))(Tensor(np.zeros((1, 3, 32, 32), np.float32))).shape
    (1, 10)
    """
    full, half, quarter = widths
    return nn.Sequential(
        *_look(3, full, 5),
        nn.AvgPool2d(2),
        *_look(full, half),
        *_look(half, half),
        nn.AvgPool2d(2),
        *_look(half, quarter),
        *_look(quarter, quarter),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(quarter, 10),
    ).init(seed)


def last() -> int:
    """The place of the layer that votes.

    >>> network((4, 4, 4))[last()]
    Linear(4, 10)
    """
    return 19


def _look(channels: int, wanted: int, side: int = 3) -> tuple[nn.Module, ...]:
    return nn.Conv2d(channels, wanted, side, padding=side // 2, bias=False), nn.BatchNorm2d(wanted), nn.ReLU()
