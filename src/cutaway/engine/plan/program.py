"""A recorded tape as the plan reads it: steps, who made a slot, who reads it, and what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..hollow import hollow, outcome
from ..op import Op
from ..tape import Step, Tape

__all__ = ["Program", "fill"]


class Program:
    """The steps that a plan works on: those of a tape, after rewriting.

    steps: what is done, in order; made: slot -> index of the step that fills it; readers: slot -> indexes of the steps
    that read it; wanted: slots that must be there when the batch is done

    >>> from cutaway.engine import Tensor
    >>> with Tape() as tape:
    ...     tape.results["y"] = tape.slot((Tensor([1.0, 2.0]) * 3).sum())
    >>> program = Program(tape)
    >>> [step.op.name for step in program.steps], program.shape(2), program.readers[2]
    (['mul', 'sum'], (2,), [1])
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.shapes: list[tuple[int, ...]] = [np.shape(v) for v in tape.values]
        self.dtypes: list[Any] = [getattr(v, "dtype", None) for v in tape.values]
        self.constants = {slot: np.asarray(tape.values[slot]) for slot in tape.constants}
        self.steps: list[Step] = []
        self.made: dict[int, int] = {}
        self.readers: dict[int, list[int]] = {}
        self.wanted = {*tape.results.values(), *tape.carry.values()}
        self.own = {*self.wanted, *tape.gradients.values()}  # slots that have memory of their own
        self.become(tape.steps)

    def become(self, steps: Iterable[Step]) -> None:
        """Take these steps instead, without those whose outputs nobody wants."""
        wanted, kept = set(self.wanted), []
        for step in reversed(list(steps)):
            if step.output in wanted:
                wanted.update(step.inputs)
                kept.append(step)
        self.steps = kept[::-1]
        self.made = {step.output: k for k, step in enumerate(self.steps)}
        self.readers = {}
        for k, step in enumerate(self.steps):
            for slot in dict.fromkeys(step.inputs):
                self.readers.setdefault(slot, []).append(k)

    def shape(self, slot: int) -> tuple[int, ...]:
        """The shape of a slot."""
        return self.shapes[slot]

    def dtype(self, slot: int) -> Any:
        """The kind of number that a slot holds."""
        return self.dtypes[slot]

    def maker(self, slot: int) -> Step | None:
        """The step that fills a slot; None for a leaf."""
        k = self.made.get(slot)
        return None if k is None else self.steps[k]

    def slot(self, shape: Sequence[int], dtype: Any) -> int:
        """A slot that the recorded tape does not have."""
        self.shapes.append(tuple(shape))
        self.dtypes.append(np.dtype(dtype))
        return len(self.shapes) - 1

    def constant(self, value: Any) -> int:
        """A slot that holds this value."""
        value = np.asarray(value)
        slot = self.slot(value.shape, value.dtype)
        self.constants[slot] = value
        return slot

    def step(self, op: Op, inputs: Sequence[int], like: Step, shape: Sequence[int] | None = None, **attrs: Any) -> Step:
        """A step that stands where another was recorded; its output is a new slot."""
        if shape is None:
            shape = op.shape(*[self.shapes[slot] for slot in inputs], **attrs)
        dtype = next(self.dtypes[slot] for k, slot in enumerate(inputs) if k not in op.whole)
        return Step(op, tuple(inputs), attrs, self.slot(shape, dtype), like.label)


def fill(tape: Tape, inputs: Sequence[Any], state: Mapping[str, Any]) -> None:
    """Learn what every slot of a tape that was loaded holds, by going over one batch with the readable forwards.

    What is kept is only the shape and the kind of number of each.
    """
    values = list(tape.values)
    for slot, array in zip(tape.inputs.values(), inputs, strict=True):
        values[slot] = array
    for name, slot in tape.state.items():
        values[slot] = state[name]
    for step in tape.steps:
        arrays = [values[slot] for slot in step.inputs]
        values[step.output] = outcome(step.op, arrays, step.attrs, step.op.shape(*map(np.shape, arrays), **step.attrs))
    given = set(tape.inputs.values())
    for slot, value in enumerate(values):
        if slot not in tape.constants and (value is not None or slot in given):  # answers may be None: nothing
            tape.values[slot] = hollow(np.asarray(value))
