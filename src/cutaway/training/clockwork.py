"""The clockwork of a run: where it stands, what comes next, and how it goes there, forwards and back, to the bit.

It knows nothing of progress bars, files or pictures. Its position is (batch, op): so many batches are done, and so
many moments of the next one have passed. Everything at a position is a function of the position and the events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ..data import DataLoader, Dataset
from ..engine.errors import CutawayError
from ..engine.ops.arrange import real_index
from ..engine.plan.state import State
from ..engine.tape import Step
from ..nn import Module
from . import machine
from .executor import Inputs, Readable
from .history import Event, History, Settings
from .programs import Programs
from .stepping import Stepping

__all__ = ["Clockwork", "Moment", "changed"]

_FIRST = np.int64(0)  # a batch that is not shared among workers begins with its example 0


class Moment(NamedTuple):
    """A place where a run can be stopped.

    kind: "data" (the batch is there), "forward", "loss", "backward", "update", or "batch" (it is done)
    batch, op: where it is: so many moments of that batch have passed
    label: phase and layer, "forward/1"
    step: the step of the tape that has just been done, if any

    >>> Moment("forward", 12, 3, "forward/1", None).label
    'forward/1'
    >>> Moment("batch", 12, 40, "", None)
    batch 12 is done
    """

    kind: str
    batch: int
    op: int
    label: str
    step: Step | None

    def __repr__(self) -> str:
        """In a few words, as it is what a cell shows after ``run.step("op")``."""
        if self.kind == "batch":
            return f"batch {self.batch:,} is done"
        if self.kind == "data":
            return f"batch {self.batch:,}: its examples are there"
        done = f", {self.step.op.name}" if self.step is not None else ""
        return f"batch {self.batch:,}, step {self.op - 1:,}: {self.label}{done}"


class Clockwork:
    """State, history and position of a run, and the ways to move."""

    net: Module | None
    data: Dataset | None
    programs: Programs

    def __init__(self, seed: int, augment: Sequence[Any], settings: Settings, budget: int, threads: int) -> None:
        self.seed, self.augment, self.threads = seed, tuple(augment), threads
        self.state = State()
        self.batch, self.op = 0, 0
        self.results: list[tuple[Any, ...]] = []  # of every batch done: its loss, then its metrics
        self.settings = settings
        self.history = History(budget)
        self.history.first = settings
        self.seconds, self.seconds_a_batch = 0.0, 0.0
        self._walker: Iterator[Moment] | None = None
        self._inside: Readable | None = None
        self._opened: tuple[Mapping[str, Any], Settings] | None = None  # how everything was when the open batch began
        self._loaders: dict[int, DataLoader] = {}
        self._executors: dict[tuple[Settings, int], Readable] = {}

    # -- batches ----------------------------------------------------------------------------------------------
    def loader(self) -> DataLoader:
        """The loader that deals out batches of the present size."""
        if self.data is None:
            raise CutawayError(
                "The data of this saved run was not found, so it can predict but not train. "
                "Give it: Run.resume(path, data=...)."
            )
        size = self.settings.batch_size
        if size not in self._loaders:
            self._loaders[size] = DataLoader(self.data, size, seed=self.seed, augment=self.augment)
        return self._loaders[size]

    def number(self, batch: int) -> int:
        """The loader's number for a batch of the run (they differ after the batch size was changed)."""
        return batch - self.settings.since + self.settings.epoch * len(self.loader())

    @property
    def epoch(self) -> int:
        """How many passes over the data are done."""
        return self.number(self.batch) // len(self.loader())

    @property
    def dtype(self) -> Any:
        """The kind of number that the network computes with."""
        return next((a.dtype for a in self.state.standing().values() if a.dtype.kind == "f"), np.dtype(np.float32))

    def typed(self, array: Any) -> Any:
        """The array in the network's kind of number, if it holds fractions."""
        return array.astype(self.dtype) if array.dtype.kind == "f" and array.dtype != self.dtype else array

    def inputs(self, batch: int) -> Inputs:
        """What the batch of this number feeds to the program: a pure function of the number."""
        x, y = self.loader().batch(self.number(batch))
        return self.typed(x), self.typed(y), np.int64(batch), _FIRST

    def _feed(self, start: int, stop: int) -> Iterator[Inputs]:
        if self.dtype != np.float32:
            yield from (self.inputs(k) for k in range(start, stop))
            return
        deal, shift = self.loader().batch, self.number(0)  # lean: on a tiny network every call is felt
        for k in range(start, stop):
            x, y = deal(k + shift)
            yield x, y, np.int64(k), _FIRST

    def executor(self) -> Readable:
        """What computes the batch that comes next."""
        loader = self.loader()
        last, rest = (self.number(self.batch) + 1) % len(loader) == 0, len(loader.dataset) % loader.batch_size
        kind = self.settings, rest if last and rest else loader.batch_size
        if kind not in self._executors:  # the batch itself is dealt only to learn its shape
            self._executors[kind] = self.programs.training(self.inputs(self.batch), self.settings, self._another)
        executor = self._executors[kind]
        if isinstance(executor, Stepping) and self._inside is None:
            executor.meet_at((self.batch, len(self.history.events)), self.inputs(self.batch))
        return executor

    def _another(self) -> Inputs | None:
        """One more batch of the size of the one that comes next."""
        end = self._same_shape_until()
        other = self.batch + 1 if self.batch + 1 < end else self.batch - 1
        return (
            self.inputs(other) if other >= 0 and len(self.inputs(other)[0]) == len(self.inputs(self.batch)[0]) else None
        )

    def _ready(self) -> Readable:
        """The same, when that batch begins: memories that it needs for the first time begin with it."""
        executor = self.executor()
        self.programs.begin(executor.program)
        return executor

    def _same_shape_until(self) -> int:
        """The first batch from here on whose size differs from this one's: the last of an epoch is often smaller."""
        loader = self.loader()
        if len(loader) == 1 or len(loader.dataset) % loader.batch_size == 0:
            return 2**62
        left = len(loader) - 1 - self.number(self.batch) % len(loader)
        return self.batch + (left or 1)

    # -- forwards ---------------------------------------------------------------------------------------------
    def advance(self, stop: int, seconds: float | None = None) -> None:
        """Train silently to the beginning of a batch, or for about so many seconds; the core of every driver."""
        with self._whole():
            self._advance(stop, seconds)

    def _advance(self, stop: int, seconds: float | None) -> None:
        limit = None if seconds is None else perf_counter() + seconds
        while self.batch < stop:
            here = self.batch
            self._remember()
            if self.history.inside(here):  # an edit fell into the middle of this batch: walk it
                for _ in self._walk():
                    pass
                continue
            end = min(stop, self._same_shape_until(), max(here + 1, self.history.next_due(here)))
            event = self.history.next_event(here)
            end = end if event is None else min(end, event)
            if seconds is not None:
                end = min(end, here + max(1, int(seconds / self.seconds_a_batch)) if self.seconds_a_batch else here + 1)
            start, results = perf_counter(), self.results
            for result in self._ready().replay(self._feed(here, end)):
                results.append(result)
                self.batch += 1
            took = perf_counter() - start
            self.seconds += took
            took /= end - here
            self.seconds_a_batch = took if not self.seconds_a_batch else 0.7 * self.seconds_a_batch + 0.3 * took
            self._arrive()
            if limit is not None and perf_counter() >= limit:
                return

    def _remember(self, always: bool = False) -> None:
        """Take a snapshot of the beginning of this batch, if one is due (one after an event would come too late)."""
        if (always or self.history.next_due(self.batch) <= self.batch) and not self.history.at(self.batch):
            self.history.add(self.batch, self.state.standing(), self.seconds_a_batch)

    def _arrive(self) -> None:
        """At the beginning of a batch: whatever was changed by hand here is changed again."""
        events = self.history.at(self.batch)
        if events:
            self.history.add(self.batch, self.state.standing())
            for event in events:
                self._apply(event)

    @property
    def opened(self) -> tuple[Mapping[str, Any], Settings]:
        """The state and the settings at the beginning of the batch that is being walked, or that comes next."""
        return self._opened or (self.state, self.settings)

    def moments(self) -> Iterator[Moment]:
        """Every moment from here on, without end: whoever holds this generator drives the run."""
        while True:
            if self._walker is None:
                self._walker = self._walk()
            with machine.threads(self.threads), self._whole():
                moment = next(self._walker)
            yield moment

    def _walk(self) -> Iterator[Moment]:
        """One batch, moment by moment."""
        here = self.batch
        self._remember()
        executor = self._inside = self._ready()
        self._opened = dict(self.state), self.settings
        steps = executor.walk(self.inputs(here))
        self.op = 1
        self._relive()
        yield Moment("data", here, 1, "", None)
        for step in steps:
            self.op += 1
            self._relive()
            yield Moment(step.label.partition("/")[0], here, self.op, step.label, step)
        self.results.append(executor.results())
        self.batch, self.op = here + 1, 0
        self._walker = self._inside = self._opened = None
        self._arrive()
        yield Moment("batch", here, len(executor.program.steps) + 2, "", None)

    def _relive(self) -> None:
        for event in self.history.at(self.batch, self.op):
            self._apply(event)

    # -- backwards --------------------------------------------------------------------------------------------
    @property
    def earliest(self) -> int:
        """The first batch that this run can go back to."""
        return min(self.history.snapshots, default=self.batch)

    def go(self, batch: int, op: int = 0) -> None:
        """To any position, back or forth, exact to the bit: the nearest snapshot, then the same steps again."""
        if batch < self.earliest or op < 0:
            raise CutawayError(f"This run remembers nothing before batch {self.earliest}.")
        self._drop_walk()
        with machine.threads(self.threads), self._whole():
            if batch < self.batch:
                self._restore(self.history.nearest(batch))
            stride = max(1, (batch - self.batch) // 8)  # on the way remember more, so that the next step back is short
            while self.batch < batch:
                self.advance(min(batch, self.batch + stride))
                self._remember(always=True)
            last = len(self.executor().program.steps) + 1 if op else 0
            if op > last:
                raise CutawayError(f"Batch {batch} has {last} moments before it is done; at({batch + 1}) is after it.")
            moments = self.moments()
            for _ in range(op):
                next(moments)

    def _restore(self, batch: int) -> None:
        fresh = self.history.restore(batch)
        self.state.clear()
        self.state.update(fresh)
        self.batch = batch
        del self.results[batch:]
        self._set(self.history.settings_before(batch))
        for event in self.history.at(batch):
            self._apply(event)

    def _drop_walk(self) -> None:
        """Leave the open batch undone: everything is again as it was when it began."""
        if self._opened is not None:
            state, settings = self._opened
            self.state.clear()
            self.state.update(state)
            self._set(settings)
        self._walker = self._inside = self._opened = None
        self.op = 0

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Whatever breaks off between two batches or two steps (a second Ctrl-C, say) leaves the run in one piece:
        at the last batch it remembers. No batch is lost, since each can be computed again.
        """
        try:
            yield
        except BaseException:
            self._drop_walk()
            self._restore(self.history.nearest(self.batch))
            raise

    # -- changes by hand --------------------------------------------------------------------------------------
    def current(self, name: str) -> tuple[Any, int | None]:
        """The array of that name now, and its slot while a batch is open."""
        if self._inside is None:
            return self.state[name], None
        program = self._inside.program
        slot = int(name[5:]) if name.startswith("slot:") else program.inputs.get(name, program.state.get(name))
        return (self.state[name], None) if slot is None else (self._inside.see(slot), slot)

    def _write(self, event: Event) -> None:
        """A change becomes part of the history, and is made."""
        if event.op == 0 and event.batch == self.batch:
            self._remember(always=True)
        self.history.write(event)
        if (event.batch, event.op) == (self.batch, self.op):
            self._apply(event)

    def _apply(self, event: Event) -> None:
        if event.kind == "settings":
            self._set(event.value)
            return
        old, slot = self.current(event.name)
        if slot is None or self._inside is None:
            self.state[event.name] = changed(old, event)
            return
        self._inside.put(slot, changed(old, event))
        carried = self._inside.program.carry.get(event.name)
        if carried is not None and self._inside.filled(carried):  # its next value is there already
            self._inside.put(carried, changed(self._inside.see(carried), event))

    def _set(self, settings: Settings) -> None:
        """Put the network as the settings say."""
        self.settings = settings


def changed(old: Any, event: Event) -> Any:
    """A copy of the array with the event's change in it."""
    new = np.array(old, order="C")
    if new.dtype.kind in "iu" and event.value.dtype.kind == "f" and (event.value % 1 != 0).any():
        raise CutawayError(f"edit: {event.name} holds whole numbers ({new.dtype}), so {event.value} does not fit in.")
    try:
        new[() if event.index is None else real_index(event.index)] = event.value
    except (IndexError, ValueError) as error:
        at = "" if event.index is None else f" at {event.index}"
        raise CutawayError(
            f"edit: {event.name} has shape {np.shape(old)}; a value of shape {event.value.shape} does not go "
            f"in{at} ({error})."
        ) from None
    return new
