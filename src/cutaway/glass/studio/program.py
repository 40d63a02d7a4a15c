"""The program of a batch, described for a page: its steps, its slots by name and role, its layers."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from ...engine.errors import CutawayError
from ...engine.tape import Step, Tape
from .words import question, title

__all__ = ["Described", "describe"]

Shape = tuple[int, ...] | None
COUNTERS = ("step", "first")  # inputs of chance, not examples
PICTURE = 4  # the least height and width of an input that is seen as a picture


class Described:
    """A tape with what a page wants to know of it."""

    number = 0  # among the programs of a session

    def __init__(self, tape: Tape, known: dict[int, Any]) -> None:
        self.tape = tape
        self.made = {step.output: k for k, step in enumerate(tape.steps)}
        self.shapes, self.dtypes = _shapes(tape, known)
        self.tile = self._tile()
        self.slots = self._slots()

    def message(self) -> dict[str, Any]:
        """The fields of the answer `program`."""
        tape = self.tape
        return {
            "steps": [self._step(step) for step in tape.steps],
            "slots": {str(slot): told for slot, told in self.slots.items()},
            "layers": [{"path": path, "kind": kind, "slot": slot} for path, kind, slot in tape.visits],
            "results": tape.results,
            "gradients": tape.gradients,
            "carry": tape.carry,
            "state": tape.state,
            "inputs": tape.inputs,
        }

    def _step(self, step: Step) -> dict[str, Any]:
        phase, _, path = step.label.partition("/")
        return {
            "op": step.op.name,
            "label": step.label,
            "phase": phase,
            "layer": path,
            "inputs": step.inputs,
            "output": step.output,
            "attrs": step.attrs,
            "title": title(step),
            "question": question(step, self.tape),
            "opens": step.op.written is not None,
        }

    # -- slots ------------------------------------------------------------------------------------------------
    def _slots(self) -> dict[int, dict[str, Any]]:
        tape, slots = self.tape, dict[int, dict[str, Any]]()
        read = {slot for step in tape.steps for slot in step.inputs}
        for name, slot in tape.inputs.items():
            if slot in read:
                slots[slot] = self._slot(slot, name, "counter" if name in COUNTERS else "input")
        for name, slot in tape.state.items():
            slots[slot] = self._slot(slot, name, role_of(name, tape, self.shapes[slot]), name)
        for slot in tape.constants & read:
            value = tape.values[slot]
            slots[slot] = self._slot(slot, f"{value:.6g}" if np.ndim(value) == 0 else f"constant {slot}", "constant")
        names = self._names()
        for step in tape.steps:
            name, role, of = names[step.output]
            slots[step.output] = self._slot(step.output, name, role, of)
        return slots

    def _slot(self, slot: int, name: str, role: str, of: str | None = None) -> dict[str, Any]:
        shape = self.shapes[slot]
        return {
            "name": name,
            "role": role,
            "shape": shape,
            "dtype": self.dtypes.get(slot),
            "made": self.made.get(slot, -1),
            "of": of,
            "tile": self.tile_of(shape),
            "sides": self._sides(slot, role, shape),
        }

    def _names(self) -> dict[int, tuple[str, str, str | None]]:
        """The slots that steps fill: what each is called, its role, and the part of the state it belongs to."""
        tape, found, used = self.tape, dict[int, tuple[str, str, str | None]](), dict[str, int]()
        outputs = {slot: path for path, _, slot in reversed(tape.visits) if path}
        results = {slot: name for name, slot in tape.results.items()}
        gradients = {slot: name for name, slot in tape.gradients.items()}
        carried = {slot: name for name, slot in tape.carry.items()}
        for step in tape.steps:
            slot, (phase, _, path) = step.output, step.label.partition("/")
            if slot in results:
                found[slot] = results[slot], "value", None
            elif slot in gradients:
                found[slot] = f"gradient of {gradients[slot]}", "gradient", gradients[slot]
            elif slot in carried:
                found[slot] = f"next {carried[slot].removeprefix('optim/')}", "next", carried[slot]
            elif slot in outputs and phase == "forward":
                found[slot] = f"{outputs[slot]}.out", "value", None
            else:
                name = " ".join(filter(None, ("grad" if phase == "backward" else "", path or phase, step.op.name)))
                used[name] = used.get(name, 0) + 1
                name = f"{name} {used[name]}" if used[name] > 1 else name
                found[slot] = name, "gradient" if phase == "backward" else "value", None
        return found

    # -- pictures ---------------------------------------------------------------------------------------------
    def _tile(self) -> list[int] | None:
        """Height and width, where the examples are pictures (N, H, W) or (N, C, H, W)."""
        shape = self.shapes[self.tape.inputs["x"]] if "x" in self.tape.inputs else None
        if shape is None or len(shape) not in (3, 4) or min(shape[-2:]) < PICTURE:
            return None
        return list(shape[-2:]) if len(shape) == 4 or self._flattened(shape) else None

    def _flattened(self, shape: tuple[int, ...]) -> bool:
        """(N, T, F) may be a text or a sound: it is a picture where the network lays it out as one row."""
        return any(
            s.op.name == "reshape" and self.shapes[s.output] == (shape[0], prod(shape[1:])) for s in self.tape.steps
        )

    def tile_of(self, shape: Shape) -> list[int] | None:
        """The pictures in a matrix whose rows are as long as the examples laid out in a row."""
        if self.tile is None or shape is None or len(shape) != 2:
            return None
        example = self.shapes[self.tape.inputs["x"]]
        assert example is not None
        return self.tile if shape[1] == prod(example[1:]) else None

    def _sides(self, slot: int, role: str, shape: Shape) -> list[str]:
        if shape is None or not shape:
            return []
        example = self.shapes[self.tape.inputs["x"]] if "x" in self.tape.inputs else None
        batch = example is not None and shape[0] == example[0] and role in ("input", "value", "gradient")
        rest = len(shape) - 1
        after = {
            0: [],
            1: ["input" if not batch else "neuron"],
            2: ["place", "feature"],
            3: ["channel", "row", "column"],
        }
        first = "example" if batch else {4: "filter"}.get(len(shape), "neuron")
        if batch and self.tile_of(shape):
            return ["example", "pixel"]
        return [first, *after.get(rest, [f"side {k + 1}" for k in range(rest)])]


def role_of(name: str, tape: Tape, shape: Shape) -> str:
    """What a part of the state is: a parameter, a memory, or a knob (one number)."""
    if name in tape.gradients or name in tape.families.get("weight", ()):
        return "parameter"
    if name.startswith("optim/"):
        return "memory" if shape else "knob"
    return "memory" if name in tape.carry else "parameter"


def _shapes(tape: Tape, known: dict[int, Any]) -> tuple[list[Shape], dict[int, str]]:
    """The shapes of all slots: of what is known, and what follows by the rules of the operations."""
    shapes: list[Shape] = [None] * len(tape.values)
    dtypes = {}
    for slot in tape.constants:
        known.setdefault(slot, tape.values[slot])
    for slot, value in known.items():
        shapes[slot], dtypes[slot] = tuple(np.shape(value)), np.asarray(value).dtype.name
    for step in tape.steps:
        given = [shapes[slot] for slot in step.inputs]
        if None not in given:
            try:
                shapes[step.output] = tuple(step.op.shape(*given, **step.attrs))
            except CutawayError:  # a program of a batch of another shape: it is known when it is walked
                continue
    return shapes, dtypes


def describe(tape: Tape, state: Mapping[str, Any], inputs: tuple[Any, ...]) -> Described:
    """The program of a batch with these inputs, on this state."""
    known = {slot: state[name] for name, slot in tape.state.items() if name in state}
    known |= dict(zip(tape.inputs.values(), inputs, strict=False))
    return Described(tape, known)
