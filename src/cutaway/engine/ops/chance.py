"""Chance on the tape: a pure function of (seed, site, step, number of the example), drawn again whenever it is read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import rng
from ..errors import CutawayError, ShapeError
from ..op import Op, Shape
from ..sample import Sample, given, normal
from .broadcast import one_number


class DropoutMask(Op):
    """A roll call at which everyone is ill with the same chance; those who came each work a little more.

    y = 0 with chance p, else 1 / (1 - p)

    x: who is called, one example a row, (N, ...)
    step: the number of the batch
    first: the number of the first example of x within the batch
    y: the roll: 0 for the absent
    p: the chance of being absent
    seed, site: which draw it is: the seed of the run and the place in the network

    Srivastava and others, "Dropout", 2014. The same seed, site, step and example always give the same roll, so a
    batch can be replayed; no gradient flows to x, which gives only its shape.

    Use it through nn.Dropout, when a network knows its training examples by heart.

    >>> roll = dropout_mask(Tensor([[1.0] * 8]), Tensor(3), Tensor(0), p=0.5, seed=0, site=0)
    >>> sorted(set(roll.numpy().ravel().tolist()))
    [0.0, 2.0]
    """

    torch = "torch.nn.functional.dropout"
    whole = (1, 2)
    takes = "f"
    samples = (Sample(normal(3, 4), given(np.asarray(5)), given(np.asarray(0)), p=0.4, seed=1, site=2),)

    @staticmethod
    def forward(x: Any, step: Any, first: Any, p: float, seed: int, site: int) -> Any:
        size = math.prod(x.shape[1:])
        drawn = rng.bits(seed, site, int(step), len(x), size, int(first))
        came = drawn >= np.uint32(min(round(p * 2**32), 2**32 - 1))
        return came.reshape(x.shape) * x.dtype.type(1 / (1 - p))

    @staticmethod
    def verify(x: Any, step: Any, first: Any, p: float, seed: int, site: int) -> None:
        if step < 0 or first < 0:
            raise CutawayError(f"dropout_mask: batches and examples count from 0; step={step}, first={first}.")

    @staticmethod
    def shape(x: Shape, step: Shape, first: Shape, p: float, seed: int, site: int) -> Shape:
        if not 0 <= p < 1:
            raise CutawayError(
                f"dropout_mask: p is a chance from 0 up to, but not with, 1 (then nobody comes); it is {p}."
            )
        one_number("dropout_mask", step=step, first=first)
        if not x:
            raise ShapeError("dropout_mask: x is one number, but it must have one example a row. Try x.reshape(1, 1).")
        return x


dropout_mask = DropoutMask()
