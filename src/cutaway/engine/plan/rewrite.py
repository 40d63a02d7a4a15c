"""Algebra on the list: steps in, steps out, the same numbers up to rounding. No second representation.

A fused step is opened where its parts can join chains; what was computed twice is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..registry import OPS
from ..tape import Step
from .program import Program

__all__ = ["rewritten"]

CUBE, ROOT = 0.044715, math.sqrt(2 / math.pi)  # of gelu
Rule = Callable[[Program, Step, "Writer"], bool]
RULES: dict[str, Rule] = {}


class Writer:
    """The new list: a step that has been written already is not written again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps: list[Step] = []
        self.same: dict[int, int] = {}  # a slot -> the slot that holds the same numbers
        self.spread: dict[int, int] = {}  # a slot -> the smaller one that it repeats
        self.tables: dict[int, tuple[int, int]] = {}  # a slot that was looked up: its indices, and the table
        self.folds: dict[int, Any] = {}  # slopes that belong to rows of a table (see folding)
        self._known: dict[Any, int] = {}
        for slot, value in program.constants.items():
            if value.ndim == 0:
                self._known.setdefault(("number", value.item(), str(value.dtype)), slot)

    def put(self, step: Step) -> int:
        """Write a step; returns the slot that holds its output."""
        inputs = self._narrow(step, tuple(self.same.get(slot, slot) for slot in step.inputs))
        key = step.op.name, inputs, tuple(sorted((k, repr(v)) for k, v in step.attrs.items()))
        found = self._known.get(key)
        if found is not None and step.output not in self.program.own:
            self.same[step.output] = found
            return found
        self._known.setdefault(key, step.output)
        if step.op.name == "broadcast_to":
            self.spread[step.output] = inputs[0]
        self.steps.append(step._replace(inputs=inputs))
        return step.output

    def _narrow(self, step: Step, inputs: tuple[int, ...]) -> tuple[int, ...]:
        """What is repeated only to meet a larger array is met as it is: a step number by number repeats by itself."""
        if step.op.kind != "elementwise" or not any(slot in self.spread for slot in inputs):
            return inputs
        narrow = tuple(self.spread.get(slot, slot) for slot in inputs)
        try:
            shape = np.broadcast_shapes(*(self.program.shape(slot) for slot in narrow))
        except ValueError:
            return inputs
        return narrow if shape == self.program.shape(step.output) else inputs

    def do(self, name: str, *inputs: int, like: Step, into: int | None = None, **attrs: Any) -> int:
        """Write a new step, into a new slot or one that is known."""
        inputs = tuple(self.same.get(slot, slot) for slot in inputs)
        step = self.program.step(OPS[name], inputs, like, **attrs)
        step = step if into is None else step._replace(output=into)
        change = RULES.get(name) if name != like.op.name else None
        if change is not None and change(self.program, step, self):
            return self.same.get(step.output, step.output)
        return self.put(step)

    def mask(self, rows: int, columns: int, dtype: Any) -> int:
        """A slot that holds 0 where a column is not after its row, and minus infinity where it is."""
        key = "mask", rows, columns, str(dtype)
        if key not in self._known:
            later = np.arange(columns)[None] > np.arange(rows)[:, None]
            self._known[key] = self.program.constant(np.where(later, -np.inf, 0.0).astype(dtype))
        return self._known[key]

    def number(self, value: float, dtype: Any) -> int:
        """A slot that holds this number."""
        array = np.asarray(value, dtype)
        key = "number", array.item(), str(dtype)
        if key not in self._known:
            self._known[key] = self.program.constant(array)
        return self._known[key]


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register what becomes of a step of this op; it returns False to leave it as it is."""

    def register(f: Rule) -> Rule:
        RULES[name] = f
        return f

    return register


def rewritten(program: Program) -> None:
    """Put the program into the words that the plan is fast in."""
    from . import folding  # its rules are known from here on

    writer = Writer(program)
    writer.folds = folding.folds(program)
    for step in program.steps:
        change = RULES.get(step.op.name)
        if change is None or not change(program, step, writer):
            writer.put(step)
    program.become(writer.steps)


def across(program: Program, step: Step) -> tuple[tuple[int, ...], bool]:
    """The sides that a step sums over, counted from 0; and whether it sums rows, over the last side alone."""
    shape, dim = program.shape(step.inputs[0]), step.attrs.get("dim")
    if dim is None:
        return tuple(range(len(shape))), len(shape) == 1
    sides = tuple(sorted(k % len(shape) for k in (dim if isinstance(dim, tuple) else (dim,))))
    return sides, sides == (len(shape) - 1,)


@rule("mean")
@rule("sum")
def averaged(program: Program, step: Step, writer: Writer) -> bool:
    """The same sum is written the same way everywhere: with its sides kept along rows, without them elsewhere.

    So it may be known already, and a sum along rows can be part of a chain.
    """
    name = step.op.name
    sides, rows = across(program, step)
    if not sides:
        return False
    flat = writer.do(name, step.inputs[0], like=step, dim=sides, keepdim=rows)
    _same_shape(program, flat, step, writer)
    return True


def _same_shape(program: Program, slot: int, step: Step, writer: Writer) -> None:
    """Let the step's output be this slot, seen in the shape that it is to have."""
    if program.shape(slot) == program.shape(step.output) and step.output not in program.own:
        writer.same[step.output] = slot
    else:
        writer.do("reshape", slot, like=step, into=step.output, to=program.shape(step.output))


