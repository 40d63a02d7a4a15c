"""By path: a gradient is a sum over the examples (and over places, and moments) of delta times input.

A weight w[o, i] multiplies the input i of every example, and the loss feels its output o of every example: delta[n, o].
So its gradient is the sum over n of delta[n, o] * input[n, i]. For any operation the same is found by following the
gradient back to the numbers that belong to single examples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...engine.tape import Step, Tape
from ..terms import Terms, terms
from .owners import Owners

__all__ = ["Paths", "by_path"]

MOST = 4096  # numbers taken apart one by one


class Paths(NamedTuple):
    """Products that share their slots: ``before * delta * other`` is each one's part of the gradient.

    delta, other: their slots (other is None where delta goes in alone, as for a bias)
    places, others: where they stand, flat; numbers, factors: what stood there; examples: whose they are
    """

    delta: int
    other: int | None
    places: Any
    others: Any
    numbers: Any
    factors: Any
    before: Any
    examples: Any

    @property
    def products(self) -> Any:
        """Each path's part of the gradient."""
        return self.before * self.numbers * self.factors


def by_path(program: Tape, values: Any, owners: Owners, felt: set[int], slot: int, at: tuple[int, ...]) -> list[Paths]:
    """The number ``at`` of a gradient as a sum of products of single examples.

    felt: the slots that come from the slope of the outputs; what comes from elsewhere is in no path
    """
    walk = _Walk(program, values, owners, felt)
    shape = np.shape(values[slot])
    walk.expand(slot, np.array([np.ravel_multi_index(at, shape) if at else 0]), np.ones(1), "")
    return walk.merged()


class _Walk:
    def __init__(self, program: Tape, values: Any, owners: Owners, felt: set[int]) -> None:
        self.values, self.owners, self.felt = values, owners, felt
        self.made = {step.output: step for step in program.steps}
        self.found: list[Paths] = []

    def array(self, slot: int) -> Any:
        return np.asarray(self.values[slot])

    def expand(self, slot: int, flat: Any, before: Any, label: str) -> None:
        """Go on from some numbers of a slot, each with the factor that stands before it."""
        if slot not in self.felt or not len(flat):
            return
        step = self.made.get(slot)
        reached = step is None or (self.owners.of(slot) is not None and not self._is_product(step, label))
        if reached or step is None or not self._through(step, flat, before):
            self.leaf(slot, flat, before)

    def _is_product(self, step: Step, label: str) -> bool:
        """A product made for this very weight: the input and its delta meet in it."""
        both = sum(slot in self.felt for slot in step.inputs) == 1 and len(step.inputs) == 2
        return both and (step.op.name == "matmul" or (step.op.name == "mul" and step.label == label))

    def _through(self, step: Step, flat: Any, before: Any) -> bool:
        name = step.op.name
        if step.op.kind == "elementwise":
            return self._number_by_number(step, flat, before)
        if step.op.kind == "view" and len(step.inputs) == 1:
            source = self.array(step.inputs[0])
            moved = step.op.forward(np.arange(source.size).reshape(source.shape), **step.attrs)
            self.expand(step.inputs[0], np.asarray(moved).ravel()[flat], before, step.label)
            return True
        if len(flat) > MOST:
            return False
        arrays, y = [self.array(s) for s in step.inputs], self.array(step.output)
        for k, factor in zip(flat, before, strict=True):
            at = tuple(int(i) for i in np.unravel_index(int(k), y.shape)) if y.ndim else ()
            found = terms(step.op, arrays, step.attrs, y, at)
            if found is None:
                self.leaf(step.output, np.array([k]), np.array([factor]))
            elif len(found.numbers) == 2:
                self._product(step, found, float(factor))
            else:
                for k_in, slot in enumerate(step.inputs):
                    own = found.inputs[0] == k_in
                    self.expand(slot, found.places[0][own], factor * found.before[own], step.label)
        return name != ""

    def _number_by_number(self, step: Step, flat: Any, before: Any) -> bool:
        name, slots = step.op.name, step.inputs
        shape = np.shape(self.values[step.output])
        own = [_own(flat, shape, np.shape(self.values[slot])) for slot in slots]
        if name in ("add", "sub"):
            self.expand(slots[0], own[0], before, step.label)
            self.expand(slots[1], own[1], before if name == "add" else -before, step.label)
        elif name in ("neg", "cast"):
            self.expand(slots[0], own[0], -before if name == "neg" else before, step.label)
        elif name in ("mul", "div") and sum(slot in self.felt for slot in slots) == 1:
            inner = 0 if slots[0] in self.felt else 1
            if name == "div" and inner:
                return False
            numbers = self.array(slots[1 - inner]).ravel()[own[1 - inner]].astype(np.float64)
            if (
                name == "mul"
                and self.owners.of(slots[inner]) is not None
                and self.owners.of(slots[1 - inner]) is not None
            ):
                self._add(slots[inner], slots[1 - inner], own[inner], own[1 - inner], numbers, before)
            else:
                factor = before * numbers if name == "mul" else before / numbers
                self.expand(slots[inner], own[inner], factor, step.label)
        else:
            return False
        return True

    def _product(self, step: Step, found: Terms, factor: float) -> None:
        """Two factors: the one that is felt is the delta."""
        slots = [step.inputs[int(owner[0])] if len(owner) else -1 for owner in found.inputs]
        inner = 0 if slots[0] in self.felt else 1
        if slots[inner] not in self.felt or not len(found.before):
            return
        before = np.full(len(found.before), factor)
        if self.owners.of(slots[inner]) is None:
            self.expand(slots[inner], found.places[inner], before * found.numbers[1 - inner], step.label)
            return
        self._add(
            slots[inner],
            slots[1 - inner],
            found.places[inner],
            found.places[1 - inner],
            found.numbers[1 - inner],
            before,
        )

    def leaf(self, slot: int, flat: Any, before: Any) -> None:
        """Here single numbers of single examples are reached."""
        self._add(slot, None, flat, flat, np.ones(len(flat)), before)

    def _add(self, delta: int, other: int | None, places: Any, others: Any, factors: Any, before: Any) -> None:
        owned = self.owners.of(delta)
        whose = np.full(len(places), -1) if owned is None else owned.ravel()[places]
        numbers = self.array(delta).ravel()[places].astype(np.float64)
        self.found.append(Paths(delta, other, places, others, numbers, factors, before, whose))

    def merged(self) -> list[Paths]:
        """One entry for every pair of slots."""
        groups: dict[tuple[int, int | None], list[Paths]] = {}
        for path in self.found:
            groups.setdefault((path.delta, path.other), []).append(path)
        return [
            Paths(*key, *(np.concatenate([getattr(p, name) for p in group]) for name in Paths._fields[2:]))
            for key, group in groups.items()
        ]


def _own(flat: Any, shape: tuple[int, ...], own: tuple[int, ...]) -> Any:
    """Flat places in an input that was broadcast to the output's shape."""
    if shape == own:
        return flat
    if not own:
        return np.zeros(len(flat), int)
    index = np.unravel_index(flat, shape)[len(shape) - len(own) :]
    kept = [np.zeros_like(k) if n == 1 else k for k, n in zip(index, own, strict=True)]
    return np.ravel_multi_index(tuple(kept), own)
