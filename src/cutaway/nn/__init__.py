"""Layers: trees of parameters and functions written with operations. One small file a family.

module (the base: names, state, modes), parameter, init, container (Sequential, Flatten), linear, convolution
(Conv2d, MaxPool2d), norm, dropout, activation, loss, summary.
"""

from . import init
from .activation import LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from .container import Flatten, Sequential
from .convolution import Conv2d, MaxPool2d
from .dropout import Dropout
from .linear import Linear
from .loss import CrossEntropyLoss, MSELoss
from .module import Module, StateError
from .norm import BatchNorm2d
from .parameter import Buffer, Parameter

__all__ = [
    "BatchNorm2d",
    "Buffer",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "StateError",
    "Tanh",
    "init",
]
