"""Plan: the same list of steps, fast. No second representation: groups of the steps, and the NumPy calls they became.

Everything is decided once, when the plan is made: where each slot lives, which steps are done together, by which
kernel, in how many blocks. A batch is then a straight line of calls that allocate nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..tape import Step, Tape
from .do import Call, Do, Memory, fresh, straight_line
from .grouping import Group, grouped
from .job import KERNELS, Job
from .kernels import chain
from .kernels.arrange import place as place_on
from .kernels.elementwise import readable
from .kernels.pasting import pieces_of
from .layout import Layout
from .place import Place, pack
from .program import Program
from .rewrite import rewritten
from .rows import Rows
from .seat import Seat
from .show import Profile, profile
from .update import Update

__all__ = ["Plan", "Span"]


class Span:
    """One group of a plan and its calls."""

    def __init__(self, kind: str, steps: Sequence[Step], calls: list[Call], why: str) -> None:
        self.kind, self.steps, self.calls, self.why = kind, list(steps), calls, why

    def run(self) -> None:
        """Do the calls of this group alone."""
        for f, args in self.calls:
            f(*args)


class Plan:
    """The calls of a program, over memory of its own.

    keep: every slot gets memory of its own and can be read after each batch (the glass looks); the same calls on the
        same layouts, so the same numbers to the bit
    rows: the memory of the state, if another plan works on it too
    seat: which of several workers does this plan, which is then that of its share of the batch
    outline: only decide which steps go together
    mail: arrays into which somebody else lays the batch: used as they lie, if they lie as the plan wants them

    >>> from cutaway.engine import Tensor
    >>> with Tape() as tape:
    ...     x = tape.input("x", np.ones(3, "f"))
    ...     tape.results["y"] = tape.slot((x * 3.0 + 1.0).sum())
    >>> plan = Plan(tape)
    >>> plan.feed((np.float32([1, 2, 3]),)); plan.replay(); plan.results()
    (np.float32(21.0),)
    """

    def __init__(
        self,
        tape: Tape,
        rows: Rows | None = None,
        keep: bool = False,
        seat: Seat | None = None,
        outline: bool = False,
        mail: Sequence[Any] = (),
    ) -> None:
        self.tape, self.keep, self.seat = tape, keep, seat
        self.program = program = Program(tape)
        rewritten(program)
        self.rows = Rows(tape) if rows is None else rows
        self.memory = Memory()
        self.places: dict[int, Place] = {}
        self.spans: list[Span] = []
        self.due: dict[int, int] = {}  # slot -> how many spans must be done until it is there
        self.update = update = Update(program, self.rows, seat, keep)
        program.wanted = (program.wanted | update.wanted()) - update.hidden
        program.become([step for step in program.steps if step.output not in update.hidden])
        self.layout = Layout(program, several=seat is not None)
        self.groups = grouped(program, self._chains, self._ends, self._rows, self.layout.views)
        self.virtual: set[int] = set()
        if outline:
            return
        self._settle(dict(zip(tape.inputs.values(), mail, strict=False)))
        self._emit()
        self.layout.forget()
        self._inlets = [self.places[slot].view if slot in self.places else None for slot in tape.inputs.values()]
        self._outlets = [self._aside.get(slot, self.view(slot)) for slot in tape.results.values()]
        self._whole: Callable[[], None] | None = None

    # -- which steps go together --------------------------------------------------------------------------------
    def _chains(self, step: Step) -> bool:
        shape = self.program.shape(step.output)
        return step.op.kind == "elementwise" and 0 not in shape and self.program.dtype(step.output).kind in "fb"

    def _ends(self, step: Step, over: Step) -> bool:
        return chain.ends_well(step, self.program.shape(over.output), self.layout.model(over.output))

    def _rows(self, step: Step, shape: tuple[int, ...]) -> bool:
        slots = [step.output, *step.inputs]
        return not any(s in self.layout.pixels for s in slots) and chain.belongs_to_rows(step, shape, self.program)

    # -- where slots live ---------------------------------------------------------------------------------------
    def _settle(self, mail: Mapping[int, Any]) -> None:
        program, tape, places, layout = self.program, self.tape, self.places, self.layout
        for slot, value in program.constants.items():
            places[slot] = layout.place(slot).own()
            places[slot].view[...] = value
        for slot in tape.inputs.values():
            if slot in program.readers or slot in program.own or not self._numberless(slot):
                lies, place = mail.get(slot), layout.place(slot)
                if lies is not None and lies.flags.c_contiguous and slot not in layout.orders:
                    places[slot] = place.settle(lies)
                else:
                    places[slot] = place.own()
        for name, slot in tape.state.items():
            places[slot] = Place(program.shape(slot), program.dtype(slot)).settle(self.rows.views[name])
        self.update.settle(places, layout.pixels)
        first, last = self._lives()
        pasted = {} if self.keep else self._pasted(first)
        lives: list[tuple[Place, int, int]] = []
        for t, group in enumerate(self.groups):
            inside = {step.output for step in group.steps}
            for step in group.steps:
                slot = step.output
                if slot in places or slot in pasted:
                    continue
                if len(inside) > 1 and last.get(slot, t) == t and not (self.keep and group.kind == "chain"):
                    self.virtual.add(slot)  # it lives only inside the group
                    continue
                place = places[slot] = layout.place(slot)
                if self.keep:
                    place.own()
                else:
                    lives.append((place, first[slot], last.get(slot, t)))
        offsets, total = pack([(place.nbytes, begin, end) for place, begin, end in lives])
        arena = fresh(total)
        for offset, (place, _, _) in zip(offsets, lives, strict=True):
            place.bind(arena[offset : offset + place.nbytes])
        self.arena_bytes, self.slot_bytes = total, sum(place.nbytes for place, _, _ in lives)
        self.own_bytes = sum(p.nbytes for p in places.values()) - self.slot_bytes
        for slot, (sheet, index) in pasted.items():
            places[slot] = layout.place(slot).settle(place_on(places[sheet].view, index))

    def _pasted(self, first: dict[int, int]) -> dict[int, tuple[int, tuple[Any, ...]]]:
        """Pieces that are made where they are pasted: (the sheet, which must be there before them; where on it).

        So are those of attention, whose products take no longer to write rows that do not lie one after the other.
        """
        makers = [(t, group) for t, group in enumerate(self.groups) if group.kind == "attend_back"]
        made = {step.output: t for t, group in makers for step in group.steps}
        kept = self.program.own | self.program.wanted | self.places.keys()
        found = {}
        for group in self.groups:
            sheet = group.steps[-1].output
            if group.kind != "pasted" or sheet in self.places:
                continue
            for slot, index in pieces_of(self.program, group.steps).items():
                if slot in made and slot not in kept:
                    found[slot] = sheet, index
                    first[sheet] = min(first[sheet], made[slot])
        return found

    def _numberless(self, slot: int) -> bool:
        """Is nothing given there (answers, where only the outputs are asked for)?"""
        dtype = self.program.dtype(slot)
        return dtype is None or dtype.kind == "O"

    def _lives(self) -> tuple[dict[int, int], dict[int, int]]:
        """First and last group that needs the memory of a slot."""
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        end = len(self.groups)
        for t, group in enumerate(self.groups):
            for step in group.steps:
                first.setdefault(step.output, t)
                for slot in step.inputs:
                    base = self.layout.base(slot)
                    last[base] = max(t, last.get(base, 0))
        for slot in self.update.wanted():
            last[self.layout.base(slot)] = end
        return first, last

    def view(self, slot: int) -> Any:
        """The array of a slot, as everybody knows it."""
        if slot in self.layout.views:
            step = self.program.maker(slot)
            assert step is not None
            return step.op.forward(self.view(step.inputs[0]), **step.attrs)
        return self.places[slot].view

    # -- the calls ----------------------------------------------------------------------------------------------
    def _emit(self) -> None:
        read_outside = self._read_outside()
        self._put_aside()
        for t, group in enumerate(self.groups):
            do = Do(self.memory)
            job = Job(
                group.steps, self.program, self.view, read_outside[t],
                ends=group.ends, lies=self.layout.model, readers=self._readers, looked_at=self.keep,
            )  # fmt: skip
            if self.seat is not None and group.steps[0].op.name == "together":
                self._meet(do, group)
                continue
            kind = self._group(do, job, group)
            for step in group.steps:
                self.update.collect(do, step, self.view)
            self._span(kind, group.steps, do, job.why)
        for kind, steps, do, why in self.update.emit(self.memory, self.view):
            self._span(kind, steps, do, why)

    def _put_aside(self) -> None:
        """A result that is a number of the state is the one before the batch: kept before it is written over."""
        states, do = set(self.tape.state.values()), Do(self.memory)
        self._aside: dict[int, Any] = {}
        for slot in self.tape.results.values():
            if self.layout.base(slot) in states and slot not in self._aside:
                kept = self._aside[slot] = do.keep(self.program.shape(slot), self.program.dtype(slot))
                do(np.copyto, kept, self.view(slot))
        if do.calls:
            self._span("keep", [], do, "results that the update writes over")

    def _span(self, kind: str, steps: Sequence[Step], do: Do, why: str) -> None:
        self.spans.append(Span(kind, steps, do.calls, why))
        for step in steps:
            self.due[step.output] = len(self.spans)

    def _meet(self, do: Do, group: Group) -> None:
        """A sum over all workers is two spans: before the barrier, and after it."""
        assert self.seat is not None
        (step,) = group.steps
        publish = Do(self.memory)
        self.seat.together(publish, do, self.view(step.inputs[0]), self.view(step.output))
        self._span("publish", [], publish, "")
        self.update.collect(do, step, self.view)
        self._span("together", [step], do, f"the sum over {self.seat.count} workers")

    def _group(self, do: Do, job: Job, group: Group) -> str:
        if group.kind == "chain":
            chain.chain(do, job)
            return "chain"
        if group.kind != "one":
            if KERNELS[group.kind](do, job) is not NotImplemented:
                return group.kind
            self._materialise(group)
        for step in group.steps:
            do.release()
            alone = Job([step], self.program, self.view, {step.output})
            f = KERNELS.get(step.op.name)
            before = len(do.calls)
            if f is None or f(do, alone) is NotImplemented:
                del do.calls[before:]
                do(readable, step.op.forward, self.view(step.output), tuple(alone.inputs), step.attrs)
                alone.why = "its readable forward"
            job.why = alone.why
        return "one"

    def _materialise(self, group: Group) -> None:
        """A group that its kernel declines is done step by step, so every slot needs memory."""
        for step in group.steps:
            if step.output in self.virtual:
                self.virtual.discard(step.output)
                self.places[step.output] = self.layout.place(step.output).own()

    def _read_outside(self) -> list[set[int]]:
        """For every group, the slots it must fill because somebody else reads them."""
        return [{s.output for s in group.steps if s.output not in self.virtual} for group in self.groups]

    def _readers(self, slot: int) -> set[str]:
        """The kinds of the groups that read a slot that another group fills; "" for the update and the results."""
        base = self.layout.base(slot)
        kept = {self.layout.base(s) for s in self.program.own | self.update.wanted()}
        read = {
            group.kind
            for group in self.groups
            if all(step.output != base for step in group.steps)
            and any(self.layout.base(s) == base for step in group.steps for s in step.inputs)
        }
        return read | ({""} if base in kept else set())

    # -- use ----------------------------------------------------------------------------------------------------
    def feed(self, inputs: Sequence[Any]) -> None:
        """Give it a batch."""
        for inlet, array in zip(self._inlets, inputs, strict=True):
            if inlet is not None:
                np.copyto(inlet, array)

    def feeding(self, sources: Sequence[Any]) -> list[Call]:
        """The calls that take a batch from where these arrays are, if it is not taken as it lies there."""
        pairs = [(inlet, x) for inlet, x in zip(self._inlets, sources, strict=True) if inlet is not None]
        return [(np.copyto, (inlet, x)) for inlet, x in pairs if not np.may_share_memory(inlet, x)]

    def giving(self, places: Mapping[int, Any]) -> list[Call]:
        """The calls that put results where somebody collects them."""
        outlets = zip(self.tape.results.values(), self._outlets, strict=True)
        return [(np.copyto, (places[slot], outlet)) for slot, outlet in outlets if slot in places]

    def calls(self) -> list[Call]:
        """All calls of a batch."""
        return [call for span in self.spans for call in span.calls]

    def line(self) -> Callable[[], None]:
        """All calls of a batch as one function."""
        if self._whole is None:
            self._whole = straight_line(self.calls())
        return self._whole

    def replay(self) -> None:
        """Do the batch."""
        self.line()()

    def nbytes(self, slot: int) -> int:
        """How many bytes the numbers of a slot are."""
        return math.prod(self.program.shape(slot)) * int(np.dtype(self.program.dtype(slot)).itemsize)

    def show(self, inputs: Sequence[Any] | None = None, repeat: int = 5) -> Profile:
        """The plan as a table with times, measured on a batch (or on whatever was fed last). Its state moves on."""
        return profile(self, [inlet for inlet in self._inlets] if inputs is None else inputs, repeat)

    def holds(self, slot: int) -> bool:
        """Has the slot memory in this plan? (It may live only inside a group, or have been rewritten away.)"""
        slot = self.layout.base(slot)
        return slot in self.places

    def results(self) -> tuple[Any, ...]:
        """What the batch gave, as numbers of its own."""
        return tuple([outlet[()] if outlet.ndim == 0 else outlet.copy() for outlet in self._outlets])
