"""7: word vectors by skip-gram with negative sampling (Mikolov and others, 2013), against gensim on the same text.

Of every pair of words at most 5 apart (less, by chance, for each word) the vector of the one is taught to say the
other, and not to say 5 words drawn at random. An example is a strip of 32 words with 5 to each side; its noise words,
drawn anew for every batch by an augmentation, are shared by the 32 and weighed so that each pair meets 5 on average.
All updates of a batch are made at once, so batches are small: in 384 words the most frequent one stands 33 times. In
2,048 it stands 180 times, and the sum of so many steps in one direction overshoots; that diverges.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import Parts, Workload

VOCABULARY, WIDTH, REACH, NOISE = 50_000, 100, 5, 5
STRIP, SEEN = 32, 32 + 2 * REACH
STRIPS, BATCHES = 12, 2604  # a million words
STEP = 0.025


def text(count: int, random: np.random.Generator) -> Any:
    """Words by Zipf's law, rarer ones often belonging to the topic of their run of 20 words."""
    share = 1 / np.arange(1, VOCABULARY + 1)
    words = np.searchsorted(np.cumsum(share) / share.sum(), random.random(count)).clip(0, VOCABULARY - 1)
    topics = np.repeat(random.integers(0, 50, count // 20 + 1), 20)[:count]
    belongs = (random.random(count) < 0.5) & (words >= 200)
    return np.where(belongs, np.minimum(words // 50 * 50 + topics, VOCABULARY - 1), words).astype(np.int64)


def noise_shares(words: Any) -> Any:
    """How likely each word is drawn as noise: its count to the power 3/4, summed up to 1."""
    counts = np.cumsum(np.bincount(words, minlength=VOCABULARY) ** 0.75)
    return counts / counts[-1]


def surprise(words: Any, contexts: Any, learned_from: Any) -> float:
    """The mean loss of a pair and its 5 noise words in text that nobody has seen; 6 ln 2 = 4.16 is knowing nothing."""
    random = np.random.default_rng(9)
    unseen = text(120_000, random)
    here = random.integers(REACH, len(unseen) - REACH, 20_000)
    there = here + random.integers(1, REACH + 1, 20_000) * random.choice([-1, 1], 20_000)
    noise = np.searchsorted(noise_shares(learned_from), random.random((20_000, NOISE))).clip(0, VOCABULARY - 1)
    near, far = words[unseen[there]], contexts[unseen[here]]
    yes = np.einsum("nd,nd->n", near, far)
    no = np.einsum("nd,nkd->nk", near, contexts[noise])
    return float((np.logaddexp(0, -yes) + np.logaddexp(0, no).sum(1)).mean())


class SkipGram(Workload):
    """A million words of made-up text."""

    name, title = "skipgram", "skip-gram, 100 dimensions, 50,000 words, per 1,000 words"
    batch_size, batches, tokens = STRIPS, BATCHES, True
    peers = ("gensim",)
    step, amount = "1,000 words", STRIPS * STRIP / 1000
    judged = True

    def data(self, count: int, random: np.random.Generator) -> tuple[Any, Any]:
        """Strips with their margins, (count, 42); how far each of their 32 words reaches, (count, 32)."""
        words = text(count * STRIP + 2 * REACH, random)
        strips = np.lib.stride_tricks.sliding_window_view(words, SEEN)[::STRIP]
        return np.ascontiguousarray(strips), random.integers(1, REACH + 1, (count, STRIP))

    def words(self, x: Any) -> Any:
        """The text again, without what strips have in common."""
        return x[:, REACH:-REACH].reshape(-1)

    def quality(self, state: Any, x: Any) -> float:
        return surprise(state["words.weight"], state["contexts.weight"], self.words(x))

    def augment(self, x: Any) -> list[Any]:
        from cutaway.engine import rng

        places = (np.arange(1 << 20) + 0.5) / (1 << 20)
        table = np.searchsorted(noise_shares(self.words(x)), places).clip(0, VOCABULARY - 1)
        site = rng.site_of("noise words")

        def add_noise(x: Any, seed: int, step: int, first: int = 0) -> Any:
            drawn = rng.bits(seed, site, step, len(x), STRIP, first) >> np.uint32(12)
            return np.concatenate([x, table[drawn]], axis=1)

        return [add_noise]

    def cutaway(self) -> Parts:
        from cutaway import Tensor, nn, ops, optim
        from cutaway.nn import init

        apart = np.abs(np.arange(STRIP)[:, None] + REACH - np.arange(SEEN))
        apart[apart == 0] = SEEN  # a word is not its own neighbour
        distance = Tensor(apart)

        class WordVectors(nn.Module):
            def __init__(self) -> None:
                self.words = nn.Embedding(VOCABULARY, WIDTH)
                self.contexts = nn.Embedding(VOCABULARY, WIDTH)
                self.words.weight.start(init.uniform(0.5 / WIDTH))
                self.contexts.weight.start(init.zeros())

            def forward(self, x: Tensor) -> Any:
                """(N, 42 + 32) -> how well every word goes with the 42 it sees and with the 32 of the noise."""
                here = self.words(x[:, REACH : REACH + STRIP])
                return ops.matmul(here, self.contexts(x), flip_w=True)

        def loss(votes: Tensor, reach: Tensor) -> Any:
            near = ops.cast(ops.less_equal(distance, reach.unsqueeze(-1)), to="float32")
            pairs = near.sum(-1, keepdim=True)
            yes = ops.softplus(-votes[..., :SEEN]) * near
            no = ops.softplus(votes[..., SEEN:]) * (pairs * (NOISE / STRIP))
            return yes.sum() + no.sum()

        schedule = optim.Cosine(BATCHES, floor=0.004)
        return Parts(WordVectors(), loss, optim.SGD(STEP, schedule=schedule))
