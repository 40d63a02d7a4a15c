"""Losses as modules, with PyTorch's names."""

from __future__ import annotations

from ..engine import Tensor, ops
from ..engine.errors import DtypeError
from .module import Module

__all__ = ["CrossEntropyLoss", "MSELoss"]


class CrossEntropyLoss(Module):
    """How surprised the network was by the right answers.

    L = mean over the batch of ( log(sum over j of e^x[j]) - x[answer] )

    x (N, C): votes (logits), with no softmax before
    answers (N,): class numbers from 0; or (N, C): the share each class should get (one-hot, for instance)

    >>> CrossEntropyLoss()(Tensor([[0.0, 0.0]]), Tensor([1]))
    Tensor(0.6931)
    """

    metrics = ("accuracy",)

    def forward(self, x: Tensor, answers: Tensor) -> Tensor:
        if answers.dtype.kind == "f" and answers.shape == x.shape and x.ndim == 2:
            return -(ops.log_softmax(x) * answers).sum(dim=1).mean()
        return ops.cross_entropy(x, answers)


class MSELoss(Module):
    """The average of the squared misses.

    L = mean over all numbers of (x - target) ** 2

    x, target: same shape

    >>> MSELoss()(Tensor([[1.0], [3.0]]), Tensor([[0.0], [1.0]]))
    Tensor(2.5)
    """

    metrics = ()

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        _amounts("MSELoss", x, target)
        return ops.mse(x, target)


def _amounts(name: str, x: Tensor, target: Tensor) -> None:
    """Targets of these losses are amounts; class numbers among them get a sentence of their own."""
    if target.dtype.kind in "iub":
        raise DtypeError(
            f"{name} compares amounts, but the targets are whole numbers {target.shape}. If they are class numbers, "
            f"use nn.CrossEntropyLoss(), or one_hot rows: ops.one_hot(target, classes={x.shape[-1] if x.ndim else 2}). "
            "If they are amounts, write target.float()."
        )
