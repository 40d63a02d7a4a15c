"""Losses: every rank sums its own examples' losses, and the mean divides by how many there are in all.

Pieces may be of unequal length, and classes may have weights or be left out: what a mean divides by is then a sum over
all ranks, too.
"""

from __future__ import annotations

import math
from typing import Any

from ....ops.surprise import _TINY as TINY
from ....tape import Step
from ..layout import PARTIAL, WHOLE, Layout, cut_along
from ..splitter import Splitter, rule
from .reduce import share


def pooled(s: Splitter, step: Step, inputs: list[int], each: Layout, count: int) -> int:
    """Reduced as the step says; ``each`` is how one loss an example is held, ``count`` how many a mean is over."""
    reduction = step.attrs.get("reduction", "mean")
    if reduction == "none":
        return s.done(step, inputs, each)
    if reduction == "sum":
        return s.done(step, inputs, PARTIAL)
    return share(s, summed(s, step, inputs), count, step.output)


def summed(s: Splitter, step: Step, inputs: list[int]) -> int:
    """The sum of this rank's losses."""
    return s.emit(step.op, inputs, {**step.attrs, "reduction": "sum"}, PARTIAL, dtype=s.dtypes[step.output])


@rule("mse", "l1", "huber", "bce_with_logits", "kl_div")
def own_targets(s: Splitter, step: Step) -> Any:
    """Number by number."""
    found = s.largest_cut(step.inputs)
    if found is None:
        return NotImplemented
    layout, shape = s.layout(found), s.shape(found)
    weights = step.attrs.get("pos_weight", 1.0)
    if isinstance(weights, tuple) and len(weights) > 1 and layout.axis == len(shape) - 1:
        return NotImplemented
    count = shape[0] if step.attrs.get("reduction") == "batchmean" else math.prod(shape)
    return pooled(s, step, [s.want(slot, layout) for slot in step.inputs], layout, count)


def of_classes(s: Splitter, step: Step) -> tuple[list[int], Layout] | None:
    """Inputs x (B, C, ...) and answers (B, ...) cut alike, and how one loss an example is held; None where that fails.

    Where the second input has the shape of x (shares of classes), it is cut as x is.
    """
    x, y = step.inputs
    found = s.largest_cut(step.inputs)
    if found is None:
        return None
    alike = len(s.shape(x)) == len(s.shape(y))
    axis = s.layout(found).axis
    if found == y and not alike:
        axis += axis > 0
    if axis == 1:
        return None
    bounds = s.layout(found).bounds
    cut, each = cut_along(axis, bounds), cut_along(axis - (axis > 1), bounds)
    return [s.want(x, cut), s.want(y, cut if alike else each)], each


@rule("soft_cross_entropy")
def soft_cross_entropy(s: Splitter, step: Step) -> Any:
    """A mean over all places."""
    found = of_classes(s, step)
    if found is None:
        return NotImplemented
    shape = s.shape(step.inputs[0])
    return pooled(s, step, *found, math.prod(shape) // shape[1])


@rule("cross_entropy", "nll")
def cross_entropy(s: Splitter, step: Step) -> Any:
    """A mean over all answers, by the weights of their classes, without those that are left out."""
    found = of_classes(s, step)
    if found is None:
        return NotImplemented
    inputs, each = found
    weighted = {key: step.attrs.get(key) for key in ("weight", "ignore_index")}
    x, answers = inputs
    if step.attrs.get("reduction", "mean") != "mean" or not any(value is not None for value in weighted.values()):
        return pooled(s, step, inputs, each, math.prod(s.shape(answers)))
    dtype = s.dtypes[step.output]
    told = {key: value for key, value in weighted.items() if value is not None}
    by = 1 if each.axis else 0
    shares = s.emit("target_shares", [answers], {"classes": s.shape(x)[1], "dtype": str(dtype), **told},
                    cut_along(each.axis + by, each.bounds), dtype=dtype)  # fmt: skip
    total = s.want(s.emit("sum", [shares], {"dim": None, "keepdim": False}, PARTIAL), WHOLE)
    total = s.emit("maximum", [total, s.number(TINY, dtype)], {}, WHOLE)
    return s.emit("div", [summed(s, step, inputs), total], {}, PARTIAL, step.output)


@rule("accuracy")
def accuracy(s: Splitter, step: Step) -> Any:
    """How many are right in all, divided by how many there are."""
    outputs, answers = step.inputs
    found = s.largest_cut(step.inputs)
    if found is None or s.layout(found).axis >= len(s.shape(answers)):
        return NotImplemented
    layout = s.layout(found)
    best = s.emit("argmax", [s.want(outputs, layout)], {"dim": -1}, layout, dtype="int64")
    right = s.emit("equal", [best, s.want(answers, layout)], {}, layout, dtype="bool")
    counted = s.emit("cast", [right], {"to": str(s.dtypes[step.output])}, layout, dtype=s.dtypes[step.output])
    part = s.emit("sum", [counted], {"dim": None, "keepdim": False}, PARTIAL)
    return share(s, part, math.prod(s.shape(answers)), step.output)
