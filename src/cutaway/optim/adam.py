"""Adam and AdamW: every weight has a step length of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..engine import Op, Parameter, Tape, Tensor, ops
from ..engine.errors import CutawayError, DtypeError
from ..engine.op import Shape
from ..engine.ops.broadcast import one_number
from ..engine.sample import Sample, given
from .optimizer import Group, Memory, Optimizer
from .schedules import Schedule

__all__ = ["Adam", "AdamW"]


class Filled(Op):
    """A jar filled by the spoon: how full a slow memory is after so many spoons.

    y = 1 - keep ** count

    count: how many numbers the memory has seen
    y: how full it is, from 1 - keep after the first to 1 at last
    keep: how much of the old the memory keeps each time
    dtype: the kind of number that y is, computed with all digits before it is rounded

    Use it to correct a memory that started empty, as Adam does.

    >>> filled(Tensor(1), keep=0.9, dtype="float32")
    Tensor(0.1)
    """

    whole = (0,)
    samples = (Sample(given(np.asarray(3)), keep=0.9, dtype="float64"),)

    @staticmethod
    def forward(count: Any, keep: float, dtype: str) -> Any:
        return np.dtype(dtype).type(1 - keep ** int(count))

    @staticmethod
    def shape(count: Shape, keep: float, dtype: str) -> Shape:
        one_number("filled", count=count)
        if dtype not in ("float32", "float64"):
            raise DtypeError(f"filled: dtype is 'float32' or 'float64', not {dtype!r}.")
        return ()


filled = Filled()


class Adam(Optimizer):
    """A walk in the fog: along the remembered slope, with short steps where the ground has been shaking.

    m' = beta1 m + (1 - beta1) g                    the remembered slope
    v' = beta2 v + (1 - beta2) g ** 2               how much it shakes
    weight' = weight - alpha (m' / (1 - beta1 ** t)) / (sqrt(v' / (1 - beta2 ** t)) + eps)

    alpha: the length of a step on calm ground (the "learning rate")
    betas: how much of each memory stays; eps: keeps calm ground from dividing by zero
    weight_decay is added to the gradient; the rest: see Optimizer.  Kingma and Ba, 2015.

    >>> Adam(alpha=0.001)
    Adam(alpha=0.001, betas=(0.9, 0.999), eps=1e-08)
    """

    kind: ClassVar[str] = "adam"
    decoupled: ClassVar[bool] = False

    def __init__(
        self,
        alpha: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
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
        if not (len(betas) == 2 and all(0 <= beta < 1 for beta in betas)):
            raise CutawayError(f"betas are how much of two memories stays, each at least 0 and below 1, not {betas}.")
        if not eps >= 0:
            raise CutawayError(f"eps keeps calm ground from dividing by zero and must be at least 0, not {eps}.")
        self.betas, self.eps = (float(betas[0]), float(betas[1])), eps

    def prepare(self, tape: Tape, alpha: Tensor, count: str, dtype: Any) -> tuple[Tensor, Tensor]:
        """Alpha and eps with the emptiness of young memories made up for."""
        if count not in tape.carry:
            tape.carries(count, Memory(np.zeros((), np.int64), count) + 1)
        seen, (beta1, beta2) = tape[tape.carry[count]], self.betas
        root = filled(seen, keep=beta2, dtype=str(dtype)).sqrt()
        return alpha * (root / filled(seen, keep=beta1, dtype=str(dtype))), root * self.eps

    def rule(self, weight: Parameter, g: Tensor, group: Group) -> tuple[Tensor, dict[str, tuple[Memory, Tensor]]]:
        alpha, eps = group.shared
        base: Tensor = weight
        if group.decay is not None:
            if self.decoupled:
                base = weight * (1.0 - group.alpha * group.decay)
            else:
                g = g + weight * group.decay
        m, v = self.memory("m", weight), self.memory("v", weight)
        slope = ops.blend(m, g, keep=self.betas[0])
        shake = ops.blend(v, g * g, keep=self.betas[1])
        return ops.adaptive_step(base, slope, shake, alpha, eps), {"m": (m, slope), "v": (v, shake)}


class AdamW(Adam):
    """Adam whose pull towards zero does not pass through the memories.

    weight' = (1 - alpha weight_decay) weight - (Adam's step)

    alpha, betas, eps: as in Adam; weight_decay: 0.01 when not said.  Loshchilov and Hutter, 2019.

    >>> AdamW(alpha=0.001).weight_decay
    0.01
    """

    kind: ClassVar[str] = "adamw"
    decoupled: ClassVar[bool] = True

    def __init__(
        self,
        alpha: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        weight_decay: float = 0.01,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        average: float | None = None,
        groups: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        super().__init__(
            alpha,
            betas,
            eps,
            weight_decay=weight_decay,
            schedule=schedule,
            clip_norm=clip_norm,
            average=average,
            groups=groups,
        )
