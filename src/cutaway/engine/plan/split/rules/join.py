"""Put together, stacked, padded, repeated, flipped: along other sides than the cut each piece is done by itself."""

from __future__ import annotations

from typing import Any

from ....ops.join import margins
from ....tape import Step
from ..layout import PARTIAL, cut_along
from ..splitter import Splitter, rule


@rule("concat", "stack")
def joined(s: Splitter, step: Step) -> Any:
    """All inputs cut alike, along another side than the one they are put together on."""
    if all(s.layout(slot) == PARTIAL for slot in step.inputs):
        return s.done(step, step.inputs, PARTIAL)
    found = s.largest_cut(step.inputs)
    if found is None:
        return NotImplemented
    layout, dim = s.layout(found), step.attrs.get("dim", 0) % len(s.shape(step.output))
    axis = layout.axis
    if step.op.name == "stack":
        axis += axis >= dim
    elif axis == dim:
        return NotImplemented
    return s.done(step, [s.want(slot, layout) for slot in step.inputs], cut_along(axis, layout.bounds))


@rule("pad")
def pad(s: Splitter, step: Step) -> Any:
    """A margin around every example."""
    (x,) = step.inputs
    layout = s.layout(x)
    if not layout.is_cut or margins(step.attrs["widths"], len(s.shape(x)))[layout.axis] != (0, 0):
        return NotImplemented
    return s.done(step, [x], layout)


@rule("repeat_interleave")
def repeat_interleave(s: Splitter, step: Step) -> Any:
    """A piece repeated along the cut is a piece as many times as long."""
    (x,) = step.inputs
    layout = s.layout(x)
    if not layout.is_cut:
        return NotImplemented
    times = step.attrs["repeats"] if step.attrs["dim"] % len(s.shape(x)) == layout.axis else 1
    return s.done(step, [x], cut_along(layout.axis, tuple(b * times for b in layout.bounds)))


@rule("tile")
def tile(s: Splitter, step: Step) -> Any:
    """The whole batch again and again is no piece of it."""
    (x,) = step.inputs
    layout = s.layout(x)
    if not layout.is_cut or step.attrs["counts"][layout.axis] != 1:
        return NotImplemented
    return s.done(step, [x], layout)


@rule("flip", "roll", "cumsum", "winner", "softmax", "log_softmax")
def along(s: Splitter, step: Step) -> Any:
    """What runs along a side, or along several, where none of them is the cut."""
    (x,) = step.inputs
    layout, ndim = s.layout(x), len(s.shape(x))
    dim = step.attrs.get("dim", -1 if "softmax" in step.op.name else None)
    if not layout.is_cut or dim is None or layout.axis in {d % ndim for d in ((dim,) if isinstance(dim, int) else dim)}:
        return NotImplemented
    return s.done(step, [x], layout)


@rule("tril")
def tril(s: Splitter, step: Step) -> Any:
    """Tables stay whole."""
    (x,) = step.inputs
    layout = s.layout(x)
    if not layout.is_cut or layout.axis >= len(s.shape(x)) - 2:
        return NotImplemented
    return s.done(step, [x], layout)
