"""The seam: replay and walk do the same, to the bit; slots are let go; seeing and putting say what is wrong."""

from __future__ import annotations

import gc
import random
import weakref
from typing import Any

import numpy as np
import pytest

from cutaway import nn, optim
from cutaway.engine import Parameter, Tape
from cutaway.engine.errors import TapeError
from cutaway.training import Run
from cutaway.training.executor import Readable
from cutaway.training.program import training_program

from .worlds import bits, pictures, rows


def random_net(chance: random.Random) -> nn.Module:
    """A net for rows of five numbers and three classes."""
    layers: list[nn.Module] = []
    width = 5
    for _ in range(chance.randint(0, 4)):
        kind = chance.choice(["linear", "linear", "bend", "drop", "batch norm"])
        if kind == "linear":
            width, before = chance.randint(1, 7), width
            layers.append(nn.Linear(before, width, bias=chance.random() < 0.7))
        elif kind == "bend":
            layers.append(chance.choice([nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU])())
        elif kind == "drop":
            layers.append(nn.Dropout(chance.choice([0.0, 0.3, 0.9])))
        else:
            layers.append(nn.BatchNorm1d(width))
    return nn.Sequential(*layers, nn.Linear(width, 3))


def random_optimizer(chance: random.Random) -> optim.Optimizer:
    options: dict[str, Any] = {
        "weight_decay": chance.choice([0.0, 0.1]),
        "clip_norm": chance.choice([None, 0.5]),
        "average": chance.choice([None, 0.9]),
        "schedule": chance.choice([None, optim.Cosine(20), optim.WarmUp(3)]),
        "groups": chance.choice([None, {"0.*": {"alpha": 0.5}}, {"*.bias": {"alpha": 0.001, "weight_decay": 0.0}}]),
    }
    kind = chance.choice([optim.SGD, optim.Adam, optim.AdamW])
    if kind is optim.SGD:
        options |= chance.choice([{}, {"momentum": 0.9}, {"momentum": 0.8, "nesterov": True}])
    return kind(chance.choice([0.3, 0.01]), **options)


@pytest.mark.parametrize("seed", range(25))
def test_replay_and_walk_give_the_same_bits_on_random_nets(seed: int) -> None:
    chance = random.Random(seed)
    net, optimizer, data = random_net(chance), random_optimizer(chance), rows()
    net.init(seed).to(chance.choice([np.float32, np.float32, np.float64]))
    loader = Run(net, nn.CrossEntropyLoss(), optimizer, data, 4, seed=seed, threads=1)
    batches = [loader.inputs(k) for k in range(5)]
    state = {name: array.copy() for name, array in loader.state.items()}
    program = loader.program
    replayed, walked = Readable(program, dict(state)), Readable(program, dict(state))
    results = [tuple(map(bits, result)) for result in replayed.replay(batches)]
    for inputs, result in zip(batches, results, strict=True):
        steps = list(walked.walk(inputs))
        assert steps == program.steps
        assert tuple(bits(walked.see(slot)) for slot in program.results.values()) == result
    assert replayed.state.keys() == walked.state.keys() == state.keys()
    assert {k: bits(v) for k, v in replayed.state.items()} == {k: bits(v) for k, v in walked.state.items()}


def two_steps() -> tuple[Tape, Readable]:
    """y = x + w; w' = y * 2."""
    w = Parameter(np.array([1.0, 2.0], np.float32), name="w")
    with Tape() as tape:
        x = tape.input("x", np.zeros(2, np.float32))
        y = x + w
        tape.results["y"] = tape.slot(y)
        tape.carries("w", y * 2.0)
    return tape, Readable(tape, {"w": w.data.copy()})


def test_the_state_is_whole_after_every_batch_even_when_the_replay_is_left() -> None:
    _, executor = two_steps()
    replay = executor.replay([(np.ones(2, np.float32),)] * 3)
    assert next(replay)[0].tolist() == [2.0, 3.0]
    replay.close()
    assert executor.state["w"].tolist() == [4.0, 6.0]
    for _ in executor.replay([(np.ones(2, np.float32),)] * 2):
        pass
    assert executor.state["w"].tolist() == [22.0, 30.0]


