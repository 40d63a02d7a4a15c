"""By rule: which part of a change came from this batch's gradient, which from what the optimizer remembers, which from
decay.

The update is followed from the new weight back to its sources, for one element: what is added is split, what is
multiplied is scaled, a divisor (Adam's) stays whole, and what mixes many elements (Muon's push) is not split.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...engine.tape import Step, Tape
from ..telling.rows import Case, own_place

__all__ = ["GRADIENT", "Part", "Rule", "by_rule"]

GRADIENT = "this batch's gradient"
DECAY = "weight decay"
_MEMORIES = {"velocity": "the velocity (momentum)", "m": "the remembered slope (Adam's m)"}
_WHOLE = {"orthogonal": "the push, made equally strong in all directions (it mixes all weights of the table)"}
Place = tuple[int, ...]


class Part(NamedTuple):
    """A share of a change: a number that was there, times the factor with which it came in.

    >>> Part(-0.5, 2.0).share
    -1.0
    """

    factor: float
    number: float

    @property
    def share(self) -> float:
        """factor * number."""
        return self.factor * self.number


class Rule(NamedTuple):
    """parts: source -> its part of the change; chain: the steps of the update, at this element, in their order."""

    parts: dict[str, Part]
    chain: list[Case]


def by_rule(program: Tape, values: Any, name: str, at: Place) -> Rule:
    """Split the change of one element of a weight; the parts sum to it."""
    follow = _Follow(program, values, name)
    parts = follow.split(program.carry[name], at)
    old = float(np.asarray(values[program.state[name]], np.float64)[at])
    own = parts.pop(name, Part(0.0, old))
    gradient = parts.pop(GRADIENT, None)
    told = {} if gradient is None else {GRADIENT: gradient}
    told.update(parts)
    if own.factor != 1.0:  # what decay took from the weight itself
        told[DECAY] = Part(own.factor - 1.0, old)
    chain = [Case(s.op, [np.asarray(values[k]) for k in s.inputs], s.attrs, np.asarray(values[s.output]), place)
             for s in program.steps if (place := follow.visited.get(s.output)) is not None]  # fmt: skip
    return Rule(told, chain)


class _Follow:
    """Follows one element back through the steps of the update."""

    def __init__(self, program: Tape, values: Any, name: str) -> None:
        self.program, self.values, self.name = program, values, name
        self.gradient = program.gradients[name]
        self.made = {step.output: step for step in program.steps if step.label.startswith("update")}
        self.names = {slot: state for state, slot in program.state.items()}
        self.visited: dict[int, Place] = {}
        self.sources = {self.gradient, program.state[name]}
        self.sources |= {slot for state, slot in program.state.items() if state.endswith(f"/{name}")}
        self._leads: dict[int, bool] = {}

    def number(self, slot: int, at: Place) -> float:
        array = np.asarray(self.values[slot])
        return float(array[own_place(at, array.shape)])

    def leads(self, slot: int) -> bool:
        """Does it come from the weight, its gradient or its memories?"""
        if slot not in self._leads:
            step = self.made.get(slot)
            self._leads[slot] = slot in self.sources or (step is not None and any(map(self.leads, step.inputs)))
        return self._leads[slot]

    def split(self, slot: int, at: Place) -> dict[str, Part]:
        """Source -> part; the shares sum to the slot's number."""
        value = self.number(slot, at)
        if slot == self.gradient:
            return {GRADIENT: Part(1.0, value)}
        if slot in self.names:
            return {self._called(self.names[slot]): Part(1.0, value)}
        step = self.made.get(slot)
        if step is None:
            return {"a constant": Part(1.0, value)}
        self.visited[slot] = at
        return self._through(step, at, value)

    def _through(self, step: Step, at: Place, value: float) -> dict[str, Part]:
        name, (first, *rest) = step.op.name, step.inputs
        if name in ("add", "sub"):
            return _merged(self._of(first, at), _scaled(self._of(rest[0], at), 1.0 if name == "add" else -1.0))
        if name in ("neg", "cast"):
            return _scaled(self._of(first, at), -1.0 if name == "neg" else 1.0)
        if name == "blend":
            keep = step.attrs["keep"]
            return _merged(_scaled(self._of(first, at), keep), _scaled(self._of(rest[0], at), 1 - keep))
        if name == "adaptive_step":  # the divisor stays whole
            slope, shake, alpha, eps = rest
            divisor = np.sqrt(self.number(shake, at)) + self.number(eps, at)
            factor = -self.number(alpha, at) / divisor if divisor else 0.0
            return _merged(self._of(first, at), _scaled(self._of(slope, at), factor))
        if name == "div" and self.leads(first):
            return _scaled(self._of(first, at), 1 / self.number(rest[0], at))
        if name == "mul" and self.leads(first):
            return _scaled(self._of(first, at), self.number(rest[0], at))
        if name == "mul" and self.leads(rest[0]):
            return _scaled(self._of(rest[0], at), self.number(first, at))
        if name == "reshape":
            shape = np.shape(self.values[first])
            flat = np.ravel_multi_index(at, np.shape(self.values[step.output])) if at else 0
            return self.split(first, tuple(int(k) for k in np.unravel_index(flat, shape)))
        self._explore(step, at)
        return {_WHOLE.get(name, f"{name}, taken whole"): Part(1.0, value)}

    def _of(self, slot: int, at: Place) -> dict[str, Part]:
        return self.split(slot, own_place(at, np.shape(self.values[slot])))

    def _explore(self, step: Step, at: Place) -> None:
        """What leads to a step that is not split is part of the chain, as far as it is one element."""
        for slot in step.inputs:
            if np.shape(self.values[slot]) == np.shape(self.values[step.output]) and self.leads(slot):
                self.split(slot, at)

    def _called(self, name: str) -> str:
        """A memory by what it is: "optim/velocity/1.weight" is the velocity."""
        kind, _, of = name.removeprefix("optim/").partition("/")
        return _MEMORIES.get(kind, f"the memory {kind}") if name.startswith("optim/") and of else name


def _merged(a: dict[str, Part], b: dict[str, Part]) -> dict[str, Part]:
    both = dict(a)
    for source, part in b.items():
        both[source] = Part(both[source].factor + part.factor, part.number) if source in both else part
    return both


def _scaled(parts: dict[str, Part], by: float) -> dict[str, Part]:
    return {source: Part(part.factor * by, part.number) for source, part in parts.items()}
