"""Rules for the first numbers of a parameter: pure functions of (shape, seed, name)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..engine import rng

__all__ = ["Rule", "normal", "ones", "uniform", "zeros"]


class Rule(NamedTuple):
    """A kind of numbers and how wide they are spread.

    >>> uniform(0.5).draw((2, 2), seed=0, name="weight").shape
    (2, 2)
    """

    kind: str
    width: float

    def draw(self, shape: tuple[int, ...], seed: int, name: str) -> Any:
        """The numbers: the same for the same shape, seed and name."""
        size = math.prod(shape)
        if self.kind == "constant":
            return np.full(shape, self.width, np.float32)
        where = {"seed": seed, "site": rng.site_of(name), "step": 0, "count": 1, "size": size}
        if self.kind == "normal":
            return (rng.normal(**where)[0] * self.width).astype(np.float32).reshape(shape)
        return ((rng.uniform(**where)[0] * 2 - 1) * np.float32(self.width)).reshape(shape)


def uniform(width: float) -> Rule:
    """Spread evenly over [-width, width].

    >>> bool(abs(uniform(0.5).draw((100,), 0, "w")).max() <= 0.5)
    True
    """
    return Rule("uniform", width)


def normal(width: float) -> Rule:
    """From the bell curve with spread ``width``.

    >>> normal(0.01).draw((3,), 0, "w").dtype
    dtype('float32')
    """
    return Rule("normal", width)


def zeros() -> Rule:
    """All 0.

    >>> zeros().draw((2,), 0, "b").tolist()
    [0.0, 0.0]
    """
    return Rule("constant", 0.0)


def ones() -> Rule:
    """All 1.

    >>> ones().draw((2,), 0, "b").tolist()
    [1.0, 1.0]
    """
    return Rule("constant", 1.0)
