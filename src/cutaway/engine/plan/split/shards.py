"""What splitting gives: a tape for every rank, and what each slot of it means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tape import Tape
from .layout import WHOLE, Bounds, Layout, pieces

__all__ = ["Shards"]


class Shards:
    """One tape per rank. Step k of every tape is the same operation on the same slots; only sizes written into its
    attributes, and some constants, differ from rank to rank. So all ranks meet in the same `together` steps.

    tapes: one per rank. Slots keep the numbers they were recorded with; those that splitting added come after them.
        Values of leaves that are constants are there; all other slots hold hollow arrays that tell shape and kind only
    layouts: how each slot is held, by its number
    recorded: how many slots the recorded tape has
    sums: {name of a weight: slot in which its gradient is whole}. ``tapes[r].gradients`` is what this rank has
        collected; where that is a part, one step labelled "together/<name>" adds the parts up, right before the first
        update step, and fills the slot named here; where the gradient was whole already it is that slot itself
    versions: {slot: slots that hold the same in another way}; who changes one by hand changes them all
    gathers: labels of the steps that had no better way than to put the pieces together and work on all of them on
        every rank: right, but no faster than one worker

    >>> from cutaway.engine.plan.split import split
    >>> with Tape() as tape:
    ...     x = tape.input("x", np.ones((7, 2)))
    ...     tape.results["sum"] = tape.slot((x * 2.0).sum())
    >>> shards = split(tape, 2)
    >>> [step.op.name for step in shards.tapes[0].steps]
    ['mul', 'sum', 'together']
    >>> shards.bounds(2), shards.layouts[3].kind, shards.layouts[4].kind
    ((0, 4, 7), 'partial', 'whole')
    """

    def __init__(self, tapes: Sequence[Tape], layouts: Sequence[Layout], recorded: int,
                 sums: dict[str, int] | None = None, gathers: Sequence[str] = (),
                 versions: dict[int, list[int]] | None = None) -> None:  # fmt: skip
        self.tapes, self.layouts = list(tapes), list(layouts)
        self.recorded, self.sums, self.gathers = recorded, dict(sums or {}), list(gathers)
        self.versions = dict(versions or {})

    @property
    def count(self) -> int:
        """How many ranks there are."""
        return len(self.tapes)

    def axis(self, slot: int) -> int | None:
        """The side along which a slot is cut; None where it is not."""
        layout = self.layouts[slot]
        return layout.axis if layout.is_cut else None

    def bounds(self, slot: int) -> Bounds | None:
        """Where the pieces of a slot begin and end, count + 1 numbers; None where it is not cut."""
        layout = self.layouts[slot]
        return layout.bounds if layout.is_cut else None

    def cut(self, slot: int, full: Any) -> list[Any]:
        """What each rank holds of this value: pieces (views), or all of it; of a sum the first rank holds all.

        >>> tapes, layouts = [Tape(), Tape()], [Layout("cut", 0, (0, 2, 3))]
        >>> Shards(tapes, layouts, 1).cut(0, np.array([1, 2, 3]))
        [array([1, 2]), array([3])]
        """
        full, layout = np.asarray(full), self.layouts[slot]
        if layout.is_cut:
            return [full[index] for index in pieces(layout, full.ndim)]
        if layout.kind == "partial":
            return [full, *(np.zeros_like(full) for _ in range(self.count - 1))]
        return [full] * self.count

    def join(self, slot: int, arrays: Sequence[Any]) -> Any:
        """The value that these arrays, one of each rank, are of: what somebody who watches the run is shown.

        >>> tapes, layouts = [Tape(), Tape()], [Layout("cut", 0, (0, 2, 3))]
        >>> Shards(tapes, layouts, 1).join(0, [np.array([1, 2]), np.array([3])])
        array([1, 2, 3])
        """
        layout = self.layouts[slot]
        if layout.is_cut:
            return np.concatenate([np.asarray(a) for a in arrays], axis=layout.axis)
        return added(arrays) if layout.kind == "partial" else np.asarray(arrays[0])

    def look_ups(self, name: str) -> list[tuple[int, int]]:
        """Where the gradient of a table comes from look-ups alone: the (g, rows) of each, both cut; else nothing.

        Such a gradient is 0 in all rows but these, so the ranks need not add up whole tables: it is enough that each
        tells the others its g and rows.

        >>> from cutaway.engine.plan.split import split
        >>> with Tape() as tape:
        ...     rows, g = tape.input("x", np.array([1, 1, 0])), tape.input("g", np.ones((3, 2)))
        ...     tape.gradients["table"] = tape.results["y"] = tape.slot(ct.ops.add_rows(g, rows, size=4))
        >>> split(tape, 2).look_ups("table")
        [(1, 0)]
        """
        made = {step.output: step for step in self.tapes[0].steps}
        found, left = [], [self.tapes[0].gradients[name]]
        while left:
            step = made.get(left.pop())
            if step is None or step.op.name not in ("add", "add_rows") or self.layouts[step.output].kind != "partial":
                return []
            if step.op.name == "add":
                left += step.inputs
            elif all(self.layouts[slot].is_cut for slot in step.inputs):
                found.append((step.inputs[0], step.inputs[1]))
            else:
                return []
        return found

    def whole(self, slot: int) -> bool:
        """Does every rank hold the same?"""
        return self.layouts[slot] == WHOLE


def added(arrays: Sequence[Any]) -> Any:
    """The sum of what the ranks hold, rank by rank in their order: so it is the same to the bit wherever it is done."""
    total = np.asarray(arrays[0])
    for array in arrays[1:]:
        total = total + array
    return np.asarray(total)
