"""Which steps of a program are an attention, there and back: what the kernels of `attention` do as a group.

Rewriting left an attention as products with a softmax between them, and so is its gradient written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...tape import Step
from ..job import group
from ..program import Program
from .chain import along_rows

__all__ = ["open_to"]


class OtherwiseError(Exception):
    """These steps are something else."""


def need(condition: bool) -> None:
    """Go on only if this holds."""
    if not condition:
        raise OtherwiseError


def found(program: Program, name: str, members: Callable[[Program, int], list[int]]) -> list[list[int]]:
    """The groups that end their softmax with a step of this op."""
    groups = []
    for k, step in enumerate(program.steps):
        if step.op.name == name:
            try:
                groups.append(sorted(members(program, k)))
            except OtherwiseError:
                continue
    return groups


@group("attend")
def attentions(program: Program) -> list[list[int]]:
    """Everything from the scores to what is heard."""
    return found(program, "div", _there)


@group("attend_back")
def gradients(program: Program) -> list[list[int]]:
    """Everything from the gradient of what is heard to those of questions, cards and values."""
    return found(program, "mul", _back)


def _there(program: Program, shares: int) -> list[int]:
    """shares = powers / total; heard = shares v."""
    steps = program.steps
    powers, total = (made(program, slot, name) for slot, name in zip(steps[shares].inputs, ("exp", "sum"), strict=True))
    far = made(program, steps[powers].inputs[0], "sub")
    moved, top = steps[far].inputs
    largest = made(program, top, "max")
    need(along(program, steps[total], steps[powers].output) and along(program, steps[largest], moved))
    members, mask = [powers, total, far, largest, shares], None
    if (masked := program.made.get(moved)) is not None and steps[masked].op.name == "add":
        moved, mask = steps[masked].inputs
        need(open_to(program, mask) is not None)
        members.append(masked)
    scaled = made(program, moved, "mul")
    scores = made(program, steps[scaled].inputs[0], "matmul")
    need(number(program, steps[scaled].inputs[1]) and flips(steps[scores]) == (False, True))
    out = steps[shares].output
    heard = first(k for k in program.readers.get(out, ()) if steps[k].inputs[0] == out and product(steps[k]))
    q, k, v = (program.shape(slot) for slot in (*steps[scores].inputs, steps[heard].inputs[1]))
    need(q[:-2] == k[:-2] == v[:-2] and len(q) > 1 and program.dtype(out).kind == "f")
    need(mask is None or program.shape(mask) == (q[-2], k[-2]))
    return alone(program, [*members, scaled, scores, heard], [shares, heard])


def _back(program: Program, last: int) -> list[int]:
    """last = shares (felt - sum of felt shares), felt = g v^T; then what q, k and v feel."""
    steps = program.steps
    shares, rest = steps[last].inputs
    less = made(program, rest, "sub")
    total = made(program, steps[less].inputs[1], "sum")
    both = made(program, steps[total].inputs[0], "mul")
    felt = made(program, steps[less].inputs[0], "matmul")
    need(along(program, steps[total], steps[both].output) and set(steps[both].inputs) == {steps[felt].output, shares})
    need(flips(steps[felt]) == (False, True) and program.dtype(shares).kind == "f")
    g, v = steps[felt].inputs
    ends = list(program.readers.get(steps[last].output, ()))
    need(0 < len(ends) < 3 and len({flips(steps[k]) for k in ends}) == len(ends))
    need(all(steps[k].inputs[0] == steps[last].output and product(steps[k], (True, False)) for k in ends))
    to_v = [k for k in program.readers.get(shares, ()) if steps[k].inputs == (shares, g)]
    to_v = [k for k in to_v if steps[k].op.name == "matmul" and flips(steps[k]) == (True, False)][:1]
    tables = [g, v, *(steps[k].inputs[1] for k in ends)]
    need(all(program.shape(slot)[:-2] == program.shape(shares)[:-2] for slot in tables))
    scaled = [_scaled(program, k) for k in ends]
    members = [felt, both, total, less, last, *to_v, *ends, *(k for k in scaled if k is not None)]
    return alone(program, members, [*to_v, *(e if s is None else s for e, s in zip(ends, scaled, strict=True))])


def _scaled(program: Program, k: int) -> int | None:
    """The step that only multiplies the output of this one by a number."""
    slot = program.steps[k].output
    readers = program.readers.get(slot, [])
    if len(readers) != 1 or slot in program.own:
        return None
    step = program.steps[readers[0]]
    alike = step.op.name == "mul" and step.inputs[0] == slot and number(program, step.inputs[1])
    return readers[0] if alike else None


def alone(program: Program, members: list[int], ends: list[int]) -> list[int]:
    """The members, if nobody outside reads what they make, but for their ends."""
    inner = {program.steps[m].output for m in members} - {program.steps[m].output for m in ends}
    need(not inner & program.own and all(set(program.readers.get(slot, ())) <= set(members) for slot in inner))
    return members


def first(some: Iterable[int]) -> int:
    """The first of some, if there is one."""
    k = next(iter(some), None)
    if k is None:
        raise OtherwiseError
    return k


def made(program: Program, slot: int, name: str) -> int:
    """The step that fills a slot, if it is of this op."""
    return first(k for k in (program.made.get(slot),) if k is not None and program.steps[k].op.name == name)


def along(program: Program, step: Step, slot: int) -> bool:
    """Does it make one number of every row of this slot?"""
    return step.inputs == (slot,) and along_rows(step, program.shape(slot))


def flips(step: Step) -> tuple[bool, bool]:
    """Which tables of a product are turned."""
    return bool(step.attrs.get("flip_x")), bool(step.attrs.get("flip_w"))


def product(step: Step, turned: tuple[bool, ...] = (False,)) -> bool:
    """Is it a product whose right table is not turned, and whose left one is or is not?"""
    return step.op.name == "matmul" and flips(step)[0] in turned and not flips(step)[1]


def number(program: Program, slot: int) -> bool:
    """Is it one number that never changes?"""
    value = program.constants.get(slot)
    return value is not None and value.ndim == 0


def open_to(program: Program, slot: int) -> Any:
    """A mask of zeros and minus infinities as one of ones and zeros; None for any other."""
    value = program.constants.get(slot)
    if value is None or value.ndim != 2 or not np.all((value == 0) | (value == -np.inf)):
        return None
    return np.exp(value)
