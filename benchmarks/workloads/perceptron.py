"""2: a perceptron 784-256-128-10: matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import Parts, Workload


def network(nn: Any) -> Any:
    """The same words in both libraries."""
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


class Perceptron(Workload):
    """Random pictures, laid out in a row; each belongs to the class whose random picture it is most like.

    With random answers, or pictures that are bright throughout, most neurons die within 600 steps. What Adam remembers
    of them fades to numbers with which processors are several times slower, and that would be measured: Cutaway
    forgets such numbers, PyTorch does not.
    """

    name, title = "perceptron", "MLP 784-256-128-10, batch 64"
    batch_size = 64
    batches = 512
    peers = ("torch", "torch-best", "autograd")

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        x = random.random((count, 784), np.float32) - np.float32(0.5)
        return x, np.argmax(x @ random.normal(size=(784, 10)), 1)

    def cutaway(self) -> Parts:
        from cutaway import nn, optim

        return Parts(network(nn), nn.CrossEntropyLoss(), optim.Adam(1e-3))

    def torch(self) -> Parts:
        from torch import nn, optim

        return Parts(network(nn), nn.CrossEntropyLoss(), lambda p, **how: optim.Adam(p, lr=1e-3, **how))

    def autograd(self) -> tuple[Any, Any]:
        import autograd.numpy as anp

        def outputs(w: Any, x: Any) -> Any:
            h = anp.maximum(x @ w["0.weight"].T + w["0.bias"], 0)
            h = anp.maximum(h @ w["2.weight"].T + w["2.bias"], 0)
            return h @ w["4.weight"].T + w["4.bias"]

        return outputs, 1e-3
