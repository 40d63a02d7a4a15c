"""Pieces that are pasted side by side: each is copied to its place on one sheet.

Whoever cuts an array up, as attention does with questions, cards and values, gets as many gradients back. Recorded,
each is a sheet of its own, empty but for one piece, and the sheets are added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tape import Step
from ..do import Do
from ..job import Job, group, kernel
from ..program import Program
from .arrange import place

__all__ = ["pasted", "pieces_of"]


@group("pasted")
def sheets(program: Program) -> list[list[int]]:
    """Sums of pasted pieces that do not overlap: the longest first, as a part of a sum is a sum as well."""
    found: list[list[int]] = []
    taken: set[int] = set()
    for k in reversed(range(len(program.steps))):
        members = [] if k in taken else _members(program, k, program.shape(program.steps[k].output))
        pieces = [m for m in members if program.steps[m].op.name == "paste"]
        if len(pieces) > 1 and _covered(program, pieces) is not None:
            found.append(sorted(members))
            taken.update(members)
    return found


def _members(program: Program, k: int | None, shape: tuple[int, ...]) -> list[int]:
    """A sum and all that it adds up, if that is pasted pieces alone; else nothing."""
    if k is None or program.shape(program.steps[k].output) != shape or not shape:
        return []
    step = program.steps[k]
    if step.op.name == "paste":
        return [k]
    if step.op.name != "add" or len(set(step.inputs)) < 2:
        return []
    parts = []
    for slot in step.inputs:
        alone = program.readers[slot] == [k] and slot not in program.own
        part = _members(program, program.made.get(slot), shape) if alone else []
        if not part:
            return []
        parts += part
    return [*parts, k]


def _covered(program: Program, pieces: list[int]) -> bool | None:
    """Is all of the sheet covered? None where two pieces overlap."""
    times = np.zeros(program.shape(program.steps[pieces[0]].output), np.uint8)
    for k in pieces:
        place(times, program.steps[k].attrs["index"])[...] += 1
    return None if times.max(initial=0) > 1 else bool(times.min(initial=1))


def pieces_of(program: Program, steps: Sequence[Step]) -> dict[int, tuple[Any, ...]]:
    """The pieces of a whole sheet that nobody else reads, and where on it they go: they can be made there."""
    pieces = [s for s in steps if s.op.name == "paste"]
    if not _covered(program, [program.made[s.output] for s in pieces]):
        return {}
    return {s.inputs[0]: s.attrs["index"] for s in pieces if len(program.readers[s.inputs[0]]) == 1}


@kernel("pasted")
def pasted(do: Do, job: Job) -> Any:
    """The empty sheet where something of it is seen in the end, each piece in its place if not made there."""
    out, pieces = job.output, [s for s in job.steps if s.op.name == "paste"]
    if 0 in out.shape:
        return NotImplemented
    if not _covered(job.program, [job.program.made[s.output] for s in pieces]):
        do(np.copyto, out, out.dtype.type(0))
    away = [s for s in pieces if not np.may_share_memory(job.array(s.inputs[0]), out)]
    for s in away:
        do(np.copyto, place(out, s.attrs["index"]), job.array(s.inputs[0]))
    there = len(pieces) - len(away)
    job.why = f"{len(pieces)} pieces, " + (f"{there} made in their place" if there else "each copied to its place")
    return None
