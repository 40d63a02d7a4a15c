"""How much arithmetic a step is, and how much of it this machine can do at best."""

from __future__ import annotations

import math
from functools import cache
from time import perf_counter

import numpy as np

from ..tape import Step
from .program import Program

__all__ = ["flops", "peak"]


def flops(step: Step, program: Program) -> int:
    """Multiplications and additions of a step's definition, however few its kernel gets by with.

    matmul 2 M K N; conv2d 2 N Ho Wo O C kh kw; a recurrence 2 N T G H; anything else one for each number it makes.
    """
    shapes = [program.shape(slot) for slot in step.inputs]
    made, name = math.prod(program.shape(step.output)), step.op.name
    if name == "matmul":
        return 2 * made * shapes[0][-2 if step.attrs.get("flip_x") else -1]
    if name in ("conv2d", "conv2d_x", "conv2d_w"):
        places, stencils = {"conv2d": (made, shapes[1]), "conv2d_x": (math.prod(shapes[0]), shapes[1])}.get(
            name, (math.prod(shapes[1]), program.shape(step.output))
        )
        return 2 * places * math.prod(stencils[1:])
    if name in ("lstm", "gru", "rnn"):
        n, t, _ = shapes[0]
        return 2 * n * t * math.prod(shapes[{"lstm": 3}.get(name, 2)])
    if name in ("lstm_back", "gru_back", "rnn_back"):
        n, t, _ = shapes[0]
        return 2 * n * t * math.prod(shapes[{"lstm_back": 5, "gru_back": 4}.get(name, 2)])
    return 0 if step.op.kind == "view" else made


@cache
def peak(size: int = 512, seconds: float = 0.05) -> float:
    """The most products and sums a second that one core of this machine was seen to do here, in GFLOP/s.

    >>> peak() > 0.1
    True
    """
    a = np.ones((size, size), np.float32)
    out = a @ a
    best, until = math.inf, perf_counter() + seconds
    while perf_counter() < until:
        start = perf_counter()
        np.matmul(a, a, out)
        best = min(best, perf_counter() - start)
    return 2 * size**3 / best / 1e9
