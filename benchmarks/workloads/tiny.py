"""1: 3-4-1 on four examples, as in the first chapters: what a step costs besides arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import Parts, Workload


def network(nn: Any) -> Any:
    """The same words in both libraries."""
    return nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 1, bias=False))


class Tiny(Workload):
    """The first two numbers say whether the answer is 1."""

    name, title = "tiny", "tiny net 3-4-1, batch 4"
    batch_size, batches = 4, 1

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        x = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 1]], np.float32)
        return x, np.array([[1], [1], [0], [0]], np.float32)

    def cutaway(self) -> Parts:
        from cutaway import nn, optim

        return Parts(network(nn), nn.MSELoss(reduction="sum"), optim.SGD(0.01))

    def torch(self) -> Parts:
        from torch import nn, optim

        return Parts(network(nn), nn.MSELoss(reduction="sum"), lambda p, **how: optim.SGD(p, lr=0.01, **how))
