"""One step told: the analogy, the formula, what each part means, and the formula with this moment's numbers in it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import CutawayError
from ..engine.op import Op
from ..engine.tape import Step
from .text import number, place

if TYPE_CHECKING:
    from ..training.run import Run

__all__ = ["Explained", "explain"]

TERMS = 4  # of a long sum, so many terms are written out: the largest


@dataclass(frozen=True)
class Explained:
    """A step as a reader is told it; prints as text.

    >>> from cutaway import ops
    >>> print(str(Explained(ops.relu, "forward/1", ("x = -2  ->  y[0] = 0",))).splitlines()[0])
    relu   (forward/1)
    """

    op: Op
    label: str
    numbers: tuple[str, ...]

    def __repr__(self) -> str:
        story = self.op.story
        where = f"   ({self.label})" if self.label else ""
        lines = [f"{self.op.name}{where}", f"  {story.analogy}", ""]
        lines += [f"    {line}" for line in story.formula.splitlines()]
        lines += ["", *(f"  {part}: {meaning}" for part, meaning in story.parts.items())]
        if self.numbers:
            lines += ["", "With the numbers of this moment:", *(f"    {line}" for line in self.numbers)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def explain(run: Run, step: int | Step | None = None, at: tuple[int, ...] | None = None) -> Explained:
    """Tell a step of the open batch: the last one done, when not said, or the one that fills a slot.

    at: which number of its output to follow; the one farthest from zero when not said

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> for _ in range(2):
    ...     moment = run.step("op")
    >>> print(str(run.explain()).splitlines()[0])
    matmul   (forward)
    """
    found = _find(run, step)
    y = np.asarray(run.see(found.output))
    inputs = [np.asarray(run.see(slot)) for slot in found.inputs]
    if at is None:
        at = tuple(int(k) for k in np.unravel_index(int(np.argmax(np.abs(y))), y.shape)) if y.size else ()
    if len(at) != y.ndim or any(not 0 <= k < n for k, n in zip(at, y.shape, strict=False)):
        raise CutawayError(f"explain: {found.op.name} gave an array of shape {y.shape}, so {at} names no number of it.")
    return Explained(found.op, found.label, tuple(_numbers(found, inputs, y, at)))


def _find(run: Run, step: int | Step | None) -> Step:
    if isinstance(step, Step):
        return step
    steps = run.program.steps
    if step is None:
        if run.op < 2:
            raise CutawayError("explain: no step of an open batch has been done. run.step('op') goes to the next one.")
        return steps[run.op - 2]
    found = next((s for s in steps if s.output == step), None)
    if found is None:
        raise CutawayError(f"explain: no step of this program fills slot {step}.")
    return found


def _numbers(step: Step, inputs: list[Any], y: Any, at: tuple[int, ...]) -> list[str]:
    """The formula for one number of the output, with its numbers in it."""
    result = f"y{place(at)} = "
    if step.op.name == "matmul" and y.ndim == 2:
        x, w = inputs
        row = x[:, at[0]] if step.attrs.get("flip_x") else x[at[0]]
        column = w[at[1]] if step.attrs.get("flip_w") else w[:, at[1]]
        return _sum(result, row, column, float(y[at]))
    if step.op.kind == "elementwise":
        names = [name for name in step.op.story.parts if name != "y"]
        seen = [np.broadcast_to(a, y.shape)[at] for a in inputs]
        told = ", ".join(f"{name} = {number(value)}" for name, value in zip(names, seen, strict=False))
        return [f"{told}  ->  {result}{number(y[at])}"]
    shapes = ", ".join(f"{name} {a.shape}" for name, a in zip(step.op.story.parts, inputs, strict=False))
    return [f"{shapes}  ->  {result}{number(y[at])}"]


def _sum(result: str, a: Any, b: Any, total: float) -> list[str]:
    """A sum of products: the largest terms written out, the rest together."""
    terms = np.asarray(a, np.float64) * np.asarray(b, np.float64)
    order = np.argsort(-np.abs(terms), kind="stable")[:TERMS]
    lines = [f"{result}the sum of {len(terms)} products:"]
    lines += [f"  {number(a[k])} * {number(b[k])} = {number(terms[k])}   (i = {k})" for k in order]
    if len(terms) > len(order):
        lines.append(f"  the other {len(terms) - len(order)} together: {number(terms.sum() - terms[order].sum())}")
    return [*lines, f"  = {number(total)}"]
