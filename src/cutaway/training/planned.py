"""The executor that is fast: the plan behind the same four words.

`replay` calls the plan's straight line. `walk` goes over a plan of its own whose every slot is kept: the same calls on
the same layouts, so the same numbers to the bit. What is walked are the recorded steps: a slot that the plan has made
disappear is computed when it is asked for, and after a change by hand the rest of the batch is done with the readable
forwards, since the plan may already have done work that comes later on the list.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from ..engine.hollow import hollow
from ..engine.plan import Plan
from ..engine.plan.crew import Crew, tidy
from ..engine.plan.program import fill
from ..engine.plan.rows import FORGET
from ..engine.plan.split import Shards
from ..engine.plan.team import Ensemble, Member, TeamPlan, splits
from ..engine.tape import Step, Tape
from .executor import Readable

__all__ = ["Planned", "Planner"]

Watched = Plan | Ensemble
MOST = 12  # plans kept at a time: each has memory of its own
MUCH = 2**24  # bytes: to look for less that can be let go (in a large session: a second) does not pay


class Planner:
    """The plans of a run and its branches, made when they are needed and kept while there is room.

    workers: how many share a batch
    """

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self._plans: dict[tuple[Any, ...], Plan | TeamPlan] = {}
        self._watched: list[tuple[tuple[Any, ...], Watched, weakref.ref[Any] | None]] = []
        self._tapes: dict[tuple[Any, ...], Tape] = {}
        self._shards: dict[tuple[Any, ...], Shards | None] = {}
        self._crew: Crew | None = None

    def replayed(self, tape: Tape, inputs: Sequence[Any], state: Mapping[str, Any]) -> Plan | TeamPlan:
        """The plan for batches of this shape."""
        key = _key(tape, inputs)
        plan = self._plans.pop(key, None)
        if isinstance(plan, TeamPlan) and not plan.crew.alive:
            plan = None
        if plan is None:
            known = self._known(key, tape, inputs, state)
            if _lighten(tape) >= MUCH:
                tidy()  # before workers are forked: they would keep what is let go here
            shards = self._split(key, known)
            plan = Plan(known) if shards is None else TeamPlan(self._team(), known, shards)
        self._plans[key] = plan  # the one used last is given up last
        while len(self._plans) > MOST:
            gone = self._plans.pop(next(iter(self._plans)))
            gone.rows.settle()
            if isinstance(gone, TeamPlan):
                gone.close()
        return plan

    def fresh(self, tape: Tape, inputs: Sequence[Any], state: Mapping[str, Any]) -> Plan:
        """A plan of its own, to be measured: its numbers are nobody else's."""
        plan = Plan(self._known(_key(tape, inputs), tape, inputs, state))
        plan.rows.load(state)
        return plan

    def watched(self, owner: Any, tape: Tape, inputs: Sequence[Any], state: Mapping[str, Any]) -> Watched:
        """A plan with every slot kept, that nobody else is looking into."""
        key = _key(tape, inputs)
        for k, (known, plan, user) in enumerate(self._watched):
            if known == key and (user is None or user() in (None, owner)):
                self._watched.append((key, self._watched.pop(k)[1], weakref.ref(owner)))
                return plan
        full = self._known(key, tape, inputs, state)
        shards = self._split(key, full)
        made: Watched = Plan(full, keep=True) if shards is None else Ensemble(full, shards)
        self._watched.append((key, made, weakref.ref(owner)))
        del self._watched[:-4]
        return made

    def _split(self, key: tuple[Any, ...], tape: Tape) -> Shards | None:
        """The program split over the workers, or None where one alone does it."""
        if self.workers < 2:
            return None
        if key not in self._shards:
            self._shards[key] = splits(tape, self.workers)
        return self._shards[key]

    def _team(self) -> Crew:
        if self._crew is None or not self._crew.alive:
            self._crew = Crew.start(Member, self.workers)
        return self._crew

    def close(self) -> None:
        """Send the workers home; they come again when they are needed."""
        if self._crew is not None:
            for plan in self._plans.values():
                plan.rows.settle()
            self._plans = {key: plan for key, plan in self._plans.items() if not isinstance(plan, TeamPlan)}
            self._crew.close()
            self._crew = None

    def _known(self, key: tuple[Any, ...], tape: Tape, inputs: Sequence[Any], state: Mapping[str, Any]) -> Tape:
        """The tape with the shape of every slot known, for inputs like these."""
        shapes = [np.shape(tape.values[slot]) for slot in tape.inputs.values()]
        if any(value is None for value in tape.values) or shapes != [np.shape(a) for a in inputs]:
            if key not in self._tapes:
                other = copy.copy(tape)
                other.values = list(tape.values)
                fill(other, inputs, state)
                self._tapes[key] = other
                while len(self._tapes) > MOST:
                    self._tapes.pop(next(iter(self._tapes)))
            return self._tapes[key]
        return tape


def _key(tape: Tape, inputs: Sequence[Any]) -> tuple[Any, ...]:
    return (tape, *((np.shape(a), np.asarray(a).dtype.str) for a in inputs))


