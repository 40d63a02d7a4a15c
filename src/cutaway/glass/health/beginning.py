"""A start that is much worse than knowing nothing: weights that are far too large."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine.tape import Tape
from .exam import Exam
from .finding import Finding
from .reading import weights

__all__ = ["KIND", "Beginning"]

KIND = "weights too large"

# "Verify loss at init" (Karpathy, A recipe for training neural networks, 2019): a network that knows nothing yet should
# lose about what ordinary guesses lose. Ordinary guesses are numbers about as far from 0 as 1; ten times their loss is
# being very sure and very wrong. Starts that are made on purpose stay below twice.
WORSE = 10.0


class Beginning:
    """Compares the loss with that of ordinary guesses, and looks for the largest weights."""

    def __init__(self) -> None:
        self._old: dict[int, str] = {}
        self._gains: dict[str, float] = {}

    def begin(self, exam: Exam, program: Tape) -> Iterable[int]:
        self._old = {program.state[name]: name for name in weights(program)}
        return self._old

    def see(self, exam: Exam, slot: int, array: Any) -> None:
        with np.errstate(all="ignore"):  # what a layer multiplies the size of its inputs with, on average
            inputs = array.size / len(array)
            gain = float(np.sqrt(np.mean(np.square(array, dtype=np.float64)) * inputs))
        self._gains.setdefault(self._old[slot], gain)

    def findings(self, exam: Exam) -> Iterable[Finding]:
        if exam.ordinary is None or exam.program is None or not self._gains:
            return
        losses = exam.losses if len(exam.losses) else np.array([exam.next_loss])
        first, recent = float(losses[0]), float(np.median(losses[-3:]))
        bound = WORSE * exam.ordinary
        if np.isfinite(first) and not (first > bound and recent > exam.ordinary):
            return
        name = max(self._gains, key=lambda n: self._gains[n])
        if not np.isfinite(first) and self._gains[name] < WORSE:
            return
        said = (
            f"The training began with a loss of {first:.4g}, where ordinary guesses lose {exam.ordinary:.3g}: it is "
            f"very sure and very wrong. {name} makes what comes in {self._gains[name]:.3g} times as large."
        )
        advice = (
            "Start with smaller weights: about 1 / sqrt(inputs) each, which is the layers' own start; or scale the "
            "inputs, if they are large."
        )
        yield exam.finding(KIND, name, said, advice, batch=exam.run.earliest)
