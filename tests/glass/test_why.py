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
    assert "4.weight[2, 5] went from" in text and "from the velocity (momentum)" in text and "example" in text
