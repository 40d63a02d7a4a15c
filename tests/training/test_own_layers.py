"""Layers of a reader's own, written with the habits of PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import cutaway as ct
from cutaway import nn, optim


class Counting(nn.Module):
    """It counts the examples, as PyTorch's users often do: the recorded step holds that number."""

    def __init__(self) -> None:
        self.fc = nn.Linear(12, 3)

    def forward(self, x: ct.Tensor) -> ct.Tensor:
        return self.fc(x.reshape(x.shape[0], -1).unsqueeze(1).squeeze(1))


def start() -> ct.Run:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(50, 3, 4)), np.arange(50) % 3
    return ct.Run(Counting(), nn.CrossEntropyLoss(), optim.SGD(0.1), data, batch_size=16)


def test_a_layer_that_counts_its_examples_trains_and_is_used_on_any_number() -> None:
    run = start().train(epochs=2, progress=False)
    x = run.data.x
    assert run.predict(x, batch_size=7).shape == (50, 3)
    np.testing.assert_allclose(run.predict(x[:1]), run.predict(x)[:1], rtol=1e-6)
    whole, parts = run.evaluate(run.data, batch_size=50), run.evaluate(run.data, batch_size=20)
    assert abs(whole["loss"] - parts["loss"]) < 1e-6 and abs(whole["accuracy"] - parts["accuracy"]) < 1e-6


def test_many_sizes_do_not_pile_up() -> None:
    run = start()
    for size in range(1, 50):
        run.predict(run.data.x[:size])
    assert len(run.programs.tapes) < 45


def test_a_saved_run_carries_each_program_once(tmp_path: Path) -> None:
    run = start().train(batches=5, progress=False)
    for size in (3, 8, 20):
        run.predict(run.data.x, batch_size=size)
    run.save(tmp_path)
    kinds = [key.split()[0] for key in ct.Run.resume(tmp_path).programs.tapes]
    assert sorted(kinds) == ["train", "train", "use"]


def test_added_and_dropped_sides_leave_the_batch_free() -> None:
    x = ct.Tensor(np.ones((4, 2, 3), np.float32))
    with ct.Tape() as tape:
        tape.slot(x)
        x.unsqueeze(1).squeeze(1).flatten(2).flatten(1)
    assert all(step.attrs["to"][0] == -1 for step in tape.steps)
    assert x.unsqueeze(0).shape == (1, 4, 2, 3) and x[:1].squeeze(0).shape == (2, 3)
    assert ct.Tensor(np.ones((0, 2, 3), np.float32)).flatten(1).shape == (0, 6)
    assert ct.Tensor(np.ones((2, 0, 3), np.float32)).unsqueeze(1).shape == (2, 1, 0, 3)
