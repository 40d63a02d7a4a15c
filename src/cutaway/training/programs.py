"""The programs of a run: recorded when a batch of a new shape or setting is met, or taken from a saved run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Tape
from ..engine.errors import CutawayError, ShapeError
from ..engine.program import from_data, to_data
from ..nn import Module
from ..optim import Optimizer
from .executor import Readable
from .history import Settings
from .program import evaluation_program, training_program

__all__ = ["Programs"]

MOST = 16  # executors kept at a time


class Programs:
    """Finds the executor for a batch; all training executors work on one state."""

    def __init__(
        self,
        net: Module | None,
        loss: Callable[..., Any] | None,
        optimizer: Optimizer | None,
        state: dict[str, Any],
        seed: int,
        metrics: Sequence[str],
    ) -> None:
        self.net, self.loss, self.optimizer = net, loss, optimizer
        self.state, self.seed, self.metrics = state, seed, tuple(metrics)
        self.tapes: dict[str, Tape] = {}
        self.starts: dict[str, Any] = {}  # what the optimizer's memories begin with
        self._executors: dict[str, Readable] = {}

    def training(self, x: Any, y: Any, settings: Settings) -> Readable:
        """The executor that trains on batches like this one. The net must stand as the settings say."""
        key = f"train {_kind(x)} {_kind(y)} frozen={','.join(settings.frozen)} resting={','.join(settings.resting)}"
        executor = self._executors.get(key)
        if executor is None:
            tape = self._tape(key, lambda net, loss: self._record(net, loss, x, y))
            executor = Readable(tape, self.state)
            self._keep(key, executor)
        return executor

    def begin(self, program: Tape) -> None:
        """Put what the program remembers, and has not remembered before, into the state."""
        for name in program.state:
            if name not in self.state:
                weight = name.removeprefix("optim/average/")  # an average begins as its weight is now
                self.state[name] = np.array(self.state[weight] if weight != name else self.starts[name], order="C")

    def evaluation(self, x: Any, y: Any) -> Tape:
        """The program that uses the network on examples like these, whatever their number."""
        key = f"use {x.shape[1:]} {x.dtype} {y.shape[1:]} {y.dtype}"
        if key not in self.tapes and self.net is None:  # a saved run: the answers may be of any kind it knows
            key = next((k for k in self.tapes if k.startswith(f"use {x.shape[1:]} {x.dtype}")), key)
        return self._tape(key, lambda net, loss: evaluation_program(net, loss, x, y, metrics=self.metrics))

    def knows(self, x: Any) -> bool:
        """Is there a program that uses the network on examples of this very kind?"""
        return any(name.startswith(f"use {x.shape[1:]} {x.dtype}") for name in self.tapes)

    def prediction(self, x: Any) -> Tape:
        """The program from examples to outputs, without any answers."""
        key = f"predict {x.shape[1:]} {x.dtype}"
        if key not in self.tapes:
            used = [tape for name, tape in self.tapes.items() if name.startswith(f"use {x.shape[1:]} {x.dtype}")]
            if not used:
                known = sorted(name.split(") ")[0] + ")" for name in self.tapes if name.startswith("use "))
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

    def _record(self, net: Module, loss: Callable[..., Any], x: Any, y: Any) -> Tape:
        if self.optimizer is None:
            raise CutawayError("This run's optimizer is one of your own: import the file that defines it first.")
        known = [(tape.families.get("weight", []), tape.families.get("count", [])) for tape in self.tapes.values()]
        counts = {weight: count for names, of in known for weight, count in zip(names, of, strict=False)}
        tape = training_program(net, loss, self.optimizer, x, y, seed=self.seed, metrics=self.metrics, counts=counts)
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

    def _keep(self, key: str, executor: Readable) -> None:
        while len(self._executors) >= MOST:
            self._executors.pop(next(iter(self._executors)))
        self._executors[key] = executor


def _kind(array: Any) -> str:
    return f"{tuple(array.shape)} {array.dtype}"
