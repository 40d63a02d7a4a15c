"""Pictures: every example is convolved, pooled and resized by itself; what stencils owe is a sum over the examples."""

from __future__ import annotations

from typing import Any

from ....tape import Step
from ..layout import PARTIAL, WHOLE
from ..splitter import Splitter, rule


@rule("conv2d", "conv2d_x")
def convolved(s: Splitter, step: Step) -> Any:
    """The pictures are cut, the stencils whole."""
    x, w = step.inputs
    layout = s.layout(x)
    if not layout.is_cut or layout.axis:
        return NotImplemented
    return s.done(step, [x, s.want(w, WHOLE)], layout)


@rule("conv2d_w")
def stencils(s: Splitter, step: Step) -> Any:
    """A sum over the examples, in parts."""
    found = s.largest_cut(step.inputs)
    if found is None or s.layout(found).axis:
        return NotImplemented
    return s.done(step, [s.want(slot, s.layout(found)) for slot in step.inputs], PARTIAL)


@rule("max_pool2d", "avg_pool2d", "avg_pool2d_x", "pick", "place", "resize2d", "resize2d_x")
def pooled(s: Splitter, step: Step) -> Any:
    """Every channel of every example by itself."""
    found = s.largest_cut(step.inputs)
    if found is None or s.layout(found).axis > 1:
        return NotImplemented
    layout = s.layout(found)
    return s.done(step, [s.want(slot, layout) for slot in step.inputs], layout)
