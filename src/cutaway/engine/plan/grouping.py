"""Which steps are done together, and in which order.

The steps are dealt out again: the first in the recorded order that is ready comes next. A step number by number begins
a chain and draws in whatever else of the same shape is ready, and the sums over it: a chain is done block by block, so
that what lives only inside never leaves the processor's cache. Views cost nothing and are no groups at all.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..tape import Step
from .job import GROUPS
from .program import Program

__all__ = ["Group", "grouped"]

Shape = tuple[int, ...]


class Group(NamedTuple):
    """Steps that one kernel does: kind is "chain", "one", or the name of a registered group.

    ends: so many steps at the end of a chain are sums over it, taken on the way
    """

    kind: str
    steps: list[Step]
    ends: int = 0


def grouped(
    program: Program,
    chains: Callable[[Step], bool],
    ends: Callable[[Step, Step], bool],
    rows: Callable[[Step, Shape], bool],
    views: Mapping[int, int],
) -> list[Group]:
    """The steps of a program as groups, in an order in which they can be done.

    chains: may this step be part of a chain? ends: is the first step a sum over the output of the second that a chain
    can take on its way? rows: does the step belong to a chain of this shape row by row: a sum along each row, or
    something done with such sums? views: output of a step that costs nothing -> the slot whose memory it is seen in
    """
    teams = _teams(program, views)
    while True:
        groups, stuck = _Deal(program, chains, ends, rows, views, teams).out()
        if not stuck:
            return groups
        teams = [team for team in teams if not stuck & set(team[1])]  # two teams that wait for each other


def _teams(program: Program, views: Mapping[int, int]) -> list[tuple[str, list[int]]]:
    """The groups that registered finders see, none of them overlapping, and each possible to do at one go."""
    teams: list[tuple[str, list[int]]] = []
    taken: set[int] = set()
    for name, find in GROUPS.items():
        for members in find(program):
            inside = set(members)
            free = not inside & taken and not any(program.steps[k].output in views for k in inside)
            if free and not _detour(program, inside):
                teams.append((name, sorted(inside)))
                taken |= inside
    return teams


def _detour(program: Program, inside: set[int]) -> bool:
    """Does a way lead from one member over somebody outside to another member?"""
    reached: set[int] = set()
    for k in range(min(inside), max(inside) + 1):
        before = {program.made.get(slot, -1) for slot in program.steps[k].inputs}
        if k in inside:
            if before & reached:
                return True
        elif before & (inside | reached):
            reached.add(k)
    return False


class _Deal:
    """One way of dealing the steps out."""

    def __init__(
        self,
        program: Program,
        chains: Callable[[Step], bool],
        ends: Callable[[Step, Step], bool],
        rows: Callable[[Step, Shape], bool],
        views: Mapping[int, int],
        teams: list[tuple[str, list[int]]],
    ) -> None:
        self.program, self.chains, self.ends, self.rows, self.views = program, chains, ends, rows, views
        steps, made = program.steps, program.made
        self.node = list(range(len(steps)))  # step -> the step that stands for its team
        self.team: dict[int, tuple[str, list[int]]] = {}
        for name, members in teams:
            for k in members:
                self.node[k] = members[-1]
            self.team[members[-1]] = (name, members)
        self.waiting: dict[int, set[int]] = {}
        self.readers: dict[int, set[int]] = {}
        for k, step in enumerate(steps):
            here = self.node[k]
            before = {self.node[made[slot]] for slot in step.inputs if slot in made} - {here}
            self.waiting.setdefault(here, set()).update(before)
            for b in before:
                self.readers.setdefault(b, set()).add(here)
        self.ready: list[int] = []
        self.groups: list[Group] = []

    def out(self) -> tuple[list[Group], set[int]]:
        """The groups, and the steps that were never ready."""
        for here in [here for here, before in self.waiting.items() if not before]:
            self._offer(here)
        while self.ready:
            k = heapq.heappop(self.ready)
            step = self.program.steps[k]
            if k in self.team:
                name, members = self.team[k]
                self.groups.append(Group(name, [self.program.steps[m] for m in members]))
                self._release(k)
            elif self.chains(step):
                self._chain(k)
            else:
                self.groups.append(Group("one", [step]))
                self._release(k)
        return self.groups, {k for k in range(len(self.node)) if self.waiting[self.node[k]]}

    def _offer(self, k: int) -> None:
        """A node that waits for nobody: a view is let through at once."""
        if self.program.steps[k].output in self.views and k not in self.team:
            self._release(k)
        else:
            heapq.heappush(self.ready, k)

    def _release(self, k: int) -> None:
        for reader in sorted(self.readers.get(k, ())):
            self.waiting[reader].discard(k)
            if not self.waiting[reader]:
                self._offer(reader)

    def _chain(self, first: int) -> None:
        steps, shape = self.program.steps, self.program.shape(self.program.steps[first].output)
        chain, ends, made = [first], [], {steps[first].output}
        self._release(first)
        while True:
            for k in sorted(self.ready):
                step = steps[k]
                if k in self.team or self._turned(step, made):
                    continue
                same = self.chains(step) and self.program.shape(step.output) == shape
                if same or (made & set(step.inputs) and self.rows(step, shape)):
                    self._take(k)
                    chain.append(k)
                    made.add(step.output)
                    self._release(k)
                    break
                if any(s in made and self.ends(step, steps[self.program.made[s]]) for s in step.inputs):
                    self._take(k)
                    ends.append(k)  # whoever waits for such a sum must wait for the last block
                    break
            else:
                break
        self.groups.append(Group("chain", [steps[k] for k in (*chain, *ends)], len(ends)))
        for k in ends:
            self._release(k)

    def _take(self, k: int) -> None:
        self.ready.remove(k)
        heapq.heapify(self.ready)

    def _turned(self, step: Step, made: set[int]) -> bool:
        """Does it read what the chain makes in another order (a transpose, say)?"""
        for slot in step.inputs:
            base = slot
            while base in self.views:
                base = self.views[base]
            if base != slot and base in made:
                return True
        return False