@rule("var")
def var(program: Program, step: Step, writer: Writer) -> bool:
    """The average squared distance from the mean: its parts are a chain with a sum on its way."""
    x, shape = step.inputs[0], program.shape(step.inputs[0])
    sides, rows = across(program, step)
    count = math.prod(shape[k] for k in sides) - step.attrs.get("correction", 0)
    middle = writer.do("mean", x, like=step, dim=sides, keepdim=rows)
    if not rows:
        middle = writer.do("reshape", middle, like=step, to=tuple(1 if k in sides else n for k, n in enumerate(shape)))
    far = writer.do("sub", x, middle, like=step)
    total = writer.do("sum", writer.do("mul", far, far, like=step), like=step, dim=sides, keepdim=rows)
    share = writer.number(1.0 / count, program.dtype(x))
    _same_shape(program, writer.do("mul", total, share, like=step), step, writer)
    return True


@rule("layer_norm")
def layer_norm(program: Program, step: Step, writer: Writer) -> bool:
    """Opened into the words in which its gradient is written: what both need is computed once, in one chain."""
    x, weight, bias = step.inputs
    if len(program.shape(weight)) != 1:
        return False
    far = writer.do("sub", x, writer.do("mean", x, like=step, dim=(-1,), keepdim=True), like=step)
    spread = writer.do("var", x, like=step, dim=(-1,), keepdim=True)
    inverse = _inverse(program, step, writer, spread, x)
    usual = writer.do("mul", far, inverse, like=step)
    writer.do("add", writer.do("mul", usual, weight, like=step), bias, like=step, into=step.output)
    return True


@rule("rms_norm")
def rms_norm(program: Program, step: Step, writer: Writer) -> bool:
    """Opened, as layer_norm."""
    x, weight = step.inputs
    if len(program.shape(weight)) != 1:
        return False
    spread = writer.do("mean", writer.do("mul", x, x, like=step), like=step, dim=(-1,), keepdim=True)
    usual = writer.do("mul", x, _inverse(program, step, writer, spread, x), like=step)
    writer.do("mul", usual, weight, like=step, into=step.output)
    return True


def _inverse(program: Program, step: Step, writer: Writer, spread: int, x: int) -> int:
    eps = writer.number(step.attrs["eps"], program.dtype(x))
    return writer.do("power", writer.do("add", spread, eps, like=step), like=step, to=-0.5)


@rule("gelu")
def gelu(program: Program, step: Step, writer: Writer) -> bool:
    """Opened into the words of its gradient, so that the tanh, its dearest part, is done once."""
    x, dtype = step.inputs[0], program.dtype(step.inputs[0])
    if step.attrs.get("approximate", "none") != "tanh":
        return False
    square = writer.do("mul", x, x, like=step)
    stretch = writer.do("mul", square, writer.number(ROOT * CUBE, dtype), like=step)
    inner = writer.do("mul", x, writer.do("add", stretch, writer.number(ROOT, dtype), like=step), like=step)
    bent = writer.do("add", writer.do("tanh", inner, like=step), writer.number(1.0, dtype), like=step)
    share = writer.do("mul", bent, writer.number(0.5, dtype), like=step)
    writer.do("mul", x, share, like=step, into=step.output)
    return True


