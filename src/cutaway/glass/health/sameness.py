"""Units that are copies of each other, and a network that answers the same whatever it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine.tape import Tape
from .exam import Exam
from .finding import Finding
from .reading import outputs_slot, weights

__all__ = ["CONSTANT", "COPIES", "Sameness"]

COPIES, CONSTANT = "units are copies", "constant answers"

# Units that start alike and get the same gradient stay alike for ever (Goodfellow, Bengio and Courville, 2016, 8.4).
# A layer counts as made of copies when its rows, weights and gradient together, are equal to the last digits.
ALIKE = 1e-6
# Answers count as constant when they differ by less than this share of their size from example to example: float32
# itself rounds at 1e-7.
FLAT = 1e-6
FEWEST = 3  # batches: a last layer that begins with zeros is fine


class Sameness:
    """Looks at the rows of every weight and its gradient, and at the outputs."""

    def __init__(self) -> None:
        self._old: dict[int, str] = {}
        self._gradients: dict[int, str] = {}
        self._rows: dict[str, Any] = {}
        self._copies: dict[str, bool] = {}
        self._zero: dict[str, bool] = {}
        self._outputs: int | None = None
        self._flat: list[bool] = []

    def begin(self, exam: Exam, program: Tape) -> Iterable[int]:
        names = weights(program)
        self._old = {program.state[name]: name for name in names}
        self._gradients = {program.gradients[name]: name for name in names}
        self._outputs = outputs_slot(program)
        return {*self._old, *self._gradients, *([] if self._outputs is None else [self._outputs])}

    def see(self, exam: Exam, slot: int, array: Any) -> None:
        if slot in self._old:
            self._rows[self._old[slot]] = _alike(array)
            self._zero[self._old[slot]] = not np.any(array)
        if slot in self._gradients:
            name = self._gradients[slot]
            self._copies[name] = self._copies.get(name, True) and bool(self._rows[name]) and _alike(array)
        if slot == self._outputs and array.ndim > 1 and len(array) > 1 and np.isfinite(array).all():
            spread, size = float(array.std(axis=0).max()), float(np.abs(array).max())
            self._flat.append(spread <= FLAT * size)

    def findings(self, exam: Exam) -> Iterable[Finding]:
        order = weights(exam.program) if exam.program is not None else []
        copies = [name for name in order if self._copies.get(name)]
        if copies and exam.program is not None:
            name = copies[0]
            how = "all 0" if self._zero[name] else "all equal"
            others = f" (and {', '.join(copies[1:])})" if copies[1:] else ""
            said = (
                f"The units of {name}{others} are copies of each other: their weights are {how}, and so are their "
                "gradients. They will stay copies, however long the training: the layer can do no more than one unit."
            )
            advice = "Start from chance: the layers' own start does, net.init(seed) draws it again."
            yield exam.finding(COPIES, name, said, advice, op=exam.op_of(exam.program.gradients[name]))
        if len(self._flat) >= FEWEST and all(self._flat) and self._outputs is not None and exam.program is not None:
            made = next(s for s in exam.program.steps if s.output == self._outputs)
            said = (
                f"The network gives the same answer to every one of {exam.examples} examples: its outputs do not "
                "depend on what it is shown."
            )
            advice = "Look for the layer where the examples become alike: run.step('layer') and run.show(slot)."
            yield exam.finding(CONSTANT, made.label.partition("/")[2], said, advice, op=exam.op_of(self._outputs))


def _alike(array: Any) -> bool:
    """Are all rows of this table equal? (The numbers of a layer that scales one by one are no table.)"""
    if np.ndim(array) < 2:
        return False
    rows = np.asarray(array).reshape(len(array), -1)
    if len(rows) < 2:
        return False
    size = np.abs(rows).max()
    return bool(np.isfinite(size) and (np.abs(rows - rows[:1]).max() <= ALIKE * size))
