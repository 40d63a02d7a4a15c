"""Number by number: pieces meet pieces, and what is broadcast along the cut stays whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....tape import Step
from ..layout import OWN, PARTIAL, WHOLE, Bounds, cut_along
from ..splitter import Splitter, rule


def aligned(s: Splitter, slot: int, right: int, bounds: Bounds) -> int:
    """The slot cut at the side ``right`` (counted from the last, -1) if it is that long there; else whole."""
    shape = s.shape(slot)
    long = len(shape) >= -right and shape[right] == bounds[-1] != 1
    return s.want(slot, cut_along(len(shape) + right, bounds) if long else WHOLE)


def of_parts(s: Splitter, step: Step) -> bool:
    """May the step be done on parts of sums, so that its result is in parts? It must be linear in what is in parts."""
    held = [s.layout(slot).kind for slot in step.inputs]
    small = s.size(step.output) <= max((s.size(i) for i, h in zip(step.inputs, held, strict=True) if h == "partial"),
                                       default=0)  # fmt: skip
    match step.op.name:
        case "add" | "sub" | "neg":
            return all(h == "partial" for h in held)
        case "mul":
            return small and sorted(held) == ["partial", "whole"]
        case "div":
            return small and held == ["partial", "whole"]
    return False


@rule("elementwise")
def elementwise(s: Splitter, step: Step) -> Any:
    """Cut wherever the largest cut input is."""
    if of_parts(s, step):
        return s.done(step, step.inputs, PARTIAL)
    return broadcast(s, step, step.inputs, len(s.shape(step.output)))


def broadcast(s: Splitter, step: Step, inputs: Sequence[int], ndim: int, last: int = 0) -> Any:
    """Inputs that broadcast against each other from the right; the cut must lie before the ``last`` sides."""
    cut = s.largest_cut(inputs)
    if cut is None:
        return NotImplemented
    layout = s.layout(cut)
    right = layout.axis - len(s.shape(cut))
    if right >= -last and last:
        return NotImplemented
    return s.done(step, [aligned(s, i, right, layout.bounds) for i in inputs], cut_along(ndim + right, layout.bounds))


@rule("dropout_mask")
def dropout_mask(s: Splitter, step: Step) -> Any:
    """The examples of a piece keep the numbers that they have in the whole batch."""
    x, batch, first = step.inputs
    layout = s.layout(x)
    if not layout.is_cut or layout.axis:
        return NotImplemented
    starts = s.numbers(layout.bounds[:-1], "int64")
    return s.done(step, [x, batch, s.emit("add", [first, starts], {}, OWN)], layout)
