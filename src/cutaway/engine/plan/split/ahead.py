"""What is known before the splitting begins: who will read a slot, and what will be asked for several times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...ops.reduce import sides
from ...tape import Tape

__all__ = ["middles", "uses"]

# what may lie between a gradient and the sum that it is made of; all of it can be done on parts of sums
ON_THE_WAY = (
    "add",
    "sub",
    "neg",
    "mul",
    "div",
    "reshape",
    "permute",
    "sum",
    "sum_to",
    "cut",
    "paste",
    "concat",
    "stack",
)


def uses(tape: Tape) -> dict[int, int]:
    """How many steps read a slot, not counting those that lead to a gradient and nowhere else.

    On the way to a gradient sums of parts are passed on in parts, and added up at its end.
    """
    counted: dict[int, int] = {}
    gradients = set(tape.gradients.values())
    kept = {*tape.results.values(), *tape.carry.values()}
    for step in reversed(tape.steps):
        if step.label.startswith("update"):
            continue
        only = step.output in gradients and step.output not in kept and step.output not in counted
        if only and step.op.name in ON_THE_WAY:
            gradients.update(step.inputs)
            continue
        for slot in dict.fromkeys(step.inputs):
            counted[slot] = counted.get(slot, 0) + 1
    return counted


def middles(tape: Tape, shapes: Sequence[tuple[int, ...]]) -> Counter[tuple[int, tuple[int, ...]]]:
    """How many steps need the middle of a slot along these sides: its mean, or its variance."""
    return Counter(
        (step.inputs[0], sides(shapes[step.inputs[0]], step.attrs.get("dim")))
        for step in tape.steps
        if step.op.name in ("mean", "var")
    )
