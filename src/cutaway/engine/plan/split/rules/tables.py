"""Looking up and writing down: look-ups are cut with their numbers; what comes back to a table is a sum of parts."""

from __future__ import annotations

from typing import Any

from ....tape import Step
from ..layout import PARTIAL, WHOLE, cut_along
from ..splitter import Splitter, rule


@rule("take", "embedding")
def look_up(s: Splitter, step: Step) -> Any:
    """Cut numbers look up pieces in a table that is whole; of a table cut elsewhere come cut rows."""
    table, rows = step.inputs if step.op.name == "take" else step.inputs[::-1]
    layout = s.layout(rows)
    if not layout.is_cut:
        layout = s.layout(table)
        if not layout.is_cut or not layout.axis or step.op.name == "embedding":
            return NotImplemented
        cut = cut_along(layout.axis + len(s.shape(rows)) - 1, layout.bounds)
        return s.done(step, [table, s.want(rows, WHOLE)], cut)
    table = s.want(table, WHOLE)
    return s.done(step, [table, rows] if step.op.name == "take" else [rows, table], layout)


@rule("add_rows")
def add_rows(s: Splitter, step: Step) -> Any:
    """What comes back to the rows is a sum over the look-ups: each rank has a part, in few rows."""
    g, rows = step.inputs
    found = s.largest_cut(step.inputs)
    if found is None:
        return NotImplemented
    layout, deep = s.layout(found), len(s.shape(rows))
    if layout.axis < deep:
        return s.done(step, [s.want(g, layout), s.want(rows, layout)], PARTIAL)
    return s.done(step, [g, s.want(rows, WHOLE)], cut_along(layout.axis - deep + 1, layout.bounds))


@rule("gather", "scatter_sum")
def gather(s: Splitter, step: Step) -> Any:
    """One number of every row."""
    found = s.largest_cut(step.inputs)
    if found is None:
        return NotImplemented
    x, index = step.inputs
    layout, dim = s.layout(found), step.attrs["dim"] % len(s.shape(x))
    if layout.axis != dim:
        return s.done(step, [s.want(x, layout), s.want(index, layout)], layout)
    if step.op.name == "scatter_sum":
        return s.done(step, [s.want(x, layout), s.want(index, layout)], PARTIAL)
    if found != index:
        return NotImplemented
    return s.done(step, [s.want(x, WHOLE), index], layout)


@rule("scatter_add")
def scatter_add(s: Splitter, step: Step) -> Any:
    """Every row by itself."""
    found = s.largest_cut(step.inputs)
    if found is None or s.layout(found).axis == step.attrs["dim"] % len(s.shape(step.output)):
        return NotImplemented
    layout = s.layout(found)
    return s.done(step, [s.want(slot, layout) for slot in step.inputs], layout)


@rule("one_hot", "target_shares")
def answers(s: Splitter, step: Step) -> Any:
    """A row for every answer; in target_shares the classes stand after the first side."""
    (x,) = step.inputs
    layout = s.layout(x)
    if not layout.is_cut:
        return NotImplemented
    by = 1 if step.op.name == "target_shares" and layout.axis else 0
    return s.done(step, [x], cut_along(layout.axis + by, layout.bounds))
