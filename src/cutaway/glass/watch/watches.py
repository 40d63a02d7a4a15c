"""The watches of a run: conditions that stop it. They look, and change no bit of it.

A condition on results alone (loss, accuracy, batch) is asked after a stretch of batches, and where it came true the
time machine goes back to that batch: watching it costs next to nothing. One on the state is asked after every batch,
one on slots in the middle of every batch, which is walked then.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ...engine.errors import CutawayError
from ...training import machine
from ...training.names import slot_of
from .evaluate import Look
from .hit import Hit
from .language import EVENTS, ConditionError, Memory, parse, wrong
from .scope import COUNTERS, Now, Past, ready_at, slots_of

if TYPE_CHECKING:
    from ...training.clockwork import Moment
    from ...training.run import Run

__all__ = ["Watch", "Watches"]

RESULTS, STATE, SLOTS = range(3)  # what a condition needs to be asked: ever more


class Watch:
    """One watched condition: a text, or a function of the run.

    needs: RESULTS, STATE or SLOTS; hits: every time it came true

    A condition that stays true stops the run once; it counts anew when it has been false, or the run was moved.

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> watch = run.watch("loss < 1")
    >>> run.train(epochs=100, progress=False)
    Run: 3 batches done, loss 0.2567
    >>> watch.hits
    [loss < 1: in batch 2 loss went from 2.301 to 0.2567.]
    """

    def __init__(self, run: Run, condition: str | Callable[[Run], Any], name: str = "") -> None:
        self.condition, self.hits = condition, list[Hit]()
        self._armed, self._memory, self._told = True, Memory(), dict[str, tuple[Any, Any]]()
        self.wanted: list[tuple[str, Any]] = []
        self.everywhere = self.event = False
        if isinstance(condition, str):
            self.text = " ".join(condition.split())
            self.tree: ast.expr | None = parse(condition)
            self._bind(run)
        elif callable(condition):
            self.text = name or getattr(condition, "__name__", type(condition).__name__)
            self.text = "a function of the run" if self.text == "<lambda>" else self.text
            self.tree, self.needs = None, STATE
        else:
            raise ConditionError(
                f'watch: a condition is a text such as "loss > 2", or a function of the run, not {condition!r}.'
            )

    def _bind(self, run: Run) -> None:
        """Find out what the names mean in this run, and ask once whether all fits together."""
        assert self.tree is not None
        self.needs, now = RESULTS, Now(run)
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        functions = {node.func for node in calls}
        inner = {argument for node in calls if _named(node) in ("grad", "flips") for argument in node.args}
        results = ("loss", *run.metrics)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                self._bind_call(run, node)
            elif isinstance(node, ast.Name) and node not in functions:
                if node.id not in (*results, "batch"):
                    self.needs = max(self.needs, STATE)
                try:
                    now.number(node.id)
                except CutawayError as error:
                    raise wrong(self.text, node, str(error)) from None
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
                self._bind_name(run, node, node.value)
        if self.needs == SLOTS:
            self.wanted += [
                ("result", n.id) for n in ast.walk(self.tree) if isinstance(n, ast.Name) and n.id in results
            ]
        else:
            self._ask(Now(run), Memory())

    def _bind_call(self, run: Run, node: ast.Call) -> None:
        name = _named(node)
        value = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        self.event |= name in EVENTS
        self.needs = max(self.needs, STATE if name == "flips" or (name == "nan" and not node.args) else RESULTS)
        self.everywhere |= name == "nan" and not node.args
        if name in ("grad", "slot"):
            self.needs = SLOTS
            self.wanted.append((name, value))
            try:
                slots_of(run.program, self.wanted[-1:])
            except CutawayError as error:
                raise wrong(self.text, node, str(error)) from None

    def _bind_name(self, run: Run, node: ast.Constant, name: str) -> None:
        if name in ("loss", "batch", *run.metrics):
            return
        if name in run.state or f"optim/{name}" in run.state or name in COUNTERS:
            self.needs = max(self.needs, STATE)
        elif slot_of(run.program, name) is not None:
            self.needs = SLOTS
            self.wanted.append(("label", name))
        else:
            try:
                run.see(name)
            except CutawayError as error:
                raise wrong(self.text, node, str(error)) from None

    def again(self) -> Watch:
        """The same condition with no hits yet; what its names mean is known, and is not asked again."""
        twin = copy.copy(self)
        twin.hits, twin._armed, twin._memory, twin._told = [], True, Memory(), {}
        return twin

    # -- asking -------------------------------------------------------------------------------------------------
    def _ask(self, scope: Now, memory: Memory) -> tuple[bool, Look]:
        assert self.tree is not None
        look = Look(self.text, scope, memory)
        return look.truth(self.tree), look

    def begin(self, run: Run) -> None:
        """The run was moved, or the watch is new: what is compared with one batch ago begins here."""
        self._armed, self._memory, self._told = True, Memory(), {}
        if self.tree is not None and self.needs != SLOTS:
            _, look = self._ask(Now(run), self._memory)
            self._memory, self._told = look.after, look.told

    def due(self, run: Run, moment: Moment) -> bool:
        """Is this a moment to ask?"""
        if moment.kind == "batch":
            return self.needs != SLOTS
        if self.everywhere:
            return True
        if self.needs != SLOTS:
            return False
        try:
            return run.op == ready_at(run.program, slots_of(run.program, self.wanted))
        except CutawayError as error:  # what it looks at is not trained any more, say
            raise ConditionError(
                f"watch: {self.text!r} cannot be asked in batch {run.batch}: {error} run.unwatch() stops watching it."
            ) from None

    def ask(self, scope: Now, moment: Moment | None, batch: int) -> Hit | None:
        """Has it come true now, in this batch?"""
        run = scope.run
        if self.tree is None:
            truth, told, note = self._call(run), {}, ""
            note = truth if isinstance(truth, str) else ""
        else:
            truth, look = self._ask(scope, self._memory)
            told = {what: (self._told.get(what, (None, was))[1] if was is None else was, now)
                    for what, (was, now) in look.told.items()}  # fmt: skip
            self._memory, self._told = look.after, look.told
            note = f"the first number that is none was made by {look.notes[0]}" if look.notes else ""
        came, self._armed = bool(truth) and (self._armed or self.event), not truth
        if not came:
            return None
        inside = moment is not None and moment.kind != "batch"
        place, label = ((run.batch, run.op), moment.label or "data") if inside and moment else ((batch + 1, 0), "")
        if note and not inside and self.everywhere:
            note = f"{note.rpartition(' ')[2]} is no ordinary number any more"
        return Hit(self.text, batch, place, label, told, note, run)

    def _call(self, run: Run) -> Any:
        """Ask the function; it only looks."""
        assert callable(self.condition)
        here = run.batch, run.op, len(run.history.events)
        run._publish()
        answer = self.condition(run)
        run.notice()
        if (run.batch, run.op, len(run.history.events)) != here:
            raise CutawayError(f"watch: {self.text} moved or changed the run. A condition only looks; use run.fork().")
        return answer

    def __repr__(self) -> str:
        count = len(self.hits)
        last = f"   ({count} hit{'s' * (count > 1)}, the last in batch {self.hits[-1].batch})" if count else ""
        return f"{self.text}{last}"


def _named(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


class Watches:
    """All watches of a run, and the hits so far; prints as a list.

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> _ = run.watch("loss < 0.5")
    >>> run.train(batches=100, progress=False).batch < 100, len(run.watches.hits)
    (True, 1)
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.hits: list[Hit] = []
        self._all: list[Watch] = []
        self._seen: tuple[int, int, int] | None = None  # the place after the last look

    def __iter__(self) -> Iterator[Watch]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or 'Nothing is watched. run.watch("loss > 2") stops the run there.'

    def add(self, condition: str | Callable[[Run], Any], name: str = "") -> Watch:
        """Watch one more condition."""
        self.run.notice()
        watch = Watch(self.run, condition, name)
        self._all.append(watch)
        watch.begin(self.run)
        return watch

    def remove(self, which: Any = None) -> None:
        """Stop watching one condition (the watch, its text, its function or its number), or all of them."""
        if which is None:
            self._all.clear()
            return
        wanted = " ".join(which.split()) if isinstance(which, str) else which
        found = [w for k, w in enumerate(self._all) if w is wanted or wanted in (w.text, w.condition) or wanted == k]
        if not found:
            known = "; ".join(w.text for w in self) or "nothing"
            raise CutawayError(f"unwatch: {which!r} is not watched. Watched are: {known}.")
        self._all = [w for w in self._all if w not in found]

    def of(self, run: Run) -> Watches:
        """The same conditions for a branch, with hits of its own."""
        other = Watches(run)
        other._all = [watch.again() for watch in self]
        return other

    # -- looking ------------------------------------------------------------------------------------------------
    def look(self, moment: Moment) -> Hit | None:
        """Ask at a moment that has just passed; for whoever drives `run.moments()`. The first hit, if there is one."""
        hit = None
        for watch in self._all:
            if watch.due(self.run, moment):
                hit = self._hit(watch, watch.ask(Now(self.run, moment), moment, moment.batch)) or hit
        self._seen = self._place()
        return hit

    def onward(self, stop: int, seconds: float | None = None) -> Hit | None:
        """Train silently to the beginning of a batch, for about so many seconds, or to the first hit."""
        run, needs = self.run, max((w.needs for w in self), default=RESULTS)
        limit = None if seconds is None else perf_counter() + seconds
        self.begin()
        with machine.threads(run.threads):
            while run.batch < stop:
                left = None if limit is None else max(1e-3, limit - perf_counter())
                hit = self._walk() if run.op or needs == SLOTS else self._stretch(stop, left, needs)
                if hit is not None:
                    return hit
                if limit is not None and perf_counter() >= limit:
                    break
        return None

    def begin(self) -> None:
        """Begin anew where the run has been moved or changed since the last look."""
        if self._seen != self._place():
            for watch in self._all:
                watch.begin(self.run)
            self._seen = self._place()

    def _place(self) -> tuple[int, int, int]:
        return self.run.batch, self.run.op, len(self.run.history.events)

    def _hit(self, watch: Watch, hit: Hit | None) -> Hit | None:
        if hit is not None:
            watch.hits.append(hit)
            self.hits.append(hit)
        return hit

    def _walk(self) -> Hit | None:
        """To the end of this batch, moment by moment."""
        for moment in self.run.moments():
            hit = self.look(moment)
            if hit is not None or moment.kind == "batch":
                return hit
        return None

    def _stretch(self, stop: int, seconds: float | None, needs: int) -> Hit | None:
        """Some batches at full speed, one where the state must be looked at; then the questions."""
        run, begin = self.run, self.run.batch
        run.advance(begin + 1 if needs > RESULTS else stop, seconds)
        for batch in range(begin, run.batch):
            asked = [(w, w.ask(Past(run, batch) if w.needs == RESULTS else Now(run), None, batch)) for w in self]
            hits = [(w, self._inside(hit) if w.everywhere else hit) for w, hit in asked if hit is not None]
            if hits:
                found = min((hit for _, hit in hits), key=lambda hit: hit.place)
                if found.place != (run.batch, run.op):
                    run.at(*found.place)
                for watch, hit in hits:
                    self._hit(watch, hit)
                self._seen = self._place()
                return found
        self._seen = self._place()
        return None

    def _inside(self, hit: Hit) -> Hit:
        """A NaN was found after a batch: go into it, to the very step that made it."""
        run = self.run
        run.go(hit.batch)
        for moment in run.moments():
            if moment.kind == "batch":
                return hit
            where = Now(run, moment).sick()
            if where:
                note = f"the first number that is none was made by {where}"
                values = {what: (was, was) for what, (was, _) in hit.values.items() if was is not None}
                return Hit(hit.condition, hit.batch, (run.batch, run.op), moment.label, values, note, run)
        return hit
