"""A training run: a loop that can be stopped anywhere, looked into, changed, stepped back, and gone on with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..data import DataLoader
from ..engine.errors import CutawayError, LabelError
from ..engine.plan.state import State
from ..engine.tape import Tape
from ..nn import Module
from ..optim import Optimizer
from . import evaluation, loop, machine
from .clockwork import Moment
from .executor import Slots
from .history import Settings
from .looks import Looks
from .parts import as_dataset, check_parts, metrics_for, whole
from .planned import Planned, Planner
from .programs import Programs

if TYPE_CHECKING:
    from ..glass import Hit

if TYPE_CHECKING:
    from ..engine.plan.show import Profile

__all__ = ["Run"]

UNITS = ("op", "layer", "batch", "epoch")


class Run(Looks):
    """Trains a network on data, batch after batch, and can be stopped between any two operations.

    net, loss, optimizer: what to train, what to make small, and how
    data: a Dataset, or a pair of arrays (examples, answers)
    batch_size: examples a step; seed: decides all that is left to chance (order, dropout, shifts)
    validation: examples to judge by, never trained on; augment: small changes of the examples, as in DataLoader
    metrics: recorded beside the loss; accuracy comes by itself with class numbers
    budget: bytes of memory for the past
    threads: of NumPy's BLAS; sums are split among them, so one means the same numbers however many cores there are
    workers: how many share every batch, each on a core of its own (forked processes on Linux, threads elsewhere); the
        result is the same but for the order of sums, and the same to the bit for as many workers
    plan: False does every step with its readable forward, in the recorded order: slower, for lessons and checks

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
        threads: int = 1,
        workers: int = 1,
        plan: bool = True,
        name: str = "",
    ) -> None:
        if net is not None:  # not a saved run
            check_parts(net, loss, optimizer, data)
        super().__init__(net, seed, augment, Settings(batch_size=batch_size), budget, threads)
        self.loss, self.optimizer = loss, optimizer
        self.data = None if data is None else as_dataset(data)
        self.validation = None if validation is None else as_dataset(validation)
        self.name = name or (self.data.name if self.data else "")
        self.metrics = metrics_for(loss, self.data, metrics)
        self.notes: list[str] = []  # what a reader of this run should know (another machine, say)
        self.goal = 0
        self.missing: dict[str, Any] = {}  # what a saved run says of data that may not be here
        self.programs = Programs(net, loss, optimizer, self.state, seed, self.metrics)
        self.programs.plan, self.programs.planner = plan, Planner(whole("workers", workers))
        if net is not None:
            self._begin(net)

    def _begin(self, net: Module) -> None:
        """Take over the network's numbers, record the first program, and check all answers against its outputs."""
        self._look_into(net)
        self.state.update({name: np.array(p.data, order="C") for name, p in self._parameters.items()})
        self.settings = self.history.first = self._settings_now()
        self._publish()
        assert self.data is not None
        with machine.threads(self.threads):
            try:
                program = self._ready().program
            except LabelError:  # it counts within the batch: say where in the data
                evaluation.check(self, self.data.x, self.data.y)
                raise
        answers = program.inputs["y"]
        for step in program.steps:
            if step.label.startswith("loss") and answers in step.inputs:
                step.op.verify(*[self.data.y if s == answers else program.values[s] for s in step.inputs], **step.attrs)
        if self.validation is not None:
            evaluation.check(self, self.validation.x, self.validation.y)

    @property
    def workers(self) -> int:
        """How many share every batch."""
        return self.programs.planner.workers

    @property
    def program(self) -> Tape:
        """The tape of the batch that comes next, or that is being walked."""
        return (self._inside or self.executor()).program

    # -- going on ---------------------------------------------------------------------------------------------
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

        Ctrl-C, or a notebook's stop button, pauses after the batch in hand; ``run.train()`` goes on. A loss that is NaN
        or infinite raises NotFiniteError; the run is then paused before that batch, with every number still sound.
        """
        if sum(goal is not None for goal in (epochs, batches, until)) > 1:
            raise CutawayError("train: say how far in one way: epochs=, batches= or until=.")
        if not isinstance(epochs, Real | None) or min(epochs or 0, whole("batches", batches or 0)) < 0:
            raise CutawayError("train: epochs and batches are numbers, 0 or more; run.back() goes back.")
        if self._watches:
            self.notice()  # an open batch is finished on the way, with the watches looking
        else:
            self.settle()
        here = self.batch + (self._walker is not None)
        if until is not None:
            self.goal = whole("until", until)
        elif batches is not None:
            self.goal = here + batches
        elif epochs is not None or self.goal <= here:
            self.goal = here + round((1 if epochs is None else epochs) * len(self.loader()))
        loop.train(self, progress, Path(save) if save is not None else None, every, patience, callbacks)
        return self

    def moments(self) -> Iterator[Moment]:
        """Every moment from here on, without end: whoever holds this generator drives the run.

        After every batch the network shows its new numbers, and what was changed on it outside is noticed.
        """
        for moment in super().moments():
            if moment.kind == "batch":
                self._publish()
            yield moment
            if moment.kind == "batch":
                self.notice()

    def step(self, unit: str = "batch") -> Moment:
        """Go on by one "op", or to the end of this "layer", "batch" or "epoch"; returns the moment reached."""
        _known(unit)
        self.notice()
        if unit in ("batch", "epoch") and self._walker is None:
            size = len(self.loader())
            goal = self.batch + (1 if unit == "batch" else size - self.number(self.batch) % size)
            with machine.threads(self.threads):
                self.onward(goal)
            moment = Moment("batch", self.batch - 1, 0, "", None)
        else:
            moment = self._step_moments(unit)
        self._publish()
        return moment

    def _step_moments(self, unit: str, watched: bool = True) -> Moment:
        watches = self._watches if watched else None
        if watches:
            watches.begin()
        moments = self.moments()
        epoch = self.epoch
        moment = first = next(moments)
        while not (watches and watches.look(moment)) and (
            (unit == "epoch" and (moment.kind != "batch" or self.epoch == epoch))
            or (unit == "batch" and moment.kind != "batch")
            or (unit == "layer" and moment.kind != "batch" and self._label_ahead() == first.label)
        ):
            moment = next(moments)
        return moment

    def _label_ahead(self) -> str:
        """The label of the step that would be done next."""
        steps = self._inside.program.steps if self._inside else []
        return steps[self.op - 1].label if 0 < self.op <= len(steps) else "batch"

    def settle(self) -> None:
        """Notice what was changed outside, and finish the batch that is being walked, if any."""
        self.notice()
        if self._walker is not None:
            self._step_moments("batch", watched=False)
            self._publish()

    def onward(self, stop: int, seconds: float | None = None) -> Hit | None:
        """Train silently to the beginning of a batch, or for about so many seconds, or until a watch is hit."""
        if self._watches:
            return self._watches.onward(stop, seconds)
        self.advance(stop, seconds)
        return None

    # -- going back -------------------------------------------------------------------------------------------
    def at(self, batch: int, op: int = 0) -> Self:
        """Go to the beginning of any batch, back or forth, or to where ``op`` of its moments have passed.

        Exact to the bit. Going forwards again relives the same future, edits and all, until something is changed.
        """
        self.notice()
        with self._or_stay():
            if not (self._watches and self.batch < whole("batch", batch) and self.onward(batch)):
                self.go(whole("batch", batch), whole("op", op))
        return self

    @contextmanager
    def _or_stay(self) -> Iterator[None]:
        """A journey that cannot be made ends where it began."""
        here = self.batch, self.op
        try:
            yield
        except CutawayError:
            self.go(*here)
            raise
        finally:
            self._publish()

    def back(self, n: int = 1, unit: str = "batch") -> Self:
        """Go back by n "op", "layer", "batch" or "epoch", exact to the bit."""
        _known(unit)
        if unit in ("batch", "epoch"):
            return self.at(self.batch - whole("n", n) * (1 if unit == "batch" else len(self.loader())))
        self.notice()
        batch, op = self.batch, self.op
        with self._or_stay():
            for _ in range(whole("n", n)):
                if op == 0:
                    batch, op = batch - 1, len(self._labels_of(batch - 1))
                op -= 1
                if unit == "layer":
                    labels = self._labels_of(batch)
                    while op > 0 and labels[op - 1] == labels[op]:
                        op -= 1
            self.go(batch, op)
        return self

    def _labels_of(self, batch: int) -> list[str]:
        """The labels of all moments of a batch."""
        if batch != self.batch:
            self.go(batch)
        return ["data", *(step.label for step in self.program.steps), "batch"]

    def fork(self) -> Run:
        """Another run from this very moment: the same past, a future of its own."""
        other = copy.copy(self)
        other.net = copy.deepcopy(self.net)
        state, settings = self.opened
        other.state, other.settings = State(state), settings
        other.history = self.history.fork()
        other.results, other.validations = list(self.results), dict(self.validations)
        other.notes, other._loaders = list(self.notes), dict(self._loaders)
        other._executors = {}  # they work on the state of their own run
        other._walker = other._inside = other._opened = None
        other._published = {}
        if other.net is not None:
            other._look_into(other.net)
        other.programs = Programs(other.net, self.loss, self.optimizer, other.state, self.seed, self.metrics)
        other.programs.tapes, other.programs.starts = dict(self.programs.tapes), dict(self.programs.starts)
        other.programs.planner, other.programs.plan = self.programs.planner, self.programs.plan
        other.programs.hanging = dict(self.programs.hanging)
        other._set(settings)
        other.go(self.batch, self.op)
        other._publish()
        other._watches = self._watches.of(other) if self._watches else None
        return other

    @property
    def batch_size(self) -> int:
        """Examples a step; setting it begins a new pass over the data."""
        return self.settings.batch_size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self.settle()
        size = DataLoader(self.loader().dataset, size).batch_size  # which looks whether it is possible
        epoch = self.epoch + (1 if self.number(self.batch) % len(self.loader()) else 0)
        self._settings_event(self.settings._replace(batch_size=size, since=self.batch, epoch=epoch))

    # -- looking ----------------------------------------------------------------------------------------------
    def see(self, name: int | str) -> Any:
        """A part of the state by its name, as it is now; while a batch is open also any slot by its number."""
        return self.current(self._name(name))[0]

    def relive(self, batch: int) -> tuple[Tape, Slots]:
        """A batch of the past once more, with every slot kept: its program and its slots. The run stays where it is."""
        other = self.fork()
        other.go(batch)
        other.go(batch, len(other.program.steps) + 1)
        assert other._inside is not None
        return other._inside.program, Slots(other._inside)

    def examples(self, batch: int) -> Any:
        """Which examples of the data made up a batch, past or to come, in their order."""
        settings = self.history.settings_before(batch)
        for event in self.history.at(batch):
            if event.kind == "settings":
                settings = event.value
        loader = DataLoader(self.loader().dataset, settings.batch_size, seed=self.seed)
        return loader.indices(batch - settings.since + settings.epoch * len(loader))

    @property
    def losses(self) -> Any:
        """The loss of every batch done so far."""
        return self.curve("loss")

    def curve(self, name: str) -> Any:
        """One result of every batch done so far: "loss", "accuracy"."""
        names = ("loss", *self.metrics)
        if name not in names:
            raise CutawayError(f"This run records {', '.join(names)}, not {name!r}.")
        return np.array([r[names.index(name)] for r in self.results], np.float32)

    def profile(self, repeat: int = 5) -> Profile:
        """Where the time of a batch goes: the plan as a table, with kernels and why they were chosen.

        Measured on the batch that comes next, with a plan made for it; the run stays as it is.
        """
        inputs, executor = self.inputs(self.batch), self.executor()
        if not isinstance(executor, Planned):
            why = self.programs.hangs or "it was made with plan=False"
            raise CutawayError(f"profile: this run has no plan: {why}.")
        self.programs.begin(executor.program)
        with machine.threads(self.threads):
            return self.programs.planner.fresh(executor.program, inputs, self.opened[0]).show(inputs, repeat)

    def evaluate(self, data: Any = None, batch_size: int = 256) -> dict[str, float]:
        """Loss and metrics over some examples (the validation examples when not said), in eval() mode.

        With averaged weights (the optimizer's ``average=``), those are used. An open batch stays as it is.
        Every part of batch_size examples counts by how many it has; a loss that counts otherwise (ignore_index, class
        weights, reduction="sum") hangs on how they are dealt: with batch_size=len(data) they are one part.
        """
        return evaluation.evaluate(self, data, batch_size)

    def predict(self, x: Any, batch_size: int = 256) -> Any:
        """The outputs of the network for examples x (N, ...), in eval() mode."""
        return evaluation.predict(self, x, batch_size)

    # -- keeping ----------------------------------------------------------------------------------------------
    def save(self, path: str | Path) -> Path:
        """Write a checkpoint: into a folder (keeping the one before), or to a file ending in .safetensors."""
        from .checkpoint import save

        self.notice()
        return save(self, Path(path))

    @classmethod
    def resume(
        cls, path: str | Path, *, net: Module | None = None, loss: Any = None, data: Any = None, validation: Any = None
    ) -> Run:
        """A saved run again, to the bit, from a folder or a file, without the code that made it.

        Data that comes with Cutaway is found by its name; other data is given. With ``net`` and ``loss`` the run can
        also do what it has not done before: other batch sizes, freezing.
        """
        from .checkpoint import resume

        return resume(Path(path), net, loss, data, validation)

    def __repr__(self) -> str:
        last = f", loss {self.results[-1][0]:.4g}" if self.results else ""
        inside = f", {self.op} moments into the next" if self.op else ""
        return f"Run{' ' if self.name else ''}{self.name}: {self.batch} batches done{inside}{last}"


def _known(unit: str) -> None:
    if unit not in UNITS:
        raise CutawayError(f"Steps are counted in {', '.join(map(repr, UNITS))}, not {unit!r}.")
