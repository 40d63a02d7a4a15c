"""The time machine: what a run remembers of its past.

Snapshots are copies of the state at the beginning of a batch, kept in memory that is used again, under a budget:
dense for the recent past, sparser for the older. Everything between two snapshots is computed again, to the bit.
Events are whatever changed the run besides its batches: an edit by hand, freezing, another batch size.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Event", "History", "Settings"]

Snapshot = dict[str, Any]

SHARE = 0.02  # of the time may be spent remembering; the interval between snapshots follows from it
CLOSEST = 2  # batches between snapshots: replays of a single batch would give their memory back and take it again
MOST = 512  # snapshots; more would only cost time to look through


class Settings(NamedTuple):
    """How the run is set from some batch on.

    Where the batch size changes, batches are counted anew, from the beginning of ``epoch``.

    >>> Settings(batch_size=32).frozen
    ()
    """

    frozen: tuple[str, ...] = ()  # names of parameters that are not trained
    resting: tuple[str, ...] = ()  # paths of modules in eval() mode
    batch_size: int = 64
    since: int = 0  # the batch from which this batch size counts
    epoch: int = 0  # the epoch that began there


class Event(NamedTuple):
    """A change by hand, when ``op`` moments of batch ``batch`` had passed."""

    batch: int
    op: int
    kind: str  # "edit" or "settings"
    name: str  # of the state or input, or "slot:12"
    index: Any
    value: Any


class History:
    """Snapshots under a budget of bytes, and events.

    >>> past = History(budget=1 << 20)
    >>> past.add(0, {"w": np.zeros(2)}, seconds_a_batch=1.0)
    >>> past.nearest(7)
    0
    """

    def __init__(self, budget: int = 256 << 20) -> None:
        self.budget = budget
        self.snapshots: dict[int, Snapshot] = {}
        self.events: list[Event] = []
        self.first = Settings()
        self.interval = 1
        self.kept: set[int] = set()  # batches whose snapshot must not be given up
        self._spare: list[Snapshot] = []
        self._shared: set[int] = set()  # snapshots that a fork reads too, so their memory is not used again
        self._cost = 0.0

    # -- snapshots ----------------------------------------------------------------------------------------------
    def add(self, batch: int, state: Mapping[str, Any], seconds_a_batch: float = 0.0) -> None:
        """Remember the state at the beginning of a batch; the interval adapts to what this costs."""
        if batch in self.snapshots:
            return
        start = perf_counter()
        self._make_room(batch, sum(array.nbytes for array in state.values()))
        saved = self._spare.pop() if self._spare else {}
        for name, array in state.items():
            memory = saved.get(name)
            if memory is None or memory.shape != array.shape or memory.dtype != array.dtype:
                saved[name] = array.copy(order="C")
            else:
                np.copyto(memory, array)
        for name in saved.keys() - state.keys():
            del saved[name]
        self.snapshots[batch] = saved
        spent = perf_counter() - start
        self._cost = spent if not self._cost else min(2 * self._cost, 0.8 * self._cost + 0.2 * spent)
        if seconds_a_batch > 0:
            self.interval = max(CLOSEST, int(self._cost / (SHARE * seconds_a_batch)) + 1)

    def _make_room(self, batch: int, size: int) -> None:
        """Give up the snapshot that is missed least: a small gap, long ago."""
        most = max(4, min(MOST, self.budget // (size + 1)))
        while len(self.snapshots) >= most:
            order = sorted(self.snapshots)
            inner = [k for k in range(1, len(order) - 1) if order[k] not in self.kept]
            if not inner:
                return
            least = min(inner, key=lambda k: (order[k + 1] - order[k - 1]) / (abs(batch - order[k]) + 1))
            gone = self.snapshots.pop(order[least])
            if order[least] in self._shared:
                self._shared.discard(order[least])
            else:
                self._spare = [gone]

    def nearest(self, batch: int) -> int:
        """The last remembered batch that is not after this one."""
        return max((k for k in self.snapshots if k <= batch), default=0)

    def restore(self, batch: int) -> Snapshot:
        """The state at the beginning of a remembered batch, as a copy of its own."""
        return {name: array.copy() for name, array in self.snapshots[batch].items()}

    def next_due(self, batch: int) -> int:
        """The batch at whose beginning the next snapshot should be taken."""
        before = max((k for k in self.snapshots if k <= batch), default=None)
        return batch if before is None else max(batch, before + self.interval)

    # -- events -------------------------------------------------------------------------------------------------
    def write(self, event: Event) -> None:
        """Something was changed by hand: what had been remembered of the time after it never happened."""
        here = (event.batch, event.op)
        self.events = [e for e in self.events if (e.batch, e.op) <= here]
        self.events.append(event)
        self.forget_after(event.batch)

    def forget_after(self, batch: int) -> None:
        """Drop the snapshots after this batch."""
        for k in [k for k in self.snapshots if k > batch]:
            gone = self.snapshots.pop(k)
            if k in self._shared:
                self._shared.discard(k)
            else:
                self._spare = [gone]
        self.kept = {k for k in self.kept if k <= batch}

    def at(self, batch: int, op: int = 0) -> list[Event]:
        """The events of one moment."""
        return [e for e in self.events if e.batch == batch and e.op == op]

    def inside(self, batch: int) -> bool:
        """Was anything changed in the middle of this batch?"""
        return any(e.batch == batch and e.op > 0 for e in self.events)

    def next_event(self, batch: int) -> int | None:
        """The next batch after this one (or this one, if changed in its middle) with an event."""
        return min((e.batch for e in self.events if e.batch > batch or (e.batch == batch and e.op > 0)), default=None)

    def settings_before(self, batch: int) -> Settings:
        """The settings at the beginning of a batch, before the events that fall there."""
        settings = self.first
        for event in self.events:
            if event.kind == "settings" and event.batch < batch:
                settings = event.value
        return settings

    # -- branches -------------------------------------------------------------------------------------------------
    def fork(self) -> History:
        """The same past for another future; the remembered arrays are shared, not copied."""
        other = History(self.budget)
        other.snapshots, other.events = dict(self.snapshots), list(self.events)
        other.first, other.interval, other.kept = self.first, self.interval, set(self.kept)
        other._cost = self._cost
        self._shared = set(self.snapshots)
        other._shared = set(self.snapshots)
        return other
