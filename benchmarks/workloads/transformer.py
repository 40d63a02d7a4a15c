"""6: which letter comes next? Four blocks of a transformer look at 128 letters at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workload import Parts, Workload

LETTERS, WIDTH, HEADS, BLOCKS, LENGTH = 65, 128, 4, 4, 128


def network(nn: Any, attention: Callable[[Any, Any, Any], Any]) -> Any:
    """The same words in both libraries; attention takes questions, keys and values, (N, heads, T, E)."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(WIDTH)
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
            self.heard = nn.Linear(WIDTH, WIDTH)
            self.norm2 = nn.LayerNorm(WIDTH)
            self.wide = nn.Linear(WIDTH, 4 * WIDTH)
            self.gelu = nn.GELU(approximate="tanh")
            self.narrow = nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x: Any) -> Any:
            n, t, _ = x.shape
            qkv = self.qkv(self.norm1(x)).reshape(n, t, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
            heard = attention(qkv[0], qkv[1], qkv[2]).permute(0, 2, 1, 3).reshape(n, t, WIDTH)
            x = x + self.heard(heard)
            return x + self.narrow(self.gelu(self.wide(self.norm2(x))))

    class Letters(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(LETTERS, WIDTH)
            self.places = nn.Embedding(LENGTH, WIDTH)
            self.blocks = nn.Sequential(*[Block() for _ in range(BLOCKS)])
            self.norm = nn.LayerNorm(WIDTH)
            self.out = nn.Linear(WIDTH, LETTERS)

        def forward(self, x: Any) -> Any:
            return self.out(self.norm(self.blocks(self.embed(x) + self.places.weight)))

    return Letters()


def loss(nn: Any) -> Any:
    """Cross entropy over all letters of all texts; the same words in both libraries."""
    surprise = nn.CrossEntropyLoss()
    return lambda votes, answers: surprise(votes.reshape(-1, LETTERS), answers.reshape(-1))


class Transformer(Workload):
    """Random letters."""

    name, title = "transformer", "transformer, 4 layers, d 128, 4 heads, context 128, batch 16"
    batch_size, tokens = 16, True

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        text = random.integers(0, LETTERS, (count, LENGTH + 1))
        return text[:, :-1], text[:, 1:]

    def cutaway(self) -> Parts:
        from cutaway import nn, ops, optim

        def attention(q: Any, k: Any, v: Any) -> Any:
            return ops.attention(q, k, v, causal=True)

        return Parts(network(nn, attention), loss(nn), optim.Adam(1e-3))

    def torch(self) -> Parts:
        from torch import nn, optim

        def attention(q: Any, k: Any, v: Any) -> Any:
            return nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)

        return Parts(network(nn, attention), loss(nn), lambda p, **how: optim.Adam(p, lr=1e-3, **how))