def test_a_walk_moves_the_state_only_at_its_end() -> None:
    _, executor = two_steps()
    walk = executor.walk((np.ones(2, np.float32),))
    next(walk)
    next(walk)
    assert executor.state["w"].tolist() == [1.0, 2.0]
    assert next(walk, None) is None
    assert executor.state["w"].tolist() == [4.0, 6.0]


def test_putting_something_into_a_slot_changes_what_comes_after_it() -> None:
    tape, executor = two_steps()
    walk = executor.walk((np.ones(2, np.float32),))
    first = next(walk)
    executor.put(first.output, np.array([10.0, 10.0], np.float32))
    list(walk)
    assert executor.see(first.output).tolist() == [10.0, 10.0]
    assert executor.state["w"].tolist() == [20.0, 20.0]
    list(executor.walk((np.ones(2, np.float32),)))  # and only of this batch
    assert executor.see(first.output).tolist() == [21.0, 21.0]
    assert tape.values[first.output].tolist() == [1.0, 2.0]


def test_slots_that_hold_nothing_say_so() -> None:
    tape, executor = two_steps()
    last = tape.steps[-1].output
    with pytest.raises(TapeError, match=f"Slot {last} is empty"):
        executor.see(last)
    walk = executor.walk((np.ones(2, np.float32),))
    assert executor.see(tape.inputs["x"]).tolist() == [1.0, 1.0]
    next(walk)
    with pytest.raises(TapeError, match=f"Slot {last} is empty"):
        executor.see(last)
    for slot in (-1, len(tape.values)):
        with pytest.raises(TapeError, match=f"no slot {slot}"):
            executor.see(slot)
        with pytest.raises(TapeError, match=f"no slot {slot}"):
            executor.put(slot, np.zeros(2))


class Traced(np.ndarray[Any, Any]):
    """An array that can be watched being let go."""


def test_replay_lets_a_slot_go_after_its_last_use() -> None:
    """Going up a chain of ten steps never more than a few of their outputs are alive."""
    made: list[weakref.ref[Any]] = []
    most = 0
    w = Parameter(np.ones(3, np.float32), name="w")
    with Tape() as tape:
        y = tape.input("x", np.ones(3, np.float32)) + w
        for _ in range(10):
            y = y.tanh()
        tape.results["y"] = tape.slot(y.sum())
    tanh = next(step.op for step in tape.steps if step.op.name == "tanh")

    class Watching(type(tanh)):  # type: ignore[misc]
        def __init__(self) -> None:
            self.name, self.story = "tanh", tanh.story

        @staticmethod
        def forward(x: Any) -> Any:
            nonlocal most
            out = np.tanh(np.asarray(x)).view(Traced)
            made.append(weakref.ref(out))
            most = max(most, sum(ref() is not None for ref in made))
            return out

    watching = Watching()
    tape.steps = [step._replace(op=watching) if step.op is tanh else step for step in tape.steps]
    gc.collect()
    list(Readable(tape, {"w": w.data}).replay([(np.ones(3, np.float32),)]))
    assert len(made) == 10
    assert most <= 2


def test_a_program_of_one_batch_size_is_kept_apart_from_another() -> None:
    run = Run(nn.Sequential(nn.Flatten(), nn.Linear(36, 4)), nn.CrossEntropyLoss(), optim.SGD(0.1), pictures(), 4)
    shapes = [run.at(k).program.values[run.program.inputs["x"]].shape[0] for k in range(7)]
    assert shapes == [4, 4, 4, 4, 4, 2, 4]


def test_a_program_is_what_the_documentation_says() -> None:
    net = nn.Linear(2, 1)
    x, y = np.ones((3, 2), np.float32), np.ones((3, 1), np.float32)
    program = training_program(net, nn.MSELoss(), optim.SGD(0.1, momentum=0.9), x, y)
    assert list(program.inputs) == ["x", "y", "step", "first"]
    assert set(program.families) == {"weight", "velocity"}
    assert program.families["velocity"] == [f"optim/velocity/{name}" for name in program.families["weight"]]
    phases = [step.label.partition("/")[0] for step in program.steps]
    assert list(dict.fromkeys(phases)) == ["forward", "loss", "backward", "update"]
    assert phases == sorted(phases, key=["forward", "loss", "backward", "update"].index)
