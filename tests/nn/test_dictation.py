"""A whole net that listens: convolution, bidirectional LSTM with lengths, CTC; against PyTorch and trained in a Run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, ops, optim
from cutaway.engine import Tensor, check_grads

from .twins import agree, alike, same_in_use, train_side_by_side

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
T: Any = torch.nn

both = pytest.mark.parametrize("dtype", ["float64", "float32"])
LETTERS, TONES, MOMENTS = 4, 5, 12  # letter 0 is the blank


class Listener(nn.Module):
    """Sounds (N, 1, tones, moments), silent after their end -> log-shares of the letters, (N, moments / 2, letters)."""

    def __init__(self) -> None:
        self.ear = nn.Conv2d(1, 3, 3, stride=(1, 2), padding=1)
        self.reader = nn.LSTM(3 * TONES, 4, bidirectional=True)
        self.head = nn.Linear(8, LETTERS)

    def forward(self, x: Tensor) -> Tensor:
        loud = ops.not_equal(x.abs().max((1, 2)), 0.0).long().sum(1)
        heard = ops.relu(self.ear(x)).permute(0, 3, 1, 2).reshape(-1, MOMENTS // 2, 3 * TONES)
        output, _ = self.reader(heard, lengths=halves(loud))
        return ops.log_softmax(self.head(output))


def halves(moments: Tensor) -> Tensor:
    """How many steps of the stride they are, rounded up."""
    table = np.arange(MOMENTS + 1) // 2 + np.arange(MOMENTS + 1) % 2
    return ops.take(Tensor(table), moments)


class ListenerTwin(T.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.ear = T.Conv2d(1, 3, 3, stride=(1, 2), padding=1)
        self.reader = T.LSTM(3 * TONES, 4, bidirectional=True, batch_first=True)
        self.head = T.Linear(8, LETTERS)

    def forward(self, x: Any) -> Any:
        lengths = ((x.abs().amax((1, 2)) != 0).sum(1) + 1) // 2
        heard = torch.relu(self.ear(x)).permute(0, 3, 1, 2).flatten(2)
        packed = T.utils.rnn.pack_padded_sequence(heard, lengths, True, enforce_sorted=False)
        output, _ = T.utils.rnn.pad_packed_sequence(self.reader(packed)[0], True, total_length=MOMENTS // 2)
        return torch.log_softmax(self.head(output), -1)


def surprise(log_shares: Tensor, answers: Tensor) -> Tensor:
    """Answers (N, 1 + letters): how many moments (after the stride), then the letters, filled up with 0."""
    answers = answers.long()
    return nn.CTCLoss()(log_shares.permute(1, 0, 2), answers[:, 1:], answers[:, 0])


def surprise_in_torch(log_shares: Any, answers: Any) -> Any:
    answers = answers.long()
    letters, moments = answers[:, 1:], answers[:, 0]
    return T.functional.ctc_loss(log_shares.permute(1, 0, 2), letters, moments, (letters != 0).sum(1))


def sounds(count: int = 14, seed: int = 0) -> tuple[Any, Any]:
    r = np.random.default_rng(seed)
    x = r.normal(size=(count, 1, TONES, MOMENTS))
    ends = r.integers(7, MOMENTS + 1, size=count)
    ends[0] = MOMENTS
    x *= np.arange(MOMENTS) < ends[:, None, None, None]
    letters = r.integers(1, LETTERS, size=(count, 2))
    letters[::3, 1] = 0
    return x.astype(np.float32), np.concatenate([(ends[:, None] + 1) // 2, letters], axis=1)


@both
def test_convolution_lstm_ctc(dtype: str) -> None:
    ours, twin = Listener(), ListenerTwin()
    alike(ours, twin, dtype)
    x, y = sounds(6)

    def asked(net: Any, x: Any) -> Any:
        shares = net(x)
        return shares, surprise(shares, Tensor(y))

    def asked_in_torch(net: Any, x: Any) -> Any:
        shares = net(x)
        return shares, surprise_in_torch(shares, torch.tensor(y))

    agree(ours, twin, dtype, [x], asked, asked_in_torch)


def test_convolution_lstm_ctc_measured() -> None:
    net = Listener().to(np.float64)
    x, y = sounds(2)
    (weight,) = (p for name, p in net.named_parameters().items() if name == "ear.weight")

    def loss(numbers: Tensor) -> Tensor:
        net.ear.weight = numbers
        try:
            return surprise(net(Tensor(x.astype(np.float64))), Tensor(y))
        finally:
            net.ear.weight = weight

    assert check_grads(loss, [weight.data]) < 1e-6


@both
def test_it_trains_in_a_run_as_in_torch_and_goes_back(dtype: str) -> None:
    run = ct.Run(Listener().to(dtype), surprise, optim.Adam(0.01), sounds(), batch_size=4, seed=1, threads=1)
    twin = ListenerTwin()
    theirs = torch.optim.Adam(twin.parameters(), lr=0.01)
    train_side_by_side(run, twin, lambda net, x, y: surprise_in_torch(net(x), y), theirs, 9, dtype)
    if dtype == "float32":
        x, _ = sounds(5, seed=3)
        same_in_use(run, twin, x, lambda net, x: net(x))
        before = run.evaluate(run.data)["loss"]
        assert run.train(epochs=30, progress=False).evaluate(run.data)["loss"] < before / 2
