"""By example: how much of a gradient every example of the batch has asked for.

A gradient is linear in the slopes of the outputs, and these belong to single examples: so every example's share is the
gradient that its own row of slopes would give. All shares come from one walk: the recorded backward pass is itself
differentiated, by the slopes of the outputs. This is exact whatever happens between, also where batch normalisation
mixes the examples: the share is what the example's own loss asked for, through whomever it went.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...engine.backward import backward
from ...engine.tape import Tape
from ...engine.tensor import Tensor
from .owners import Owners
from .paths import Paths

__all__ = ["Cut", "by_example", "the_cut"]


class Cut(NamedTuple):
    """Where the loss ends and the network begins, on the way back.

    slots: the slopes of the outputs; felt: all slots that come from them
    """

    slots: tuple[int, ...]
    felt: set[int]


def the_cut(program: Tape) -> Cut:
    """The slots that the backward steps of the loss hand to the backward steps of the network."""
    of_loss = {step.output for step in program.steps if _of_loss(step.label)}
    others = [step for step in program.steps if step.label.startswith("backward") and not _of_loss(step.label)]
    cut = dict.fromkeys(slot for step in others for slot in step.inputs if slot in of_loss)
    felt = set(cut)
    for step in program.steps:
        if not felt.isdisjoint(step.inputs) and step.label.startswith("backward"):
            felt.add(step.output)
    return Cut(tuple(cut), felt)


def _of_loss(label: str) -> bool:
    return label == "backward/loss" or label.startswith("backward/loss/")


def by_example(program: Tape, values: Any, owners: Owners, cut: Cut, paths: list[Paths]) -> Any:
    """The share of every example in the gradient that the paths lead to, (N,); None where outputs belong to nobody."""
    shares = np.zeros(owners.size)
    if not cut.slots:
        return None
    whose = {slot: _owners_of_slope(program, values, owners, slot) for slot in cut.slots}
    if all(found is None for found in whose.values()):
        return None
    for slot, slope in _felt_by(program, values, cut, paths).items():
        if whose[slot] is None:  # a penalty on weights, which no example asks for
            continue
        part = (np.asarray(slope, np.float64) * np.asarray(values[slot], np.float64)).ravel()
        known = whose[slot].ravel()
        shares += np.bincount(known[known >= 0], part[known >= 0], owners.size)
    return shares


def _felt_by(program: Tape, values: Any, cut: Cut, paths: list[Paths]) -> dict[int, Any]:
    """How the gradient's number answers to every slope of the outputs."""
    seeds: dict[int, Any] = {}
    for path in paths:
        seed = seeds.setdefault(path.delta, np.zeros(np.shape(values[path.delta])))
        np.add.at(seed.reshape(-1), path.places, path.before * path.factors)
    needed, made = set(seeds), {step.output: step for step in program.steps}
    for step in reversed(program.steps):
        if step.output in needed and step.output not in cut.slots:
            needed.update(slot for slot in step.inputs if slot in cut.felt)
    felt: dict[int, Any] = {}
    with Tape() as tape:
        tensors: dict[int, Tensor] = {}

        def tensor(slot: int) -> Tensor:
            if slot not in tensors:
                array = np.asarray(values[slot])
                tensors[slot] = Tensor(array.astype(np.float64) if array.dtype.kind == "f" else array)
            return tensors[slot]

        for slot in cut.slots:
            tensors[slot] = tape.input(f"slope{slot}", np.asarray(values[slot], np.float64))
        for step in program.steps:
            if step.output in needed and step.output not in cut.slots:
                attrs = {k: "float64" if v == "float32" else v for k, v in step.attrs.items()}
                value = np.asarray(values[step.output], np.float64)
                tensors[step.output] = tape.record(step.op, [tensor(s) for s in step.inputs], attrs, value)
        for slot, seed in seeds.items():
            if slot in cut.slots:
                felt[slot] = felt.get(slot, 0.0) + seed
                continue
            if slot not in made:
                continue
            reached = backward(tensors[slot], [tensors[s] for s in cut.slots], Tensor(seed))
            for s, slope in zip(cut.slots, reached, strict=True):
                felt[s] = felt.get(s, 0.0) + slope.data
    return felt


def _owners_of_slope(program: Tape, values: Any, owners: Owners, slot: int) -> Any:
    """Slopes have the owners of the outputs that they are the slopes of."""
    shape = np.shape(values[slot])
    own = owners.of(slot)
    if own is not None:
        return own
    forward = {step.output for step in program.steps if step.label.startswith("forward")} | set(program.inputs.values())
    outputs = [s for step in program.steps if step.label.startswith("loss") for s in step.inputs if s in forward]
    for output in dict.fromkeys(outputs):
        if np.shape(values[output]) == shape and owners.of(output) is not None:
            return owners.of(output)
    return None
