"""Every part of a change is accounted for: the parts sum to the change, and the examples to the gradient's part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine.errors import CutawayError

OPTIMIZERS = {
    "plain": lambda: optim.SGD(0.1),
    "momentum": lambda: optim.SGD(0.1, momentum=0.9),
    "nesterov with decay": lambda: optim.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "clipped": lambda: optim.SGD(0.5, clip_norm=0.1),
    "scheduled": lambda: optim.SGD(0.1, schedule=optim.Cosine(total=20)),
    "adam": lambda: optim.Adam(0.01, weight_decay=0.1),
    "adamw": lambda: optim.AdamW(0.01, weight_decay=0.1),
    "averaged": lambda: optim.Adam(0.01, average=0.9),
}
MORE = {
    "rmsprop": lambda: optim.RMSprop(0.01, weight_decay=0.1),
    "rmsprop with momentum, centered": lambda: optim.RMSprop(0.01, momentum=0.8, centered=True),
    "groups": lambda: optim.SGD(0.1, 0.9, weight_decay=0.1, groups={"0.*": {"alpha": 0.01}, "*.bias": {"alpha": 0.3}}),
    "warm-up, clipping, averaging": lambda: optim.AdamW(
        0.01, schedule=optim.WarmUp(5, optim.Cosine(30)), clip_norm=0.2, average=0.9, weight_decay=0.1
    ),
}
OPTIMIZERS |= MORE
WEIGHTS = [("0.weight", (1, 0, 1, 0)), ("0.bias", (1,)), ("4.weight", (2, 5)), ("4.bias", (0,))]


def a_run(optimizer: optim.Optimizer, *extra: nn.Module) -> ct.Run:
    net = nn.Sequential(nn.Conv2d(1, 2, 2), *extra, nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    x = np.random.default_rng(0).normal(size=(14, 1, 5, 5))
    y = np.random.default_rng(1).integers(0, 3, 14)
    return ct.Run(net.to(np.float64), nn.CrossEntropyLoss(), optimizer, (x, y), batch_size=4, seed=3)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize(("name", "index"), WEIGHTS)
def test_the_parts_sum_to_the_change(kind: str, name: str, index: Any) -> None:
    run = a_run(OPTIMIZERS[kind]()).train(batches=6, progress=False)
    told = run.why(name, index)
    assert told.batch == 5 and told.after == run.state[name][index]
    assert told.change != 0
    assert sum(told.rule.values()) == pytest.approx(told.change, rel=1e-9, abs=1e-15)
    assert told.examples.sum() == pytest.approx(told.rule["this batch's gradient"], rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("name", "index"), WEIGHTS)
def test_the_paths_sum_to_the_gradient_and_are_delta_times_input(name: str, index: Any) -> None:
    run = a_run(optim.Adam(0.01)).train(batches=3, progress=False)
    told = run.why(name, index)
    assert sum(path.products.sum() for path in told.paths) == pytest.approx(told.gradient, rel=1e-9)
    _, values = run.relive(2)
    for path in told.paths:
        assert np.array_equal(np.asarray(values[path.delta]).ravel()[path.places], path.numbers)
        if path.other is not None:
            assert np.array_equal(np.asarray(values[path.other]).ravel()[path.others], path.factors)
        by_owner = np.bincount(path.examples, path.products, 4) * told.parts["this batch's gradient"].factor
        assert by_owner == pytest.approx(told.examples, rel=1e-9, abs=1e-18)


def test_muon_is_shown_as_a_chain_and_not_split() -> None:
    run = a_run(optim.Muon(0.02, weight_decay=0.1, others=["4.*"])).train(batches=4, progress=False)
    told = run.why("0.weight", (1, 0, 1, 0))
    assert not told.split and "this batch's gradient" not in told.rule
    assert any("push" in source for source in told.rule) and "weight decay" in told.rule
    assert sum(told.rule.values()) == pytest.approx(told.change, rel=1e-9)
    assert told.examples.sum() == pytest.approx(told.gradient, rel=1e-9)
    assert [c.op.name for c in told.chain if c.op.name in ("blend", "orthogonal")] == ["blend", "blend", "orthogonal"]
    assert "The chain of the update" in repr(told) and "of the gradient:" in repr(told)
    left = run.why("4.weight", (2, 5))  # AdamW's
    assert left.split and sum(left.rule.values()) == pytest.approx(left.change, rel=1e-9)


class Tied(nn.Module):
    def __init__(self) -> None:
        self.first, self.second, self.last = nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 3)
        self.second.weight = self.first.weight

    def forward(self, x: Any) -> Any:
        return self.last(self.second(self.first(x).tanh()).tanh())


class Reader(nn.Module):
    def __init__(self, kind: Any) -> None:
        self.words, self.read, self.last = nn.Embedding(7, 4), kind(4, 3), nn.Linear(3, 2)

    def forward(self, x: Any) -> Any:
        return self.last(self.read(self.words(x))[0][:, -1])


class Writer(nn.Module):
    """An answer at every place of a sentence, from attention."""

    def __init__(self) -> None:
        self.words, self.block = nn.Embedding(7, 4), nn.TransformerEncoderLayer(4, 2, 6, dropout=0.1)
        self.last = nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        return self.last(self.block(self.words(x))).permute(0, 2, 1)


chance = np.random.default_rng(5)
WORDS = chance.integers(0, 7, (14, 6))
PICTURES = chance.normal(size=(14, 1, 6, 6))
ROWS = chance.normal(size=(14, 5))
CLASSES = chance.integers(0, 2, 14)
NETS: dict[str, tuple[Any, Any, Any, list[tuple[str, Any]]]] = {
    "tied": (Tied, ROWS, CLASSES, [("first.weight", (1, 3)), ("first.bias", (2,))]),
    "rnn": (lambda: Reader(nn.RNN), WORDS, CLASSES, [("read.weight_hh_l0", (1, 2)), ("words.weight", (3, 1))]),
    "lstm": (lambda: Reader(nn.LSTM), WORDS, CLASSES, [("read.weight_hh_l0", (4, 2)), ("read.weight_ih_l0", (5, 1))]),
    "gru": (lambda: Reader(nn.GRU), WORDS, CLASSES, [("read.weight_hh_l0", (4, 2)), ("read.bias_hh_l0", (7,))]),
    "attention": (Writer, WORDS, WORDS % 3, [("words.weight", (3, 1)), ("last.weight", (1, 2)), ("last.bias", (0,))]),
    "batch norm": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 2)
        ),
        PICTURES,
        CLASSES,
        [("0.weight", (1, 0, 2, 1)), ("1.weight", (3,)), ("1.bias", (0,)), ("5.weight", (1, 7))],
    ),
    "norms": (
        lambda: nn.Sequential(nn.Linear(5, 4), nn.LayerNorm(4), nn.GELU(), nn.RMSNorm(4), nn.Linear(4, 2)),
        ROWS,
        CLASSES,
        [("0.weight", (1, 3)), ("1.weight", (2,)), ("3.weight", (1,))],
    ),
}


@pytest.mark.parametrize("kind", NETS)
def test_examples_and_paths_of_every_kind_of_layer(kind: str) -> None:
    """What an example is said to have asked for is the gradient of its own part of the loss, measured by nudging."""
    make, x, y, weights = NETS[kind]
    net = make().to(np.float64)
    data = ct.data.Dataset(x, y, tokens=x is WORDS)
    run = ct.Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1, 0.9), data, batch_size=4, seed=3, metrics=())
    run.train(batches=2, progress=False)
    for name, index in weights:
        told = run.why(name, index)
        share = told.rule.get("this batch's gradient", 0.0)
        assert sum(told.rule.values()) == pytest.approx(told.change, rel=1e-9, abs=1e-15)
        assert told.examples.sum() == pytest.approx(share, rel=1e-9, abs=1e-15)
        products = sum(path.products.sum() for path in told.paths)
        assert products == pytest.approx(told.gradient, rel=1e-9, abs=1e-15), name
        assert -0.1 * measured(run, name, index) == pytest.approx(told.examples, rel=1e-4, abs=1e-9), name


def measured(run: ct.Run, name: str, index: Any) -> Any:
    """The slope of every example's own loss, from the whole batch computed twice."""
    losses = []
    for nudge in (1e-5, -1e-5):
        there = run.fork().at(1)
        there.edit(name, index, float(there.state[name][index]) + nudge)
        there.train(batches=1, progress=False)
        program, values = there.relive(1)
        step = next(s for s in program.steps if s.output == program.results["loss"])
        arrays = [np.asarray(values[slot]) for slot in step.inputs]
        each = step.op.forward(*arrays, **{**step.attrs, "reduction": "none"})
        losses.append(each.reshape(len(each), -1).mean(1) / len(each))
    return (losses[0] - losses[1]) / 2e-5


