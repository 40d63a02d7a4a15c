"""HIPS autograd: NumPy's functions, differentiated while they run; Adam written out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad
from safetensors.numpy import load_file

from ..workload import Workload
from .exchange import dealt, weights
from .side import Side

__all__ = ["Autograd"]


class Autograd(Side):
    """Cross entropy and Adam around the outputs that the workload defines."""

    def __init__(self, workload: Workload, path: Path, cores: int, how: str = "") -> None:
        self.how = f"{cores} BLAS threads"
        numbers = load_file(path)
        self.data = numbers["x"].nbytes + numbers["y"].nbytes
        outputs, self._alpha = workload.autograd()

        def loss(weights: Any, x: Any, y: Any) -> Any:
            votes = outputs(weights, x)
            votes = votes - anp.max(votes, axis=1, keepdims=True)
            shares = votes - anp.log(anp.sum(anp.exp(votes), axis=1, keepdims=True))
            return -anp.mean(shares[anp.arange(len(y)), y])

        self._slope = value_and_grad(loss)
        self._weights = weights(numbers)
        self._m = {name: np.zeros_like(w) for name, w in self._weights.items()}
        self._v = {name: np.zeros_like(w) for name, w in self._weights.items()}
        self._batches = dealt(numbers["x"], numbers["y"], numbers["order"], workload.batch_size)
        self._losses: list[float] = []

    def train(self, steps: int) -> None:
        f = np.float32  # a plain float would be one, too, but 0.9 ** t is a double
        for _ in range(steps):
            value, slopes = self._slope(self._weights, *next(self._batches))
            self._losses.append(float(value))
            t = len(self._losses)
            first, second = f(1 - 0.9**t), f(1 - 0.999**t)
            for name, g in slopes.items():
                m = self._m[name] = f(0.9) * self._m[name] + f(0.1) * g
                v = self._v[name] = f(0.999) * self._v[name] + f(0.001) * g * g
                step = (m / first) / (np.sqrt(v / second) + f(1e-8))
                self._weights[name] = self._weights[name] - f(self._alpha) * step

    def losses(self) -> Sequence[float]:
        return self._losses
