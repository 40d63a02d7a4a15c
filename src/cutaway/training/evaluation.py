"""Using the network of a run: loss and metrics over a set of examples, and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import CutawayError
from ..engine.tape import Tape
from . import machine
from .clockwork import Clockwork
from .executor import Readable
from .parts import as_dataset, as_examples, whole
from .planned import Planned

if TYPE_CHECKING:
    from .run import Run

__all__ = ["check", "evaluate", "predict"]

Caller = Callable[..., dict[str, Any]]


def check(run: Clockwork, x: Any, y: Any) -> None:
    """Look at all answers, where shapes cannot tell (a class number that no output stands for)."""
    x, y = run.typed(x[:1]), run.typed(y)
    program = run.programs.evaluation(x, y[:1])
    executor = Readable(program, _state(run, program))
    steps = executor.walk((x, y[:1], np.int64(0), np.int64(0)))
    for step in program.steps:
        if program.inputs["y"] in step.inputs:
            step.op.verify(*[y if s == program.inputs["y"] else executor.values[s] for s in step.inputs], **step.attrs)
        next(steps)


def evaluate(run: Run, data: Any, batch_size: int) -> dict[str, float]:
    """Means over all examples."""
    examples = run.validation if data is None else as_dataset(data)
    if examples is None:
        raise CutawayError("evaluate: on which examples? run.evaluate(test), or Run(..., validation=...).")
    sums: dict[str, float] = {}
    with machine.threads(run.threads):
        check(run, examples.x, examples.y)
        callers: dict[int, Caller] = {}
        for start in range(0, len(examples), _size(batch_size)):
            x, y = (run.typed(a[start : start + batch_size]) for a in (examples.x, examples.y))
            if run.programs.hangs:
                callers[len(x)] = _looking(run)
            elif len(x) not in callers:
                callers[len(x)] = _caller(run, run.programs.evaluation(x, y))
            for name, value in callers[len(x)](x, y).items():
                if name != "outputs":
                    sums[name] = sums.get(name, 0.0) + float(value) * len(x)
    return {name: value / len(examples) for name, value in sums.items()}


def predict(run: Run, x: Any, batch_size: int) -> Any:
    """The outputs, example by example."""
    x = run.typed(as_examples(x))
    if run.net is not None and run.data is not None and not run.programs.knows(x):
        run.programs.evaluation(run.typed(run.data.x[:1]), run.typed(run.data.y[:1]))
    if x.dtype.kind != "f" and not run.programs.knows(x):
        x = x.astype(run.dtype)
    callers: dict[int, Caller] = {}
    parts = []
    with machine.threads(run.threads):
        for start in range(0, len(x), _size(batch_size)):
            part = x[start : start + batch_size]
            if run.programs.hangs:
                callers[len(part)] = _looking(run)
            elif len(part) not in callers:
                if run.net is not None and run.data is not None and run.programs.knows(part):
                    run.programs.evaluation(part, _answers(run, len(part)))
                callers[len(part)] = _caller(run, run.programs.prediction(part))
            parts.append(callers[len(part)](part)["outputs"])
    return np.concatenate(parts) if parts else np.zeros((0,), x.dtype)


def _size(batch_size: int) -> int:
    if whole("batch_size", batch_size) < 1:
        raise CutawayError(f"batch_size is {batch_size}, and a batch holds at least one example.")
    return batch_size


def _caller(run: Clockwork, program: Tape) -> Caller:
    """The program as a function of examples, and answers where it needs them."""
    state, names = _state(run, program), list(program.results)
    planned = run.programs.plan and not program.reads
    executor = Planned(program, state, run.programs.planner) if planned else Readable(program, state)

    def call(x: Any, y: Any = None) -> dict[str, Any]:
        (results,) = executor.replay([(x, y, np.int64(run.batch), np.int64(0))])
        return dict(zip(names, results, strict=True))

    return call


def _looking(run: Run) -> Caller:
    """The same for a network that looks at its numbers, and does with these examples what it may not with others."""
    numbers = {name: run.state.get(f"optim/average/{name}", value) for name, value in run.state.items()}

    def call(x: Any, y: Any = None) -> dict[str, Any]:
        if y is None and run.data is None:
            raise CutawayError("The data of this run was not found, and its network cannot be used without.")
        try:
            return run.programs.used_now(x, _answers(run, len(x)) if y is None else y, numbers)
        finally:
            run._publish()

    return call


def _answers(run: Run, count: int) -> Any:
    """So many answers, whichever: where only the outputs are asked for."""
    assert run.data is not None
    return run.typed(np.resize(run.data.y, (count, *run.data.y.shape[1:])))


def _state(run: Clockwork, tape: Tape) -> dict[str, Any]:
    """What the network is used with: the averages of its weights, where there are any."""
    return {name: run.state.get(f"optim/average/{name}", run.state.get(name)) for name in tape.state}