def test_what_comes_from_no_example_is_said() -> None:
    net = nn.Linear(3, 1).to(np.float64)
    penalized = lambda outputs, answers: ((outputs - answers) ** 2).mean() + (net.weight * net.weight).sum() * 0.5  # noqa: E731
    x = np.random.default_rng(1).normal(size=(6, 3))
    told = ct.Run(net, penalized, optim.SGD(0.1), (x, x[:, :1]), batch_size=3).train(batches=1, progress=False)
    assert "came from no example" in repr(told.why("weight", (0, 1)))


def test_the_examples_are_those_of_the_batch_also_after_the_batch_size_changed() -> None:
    run = a_run(optim.SGD(0.1)).train(batches=3, progress=False)
    before = run.why("4.bias", (0,), batch=2)
    run.batch_size = 7
    run.train(batches=2, progress=False)
    assert run.why("4.bias", (0,), batch=2).rows.tolist() == before.rows.tolist()
    assert len(run.why("4.bias", (0,)).rows) == 7
    x = run.inputs(4)[0]
    assert np.array_equal(run.typed(run.data.x[run.examples(4)]), x)


def test_a_notebook_gets_the_pictures_of_those_who_pushed() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 2))
    run = ct.Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1), (PICTURES, CLASSES), batch_size=6)
    told = run.train(batches=1, progress=False).why("1.weight", (1, 20))
    page = told._repr_html_()
    assert page.count("<figure>") == min(4, (told.examples < 0).sum()) + min(4, (told.examples > 0).sum())
    assert "pushed down" in page and f"example {told.rows[np.argmax(told.examples)]}" in page


