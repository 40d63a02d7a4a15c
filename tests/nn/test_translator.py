"""A whole transformer, tokens to tokens, with one table of words for source, target and answer, also in a Run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, ops, optim
from cutaway.data import Dataset
from cutaway.engine import Tensor, check_grads

from .twins import agree, alike, same_in_use, train_side_by_side

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
T: Any = torch.nn

both = pytest.mark.parametrize("dtype", ["float64", "float32"])
WORDS, SOURCE, TARGET = 9, 5, 4


class Translator(nn.Module):
    """Sources and targets side by side, (N, 5 + 4) tokens, 0 is padding -> votes for every next word, (N, 4, 9)."""

    def __init__(self, dropout: float = 0.0) -> None:
        self.words = nn.Embedding(WORDS, 6)
        self.place = nn.PositionalEncoding(6, dropout)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 7, dropout, "gelu"), 2)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 7, dropout, norm_first=True), 2)
        self.head = nn.Linear(6, WORDS, bias=False)
        self.head.weight = self.words.weight

    def forward(self, tokens: Tensor) -> Tensor:
        source, target = tokens[:, :SOURCE], tokens[:, SOURCE:]
        gaps = ops.equal(source, 0)
        memory = self.encoder(self.place(self.words(source) * 6**0.5), src_key_padding_mask=gaps)
        said = self.place(self.words(target) * 6**0.5)
        y = self.decoder(said, memory, tgt_is_causal=True, memory_key_padding_mask=gaps)
        votes: Tensor = self.head(y)
        return votes


class TranslatorTwin(T.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.words = T.Embedding(WORDS, 6)
        layer = T.TransformerEncoderLayer(6, 2, 7, 0.0, "gelu", batch_first=True)
        self.encoder = T.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.decoder = T.TransformerDecoder(
            T.TransformerDecoderLayer(6, 2, 7, 0.0, norm_first=True, batch_first=True), 2
        )
        self.head = T.Linear(6, WORDS, bias=False)
        self.head.weight = self.words.weight

    def place(self, x: Any) -> Any:
        t, i = torch.arange(x.shape[1], dtype=x.dtype)[:, None], torch.arange(0, 6, 2, dtype=x.dtype)
        angles = t / 10000 ** (i / 6)
        return x + torch.stack([torch.sin(angles), torch.cos(angles)], -1).flatten(1)

    def forward(self, tokens: Any) -> Any:
        source, target = tokens[:, :SOURCE], tokens[:, SOURCE:]
        gaps = source == 0
        memory = self.encoder(self.place(self.words(source) * 6**0.5), src_key_padding_mask=gaps)
        later = torch.ones(TARGET, TARGET, dtype=torch.bool).triu(1)
        y = self.decoder(self.place(self.words(target) * 6**0.5), memory, tgt_mask=later, memory_key_padding_mask=gaps)
        return self.head(y)


def phrases(count: int, seed: int = 0) -> Any:
    """Sources of 1 to 5 words, targets that begin with word 1."""
    r = np.random.default_rng(seed)
    tokens = r.integers(1, WORDS, size=(count, SOURCE + TARGET))
    ends = r.integers(1, SOURCE + 1, size=count)
    tokens[:, :SOURCE][np.arange(SOURCE) >= ends[:, None]] = 0
    tokens[:, SOURCE] = 1
    return tokens


@both
def test_a_transformer_with_one_table_of_words(dtype: str) -> None:
    ours, twin = Translator(), TranslatorTwin()
    alike(ours, twin, dtype)
    assert list(ours.named_parameters()) == [name for name, _ in twin.named_parameters()]
    agree(ours, twin, dtype, [phrases(6)])
    agree(ours.eval(), twin.eval(), dtype, [phrases(3)])


def test_a_transformer_measured() -> None:
    net = Translator().to(np.float64)
    table = net.words.weight

    def votes(numbers: Tensor) -> Tensor:
        net.words.weight = net.head.weight = numbers
        try:
            return net(Tensor(phrases(2)))
        finally:
            net.words.weight = net.head.weight = table

    assert check_grads(votes, [table.data]) < 1e-6


def following(votes: Tensor, words: Tensor) -> Tensor:
    """Every word of the target predicts the next; the padding is left out."""
    return ops.cross_entropy(votes.reshape(-1, WORDS), words.reshape(-1), ignore_index=0)


def following_in_torch(twin: Any, x: Any, y: Any) -> Any:
    return T.functional.cross_entropy(twin(x).reshape(-1, WORDS), y.reshape(-1), ignore_index=0)


def to_translate(count: int = 14) -> Dataset:
    x = phrases(count)
    y = np.concatenate([x[:, SOURCE + 1 :], x[:, :1]], axis=1)
    y[::3, -1] = 0
    return Dataset(x, y, tokens=True)


@both
def test_a_transformer_trains_in_a_run_as_in_torch_and_goes_back(dtype: str) -> None:
    """With SGD: the bias of the keys changes no attention, and Adam would blow up what rounding leaves of its slope."""
    sgd = optim.SGD(0.05, momentum=0.9)
    run = ct.Run(Translator().to(dtype), following, sgd, to_translate(), batch_size=4, seed=1, threads=1)
    twin = TranslatorTwin()
    theirs = torch.optim.SGD(twin.parameters(), lr=0.05, momentum=0.9)
    train_side_by_side(run, twin, following_in_torch, theirs, 9, dtype)
    if dtype == "float32":
        same_in_use(run, twin, phrases(5, seed=3), lambda net, x: net(x))


def test_a_transformer_with_dropout_goes_back_to_the_bit() -> None:
    run = ct.Run(Translator(0.2), following, optim.Adam(0.01), to_translate(), batch_size=4, seed=1, threads=1)
    states = []
    for _ in range(6):
        run.step("batch")
        states.append({name: array.tobytes() for name, array in run.state.items()})
    run.back(4)
    assert {name: array.tobytes() for name, array in run.state.items()} == states[1]
    run.at(6)
    assert {name: array.tobytes() for name, array in run.state.items()} == states[-1]
    losses = [float(r[0]) for r in run.results]
    run.train(epochs=30, progress=False)
    assert run.evaluate(run.data)["loss"] < losses[0] / 2
