"""A gradient that is not the slope: an operation of one's own whose backward says something else than a nudge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine.backward import backward
from ...engine.errors import CutawayError
from ...engine.tape import Step, Tape
from ...engine.tensor import Tensor
from ..text import number
from .exam import Exam
from .finding import Finding

__all__ = ["KIND", "Slopes"]

KIND = "wrong gradient"

# The library's own operations are checked in its tests. Others are nudged here along a few random directions (Baydin
# and others, 2018, section 2.1): a wrong backward agrees along one of them by luck, hardly along three. Slopes that are
# measured in float64 at smooth points are good to about 1e-6, and a corner that lies close by hits one, not most.
DIRECTIONS = 5
TOLERANCE = 1e-2
OFFSET = 1e-3  # first a little away from where it stands, so that corners (a ReLU at 0) are not hit
NUDGE = 1e-3  # of that offset
SAME = 1e-3  # ratios that agree so well are one factor
HOME = "cutaway."


class Slopes:
    """Nudges every operation that is not the library's own, with the numbers it was given in the last batch walked."""

    def __init__(self) -> None:
        self._steps: dict[str, Step] = {}
        self._felt: set[int] = set()
        self._arrays: dict[int, Any] = {}

    def begin(self, exam: Exam, program: Tape) -> Iterable[int]:
        self._felt = {slot for name, slot in program.state.items() if name in program.gradients}
        for step in program.steps:
            if not self._felt.isdisjoint(step.inputs):
                self._felt.add(step.output)
        own = [s for s in program.steps if not s.label.startswith(("backward", "update")) and _own(s)]
        self._steps = {}
        for step in own:
            if not self._felt.isdisjoint(step.inputs):
                self._steps.setdefault(step.op.name, step)
        return {slot for step in self._steps.values() for slot in step.inputs}

    def see(self, exam: Exam, slot: int, array: Any) -> None:
        self._arrays[slot] = np.array(array, copy=True)

    def findings(self, exam: Exam) -> Iterable[Finding]:
        for name, step in self._steps.items():
            arrays = [self._arrays.get(slot) for slot in step.inputs]
            if any(array is None or (array.dtype.kind == "f" and not np.isfinite(array).all()) for array in arrays):
                continue
            for k, slot in enumerate(step.inputs):
                if slot in self._felt and arrays[k].dtype.kind == "f":  # type: ignore[union-attr]
                    measured = _measure(step, arrays, k)
                    if measured is not None and _differ(*measured):
                        yield self._told(exam, name, step, k, *measured)
                        break

    def _told(self, exam: Exam, name: str, step: Step, k: int, said: Any, felt: Any) -> Finding:
        what = f"its input {k + 1} of {len(step.inputs)}" if len(step.inputs) > 1 else "its input"
        told = ", ".join(f"{number(s)} where {number(f)}" for s, f in list(zip(said, felt, strict=True))[:2])
        said_so = (
            f"The backward of {name} ({step.label}) does not say how {what} is felt: nudged along two random "
            f"directions, it says {told} is measured.{_factor(said, felt, len(self._arrays[step.inputs[k]]))}"
        )
        advice = (
            f"Mend the backward of {name}: ct.check_grads({name}, [...]) names the numbers that disagree. Where a "
            "value is used twice, its shares add up. If it is meant to differ (straight through a step), leave it."
        )
        return exam.finding(KIND, f"{name} ({step.label})", said_so, advice, op=exam.op_of(step.output))


def _own(step: Step) -> bool:
    return not f"{type(step.op).__module__}.".startswith(HOME)


def _measure(step: Step, arrays: list[Any], which: int) -> tuple[Any, Any] | None:
    """Along random directions of one input: what backward says, and what a nudge feels."""
    chance = np.random.default_rng(0)
    doubles = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
    said, felt = [], []
    try:
        for _ in range(DIRECTIONS):
            here = list(doubles)
            x = here[which]
            size = np.maximum(np.abs(x), 0.01)
            here[which] = x + OFFSET * size * chance.normal(size=x.shape)
            way = size * chance.normal(size=x.shape)
            with Tape():
                tensors = [Tensor(array) for array in here]
                y = step.op(*tensors, **step.attrs)
                seed = np.ones(y.shape) if y.data.size == 1 else chance.normal(size=y.shape)
                (slope,) = backward(y, [tensors[which]], Tensor(seed))
            h = OFFSET * NUDGE
            ahead, behind = (
                np.asarray(step.op.forward(*here[:which], here[which] + s * way, *here[which + 1 :], **step.attrs))
                for s in (h, -h)
            )
            said.append(float((np.asarray(slope.data) * way).sum()))
            felt.append(float(((ahead - behind) * seed).sum()) / (2 * h))
    except (CutawayError, TypeError, ValueError, LookupError, ArithmeticError):
        return None  # it cannot be asked so: it wants float32, say
    return np.array(said), np.array(felt)


def _differ(said: Any, felt: Any) -> bool:
    """Along most of the directions they do not agree."""
    if not (np.isfinite(said).all() and np.isfinite(felt).all()):
        return False
    size = np.maximum(np.abs(said), np.abs(felt))
    floor = 1e-9 + 1e-3 * size.max()
    return bool(2 * (np.abs(said - felt) > TOLERANCE * np.maximum(size, floor)).sum() > DIRECTIONS)


def _factor(said: Any, felt: Any, examples: int) -> str:
    """Is it one factor everywhere? Then say which mistake makes it."""
    if not felt.all() or not said.any():
        return " It says 0: nothing comes through." if not said.any() else ""
    ratios = said / felt
    ratio = float(np.median(ratios))
    if np.abs(ratios - ratio).max() > SAME * abs(ratio):
        return ""
    known = {
        -1.0: "the sign is turned round",
        2.0: "twice as much",
        0.5: "half of it, as if a 2 were lost",
        float(examples): f"{examples} times as much, and the batch holds {examples} examples: the 1/N of a mean is "
        "missing",
        -float(examples): f"{examples} times as much and with the sign turned round; the batch holds {examples} "
        "examples",
    }
    for factor, told in known.items():
        if abs(ratio - factor) < SAME * abs(factor):
            return f" Everywhere it is {told}." if abs(factor) != 1 else f" Everywhere {told}."
    return f" Everywhere it is {number(ratio)} times as much."
