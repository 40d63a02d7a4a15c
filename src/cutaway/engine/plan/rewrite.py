"""Algebra on the list: steps in, steps out, the same numbers up to rounding. Still a list of steps, no second representation.

A fused step is opened where its parts can join chains; what was computed twice is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..registry import OPS
from ..tape import Step
from .kernels.reduction import summed
from .program import Program

__all__ = ["rewritten"]

Rule = Callable[[Program, Step, "Writer"], bool]
RULES: dict[str, Rule] = {}


class Writer:
    """The new list: a step that has been written already is not written again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps: list[Step] = []
        self.same: dict[int, int] = {}  # a slot -> the slot that holds the same numbers
        self._known: dict[Any, int] = {}

    def put(self, step: Step) -> int:
        """Write a step; returns the slot that holds its output."""
        inputs = tuple(self.same.get(slot, slot) for slot in step.inputs)
        key = step.op.name, inputs, tuple(sorted((k, repr(v)) for k, v in step.attrs.items()))
        found = self._known.get(key)
        if found is not None and step.output not in self.program.own:
            self.same[step.output] = found
            return found
        self._known.setdefault(key, step.output)
        self.steps.append(step._replace(inputs=inputs))
        return step.output

    def do(self, name: str, *inputs: int, like: Step, into: int | None = None, **attrs: Any) -> int:
        """Write a new step, into a new slot or one that is known."""
        inputs = tuple(self.same.get(slot, slot) for slot in inputs)
        step = self.program.step(OPS[name], inputs, like, **attrs)
        return self.put(step if into is None else step._replace(output=into))

    def number(self, value: float, dtype: Any) -> int:
        """A slot that holds this number."""
        key = "number", value, str(dtype)
        if key not in self._known:
            self._known[key] = self.program.constant(np.asarray(value, dtype))
        return self._known[key]


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register what becomes of a step of this op; it returns False to leave it as it is."""

    def register(f: Rule) -> Rule:
        RULES[name] = f
        return f

    return register


def rewritten(program: Program) -> None:
    """Put the program into the words that the plan is fast in."""
    writer = Writer(program)
    for step in program.steps:
        change = RULES.get(step.op.name)
        if change is None or not change(program, step, writer):
            writer.put(step)
    program.become(writer.steps)


@rule("mean")
def mean(program: Program, step: Step, writer: Writer) -> bool:
    """A mean with keepdim is the mean without, seen in another shape: so it may be known already."""
    shape = program.shape(step.inputs[0])
    over = summed(step, shape)
    if not step.attrs.get("keepdim") or not over:
        return False
    flat = writer.do("mean", step.inputs[0], like=step, dim=over, keepdim=False)
    writer.do("reshape", flat, like=step, into=step.output, to=program.shape(step.output))
    return True


@rule("var")
def var(program: Program, step: Step, writer: Writer) -> bool:
    """The average squared distance from the mean: its parts are a chain with a sum on its way."""
    x, shape = step.inputs[0], program.shape(step.inputs[0])
    dim = step.attrs.get("dim")
    over = tuple(range(len(shape))) if dim is None else tuple(k % len(shape) for k in np.atleast_1d(dim).tolist())
    count = math.prod(shape[k] for k in over) - step.attrs.get("correction", 0)
    middle = writer.do("mean", x, like=step, dim=over, keepdim=False)
    across = tuple(1 if k in over else n for k, n in enumerate(shape))
    far = writer.do("sub", x, writer.do("reshape", middle, like=step, to=across), like=step)
    total = writer.do("sum", writer.do("mul", far, far, like=step), like=step, dim=over, keepdim=False)
    share = writer.number(1.0 / count, program.dtype(x))
    kept = tuple(n for k, n in enumerate(shape) if k not in over)
    if program.shape(step.output) == kept:
        writer.do("mul", total, share, like=step, into=step.output)
    else:
        writer.do("reshape", writer.do("mul", total, share, like=step), like=step, into=step.output,
                  to=program.shape(step.output))  # fmt: skip
    return True


@rule("batch_norm")
def batch_norm(program: Program, step: Step, writer: Writer) -> bool:
    """One scale and one shift for every channel, which join the chain of what comes after."""
    x, middle, spread, weight, bias = step.inputs
    shape = program.shape(x)
    across = (1, shape[1], *(1,) * (len(shape) - 2))
    eps = writer.number(step.attrs["eps"], program.dtype(x))
    inverse = writer.do("power", writer.do("add", spread, eps, like=step), like=step, to=-0.5)
    scale = writer.do("mul", weight, inverse, like=step)
    shift = writer.do("sub", bias, writer.do("mul", middle, scale, like=step), like=step)
    stretched = writer.do("mul", x, writer.do("reshape", scale, like=step, to=across), like=step)
    writer.do("add", stretched, writer.do("reshape", shift, like=step, to=across), like=step, into=step.output)
    return True
