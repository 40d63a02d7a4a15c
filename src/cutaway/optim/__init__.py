"""Optimizers and schedules: they extend the tape by the update of every weight.

optimizer (what all share: groups, clipping, averaging), sgd, adam (Adam and AdamW), rmsprop, muon, schedules.
"""

from .adam import Adam, AdamW
from .muon import Muon
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .schedules import Constant, Cosine, OneCycle, Schedule, StepDecay, WarmUp
from .sgd import SGD

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Muon",
    "OneCycle",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "StepDecay",
    "WarmUp",
]
