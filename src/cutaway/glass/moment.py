"""The batch that a reader looks at: the one that is open, or else the last one done, lived through once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine.errors import CutawayError, TapeError
from ..engine.tape import Step, Tape
from ..training.names import hint, slot_of, slots_named

if TYPE_CHECKING:
    from ..training.run import Run

__all__ = ["Batch", "batch_of", "named_slot"]


class Batch(NamedTuple):
    """A program, and what its slots hold.

    number: of the batch; open: is it being walked now? done: how many of its steps are done
    read: slot -> array, or None where it is not computed yet

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> batch_of(run).done, batch_of(run.train(batches=2, progress=False)).number
    (0, 1)
    """

    program: Tape
    number: int
    open: bool
    done: int
    read: Callable[[int], Any]

    def when(self, step: Step) -> str:
        """Which step of how many this is."""
        return f"step {self.program.steps.index(step) + 1} of {len(self.program.steps)}"

    def called(self, slot: int) -> str:
        """What a slot is: a weight or input by its name, a constant, or the slot with its label."""
        program = self.program
        for names, told in ((program.state, "{}"), (program.inputs, "the input {}")):
            for name, k in names.items():
                if k == slot:
                    return told.format(name)
        if slot in program.constants:
            return "a constant"
        label = next((step.label for step in program.steps if step.output == slot), "")
        return f"slot {slot} ({label})" if label else f"slot {slot}"

    @property
    def told(self) -> str:
        """Which batch this is."""
        return f"batch {self.number}"


def batch_of(run: Run, batch: int | None = None) -> Batch:
    """The batch that is open, else the last one done (or any other, by its number); before the first an empty one."""
    if batch is None and run.op > 0:
        return Batch(run.program, run.batch, True, run.op - 1, lambda slot: _seen(run, slot))
    number = run.batch - 1 if batch is None else batch
    if number < 0 or (batch is None and run.data is None):
        return Batch(run.program, run.batch, False, 0, lambda slot: _leaf(run, slot))
    program, values = run.relive(number)
    return Batch(program, number, False, len(program.steps), lambda slot: np.asarray(values[slot]))


def _seen(run: Run, slot: int) -> Any:
    try:
        return np.asarray(run.see(slot))
    except TapeError:
        return None


def _leaf(run: Run, slot: int) -> Any:
    program = run.program
    if slot in program.constants:
        return np.asarray(program.values[slot])
    return next((np.asarray(run.state[name]) for name, k in program.state.items() if k == slot), None)


def named_slot(program: Tape, name: str | int) -> int:
    """The slot of that name or number, or an error that says what there is."""
    if isinstance(name, str):
        slot = program.state.get(name, slot_of(program, name))
        if slot is None:
            known = [*program.state, *slots_named(program)]
            raise CutawayError(f"This run has nothing called {name!r}.{hint(name, known)} There are: {_some(known)}.")
        return slot
    if not 0 <= int(name) < len(program.values):
        raise CutawayError(f"There is no slot {name}: this program has {len(program.values)}, counted from 0.")
    return int(name)


def _some(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f", ... ({len(names)} in all)" if len(names) > 20 else "")
