"""A learning rate too high (the loss grows, or jumps to and fro) or too low (nothing moves)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine.tape import Tape
from .exam import Exam
from .finding import Finding
from .reading import weights

__all__ = ["HIGH", "LOW", "Speed"]

HIGH, LOW = "learning rate too high", "learning rate too low"

# How much of a weight one batch changes (length of the change by length of the weight). About 1e-3 is healthy
# (Karpathy, CS231n, 2016); small networks and the first steps of Adam come to 0.1. At 1 nothing of the weight is left.
REPLACED = 1.0
# At 3e-5 and below, 30,000 batches and more are needed to change a weight by its own size.
STANDING = 3e-5
# A loss counts as grown when it is half as large again as at the beginning, and worse than knowing nothing; healthy
# runs rise for some batches, never that far. Ten times the beginning is beyond doubt after any number of batches.
GROWN, BEYOND = 1.5, 10.0
LATELY = 50  # batches
FEW = 5  # batches before which "grown" says nothing
LONG = 20  # batches before which "nothing moves" says nothing
# Successive gradients that point against each other (cosine) say that every step goes to the other side of the valley;
# where a batch is only a part of the data, they differ for other reasons too, so only whole batches are asked.
AGAINST = -0.5


class Speed:
    """Compares every weight before and after, and successive gradients."""

    def __init__(self) -> None:
        self._new: dict[int, str] = {}
        self._old: dict[int, str] = {}
        self._gradients: dict[int, str] = {}
        self._sizes: dict[str, float] = {}
        self._kept: dict[str, Any] = {}
        self._before: dict[str, Any] = {}
        self._dots: list[tuple[float, float, float]] = []
        self.ratios: dict[str, list[float]] = {}

    def begin(self, exam: Exam, program: Tape) -> Iterable[int]:
        names = [name for name in weights(program) if name in program.carry]
        self._old = {program.state[name]: name for name in names}
        self._new = {program.carry[name]: name for name in names}
        self._gradients = {program.gradients[name]: name for name in names}
        self._dots.append((0.0, 0.0, 0.0))
        return {**self._old, **self._new, **self._gradients}

    def see(self, exam: Exam, slot: int, array: Any) -> None:
        with np.errstate(all="ignore"):
            if slot in self._old:
                self._kept[self._old[slot]] = np.array(array, np.float64)
            if slot in self._gradients:
                name = self._gradients[slot]
                now, was = np.array(array, np.float64), self._before.get(name)
                if was is not None and was.shape == now.shape:
                    new = float((now * was).sum()), float((now * now).sum()), float((was * was).sum())
                    a, b, c = self._dots[-1]
                    self._dots[-1] = a + new[0], b + new[1], c + new[2]
                self._before[name] = now
            if slot in self._new:
                name = self._new[slot]
                old = self._kept[name]
                size = float(np.sqrt(np.square(old).sum()))
                ratio = float(np.sqrt(np.square(array - old).sum())) / size if size else np.nan
                if np.isfinite(ratio):
                    self.ratios.setdefault(name, []).append(ratio)

    @property
    def fastest(self) -> tuple[float, str]:
        """The largest of the typical changes, and whose it is."""
        return max(((float(np.median(r)), name) for name, r in self.ratios.items()), default=(np.nan, ""))

    def findings(self, exam: Exam) -> Iterable[Finding]:
        losses = exam.losses[np.isfinite(exam.losses)]
        level = exam.level if exam.level is not None else (exam.first if len(losses) else np.nan)
        high = self._high(exam, losses, level)
        if high:
            batch = self._since(exam, losses)
            yield exam.finding(
                HIGH,
                self.fastest[1],
                high,
                f"{_alpha(exam, 0.1)} (a tenth), or begin slowly with schedule=optim.WarmUp(...).",
                batch=batch,
            )
        elif len(losses) >= LONG and self._stands(exam, losses, level):
            speed, name = self.fastest
            said = (
                f"{len(losses)} batches have not made the loss smaller ({exam.first:.4g} at first, {exam.recent:.4g} "
                f"now), and one batch changes a weight by {speed:.1g} of its size at most ({name})."
            )
            yield exam.finding(LOW, name, said, f"{_alpha(exam, 100)} (a hundred times as much).")

    def _high(self, exam: Exam, losses: Any, level: float) -> str:
        """What speaks for it, in words; "" when nothing does."""
        if not len(losses):
            return ""
        first, recent = float(losses[0]), exam.recent
        tail = losses[-3:]
        worse = max(first, level)
        broken = len(losses) < len(exam.losses) or not exam.next_is_sound
        speed, name = self.fastest
        told = f" One batch changes {name} by {speed:.2g} of its size." if speed > 0.01 else ""
        if tail.min() > BEYOND * worse or (broken and tail[-1] > BEYOND * worse):
            return f"The loss was {first:.4g} at first and is {tail[-1]:.4g} now.{told}"
        if len(losses) >= FEW and recent > GROWN * worse and np.median(tail) > GROWN * worse:
            return f"The loss was {first:.4g} at first and is {recent:.4g} now.{told}"
        jumps = losses[-LATELY:][losses[-LATELY:] > BEYOND * worse]
        if len(jumps) >= 3:
            lately = f"{len(jumps)} of the last {min(LATELY, len(losses))} batches"
            return f"The loss was {first:.4g} at first, and in {lately} it jumped as high as {jumps.max():.4g}.{told}"
        if broken and speed > REPLACED:
            return f"The numbers have left all bounds.{told}"
        if len(losses) >= FEW and speed > REPLACED and recent > 0.9 * worse:
            return f"The loss does not fall ({first:.4g} at first, {recent:.4g} now).{told}"
        cosines = [a / np.sqrt(b * c) for a, b, c in self._dots if b > 0 and c > 0]
        against = len(cosines) >= 2 and np.median(cosines) < AGAINST
        if exam.whole and len(losses) >= LONG and against and recent > 0.9 * worse:
            return (
                f"The loss does not fall ({first:.4g} at first, {recent:.4g} now), and every gradient points against "
                f"the one before (cosine {np.median(cosines):.2f}): each step goes too far."
            )
        return ""

    def _since(self, exam: Exam, losses: Any) -> int:
        """The batch from which on the loss was worse than at the beginning for good."""
        good = np.flatnonzero(losses <= losses[0])
        return max(exam.run.earliest, int(good[-1]) if len(good) else 0)

    def _stands(self, exam: Exam, losses: Any, level: float) -> bool:
        speed, _ = self.fastest
        half = len(losses) // 2
        spread = float(losses.std()) / np.sqrt(half) if half else 0.0
        better = float(losses[:half].mean() - losses[half:].mean())
        still = better < max(0.01 * exam.first, 2 * spread)
        return bool(0 <= speed < STANDING and still and exam.recent > 0.3 * level)


def _alpha(exam: Exam, factor: float) -> str:
    alphas = [name for name in exam.run.state if name.startswith("optim/alpha")]
    if len(alphas) == 1:
        return f"run.edit('alpha', {float(exam.run.state[alphas[0]]) * factor:.2g})"
    return f"alpha times {factor:g}"
