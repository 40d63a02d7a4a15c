"""What a workload is: data, one network written twice, its loss and its optimizer."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

__all__ = ["Parts", "Workload"]


class Parts(NamedTuple):
    """What is trained: a network, its loss, its optimizer (of PyTorch: a function of the parameters)."""

    net: Any
    loss: Any
    optimizer: Any


class Workload:
    """One network on one kind of data, once with Cutaway and once with PyTorch, as a user would write it.

    Neither library is imported before its own method is called, so that each lives in a process without the other.
    Both start from the same numbers: the parameters have the same names, and are drawn by Cutaway from the seed.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    batch_size: ClassVar[int]
    batches: ClassVar[int] = 8  # different batches in the data, dealt in a new order every epoch
    tokens: ClassVar[bool] = False  # the examples are whole numbers that name things
    images: ClassVar[bool] = False  # PyTorch may like its channels last
    inference: ClassVar[bool] = False  # a step is a look at one batch, not a training step
    peers: ClassVar[tuple[str, ...]] = ("torch", "torch-best")
    step: ClassVar[str] = "training step"
    amount: ClassVar[float] = 1.0  # how many of what the table counts are in a step
    judged: ClassVar[bool] = False  # what was learned in one epoch is compared, too

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        """So many examples and their answers."""
        raise NotImplementedError

    def augment(self, x: Any) -> list[Any]:
        """What is done anew to every batch of these examples."""
        return []

    def quality(self, state: Any, x: Any) -> float:
        """How well a judged workload was learned by these weights: a loss on what nobody has seen."""
        raise NotImplementedError

    def cutaway(self) -> Parts:
        """With Cutaway."""
        raise NotImplementedError

    def torch(self) -> Parts:
        """With PyTorch."""
        raise NotImplementedError

    def autograd(self) -> tuple[Any, Any]:
        """With autograd: a function (weights, x) -> outputs, and Adam's step length; cross entropy is the loss."""
        raise NotImplementedError
