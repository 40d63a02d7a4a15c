"""Small worlds to train in, each with other parts, and ways to compare two runs to the bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cutaway import nn, optim
from cutaway.data import Dataset, Flip, Shift
from cutaway.training import Run


def rows(count: int = 22, seed: int = 1) -> Dataset:
    """Rows of five numbers in three classes."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(count, 5)).astype(np.float32)
    return Dataset(x, (x[:, 0] + x[:, 1] > 0).astype(int) + (x[:, 2] > 0.5), name="rows")


def pictures(count: int = 22, seed: int = 2) -> Dataset:
    """Pictures of 6 x 6 points in four classes."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(count, 1, 6, 6)).astype(np.float32)
    return Dataset(x, chance.integers(0, 4, count), name="pictures")


class Tied(nn.Module):
    """One weight used twice, one that nobody uses, and one layer that the frozen world does not train."""

    def __init__(self) -> None:
        self.first = nn.Linear(5, 5)
        self.second = nn.Linear(5, 5)
        self.second.weight = self.first.weight
        self.last = nn.Linear(5, 3)
        self.unused = nn.Linear(2, 2)

    def forward(self, x: Any) -> Any:
        return self.last(self.second(self.first(x).tanh()).tanh())


def _mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 3))


def _dropped() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.4), nn.Linear(8, 3), nn.Dropout(0.1))


def _conv() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(27, 4),
    )


def _run(net: nn.Module, optimizer: optim.Optimizer, data: Dataset, **options: Any) -> Run:
    options = {"batch_size": 4, "seed": 3, "threads": 1, **options}
    return Run(net, nn.CrossEntropyLoss(), optimizer, data, **options)


GROUPS = {"0.*": {"alpha": 0.005}, "*.bias": {"weight_decay": 0.0}}

WORLDS: dict[str, Callable[..., Run]] = {
    "plain sgd": lambda **o: _run(_mlp(), optim.SGD(0.1), rows(), **o),
    "momentum, clipping, dropout": lambda **o: _run(
        _dropped(), optim.SGD(0.1, momentum=0.9, clip_norm=0.3, weight_decay=0.01), rows(), **o
    ),
    "nesterov, groups, schedule": lambda **o: _run(
        _mlp(), optim.SGD(0.1, 0.9, nesterov=True, groups=GROUPS, schedule=optim.StepDecay(3, 0.7)), rows(), **o
    ),
    "adam, averaging, whole batches": lambda **o: _run(_dropped(), optim.Adam(0.02, average=0.9), rows(20), **o),
    "adamw, batch norm, augmentation": lambda **o: _run(
        _conv(),
        optim.AdamW(0.02, schedule=optim.OneCycle(40), clip_norm=1.0, average=0.95, groups=GROUPS),
        pictures(),
        augment=[Shift(1), Flip()],
        **o,
    ),
    "sgd, batch norm, warm-up": lambda **o: _run(
        _conv(), optim.SGD(0.05, momentum=0.5, schedule=optim.WarmUp(5, optim.Cosine(30))), pictures(), **o
    ),
    "tied, frozen and unused": lambda **o: _run(
        Tied().freeze("last.*"), optim.Adam(0.02, weight_decay=0.01, average=0.8), rows(), **o
    ),
    "float64": lambda **o: _run(_dropped().to(np.float64), optim.Adam(0.02, clip_norm=0.5), rows(), **o),
    "one batch holds all": lambda **o: _run(_mlp(), optim.SGD(0.1, 0.9), rows(), **{"batch_size": 64, **o}),
}


# -- what happens to a run besides its batches -------------------------------------------------------------------------
Action = Callable[[Run], Any]
Story = dict[tuple[int, int], list[Action]]  # (batch, op) -> what is done there


def story(run: Run) -> Story:
    """Changes of every kind, between batches and in the middle of one, for any world."""
    weights = [name for name, p in run.net.named_parameters().items() if p.ndim > 1]
    first, last = weights[0], weights[-1]
    memory = next((name for name in run.state if name.startswith("optim/") and run.state[name].ndim), first)
    middle = run.program.steps[2].output
    late = len(run.program.steps) - 1
    rest = [module for module in run.net.modules() if module.path]

    def trains(mode: bool) -> Action:
        return lambda run: [module.train(mode) for module in run.net.modules() if module.path in paths]

    paths = {module.path for module in rest}
    return {
        (2, 0): [lambda run: run.edit(first, (0, 0), 0.5), lambda run: run.edit("alpha", 0.03)],
        (3, 4): [lambda run: run.edit(middle, 0.25)],
        (4, 1): [lambda run: run.edit("x", (0,), 0.125), lambda run: run.edit("y", 0, 1)],
        (5, 0): [lambda run: run.edit(memory, (Ellipsis, 0), 0.01)],
        (5, late): [lambda run: run.edit(first, (1, slice(0, 1)), -0.5), lambda run: run.edit(memory, 0.02)],
        (6, 0): [trains(False)],
        (7, 3): [lambda run: run.freeze(first), lambda run: run.edit("alpha", 0.02)],
        (9, 0): [trains(True), lambda run: run.edit("alpha", 0.04)],
        (10, 0): [lambda run: setattr(run, "batch_size", 5)],
        (11, 6): [lambda run: run.unfreeze(first), lambda run: run.edit(last, (0, 0), 1.0)],
        (13, 0): [lambda run: run.freeze("*.bias"), lambda run: run.unfreeze("*.bias")],
        (15, 0): [lambda run: run.edit("alpha", 0.01)],
    }


def live(run: Run, until: int, events: Story) -> Run:
    """Train to the beginning of a batch and do on the way what the story says."""
    for batch, op in sorted(place for place in events if run.batch <= place[0] and place < (until, 1)):
        if run.batch < batch:
            run.train(until=batch, progress=False)
        while run.op < op:
            run.step("op")
        for action in events[batch, op]:
            action(run)
    return run.train(until=until, progress=False)


# -- comparing ---------------------------------------------------------------------------------------------------------
def bits(array: Any) -> tuple[str, tuple[int, ...], bytes]:
    """An array as something that is equal only where every bit is."""
    array = np.asarray(array)
    return array.dtype.str, array.shape, array.tobytes()


def bits_of(run: Run) -> dict[str, Any]:
    """All that a run stands on, to the bit: state, settings, results, network, and the next batch."""
    x, y, step, first = run.inputs(run.batch)
    shown = {} if run.net is None else {f"net/{name}": bits(array) for name, array in run.net.state().items()}
    return {
        "place": (run.batch, run.op),
        "epoch": run.epoch,
        "settings": run.settings,
        "losses": np.array(run.losses).tobytes(),
        "next batch": (bits(x), bits(y), int(step), int(first)),
        **shown,
        **{name: bits(run.state[name]) for name in sorted(run.state)},
    }


def same(one: Run, other: Run, net: bool = True) -> None:
    """Assert that two runs are equal to the bit, and name what is not."""
    a, b = bits_of(one), bits_of(other)
    if not net:
        a, b = ({name: value for name, value in d.items() if not name.startswith("net/")} for d in (a, b))
    assert a.keys() == b.keys()
    different = [name for name in a if a[name] != b[name]]
    assert not different, f"different bits: {different}"


def same_future(one: Run, other: Run, batches: int = 4) -> None:
    """Assert that two runs are equal, and stay so."""
    same(one, other, net=one.net is not None and other.net is not None)
    for run in (one, other):
        run.train(batches=batches, progress=False)
    same(one, other, net=one.net is not None and other.net is not None)
