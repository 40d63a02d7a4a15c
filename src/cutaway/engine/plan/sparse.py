"""The update of a table of which a batch has seen few rows: only these are touched.

The gradient of a look-up is zero but for the rows that were looked up. Where the update leaves a number as it is when
its gradient is zero (plain descent does; momentum does not, it still moves), the whole gradient need not be there at
all: each worker writes down which rows it has seen and what comes to each, in the memory where its whole gradient
would stand, and after the barrier each worker updates a share of the rows. The sums are those of the whole gradient,
in the same order, so the result is the same to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tape import Step
from .do import Do, Memory
from .flat import Line, Stretch
from .kernels.elementwise import ELEMENTWISE, readable
from .kernels.rows import merged, run_sums
from .program import Program
from .rows import Rows

__all__ = ["Table", "leaves_zeros_alone", "look_ups"]


def leaves_zeros_alone(recipe: Sequence[Line]) -> bool:
    """Does the update leave every number as it is whose gradient is zero? Followed line by line through the recipe."""
    found: list[Any] = []  # of each line: "zero", ("state", family) if it is still that, or None

    def known(ref: tuple[Any, ...]) -> Any:
        kind, *which = ref
        return "zero" if kind == "gradient" else found[which[0]] if kind == "line" else ref if kind == "state" else None

    for line in recipe:
        inputs = [known(ref) for ref in line.inputs]
        zeros = [value == "zero" for value in inputs]
        match line.op.name:
            case "mul":
                becomes: Any = "zero" if any(zeros) else None
            case "div" | "neg":
                becomes = "zero" if zeros[0] else None
            case "sub":
                becomes = inputs[0] if zeros[1] else None
            case "add":
                becomes = inputs[1] if zeros[0] else inputs[0] if zeros[1] else None
            case _:
                becomes = None
        if line.becomes and becomes != ("state", line.becomes):
            return False
        found.append(becomes)
    return True


def look_ups(program: Program, slot: int, hidden: set[int]) -> list[Step] | None:
    """The steps that make a gradient out of look-ups alone, and that nobody else reads; None if it is no such sum.

    hidden: outputs of steps that are not done, so that their reading does not count
    """
    step = program.maker(slot)
    if step is None or step.op.name not in ("add_rows", "add"):
        return None
    if step.op.name == "add_rows":
        g, rows = step.inputs
        seen = math.prod(program.shape(rows))
        size, width = program.shape(slot)[0], math.prod(program.shape(slot)[1:])
        fits = seen and seen * (width + 1) + 1 <= size * width and program.dtype(g) == np.float32
        return [step] if fits else None
    found = [step]
    for part in step.inputs:
        readers = program.readers.get(part, ())
        more = look_ups(program, part, hidden) if [program.steps[k].output for k in readers] == [slot] else None
        if more is None or program.shape(part) != program.shape(slot):
            return None
        found = [*more, *found]
    size, width = program.shape(slot)[0], math.prod(program.shape(slot)[1:])
    seen = sum(math.prod(program.shape(s.inputs[1])) for s in found if s.op.name == "add_rows")
    return found if seen * (width + 1) + 1 <= size * width else None


class Seen:
    """Where a worker writes down what it has seen: the sums from the front, from the back how many rows, and which.

    >>> seen = Seen(np.zeros(8, np.float32), 2)
    >>> seen.write(np.array([3, 7]), np.float32([[1, 2], [3, 4]])); seen.read()[0]
    array([3, 7], dtype=int32)
    """

    def __init__(self, memory: Any, width: int) -> None:
        self._front, self._back, self._width = memory, memory.view(np.int32), width

    def write(self, rows: Any, sums: Any) -> None:
        """Note this."""
        count = len(rows)
        self._front[: sums.size] = sums.reshape(-1)
        self._back[-1] = count
        self._back[len(self._back) - 1 - count : -1] = rows

    def read(self) -> tuple[Any, Any]:
        """What was noted."""
        count = int(self._back[-1])
        sums = self._front[: count * self._width].reshape(count, self._width)
        return self._back[len(self._back) - 1 - count : -1], sums


class Table:
    """One table, the recipe of its update, and the look-ups its gradient is made of."""

    def __init__(self, stretch: Stretch, name: str, made_by: list[Step], rows: Rows, program: Program) -> None:
        self.recipe, self.name, self.steps, self.made_by = stretch.recipe, name, stretch.steps, made_by
        self.part, self.views = rows.part[name], {}
        self.shape = program.shape(made_by[-1].output)
        self.size, self.width = self.shape[0], math.prod(self.shape[1:])
        families = {ref[1] for line in self.recipe for ref in line.inputs if ref[0] == "state"}
        families |= {line.becomes for line in self.recipe if line.becomes}
        for family in families:
            self.views[family] = rows.rows[family][self.part].reshape(self.size, self.width)
        self.sources = [step.inputs for step in made_by if step.op.name == "add_rows"]
        self.most = sum(math.prod(program.shape(seen)) for _, seen in self.sources)

    @property
    def wanted(self) -> set[int]:
        """The slots that must be there when the update begins."""
        return {slot for pair in self.sources for slot in pair}

    def collect(self, do: Do, view: Callable[[int], Any], memory: Any) -> None:
        """Write the call that notes this worker's rows, and what comes to them, where its gradient would stand."""
        note = Seen(memory[self.part], self.width)
        sources = [(view(g), view(seen)) for g, seen in self.sources]
        size = self.size

        def collected() -> None:
            note.write(*merged([run_sums(g, seen, size) for g, seen in sources]))

        do(collected)

    def update(self, do: Do, number: Callable[[int], Any], memories: Sequence[Any], rank: int) -> None:
        """Write the call that updates this worker's share of all rows that were seen."""
        notes = [Seen(memory[self.part], self.width) for memory in memories]
        numbers = {ref[1]: number(ref[1]) for line in self.recipe for ref in line.inputs if ref[0] == "slot"}
        recipe, views, scratch, count = self.recipe, self.views, Memory(), len(notes)

        def updated() -> None:
            rows, slope = merged([note.read() for note in notes], rank, count)
            values: list[Any] = []
            for line in recipe:
                arrays = []
                for kind, *which in line.inputs:
                    if kind == "line":
                        arrays.append(values[which[0]])
                    elif kind == "gradient":
                        arrays.append(slope)
                    else:
                        arrays.append(views[which[0]].take(rows, 0) if kind == "state" else numbers[which[0]])
                values.append(out := np.empty_like(slope))
                now, into = Do(scratch), ELEMENTWISE.get(line.op.name)
                if into is None:
                    readable(line.op.forward, out, tuple(arrays), line.attrs)
                else:
                    into(now, out, *arrays, **line.attrs)
                for f, args in now.calls:
                    f(*args)
            for line, value in zip(recipe, values, strict=True):
                if line.becomes:
                    views[line.becomes][rows] = value

        do(updated)
