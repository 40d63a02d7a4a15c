"""Cutaway: deep learning with the cover off.

A training step is a list of small steps; everything Cutaway does is done to that list. Start with `ct.Run`.
"""

from . import data, engine, nn, optim, training
from .engine import Tape, Tensor, backward, check_grads, grad, ops
from .nn import Parameter
from .training import Run

__version__ = "0.1.0"

__all__ = [
    "Parameter",
    "Run",
    "Tape",
    "Tensor",
    "__version__",
    "backward",
    "check_grads",
    "data",
    "engine",
    "grad",
    "nn",
    "ops",
    "optim",
    "training",
]
