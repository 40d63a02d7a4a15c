"""Gradient descent, with or without momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..engine import Parameter, Tape, Tensor
from ..engine.errors import CutawayError
from .optimizer import Group, Memory, Optimizer
from .schedules import Schedule

__all__ = ["SGD"]


class SGD(Optimizer):
    """Walk downhill; with momentum like a heavy ball, which keeps rolling where it rolled before.

    velocity' = momentum * velocity + g + weight_decay * weight
    weight' = weight - alpha * velocity'          (nesterov: alpha * (g + momentum * velocity'))

    alpha: the length of a step (the "learning rate"); momentum: how much of the speed stays
    nesterov: look ahead before stepping
    the rest: see Optimizer.  Robbins and Monro, 1951; Polyak, 1964; Nesterov, 1983.

    >>> SGD(alpha=0.1, momentum=0.9)
    SGD(alpha=0.1, momentum=0.9)
    """

    kind: ClassVar[str] = "sgd"

    def __init__(
        self,
        alpha: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        *,
        weight_decay: float = 0.0,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        average: float | None = None,
        groups: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        super().__init__(
            alpha, weight_decay=weight_decay, schedule=schedule, clip_norm=clip_norm, average=average, groups=groups
        )
        if not 0 <= momentum < 1:
            raise CutawayError(f"momentum is how much of the speed stays, at least 0 and below 1, not {momentum}.")
        if nesterov and not momentum:
            raise CutawayError("nesterov looks ahead along the momentum: give momentum=0.9, say.")
        self.momentum, self.nesterov = momentum, nesterov

    def prepare(self, tape: Tape, alpha: Tensor, count: str, dtype: Any) -> Tensor | None:
        """The momentum, which may be turned while training."""
        return self.knob(tape, "momentum", self.momentum, dtype) if self.momentum else None

    def rule(self, weight: Parameter, g: Tensor, group: Group) -> tuple[Tensor, dict[str, tuple[Memory, Tensor]]]:
        if group.decay is not None:
            g = g + weight * group.decay
        if not self.momentum:
            return weight - g * group.alpha, {}
        velocity = self.memory("velocity", weight)
        new = velocity * group.shared + g
        step = g + new * group.shared if self.nesterov else new
        return weight - step * group.alpha, {"velocity": (velocity, new)}
