"""Cutaway: deep learning with the cover off."""

from . import engine
from .engine import Parameter, Tape, Tensor, backward, grad, ops

__all__ = ["Parameter", "Tape", "Tensor", "backward", "engine", "grad", "ops"]
