"""RMSprop: steps measured by how much the ground has been shaking lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..engine import Parameter, Tape, Tensor, ops
from ..engine.errors import CutawayError
from .optimizer import Group, Memory, Optimizer
from .schedules import Schedule

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """A walk downhill with short steps where the ground has been shaking, and long ones where it was calm.

    v' = keep v + (1 - keep) g ** 2                 how much it shakes (centered: less the square of the mean slope)
    weight' = weight - alpha g / (sqrt(v') + eps)   (momentum: the quotient is added to a velocity first)

    alpha: the length of a step (the "learning rate"); keep: how much of the memory stays (PyTorch calls it alpha)
    eps: keeps calm ground from dividing by zero
    momentum: how much of the speed stays; centered: measure the shaking around the mean slope
    weight_decay is added to the gradient; the rest: see Optimizer.  Hinton, lecture 6 of "Neural networks for machine
    learning", 2012; centered: Graves, 2013.

    >>> RMSprop(alpha=0.01)
    RMSprop(alpha=0.01, keep=0.99, eps=1e-08)
    """

    kind: ClassVar[str] = "rmsprop"

    def __init__(
        self,
        alpha: float = 0.01,
        keep: float = 0.99,
        eps: float = 1e-8,
        *,
        momentum: float = 0.0,
        centered: bool = False,
        weight_decay: float = 0.0,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        average: float | None = None,
        groups: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        super().__init__(
            alpha, weight_decay=weight_decay, schedule=schedule, clip_norm=clip_norm, average=average, groups=groups
        )
        if not 0 <= keep < 1:
            raise CutawayError(f"keep is how much of the memory stays, at least 0 and below 1, not {keep}.")
        if not eps >= 0:
            raise CutawayError(f"eps keeps calm ground from dividing by zero and must be at least 0, not {eps}.")
        if not momentum >= 0:
            raise CutawayError(f"momentum is how much of the speed stays, at least 0, not {momentum}.")
        self.keep, self.eps, self.momentum, self.centered = keep, eps, momentum, centered

    def prepare(self, tape: Tape, alpha: Tensor, count: str, dtype: Any) -> Tensor | None:
        """The momentum, which may be turned while training."""
        return self.knob(tape, "momentum", self.momentum, dtype) if self.momentum else None

    def rule(self, weight: Parameter, g: Tensor, group: Group) -> tuple[Tensor, dict[str, tuple[Memory, Tensor]]]:
        if group.decay is not None:
            g = g + weight * group.decay
        v = self.memory("v", weight)
        shake = ops.blend(v, g * g, keep=self.keep)
        memories = {"v": (v, shake)}
        if self.centered:
            m = self.memory("m", weight)
            slope = ops.blend(m, g, keep=self.keep)
            memories["m"] = (m, slope)
            shake = ops.relu(shake - slope * slope)  # rounding may leave a little less than 0
        if not self.momentum:
            return ops.adaptive_step(weight, g, shake, group.alpha, self.eps), memories
        velocity = self.memory("velocity", weight)
        new = velocity * group.shared + g / (shake.sqrt() + self.eps)
        return weight - new * group.alpha, {**memories, "velocity": (velocity, new)}
