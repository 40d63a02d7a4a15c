"""The examination: a branch of the run walks a few batches, and every check reads the slots it asked for.

The batches are the last ones done and the one that comes next. The run itself stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ...engine.errors import CutawayError
from ...engine.tape import Step, Tape
from .finding import Finding
from .reading import loss_of, outputs_slot

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Check", "Exam"]

EXAMPLES = 256  # so many are enough to tell a unit that is off from one that is seldom on
FEWEST, MOST = 2, 8  # batches of the past that are walked


class Check(Protocol):
    """One thing to look for; it knows operations and labels, and no network."""

    def begin(self, exam: Exam, program: Tape) -> Iterable[int]:
        """The slots it wants to see in the batch that is walked next."""

    def see(self, exam: Exam, slot: int, array: Any) -> None:
        """One of them, when it is filled; a view that must be copied to be kept."""

    def findings(self, exam: Exam) -> Iterable[Finding]:
        """What it has found, when all batches are walked."""


class Exam:
    """What all checks share: the batches that are walked, and how the loss went so far.

    losses: of every batch done; batches: those that were walked; program: of the last one walked
    level: the loss of an answer of zeros; ordinary: of answers as far from 0 as 1 (None where that makes no sense)
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.branch = run.fork()
        self.branch.unwatch()
        self.losses = np.array([result[0] for result in run.results], np.float64)  # as large as they were
        self.batches: list[int] = []
        self.batch = run.batch
        self.program: Tape | None = None
        self.notes: list[str] = []
        self.level: float | None = None
        self.ordinary: float | None = None
        self.examples = 0
        self.outputs: Any = None
        self.next_is_sound = True
        self.next_loss = np.nan  # of the batch that was walked last

    def walk(self, checks: Sequence[Check]) -> None:
        """Let the checks see the batches."""
        run, branch = self.run, self.branch
        size = run.settings.batch_size
        past = int(np.clip(-(-EXAMPLES // size), FEWEST, MOST))
        start = max(run.earliest, run.batch - past)
        try:
            branch.at(start)
            for _ in range(start, run.batch + 1):
                self._batch(checks)
        except CutawayError as error:
            self.notes.append(f"Not everything could be looked at: {error}")

    def _batch(self, checks: Sequence[Check]) -> None:
        branch = self.branch
        self.batch = branch.batch
        moments = branch.moments()
        next(moments)  # the data
        program = self.program = branch.program
        wanted: dict[int, list[Check]] = {}
        for check in checks:
            for slot in check.begin(self, program):
                wanted.setdefault(slot, []).append(check)
        outputs = outputs_slot(program)
        made = {step.output for step in program.steps}
        for slot in [slot for slot in wanted if slot not in made]:
            self._show(wanted[slot], slot)
        for moment in moments:
            if moment.kind == "batch":
                break
            if moment.step is not None:
                slot = moment.step.output
                self._show(wanted.get(slot, []), slot)
                if slot == program.results.get("loss"):
                    self._measure(program, outputs)
        self.batches.append(self.batch)
        self.examples += len(self.run.examples(self.batch))

    def _show(self, checks: Sequence[Check], slot: int) -> None:
        if checks:
            array = np.asarray(self.branch.see(slot))
            for check in checks:
                check.see(self, slot, array)

    def _measure(self, program: Tape, outputs: int | None) -> None:
        """What the loss would be for answers that know nothing."""
        see = self.branch.see
        self.next_loss = float(see(program.results["loss"]))
        self.next_is_sound = bool(np.isfinite(self.next_loss))
        if outputs is None or self.level is not None:
            return
        shape = np.shape(see(outputs))
        draws = np.random.default_rng(0).standard_normal(shape).astype(np.asarray(see(outputs)).dtype)
        self.level = loss_of(program, see, outputs, np.zeros_like(draws))
        self.ordinary = loss_of(program, see, outputs, draws)

    def since(self, true: Callable[[Run, Tape], bool]) -> int:
        """The batch since which this has been true, by halving: the question is asked in walked batches.

        true: is it so in this batch, whose forward phase has just been walked?
        """

        def holds(batch: int) -> bool:
            self.branch.at(batch)
            for moment in self.branch.moments():
                if moment.step is not None and not moment.step.label.startswith("forward"):
                    return true(self.branch, self.branch.program)
            return False

        low, high = self.run.earliest, self.batches[-1]
        if high == low or holds(low):
            return low
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if holds(middle) else (middle, high)
        return high

    # -- in words -----------------------------------------------------------------------------------------------
    @property
    def looked(self) -> str:
        """What was looked at."""
        if not self.batches:
            return f"the results and the state of {len(self.losses)} batches"
        first, last = self.batches[0], self.batches[-1]
        walked = f"batch {first}" if first == last else f"batches {first} to {last}"
        return f"every step of {walked} ({self.examples} examples), and {len(self.losses)} losses"

    def finding(self, kind: str, where: str, said: str, advice: str, op: int = 0, batch: int | None = None) -> Finding:
        """A finding of this run, at the batch that was walked last when nothing else is said."""
        batch = (self.batches[-1] if self.batches else self.run.batch) if batch is None else batch
        return Finding(kind, where, batch, op, said, advice, self.run)

    def op_of(self, slot: int) -> int:
        """How many moments of the batch have passed when this slot is filled."""
        steps: list[Step] = self.program.steps if self.program else []
        return next((k + 2 for k, step in enumerate(steps) if step.output == slot), 1)

    @property
    def whole(self) -> bool:
        """Does every batch hold all examples?"""
        return self.run.data is not None and len(self.run.loader()) == 1

    # -- the loss so far ----------------------------------------------------------------------------------------
    @property
    def first(self) -> float:
        """The loss with which it began."""
        return float(np.mean(self.losses[: min(5, max(1, len(self.losses) // 4))])) if len(self.losses) else np.nan

    @property
    def recent(self) -> float:
        """The loss of the last batches: their median, so that one hard batch says nothing."""
        return float(np.median(self.losses[-max(3, min(30, len(self.losses) // 4)) :])) if len(self.losses) else np.nan
