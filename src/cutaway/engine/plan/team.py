"""One batch, several workers: each has a plan for its share of the examples, over memory that all of them see.

The recorded program is split into one tape for every rank (see split); ranks meet where parts are added up. Who watches
walks all ranks side by side in one process: the same calls, so the same numbers to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..hollow import hollow
from ..program import from_data, to_data
from ..tape import Tape
from .crew import Crew
from .do import aligned, fresh, straight_line
from .plan import Plan
from .rows import Rows
from .seat import Area, Seat
from .split import Shards, split

__all__ = ["Ensemble", "Member", "TeamPlan", "splits"]


def splits(tape: Tape, count: int) -> Shards | None:
    """The program split over so many workers; None where one alone does it.

    That is so when there are fewer examples than workers, or when unequal shares would make the workers group their
    steps in different ways, and so meet in a different order.
    """
    if count < 2:
        return None
    shards = split(tape, count)
    examples = [shards.bounds(slot) for name, slot in tape.inputs.items() if name not in ("step", "first")]
    if not any(examples):
        return None
    bounds = next(b for b in examples if b)
    if len({b - a for a, b in pairwise(bounds)}) > 1:
        rows = Rows(tape, ranks=count)
        outlines = [
            Plan(t, rows, seat=Seat(r, count, _nobody, Area(None), shards.sums), outline=True)
            for r, t in enumerate(shards.tapes)
        ]
        if len({repr([(g.kind, [s.output for s in g.steps]) for g in p.groups]) for p in outlines}) > 1:
            return None
    return shards


class Table:
    """What all ranks lay out in shared memory in the same order: mailboxes for a batch and its results, rows, boards.

    mail: a place for each input, None where nothing is given; out: {result that stays in pieces: where these are put}
    """

    def __init__(self, shards: Shards, tape: Tape, memory: Any) -> None:
        self.area = Area(memory)
        self.mail = [self._place(tape.values[slot]) for slot in tape.inputs.values()]
        self.out = {slot: self._place(tape.values[slot]) for slot in Table.pieces(shards, tape)}
        self.rows = Rows(tape, self.area.take, shards.count)

    def _place(self, like: Any) -> Any:
        if _is_nothing(like):
            return None
        raw = self.area.take(max(1, like.nbytes))[: like.nbytes]
        return raw.view(like.dtype).reshape(like.shape)

    @staticmethod
    def pieces(shards: Shards, tape: Tape) -> list[int]:
        """The results of which every rank has its own part: answers for its examples."""
        return [slot for slot in dict.fromkeys(tape.results.values()) if shards.axis(slot) is not None]

    @staticmethod
    def size(shards: Shards, tape: Tape) -> int:
        """How many bytes that is."""
        arrays = [tape.values[slot] for slot in (*tape.inputs.values(), *Table.pieces(shards, tape))]
        mail = sum(aligned(max(1, like.nbytes)) for like in arrays if not _is_nothing(like))
        rows = 0

        def count(nbytes: int) -> Any:
            nonlocal rows
            rows += aligned(nbytes)
            return np.broadcast_to(np.zeros((), np.uint8), (nbytes,)).copy()

        Rows(tape, count, shards.count)
        first = shards.tapes[0]
        shapes = [np.shape(first.values[s.output]) for s in first.steps if s.op.name == "together"]
        return mail + rows + Seat.room(shapes, shards.count)


def _is_nothing(like: Any) -> bool:
    """Answers, where only the outputs are asked for."""
    return getattr(like, "dtype", np.dtype(object)).kind == "O"


class Member:
    """What a worker of a run does: makes plans when it is told to, and does its share of a batch."""

    def __init__(self, rank: int, crew: Crew) -> None:
        self.rank, self.crew = rank, crew
        self.plans: dict[int, Plan] = {}
        self.tables: dict[int, Table] = {}
        self._lines: dict[int, Callable[[], None]] = {}

    def message(self, kind: str, payload: Any) -> Any:
        """Either "make" a plan, or "drop" one."""
        if kind == "drop":
            for known in (self.plans, self.tables, self._lines):
                known.pop(payload, None)
            return None
        key, offset, nbytes, (data, arrays), leaves, count = payload
        tape = from_data(data, arrays)
        for slot, (shape, dtype) in leaves.items():
            tape.values[slot] = hollow(np.broadcast_to(np.zeros((), dtype), shape))
        shards = split(tape, count)
        table = self.tables[key] = Table(shards, tape, self.crew.at(offset, nbytes))
        seat = Seat(self.rank, count, self.crew.barrier, table.area, shards.sums)
        mine = [
            None if place is None else shards.cut(slot, place)[self.rank]
            for slot, place in zip(tape.inputs.values(), table.mail, strict=True)
        ]
        plan = self.plans[key] = Plan(shards.tapes[self.rank], table.rows, seat=seat, mail=mine)
        give = plan.giving({slot: shards.cut(slot, place)[self.rank] for slot, place in table.out.items()})
        self._lines[key] = straight_line([*plan.feeding(mine), *plan.calls(), *give])
        return None

    def step(self, key: int) -> None:
        """This rank's share of the batch that lies in the mailbox."""
        self._lines[key]()


