"""The programs of a run: recorded when a batch of a new shape or setting is met, or taken from a saved run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..engine import Tape
from ..engine.errors import CutawayError, ShapeError
from ..engine.plan.state import State
from ..engine.program import from_data, to_data
from ..nn import Module
from ..optim import Optimizer
from .executor import Inputs, Readable
from .history import Settings
from .planned import Planned, Planner
from .program import evaluation_program, training_program
from .stepping import Stepping, hangs_on

__all__ = ["Programs"]

MOST = 16  # executors kept at a time


class Programs:
    """Finds the executor for a batch; all training executors work on one state."""

    def __init__(
        self,
        net: Module | None,
        loss: Callable[..., Any] | None,
        optimizer: Optimizer | None,
        state: State,
        seed: int,
        metrics: Sequence[str],
    ) -> None:
        self.net, self.loss, self.optimizer = net, loss, optimizer
        self.state, self.seed, self.metrics = state, seed, tuple(metrics)
        self.tapes: dict[str, Tape] = {}
        self.starts: dict[str, Any] = {}  # what the optimizer's memories begin with
        self.planner = Planner()
        self.plan = True  # False: the readable forwards, one after the other
        self.hanging: dict[str, str] = {}  # programs that hang on more than shapes, and on what
        self._executors: dict[str, Readable] = {}

    def training(self, inputs: Inputs, settings: Settings, another: Callable[[], Inputs | None]) -> Readable:
        """The executor that trains on batches like this one. The net must stand as the settings say.

        another: gives one more batch of this shape, or None; what is recorded on it must be the same program
        """
        x, y, *_ = inputs
        key = f"train {_kind(x)} {_kind(y)} frozen={','.join(settings.frozen)} resting={','.join(settings.resting)}"
        executor = self._executors.get(key)
        if executor is None:
            fresh = key not in self.tapes
            tape = self._tape(key, lambda net, loss: self._record(net, loss, inputs))
            if fresh:
                self.hanging[key] = self._hangs_on(tape, another)
            if self.hanging.get(key):
                executor = Stepping(tape, self.state, self._record_now)
            else:
                executor = Planned(tape, self.state, self.planner) if self.plan else Readable(tape, self.state)
            self._keep(key, executor)
        return executor

    def _hangs_on(self, tape: Tape, another: Callable[[], Inputs | None]) -> str:
        """Does the program hang on more than shapes? Then it is said, once."""
        other = None if tape.reads else another()
        assert self.net is not None and self.loss is not None
        why = hangs_on(tape, None if other is None else self._record(self.net, self.loss, other))
        why = why or self.hangs  # what it does at one size of a batch it does at another
        if why and not any(self.hanging.values()):
            warnings.warn(
                f"This network cannot be planned ahead: {why}. So every batch is recorded anew and done step by step: "
                "right, but slower. ops.where(condition, a, b) chooses without looking.",
                stacklevel=2,
            )
        return why

    @property
    def hangs(self) -> str:
        """What programs of this network hang on besides shapes; "" if on nothing."""
        return next(filter(None, self.hanging.values()), "")

    def _record_now(self, inputs: tuple[Any, ...]) -> Tape:
        """The program of this very batch, with the network as it is now."""
        net, loss = self._made_of(self.state)
        return self._record(net, loss, inputs)

    def _made_of(self, numbers: Mapping[str, Any]) -> tuple[Module, Callable[..., Any]]:
        """The network, with these numbers in it, and its loss."""
        if self.net is None or self.loss is None:
            raise CutawayError(
                f"What this network does hangs on more than shapes: {self.hangs}. So the saved run cannot do without "
                "it. Give it its network: Run.resume(path, net=..., loss=...)."
            )
        for name, parameter in {**self.net.root().named_parameters(), **self.net.named_buffers()}.items():
            parameter.data = numbers[name]
        return self.net, self.loss

    def used_now(self, x: Any, y: Any, numbers: Mapping[str, Any]) -> dict[str, Any]:
        """The results of just these examples, by a network that hangs on them: recorded, and that is all."""
        tape = evaluation_program(*self._made_of(numbers), x, y, metrics=self.metrics)
        return {name: tape.values[slot] for name, slot in tape.results.items()}

    def begin(self, program: Tape) -> None:
        """Put what the program remembers, and has not remembered before, into the state."""
        for name in program.state:
            if name not in self.state:
                weight = name.removeprefix("optim/average/")  # an average begins as its weight is now
                self.state[name] = np.array(self.state[weight] if weight != name else self.starts[name], order="C")

    def evaluation(self, x: Any, y: Any) -> Tape:
        """The program that uses the network on examples like these.

        While the network is there it is recorded for every number of examples, since a layer of a reader's own may
        count them. The layers of Cutaway do not, so a saved run uses what it has for any number.
        """
        kind = f"{_use(x)} {y.shape[1:]} {y.dtype}"
        key = f"{kind} x {len(x)}"
        if key not in self.tapes and self.net is None:  # the answers may be of any kind it knows
            near = [k for like in (kind, _use(x)) for k in self.tapes if k.startswith(like)]
            key = near[0] if near else key
        self._make_room()
        return self._tape(key, lambda net, loss: evaluation_program(net, loss, x, y, metrics=self.metrics))

    def knows(self, x: Any) -> bool:
        """Is there a program that uses the network on examples of this very kind?"""
        return any(name.startswith(_use(x)) for name in self.tapes)

    def prediction(self, x: Any) -> Tape:
        """The program from examples to outputs, without any answers."""
        key = f"predict {x.shape[1:]} {x.dtype} x {len(x)}"
        if key not in self.tapes:
            names = sorted((name for name in self.tapes if name.startswith(_use(x))), key=lambda n: not _of(n, len(x)))
            used = [self.tapes[name] for name in names]
            if not used:
                known = sorted({name.split(") ")[0] + ")" for name in self.tapes if name.startswith("use ")})
                made_for = ", ".join(k[4:] for k in known)
                one = f"If this is one single example, write x[None], shape {(1, *x.shape)}."
                raise ShapeError(
                    f"predict: this run was made for examples of shape {made_for}, and these have {x.shape[1:]}: "
                    f"side 0 counts the examples. {one if str(x.shape) in made_for else ''}".rstrip()
                )
            tape = from_data(*to_data(used[0]))
            tape.results = {"outputs": tape.results["outputs"]}
            self.tapes[key] = tape.prune()
        return self.tapes[key]

    def _record(self, net: Module, loss: Callable[..., Any], inputs: tuple[Any, ...]) -> Tape:
        if self.optimizer is None:
            raise CutawayError("This run's optimizer is one of your own: import the file that defines it first.")
        known = [(tape.families.get("weight", []), tape.families.get("count", [])) for tape in self.tapes.values()]
        counts = {weight: count for names, of in known for weight, count in zip(names, of, strict=False)}
        x, y, step, _ = inputs
        how: dict[str, Any] = {"seed": self.seed, "metrics": self.metrics, "counts": counts, "step": int(step)}
        tape = training_program(net, loss, self.optimizer, x, y, **how)
        for name, slot in tape.state.items():
            if name.startswith("optim/"):
                self.starts.setdefault(name, tape.values[slot])
        return tape

    def _tape(self, key: str, record: Callable[[Module, Callable[..., Any]], Tape]) -> Tape:
        if key not in self.tapes:
            if self.net is None or self.loss is None:
                raise CutawayError(
                    "This saved run carries the programs it was trained with, and none for this "
                    f"({key}). Give it its network: Run.resume(path, net=..., loss=...)."
                )
            self.tapes[key] = record(self.net, self.loss)
        return self.tapes[key]

    def standing(self, size: int) -> dict[str, Tape]:
        """The programs that a saved run carries: of those that use the network the ones for so many examples."""
        return {
            name: tape
            for name, tape in self.tapes.items()
            if name.startswith("train ") or (name.startswith("use ") and (self.net is None or _of(name, size)))
        }

    def _make_room(self) -> None:
        """Let the oldest programs go that only use the network, when there are many: they are soon recorded again."""
        used = [name for name in self.tapes if not name.startswith("train ")]
        for name in used[: max(0, len(used) - MOST)] if self.net is not None else ():
            del self.tapes[name]

    def _keep(self, key: str, executor: Readable) -> None:
        while len(self._executors) >= MOST:
            self._executors.pop(next(iter(self._executors)))
        self._executors[key] = executor


def _kind(array: Any) -> str:
    return f"{tuple(array.shape)} {array.dtype}"


def _use(x: Any) -> str:
    return f"use {x.shape[1:]} {x.dtype}"


def _of(name: str, size: int) -> bool:
    return name.endswith(f" x {size}")
