"""Planned kernels: the fast twins of the readable forwards, each on its own screen with its reason.

They register themselves by name: importing this package makes them known.
"""

from . import arrange, chain, convolution, ctc, elementwise, gru, linear, lstm, misses, pooling, reduction, resize, rows

__all__ = [
    "arrange",
    "chain",
    "convolution",
    "ctc",
    "elementwise",
    "gru",
    "linear",
    "lstm",
    "misses",
    "pooling",
    "reduction",
    "resize",
    "rows",
]