class TeamPlan:
    """A plan that a crew does together; used like a Plan."""

    _made = 0

    def __init__(self, crew: Crew, tape: Tape, shards: Shards) -> None:
        TeamPlan._made += 1
        self.crew, self.key = crew, TeamPlan._made
        nbytes = Table.size(shards, tape)
        self._offset, _ = crew.memory(nbytes)
        leaves = {
            slot: (np.shape(value), np.asarray(value).dtype.str)
            for slot, value in enumerate(tape.values)
            if slot not in tape.constants
        }
        crew.tell("make", (self.key, self._offset, nbytes, to_data(tape), leaves, shards.count))
        member = crew.worker
        assert isinstance(member, Member)
        self.first, table = member.plans[self.key], member.tables[self.key]
        self.rows, self._mail = table.rows, table.mail
        self._out = [table.out.get(slot) for slot in tape.results.values()]

    def feed(self, inputs: Sequence[Any]) -> None:
        """Lay a batch into the mailbox."""
        for place, array in zip(self._mail, inputs, strict=True):
            if place is not None:
                np.copyto(place, array)

    def line(self) -> Callable[[], None]:
        """A batch, done by all."""
        step, key = self.crew.step, self.key
        return lambda: step(key)

    def results(self) -> tuple[Any, ...]:
        """What the batch gave."""
        pairs = zip(self._out, self.first.results(), strict=True)
        return tuple([result if place is None else place.copy() for place, result in pairs])

    def close(self) -> None:
        """Let all ranks forget it."""
        if self.crew.alive:
            self.crew.tell("drop", self.key)
            self.crew.release(self._offset)


class Ensemble:
    """The plans of all ranks in one process, every slot kept: what is watched. Used like a Plan that keeps."""

    def __init__(self, tape: Tape, shards: Shards) -> None:
        self.tape, self.shards = tape, shards
        self.rows = Rows(tape, ranks=shards.count)
        shapes = [np.shape(shards.tapes[0].values[s.output]) for s in shards.tapes[0].steps if s.op.name == "together"]
        boards = fresh(Seat.room(shapes, shards.count))
        self.plans = [
            Plan(t, self.rows, keep=True, seat=Seat(r, shards.count, _nobody, Area(boards), shards.sums))
            for r, t in enumerate(shards.tapes)
        ]
        self.spans = [Abreast(spans) for spans in zip(*(plan.spans for plan in self.plans), strict=True)]
        self.due = self.plans[0].due
        self._instead: dict[int, int] = {}  # a slot that was rewritten away -> one that holds the same
        for slot, versions in shards.versions.items():
            held = [version for version in versions if self._all_hold(version)]
            if held and not self._all_hold(slot):
                self._instead[slot] = held[0]
                if held[0] in self.due:
                    self.due[slot] = self.due[held[0]]

    def feed(self, inputs: Sequence[Any]) -> None:
        """Give every rank its share."""
        slots = self.tape.inputs.values()
        for r, plan in enumerate(self.plans):
            plan.feed([a if a is None else self.shards.cut(s, a)[r] for s, a in zip(slots, inputs, strict=True)])

    def holds(self, slot: int) -> bool:
        """Has the slot memory?"""
        return slot in self._instead or self._all_hold(slot)

    def _all_hold(self, slot: int) -> bool:
        return all(plan.holds(slot) for plan in self.plans)

    def view(self, slot: int) -> Any:
        """What the whole batch has there."""
        slot = self._instead.get(slot, slot)
        return self.shards.join(slot, [plan.view(slot) for plan in self.plans])


class Abreast:
    """The same group of every rank, one after the other."""

    def __init__(self, spans: Sequence[Any]) -> None:
        self.spans = spans

    def run(self) -> None:
        """Do the calls of all ranks."""
        for span in self.spans:
            span.run()


def _nobody() -> None:
    """The barrier of ranks that are walked side by side."""
