"""Normalisation: pieces of the examples, measured by what is whole; the statistics themselves are sums (see reduce)."""

from __future__ import annotations

from typing import Any

from ....tape import Step
from ..layout import WHOLE
from ..splitter import Splitter, rule


@rule("batch_norm", "layer_norm", "rms_norm", "group_norm")
def normal(s: Splitter, step: Step) -> Any:
    """The cut must lie outside of what is measured together, or what has a weight of its own."""
    x, *others = step.inputs
    layout = s.layout(x)
    if not layout.is_cut:
        return NotImplemented
    match step.op.name:
        case "batch_norm":
            fits = layout.axis != 1
        case "group_norm":
            fits = layout.axis == 0
        case _:
            fits = layout.axis < len(s.shape(x)) - len(s.shape(others[0]))
    return s.done(step, [x, *(s.want(slot, WHOLE) for slot in others)], layout) if fits else NotImplemented
