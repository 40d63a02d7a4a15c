"""Trained weights that come along with a project: stored in half the space, loaded into its network, asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.engine import Tensor
from cutaway.engine.errors import CutawayError
from cutaway.nn import Module
from cutaway.training import Run

from .views import Reader

__all__ = ["NotTrainedError", "packed", "shipped", "used"]

PART = 256  # pictures: what a layer computes for so many fits the cache


class NotTrainedError(CutawayError, FileNotFoundError):
    """No trained weights come along with a project.

    >>> issubclass(NotTrainedError, FileNotFoundError)
    True
    """


def used(run: Run, net: Module) -> dict[str, NDArray[Any]]:
    """The numbers that a run predicts with: the averages of its weights where it has some, and what norms have counted.

    net: such a network as the run trained; it says which names are wanted

    >>> from cutaway import nn, optim
    >>> net = nn.Sequential(nn.Linear(2, 2))
    >>> x = np.random.default_rng(0).random((8, 2), np.float32)
    >>> run = ct.Run(net, nn.CrossEntropyLoss(), optim.SGD(0.5, average=0.9), (x, [0, 1] * 4), 4)
    >>> run = run.train(epochs=2, progress=False)
    >>> bool(np.allclose(x @ used(run, net)["0.weight"].T + used(run, net)["0.bias"], run.predict(x), atol=1e-6))
    True
    """
    return {name: np.asarray(run.state.get(f"optim/average/{name}", run.state.get(name))) for name in net.state()}


def packed(weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Weights as they are stored: matrices and stencils in half precision (2 bytes, 11 bits), rows as they are.

    Rows are few, and the variances among them may be greater than half precision can hold.

    >>> {name: array.dtype.name for name, array in packed({"w": np.ones((2, 2), "f"), "b": np.ones(2, "f")}).items()}
    {'w': 'float16', 'b': 'float32'}
    """
    return {name: array.astype(np.float16) if array.ndim > 1 else array for name, array in weights.items()}


def shipped(net: Module, file: Path) -> Reader:
    """The network with the weights that come along in a file: pictures -> scores.

    Raises NotTrainedError where no file is there.

    >>> from cutaway.projects.digits import network, use
    >>> shipped(network(), use.SHIPPED)(np.zeros((3, 1, 28, 28), np.float32)).shape
    (3, 10)
    """
    from safetensors.numpy import load_file

    if not file.is_file():
        name = file.parent.name
        raise NotTrainedError(f"No trained network comes along with {name} yet. `cutaway run {name}` trains one.")
    net.load_state(load_file(file))
    net.eval()

    def read(pictures: NDArray[Any]) -> NDArray[Any]:
        parts = range(0, len(pictures), PART)
        return np.concatenate([net(Tensor(pictures[k : k + PART])).numpy() for k in parts])

    return read
