"""Recording on shapes alone gives the program that recording with numbers gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from cutaway import nn, optim
from cutaway.engine import Tape, Tensor, ops
from cutaway.engine.hollow import LARGE, hollow, shapes_only
from cutaway.training.program import training_program


def program(size: int) -> Tape:
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten())
    x = np.random.default_rng(0).random((1, 1, size, size)).astype(np.float32)
    return training_program(net, nn.MSELoss(), optim.Adam(0.01), x, np.zeros((1, size * size), np.float32))


def test_the_same_steps_shapes_and_kinds() -> None:
    real = program(300)
    with shapes_only():
        light = program(300)
    assert str(light) == str(real)
    assert [(np.shape(v), np.asarray(v).dtype) for v in light.values] == [
        (np.shape(v), np.asarray(v).dtype) for v in real.values
    ]
    assert sum(_bytes(light, s.output) for s in light.steps) < 0.05 * sum(_bytes(real, s.output) for s in real.steps)


def _bytes(tape: Tape, slot: int) -> int:
    value: Any = np.asarray(tape.values[slot])
    return value.nbytes if any(value.strides) or not value.shape else 0


def test_small_slots_and_what_is_not_recorded_have_their_numbers() -> None:
    big = np.ones(LARGE, np.float32)
    with shapes_only():
        assert (Tensor(big) * 3.0).data[5] == 3.0  # on no tape
        with Tape():
            assert (Tensor(big[:10]) * 3.0).data[5] == 3.0
            assert (Tensor(big) > 0.0).data.dtype == bool  # gives another kind than it takes, so it is computed
            assert ops.cast(Tensor(big), to="float64").data.dtype == np.float64
    with Tape():
        assert (Tensor(big) * 3.0).data[5] == 3.0  # outside again


def test_hollow_arrays_take_no_memory() -> None:
    assert hollow(np.ones((3, 4), np.int64)).strides == (0, 0)
