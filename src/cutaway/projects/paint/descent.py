"""Gradient descent that stays on the palette: after every step a colour is between black and white.

Without this a third of the pixels soon lie far beyond what a file can hold, and the picture that the eye was content
with is not the one that is kept.
"""

from __future__ import annotations

from typing import ClassVar

from cutaway import optim
from cutaway.engine import Parameter, Tensor, ops
from cutaway.optim.optimizer import Group, Memory

__all__ = ["PaletteAdam", "Within"]


class Within(optim.Optimizer):
    """What is laid over an optimizer: pixel' = clip(pixel after its step, 0, 1)."""

    kind: ClassVar[str] = "within"

    def rule(self, weight: Parameter, g: Tensor, group: Group) -> tuple[Tensor, dict[str, tuple[Memory, Tensor]]]:
        new, memories = super().rule(weight, g, group)
        return ops.clip(new, low=0.0, high=1.0), memories


class PaletteAdam(Within, optim.Adam):
    """Adam for pixels.

    >>> PaletteAdam(0.05)
    PaletteAdam(alpha=0.05, betas=(0.9, 0.999), eps=1e-08)
    """

    kind: ClassVar[str] = "palette adam"
