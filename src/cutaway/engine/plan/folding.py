"""A table that is looked up and then multiplied: multiply the table, and look up the products.

A letter has one row in the table, and meets the same weights wherever it stands in the text. With 65 letters and 2,048
places, 65 products do for 2,048. On the way back all slopes that belong to one letter are added up first, and what then
remains to be done is again as small as the table.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..tape import Step
from .program import Program
from .rewrite import Writer, rule

__all__ = ["folds"]


class LookUp(NamedTuple):
    """Rows of a table, and how many there are to choose from."""

    indices: int
    table: int
    rows: int


def look_up(program: Program, slot: int) -> LookUp | None:
    """What was looked up to fill this slot, if that was more rows than the table has."""
    step = program.maker(root(program, slot))
    if step is None or step.op.name != "embedding":
        return None
    indices, table = step.inputs
    rows, width = program.shape(table)
    # rows may have been strung together since
    whole = program.shape(slot)[-1:] == (width,) and program.dtype(table).kind == "f"
    return LookUp(indices, table, rows) if whole and math.prod(program.shape(indices)) > rows else None


def root(program: Program, slot: int) -> int:
    """The slot of which this one is only another shape."""
    step = program.maker(slot)
    while step is not None and step.op.name == "reshape":
        slot = step.inputs[0]
        step = program.maker(slot)
    return slot


def folds(program: Program) -> dict[int, LookUp]:
    """The slopes that are wanted by the table's rows alone: where they begin -> whose rows they belong to.

    These are slopes of products of rows that were looked up. Who adds them all up can add up the sums of the rows.
    """
    found: dict[int, LookUp] = {}
    for step in program.steps:
        pair = _slopes_and_rows(program, step)
        if pair is not None:
            found.setdefault(root(program, pair[0]), pair[1])
    return found


def _slopes_and_rows(program: Program, step: Step) -> tuple[int, LookUp, bool] | None:
    """Of the product that is the gradient of the weights: the slopes, the look-up, and do the slopes come first?"""
    if step.op.name != "matmul" or not step.attrs.get("flip_x") or step.attrs.get("flip_w"):
        return None
    if any(len(program.shape(slot)) != 2 for slot in step.inputs):
        return None
    for slopes, rows, first in (*zip(step.inputs, step.inputs[::-1], (True, False), strict=True),):
        found = look_up(program, rows)
        if found is not None and program.dtype(slopes) == program.dtype(found.table):
            return slopes, found, first
    return None


def gathered(program: Program, writer: Writer, slopes: int, found: LookUp, like: Step) -> int:
    """The slopes of each row of the table, added up: (rows, H)."""
    start, width = root(program, slopes), program.shape(slopes)[-1]
    to = (*program.shape(found.indices), width)
    if program.shape(start) != to:
        start = writer.do("reshape", start, like=like, to=to)
    return writer.do("add_rows", start, found.indices, like=like, size=found.rows)


@rule("matmul")
def product(program: Program, step: Step, writer: Writer) -> bool:
    """Forward: the products of the table, looked up. Back: the slopes of each row first, then the product."""
    attrs = step.attrs
    pair = _slopes_and_rows(program, step)
    if pair is not None:
        slopes, found, first = pair
        sums = gathered(program, writer, slopes, found, step)
        both = (sums, found.table) if first else (found.table, sums)
        writer.do("matmul", *both, like=step, into=step.output, flip_x=True)
        return True
    x, w = step.inputs
    rows = None if attrs.get("flip_x") or len(program.shape(w)) != 2 else look_up(program, x)
    if rows is None or program.shape(x)[-1] != program.shape(rows.table)[-1]:
        return False
    table = writer.do("matmul", rows.table, w, like=step, flip_w=bool(attrs.get("flip_w")))
    writer.tables[step.output] = rows.indices, table
    _read(program, step, writer, rows.indices, table)
    return True


@rule("add")
def shift(program: Program, step: Step, writer: Writer) -> bool:
    """What is added to every product is added to the table of products."""
    for x, b in (step.inputs, step.inputs[::-1]):
        known = writer.tables.get(x)
        if known is not None and len(program.shape(b)) == 1 and program.shape(step.output) == program.shape(x):
            table = writer.do("add", known[1], b, like=step)
            writer.tables[step.output] = known[0], table
            _read(program, step, writer, known[0], table)
            return True
    return False


def _read(program: Program, step: Step, writer: Writer, indices: int, table: int) -> None:
    rows = writer.do("embedding", indices, table, like=step)
    if program.shape(rows) == program.shape(step.output) and step.output not in program.own:
        writer.same[step.output] = rows
    else:
        writer.do("reshape", rows, like=step, into=step.output, to=program.shape(step.output))


@rule("add_rows")
def back_to_the_table(program: Program, step: Step, writer: Writer) -> bool:
    """What each row of the table feels: the product of its summed slopes, not a product for every place."""
    felt, indices = step.inputs
    made = program.maker(root(program, felt))
    if made is None or made.op.name != "matmul" or made.attrs.get("flip_x"):
        return False
    slopes, w = made.inputs
    rows, count = step.attrs["size"], math.prod(program.shape(indices))
    table = program.shape(step.output)
    if len(program.shape(w)) != 2 or len(table) != 2 or count <= rows or program.shape(made.output)[-1] != table[1]:
        return False
    sums = gathered(program, writer, slopes, LookUp(indices, step.output, rows), step)
    writer.do("matmul", sums, w, like=step, into=step.output, flip_w=bool(made.attrs.get("flip_w")))
    return True


@rule("sum_to")
def all_slopes(program: Program, step: Step, writer: Writer) -> bool:
    """The slopes of all places added up: those of the table's rows, where they are known."""
    (slopes,) = step.inputs
    found = writer.folds.get(root(program, slopes))
    if found is None or step.attrs["to"] != program.shape(slopes)[-1:]:
        return False
    sums = gathered(program, writer, slopes, found, step)
    writer.do("sum_to", sums, like=step, into=step.output, to=step.attrs["to"])
    return True
