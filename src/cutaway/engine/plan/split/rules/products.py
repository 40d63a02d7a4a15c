"""Products: cut rows give cut rows, and a product summed over the cut is a sum of parts."""

from __future__ import annotations

from typing import Any

from ....tape import Step
from ..layout import PARTIAL, WHOLE, cut_along
from ..splitter import Splitter, rule
from .elementwise import aligned, broadcast


@rule("matmul")
def matmul(s: Splitter, step: Step) -> Any:
    """x (..., rows, inner) times w (..., inner, columns); the cut of the larger input decides."""
    found = s.largest_cut(step.inputs)
    if found is None:
        return NotImplemented
    x, w = step.inputs
    ndim, layout = len(s.shape(step.output)), s.layout(found)
    right, bounds = layout.axis - len(s.shape(found)), layout.bounds
    if right < -2:
        return s.done(step, [aligned(s, i, right, bounds) for i in (x, w)], cut_along(ndim + right, bounds))
    # which side of each table is summed over
    inner_x = -2 if step.attrs.get("flip_x", False) else -1
    inner_w = -1 if step.attrs.get("flip_w", False) else -2
    if right == (inner_x if found == x else inner_w):
        cuts = [cut_along(len(s.shape(i)) + inner, bounds) for i, inner in ((x, inner_x), (w, inner_w))]
        return s.done(step, [s.want(x, cuts[0]), s.want(w, cuts[1])], PARTIAL)
    if found == x:
        return s.done(step, [x, s.want(w, WHOLE)], cut_along(ndim - 2, bounds))
    return s.done(step, [s.want(x, WHOLE), w], cut_along(ndim - 1, bounds))


@rule("attention", "attention_weights")
def attention(s: Splitter, step: Step) -> Any:
    """Every example attends for itself."""
    return broadcast(s, step, step.inputs, len(s.shape(step.output)), last=2)
