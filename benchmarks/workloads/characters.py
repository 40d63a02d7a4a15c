"""5: which letter comes next? An LSTM of 256 units reads 64 letters at a time; and a GRU."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..workload import Parts, Workload

LETTERS, UNITS, LENGTH = 65, 256, 64


def network(nn: Any, kind: str) -> Any:
    """The same words in both libraries."""

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(LETTERS, UNITS)
            self.memory = getattr(nn, kind)(UNITS, UNITS, batch_first=True)
            self.out = nn.Linear(UNITS, LETTERS)

        def forward(self, x: Any) -> Any:
            thoughts, _ = self.memory(self.embed(x))
            return self.out(thoughts)

    return Reader()


def loss(nn: Any) -> Any:
    """Cross entropy over all letters of all texts; the same words in both libraries."""
    surprise = nn.CrossEntropyLoss()
    return lambda votes, answers: surprise(votes.reshape(-1, LETTERS), answers.reshape(-1))


class Characters(Workload):
    """Random letters."""

    batch_size, tokens = 32, True
    kind: ClassVar[str]

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        text = random.integers(0, LETTERS, (count, LENGTH + 1))
        return text[:, :-1], text[:, 1:]

    def cutaway(self) -> Parts:
        from cutaway import nn, optim

        return Parts(network(nn, self.kind), loss(nn), optim.Adam(1e-3))

    def torch(self) -> Parts:
        from torch import nn, optim

        return Parts(network(nn, self.kind), loss(nn), lambda p, **how: optim.Adam(p, lr=1e-3, **how))


class CharacterLSTM(Characters):
    """With an LSTM."""

    name, title, kind = "lstm", "LSTM 256, length 64, batch 32", "LSTM"


class CharacterGRU(Characters):
    """With a GRU."""

    name, title, kind = "gru", "GRU 256, length 64, batch 32", "GRU"
