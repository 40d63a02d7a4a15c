"""A training run: a loop that can be stopped anywhere, looked into, changed, stepped back, and gone on with."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, Self

import numpy as np

from ..data import DataLoader, Dataset
from ..engine.errors import CutawayError
from ..engine.ops.arrange import real_index
from ..engine.tape import Step, Tape
from ..engine.tensor import plain_index
from ..nn import Module
from ..optim import Optimizer
from . import evaluation, loop, machine
from .executor import Inputs, Readable
from .history import Event, History, Settings
from .programs import Programs

__all__ = ["Moment", "Run"]

_NOTHING: Any = object()
_FIRST = np.int64(0)
UNITS = ("op", "layer", "batch", "epoch")


class Moment(NamedTuple):
    """A place where a run can be stopped.

    kind: "data" (the batch is there), "forward", "loss", "backward", "update", or "batch" (it is done)
    batch, op: where it is: so many moments of that batch have passed
    label: phase and layer, "forward/1"
    step: the step of the tape that has just been done, if any
    """

    kind: str
    batch: int
    op: int
    label: str
    step: Step | None


class Run:
    """Trains a network on data, batch after batch, and can be stopped between any two operations.

    net, loss, optimizer: what to train, what to make small, and how
    data: a Dataset, or a pair of arrays (examples, answers)
    batch_size: examples a step; seed: decides all that is left to chance (order, dropout, shifts)
    validation: examples to judge by, never trained on; augment: small changes of the examples, as in DataLoader
    budget: bytes of memory for the past; threads: of NumPy's BLAS (part of what makes a run repeatable)

    The state of the run is one tree, ``run.state``: weights, running averages, the optimizer's memories.

    >>> from cutaway import nn, optim
    >>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "f")
    >>> net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    >>> run = Run(net, nn.MSELoss(), optim.Adam(0.05), data=(x, x[:, :1] + x[:, 1:]), batch_size=4)
    >>> run.train(batches=200, progress=False).batch
    200
    >>> float(run.losses[-1]) < 0.01
    True
    >>> run.step("op").kind, run.step("op").label
    ('data', 'forward/0')
    >>> run.back(100).batch
    100
    """

    def __init__(
        self,
        net: Module | None,
        loss: Callable[..., Any] | None,
        optimizer: Optimizer | None,
        data: Any,
        batch_size: int = 64,
        *,
        seed: int = 0,
        validation: Any = None,
        augment: Sequence[Any] = (),
        metrics: Sequence[str] | None = None,
        budget: int = 256 << 20,
        threads: int | None = None,
        name: str = "",
    ) -> None:
        self.net, self.loss, self.optimizer = net, loss, optimizer
        self.data = as_dataset(data)
        self.validation = None if validation is None else as_dataset(validation)
        self.seed, self.augment = seed, tuple(augment)
        self.name = name or self.data.name
        self.threads = threads or machine.cores()
        self.metrics = tuple(getattr(loss, "metrics", ()) if metrics is None else metrics)
        self.state: dict[str, Any] = {}
        self.batch, self.op = 0, 0
        self.results: list[tuple[Any, ...]] = []  # of every batch done: its loss, then its metrics
        self.validations: dict[int, dict[str, float]] = {}
        self.notes: list[str] = []  # what a reader of this run should know (another machine, say)
        self.goal = 0
        self.history = History(budget)
        self.settings = Settings(batch_size=batch_size)
        self.seconds_a_batch = 0.0
        self._parameters: dict[str, Any] = {}
        self._published: dict[str, Any] = {}
        self._walker: Iterator[Moment] | None = None
        self._inside: Readable | None = None
        self.programs = Programs(net, loss, optimizer, self.state, seed, self.metrics)
        self._loaders: dict[int, DataLoader] = {}
        self.loader()
        if net is not None:
            self._start(net)
        self.history.first = self.settings

    def _start(self, net: Module) -> None:
        """Take over the network's numbers, record the first program, and check all answers against its outputs."""
        self._parameters = {**net.named_parameters(), **net.named_buffers()}
        self.state.update({name: np.array(p.data, order="C") for name, p in self._parameters.items()})
        self.settings = self._settings_of(net)
        self._publish()
        with machine.threads(self.threads):
            program = self._executor().program
        for step in program.steps:
            if step.label.startswith("loss") and program.inputs["y"] in step.inputs:
                arrays = [self.data.y if s == program.inputs["y"] else program.values[s] for s in step.inputs]
                step.op.verify(*arrays, **step.attrs)

    # -- batches ----------------------------------------------------------------------------------------------
    def loader(self) -> DataLoader:
        """The loader that deals out batches of the present size."""
        size = self.settings.batch_size
        if size not in self._loaders:
            self._loaders[size] = DataLoader(self.data, size, seed=self.seed, augment=self.augment)
        return self._loaders[size]

    def _number(self, batch: int) -> int:
        """The loader's number for a batch of the run (they differ after the batch size was changed)."""
        return batch - self.settings.since + self.settings.epoch * len(self.loader())

    @property
    def epoch(self) -> int:
        """How many passes over the data are done."""
        return self._number(self.batch) // len(self.loader())

    def inputs(self, batch: int) -> Inputs:
        """What the batch of this number feeds to the program: a pure function of the number."""
        x, y = self.loader().batch(self._number(batch))
        kind = self.state_dtype
        if kind != np.float32:
            x, y = x.astype(kind), y.astype(kind) if y.dtype.kind == "f" else y
        return x, y, np.int64(batch), _FIRST

    def _feed(self, start: int, stop: int) -> Iterator[Inputs]:
        if self.state_dtype == np.float32:  # the lean way, for tiny networks: no call that can be spared
            deal, shift = self.loader().batch, self._number(0)
            for k in range(start, stop):
                x, y = deal(k + shift)
                yield x, y, np.int64(k), _FIRST
        else:
            yield from (self.inputs(k) for k in range(start, stop))

    @property
    def state_dtype(self) -> Any:
        """The kind of number that the network computes with."""
        return next((a.dtype for a in self.state.values() if a.dtype.kind == "f"), np.dtype(np.float32))

    def _executor(self) -> Readable:
        x, y, _, _ = self.inputs(self.batch)
        return self.programs.training(x, y, self.settings)

    @property
    def program(self) -> Tape:
        """The tape of the batch that comes next, or that is being walked."""
        return (self._inside or self._executor()).program

    # -- going on -----------------------------------------------------------------------------------------------
    def train(
        self,
        epochs: float | None = None,
        batches: int | None = None,
        *,
        until: int | None = None,
        progress: bool | None = None,
        save: str | Path | None = None,
        every: float = 10.0,
        patience: int | None = None,
        callbacks: Sequence[Any] = (),
    ) -> Self:
        """Go on training: for so many epochs or batches, or until a batch; without any of them, to the old goal.

        progress: a live bar (None: where somebody watches, plain lines elsewhere; False: silent)
        save: a folder for checkpoints, written every so many seconds and at the end
        patience: stop early when the validation loss has not improved for so many epochs, and go back to its best
        callbacks: objects with any of the methods batch(run), epoch(run), paused(run), finished(run); they only watch

        Ctrl-C, or a notebook's stop button, pauses after the batch in hand; ``run.train()`` goes on.
        """
        self.settle()
        per_epoch = len(self.loader())
        if until is not None:
            self.goal = until
        elif batches is not None:
            self.goal = self.batch + batches
        elif epochs is not None or self.goal <= self.batch:
            self.goal = self.batch + round((1 if epochs is None else epochs) * per_epoch)
        loop.train(self, progress, Path(save) if save is not None else None, every, patience, callbacks)
        return self

    def advance(self, stop: int, seconds: float | None = None) -> None:
        """Train silently to the beginning of a batch, or for about so many seconds; the core of every driver."""
        limit = None if seconds is None else perf_counter() + seconds
        while self.batch < stop:
            here = self.batch
            if self.history.next_due(here) <= here and not self.history.at(here):
                self.history.add(here, self.state, self.seconds_a_batch)
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
            for result in self._executor().replay(self._feed(here, end)):
                results.append(result)
                self.batch += 1
            took = (perf_counter() - start) / (end - here)
            self.seconds_a_batch = took if not self.seconds_a_batch else 0.7 * self.seconds_a_batch + 0.3 * took
            self._arrive()
            if limit is not None and perf_counter() >= limit:
                return

    def _same_shape_until(self) -> int:
        """The first batch from here on whose size differs from this one's: the last of an epoch is often smaller."""
        loader = self.loader()
        if len(self.data) % loader.batch_size == 0:
            return 2**62
        left = len(loader) - 1 - self._number(self.batch) % len(loader)
        return self.batch + (left or 1)

    def _arrive(self) -> None:
        """At the beginning of a batch: whatever was changed by hand here is changed again."""
        events = self.history.at(self.batch)
        if events:
            self.history.add(self.batch, self.state)
            for event in events:
                self._apply(event)

    # -- stopping anywhere ----------------------------------------------------------------------------------------
    def moments(self) -> Iterator[Moment]:
        """Every moment from here on, without end: whoever holds this generator drives the run."""
        while True:
            if self._walker is None:
                self._walker = self._walk()
            with machine.threads(self.threads):
                moment = next(self._walker)
            yield moment

    def _walk(self) -> Iterator[Moment]:
        here = self.batch
        if self.history.next_due(here) <= here and not self.history.at(here):
            self.history.add(here, self.state, self.seconds_a_batch)
        executor = self._inside = self._executor()
        steps = executor.walk(self.inputs(here))
        self.op = 1
        self._relive()
        yield Moment("data", here, 1, "", None)
        for step in steps:
            self.op += 1
            self._relive()
            yield Moment(step.label.partition("/")[0], here, self.op, step.label, step)
        results = executor.program.results
        self.results.append(tuple(executor.values[slot] for slot in results.values()))
        self.batch, self.op = here + 1, 0
        self._walker = self._inside = None
        self._arrive()
        yield Moment("batch", here, len(executor.program.steps) + 2, "", None)

    def _relive(self) -> None:
        for event in self.history.at(self.batch, self.op):
            self._apply(event)

    def step(self, unit: str = "batch") -> Moment:
        """Go on by one "op", to the end of this "layer", "batch" or "epoch"; returns the moment reached."""
        self._known(unit)
        if self._walker is None:
            self.notice()
        if unit in ("batch", "epoch") and self._walker is None and not self.history.inside(self.batch):
            per_epoch = len(self.loader())
            goal = self.batch + (1 if unit == "batch" else per_epoch - self._number(self.batch) % per_epoch)
            with machine.threads(self.threads):
                self.advance(goal)
            moment = Moment("batch", self.batch - 1, 0, "", None)
        else:
            moment = self._step_moments(unit)
        self._publish()
        return moment

    def _step_moments(self, unit: str) -> Moment:
        moments = self.moments()
        moment = first = next(moments)
        if unit == "epoch":
            epoch = self.epoch
            while moment.kind != "batch" or self.epoch == epoch:
                moment = next(moments)
        elif unit == "batch":
            while moment.kind != "batch":
                moment = next(moments)
        elif unit == "layer":
            while moment.kind != "batch" and self._label_ahead() == first.label:
                moment = next(moments)
        return moment

    def _label_ahead(self) -> str:
        """The label of the step that would be done next."""
        done = self.op - 1
        steps = self._inside.program.steps if self._inside else []
        return steps[done].label if 0 <= done < len(steps) else "batch"

    def settle(self) -> None:
        """Finish the batch that is being walked, if any, and notice what was changed outside."""
        if self._walker is not None:
            self._step_moments("batch")
        self.notice()

    # -- going back -------------------------------------------------------------------------------------------------
    def at(self, batch: int, op: int = 0) -> Self:
        """Go to the beginning of any batch, back or forth, or to the moment after ``op`` of its moments; exact to the bit."""
        if batch < min(self.history.snapshots, default=0) or op < 0:
            raise CutawayError(
                f"There is nothing before batch {min(self.history.snapshots, default=0)} in the memory of this run."
            )
        if self._walker is None:
            self.notice()
        self._drop_walk()
        with machine.threads(self.threads):
            if batch < self.batch or (batch == self.batch and self.history.at(batch)):
                self._restore(self.history.nearest(batch))
            dense = max(1, (batch - self.batch) // 8)  # on the way there, remember more: the next step back is short
            while self.batch < batch:
                self.advance(min(batch, self.batch + dense))
                if not self.history.at(self.batch):
                    self.history.add(self.batch, self.state, self.seconds_a_batch)
            moments = self.moments()
            for _ in range(op):
                next(moments)
        self._publish()
        return self

    def back(self, n: int = 1, unit: str = "batch") -> Self:
        """Go back by n "op", "layer", "batch" or "epoch", exactly to the bit."""
        self._known(unit)
        if unit == "batch":
            return self.at(self.batch - n)
        if unit == "epoch":
            return self.at(self.batch - n * len(self.loader()))
        for _ in range(n):
            batch, op = self.batch, self.op
            if op == 0:
                batch, op = batch - 1, self._moments_of(batch - 1)
            op -= 1
            if unit == "layer":
                labels = ["data", *(step.label for step in self._steps_of(batch)), "batch"]
                while op > 0 and labels[op - 1] == labels[op]:
                    op -= 1
            self.at(batch, op)
        return self

    def _steps_of(self, batch: int) -> list[Step]:
        if batch != self.batch:
            self.at(batch)
        return self.program.steps

    def _moments_of(self, batch: int) -> int:
        return len(self._steps_of(batch)) + 2

    def _restore(self, batch: int) -> None:
        self._drop_walk()
        fresh = self.history.restore(batch)
        self.state.clear()
        self.state.update(fresh)
        self.batch = batch
        del self.results[batch:]
        self._set(self.history.settings_before(batch))
        for event in self.history.at(batch):
            self._apply(event)

    def _drop_walk(self) -> None:
        self._walker = self._inside = None
        self.op = 0

    def fork(self) -> Run:
        """Another run from this very moment: the same past, a future of its own."""
        import copy

        other = copy.copy(self)
        other.net = copy.deepcopy(self.net)
        other.state = dict(self.state)
        other.history = self.history.fork()
        other.results, other.validations = list(self.results), dict(self.validations)
        other.notes, other._loaders = list(self.notes), dict(self._loaders)
        other._walker = other._inside = None
        other.op, other._published = 0, {}
        other._parameters = {} if other.net is None else {**other.net.named_parameters(), **other.net.named_buffers()}
        other.programs = Programs(other.net, self.loss, self.optimizer, other.state, self.seed, self.metrics)
        other.programs.tapes = dict(self.programs.tapes)
        moments = other.moments()
        for _ in range(self.op):
            next(moments)
        other._publish()
        return other

    # -- changing things ----------------------------------------------------------------------------------------------
    def edit(self, name: str | int, index: Any, value: Any = _NOTHING) -> Self:
        """Change a number by hand: ``edit("1.weight", (12, 400), 0.0)``, or a whole array: ``edit("alpha", 0.01)``.

        name: a part of the state ("1.weight", "alpha", "optim/m/1.weight"); while a batch is being walked also its
            inputs ("x", "y") and any slot by its number, which changes what the steps after it see, for this batch
        The change becomes part of the history; what had been remembered of the time after it is forgotten.
        """
        if value is _NOTHING:
            index, value = None, index
        self.notice()
        key = self._name(name)
        plain = None if index is None else plain_index(index)
        event = Event(self.batch, self.op, "edit", key, plain, np.asarray(value))
        self._changed(event)  # raises before anything is written down
        if self.op == 0 and not self.history.at(self.batch):
            self.history.add(self.batch, self.state, self.seconds_a_batch)
        self.history.write(event)
        self._apply(event)
        self._publish()
        return self

    def _name(self, name: str | int) -> str:
        if isinstance(name, int):
            name = f"slot:{name}"
        if name in self.state:
            return name
        if f"optim/{name}" in self.state:
            return f"optim/{name}"
        if name in ("x", "y") or name.startswith("slot:"):
            if self._inside is None:
                raise CutawayError(f"{name} exists only while a batch is open: run.step('op') opens the next one.")
            return name
        near = difflib.get_close_matches(name, self.state, n=3)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise CutawayError(f"This run has nothing called {name!r}.{hint} There are: {', '.join(self.state)}.")

    def _current(self, name: str) -> tuple[Any, int | None]:
        """The array of that name now, and its slot while a batch is open."""
        if self._inside is None:
            return self.state[name], None
        program = self._inside.program
        if name.startswith("slot:"):
            slot = int(name[5:])
        else:
            slot = program.inputs[name] if name in program.inputs else program.state.get(name, -1)
        return (self.state[name], None) if slot == -1 else (self._inside.see(slot), slot)

    def _changed(self, event: Event) -> Any:
        old, _ = self._current(event.name)
        return changed(old, event)

    def _apply(self, event: Event) -> None:
        if event.kind == "settings":
            self._set(event.value)
            return
        old, slot = self._current(event.name)
        if slot is None or self._inside is None:
            self.state[event.name] = changed(old, event)
            return
        self._inside.put(slot, changed(old, event))
        carried = self._inside.program.carry.get(event.name)
        if carried is not None and self._inside.values[carried] is not None:  # its next value is there already
            self._inside.put(carried, changed(np.asarray(self._inside.values[carried]), event))

    @property
    def batch_size(self) -> int:
        """Examples a step; setting it begins a new pass over the data."""
        return self.settings.batch_size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self.settle()
        epoch = self.epoch + (1 if self._number(self.batch) % len(self.loader()) else 0)
        self._settings_event(self.settings._replace(batch_size=size, since=self.batch, epoch=epoch))

    def freeze(self, pattern: str = "*") -> Self:
        """Stop training the parameters whose names match ("0.*")."""
        self._need_net().freeze(pattern)
        self.notice()
        return self

    def unfreeze(self, pattern: str = "*") -> Self:
        """Train the parameters whose names match."""
        self._need_net().unfreeze(pattern)
        self.notice()
        return self

    def _need_net(self) -> Module:
        if self.net is None:
            raise CutawayError("This saved run has only its programs. Give it its network: Run.resume(path, net=...).")
        return self.net

    def notice(self) -> None:
        """Whatever was changed on the network itself since the last look becomes part of the history."""
        if self.net is None:
            return
        wanted = self._settings_of(self.net)
        if wanted != self.settings:
            self._settings_event(wanted)
        for name, parameter in self._parameters.items():
            numbers = parameter.data
            if numbers is not self._published.get(name):
                self._published[name] = numbers
                self.edit(name, np.array(numbers))

    def _settings_of(self, net: Module) -> Settings:
        return self.settings._replace(
            frozen=tuple(n for n, p in self._parameters.items() if p.trained and not p.requires_grad),
            resting=tuple(m.path for m in net.modules() if not m.training),
        )

    def _settings_event(self, settings: Settings) -> None:
        """A batch that is open ends as it began; the new settings count from the next one."""
        batch = self.batch + (1 if self.op else 0)
        if not self.op and not self.history.at(batch):
            self.history.add(batch, self.state, self.seconds_a_batch)
        self.history.write(Event(batch, 0, "settings", "", None, settings))
        if not self.op:
            self._set(settings)

    def _set(self, settings: Settings) -> None:
        self.settings = settings
        if self.net is not None:
            for name, parameter in self._parameters.items():
                if parameter.trained:
                    parameter.requires_grad = name not in settings.frozen
            for module in self.net.modules():
                module.training = module.path not in settings.resting

    def _publish(self) -> None:
        """Let the network show the numbers of the run. They are read-only: changes go through edit()."""
        for name, parameter in self._parameters.items():
            array = self.state[name]
            array.flags.writeable = False
            parameter.data = self._published[name] = array

    # -- looking --------------------------------------------------------------------------------------------------------
    def see(self, slot: int | str) -> Any:
        """What a slot of the batch being walked holds, or a part of the state by its name."""
        if isinstance(slot, int):
            if self._inside is None:
                raise CutawayError("Slots are filled while a batch is open: run.step('op') opens the next one.")
            return self._inside.see(slot)
        return self._current(self._name(slot))[0]

    @property
    def losses(self) -> Any:
        """The loss of every batch done so far."""
        return np.array([r[0] for r in self.results], np.float32)

    def curve(self, name: str) -> Any:
        """One result of every batch done so far: "loss", "accuracy"."""
        names = ("loss", *self.metrics)
        if name not in names:
            raise CutawayError(f"This run records {', '.join(names)}, not {name!r}.")
        return np.array([r[names.index(name)] for r in self.results], np.float32)

    def evaluate(self, data: Any = None, batch_size: int = 256) -> dict[str, float]:
        """Loss and metrics over some examples (the validation examples when not said), in eval() mode.

        With averaged weights (the optimizer's ``average=``), those are used.
        """
        self.settle()
        return evaluation.evaluate(self, data, batch_size)

    def predict(self, x: Any, batch_size: int = 256) -> Any:
        """The outputs of the network for examples x (N, ...), in eval() mode."""
        self.settle()
        return evaluation.predict(self, x, batch_size)

    # -- keeping --------------------------------------------------------------------------------------------------------
    def save(self, path: str | Path) -> Path:
        """Write a checkpoint: into a folder (keeping the one before), or to a file ending in .safetensors."""
        from .checkpoint import save

        self.settle()
        return save(self, Path(path))

    @classmethod
    def resume(
        cls, path: str | Path, *, net: Module | None = None, loss: Any = None, data: Any = None, validation: Any = None
    ) -> Run:
        """A saved run again, to the bit, from a folder or a file.

        Data that comes with Cutaway is found by its name; other data is given. With ``net`` (and ``loss``) the run can
        also do what it had not done before: other batch sizes, freezing.
        """
        from .checkpoint import resume

        return resume(cls, Path(path), net, loss, data, validation)

    def _known(self, unit: str) -> None:
        if unit not in UNITS:
            raise CutawayError(f"Steps are counted in {', '.join(map(repr, UNITS))}, not {unit!r}.")

    def __repr__(self) -> str:
        last = f", loss {self.results[-1][0]:.4g}" if self.results else ""
        inside = f", moment {self.op}" if self.op else ""
        return f"Run {self.name}: {self.batch} batches done{inside} (epoch {self.epoch}){last}"


def changed(old: Any, event: Event) -> Any:
    """A copy of the array with the event's change in it."""
    new = np.array(old, order="C")
    try:
        new[() if event.index is None else real_index(event.index)] = event.value
    except (IndexError, ValueError) as error:
        at = "" if event.index is None else f" at {event.index}"
        raise CutawayError(
            f"edit: {event.name} has shape {np.shape(old)}; a value of shape {event.value.shape} does not go "
            f"in{at} ({error})."
        ) from None
    return new


def as_dataset(data: Any) -> Dataset:
    """A Dataset, or what can be made one."""
    if isinstance(data, Dataset):
        return data
    if isinstance(data, tuple | list) and len(data) == 2:
        return Dataset(*data)
    if hasattr(data, "train"):
        raise CutawayError("This data has parts: give data=....train (and keep ....test for the end).")
    raise CutawayError(f"data is a Dataset or a pair (examples, answers), not {type(data).__name__}.")
