"""What the names of a condition mean at one moment of a run."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.errors import CutawayError
from ...engine.tape import Tape
from ...training.names import slot_of

if TYPE_CHECKING:
    from ...training.clockwork import Moment
    from ...training.run import Run

__all__ = ["Now", "Past", "slots_of"]

COUNTERS = ("batch", "epoch")


class Now:
    """The run as it stands; in an open batch also its slots.

    moment: the moment that has just passed, where a batch is being walked
    """

    def __init__(self, run: Run, moment: Moment | None = None) -> None:
        self.run, self.moment = run, moment
        self.walking = run.op > 0

    def number(self, name: str) -> Any:
        """batch, epoch, a result of the last batch, or a part of the state: alpha."""
        run = self.run
        if name in COUNTERS:
            return getattr(run, name)
        results = ("loss", *run.metrics)
        if name in results:
            if self.walking and self.moment is not None and _ready(run, run.program.results[name]):
                return run.see(run.program.results[name])
            return np.float64(run.results[-1][results.index(name)]) if run.results else np.float64("nan")
        try:
            return run.see(name)
        except CutawayError:
            raise CutawayError(self._unknown(name)) from None

    def _unknown(self, name: str) -> str:
        known = [*COUNTERS, "loss", *self.run.metrics]
        known += [n.removeprefix("optim/") for n in self.run.state if n.removeprefix("optim/").isidentifier()]
        near = difflib.get_close_matches(name, known, n=1) or [
            n for n in known if name in ("lr", "rate") and n == "alpha"
        ]
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
        return f"there is no {name}. {hint}"

    def array(self, name: str) -> Any:
        """A part of the state, the batch ("x", "y"), or the output of a layer by its label."""
        if name in ("loss", *COUNTERS, *self.run.metrics):
            return self.number(name)
        slot = slot_of(self.run.program, name) if name not in self.run.state else None
        return self.run.see(name if slot is None else slot)

    def gradient(self, name: str) -> Any:
        """The gradient of a weight in the open batch."""
        return self.run.see(gradient(self.run.program, name))

    def slot(self, slot: int) -> Any:
        """A slot of the open batch."""
        return self.run.see(slot)

    def sick(self) -> str:
        """Where a number is none: in the step that was just done, or between two batches in the results or state."""
        run = self.run
        if self.walking:
            return _made_here(run, self.moment)
        if run.results:
            for name, value in zip(("loss", *run.metrics), run.results[-1], strict=True):
                if not np.isfinite(value).all():
                    return name
        started = run.history.snapshots.get(run.earliest, {})
        for name, array in run.state.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                before = started.get(name)  # a mask may hold infinities from its beginning; that is no illness
                if before is None or np.isfinite(before).all():
                    return name
        return ""

    def answer(self, example: int, part: str) -> Any:
        """The class that the network gives an example; for a single output, whether it is above 0."""
        examples = self.run.data if part == "train" else self.run.validation
        if examples is None:
            raise CutawayError(f"this run has no {part} examples.")
        if not 0 <= example < len(examples):
            raise CutawayError(
                f"there are {len(examples):,} {part} examples, counted from 0; {example} is none of them."
            )
        outputs = np.asarray(self.run.predict(examples.x[example : example + 1]))[0]
        if outputs.ndim == 0 or outputs.shape[0] == 1:
            return bool(outputs.reshape(-1)[0] > 0)
        answer = np.argmax(outputs, axis=0)
        return int(answer) if answer.ndim == 0 else tuple(answer.reshape(-1).tolist())


class Past(Now):
    """The results of a batch that is done, while the run itself has gone on: for conditions that need no more."""

    def __init__(self, run: Run, batch: int) -> None:
        super().__init__(run)
        self.batch = batch

    def number(self, name: str) -> Any:
        if name == "batch":
            return self.batch + 1
        return np.float64(self.run.results[self.batch][("loss", *self.run.metrics).index(name)])

    array = number


def gradient(program: Tape, name: str) -> int:
    """The slot of a weight's gradient."""
    if name not in program.gradients:
        near = difflib.get_close_matches(name, program.gradients, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"These are: {', '.join(program.gradients)}."
        raise CutawayError(f"{name!r} is not trained. {hint}")
    return program.gradients[name]


def slots_of(program: Tape, wanted: Sequence[tuple[str, Any]]) -> list[int]:
    """The slots of this program that a condition reads: ("label", "forward/1"), ("grad", "1.weight"), ("slot", 12)."""
    found = []
    for kind, what in wanted:
        if kind == "grad":
            found.append(gradient(program, what))
        elif kind == "slot":
            if not 0 <= what < len(program.values):
                raise CutawayError(f"there is no slot {what}: this program has {len(program.values)}, counted from 0.")
            found.append(what)
        elif kind == "result":
            found.append(program.results[what])
        elif (slot := slot_of(program, what)) is not None:
            found.append(slot)
        else:
            raise CutawayError(f"nothing is called {what!r} in this batch.")
    return found


def ready_at(program: Tape, slots: Sequence[int]) -> int:
    """How many moments of a batch have passed when all of these slots are filled."""
    made = {step.output: k for k, step in enumerate(program.steps)}
    return max((made[slot] + 2 for slot in slots if slot in made), default=1)


def _ready(run: Run, slot: int) -> bool:
    return run.op >= ready_at(run.program, [slot])


def _made_here(run: Run, moment: Moment | None) -> str:
    """Did the step just done make a NaN, or an infinity out of ordinary numbers?"""
    if moment is None or moment.step is None:
        return ""
    step = moment.step
    value = np.asarray(run.see(step.output))
    if value.dtype.kind != "f" or np.isfinite(value).all():
        return ""
    inputs = [np.asarray(run.see(slot)) for slot in step.inputs]
    bad = np.isnan if np.isnan(value).any() else np.isinf
    if any(a.dtype.kind == "f" and bad(a).any() for a in inputs):
        return ""  # it only hands on what came in
    return f"{step.op.name} ({step.label}), slot {step.output}"
