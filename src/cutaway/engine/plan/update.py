"""The end of a batch in a plan: gradients in their rows, one flat update, and the moment when new becomes old.

With several workers each of them collects gradients in a row of its own that all can see. When all have come to the
barrier, each adds up the rows in its share of the weights and updates that share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tape import Step
from . import flat
from .do import Do, Memory
from .flat import Stretch
from .place import Place
from .program import Program
from .rows import Rows
from .seat import Seat
from .sparse import Table, leaves_zeros_alone, look_ups

__all__ = ["Update"]


class Update:
    """What becomes of the update steps of a program.

    stretches: what is done flat; hidden: the outputs of steps that this makes superfluous
    """

    def __init__(self, program: Program, rows: Rows, seat: Seat | None, keep: bool) -> None:
        self.program, self.rows, self.seat, self.keep = program, rows, seat, keep
        self.rank = 0 if seat is None else seat.rank
        tape = program.tape
        sums = dict(tape.gradients) if seat is None else seat.sums
        self.sums = {name: slot for name, slot in sums.items() if name in rows.part}
        self.parts = {name: tape.gradients[name] for name in self.sums}
        self.stretches: list[Stretch] = [] if keep else flat.stretches(program, rows, self.sums)
        self.hidden = {step.output for stretch in self.stretches for step in stretch.steps}
        flatly = {name for stretch in self.stretches for name in stretch.names}
        self.private: set[str] = set()  # whose gradient is added up before, as somebody else asks for it too
        if seat is not None:
            for name in flatly:
                slot = self.sums[name]
                readers = program.readers.get(slot, ())
                if slot == self.parts[name] or any(program.steps[k].output not in self.hidden for k in readers):
                    self.private.add(name)
                else:
                    self.hidden.add(slot)  # its "together" is what the flat update does
            self.stretches = flat.apart(self.stretches, self.private, rows)
        self.tables: list[Table] = []  # of which only the rows are updated that were seen
        self._set_tables_apart()
        self.summed = np.zeros(rows.size, np.float32) if self.private else None
        self._rows_of: dict[int, list[str]] = {}  # a slot that is made in the row of a weight, or copied there
        if not keep:
            for name in self.sums:
                slot = self.sums[name] if name in self.private else self.parts[name]
                self._rows_of.setdefault(slot, []).append(name)

    def _set_tables_apart(self) -> None:
        """Tables of which a batch sees few rows, and whose gradient nobody else asks for."""
        program = self.program
        for name in [n for stretch in self.stretches for n in stretch.names if n not in self.private]:
            stretch = next(s for s in self.stretches if name in s.names)
            part, whole = self.parts[name], self.sums[name]
            asked = [program.steps[k].output for slot in {part, whole} for k in program.readers.get(slot, ())]
            if any(slot not in self.hidden and slot != whole for slot in asked) or not leaves_zeros_alone(
                stretch.recipe
            ):
                continue
            if sum(name in names for names in self._sharers(part)) != 1 or part in program.tape.results.values():
                continue
            made_by = look_ups(program, part, self.hidden)
            if made_by is None:
                continue
            self.stretches = flat.apart(self.stretches, {name}, self.rows)
            own = next(s for s in self.stretches if name in s.names)
            self.stretches.remove(own)
            self.tables.append(Table(own, name, made_by, self.rows, program))
            self.hidden |= {part, whole, *(step.output for step in made_by)}

    def _sharers(self, slot: int) -> list[list[str]]:
        """Which weights have this slot as their gradient."""
        return [[name] for name, part in self.parts.items() if part == slot]

    def wanted(self) -> set[int]:
        """The slots that must be there when the update begins."""
        tape = self.program.tape
        recipes = [*(s.recipe for s in self.stretches), *(table.recipe for table in self.tables)]
        numbers = {ref[1] for recipe in recipes for line in recipe for ref in line.inputs if ref[0] == "slot"}
        numbers |= {slot for table in self.tables for slot in table.wanted}
        kept = {*tape.results.values(), *tape.carry.values(), *self.parts.values(), *self.sums.values(), *numbers}
        return kept - self.hidden

    def _row(self, name: str) -> Any:
        row = self.summed if name in self.private else self.rows.gradients[self.rank]
        assert row is not None
        return row[self.rows.part[name]]

    def settle(self, places: dict[int, Place], pixels: set[int]) -> None:
        """A gradient is made where the update reads it: in its part of the row."""
        for slot, names in self._rows_of.items():
            if slot in self.program.made and slot not in pixels and slot not in places:
                shape = self.program.shape(slot)
                places[slot] = Place(shape, np.float32).settle(self._row(names[0]).reshape(shape))

    def collect(self, do: Do, step: Step, view: Callable[[int], Any]) -> None:
        """Copy a gradient to the rows that it was not made in: of a weight that shares it, or in another layout."""
        for name in self._rows_of.get(step.output, ()):
            row, made = self._row(name).reshape(self.program.shape(step.output)), view(step.output)
            if not np.may_share_memory(row, made):
                do(np.copyto, row, made)

    def emit(self, memory: Memory, view: Callable[[int], Any]) -> list[tuple[str, list[Step], Do, str]]:
        """The calls of the update: (kind, steps, calls, how) for each part of it."""
        seat = self.seat
        spans: list[tuple[str, list[Step], Do, str]] = []
        share = self._share()
        for table in self.tables:
            do = Do(memory)
            table.collect(do, view, self.rows.gradients[self.rank])
            told = f"of {table.size} rows only those that were seen, at most {table.most}"
            spans.append(("rows", table.made_by, do, told))
        meets = seat is not None and (self.stretches or self.tables or self.program.tape.carry)
        if seat is not None and meets:
            do = Do(memory)
            do(seat.barrier)  # all gradients are collected, and nobody reads the old weights any more
            spans.append(("meeting", [], do, "all gradients are there"))
        for stretch in self.stretches:
            part = slice(max(stretch.part.start, share.start), min(stretch.part.stop, share.stop))
            do = Do(memory)
            if part.start < part.stop:
                flat.emit(do, stretch, self.rows, self._gradient(stretch), view, part)
            told = f"{len(stretch.names)} parameters as one row, in pieces that fit the cache"
            spans.append(("update", stretch.steps, do, told))
        for table in self.tables:
            do = Do(memory)
            table.update(do, view, self.rows.gradients, self.rank)
            spans.append(("update", table.steps, do, "only the rows that were seen"))
        do = Do(memory)
        if seat is not None and meets:
            do(seat.barrier)  # nobody reads an old number any more
        if self.rank == 0:
            self._carry(do, view)
        spans.append(("carry", [], do, ""))
        return spans

    def _share(self) -> slice:
        if self.seat is None:
            return slice(0, self.rows.size)
        size = -(-self.rows.size // (16 * self.seat.count)) * 16
        return slice(self.seat.rank * size, (self.seat.rank + 1) * size)

    def _gradient(self, stretch: Stretch) -> Callable[[Do, slice], Any]:
        if self.seat is None or stretch.names[0] in self.private:
            row = self.rows.gradients[0] if self.seat is None else self.summed
            assert row is not None
            return lambda do, piece: row[piece]
        rows = self.rows.gradients

        def added(do: Do, piece: slice) -> Any:
            total = do.scratch((piece.stop - piece.start,))
            do(np.add, rows[0][piece], rows[1][piece], total)
            for more in rows[2:]:
                do(np.add, total, more[piece], total)
            return total

        return added

    def _carry(self, do: Do, view: Callable[[int], Any]) -> None:
        """The new state becomes the old; what was another's old number is put aside before it is written over."""
        tape = self.program.tape
        states = set(tape.state.values())
        later = []
        for name, slot in tape.carry.items():
            if slot in self.hidden or slot == tape.state[name]:
                continue
            if slot in states:
                aside = do.keep(self.program.shape(slot), self.program.dtype(slot))
                do(np.copyto, aside, view(slot))
                later.append((name, aside))
            else:
                later.append((name, view(slot)))
        for name, value in later:
            do(np.copyto, self.rows.views[name], value)
