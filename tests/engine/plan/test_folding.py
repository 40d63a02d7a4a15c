"""Tables that are looked up and multiplied: products of the table, to rounding what the readable forwards give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cutaway import nn, optim
from cutaway.engine import Tensor, ops
from cutaway.engine.plan import Plan
from cutaway.training.program import training_program

WORDS, WIDE = 5, 6


class Reader(nn.Module):
    """Words as rows, then whatever; the mean of its answer over time."""

    def __init__(self, then: nn.Module, **how: Any) -> None:
        self.words, self.then = nn.Embedding(WORDS, WIDE, **how), then

    def forward(self, x: Tensor) -> Tensor:
        y = self.then(self.words(x))
        return (y[0] if isinstance(y, tuple) else y).mean(1)


class Strung(nn.Module):
    """All rows of an example as one."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1)


class Again(nn.Module):
    """One moment."""

    def forward(self, x: Tensor) -> Tensor:
        return x.unsqueeze(1)


class Tied(nn.Module):
    """One table for what is read and what is said."""

    def __init__(self) -> None:
        self.words, self.mix = nn.Embedding(WORDS, WIDE), nn.Linear(WIDE, WIDE)

    def forward(self, x: Tensor) -> Tensor:
        return ops.matmul(self.mix(self.words(x)).tanh(), self.words.weight, flip_w=True).mean(1)


class Shared(nn.Module):
    """The same rows through two layers, one of which has no bias; and looked at directly."""

    def __init__(self) -> None:
        self.words, self.a, self.b = nn.Embedding(WORDS, WIDE), nn.Linear(WIDE, 3, bias=False), nn.Linear(WIDE, 3)

    def forward(self, x: Tensor) -> Tensor:
        rows = self.words(x)
        return (self.a(rows).tanh() * self.b(rows) + rows[..., :3]).mean(1)


NETS: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: Reader(nn.Sequential(nn.Linear(WIDE, 4), nn.Tanh(), nn.Linear(4, 3))),
    "no bias": lambda: Reader(nn.Sequential(nn.Linear(WIDE, 4, bias=False), nn.Tanh())),
    "lstm": lambda: Reader(nn.LSTM(WIDE, 4, batch_first=True)),
    "gru, both ways": lambda: Reader(nn.GRU(WIDE, 3, batch_first=True, bidirectional=True)),
    "a word that only fills": lambda: Reader(nn.LSTM(WIDE, 4, batch_first=True), padding_idx=2),
    "rows strung together": lambda: Reader(nn.Sequential(Strung(), nn.Linear(7 * WIDE, 4), Again())),
    "tied": Tied,
    "shared": Shared,
}


def program(net: nn.Module, count: int, time: int) -> tuple[Any, list[Any]]:
    """A training program that was recorded, and the arrays of all its slots."""
    net.init(3)
    x = np.random.default_rng(1).integers(0, WORDS, (count, time))
    y = np.random.default_rng(2).normal(size=np.shape(net(Tensor(x)).data)).astype("f")
    tape = training_program(net, nn.MSELoss(), optim.SGD(0.1), x, y)
    values = list(tape.values)
    for step in tape.steps:
        values[step.output] = step.op.forward(*[values[s] for s in step.inputs], **step.attrs)
    return tape, values


def planned(tape: Any) -> Plan:
    plan = Plan(tape, keep=True)
    plan.rows.load({name: tape.values[slot] for name, slot in tape.state.items()})
    plan.feed([tape.values[slot] for slot in tape.inputs.values()])
    for span in plan.spans:
        if span.kind != "carry":
            span.run()
    return plan


@pytest.mark.parametrize("name", NETS)
def test_every_gradient_is_that_of_the_readable_forwards(name: str) -> None:
    tape, values = program(NETS[name](), 3, 7)
    plan = planned(tape)
    for weight, slot in tape.gradients.items():
        assert np.abs(values[slot]).max() > 0
        np.testing.assert_allclose(plan.view(slot), values[slot], rtol=2e-5, atol=2e-6, err_msg=weight)
    np.testing.assert_allclose(plan.view(tape.results["loss"]), values[tape.results["loss"]], rtol=1e-5)


@pytest.mark.parametrize("name", ["linear", "no bias", "lstm", "shared"])
def test_products_are_as_many_as_the_table_has_rows(name: str) -> None:
    tape, _ = program(NETS[name](), 3, 7)
    plan = Plan(tape)
    firsts = [s for s in plan.program.steps if s.op.name == "matmul" and s.label.startswith("forward/then.0")]
    firsts = firsts or [s for s in plan.program.steps if s.op.name == "matmul" and s.label.startswith("forward")][:1]
    assert {plan.program.shape(s.output)[0] for s in firsts} == {WORDS}
    back = [s for s in plan.program.steps if s.op.name == "add_rows"]
    assert all(plan.program.shape(s.inputs[0])[:2] == (3, 7) for s in back)


def test_a_table_larger_than_what_is_looked_up_is_left_as_it_is() -> None:
    tape, _ = program(NETS["linear"](), 1, 4)
    plan = Plan(tape)
    products = [s for s in plan.program.steps if s.op.name == "matmul" and s.label.startswith("forward/then.0")]
    assert [plan.program.shape(s.inputs[0]) for s in products] == [(1, 4, WIDE)]
    assert planned(tape) is not None
