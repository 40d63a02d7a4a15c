"""The workloads, each on a page: data, the network in both libraries, nothing else."""

from __future__ import annotations

from ..workload import Workload
from .atari import Atari, AtariLook8, AtariLook32
from .characters import CharacterGRU, CharacterLSTM
from .convolution import Convolution
from .perceptron import Perceptron
from .resnet import ResNet20
from .skipgram import SkipGram
from .speech import Speech
from .tiny import Tiny
from .transformer import Transformer

__all__ = ["WORKLOADS"]

WORKLOADS: dict[str, Workload] = {
    kind.name: kind()
    for kind in (
        Tiny,
        Perceptron,
        Convolution,
        ResNet20,
        CharacterLSTM,
        CharacterGRU,
        Transformer,
        SkipGram,
        Atari,
        AtariLook8,
        AtariLook32,
        Speech,
    )
}
