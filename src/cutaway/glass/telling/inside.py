"""A step opened into smaller ones, and the one number that is followed through several steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...engine.backward import backward
from ...engine.tape import Step, Tape
from ...engine.tensor import Tensor
from ..text import number
from .rows import Case

__all__ = ["farthest", "followed", "opened"]

Place = tuple[int, ...]


def farthest(array: Any) -> Place:
    """Where the number farthest from zero stands; NaN is farther than all.

    >>> farthest(np.array([[1.0, -3.0], [2.0, 0.0]]))
    (0, 1)
    """
    a = np.asarray(array)
    if not a.size or not a.ndim:
        return ()
    size = np.abs(a.astype(np.float64))
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(np.where(np.isnan(size), np.inf, size))), a.shape))


def followed(steps: Sequence[Step], read: Callable[[int], Any], at: Place) -> list[Case]:
    """The number at the end of the last step, and in every step before it the number that mattered most for it."""
    arrays = {slot: np.asarray(read(slot)) for step in steps for slot in (*step.inputs, step.output)}
    with Tape() as tape:
        tensors = {slot: Tensor(array) for slot, array in arrays.items()}
        for step in steps:
            tensors[step.output] = tape.record(
                step.op, [tensors[s] for s in step.inputs], step.attrs, arrays[step.output]
            )
        places = _places(tape, [tensors[step.output] for step in steps], at)
    return [
        Case(step.op, [arrays[s] for s in step.inputs], step.attrs, arrays[step.output], place)
        for step, place in zip(steps, places, strict=True)
    ]


def opened(case: Case) -> list[tuple[str, Case]]:
    """The smaller steps of one step, each with the number in it that mattered most for the number looked at."""
    with Tape() as tape:
        inputs = [Tensor(a) for a in case.arrays]
        result = case.op.written(*inputs, **case.attrs)
        steps = list(tape.steps)
        values = list(tape.values)
        places = _places(tape, [tape[step.output] for step in steps], case.at) if tape.slot(result) else []
    names = {tape.leaves[t]: name for t, name in zip(inputs, case.names, strict=True) if t in tape.leaves}
    told = []
    for k, (step, place) in enumerate(zip(steps, places, strict=True)):
        names[step.output] = f"s{k + 1}"
        shown = [names.get(s) or _constant(values[s]) for s in step.inputs]
        small = Case(step.op, [values[s] for s in step.inputs], step.attrs, np.asarray(values[step.output]), place)
        told.append((f"s{k + 1} = {step.op.name}({', '.join(shown)})", small))
    return told


def _places(tape: Tape, outputs: list[Tensor], at: Place) -> list[Place]:
    """Where to look in each output: at the number with the largest part in the number at the end."""
    if not outputs:
        return []
    last = outputs[-1]
    felt: list[Any] = [None] * len(outputs)
    inner = [k for k, t in enumerate(outputs[:-1]) if t.dtype.kind == "f"]
    if last.dtype.kind == "f" and inner:
        seed = np.zeros(last.shape, last.dtype)
        seed[at] = 1
        with np.errstate(all="ignore"):
            slopes = backward(last, [outputs[k] for k in inner], Tensor(seed))
        for k, slope in zip(inner, slopes, strict=True):
            felt[k] = slope.data
    places = []
    for tensor, slope in zip(outputs[:-1], felt, strict=False):
        with np.errstate(all="ignore"):  # a score of -infinity, which takes no part
            part = np.nan_to_num(tensor.data if slope is None else slope * tensor.data, posinf=0, neginf=0)
        places.append(farthest(part if np.any(part) else tensor.data))
    return [*places, at]


def _constant(array: Any) -> str:
    return number(np.asarray(array)[()]) if np.ndim(array) == 0 else "a constant"
