"""The workloads, each on a page: data, the network in both libraries, nothing else."""

from __future__ import annotations

from ..workload import Workload
from .characters import CharacterGRU, CharacterLSTM
from .convolution import Convolution
from .perceptron import Perceptron
from .resnet import ResNet20
from .tiny import Tiny

__all__ = ["WORKLOADS"]

WORKLOADS: dict[str, Workload] = {
    kind.name: kind() for kind in (Tiny, Perceptron, Convolution, ResNet20, CharacterLSTM, CharacterGRU)
}
