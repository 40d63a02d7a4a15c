"""Muon: a table of weights is pushed equally hard in all its directions."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ..engine import Op, Parameter, Tape, Tensor, ops
from ..engine.backward import through
from ..engine.errors import CutawayError, ShapeError, boxes
from ..engine.op import Shape
from ..engine.sample import Sample, normal
from .adam import AdamW
from .optimizer import Group, Memory
from .schedules import Schedule

__all__ = ["Muon"]

_A, _B, _C = 3.4445, -4.7750, 2.0315  # Jordan's, chosen to lift small directions fast


class Orthogonal(Op):
    """A choir director: loud voices are held back and faint ones lifted, until all are about equally loud, and nobody
    sings another tune.

    y = p(p(... p(x / |x|))), p(z) = a z + b (z z^T) z + c (z z^T)^2 z, with a, b, c = 3.4445, -4.775, 2.0315

    x: a table; its voices are its singular directions, their loudness the singular values
    y: the same directions, with singular values between about 0.7 and 1.2
    steps: how often p is applied, 5 when not said

    Use it inside Muon. It never finds y = U V^T exactly, which does not matter there, and needs only products.

    Jordan and others, "Muon: an optimizer for hidden layers in neural networks", 2024; the iteration is Newton and
    Schulz's.

    >>> y = orthogonal(Tensor([[3.0, 0.0], [0.0, 0.01]]), steps=8)
    >>> bool((0.6 < np.diag(y.numpy())).all() and (np.diag(y.numpy()) < 1.3).all())
    True
    """

    takes = "f"
    samples = (
        Sample(normal(2, 3), steps=1),
        Sample(normal(3, 2), steps=2),
        Sample(normal(2, 2), steps=1),
    )

    @staticmethod
    def forward(x: Any, steps: int = 5) -> Any:
        tall = x.shape[0] > x.shape[1]
        z = x.T if tall else x
        z = z / (np.sqrt((z * z).sum()) or z.dtype.type(1))  # a table of zeros stays one
        for _ in range(steps):
            square = z @ z.T
            z = z * _A + (square * _B + square @ square * _C) @ z
        return z.T if tall else z

    @staticmethod
    def backward(grad: Any, output: Any, *inputs: Any, **attrs: Any) -> list[Tensor | None]:
        return through(Orthogonal.written, grad, inputs, **attrs)

    @staticmethod
    def written(x: Tensor, steps: int = 5) -> Tensor:
        tall = x.shape[0] > x.shape[1]
        z = x.T if tall else x
        length = ops.vector_norm(z)
        z = z / ops.where(ops.equal(length, 0.0), 1.0, length)
        for _ in range(steps):
            square = ops.matmul(z, z, flip_w=True)
            z = z * _A + ops.matmul(square * _B + ops.matmul(square, square) * _C, z)
        return z.T if tall else z

    @staticmethod
    def shape(x: Shape, steps: int = 5) -> Shape:
        if len(x) != 2 or 0 in x:
            raise ShapeError(f"orthogonal: x must be a table (rows and columns), not empty.\n{boxes({'x': x})}")
        return x


orthogonal = Orthogonal()


class Muon(AdamW):
    """For hidden tables of weights: a heavy ball whose pushes are made equally strong in all directions of the table.

    velocity' = momentum velocity + (1 - momentum) g
    push = orthogonal(momentum velocity' + (1 - momentum) g)          (without nesterov: orthogonal(velocity'))
    weight' = (1 - alpha weight_decay) weight - alpha sqrt(max(1, rows / columns)) push

    alpha: the length of a step for tables; momentum: how much of the speed stays; nesterov: look ahead
    steps: of the iteration that makes the pushes equal
    others: names of tables that are no hidden layer ("0.*", "*.embedding.*"); they, biases and all other weights that
        are no table are left to AdamW, with adam_alpha, betas and eps
    The window of a convolution counts as one row an output. Put the embedding and the last layer among the others.
    The rest: see Optimizer (a group's alpha is the one for tables).  Jordan and others, 2024.

    >>> Muon(alpha=0.02, others=["4.*"]).others
    ('4.*',)
    """

    kind: ClassVar[str] = "muon"

    def __init__(
        self,
        alpha: float = 0.02,
        momentum: float = 0.95,
        nesterov: bool = True,
        steps: int = 5,
        *,
        others: Sequence[str] = (),
        adam_alpha: float = 3e-4,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
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
        if not 0 <= momentum < 1:
            raise CutawayError(f"momentum is how much of the speed stays, at least 0 and below 1, not {momentum}.")
        if not steps >= 1:
            raise CutawayError(f"steps is how often the pushes are made more equal, at least 1, not {steps}.")
        if not adam_alpha > 0:
            raise CutawayError(f"adam_alpha is the length of AdamW's steps and must be above 0, not {adam_alpha}.")
        if isinstance(others, str):
            raise CutawayError(f"others is a list of names: others=[{others!r}].")
        self.momentum, self.nesterov, self.steps = momentum, nesterov, steps
        self.others, self.adam_alpha = tuple(others), adam_alpha

    def prepare(self, tape: Tape, alpha: Tensor, count: str, dtype: Any) -> Any:
        """AdamW's alpha, which goes up and down with that of the tables, and what AdamW prepares from it."""
        small = alpha * (self.adam_alpha / self.alpha)
        return small, super().prepare(tape, small, count, dtype)

    def rule(self, weight: Parameter, g: Tensor, group: Group) -> tuple[Tensor, dict[str, tuple[Memory, Tensor]]]:
        if weight.ndim < 2 or any(fnmatch.fnmatchcase(weight.name, pattern) for pattern in self.others):
            small, shared = group.shared
            return super().rule(weight, g, Group(small, group.decay, shared))
        velocity = self.memory("velocity", weight)
        new = ops.blend(velocity, g, keep=self.momentum)
        push = ops.blend(new, g, keep=self.momentum) if self.nesterov else new
        rows, columns = weight.shape[0], weight.numel() // weight.shape[0]
        table = push.reshape(rows, columns) if weight.ndim > 2 else push
        push = orthogonal(table, steps=self.steps)
        push = push.reshape(*weight.shape) if weight.ndim > 2 else push
        base = weight if group.decay is None else weight * (1.0 - group.alpha * group.decay)
        return base - push * (group.alpha * math.sqrt(max(1.0, rows / columns))), {"velocity": (velocity, new)}
