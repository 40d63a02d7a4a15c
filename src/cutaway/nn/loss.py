"""Losses as modules, with PyTorch's names."""

from __future__ import annotations

from ..engine import Tensor, ops
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
        return ops.mse(x, target)
