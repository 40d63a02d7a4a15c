"""9: what was said? Two convolutions over time, an LSTM in both directions, and CTC, on 300 moments of 80 tones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workload import Parts, Workload

MOMENTS, TONES, UNITS, LETTERS, SAID = 300, 80, 128, 29, 30


def network(nn: Any) -> Any:
    """The same words in both libraries."""

    class Listener(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv1d(TONES, UNITS, 5, stride=2, padding=2)
            self.conv2 = nn.Conv1d(UNITS, UNITS, 5, padding=2)
            self.relu = nn.ReLU()
            self.memory = nn.LSTM(UNITS, UNITS, batch_first=True, bidirectional=True)
            self.out = nn.Linear(2 * UNITS, LETTERS)

        def forward(self, x: Any) -> Any:
            h = self.relu(self.conv1(x.permute(0, 2, 1)))
            h = self.relu(self.conv2(h)).permute(0, 2, 1)
            thoughts, _ = self.memory(h)
            return self.out(thoughts)

    return Listener()


def log_shares(votes: Any) -> Any:
    """What CTC wants, (T, N, letters)."""
    return votes.log_softmax(-1).permute(1, 0, 2)


class Speech(Workload):
    """Random sounds and letters."""

    name, title = "speech", "conv + BiLSTM + CTC, 80 mel x 300 frames, batch 8"
    batch_size, batches = 8, 16

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        sounds = random.normal(size=(count, MOMENTS, TONES)).astype(np.float32)
        return sounds, random.integers(1, LETTERS, (count, SAID))

    def cutaway(self) -> Parts:
        from cutaway import nn, optim

        surprise = nn.CTCLoss()
        return Parts(network(nn), lambda votes, text: surprise(log_shares(votes), text.long()), optim.Adam(1e-3))

    def torch(self) -> Parts:
        import torch
        from torch import nn, optim

        surprise: Callable[..., Any] = nn.CTCLoss()

        def loss(votes: Any, text: Any) -> Any:
            moments, letters = (torch.full((len(text),), n, dtype=torch.long) for n in (MOMENTS // 2, SAID))
            return surprise(log_shares(votes), text, moments, letters)

        return Parts(network(nn), loss, lambda p, **how: optim.Adam(p, lr=1e-3, **how))
