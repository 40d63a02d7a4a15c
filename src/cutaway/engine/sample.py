"""Samples: small inputs on which an operation can be shown and checked.

Every operation lists a few (`samples = (Sample(normal(2, 3), normal(3, 4)), ...)`). They say what kind of
numbers fit; the numbers themselves are drawn from a seed when somebody wants them, so importing costs nothing.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from . import rng

__all__ = ["Draw", "Sample", "distinct", "given", "labels", "mask", "normal", "positive"]


class Draw(NamedTuple):
    """A rule for one array: its kind and shape."""

    kind: str
    shape: tuple[int, ...]
    extra: Any = None

    def array(self, seed: int, dtype: str = "float64") -> Any:
        """The array itself: the same seed gives the same numbers."""
        size = math.prod(self.shape)
        if self.kind == "given":
            return np.asarray(self.extra)
        if self.kind == "whole":
            return (rng.bits(seed, 0, 0, 1, size)[0] % self.extra).astype(np.int64).reshape(self.shape)
        if self.kind == "mask":
            return (rng.bits(seed, 0, 0, 1, size)[0] % 2).astype(bool).reshape(self.shape)
        if self.kind == "distinct":  # far enough apart that a nudge changes no order
            order = rng.permutation(seed, 0, 0, size)
            return ((order - size / 2 + 0.3) / 3.0).astype(dtype).reshape(self.shape)
        z = rng.normal(seed, 0, 0, 1, size)[0].reshape(self.shape)
        return (np.abs(z) + 0.5 if self.kind == "positive" else z).astype(dtype)


class Sample:
    """One call of an operation: a rule for each input, and its attributes."""

    def __init__(self, *draws: Draw, **attrs: Any) -> None:
        self.draws, self.attrs = draws, attrs

    def arrays(self, seed: int = 0, dtype: str = "float64") -> list[Any]:
        """The inputs, drawn from the seed."""
        return [draw.array(seed * 100 + k, dtype) for k, draw in enumerate(self.draws)]


def normal(*shape: int) -> Draw:
    """Numbers from the bell curve."""
    return Draw("normal", shape)


def positive(*shape: int) -> Draw:
    """Numbers of at least one half."""
    return Draw("positive", shape)


def distinct(*shape: int) -> Draw:
    """Numbers no two of which are close, for operations that compare."""
    return Draw("distinct", shape)


def labels(*shape: int, below: int) -> Draw:
    """Whole numbers from 0 to below - 1."""
    return Draw("whole", shape, below)


def given(value: Any) -> Draw:
    """This very value."""
    return Draw("given", np.shape(value), value)


def mask(*shape: int) -> Draw:
    """True or False."""
    return Draw("mask", shape)