def test_a_share_is_what_the_example_alone_would_have_pushed() -> None:
    run = a_run(optim.SGD(0.1)).train(batches=2, progress=False)
    before = run.fork().at(1)
    told = run.why("4.weight", (2, 5))
    x, y = run.data.x[told.rows], run.data.y[told.rows]
    for k in range(4):
        net, one = before.fork().net, (x[k : k + 1], y[k : k + 1])
        alone = ct.Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1 / 4), one, batch_size=1)
        alone.train(batches=1, progress=False)
        pushed = alone.state["4.weight"][2, 5] - before.state["4.weight"][2, 5]
        assert told.examples[k] == pytest.approx(pushed, rel=1e-6)


def test_any_batch_of_the_past_and_the_run_stays_where_it_is() -> None:
    run = a_run(optim.Adam(0.01)).train(batches=3, progress=False)
    change = run.why("4.weight", (2, 5)).change
    run.train(batches=5, progress=False)
    state = {k: v.copy() for k, v in run.state.items()}
    assert run.why("4.weight", (2, 5), batch=2).change == change
    assert run.batch == 8 and all((run.state[k] == state[k]).all() for k in state)


def test_the_last_smaller_batch_of_an_epoch_has_its_own_examples() -> None:
    run = a_run(optim.SGD(0.1)).train(batches=4, progress=False)
    told = run.why("4.bias", (0,))
    assert len(told.rows) == len(told.examples) == 2


def test_only_the_last_step_can_be_named() -> None:
    run = a_run(optim.SGD(0.1))
    with pytest.raises(CutawayError, match="no batch is done yet"):
        run.why("4.weight", (0, 0))
    run.train(batches=1, progress=False)
    with pytest.raises(CutawayError, match="names no single number"):
        run.why("4.weight", (0,))
    run.freeze("0.*").train(batches=1, progress=False)
    with pytest.raises(CutawayError, match="was not trained"):
        run.why("0.weight", (0, 0, 0, 0))


def test_it_reads_like_a_sentence() -> None:
    text = repr(a_run(optim.SGD(0.1, momentum=0.9)).train(batches=2, progress=False).why("4.weight", (2, 5)))
    assert "4.weight[2, 5] went from" in text and "the velocity (momentum)" in text and "example" in text
