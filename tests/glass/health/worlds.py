"""Healthy small trainings of every kind, and sick ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import cutaway as ct
from cutaway import nn, optim
from cutaway.projects.digits.recipe import Recipe, new_run

Make = Callable[..., ct.Run]


# -- data ---------------------------------------------------------------------------------------------------------
def blobs(seed: int, count: int = 240, classes: int = 3, features: int = 5) -> tuple[Any, Any]:
    """Classes as clouds of points that overlap a little."""
    chance = np.random.default_rng(seed)
    y = chance.integers(0, classes, count)
    x = chance.normal(size=(count, features)) + 1.5 * chance.normal(size=(classes, features))[y]
    return x.astype(np.float32), y


def pictures(seed: int, count: int = 192) -> tuple[Any, Any]:
    """Bars that lie, stand, or lean."""
    chance = np.random.default_rng(seed)
    y = chance.integers(0, 3, count)
    x = 0.3 * chance.normal(size=(count, 1, 8, 8))
    for k, kind in enumerate(y):
        at = chance.integers(1, 7)
        if kind == 0:
            x[k, 0, at] += 1
        elif kind == 1:
            x[k, 0, :, at] += 1
        else:
            x[k, 0, range(8), range(8)] += 1
    return x.astype(np.float32), y


def curve(seed: int, count: int = 200, noise: float = 0.1) -> tuple[Any, Any]:
    """A smooth function of two numbers."""
    chance = np.random.default_rng(seed)
    x = chance.uniform(-2, 2, size=(count, 2)).astype(np.float32)
    y = np.sin(x[:, :1]) + 0.5 * x[:, 1:] + noise * chance.normal(size=(count, 1))
    return x, y.astype(np.float32)


def sequences(seed: int, count: int = 200) -> tuple[Any, Any]:
    """Is the sum of the first half larger than that of the second?"""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(count, 8, 3)).astype(np.float32)
    return x, (x[:, :4].sum(axis=(1, 2)) > x[:, 4:].sum(axis=(1, 2))).astype(int)


def words(seed: int, count: int = 240) -> Any:
    """Sentences of word numbers; two words say what kind they are of."""
    chance = np.random.default_rng(seed)
    x = chance.integers(4, 30, size=(count, 10))
    y = chance.integers(0, 3, count)
    x[np.arange(count), chance.integers(0, 10, count)] = y
    return ct.data.Dataset(x, y, tokens=True)


# -- networks of more than a row of layers --------------------------------------------------------------------------
class Last(nn.Module):
    """A recurrent network that answers at the end of the sequence."""

    def __init__(self, kind: Any) -> None:
        self.recurrent = kind(3, 12)
        self.head = nn.Linear(12, 2)

    def forward(self, x: Any) -> Any:
        return self.head(self.recurrent(x)[0][:, -1])


class Reader(nn.Module):
    """Word numbers -> embeddings -> transformer -> the mean -> classes."""

    def __init__(self) -> None:
        self.words = nn.Embedding(30, 16)
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1)
        self.head = nn.Linear(16, 3)

    def forward(self, x: Any) -> Any:
        return self.head(self.encoder(self.words(x)).mean(1))


class Bag(nn.Module):
    """The mean of embeddings, and a line."""

    def __init__(self) -> None:
        self.words = nn.Embedding(30, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return self.head(self.words(x).mean(1))


class Around(nn.Module):
    """Twelve layers with ways around them."""

    def __init__(self) -> None:
        self.first = nn.Linear(5, 12)
        self.inner = [nn.Linear(12, 12) for _ in range(10)]
        self.head = nn.Linear(12, 3)

    def forward(self, x: Any) -> Any:
        x = self.first(x)
        for layer in self.inner:
            x = x + 0.5 * layer(x).relu()
        return self.head(x)


def _xor(seed: int) -> ct.Run:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).init(seed)
    return ct.Run(
        net, nn.MSELoss(), optim.Adam(0.02), (x, (x[:, :1] != x[:, 1:]).astype(np.float32)), batch_size=4, seed=seed
    )


def _run(net: nn.Module, loss: Any, optimizer: Any, data: Any, size: int, seed: int, **more: Any) -> ct.Run:
    return ct.Run(net.init(seed), loss, optimizer, data, batch_size=size, seed=seed, **more)


def _mlp(*between: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 16), *between, nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3))


def _conv() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128, 3),
    )


def _digits(seed: int, net: nn.Module | None = None) -> ct.Run:
    few = ct.data.load("digits").train[:512]
    if net is None:
        return new_run(Recipe(epochs=8, seed=seed), few)
    return _run(net, nn.CrossEntropyLoss(), optim.Adam(1e-3), few, 32, seed)


CE, MSE, BCE = nn.CrossEntropyLoss, nn.MSELoss, nn.BCEWithLogitsLoss

HEALTHY: dict[str, Make] = {
    "digits recipe": _digits,
    "digits, one hidden layer": lambda s: _digits(
        s, nn.Sequential(nn.Flatten(), nn.Linear(784, 60), nn.ReLU(), nn.Linear(60, 10))
    ),
    "perceptron, SGD": lambda s: _run(_mlp(), CE(), optim.SGD(0.1), blobs(s), 24, s),
    "perceptron, momentum, dropout": lambda s: _run(
        _mlp(nn.Dropout(0.2)), CE(), optim.SGD(0.05, momentum=0.9), blobs(s), 16, s
    ),
    "perceptron, AdamW, small batches": lambda s: _run(_mlp(), CE(), optim.AdamW(0.005), blobs(s), 4, s),
    "perceptron, label smoothing, warm-up": lambda s: _run(
        _mlp(), CE(label_smoothing=0.1), optim.Adam(0.01, schedule=optim.WarmUp(20, optim.Cosine(150))), blobs(s), 24, s
    ),
    "logistic regression": lambda s: _run(nn.Linear(5, 3), CE(), optim.SGD(0.5), blobs(s), 48, s),
    "two classes, one output": lambda s: _run(
        nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1)),
        BCE(),
        optim.Adam(0.01),
        (lambda d: (d[0], (d[1][:, None] > 0).astype(np.float32)))(blobs(s)),
        16,
        s,
    ),
    "convolution, batch norm": lambda s: _run(_conv(), CE(), optim.Adam(0.005), pictures(s), 24, s),
    "convolution, SGD": lambda s: _run(_conv(), CE(), optim.SGD(0.01, momentum=0.9), pictures(s), 16, s),
    "regression": lambda s: _run(
        nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 1)), MSE(), optim.Adam(0.01), curve(s), 20, s
    ),
    "regression, noise, ReLU": lambda s: _run(
        nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 1)), MSE(), optim.SGD(0.05), curve(s, noise=0.8), 20, s
    ),
    "lstm": lambda s: _run(Last(nn.LSTM), CE(), optim.Adam(0.01), sequences(s), 20, s),
    "gru": lambda s: _run(Last(nn.GRU), CE(), optim.Adam(0.01, clip_norm=1.0), sequences(s), 20, s),
    "rnn": lambda s: _run(Last(nn.RNN), CE(), optim.SGD(0.05, momentum=0.9), sequences(s), 20, s),
    "transformer": lambda s: _run(Reader(), CE(), optim.Adam(0.005), words(s), 24, s),
    "embedding": lambda s: _run(Bag(), CE(), optim.Adam(0.02), words(s), 24, s),
    "deep, layer norm": lambda s: _run(
        nn.Sequential(
            nn.Linear(5, 12), *(m for _ in range(8) for m in (nn.LayerNorm(12), nn.ReLU(), nn.Linear(12, 12))),
            nn.Linear(12, 3),
        ), CE(), optim.Adam(0.003), blobs(s), 24, s,
    ),
    "deep, ways around": lambda s: _run(Around(), CE(), optim.SGD(0.02, momentum=0.9), blobs(s), 24, s),
    "four sigmoid layers": lambda s: _run(
        nn.Sequential(
            *(m for _ in range(3) for m in (nn.Linear(5, 5), nn.Sigmoid())), nn.Linear(5, 3)
        ), CE(), optim.Adam(0.02), blobs(s), 24, s,
    ),
    "exclusive or": _xor,
}  # fmt: skip
