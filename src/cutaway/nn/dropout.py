"""Dropout."""

from __future__ import annotations

from ..engine import Tape, Tensor, ops
from ..engine.errors import SettingError
from .module import Module

__all__ = ["Dropout"]


def chance(layer: str, p: float) -> float:
    """The chance of staying at home, checked."""
    if not 0 <= p < 1:
        raise SettingError(f"{layer}: the chance of staying at home must be at least 0 and below 1, not {p}.")
    return p


def dropped(x: Tensor, p: float, training: bool) -> Tensor:
    """x with some at home, in training; for layers that drop something inside."""
    if not training or p == 0:
        return x
    tape = Tape.current()
    if tape is None:
        return x * ops.dropout_mask(x, Tensor(0), Tensor(0), p=p, seed=0, site=0)
    roll = ops.dropout_mask(x, tape.counter("step"), tape.counter("first"), p=p, seed=tape.seed, site=tape.site())
    return x * roll


class Dropout(Module):
    """In training, a few at random stay at home, so that nobody becomes indispensable; in eval() all come.

    y = x * roll, where roll is 0 with chance p and else 1 / (1 - p)

    p: the chance of staying at home
    x, y: any shape

    Who stays at home is a pure function of (seed of the run, this layer, number of the batch, number of the example).
    A loop written by hand says which batch it is: ``with ct.Tape(step=k):``.  Srivastava and others, 2014.

    >>> Dropout(0.5).eval()(Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = chance("Dropout", p)

    def forward(self, x: Tensor) -> Tensor:
        return dropped(x, self.p, self.training)

    def describe(self) -> str:
        return f"{self.p}"
