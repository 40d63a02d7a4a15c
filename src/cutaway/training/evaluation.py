"""Using the network of a run: loss and metrics over a set of examples, and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import CutawayError
from ..engine.tape import Tape
from . import machine
from .executor import Readable

if TYPE_CHECKING:
    from .run import Run

__all__ = ["evaluate", "predict"]


def evaluate(run: Run, data: Any, batch_size: int) -> dict[str, float]:
    """Means over all examples."""
    from .run import as_dataset

    examples = run.validation if data is None else as_dataset(data)
    if examples is None:
        raise CutawayError("evaluate: on which examples? run.evaluate(test), or Run(..., validation=...).")
    sums: dict[str, float] = {}
    with machine.threads(run.threads):
        for start in range(0, len(examples), batch_size):
            x, y = (run.typed(a[start : start + batch_size]) for a in (examples.x, examples.y))
            tape = run.programs.evaluation(x, y)
            for name, value in zip(tape.results, _call(run, tape, x, y), strict=True):
                if name != "outputs":
                    sums[name] = sums.get(name, 0.0) + float(value) * len(x)
    return {name: value / len(examples) for name, value in sums.items()}


def predict(run: Run, x: Any, batch_size: int) -> Any:
    """The outputs, example by example."""
    if getattr(x, "dtype", None) == np.uint8:
        x = np.divide(x, np.float32(255), dtype=np.float32)
    x = run.typed(np.asarray(x))
    if run.net is not None and run.data is not None:
        run.programs.evaluation(run.typed(run.data.x[:1]), run.typed(run.data.y[:1]))
    tape = run.programs.prediction(x)
    with machine.threads(run.threads):
        parts = [_call(run, tape, x[start : start + batch_size], None)[0] for start in range(0, len(x), batch_size)]
    return np.concatenate(parts) if parts else np.zeros((0,), x.dtype)


def _call(run: Run, tape: Tape, x: Any, y: Any) -> tuple[Any, ...]:
    averages = {name: f"optim/average/{name}" for name in tape.state}
    state = {name: run.state.get(average, run.state.get(name)) for name, average in averages.items()}
    return next(Readable(tape, state).replay([(x, y, np.int64(run.batch), np.int64(0))]))
