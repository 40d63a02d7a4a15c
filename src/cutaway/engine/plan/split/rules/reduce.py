"""Many become few: a sum over the cut is a sum of parts, an average is a sum divided by how many there are in all."""

from __future__ import annotations

import math
from typing import Any

from ....ops.reduce import sides
from ....tape import Step
from ..layout import PARTIAL, WHOLE, Layout, cut_along
from ..splitter import Splitter, rule
from .arrange import with_sizes


def left(layout: Layout, gone: tuple[int, ...], keepdim: bool) -> Layout:
    """The cut, when other sides are summed away."""
    return layout if keepdim else cut_along(layout.axis - sum(k < layout.axis for k in gone), layout.bounds)


def across(s: Splitter, step: Step) -> tuple[tuple[int, ...], bool, bool]:
    """(which sides are reduced, does it keep them, is the cut among them)."""
    layout, gone = s.layout(step.inputs[0]), sides(s.shape(step.inputs[0]), step.attrs.get("dim"))
    return gone, step.attrs.get("keepdim", False), layout.is_cut and layout.axis in gone


def share(s: Splitter, slot: int, count: float, output: int) -> int:
    """A sum in parts, divided: in parts, too."""
    return s.emit("div", [slot, s.number(float(count), s.dtypes[output])], {}, PARTIAL, output)


@rule("sum", "mean")
def total(s: Splitter, step: Step) -> Any:
    """Over the cut: every rank's sum is a part."""
    (x,) = step.inputs
    gone, keepdim, over = across(s, step)
    if s.layout(x) == PARTIAL:
        return s.done(step, [x], PARTIAL)
    if not over:
        return s.done(step, [x], left(s.layout(x), gone, keepdim))
    if step.op.name == "sum":
        return s.done(step, [x], PARTIAL)
    count = math.prod(s.shape(x)[k] for k in gone)
    if s.asked_again(x, gone):
        whole = s.whole_sum(x, gone, keepdim)
        return s.emit("div", [whole, s.number(float(count), s.dtypes[step.output])], {}, WHOLE, step.output)
    part = s.emit("sum", [x], step.attrs, PARTIAL, dtype=s.dtypes[step.output])
    return share(s, part, count, step.output)


@rule("sum_to")
def sum_to(s: Splitter, step: Step) -> Any:
    """The way back of a repetition: a sum of parts where the repetition was along the cut."""
    (x,) = step.inputs
    layout, to = s.layout(x), s.shape(step.output)
    if layout == PARTIAL:
        return s.done(step, [x], PARTIAL)
    axis = layout.axis - (len(s.shape(x)) - len(to))
    if axis < 0 or to[axis] == 1:
        return s.done(step, [x], PARTIAL)
    cut = cut_along(axis, layout.bounds)
    return s.done(step, [x], cut, with_sizes(s, step, "to", to, cut))


@rule("var")
def var(s: Splitter, step: Step) -> Any:
    """Over the cut: squared distances from the middle of all, summed, divided."""
    (x,) = step.inputs
    gone, keepdim, over = across(s, step)
    if not s.layout(x).is_cut:
        return NotImplemented
    if not over:
        return s.done(step, [x], left(s.layout(x), gone, keepdim))
    total = s.whole_sum(x, gone, True)
    middle = s.emit("div", [total, s.number(float(math.prod(s.shape(x)[k] for k in gone)), s.dtypes[x])], {}, WHOLE)
    far = s.emit("sub", [x, middle], {}, s.layout(x))
    square = s.emit("mul", [far, far], {}, s.layout(x))
    part = s.emit("sum", [square], {"dim": gone, "keepdim": keepdim}, PARTIAL)
    count = math.prod(s.shape(x)[k] for k in gone) - step.attrs.get("correction", 0)
    return share(s, part, count, step.output)


@rule("max", "min")
def largest(s: Splitter, step: Step) -> Any:
    """Over the cut: the largest of the ranks' largest, which are few."""
    (x,) = step.inputs
    layout = s.layout(x)
    if not layout.is_cut:
        return NotImplemented
    gone, keepdim, over = across(s, step)
    if not over:
        return s.done(step, [x], left(layout, gone, keepdim))
    own = s.emit(step.op, [x], {"dim": gone, "keepdim": True}, cut_along(layout.axis, tuple(range(s.count + 1))))
    return s.done(step, [s.want(own, WHOLE)], WHOLE)


@rule("logsumexp")
def logsumexp(s: Splitter, step: Step) -> Any:
    """Along other sides than the cut."""
    (x,) = step.inputs
    gone, keepdim, over = across(s, step)
    if over or not s.layout(x).is_cut:
        return NotImplemented
    return s.done(step, [x], left(s.layout(x), gone, keepdim))


@rule("vector_norm")
def vector_norm(s: Splitter, step: Step) -> Any:
    """Over the cut: the root of the squares of all."""
    (x,) = step.inputs
    gone, keepdim, over = across(s, step)
    if not s.layout(x).is_cut:
        return NotImplemented
    if not over:
        return s.done(step, [x], left(s.layout(x), gone, keepdim))
    square = s.emit("mul", [x, x], {}, s.layout(x))
    part = s.emit("sum", [square], {"dim": gone, "keepdim": keepdim}, PARTIAL)
    return s.emit("sqrt", [s.want(part, WHOLE)], {}, WHOLE, step.output)


@rule("argmax")
def argmax(s: Splitter, step: Step) -> Any:
    """Along another side than the cut."""
    (x,) = step.inputs
    layout, dim = s.layout(x), step.attrs.get("dim", -1) % len(s.shape(x))
    if not layout.is_cut or layout.axis == dim:
        return NotImplemented
    return s.done(step, [x], left(layout, (dim,), False))
