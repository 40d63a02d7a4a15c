"""Saturation: a sigmoid or tanh that stands at its end hardly moves, and lets hardly any gradient through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine.tape import Tape
from .exam import Exam
from .finding import Finding
from .reading import layer, outputs_slot

__all__ = ["Saturation"]

# A value counts as saturated where the slope is below 2 % of the steepest: |tanh| > 0.99, sigmoid outside
# 0.005 .. 0.995. Healthy layers have some such values, more the longer they train; a layer where nine in ten are
# saturated learns with a tenth of its values (Glorot and Bengio, 2010, saw whole layers stuck so).
SHARE = 0.9
ENDS = {"tanh": (-0.99, 0.99), "sigmoid": (0.005, 0.995)}


class Saturation:
    """Looks at every sigmoid and tanh inside the network; the last one may well be sure of itself."""

    def __init__(self) -> None:
        self._steps: dict[int, tuple[int, str, str]] = {}
        self._counts: dict[int, tuple[float, float]] = {}
        self._slots: dict[int, int] = {}

    def begin(self, exam: Exam, program: Tape) -> Iterable[int]:
        last = outputs_slot(program)
        found = [s for s in program.steps if s.op.name in ENDS and s.label.startswith("forward") and s.output != last]
        self._steps = {s.output: (k, s.op.name, s.label) for k, s in enumerate(found)}
        self._slots = {k: s.output for k, s in enumerate(found)}
        return self._steps

    def see(self, exam: Exam, slot: int, array: Any) -> None:
        k, name, _ = self._steps[slot]
        low, high = ENDS[name]
        if not np.isfinite(array).all():
            return
        count, all_ = self._counts.get(k, (0.0, 0.0))
        self._counts[k] = count + float(np.count_nonzero((array < low) | (array > high))), all_ + array.size

    def findings(self, exam: Exam) -> Iterable[Finding]:
        for k, name, label in sorted(self._steps.values()):
            count, all_ = self._counts.get(k, (0.0, 1.0))
            if count / all_ < SHARE:
                continue
            said = (
                f"{count / all_:.0%} of the values of the {name} in layer {layer(label)} stand at its ends, where it "
                "is flat: hardly any gradient gets through."
            )
            advice = (
                "Scale the inputs to a spread of 1, start with smaller weights (the layers' own start is right), make "
                "alpha smaller, or put nn.BatchNorm or nn.LayerNorm before it."
            )
            yield exam.finding("saturation", layer(label), said, advice, op=exam.op_of(self._slots[k]))
