"""Optimizers and schedules: they extend the tape by the update of every weight.

optimizer (what all share: groups, clipping, averaging), sgd, adam (Adam and AdamW), schedules.
"""

from .adam import Adam, AdamW
from .optimizer import Optimizer
from .schedules import Constant, Cosine, OneCycle, Schedule, StepDecay, WarmUp
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Constant", "Cosine", "OneCycle", "Optimizer", "Schedule", "StepDecay", "WarmUp"]
