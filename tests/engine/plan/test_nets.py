"""Whole networks under the plan: gradients of one step, losses over many, with one worker and with two.

The networks are smooth (no relu, no max pooling), so that rounding stays rounding: with a door that may open either
way, two right answers can differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from cutaway import nn, ops, optim
from cutaway.data import Dataset
from cutaway.training import Run

from .test_split_nets import Along, numbers, whole


class Net(NamedTuple):
    make: Callable[[], nn.Module]
    loss: Callable[..., Any]
    x: Any
    y: Any
    tokens: bool = False


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(40, 33), nn.Tanh(), nn.Linear(33, 20), nn.Sigmoid(), nn.Linear(20, 4))


def pictures() -> nn.Module:
    """Winograd in both sizes, columns of channels and of examples, a stride, one by one, groups."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.Tanh(), nn.Conv2d(16, 16, 3, padding=1), nn.Softplus(), nn.AvgPool2d(2),
        nn.Conv2d(16, 24, 3), nn.SiLU(), nn.Conv2d(24, 12, 3, stride=2, padding=1, groups=3), nn.Tanh(),
        nn.Conv2d(12, 8, 1), nn.Flatten(), nn.Linear(72, 4),
    )  # fmt: skip


def residual() -> nn.Module:
    def f(x: Any, first: Any, norm: Any, second: Any, again: Any, group: Any, last: Any) -> Any:
        x = first(x)
        y = ops.silu(again(second(ops.silu(norm(x)))) + x)
        return last(group(y).mean((2, 3)))

    return Along(f, first=nn.Conv2d(3, 16, 3, padding=1, bias=False), norm=nn.BatchNorm2d(16),
                 second=nn.Conv2d(16, 16, 3, padding=1, bias=False), again=nn.BatchNorm2d(16),
                 group=nn.GroupNorm(4, 16), last=nn.Linear(16, 4))  # fmt: skip


def reader(layer: nn.Module, width: int) -> nn.Module:
    return Along(
        lambda x, table, layer, last: last(layer(table(x))[0].mean(1)),
        table=nn.Embedding(9, 12), layer=layer, last=nn.Linear(width, 4),
    )  # fmt: skip


def text() -> nn.Module:
    def f(x: Any, table: Any, places: Any, one: Any, two: Any, norm: Any) -> Any:
        y = norm(two(one(table(x) + places.weight, is_causal=True), is_causal=True))
        return ops.matmul(y, table.weight, flip_w=True)[:, -1, :4]  # tied

    layers = [nn.TransformerEncoderLayer(16, 2, 40, dropout=0.0, activation="gelu", norm_first=True) for _ in range(2)]
    return Along(f, table=nn.Embedding(9, 16), places=nn.Embedding(8, 16), one=layers[0], two=layers[1],
                 norm=nn.LayerNorm(16))  # fmt: skip


def listener() -> nn.Module:
    def f(x: Any, hear: Any, read: Any, last: Any) -> Any:
        y = hear(x).tanh().permute(0, 2, 1)
        return ops.log_softmax(last(read(y)[0])).permute(1, 0, 2)

    return Along(
        f, hear=nn.Conv1d(6, 12, 3, padding=1), read=nn.LSTM(12, 10, bidirectional=True), last=nn.Linear(20, 5)
    )


def vectors() -> nn.Module:
    def f(x: Any, near: Any, far: Any) -> Any:
        return ops.matmul(far(x[:, 1:]), near(x[:, 0]).unsqueeze(2)).squeeze(2)

    return Along(f, near=nn.Embedding(300, 10), far=nn.Embedding(300, 10))


