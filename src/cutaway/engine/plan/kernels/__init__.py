"""Planned kernels: the fast twins of the readable forwards, each on its own screen with its reason.

They register themselves by name: importing this package makes them known.
"""

from . import (
    arrange,
    attention,
    chain,
    classes,
    convolution,
    ctc,
    elementwise,
    gru,
    linear,
    lstm,
    misses,
    pasting,
    pooling,
    reduction,
    resize,
    rows,
)

__all__ = [
    "arrange",
    "attention",
    "chain",
    "classes",
    "convolution",
    "ctc",
    "elementwise",
    "gru",
    "linear",
    "lstm",
    "misses",
    "pasting",
    "pooling",
    "reduction",
    "resize",
    "rows",
]
