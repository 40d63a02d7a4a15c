"""Why did this weight move? One change, taken apart so that the parts sum to it.

By rule: which part came from this batch's gradient, which from what the optimizer remembers, which from decay. The
update is followed from the new weight back to its sources; what is added is split, what is multiplied is scaled, and a
divisor (Adam's) stays whole. By example: a gradient is a sum over the batch, so every example has its share.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import CutawayError
from ..engine.tape import Step, Tape
from .text import number, place

if TYPE_CHECKING:
    from ..training.run import Run

__all__ = ["Why", "why"]

Parts = dict[str, Any]  # source -> its share of the new weight, an array of the weight's shape


@dataclass(frozen=True)
class Why:
    """One change of one number, and its parts.

    before, after: the number; rule: source -> its part of the change; examples: the part of each example of the batch
    in the change (None where a gradient is no sum over the batch, as behind batch normalisation's own statistics)
    rows: which examples of the data they are

    >>> Why("weight", (0, 0), 2, 1.0, 0.75, {"this batch's gradient": -0.25}, 2.5, None, None).change
    -0.25
    """

    name: str
    index: tuple[int, ...]
    batch: int
    before: float
    after: float
    rule: dict[str, float]
    gradient: float
    examples: Any
    rows: Any

    @property
    def change(self) -> float:
        """after - before."""
        return self.after - self.before

    def __repr__(self) -> str:
        lines = [
            f"{self.name}{place(self.index)} went from {number(self.before)} to {number(self.after)} in batch "
            f"{self.batch}: a change of {number(self.change)}."
        ]
        lines += [f"  {number(part):>10}  from {source}" for source, part in self.rule.items()]
        if self.examples is not None and np.any(self.examples):
            order = np.argsort(-np.abs(self.examples), kind="stable")[:5]
            lines.append(f"Of the gradient's part, the {len(self.examples)} examples of the batch gave:")
            lines += [f"  {number(self.examples[k]):>10}  example {int(self.rows[k])} of the data" for k in order]
            rest = float(self.examples.sum() - self.examples[order].sum())
            if len(self.examples) > len(order):
                lines.append(f"  {number(rest):>10}  the other {len(self.examples) - len(order)} together")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def why(run: Run, name: str, index: Any, batch: int | None = None) -> Why:
    """Take apart the change that one batch (the last one done, when not said) made to one number of a parameter.

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> told = run.train(batches=3, progress=False).why("weight", (0, 0))
    >>> bool(abs(sum(told.rule.values()) - told.change) < 1e-6)
    True
    """
    batch = run.batch - 1 if batch is None else batch
    if batch < 0:
        raise CutawayError("why: no batch is done yet. run.train(batches=1) does one.")
    program, values = run.relive(batch)
    if name not in program.gradients:
        known = ", ".join(program.gradients)
        raise CutawayError(f"why: {name!r} was not trained in batch {batch}. These were: {known}.")
    old, new = (np.asarray(values[slot], np.float64) for slot in (program.state[name], program.carry[name]))
    at = tuple(int(k) for k in np.atleast_1d(index)) if index is not None else ()
    if len(at) != old.ndim or any(not 0 <= k < n for k, n in zip(at, old.shape, strict=False)):
        raise CutawayError(f"why: {name} has shape {old.shape}, so {at} names no single number of it.")
    gradient = program.gradients[name]
    sources = _Sources(program, values, gradient)
    parts = sources.of(program.carry[name])
    rule = {source: float(np.broadcast_to(part, old.shape)[at]) for source, part in parts.items()}
    rule = {"this batch's gradient": rule.pop("this batch's gradient", 0.0), **rule}
    own = rule.pop(name, 0.0) - float(old[at])  # what decay took from the weight itself
    if abs(own) > 0:
        rule["weight decay"] = rule.get("weight decay", 0.0) + own
    examples = _by_example(program, values, gradient)
    scale = _scale(sources, program.carry[name], old.shape, at)
    shares = None if examples is None else examples[(slice(None), *at)] * scale
    number_of = run.number(batch)
    return Why(
        name,
        at,
        batch,
        float(old[at]),
        float(new[at]),
        rule,
        float(np.asarray(values[gradient])[at]),
        shares,
        run.loader().indices(number_of),
    )


def _scale(sources: _Sources, slot: int, shape: tuple[int, ...], at: tuple[int, ...]) -> float:
    """How much of a unit of gradient arrives in the new weight."""
    unit = _Sources(sources.program, sources.values, sources.gradient, unit=True).of(slot)
    return float(np.broadcast_to(unit.get("this batch's gradient", 0.0), shape)[at])


class _Sources:
    """Follows a value back to what it is a sum of."""

    def __init__(self, program: Tape, values: list[Any], gradient: int, unit: bool = False) -> None:
        self.program, self.values, self.gradient, self.unit = program, values, gradient, unit
        self.made = {step.output: step for step in program.steps if step.label.startswith("update")}
        self.names = {slot: name for name, slot in program.state.items()}

    def of(self, slot: int) -> Parts:
        """Source -> share; the shares sum to the slot's value."""
        value = np.asarray(self.values[slot], np.float64)
        if slot == self.gradient:
            return {"this batch's gradient": np.ones_like(value) if self.unit else value}
        if slot in self.names:
            return {self._called(self.names[slot]): value}
        step = self.made.get(slot)
        return {"other": value} if step is None else self._split(step, value)

    def _split(self, step: Step, value: Any) -> Parts:
        inputs = [np.asarray(self.values[slot], np.float64) for slot in step.inputs]
        if step.op.name in ("add", "sub"):
            sign = 1.0 if step.op.name == "add" else -1.0
            return _merged(self.of(step.inputs[0]), _scaled(self.of(step.inputs[1]), sign))
        if step.op.name == "neg":
            return _scaled(self.of(step.inputs[0]), -1.0)
        if step.op.name == "blend":
            keep = step.attrs["keep"]
            return _merged(_scaled(self.of(step.inputs[0]), keep), _scaled(self.of(step.inputs[1]), 1 - keep))
        if step.op.name == "adaptive_step":  # the divisor stays whole
            _, _, shake, alpha, eps = inputs
            return _merged(self.of(step.inputs[0]), _scaled(self.of(step.inputs[1]), -alpha / (np.sqrt(shake) + eps)))
        if step.op.name in ("mul", "div") and inputs[1].ndim == 0:  # by one number: a knob, or the factor of clipping
            return _scaled(self.of(step.inputs[0]), inputs[1] if step.op.name == "mul" else 1 / inputs[1])
        if step.op.name == "mul" and inputs[0].ndim == 0:
            return _scaled(self.of(step.inputs[1]), inputs[0])
        return {step.op.name: value}

    def _called(self, name: str) -> str:
        """A memory by what it is: "optim/velocity/1.weight" is the velocity."""
        known = {"velocity": "the velocity (momentum)", "m": "the remembered slope (Adam's m)"}
        kind, _, of = name.removeprefix("optim/").partition("/")
        return known.get(kind, f"the memory {kind}") if name.startswith("optim/") and of else name


def _merged(a: Parts, b: Parts) -> Parts:
    return {source: a.get(source, 0.0) + b.get(source, 0.0) for source in {**a, **b}}


def _scaled(parts: Parts, by: Any) -> Parts:
    return {source: part * by for source, part in parts.items()}


def _by_example(program: Tape, values: list[Any], slot: int) -> Any:
    """The gradient as a sum over the examples of the batch: shares (B, ...), or None where it is no such sum."""
    made = {step.output: step for step in program.steps}
    size = np.shape(values[program.inputs["x"]])[0]

    def share(slot: int) -> Any:
        step = made.get(slot)
        if step is None:
            return None
        inputs = [values[k] for k in step.inputs]
        name, attrs = step.op.name, step.attrs
        if name in ("add", "sub"):
            a, b = share(step.inputs[0]), share(step.inputs[1])
            return None if a is None or b is None else a + b if name == "add" else a - b
        if name == "neg":
            inner = share(step.inputs[0])
            return None if inner is None else -inner
        if name in ("reshape", "permute"):
            inner = share(step.inputs[0])
            return None if inner is None else np.stack([step.op.forward(part, **attrs) for part in inner])
        summed = name in ("sum", "sum_to") or (name == "matmul" and attrs.get("flip_x") and not attrs.get("flip_w"))
        if not (summed or name == "conv2d_w") or any(len(np.atleast_1d(a)) != size for a in inputs):
            return None
        if np.shape(values[slot])[:1] == (size,) and name in ("sum", "sum_to"):
            return None  # the batch is still there: nothing was summed over it
        pieces = [[np.asarray(a[k : k + 1], np.float64) for a in inputs] for k in range(size)]
        return np.stack([np.asarray(step.op.forward(*piece, **attrs)) for piece in pieces])

    return share(slot)
