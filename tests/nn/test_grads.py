"""The derivative of whole networks, measured: every weight nudged a little, and the loss watched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway import check_grads, nn
from cutaway.engine import Tensor


class Residual(nn.Module):
    def __init__(self) -> None:
        self.gain = nn.Parameter(np.array([0.7]))
        self.steps = [nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)]

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for step in self.steps:
            y = step(y)
        return x + y * self.gain


class Tied(nn.Module):
    def __init__(self) -> None:
        self.code, self.back = nn.Linear(3, 2), nn.Linear(3, 2)
        self.back.weight = self.code.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.back(self.code(x).tanh() @ self.code.weight).sigmoid()


def convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0)),
        nn.BatchNorm2d(3),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d((1, 2)),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(12, 3),
    )


def loss_of(net: nn.Module, loss: nn.Module, names: list[str], answers: Any) -> Any:
    """The loss as a function of the examples and of every parameter."""
    owners: dict[str, list[tuple[nn.Module, str]]] = {name: [] for name in names}  # of a tied one there are several
    for module in net.modules():
        for key, parameter in module.children():
            if isinstance(parameter, nn.Parameter) and parameter.trained:
                owners[parameter.name].append((module, key))

    def f(x: Tensor, *numbers: Tensor) -> Tensor:
        for name, tensor in zip(names, numbers, strict=True):
            for module, key in owners[name]:
                vars(module)[key] = tensor
        return loss(net(x), Tensor(answers))

    return f


@pytest.mark.parametrize(
    ("net", "shape", "loss", "answers"),
    [
        (nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2)), (5, 3), nn.CrossEntropyLoss(), [0, 1, 1, 0, 1]),
        (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)), (5, 3), nn.MSELoss(), [[1.0], [0], [2], [0], [1]]),
        (convolutional(), (4, 2, 4, 6), nn.CrossEntropyLoss(), [0, 2, 1, 2]),
        (convolutional().eval(), (4, 2, 4, 6), nn.CrossEntropyLoss(), [0, 2, 1, 2]),
        (nn.Sequential(Residual(), nn.Softmax()), (4, 3), nn.MSELoss(), np.eye(4, 3).tolist()),
        (Tied(), (4, 3), nn.MSELoss(), np.eye(4, 2).tolist()),
    ],
    ids=["classes", "amounts", "conv-train", "conv-eval", "residual", "tied"],
)
def test_every_weight_moves_the_loss_as_backward_says(
    net: Any, shape: tuple[int, ...], loss: Any, answers: Any
) -> None:
    net.to(np.float64)
    state = net.named_parameters()
    x = np.random.default_rng(5).normal(size=shape)
    arrays = [p.data for p in state.values()]
    answers = np.asarray(answers)
    assert check_grads(loss_of(net, loss, list(state), answers), [x, *arrays]) < 1e-6
