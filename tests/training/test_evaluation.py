"""What evaluate and predict compute, against the same written out in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway import nn, optim
from cutaway.training import Run

from .worlds import WORLDS, rows, same


def by_hand(state: dict[str, Any], x: Any, prefix: str = "") -> Any:
    """The outputs of the small net, its weights taken from the state."""
    w1, b1, w2, b2 = (state[f"{prefix}{name}"] for name in ("0.weight", "0.bias", "3.weight", "3.bias"))
    return np.maximum(x @ w1.T + b1, 0) @ w2.T + b2


def small(**options: Any) -> Run:
    net = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 3))
    run = Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1, **options), rows(), 4, threads=1)
    return run.train(batches=7, progress=False)


def test_predictions_are_the_outputs_in_eval_mode() -> None:
    run = small()
    np.testing.assert_allclose(run.predict(rows().x), by_hand(run.state, rows().x), rtol=1e-5, atol=1e-6)
    assert run.net.training


@pytest.mark.parametrize("batch_size", [1, 4, 22, 256])
def test_scores_are_means_over_all_examples_however_they_are_dealt(batch_size: int) -> None:
    run, data = small(), rows()
    votes = by_hand(run.state, data.x).astype(np.float64)
    surprise = np.log(np.exp(votes).sum(axis=1)) - votes[np.arange(22), data.y]
    scores = run.evaluate(data, batch_size)
    assert scores["loss"] == pytest.approx(surprise.mean(), rel=1e-5)
    assert scores["accuracy"] == pytest.approx((votes.argmax(axis=1) == data.y).mean())


def test_averaged_weights_are_used_where_there_are_any() -> None:
    run, x = small(average=0.9), rows().x
    averaged = by_hand(run.state, x, "optim/average/")
    assert not np.allclose(averaged, by_hand(run.state, x), atol=1e-3)
    np.testing.assert_allclose(run.predict(x), averaged, rtol=1e-5, atol=1e-6)


def test_batch_norm_takes_its_running_averages() -> None:
    run = WORLDS["sgd, batch norm, warm-up"]().train(batches=5, progress=False)
    whole = run.predict(run.data.x)
    np.testing.assert_allclose(run.predict(run.data.x[3:4]), whole[3:4], rtol=1e-4, atol=1e-5)


def test_an_open_batch_stays_as_it_is() -> None:
    run, other = small(), small()
    for r in (run, other):
        r.step("op")
        r.step("op")
    run.evaluate(rows())
    run.predict(rows().x)
    same(run, other)
    assert (run.see(run.program.steps[0].output) == other.see(other.program.steps[0].output)).all()
