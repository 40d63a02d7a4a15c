"""3: two convolutions and a pooling on 28 x 28 pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import Parts, Workload


def network(nn: Any) -> Any:
    """The same words in both libraries."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


class Convolution(Workload):
    """Random pictures."""

    name, title = "convolution", "conv net 1-32-64 on 28x28, batch 64"
    batch_size, batches, images = 64, 32, True
    peers = ("torch", "torch-best", "autograd")

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        return random.random((count, 1, 28, 28), np.float32), random.integers(0, 10, count)

    def cutaway(self) -> Parts:
        from cutaway import nn, optim

        return Parts(network(nn), nn.CrossEntropyLoss(), optim.Adam(1e-3))

    def torch(self) -> Parts:
        from torch import nn, optim

        return Parts(network(nn), nn.CrossEntropyLoss(), lambda p, **how: optim.Adam(p, lr=1e-3, **how))

    def autograd(self) -> tuple[Any, Any]:
        """It has no convolution that is fast: nine shifted products, which is."""
        import autograd.numpy as anp

        def convolve(x: Any, w: Any, b: Any) -> Any:  # x (N, H, W, C), w (O, C, 3, 3)
            h, wide = x.shape[1] - 2, x.shape[2] - 2
            taps = [x[:, i : i + h, j : j + wide] for i in range(3) for j in range(3)]
            table = anp.transpose(w, (2, 3, 1, 0)).reshape(-1, w.shape[0])
            return anp.concatenate(taps, axis=3) @ table + b

        def outputs(w: Any, x: Any) -> Any:
            h = anp.transpose(x, (0, 2, 3, 1))
            h = anp.maximum(convolve(h, w["0.weight"], w["0.bias"]), 0)
            h = anp.maximum(convolve(h, w["2.weight"], w["2.bias"]), 0)
            n, high, wide, c = h.shape
            h = anp.max(h.reshape(n, high // 2, 2, wide // 2, 2, c), axis=(2, 4))
            h = anp.transpose(h, (0, 3, 1, 2)).reshape(n, -1)
            h = anp.maximum(h @ w["6.weight"].T + w["6.bias"], 0)
            return h @ w["8.weight"].T + w["8.bias"]

        return outputs, 1e-3
