"""Planned kernels: the fast twins of the readable forwards, each on its own screen with its reason.

They register themselves by name: importing this package makes them known.
"""

from . import chain, elementwise, gru, linear, lstm, reduction

__all__ = ["chain", "elementwise", "gru", "linear", "lstm", "reduction"]
