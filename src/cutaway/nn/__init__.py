"""Layers: trees of parameters and functions written with operations. One small file a family.

module (the base: names, state, modes), parameter, init, container (Sequential, Flatten), linear, convolution
(Conv2d, MaxPool2d), norm, dropout, activation, loss, summary.
"""

from . import init
from .activation import ELU, GELU, Hardtanh, LeakyReLU, LogSoftmax, ReLU, ReLU6, Sigmoid, SiLU, Softmax, Softplus, Tanh
from .container import Flatten, Sequential
from .convolution import Conv2d, MaxPool2d
from .dropout import Dropout
from .linear import Linear
from .loss import CrossEntropyLoss, MSELoss
from .module import Module, StateError
from .norm import BatchNorm2d
from .parameter import Buffer, Parameter

__all__ = [
    "ELU",
    "GELU",
    "BatchNorm2d",
    "Buffer",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Hardtanh",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "Parameter",
    "ReLU",
    "ReLU6",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "StateError",
    "Tanh",
    "init",
]
