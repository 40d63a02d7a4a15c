"""How the eye is trained: on CIFAR-10's photographs, to name what is on them. The painting itself needs no training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cutaway import data, nn, optim
from cutaway.training import Run

from ..pictures import begun
from .network import last, network

__all__ = ["Recipe", "new_run"]


@dataclass(frozen=True)
class Recipe:
    """Every number that decides how the training of the eye goes.

    widths: how many things its layers look for
    epochs: passes over the photographs, half of which are mirrored; batch_size: photographs a step
    alpha: the longest step, reached after ``warm`` of the way and then brought to rest
    adam_alpha: that of the biases and the last layer, which go by AdamW; weight_decay: of all
    smoothing: the share of the right answer that is divided among all classes
    seed: decides the first weights, the order and the changes; workers: how many cores share a batch

    >>> Recipe(epochs=1).seed
    0
    """

    widths: tuple[int, int, int] = (32, 64, 128)
    epochs: int = 3
    batch_size: int = 250
    alpha: float = 0.03
    warm: float = 0.2
    adam_alpha: float = 0.003
    weight_decay: float = 0.02
    smoothing: float = 0.1
    seed: int = 0
    workers: int = 2

    def net(self, pictures: Any) -> nn.Sequential:
        """The network before any training."""
        return network(self.widths, self.seed)

    def loss(self) -> nn.CrossEntropyLoss:
        """What is made small."""
        return nn.CrossEntropyLoss(label_smoothing=self.smoothing)

    def optimizer(self, batches: int) -> optim.Optimizer:
        """How it is made small, in so many batches."""
        return optim.Muon(
            self.alpha,
            others=[f"{last()}.*"],
            adam_alpha=self.adam_alpha,
            weight_decay=self.weight_decay,
            schedule=optim.OneCycle(total=batches, warm=self.warm),
        )

    def augment(self) -> list[Any]:
        """How photographs are changed, anew for every batch."""
        return [data.Flip()]


def new_run(recipe: Recipe | None = None, examples: data.Dataset | None = None) -> Run:
    """A training that has not begun: on all training photographs of CIFAR-10, or on the examples given.

    >>> few = ct.data.Dataset(np.random.default_rng(0).random((8, 3, 32, 32), np.float32), [0, 1] * 4)
    >>> new_run(Recipe(widths=(4, 4, 4), workers=1), few).batch
    0
    """
    return begun(recipe or Recipe(), "paint", "cifar10", examples, None)
