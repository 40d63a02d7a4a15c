"""What an optimizer remembers of dead neurons fades, and is forgotten before it makes arithmetic slow."""

from __future__ import annotations

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim

from .worlds import bits_of

SMALLEST = np.finfo(np.float32).smallest_normal


def dying(optimizer, workers=1):
    """A run in which, after 40 batches, half of the neurons die: their slopes are 0 from then on."""
    random = np.random.default_rng(2)
    x = random.normal(size=(24, 5)).astype(np.float32)
    data = ct.data.Dataset(x, random.integers(0, 3, 24))
    net = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
    run = ct.Run(net, nn.CrossEntropyLoss(), optimizer, data, 6, workers=workers)
    run.train(batches=40, progress=False)
    for k in range(4):
        run.edit("0.bias", k, -1e4)
    return run


def denormal(run):
    return {name for name, a in run.state.items() if a.dtype.kind == "f" and ((a != 0) & (np.abs(a) < SMALLEST)).any()}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("optimizer", [optim.Adam(1e-3), optim.SGD(0.01, 0.9), optim.RMSprop(1e-3, keep=0.9)])
def test_no_memory_holds_numbers_too_small_for_all_their_digits(optimizer, workers):
    run = dying(optimizer, workers)
    for _ in range(6):
        run.train(batches=201, progress=False)
        assert denormal(run) == set()
    faded = [a for name, a in run.state.items() if name.endswith("/0.weight") and "/v" not in name]
    for memory in faded:
        assert not memory[:4].any() and memory[4:].any()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_forgotten_hangs_on_the_number_of_the_batch_alone(workers):
    run = dying(optim.Adam(1e-3), workers)
    run.train(until=900, progress=False)
    run.train(until=937, progress=False)
    after = bits_of(run)
    run.at(893)
    run.train(until=937, progress=False)
    assert bits_of(run) == after
    run.at(927)
    while run.batch < 930:
        run.step("op")  # batch 928 forgets
    run.train(until=937, progress=False)
    assert bits_of(run) == after
