"""The update of all weights as one: the same few steps over long rows, a piece that fits the cache at a time.

Each parameter has been recorded with update steps of its own. Where these are number by number and alike for neighbours
in the row, one recipe does for the whole stretch, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..op import Op
from ..tape import Step
from .do import Do
from .kernels.elementwise import ELEMENTWISE, readable
from .program import Program
from .rows import Rows

__all__ = ["Line", "Stretch", "apart", "emit", "stretches"]

PIECE = 1 << 15  # numbers of a row that are done at a time


class Line(NamedTuple):
    """One step of a recipe: inputs are ("gradient",), ("state", family), ("line", k) or ("slot", s)."""

    op: Op
    inputs: tuple[tuple[Any, ...], ...]
    attrs: dict[str, Any]
    becomes: str  # the family whose new value this is, or ""


class Stretch(NamedTuple):
    """A recipe, and the part of the rows that it does."""

    recipe: list[Line]
    part: slice
    steps: list[Step]
    names: list[str]


def stretches(program: Program, rows: Rows, gradients: Mapping[str, int]) -> list[Stretch]:
    """The parts of the rows that can be updated as one; their steps are taken out of the program by whoever asked.

    gradients: weight -> the slot of its gradient that the update reads
    """
    owned = _owned(program, rows, gradients)
    found: list[Stretch] = []
    for name in sorted(owned, key=lambda n: rows.part[n].start):
        recipe = _recipe(program, rows, name, owned[name], gradients)
        if recipe is None:
            continue
        part, last = rows.part[name], found[-1] if found else None
        if last is not None and last.part.stop == part.start and _alike(last.recipe, recipe):
            found[-1] = Stretch(
                last.recipe, slice(last.part.start, part.stop), last.steps + owned[name], [*last.names, name]
            )
        else:
            found.append(Stretch(recipe, part, owned[name], [name]))
    return found


def apart(found: Sequence[Stretch], private: set[str], rows: Rows) -> list[Stretch]:
    """The same stretches, cut where weights whose gradients lie elsewhere begin."""
    cut: list[Stretch] = []
    for stretch in found:
        each = len(stretch.steps) // len(stretch.names)
        for k, name in enumerate(stretch.names):
            steps, part = stretch.steps[k * each : (k + 1) * each], rows.part[name]
            last = cut[-1] if k else None
            if last is not None and (last.names[0] in private) == (name in private):
                cut[-1] = Stretch(
                    last.recipe, slice(last.part.start, part.stop), last.steps + steps, [*last.names, name]
                )
            else:
                cut.append(Stretch(stretch.recipe, part, steps, [name]))
    return cut


def _owned(program: Program, rows: Rows, gradients: Mapping[str, int]) -> dict[str, list[Step]]:
    """Weight -> the update steps that concern it alone, number by number, and that only the state waits for."""
    tape = program.tape
    owner: dict[int, str] = {}
    for name, (_, weight) in rows.family.items():
        owner[tape.state[name]] = weight
    for name, slot in gradients.items():
        if name in rows.part:
            owner.setdefault(slot, name)
    mine: dict[str, dict[int, Step]] = {}
    for k, step in enumerate(program.steps):
        if not step.label.startswith("update") or step.op.kind != "elementwise":
            continue
        shape = program.shape(step.output)
        whose = {owner.get(slot, "") for slot in step.inputs if program.shape(slot) != ()}
        if len(whose) != 1 or "" in whose or step.output in tape.results.values():
            continue
        (name,) = whose
        if shape == program.shape(tape.state[name]) and all(program.shape(s) in (shape, ()) for s in step.inputs):
            owner[step.output] = name
            mine.setdefault(name, {})[k] = step
    carried = {slot: name for name, slot in tape.carry.items()}
    for steps in mine.values():  # what somebody else reads is not ours to hide
        while True:
            outside = [
                k
                for k, step in steps.items()
                if any(reader not in steps for reader in program.readers.get(step.output, ()))
                or (step.output in carried and carried[step.output] not in rows.family)
            ]
            if not outside:
                break
            for k in outside:
                del steps[k]
    return {name: list(steps.values()) for name, steps in mine.items() if steps}


def _recipe(
    program: Program, rows: Rows, name: str, steps: Sequence[Step], gradients: Mapping[str, int]
) -> list[Line] | None:
    tape = program.tape
    state = {tape.state[n]: family for n, (family, weight) in rows.family.items() if weight == name}
    becomes = {tape.carry[n]: rows.family[n][0] for n in tape.carry if n in rows.family and rows.family[n][1] == name}
    lines: list[Line] = []
    made: dict[int, int] = {}
    for step in steps:
        inputs: list[tuple[Any, ...]] = []
        for slot in step.inputs:
            if slot in made:
                inputs.append(("line", made[slot]))
            elif slot == gradients.get(name):
                inputs.append(("gradient",))
            elif slot in state:
                inputs.append(("state", state[slot]))
            elif program.shape(slot) == ():
                inputs.append(("slot", slot))
            else:
                return None
        made[step.output] = len(lines)
        lines.append(Line(step.op, tuple(inputs), step.attrs, becomes.get(step.output, "")))
    return lines


def _alike(a: Sequence[Line], b: Sequence[Line]) -> bool:
    return len(a) == len(b) and all(
        (p.op, p.inputs, p.becomes) == (q.op, q.inputs, q.becomes) and p.attrs == q.attrs
        for p, q in zip(a, b, strict=True)
    )


def emit(
    do: Do,
    stretch: Stretch,
    rows: Rows,
    gradient: Callable[[Do, slice], Any],
    number: Callable[[int], Any],
    part: slice,
) -> None:
    """Write the calls that update this part of the rows; gradient gives its piece of the whole gradient.

    A new value goes straight into its row if no later line reads the old one; else it waits until the piece is done.
    """
    recipe = stretch.recipe
    late = {
        k
        for k, line in enumerate(recipe)
        if line.becomes and any(("state", line.becomes) in later.inputs for later in recipe[k + 1 :])
    }
    last: dict[int, int] = {}
    for k, line in enumerate(recipe):
        for ref in line.inputs:
            if ref[0] == "line":
                last[ref[1]] = k
    for start in range(part.start, part.stop, PIECE):
        piece = slice(start, min(start + PIECE, part.stop))
        do.release()
        slope = gradient(do, piece)
        values: list[Any] = []
        spare: list[Any] = []
        for k, line in enumerate(recipe):
            arrays = []
            for kind, *which in line.inputs:
                if kind == "line":
                    arrays.append(values[which[0]])
                elif kind == "gradient":
                    arrays.append(slope)
                else:
                    arrays.append(rows.rows[which[0]][piece] if kind == "state" else number(which[0]))
            for ref in dict.fromkeys(line.inputs):
                done = ref[0] == "line" and last[ref[1]] == k and not recipe[ref[1]].becomes
                if done:
                    spare.append(values[ref[1]])
            straight = line.becomes and k not in late
            out = (
                rows.rows[line.becomes][piece]
                if straight
                else spare.pop()
                if spare
                else do.scratch((piece.stop - piece.start,))
            )
            values.append(out)
            into, taken = ELEMENTWISE.get(line.op.name), do.taken
            if into is None:
                do(readable, line.op.forward, out, tuple(arrays), line.attrs)
            else:
                into(do, out, *arrays, **line.attrs)
            do.release(taken)
        for k in sorted(late):
            do(np.copyto, rows.rows[recipe[k].becomes][piece], values[k])