COUNT = 7  # unequal shares for two workers
CLASSES = whole(4, COUNT, seed=5)
WORDS = whole(9, COUNT, 8, seed=6)
NETS: dict[str, Net] = {
    "perceptron": Net(perceptron, nn.CrossEntropyLoss(), numbers(COUNT, 40), CLASSES),
    "pictures": Net(pictures, nn.CrossEntropyLoss(), numbers(COUNT, 3, 14, 14), CLASSES),
    "residual": Net(residual, nn.CrossEntropyLoss(), numbers(COUNT, 3, 12, 12), CLASSES),
    "rnn": Net(lambda: reader(nn.RNN(12, 15), 15), nn.CrossEntropyLoss(), WORDS, CLASSES, True),
    "lstm": Net(lambda: reader(nn.LSTM(12, 15), 15), nn.CrossEntropyLoss(), WORDS, CLASSES, True),
    "bilstm": Net(lambda: reader(nn.LSTM(12, 7, num_layers=2, bidirectional=True), 14), nn.CrossEntropyLoss(), WORDS,
                  CLASSES, True),
    "gru": Net(lambda: reader(nn.GRU(12, 15), 15), nn.CrossEntropyLoss(), WORDS, CLASSES, True),
    "transformer": Net(text, nn.CrossEntropyLoss(), WORDS, CLASSES, True),
    "ctc": Net(listener, nn.CTCLoss(), numbers(COUNT, 6, 12), 1 + whole(4, COUNT, 3, seed=7)),
    "skip-gram": Net(vectors, nn.BCEWithLogitsLoss(), whole(300, COUNT, 4, seed=8), whole(2, COUNT, 3, seed=8), True),
}  # fmt: skip
nets = pytest.mark.parametrize("net", NETS.values(), ids=NETS)
WAYS = {"one": {"workers": 1}, "two": {"workers": 2}, "readable": {"plan": False}}


def run(net: Net, optimizer: optim.Optimizer, dtype: Any = np.float32, **how: Any) -> Run:
    made, x, y = net.make(), net.x, net.y
    kind = {nn.BCEWithLogitsLoss: str(np.dtype(dtype)), nn.CTCLoss: "int64"}.get(type(net.loss))

    def loss(outputs: Any, answers: Any) -> Any:
        return net.loss(outputs, answers if kind is None else ops.cast(answers, to=kind))

    made.root().to(dtype)
    data = Dataset(x if net.tokens else x.astype(dtype), y, tokens=net.tokens, name="numbers")
    return Run(made, loss, optimizer, data, batch_size=COUNT, seed=2, threads=1, **how)


@nets
def test_gradients_of_one_step(net: Net) -> None:
    """With plain descent and alpha 1 the gradient of a weight is how far it moved."""

    def moved(**how: Any) -> dict[str, Any]:
        one = run(net, optim.SGD(1.0), **how)
        before = {name: array.astype(np.float64) for name, array in one.state.items()}
        one.train(batches=1, progress=False)
        return {name: before[name] - one.state[name] for name in one.net.named_parameters()}

    exact = moved(dtype=np.float64, plan=False)
    for how in ("one", "two"):
        for name, found in moved(**WAYS[how]).items():
            size = np.linalg.norm(exact[name])
            if size > 1e-6:  # a bias before a batch norm is felt by nobody
                assert np.linalg.norm(found - exact[name]) <= 1e-4 * size, (how, name)


@nets
def test_losses_of_fifty_steps_stay_within_the_spread_of_rounding(net: Net) -> None:
    """The spread: readable runs in another order of summation, which is that of the examples within the batch."""
    order = np.random.default_rng(1).permutation(COUNT)
    turned = net._replace(x=net.x[order], y=net.y[order])

    def losses(net: Net, **how: Any) -> Any:
        return np.array(run(net, optim.SGD(0.1, momentum=0.5), **how).train(batches=50, progress=False).losses)

    exact = np.array(run(net, optim.SGD(0.1, momentum=0.5), np.float64, plan=False)
                     .train(batches=50, progress=False).losses)  # fmt: skip
    spread = np.abs([losses(n, plan=False) - exact for n in (net, turned)]).max(0)
    spread = np.maximum.accumulate(spread)
    for how in ("one", "two"):
        found = losses(net, **WAYS[how])
        assert (np.abs(found - exact) <= 10 * spread + 1e-6 * np.abs(exact)).all(), how


@nets
def test_a_hundred_steps_are_finite_track_the_definition_and_repeat_to_the_bit(net: Net) -> None:
    """The first steps prove little: what under- or overflows does so when the network has become sure of itself."""
    optimizer = optim.Adam(0.01)
    exact = run(net, optimizer, np.float64, plan=False).train(batches=100, progress=False)
    for how in ("one", "two"):
        fast, again = (run(net, optimizer, **WAYS[how]).train(batches=100, progress=False) for _ in range(2))
        assert np.isfinite(fast.losses).all()
        np.testing.assert_allclose(fast.losses, exact.losses, rtol=2e-2, atol=2e-4)
        assert np.array_equal(fast.losses, again.losses)
        for name, array in fast.state.items():
            assert np.array_equal(array, again.state[name]), name
