"""A tape as data: it can be saved as text and numbers, and run again without the code that recorded it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import TapeError
from .registry import OPS
from .tape import Step, Tape

__all__ = ["from_data", "to_data"]


def to_data(tape: Tape) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tape as plain data (for JSON), and the arrays among its constants.

    >>> x = Tensor([1.0, 2.0])
    >>> with Tape() as tape:
    ...     y = (x * 3).sum()
    >>> data, arrays = to_data(tape)
    >>> data["steps"][0][:2], sorted(arrays)
    (['mul', [1, 0]], ['1'])
    """
    numbers, arrays = {}, {}
    for slot in sorted(tape.constants):
        value = np.asarray(tape.values[slot])
        if value.ndim == 0:
            numbers[str(slot)] = [str(value.dtype), value.item()]
        else:
            arrays[str(slot)] = value
    data = {
        "slots": len(tape.values),
        "steps": [[s.op.name, list(s.inputs), s.attrs, s.output, s.label] for s in tape.steps],
        "inputs": tape.inputs,
        "state": tape.state,
        "numbers": numbers,
        "carry": tape.carry,
        "results": tape.results,
        "families": tape.families,
        "gradients": tape.gradients,
        "visits": tape.visits,
        "seed": tape.seed,
    }
    return data, arrays


def from_data(data: dict[str, Any], arrays: dict[str, Any]) -> Tape:
    """The tape again; its slots are empty but for the constants.

    >>> with Tape() as tape:
    ...     y = Tensor([1.0]) * 3
    >>> str(from_data(*to_data(tape))) == str(tape)
    True
    """
    unknown = sorted({step[0] for step in data["steps"]} - set(OPS))
    if unknown:
        raise TapeError(
            f"This program uses operations that this version of Cutaway does not know: {', '.join(unknown)}. "
            "If they are your own, import the file that defines them first."
        )
    tape = Tape(seed=data["seed"])
    tape.values = [None] * data["slots"]
    for slot, (dtype, value) in data["numbers"].items():
        tape.values[int(slot)] = np.asarray(value, dtype)
    for slot, array in arrays.items():
        tape.values[int(slot)] = array
    tape.constants = {int(slot) for slot in (*data["numbers"], *arrays)}
    tape.steps = [
        Step(OPS[name], tuple(inputs), {key: _tuples(value) for key, value in attrs.items()}, output, label)
        for name, inputs, attrs, output, label in data["steps"]
    ]
    tape.inputs, tape.state, tape.carry = dict(data["inputs"]), dict(data["state"]), dict(data["carry"])
    tape.results, tape.families = dict(data["results"]), dict(data["families"])
    tape.gradients, tape.visits = dict(data["gradients"]), [(p, k, s) for p, k, s in data["visits"]]
    return tape


def _tuples(value: Any) -> Any:
    """JSON knows no tuples; attributes know no lists."""
    return tuple(_tuples(v) for v in value) if isinstance(value, list | tuple) else value
