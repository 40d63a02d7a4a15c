"""Reshaped, turned, cut out, pasted, repeated: the cut follows its side, and sizes in attributes become a piece's."""

from __future__ import annotations

import math
from typing import Any

from ....tape import Step
from ..layout import PARTIAL, WHOLE, Layout, cut_along
from ..splitter import Splitter, rule

ALL = ("slice", None, None, None)


def sized(layout: Layout, to: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """A shape written into an attribute, for the piece of a rank."""
    return layout.shape(tuple(to), rank)


def with_sizes(s: Splitter, step: Step, key: str, to: tuple[int, ...], layout: Layout) -> list[dict[str, Any]]:
    """The attributes of every rank, with ``key`` the shape of its piece."""
    return [{**step.attrs, key: sized(layout, to, rank)} for rank in range(s.count)]


def linear(s: Splitter, step: Step) -> bool:
    """Is its one input held in parts, so that its result is, too?"""
    return s.layout(step.inputs[0]) == PARTIAL


@rule("reshape")
def reshape(s: Splitter, step: Step) -> Any:
    """Pieces stay pieces where they begin and end at whole rows of the new shape."""
    (x,) = step.inputs
    if linear(s, step):
        return s.done(step, [x], PARTIAL)
    to = s.shape(step.output)
    layout = regrouped(s.shape(x), s.layout(x), to)
    if layout is None:
        return NotImplemented
    return s.done(step, [x], layout, with_sizes(s, step, "to", to, layout))


def regrouped(shape: tuple[int, ...], layout: Layout, to: tuple[int, ...]) -> Layout | None:
    """Where the cut lies after a reshape; None where the pieces are not in one piece any more.

    >>> regrouped((4, 5, 6), cut_along(0, (0, 3, 4)), (20, 6))
    Layout(kind='cut', axis=0, bounds=(0, 15, 20))
    """
    outer, inner = math.prod(shape[: layout.axis]), math.prod(shape[layout.axis + 1 :])
    for axis, length in enumerate(to):
        if math.prod(to[:axis]) != outer or length == 1:
            continue
        row = math.prod(to[axis + 1 :])
        if row == 0 or any(bound * inner % row for bound in layout.bounds) or layout.bounds[-1] * inner != length * row:
            return None
        return cut_along(axis, tuple(bound * inner // row for bound in layout.bounds))
    return None


@rule("permute")
def permute(s: Splitter, step: Step) -> Any:
    """The cut goes where its side goes."""
    (x,) = step.inputs
    if linear(s, step):
        return s.done(step, [x], PARTIAL)
    order = [k % len(s.shape(x)) for k in step.attrs["order"]]
    layout = s.layout(x)
    return s.done(step, [x], cut_along(order.index(layout.axis), layout.bounds))


@rule("broadcast_to")
def broadcast_to(s: Splitter, step: Step) -> Any:
    """Along other sides than the cut; and what is repeated for every example is repeated for a rank's own."""
    (x,) = step.inputs
    layout, before, to = s.layout(x), s.shape(x), s.shape(step.output)
    if layout.is_cut:
        cut = cut_along(layout.axis + len(to) - len(before), layout.bounds)
        return s.done(step, [x], cut, with_sizes(s, step, "to", to, cut))
    new = len(to) > len(before) or before[:1] == (1,)
    if s.label.startswith("update") or not new or to[:1] != s.batch.bounds[-1:] or to[0] < s.count or s.count == 1:
        return NotImplemented
    x = s.want(x, WHOLE)
    s.can_be_whole(step.output, step._replace(inputs=(x,)))
    return s.done(step, [x], s.batch, with_sizes(s, step, "to", to, s.batch))


broadcast_to.eager = True  # type: ignore[attr-defined]  # also where its input is whole


def plain(index: tuple[Any, ...], ndim: int) -> list[Any] | None:
    """An index with an entry for every side: a position or a slice; between them None where a side is added.

    None for an index of another kind.
    """
    parts = list(index)
    if any(not isinstance(p, int | tuple | list | None) and p != "..." for p in parts):
        return None
    if "..." not in parts:
        parts.append("...")
    at, named = parts.index("..."), sum(p is not None and p != "..." for p in parts)
    return parts[:at] + [ALL] * (ndim - named) + parts[at + 1 :]


def all_of(part: Any, length: int) -> bool:
    """Does this entry of an index take the whole side, in order?"""
    if isinstance(part, int):
        return False
    start, stop, step = part[1:]
    return start in (None, 0) and (stop is None or stop >= length) and step in (None, 1)


def sides_of(parts: list[Any]) -> tuple[list[int], list[int]]:
    """Where in the index the sides of the whole stand, and where those of the piece."""
    whole = [k for k, part in enumerate(parts) if part is not None]
    piece = [k for k, part in enumerate(parts) if not isinstance(part, int)]
    return whole, piece


@rule("cut")
def cut(s: Splitter, step: Step) -> Any:
    """A part of every example; a part of the examples needs them all."""
    (x,) = step.inputs
    if linear(s, step):
        return s.done(step, [x], PARTIAL)
    shape, layout = s.shape(x), s.layout(x)
    parts = plain(step.attrs["index"], len(shape))
    if parts is None:
        return NotImplemented
    whole, piece = sides_of(parts)
    at = whole[layout.axis]
    if not all_of(parts[at], shape[layout.axis]):
        return NotImplemented
    parts[at] = ALL
    return s.done(step, [x], cut_along(piece.index(at), layout.bounds), {"index": tuple(parts)})


@rule("paste")
def paste(s: Splitter, step: Step) -> Any:
    """Back into every example."""
    (x,) = step.inputs
    if linear(s, step):
        return s.done(step, [x], PARTIAL)
    layout, to = s.layout(x), s.shape(step.output)
    parts = plain(step.attrs["index"], len(to))
    if parts is None:
        return NotImplemented
    whole, piece = sides_of(parts)
    at = piece[layout.axis]
    if parts[at] is None or not all_of(parts[at], to[whole.index(at)]):
        return NotImplemented
    parts[at] = ALL
    cut = cut_along(whole.index(at), layout.bounds)
    return s.done(step, [x], cut, [{"index": tuple(parts), "to": sized(cut, to, rank)} for rank in range(s.count)])


@rule("cast")
def cast(s: Splitter, step: Step) -> Any:
    """Number by number."""
    (x,) = step.inputs
    return s.done(step, [x], s.layout(x)) if s.layout(x).is_cut else NotImplemented


@rule("together")
def together(s: Splitter, step: Step) -> Any:
    """Recorded for the whole batch it changes nothing, so nothing may be added up but what is in parts."""
    (x,) = step.inputs
    if linear(s, step):
        return s.done(step, [x], WHOLE)
    layout, shape = s.layout(x), s.shape(x)
    return s.emit("reshape", [x], [{"to": sized(layout, shape, r)} for r in range(s.count)], layout, step.output)


together.eager = True  # type: ignore[attr-defined]
