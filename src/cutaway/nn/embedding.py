"""Words as rows of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor, ops
from ..engine.errors import CutawayError
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """A dictionary that tells each word as a row of numbers, and is learned.

    y[i] = weight[x[i]]

    num_embeddings: how many words; embedding_dim: how many numbers tell one
    padding_idx: the word that only fills gaps: its row starts as zeros and never learns
    x (...): whole numbers from 0 -> y (..., embedding_dim); weight (num_embeddings, embedding_dim)

    The numbers start from the bell curve. To share them with a Linear (tied weights): linear.weight = embedding.weight.

    >>> layer = Embedding(5, 3)
    >>> layer(Tensor([[4, 0], [1, 1]])).shape
    (2, 2, 3)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        if num_embeddings < 1 or embedding_dim < 1:
            raise CutawayError(f"Embedding: there is no table of {num_embeddings} words by {embedding_dim} numbers.")
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise CutawayError(f"Embedding: padding_idx={padding_idx} is none of the {num_embeddings} words.")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = Parameter(init.normal(1.0)._replace(gap=self.padding_idx), (num_embeddings, embedding_dim))

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None) -> Embedding:
        """A dictionary that is known already, (words, numbers); frozen, it does not learn.

        >>> Embedding.from_pretrained(np.eye(3))(Tensor([2]))
        Tensor([[0., 0., 1.]])
        """
        table = np.array(embeddings, np.float32)
        words, numbers = table.shape
        layer = cls(words, numbers, padding_idx)
        layer.weight.data = table
        layer.weight.requires_grad = not freeze
        return layer

    def forward(self, x: Tensor) -> Tensor:
        how = {} if self.padding_idx is None else {"padding_idx": self.padding_idx}
        return ops.embedding(x, self.weight, **how)

    def describe(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
