"""Schedules: how the step length alpha changes while training goes on.

A schedule is a function of the number of the batch, so it can be drawn before training starts and replayed after.
It gives a factor: the step taken is alpha times the factor, and alpha itself stays state, to be changed by hand.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ..engine import Op, Tape, Tensor
from ..engine.errors import CutawayError
from ..engine.op import Shape
from ..engine.ops.broadcast import one_number
from ..engine.sample import Sample, given

__all__ = ["Constant", "Cosine", "OneCycle", "Schedule", "StepDecay", "WarmUp"]

SCHEDULES: dict[str, type[Schedule]] = {}


@dataclass(frozen=True)
class Schedule:
    """The base: ``at(batch)`` is the factor for the batch of that number, counted from 0.

    >>> Schedule.of({"kind": "cosine", "total": 10})
    Cosine(total=10, floor=0.0)
    """

    kind: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        if "kind" not in vars(cls):  # one of a reader's own does not take its parent's place
            cls.kind = cls.__name__
        SCHEDULES[cls.kind] = cls

    def __post_init__(self) -> None:
        for name in ("step_size", "total", "steps"):
            batches = getattr(self, name, None)
            if batches is None:
                continue
            if not (isinstance(batches, int | np.integer) and batches >= 1):
                raise CutawayError(f"{type(self).__name__}: {name} counts batches, 1 or more, not {batches!r}.")
            object.__setattr__(self, name, int(batches))  # plain data, so that a run can be saved

    def at(self, batch: int) -> float:
        """The factor."""
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """Everything needed to make it again, as plain data."""
        return {"kind": self.kind, **asdict(self)}

    @staticmethod
    def of(options: dict[str, Any]) -> Schedule:
        """The schedule that these options describe."""
        rest = {key: value for key, value in options.items() if key != "kind"}
        return SCHEDULES[options["kind"]](**rest)

    def record(self, tape: Tape) -> Tensor:
        """The factor as a step of the tape."""
        return pace(tape.counter("step"), **self.options())


@dataclass(frozen=True)
class Constant(Schedule):
    """The same stride all day.

    factor = 1

    >>> Constant().at(1000)
    1.0
    """

    kind: ClassVar[str] = "constant"

    def at(self, batch: int) -> float:
        return 1.0


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Down a staircase: every so many batches the stride shrinks.

    factor = gamma ** (batch // step_size)

    step_size: batches from stair to stair
    gamma: what is left after each stair

    >>> StepDecay(step_size=100, gamma=0.5).at(250)
    0.25
    """

    step_size: int
    gamma: float = 0.1
    kind: ClassVar[str] = "step_decay"

    def at(self, batch: int) -> float:
        return float(self.gamma ** (batch // self.step_size))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Coming to rest like a swing: slowly at first, fast in the middle, gently at the end.

    factor = floor + (1 - floor) (1 + cos(pi batch / total)) / 2

    total: batches until rest
    floor: the factor that stays  (Loshchilov and Hutter, 2017)

    >>> Cosine(total=100).at(0), Cosine(total=100).at(50), Cosine(total=100, floor=0.1).at(100)
    (1.0, 0.5, 0.1)
    """

    total: int
    floor: float = 0.0
    kind: ClassVar[str] = "cosine"

    def at(self, batch: int) -> float:
        done = min(1.0, batch / self.total)
        return self.floor + (1 - self.floor) * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True)
class OneCycle(Schedule):
    """One breath: in for the first part of the training, out for the rest.

    factor rises from start to 1 over the first ``warm`` of the batches and falls to end, along half cosine waves

    total: all batches; the last one, total - 1, takes the factor end
    warm: the share of batches that rise
    start, end: the factors at both ends  (Smith, 2018; the numbers are PyTorch's)

    >>> cycle = OneCycle(total=100, warm=0.3)
    >>> round(cycle.at(0), 3), cycle.at(29), cycle.at(99) == cycle.end
    (0.04, 1.0, True)
    """

    total: int
    warm: float = 0.3
    start: float = 1 / 25
    end: float = 1 / 25e4
    kind: ClassVar[str] = "one_cycle"

    def at(self, batch: int) -> float:
        last = self.total - 1
        top = max(0.0, self.warm * self.total - 1)  # where the breath is fullest
        if batch < top:
            return _half_wave(self.start, 1.0, batch / top)
        return _half_wave(1.0, self.end, min(1.0, (batch - top) / (last - top)) if last > top else 1.0)


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Warming the engine before driving: small steps first, then another schedule.

    factor = (batch + 1) / steps while batch < steps, then that of ``then``, counted from there

    steps: batches to warm up
    then: the schedule afterwards, Constant when not said

    >>> WarmUp(10).at(4), WarmUp(10).at(10), WarmUp(10, Cosine(total=100)).at(60)
    (0.5, 1.0, 0.5)
    """

    steps: int
    then: Any = Constant()
    kind: ClassVar[str] = "warm_up"

    def at(self, batch: int) -> float:
        if batch < self.steps:
            return (batch + 1) / self.steps
        then = self.then if isinstance(self.then, Schedule) else Schedule.of(self.then)
        return then.at(batch - self.steps)

    def options(self) -> dict[str, Any]:
        then = self.then.options() if isinstance(self.then, Schedule) else self.then
        return {"kind": self.kind, "steps": self.steps, "then": then}


def _half_wave(a: float, b: float, share: float) -> float:
    return b + (a - b) * (1 + math.cos(math.pi * share)) / 2


class Pace(Op):
    """The coach's timetable: how long a stride should be today.

    y = the factor of the schedule for this batch

    step: the number of the batch
    y: the factor, 1 for the full alpha
    kind: which schedule
    options: its numbers

    Use it through the schedules of optim: Cosine, OneCycle, WarmUp.

    >>> pace(Tensor(50), kind="cosine", total=100, floor=0.0)
    Tensor(0.5)
    """

    whole = (0,)
    samples = (
        Sample(given(np.asarray(7)), kind="cosine", total=10, floor=0.1),
        Sample(given(np.asarray(0)), kind="constant"),
    )

    @staticmethod
    def forward(step: Any, kind: str, **options: Any) -> Any:
        return np.float32(SCHEDULES[kind](**options).at(int(step)))

    @staticmethod
    def shape(step: Shape, kind: str, **options: Any) -> Shape:
        one_number("pace", step=step)
        return ()


pace = Pace()
