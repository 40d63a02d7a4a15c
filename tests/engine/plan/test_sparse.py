"""Tables of which a batch sees few rows: only these are updated, and the result is that of the whole update."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway import nn, ops, optim
from cutaway.data import Dataset
from cutaway.engine.plan.kernels.rows import merged, run_sums
from cutaway.training import Run

WORDS = 500


class Vectors(nn.Module):
    """Two tables, the second one asked twice."""

    def __init__(self) -> None:
        self.words, self.contexts = nn.Embedding(WORDS, 6), nn.Embedding(WORDS, 6)

    def forward(self, x: Any) -> Any:
        near = self.words(x[:, :3]) * self.contexts(x[:, 1:4])
        return near.sum(-1) + self.contexts(x[:, 4:7]).tanh().sum(-1)


def closeness(votes: Any, answers: Any) -> Any:
    return ops.softplus(-votes * (ops.cast(answers, to="float32") + 0.5)).sum()


def words(count: int = 25) -> Dataset:
    x = np.minimum(np.random.default_rng(3).zipf(1.3, (count, 7)), WORDS - 1)
    x[0] = -1  # counted from the end
    return Dataset(x, np.arange(count)[:, None] % 3, tokens=True, name="words")


def run(optimizer: Any = None, **options: Any) -> Run:
    return Run(Vectors(), closeness, optimizer or optim.SGD(0.1), words(), batch_size=5, seed=1, **options)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_watched_and_unwatched_are_the_same_to_the_bit(workers: int) -> None:
    fast, slow = run(workers=workers), run(workers=workers)
    fast.train(batches=12, progress=False)
    for _ in range(12):
        slow.step("op")
        slow.step("batch")
    assert np.array_equal(fast.losses, slow.losses)
    for name, array in fast.state.items():
        assert np.array_equal(array, slow.state[name]), name


@pytest.mark.parametrize("workers", [1, 2])
def test_the_whole_gradient_never_exists(workers: int) -> None:
    one = run(workers=workers)
    one.train(batches=2, progress=False)
    (plan,) = one.programs.planner._plans.values()
    tables = getattr(plan, "first", plan).update.tables
    assert {table.name for table in tables} == {"words.weight", "contexts.weight"}
    spans = getattr(plan, "first", plan).spans
    assert not any(step.op.name == "add_rows" and span.kind != "rows" for span in spans for step in span.steps)


def test_rows_that_nobody_saw_stay_as_they_are() -> None:
    one = run()
    before = {name: array.copy() for name, array in one.state.items()}
    one.train(batches=3, progress=False)
    seen = {int(k) % WORDS for k in words().x.reshape(-1)}
    unseen = [k for k in range(WORDS) if k not in seen]
    for name in ("words.weight", "contexts.weight"):
        assert np.array_equal(before[name][unseen], one.state[name][unseen])
        assert not np.array_equal(before[name], one.state[name])


@pytest.mark.parametrize(
    "optimizer",
    [optim.SGD(0.1, momentum=0.9), optim.Adam(0.01), optim.SGD(0.1, weight_decay=0.1), optim.SGD(0.1, clip_norm=0.1)],
    ids=["momentum", "adam", "decay", "clipping"],
)
def test_an_update_that_moves_every_row_is_done_whole(optimizer: Any) -> None:
    fast, slow = run(optimizer), run(optimizer, plan=False)
    for one in (fast, slow):
        one.train(batches=8, progress=False)
    (plan,) = fast.programs.planner._plans.values()
    assert plan.update.tables == []
    for name, array in fast.state.items():
        np.testing.assert_allclose(array, slow.state[name], rtol=2e-5, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("workers", [1, 2])
def test_few_rows_train_as_the_definition_does(workers: int) -> None:
    fast, slow = run(workers=workers), run(plan=False)
    for one in (fast, slow):
        one.train(batches=30, progress=False)
    np.testing.assert_allclose(fast.losses, slow.losses, rtol=1e-5)


def test_sums_of_runs_against_their_definition() -> None:
    chance = np.random.default_rng(0)
    rows, g = np.minimum(chance.zipf(1.2, 700), 90) - 3, chance.normal(size=(700, 5)).astype(np.float32)
    want = np.zeros((100, 5))
    np.add.at(want, rows, g.astype(np.float64))
    some, sums = run_sums(g, rows, 100)
    assert np.array_equal(some, np.unique(rows % 100))
    size = np.zeros((100, 5))
    np.add.at(size, rows, abs(g.astype(np.float64)))
    assert (abs(sums - want[some]) <= 2e-7 * size[some] + 1e-12).all()  # a few roundings of the largest partial sum
    halves = [run_sums(g[k : k + 350], rows[k : k + 350], 100) for k in (0, 350)]
    shares = [merged(halves, r, 3) for r in range(3)]
    assert np.array_equal(np.concatenate([s for s, _ in shares]), some)
    np.testing.assert_allclose(np.concatenate([s for _, s in shares]), want[some], rtol=1e-4, atol=1e-5)


def test_infinity_stays_in_its_row() -> None:
    g = np.ones((4, 2), np.float32)
    g[1, 0] = np.inf
    _, sums = run_sums(g, np.array([0, 1, 0, 1]), 2)
    assert sums.tolist() == [[2.0, 2.0], [np.inf, 2.0]]
