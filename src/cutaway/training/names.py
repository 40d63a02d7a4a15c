"""What a reader calls the arrays of a batch: layers by their path, steps by their label, gradients by their weight."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ..engine.tape import Tape

__all__ = ["hint", "slot_of", "slots_named"]


def slot_of(program: Tape, name: str) -> int | None:
    """The slot that a name means, or None.

    name: an input ("x"), a gradient ("1.weight.grad"), a result ("loss"), the label of a step ("forward/1",
        "backward/3.conv1": the last step of that label), a layer by its path ("3.conv1": what comes out of it)

    >>> from cutaway.engine import Tensor
    >>> with Tape() as tape, tape.phase("forward"), tape.place("1"):
    ...     y = Tensor([1.0, 2.0]).sum()
    >>> slot_of(tape, "forward/1"), slot_of(tape, "1"), slot_of(tape, "2")
    (1, 1, None)
    """
    if name in program.inputs:
        return program.inputs[name]
    if name.endswith(".grad") and name.removesuffix(".grad") in program.gradients:
        return program.gradients[name.removesuffix(".grad")]
    if name in program.results:
        return program.results[name]
    labels = {step.label: step.output for step in program.steps}
    if name in labels:
        return labels[name]
    made = {step.output for step in program.steps}
    visits = {path: slot for path, _, slot in program.visits if slot in made}
    path = name.removeprefix("forward/")
    if path in visits and path:
        return visits[path]
    return labels.get(f"forward/{name}")


def slots_named(program: Tape) -> list[str]:
    """All names that mean a slot of this program."""
    labels = dict.fromkeys(step.label for step in program.steps)
    gradients = [f"{name}.grad" for name in program.gradients]
    return [*program.inputs, *program.results, *(label for label in labels if label), *gradients]


def hint(name: str, known: Iterable[str]) -> str:
    """Did you mean ...? (or nothing)

    >>> hint("1.wieght", ["1.weight", "1.bias"])
    " Did you mean '1.weight'?"
    """
    near = dict.fromkeys(difflib.get_close_matches(name, list(known), n=3))
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