def _lighten(tape: Tape) -> int:
    """The numbers of the batch that was recorded are not needed any more, only their shapes; how many bytes it was."""
    freed = 0
    for slot, value in enumerate(tape.values):
        if slot not in tape.constants and value is not None:
            array = np.asarray(value)
            freed += array.nbytes * any(array.strides)  # a hollow array has one number and no stride
            tape.values[slot] = hollow(array)
    tape.leaves.clear()
    return freed


class Planned(Readable):
    """Runs a program by a plan.

    >>> from cutaway.engine import Parameter
    >>> w = Parameter([1.0], name="w")
    >>> with Tape() as tape:
    ...     x = tape.input("x", np.ones(1, "f"))
    ...     tape.carries("w", w + x)
    ...     tape.results["old"] = tape.slot(w)
    >>> state = {"w": w.data}
    >>> planned = Planned(tape, state, Planner())
    >>> [float(old[0]) for (old,) in planned.replay([(np.ones(1, "f"),)] * 3)], state["w"].tolist()
    ([1.0, 2.0, 3.0], [4.0])
    """

    def __init__(self, program: Tape, state: MutableMapping[str, Any], planner: Planner) -> None:
        self.program, self.state, self.planner = program, state, planner
        self.names = list(program.state)
        self._clock = list(program.inputs).index("step") if "step" in program.inputs else None
        self.plan: Watched | None = None  # the one being walked
        self.values: dict[int, Any] = {}  # what the plan does not hold
        self._position = {step.output: k for k, step in enumerate(program.steps)}
        self._made = {step.output: step for step in program.steps}
        self._done = 0  # recorded steps
        self._spans = 0  # of the plan
        self._by_hand = False

    def replay(self, batches: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Train on one batch after another; yields the results of each, in the order of ``program.results``.

        Between two batches the state lives in the plan. When the generator ends or is closed ``state`` has it again:
        a dict at once, a State when somebody asks.
        """
        plan = None
        try:
            for inputs in batches:
                if plan is None:
                    plan = self.planner.replayed(self.program, inputs, self.state)
                    plan.rows.load(self.state)
                    feed, replay, results = plan.feed, plan.line(), plan.results
                if self._forgets(inputs):
                    plan.rows.forget()
                feed(inputs)
                replay()
                yield results()
        finally:
            if plan is not None:
                plan.rows.leave(self.state, self.program.carry)

    def _forgets(self, inputs: tuple[Any, ...]) -> bool:
        """Is it time to look for what has faded? That hangs on the number of the batch alone, watched or not."""
        return self._clock is not None and inputs[self._clock] % FORGET == 0

    def walk(self, inputs: tuple[Any, ...]) -> Iterator[Step]:
        """Go over one batch; yields every recorded step when its slot is filled. At the end the state has moved on."""
        self.plan = self.planner.watched(self, self.program, inputs, self.state)
        self.plan.rows.load(self.state)
        if self._forgets(inputs):
            self.plan.rows.forget()
        self.plan.feed(inputs)
        self.values = {}
        self._done = self._spans = 0
        self._by_hand = False
        return self._steps_of(self.plan)

    def _steps_of(self, plan: Watched) -> Iterator[Step]:
        for step in self.program.steps:
            if self._by_hand:
                self.values[step.output] = np.asarray(
                    step.op.forward(*[self._value(slot) for slot in step.inputs], **step.attrs)
                )
            else:
                due = self._due(plan, step.output)
                for span in plan.spans[self._spans : due]:
                    span.run()
                self._spans = max(self._spans, due)
            self._done += 1
            yield step
        for name, slot in self.program.state.items():
            after = self.program.carry.get(name, slot)
            if after != slot or slot in self.values:  # it moved on, or was changed by hand
                self.state[name] = np.array(self._value(after), order="C")

    def _due(self, plan: Watched, slot: int) -> int:
        """How many spans of the plan must be done until a slot can be seen."""
        if slot in plan.due:
            return plan.due[slot]
        step = self._made.get(slot)
        due = 0 if step is None else max((self._due(plan, s) for s in step.inputs), default=0)
        plan.due[slot] = due
        return due

    def filled(self, slot: int) -> bool:
        """Does the batch being walked (or walked last) hold a value there by now?"""
        return self.plan is not None and self._position.get(slot, -1) < self._done

    def see(self, slot: int) -> Any:
        """What a slot of the batch being walked (or walked last) holds; a copy that stays as it is."""
        self._known(slot)
        if not self.filled(slot):
            raise self._empty(slot)
        return np.array(self._value(slot), order="C")

    def _value(self, slot: int) -> Any:
        if slot in self.values:
            return self.values[slot]
        plan = self.plan
        assert plan is not None
        if plan.holds(slot):
            return plan.view(slot)
        step = self._made[slot]
        value = np.asarray(step.op.forward(*[self._value(s) for s in step.inputs], **step.attrs))
        self.values[slot] = value
        return value

    def put(self, slot: int, value: Any) -> None:
        """Fill a slot of the batch being walked with something else; the steps after it see the new value."""
        self._known(slot)
        if not self._by_hand:
            for step in self.program.steps[: self._done]:  # what has been done was done with the old value
                self._value(step.output)
            self._by_hand = True
        self.values[slot] = value