@rule("softmax")
def softmax(program: Program, step: Step, writer: Writer) -> bool:
    """Rows of votes: the largest, the distances, their powers and the sum are one chain."""
    x, shape = step.inputs[0], program.shape(step.inputs[0])
    if len(shape) < 2 or step.attrs.get("dim", -1) not in (-1, len(shape) - 1):
        return False
    _, powers, total = _powers(writer, x, step)
    writer.do("div", powers, total, like=step, into=step.output)
    return True


def _powers(writer: Writer, x: int, like: Step) -> tuple[int, int, int]:
    """The largest vote of each row, the powers of the distances to it, and their sum."""
    top = writer.do("max", x, like=like, dim=-1, keepdim=True)
    powers = writer.do("exp", writer.do("sub", x, top, like=like), like=like)
    return top, powers, writer.do("sum", powers, like=like, dim=-1, keepdim=True)


@rule("cross_entropy")
def cross_entropy(program: Program, step: Step, writer: Writer) -> bool:
    """In the words of softmax, which its gradient asks for: log of the sum of powers, less the right answer's vote."""
    x, answers = step.inputs
    asked = step.attrs.get
    plain = asked("weight") is None and asked("ignore_index") is None and not asked("label_smoothing")
    if not plain or len(program.shape(x)) != 2 or 0 in program.shape(x):
        return False
    reduction, rows = step.attrs.get("reduction", "mean"), program.shape(x)[0]
    top, _, total = _powers(writer, x, step)
    level = writer.do("add", writer.do("log", total, like=step), top, like=step)
    place = writer.do("reshape", answers, like=step, to=(rows, 1))
    losses = writer.do("sub", level, writer.do("gather", x, place, like=step, dim=1), like=step)
    if reduction == "none":
        _same_shape(program, losses, step, writer)
    else:
        _same_shape(program, writer.do(reduction, losses, like=step, dim=None, keepdim=False), step, writer)
    return True


@rule("attention")
def attention(program: Program, step: Step, writer: Writer) -> bool:
    """Who listens to whom, and what they take home: the gradient asks for the first part again."""
    q, k, v, *masks = step.inputs
    shares = writer.do("attention_weights", q, k, *masks, like=step, **step.attrs)
    writer.do("matmul", shares, v, like=step, into=step.output)
    return True


@rule("attention_weights")
def attention_weights(program: Program, step: Step, writer: Writer) -> bool:
    """The scores, one product; then a chain over their rows. Who may not listen has a score of minus infinity."""
    q, k, *masks = step.inputs
    size = program.shape(q)[-1]
    if masks or size == 0 or len(program.shape(step.output)) < 2:
        return False
    scale, dtype = step.attrs.get("scale"), program.dtype(q)
    scores = writer.do("matmul", q, k, like=step, flip_w=True)
    strength = writer.number(size**-0.5 if scale is None else scale, dtype)
    scores = writer.do("mul", scores, strength, like=step)
    if step.attrs.get("causal"):
        rows, columns = program.shape(step.output)[-2:]
        later = writer.mask(rows, columns, dtype)
        scores = writer.do("add", scores, later, like=step)
    _, powers, total = _powers(writer, scores, step)
    writer.do("div", powers, total, like=step, into=step.output)
    return True


@rule("batch_norm")
def batch_norm(program: Program, step: Step, writer: Writer) -> bool:
    """One scale and one shift for every channel, which join the chain of what comes after."""
    x, middle, spread, weight, bias = step.inputs
    shape = program.shape(x)
    across = (1, shape[1], *(1,) * (len(shape) - 2))
    inverse = _inverse(program, step, writer, spread, x)
    scale = writer.do("mul", weight, inverse, like=step)
    shift = writer.do("sub", bias, writer.do("mul", middle, scale, like=step), like=step)
    stretched = writer.do("mul", x, writer.do("reshape", scale, like=step, to=across), like=step)
    writer.do("add", stretched, writer.do("reshape", shift, like=step, to=across), like=step, into=step.output)
    return True
