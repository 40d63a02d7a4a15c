"""gensim: Word2Vec with its compiled inner loop and so many worker threads, on the same words in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec
from safetensors.numpy import load_file

from ..workload import Workload
from ..workloads.skipgram import BATCHES, NOISE, REACH, STEP, STRIP, STRIPS, VOCABULARY, WIDTH, surprise
from .side import Side

__all__ = ["Gensim"]

SENTENCE = 4 * STRIPS * STRIP  # words; of four steps


class Gensim(Side):
    """A step is as many words as in a step of ours; they are trained as whole sentences when enough are due."""

    def __init__(self, workload: Workload, path: Path, cores: int, how: str = "") -> None:
        self.how = f"{cores} workers"
        x = load_file(path)["x"]
        self.data = x.nbytes
        self._words = workload.words(x)
        names = [str(word) for word in range(VOCABULARY)]
        starts = range(0, len(self._words) - SENTENCE + 1, SENTENCE)
        self._sentences = [[names[word] for word in self._words[k : k + SENTENCE]] for k in starts]
        self._model = Word2Vec(
            vector_size=WIDTH, sg=1, hs=0, negative=NOISE, window=REACH, sample=0, min_count=1, workers=cores, seed=1
        )
        self._model.build_vocab(self._sentences)
        self._due = self._done = 0

    def train(self, steps: int) -> None:
        self._due += steps
        while self._due >= 4:
            begin = self._done % len(self._sentences)
            some = self._sentences[begin : begin + self._due // 4]
            end = self._done + len(some)
            self._model.train(
                some,
                total_examples=len(some),
                epochs=1,
                start_alpha=self._alpha(self._done),
                end_alpha=self._alpha(end),
            )
            self._done, self._due = end, self._due - 4 * len(some)

    def _alpha(self, sentences: int) -> float:
        """Straight down from the first step length to nearly nothing after a million words, as gensim does."""
        return max(1e-4, STEP * (1 - sentences * 4 / BATCHES))

    def losses(self) -> Sequence[float]:
        return [0.0]  # it does not look at them

    def quality(self) -> float:
        words, contexts = (np.zeros((VOCABULARY, WIDTH), np.float32) for _ in range(2))
        for name, row in self._model.wv.key_to_index.items():
            words[int(name)], contexts[int(name)] = self._model.wv.vectors[row], self._model.syn1neg[row]
        return surprise(words, contexts, self._words)
