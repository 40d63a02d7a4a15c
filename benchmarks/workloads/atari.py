"""8: the network that learned to play Atari (Mnih and others, 2015): a training step, and looking at a few screens.

The answers of a training step are the move that was made and what it was worth. A look is `run.predict(frames)`, as one
who lets the trained network play would type it; with PyTorch it is the network in eval mode under inference_mode.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import Parts, Workload

MOVES = 6


def network(nn: Any) -> Any:
    """The same words in both libraries."""
    return nn.Sequential(
        nn.Conv2d(4, 32, 8, stride=4),
        nn.ReLU(),
        nn.Conv2d(32, 64, 4, stride=2),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(3136, 512),
        nn.ReLU(),
        nn.Linear(512, MOVES),
    )


def loss(nn: Any) -> Any:
    """How far the value of the move made is from what it was worth; the same words in both libraries."""
    miss = nn.SmoothL1Loss()
    return lambda values, y: miss(values.gather(1, y[:, :1].long()), y[:, 1:])


class Atari(Workload):
    """Random screens."""

    name, title = "atari", "Atari network (DQN) on 84x84x4, batch 32"
    batch_size, batches, images = 32, 16, True

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        frames = random.random((count, 4, 84, 84), np.float32)
        moves, worth = random.integers(0, MOVES, (count, 1)), random.normal(size=(count, 1))
        return frames, np.concatenate([moves, worth], axis=1).astype(np.float32)

    def cutaway(self) -> Parts:
        from cutaway import nn, optim

        return Parts(network(nn), loss(nn), optim.Adam(1e-3))

    def torch(self) -> Parts:
        from torch import nn, optim

        return Parts(network(nn), loss(nn), lambda p, **how: optim.Adam(p, lr=1e-3, **how))


class AtariLook8(Atari):
    """Which move, on 8 screens at once?"""

    name, title = "atari-8", "the same, inference of 8 frames"
    batch_size, batches, inference, step = 8, 1, True, "inference"


class AtariLook32(Atari):
    """Which move, on 32 screens at once?"""

    name, title = "atari-32", "the same, inference of 32 frames"
    batch_size, batches, inference, step = 32, 1, True, "inference"
