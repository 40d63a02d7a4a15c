"""Dead units: a ReLU that is off for every example gets no gradient, so it stays off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.tape import Tape
from .exam import Exam
from .finding import Finding
from .reading import layer, unit_axis

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["DeadUnits"]

# Half of the values of a healthy ReLU layer are 0 (Glorot, Bordes and Bengio, 2011), and in small networks a few units
# are off for all examples by the luck of the start, up to half of a deep layer; three quarters are more than luck.
# A unit counts as dead when none of the examples switched it on and its input lies three standard deviations below 0,
# so that an example that does is not to be expected (1 in 700).
SHARE = 0.75
SIGMAS = 3.0
# Where nothing has been learnt although there was time, half of a layer is reason enough.
HALF, TIME = 0.5, 20
# Fewer are reported only when nothing can reach them (with steps that are too long up to 40 % of the units end so:
# Karpathy, CS231n, 2016): their inputs lie twenty times as far below 0 as the inputs of the quieter units ever get from
# 0, and twenty times farther than they themselves move.
HOPELESS = 20.0


class DeadUnits:
    """Looks at what goes into every ReLU of the forward phase."""

    def __init__(self) -> None:
        self._doors: dict[int, int] = {}  # slot that goes in -> which ReLU of the program it is
        self._axes: dict[int, int] = {}
        self._sums: dict[int, list[Any]] = {}  # ReLU -> count, sum, sum of squares, largest; unit by unit
        self._labels: dict[int, str] = {}
        self._slots: dict[int, int] = {}

    def begin(self, exam: Exam, program: Tape) -> Iterable[int]:
        relus = [step for step in program.steps if step.op.name == "relu" and step.label.startswith("forward")]
        self._doors = {step.inputs[0]: k for k, step in enumerate(relus)}
        self._labels = {k: step.label for k, step in enumerate(relus)}
        self._slots = {k: step.output for k, step in enumerate(relus)}
        return self._doors

    def see(self, exam: Exam, slot: int, array: Any) -> None:
        k = self._doors[slot]
        if array.ndim < 2 or not np.isfinite(array).all():
            return
        assert exam.program is not None
        axis = self._axes.setdefault(k, unit_axis(exam.program, slot, array.ndim))
        rows = np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis]).astype(np.float64)
        new = [float(len(rows)), rows.sum(axis=0), np.square(rows).sum(axis=0), rows.max(axis=0)]
        if k in self._sums and len(self._sums[k][1]) == len(new[1]):
            count, total, squares, top = self._sums[k]
            new = [count + new[0], total + new[1], squares + new[2], np.maximum(top, new[3])]
        self._sums[k] = new

    def findings(self, exam: Exam) -> Iterable[Finding]:
        for k in sorted(self._sums):
            count, total, squares, top = self._sums[k]
            mean = total / count
            spread = np.sqrt(np.maximum(squares / count - mean**2, 0))
            off = (top <= 0) & (mean + SIGMAS * spread < 0)
            usual = np.quantile(np.sqrt(squares / count), 0.35)
            hopeless = off & (mean + HOPELESS * np.maximum(spread, usual) < 0)
            share = off.mean()
            many = share >= SHARE or (share > HALF and _stuck(exam))
            if not many and not hopeless.any():
                continue
            which = np.flatnonzero(off if many else hopeless)
            yield self._told(exam, k, which, len(mean), float(mean[which].mean()), int(count))
            if share == 1:
                return  # the layers behind it only get what it lets through, which is nothing

    def _told(self, exam: Exam, k: int, which: Any, units: int, mean: float, count: int) -> Finding:
        name = layer(self._labels[k])
        named = ", ".join(map(str, which[:8])) + (", ..." if len(which) > 8 else "")
        who = f"All {units} units are" if len(which) == units else f"{len(which)} of {units} units are"
        who = f"Unit {which[0]} of {units} is" if len(which) == 1 < units else who
        who += f" off ({named})" if 1 < len(which) < units else " off"
        said = (
            f"In the ReLU of layer {name}: {who} for every one of {exam.examples} examples, with inputs of {mean:.3g} "
            "on average. No gradient passes through a unit that is off, so it does not learn any more."
        )
        advice = (
            "Go back before they died and make alpha smaller; look at the biases of the layer before; nn.LeakyReLU "
            "never goes quite off."
        )

        def off(run: Run, program: Tape) -> bool:
            relus = [step for step in program.steps if step.op.name == "relu" and step.label.startswith("forward")]
            inputs = np.moveaxis(np.asarray(run.see(relus[k].inputs[0])), self._axes[k], -1)
            return bool((inputs[..., which] <= 0).all())

        since = exam.since(off)
        said += f" It has been so since batch {since}." if since > exam.run.earliest else ""
        return exam.finding("dead units", name, said, advice, op=exam.op_of(self._slots[k]), batch=since)


def _stuck(exam: Exam) -> bool:
    """Has it not become better than knowing nothing?"""
    return len(exam.losses) >= TIME and exam.level is not None and exam.recent > 0.9 * exam.level
