"""Rules for the first numbers of a parameter: pure functions of (shape, seed, name).

A layer of your own takes one, ``Parameter(init.xavier_normal(), (3, 4))``; another one for a layer that is there:
``layer.weight.start(init.kaiming_normal())``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..engine import rng
from ..engine.errors import CutawayError, ShapeError, boxes

__all__ = [
    "Rule", "constant", "gain", "kaiming_normal", "kaiming_uniform", "normal", "ones", "uniform", "xavier_normal",
    "xavier_uniform", "zeros",
]  # fmt: skip


class Rule(NamedTuple):
    """A kind of numbers and how wide they are spread.

    fan: "" where the width is the same for every shape; else it is divided by the square root of how many numbers meet
        in one sum: "in" on the way forward, "out" on the way back, "both" their average
    gap: the number of a row that starts as zeros

    >>> uniform(0.5).draw((2, 2), seed=0, name="weight").shape
    (2, 2)
    """

    kind: str
    width: float
    fan: str = ""
    gap: int | None = None

    def draw(self, shape: tuple[int, ...], seed: int, name: str) -> Any:
        """The numbers: the same for the same shape, seed and name."""
        numbers = self._all(shape, seed, name)
        if self.gap is not None:
            numbers[self.gap] = 0
        return numbers

    def _all(self, shape: tuple[int, ...], seed: int, name: str) -> Any:
        size = math.prod(shape)
        if self.kind == "constant":
            return np.full(shape, self.width, np.float32)
        width = self.width / math.sqrt(_fan(self.fan, shape)) if self.fan else self.width
        where = {"seed": seed, "site": rng.site_of(name), "step": 0, "count": 1, "size": size}
        if self.kind == "normal":
            return (rng.normal(**where)[0] * width).astype(np.float32).reshape(shape)
        return ((rng.uniform(**where)[0] * 2 - 1) * np.float32(width)).reshape(shape)


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


def constant(value: float) -> Rule:
    """All the same.

    >>> constant(0.5).draw((2,), 0, "b").tolist()
    [0.5, 0.5]
    """
    return Rule("constant", value)


def gain(nonlinearity: str, a: float = 0.0) -> float:
    """By how much the weights must be wider so that an activation after them leaves the spread as it was.

    nonlinearity: "linear", "sigmoid", "tanh", "relu", "leaky_relu" (whose slope below 0 is ``a``) or "selu"

    >>> round(gain("relu") ** 2, 6)
    2.0
    """
    gains = {
        "linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "leaky_relu": math.sqrt(2 / (1 + a * a)),
        "selu": 0.75,
    }  # fmt: skip
    if nonlinearity not in gains:
        raise CutawayError(f"gain: known are {', '.join(gains)}, but not {nonlinearity!r}.")
    return gains[nonlinearity]


def kaiming_uniform(a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Rule:
    """Spread evenly over plus and minus gain * sqrt(3 / fan): made for ReLU.

    fan = how many numbers meet in one sum: shape[1] * window with "fan_in", shape[0] * window with "fan_out"

    He and others, "Delving deep into rectifiers", 2015.

    >>> bool(abs(kaiming_uniform().draw((10, 6), 0, "w")).max() <= 1)
    True
    """
    return Rule("uniform", gain(nonlinearity, a) * math.sqrt(3), _side(mode))


def kaiming_normal(a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Rule:
    """From the bell curve with spread gain / sqrt(fan): made for ReLU. As kaiming_uniform else.

    >>> bool(0.9 < kaiming_normal().draw((500, 2), 0, "w").std() < 1.1)
    True
    """
    return Rule("normal", gain(nonlinearity, a), _side(mode))


def xavier_uniform(gain: float = 1.0) -> Rule:
    """Spread evenly over plus and minus gain * sqrt(6 / (fan_in + fan_out)): made for tanh and for attention.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.

    >>> bool(abs(xavier_uniform().draw((4, 2), 0, "w")).max() <= 1)
    True
    """
    return Rule("uniform", gain * math.sqrt(3), "both")


def xavier_normal(gain: float = 1.0) -> Rule:
    """From the bell curve with spread gain * sqrt(2 / (fan_in + fan_out)). As xavier_uniform else.

    >>> bool(0.09 < xavier_normal().draw((100, 100), 0, "w").std() < 0.11)
    True
    """
    return Rule("normal", gain, "both")


def _side(mode: str) -> str:
    if mode not in ("fan_in", "fan_out"):
        raise CutawayError(f"mode is 'fan_in' or 'fan_out', not {mode!r}.")
    return mode.removeprefix("fan_")


def _fan(side: str, shape: tuple[int, ...]) -> float:
    if len(shape) < 2 or 0 in shape:
        raise ShapeError(
            "kaiming and xavier count how many numbers meet in one sum, so they are for weights with two sides or "
            f"more, none of them 0.\n{boxes({'parameter': shape})}\n   Try: init.zeros() or init.uniform(0.1)."
        )
    window = math.prod(shape[2:])
    into, out = shape[1] * window, shape[0] * window
    return {"in": into, "out": out}.get(side, (into + out) / 2)
