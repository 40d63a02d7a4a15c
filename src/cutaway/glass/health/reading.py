"""Reading a program by its operations and labels: which weight is used where, what a unit is, what the loss reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.tape import Step, Tape

__all__ = ["VIEWS", "layer", "loss_of", "outputs_slot", "unit_axis", "used_by", "weights"]

VIEWS = ("reshape", "permute", "cast", "take", "cut", "broadcast_to")
_LAST = ("matmul", "layer_norm", "rms_norm", "embedding", "lstm", "gru", "rnn")  # their features are the last side
_SECOND = ("conv2d", "batch_norm", "group_norm", "conv2d_x")


def layer(label: str) -> str:
    """The layer of a label: "forward/3.conv" is of layer "3.conv"."""
    return label.partition("/")[2] or label


def used_by(program: Tape, slot: int) -> list[Step]:
    """The steps that read a slot."""
    return [step for step in program.steps if slot in step.inputs]


def outputs_slot(program: Tape) -> int | None:
    """What the network hands to the loss: the first slot of the forward phase that a step of the loss reads."""
    made = {step.output: step for step in program.steps}
    for step in program.steps:
        if step.label.startswith("loss"):
            for slot in step.inputs:
                if slot in made and made[slot].label.startswith("forward"):
                    return slot
    return None


def loss_of(program: Tape, see: Callable[[int], Any], outputs: int, answer: Any) -> float | None:
    """What the loss would be, had the network answered this; None where that is no number above 0."""
    values = {outputs: answer}
    goal = program.results["loss"]
    for step in program.steps:
        if step.label.startswith("loss") and any(slot in values for slot in step.inputs):
            inputs = [values[slot] if slot in values else np.asarray(see(slot)) for slot in step.inputs]
            values[step.output] = step.op.forward(*inputs, **step.attrs)
            if step.output == goal:
                break
    loss = float(np.asarray(values.get(goal, np.nan)))
    return loss if np.isfinite(loss) and loss > 1e-12 else None


def weights(program: Tape) -> list[str]:
    """The trained tables (two sides or more) that multiply something, in the order of their first use.

    A table of embeddings is none: its gradient is empty but for the rows that were looked up.
    """
    names = {slot: name for name, slot in program.state.items() if name in program.gradients}
    order: dict[str, None] = {}
    for step in program.steps:
        if not step.label.startswith("forward"):
            continue
        for slot in step.inputs:
            if slot in names and step.op.name in (*_LAST, *_SECOND) and step.op.name != "embedding":
                order.setdefault(names[slot])
    return list(order)


def unit_axis(program: Tape, slot: int, ndim: int) -> int:
    """Which side of an array counts the units: 1 behind a convolution, the last one behind a product."""
    made = {step.output: step for step in program.steps}
    for _ in range(30):
        step = made.get(slot)
        if step is None:
            break
        if step.op.name in _SECOND:
            return min(1, ndim - 1)
        if step.op.name in _LAST:
            return ndim - 1
        if step.op.kind != "elementwise" and step.op.name not in ("dropout_mask", "max_pool2d", "avg_pool2d"):
            break
        grown = [s for s in step.inputs if s in made]
        if not grown:
            break
        slot = grown[0]
    return 1 if ndim in (2, 4) else ndim - 1
