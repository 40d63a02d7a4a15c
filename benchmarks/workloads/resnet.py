"""4: ResNet-20 with batch normalisation on 32 x 32 pictures in colour (He and others, 2015, section 4.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workload import Parts, Workload


def network(nn: Any, fewer_pixels: Callable[[Any, int], Any]) -> Any:
    """The same words in both libraries; fewer_pixels makes the short cut where a block changes the size."""

    class Block(nn.Module):
        def __init__(self, channels: int, wanted: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(channels, wanted, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(wanted)
            self.relu = nn.ReLU()
            self.conv2 = nn.Conv2d(wanted, wanted, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(wanted)
            self.more = wanted - channels

        def forward(self, x: Any) -> Any:
            h = self.relu(self.bn1(self.conv1(x)))
            h = self.bn2(self.conv2(h))
            return self.relu(h + (fewer_pixels(x, self.more // 2) if self.more else x))

    blocks = [Block(16, 16, 1), Block(16, 16, 1), Block(16, 16, 1)]
    blocks += [Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1)]
    blocks += [Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1)]
    first = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()
    return nn.Sequential(*first, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class ResNet20(Workload):
    """Random pictures."""

    name, title = "resnet", "ResNet-20 on 32x32x3, batch 64"
    batch_size, images = 64, True

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        return random.random((count, 3, 32, 32), np.float32), random.integers(0, 10, count)

    def cutaway(self) -> Parts:
        from cutaway import nn, ops, optim

        def fewer_pixels(x: Any, margin: int) -> Any:
            return ops.pad(x[:, :, ::2, ::2], widths=(0, 0, 0, 0, margin, margin))

        return Parts(network(nn, fewer_pixels), nn.CrossEntropyLoss(), optim.SGD(0.1, momentum=0.9))

    def torch(self) -> Parts:
        from torch import nn, optim

        def fewer_pixels(x: Any, margin: int) -> Any:
            return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, margin, margin))

        def optimizer(parameters: Any, **how: Any) -> Any:
            return optim.SGD(parameters, lr=0.1, momentum=0.9, **how)

        return Parts(network(nn, fewer_pixels), nn.CrossEntropyLoss(), optimizer)
