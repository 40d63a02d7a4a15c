"""Optimizers as data and as state: saved and made again, frozen weights left alone, names, knobs, errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine import Parameter, Tensor, ops
from cutaway.engine.errors import CutawayError
from cutaway.optim.optimizer import Group

EVERY_KIND = [
    optim.SGD(0.1),
    optim.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01, schedule=optim.StepDecay(5, gamma=0.5)),
    optim.Adam(0.01, betas=(0.8, 0.9), eps=1e-6, clip_norm=0.5, schedule=optim.WarmUp(3, optim.Cosine(10, floor=0.1))),
    optim.Adam(0.02, average=0.9, schedule=optim.OneCycle(30, warm=0.2)),
    optim.AdamW(0.03, weight_decay=0.2, groups={"0.*": {"alpha": 0.001}, "*.bias": {"weight_decay": 0.0}}),
    optim.SGD(0.1, schedule=optim.Constant()),
    optim.AdamW(0.1, schedule=optim.Cosine(20)),
    optim.RMSprop(0.01, keep=0.9, momentum=0.5, centered=True, weight_decay=0.01),
    optim.Muon(0.02, momentum=0.9, others=["2.*"], adam_alpha=0.01, schedule=optim.Cosine(20)),
]


def start(optimizer: optim.Optimizer, net: nn.Module | None = None, **options: Any) -> ct.Run:
    r = np.random.default_rng(2)
    data = (r.normal(size=(11, 3)).astype(np.float32), r.normal(size=(11, 2)).astype(np.float32))
    net = net or nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    return ct.Run(net, nn.MSELoss(), optimizer, data, batch_size=4, threads=1, **options)


def trained(run: ct.Run, batches: int = 7) -> dict[str, Any]:
    run.train(batches=batches, progress=False)
    return {name: np.array(array) for name, array in run.state.items()}


# -- as data ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("optimizer", EVERY_KIND, ids=repr)
def test_an_optimizer_as_data_makes_the_same_steps(optimizer: optim.Optimizer) -> None:
    again = optim.Optimizer.of(json.loads(json.dumps(optimizer.options())))
    assert type(again) is type(optimizer)
    assert again.options() == optimizer.options()
    first, second = trained(start(optimizer)), trained(start(again))
    assert list(first) == list(second)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_the_order_of_groups_survives_as_data() -> None:
    groups = {"*.bias": {"alpha": 0.1}, "0.*": {"alpha": 0.2}, "*": {"alpha": 0.3}}
    again = optim.Optimizer.of(json.loads(json.dumps(optim.SGD(1.0, groups=groups).options())))
    assert list(again.groups.items()) == list(groups.items())


def test_repr_shows_what_was_chosen() -> None:
    assert repr(optim.SGD(0.1)) == "SGD(alpha=0.1)"
    shown = repr(optim.Adam(0.01, weight_decay=0.1, schedule=optim.Cosine(10)))
    assert shown.startswith("Adam(alpha=0.01, weight_decay=0.1, schedule=Cosine(total=10")


# -- state ------------------------------------------------------------------------------------------------------------
WEIGHTS = ["0.weight", "0.bias", "2.weight", "2.bias"]


@pytest.mark.parametrize(
    ("optimizer", "families", "single"),
    [
        (optim.SGD(0.1), [], ["alpha"]),
        (optim.SGD(0.1, momentum=0.9), ["velocity"], ["alpha", "momentum"]),
        (optim.Adam(weight_decay=0.1), ["m", "v"], ["alpha", "weight_decay", "t"]),
        (optim.AdamW(average=0.9), ["m", "v", "average"], ["alpha", "weight_decay", "t"]),
    ],
)
def test_what_an_optimizer_remembers_mirrors_the_weights(
    optimizer: optim.Optimizer, families: list[str], single: list[str]
) -> None:
    run = start(optimizer)
    state = trained(run)
    memories = [f"optim/{family}/{name}" for family in families for name in WEIGHTS]
    assert set(state) == {*WEIGHTS, *memories, *(f"optim/{name}" for name in single)}
    for name in memories:
        assert state[name].shape == state[name.rpartition("/")[2]].shape
    assert run.program.families == {
        "weight": WEIGHTS,
        **{family: [f"optim/{family}/{name}" for name in WEIGHTS] for family in families},
        **({"count": ["optim/t"] * len(WEIGHTS)} if "t" in single else {}),
    }
    assert list(run.program.gradients) == WEIGHTS


def test_groups_have_knobs_of_their_own() -> None:
    state = trained(start(optim.Adam(0.01, groups={"0.*": {"alpha": 0.5, "weight_decay": 0.25}})))
    knobs = {name: float(state[name]) for name in state if name.startswith(("optim/alpha", "optim/weight"))}
    assert knobs == {"optim/alpha": pytest.approx(0.01), "optim/alpha[0.*]": 0.5, "optim/weight_decay[0.*]": 0.25}


def test_a_knob_turned_by_hand_is_felt_at_once() -> None:
    run = start(optim.SGD(0.1))
    weights = trained(run, 1)
    run.edit("alpha", 0.0).train(batches=3, progress=False)
    for name in WEIGHTS:
        np.testing.assert_array_equal(run.state[name], weights[name])
    run.edit("alpha", 0.1).train(batches=1, progress=False)
    assert not np.array_equal(run.state["0.weight"], weights["0.weight"])


@pytest.mark.parametrize(
    "optimizer", [optim.SGD(0.1, 0.9, weight_decay=0.5, average=0.9), optim.AdamW(weight_decay=0.5)]
)
def test_frozen_weights_stay_to_the_bit_and_have_no_memories(optimizer: optim.Optimizer) -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).freeze("0.*")
    before = {name: array.copy() for name, array in net.state().items()}
    state = trained(start(optimizer, net))
    for name in WEIGHTS:
        assert np.array_equal(state[name], before[name]) == name.startswith("0."), name
    assert not [name for name in state if name.startswith("optim/") and "/0." in name]


def test_weights_that_the_loss_never_meets_stay_as_they_are() -> None:
    class Spare(nn.Module):
        def __init__(self) -> None:
            self.used, self.spare = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x)

    net = Spare()
    before = net.spare.state()["weight"].copy()
    state = trained(start(optim.AdamW(0.1, weight_decay=0.5), net))
    np.testing.assert_array_equal(state["spare.weight"], before)


def test_tied_weights_are_moved_once_by_the_sum_of_their_gradients() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            self.a = nn.Linear(3, 2, bias=False)
            self.b = nn.Linear(3, 2, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.a(x) + 2 * self.b(x)

    run, alone = start(optim.SGD(0.1), Tied()), start(optim.SGD(0.1), nn.Linear(3, 2, bias=False))
    alone.edit("weight", run.state["a.weight"] * 3)
    first = run.state["a.weight"].copy()
    run.step("batch"), alone.step("batch")
    assert [name for name in run.state if "weight" in name] == ["a.weight"]
    moved = (alone.state["weight"] - first * 3) * 3  # three times the slope of one
    np.testing.assert_allclose(run.state["a.weight"] - first, moved, rtol=1e-4)


def test_clipping_where_some_weights_are_frozen() -> None:
    run = start(optim.SGD(0.1, clip_norm=1.0), nn.Sequential(nn.Linear(3, 2).freeze("weight")))
    assert np.isfinite(trained(run)["0.bias"]).all()


# -- readers' own -----------------------------------------------------------------------------------------------------
class Signs(optim.Optimizer):
    """Every weight moves by the same length."""

    kind: ClassVar[str] = "signs"

    def rule(self, weight: Parameter, g: Tensor, group: Group) -> tuple[Tensor, dict[str, Any]]:
        return weight - ops.sign(g) * group.alpha, {}


class Louder(optim.SGD):
    """Inherits everything, its name in the register too if nobody took care."""


@dataclass(frozen=True)
class Alternate(optim.Schedule):
    """Every other batch only."""

    every: int = 2

    def at(self, batch: int) -> float:
        return float(batch % self.every == 0)


class Slower(optim.Cosine):
    """Inherits a name too."""


def test_an_optimizer_of_ones_own() -> None:
    run = start(Signs(0.125))
    before = run.state["0.weight"].copy()
    run.step("batch")
    np.testing.assert_allclose(np.abs(run.state["0.weight"] - before), 0.125, rtol=1e-5)
    assert type(optim.Optimizer.of(Signs(0.125).options())) is Signs


def test_ones_own_does_not_take_its_parents_place() -> None:
    assert type(optim.Optimizer.of(optim.SGD(0.1).options())) is optim.SGD
    assert type(optim.Optimizer.of(Louder(0.1).options())) is Louder
    assert type(optim.Schedule.of(optim.Cosine(9).options())) is optim.Cosine
    assert type(optim.Schedule.of(Slower(9).options())) is Slower
    assert optim.Schedule.of(Alternate(3).options()) == Alternate(3)


def test_a_schedule_of_ones_own() -> None:
    run = start(optim.SGD(0.1, schedule=Alternate()))
    run.step("batch")
    before = run.state["0.weight"].copy()
    run.step("batch")
    np.testing.assert_array_equal(run.state["0.weight"], before)
    run.step("batch")
    assert not np.array_equal(run.state["0.weight"], before)


# -- schedules --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("schedule", "first", "last"),
    [
        (optim.Constant(), 1.0, 1.0),
        (optim.StepDecay(100, gamma=0.5), 1.0, 0.5**10),
        (optim.Cosine(500, floor=0.2), 1.0, 0.2),
        (optim.OneCycle(500, start=0.1, end=0.01), 0.1, 0.01),
        (optim.WarmUp(10), 0.1, 1.0),
        (optim.WarmUp(10, optim.Cosine(50)), 0.1, 0.0),
    ],
    ids=repr,
)
def test_schedules_begin_and_end_where_they_say(schedule: optim.Schedule, first: float, last: float) -> None:
    assert schedule.at(0) == pytest.approx(first)
    assert schedule.at(1000) == pytest.approx(last)
    factors = [schedule.at(k) for k in range(1000)]
    assert all(0 <= factor <= 1 for factor in factors)
    assert max(abs(a - b) for a, b in pairwise(factors)) <= 0.5  # no jumps but the stairs


@pytest.mark.parametrize("total", [1, 2, 3])
@pytest.mark.parametrize("warm", [0.0, 0.3, 1.0])
def test_one_cycle_of_very_few_batches(total: int, warm: float) -> None:
    assert all(0 < optim.OneCycle(total, warm=warm).at(k) <= 1 for k in range(total + 2))


def test_whole_numbers_of_numpy_are_made_plain() -> None:
    schedule = optim.Cosine(total=np.int64(10))  # type: ignore[arg-type]
    assert json.loads(json.dumps(schedule.options())) == {"kind": "cosine", "total": 10, "floor": 0.0}


# -- errors -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: optim.SGD(0.0), "alpha is the length of a step and must be above 0, not 0.0"),
        (lambda: optim.Adam(float("nan")), "must be above 0, not nan"),
        (lambda: optim.SGD(0.1, momentum=1.5), "momentum is how much of the speed stays"),
        (lambda: optim.SGD(0.1, nesterov=True), "nesterov looks ahead along the momentum: give momentum=0.9"),
        (lambda: optim.Adam(betas=(0.9, 1.0)), r"betas are how much of two memories stays.*not \(0.9, 1.0\)"),
        (lambda: optim.Adam(eps=-1), "eps keeps calm ground"),
        (lambda: optim.AdamW(weight_decay=-0.1), "weight_decay pulls every weight towards 0"),
        (lambda: optim.SGD(0.1, clip_norm=0), "clip_norm is the longest gradient allowed"),
        (lambda: optim.SGD(0.1, average=1.0), "average is how much of the old average stays, between 0 and 1"),
        (lambda: optim.SGD(0.1, schedule=0.5), r"schedule is one of ct\.optim's.*not 0\.5"),  # type: ignore[arg-type]
        (lambda: optim.SGD(0.1, groups={"*": {"momentum": 0.1}}), "alpha and weight_decay can differ, not momentum"),
        (lambda: optim.SGD(0.1, groups={"*": {"alpha": -0.1}}), "must not be below 0"),
        (lambda: optim.Cosine(total=0), "Cosine: total counts batches, 1 or more, not 0"),
        (lambda: optim.StepDecay(step_size=2.5), "StepDecay: step_size counts batches"),  # type: ignore[arg-type]
        (lambda: optim.WarmUp(-3), "WarmUp: steps counts batches, 1 or more, not -3"),
    ],
)
def test_impossible_settings_are_refused_when_made(make: Any, says: str) -> None:
    with pytest.raises(CutawayError, match=says):
        make()


def test_every_optimizer_and_schedule_has_been_tried() -> None:
    kinds: Mapping[str, Any] = {name: getattr(optim, name) for name in optim.__all__}
    optimizers = {kind for kind in kinds.values() if issubclass(kind, optim.Optimizer)} - {optim.Optimizer}
    schedules = {kind for kind in kinds.values() if issubclass(kind, optim.Schedule)} - {optim.Schedule}
    assert optimizers == {type(o) for o in EVERY_KIND}
    assert schedules == {type(o.schedule) for o in EVERY_KIND if o.schedule}
