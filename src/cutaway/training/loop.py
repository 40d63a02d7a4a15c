"""The loop of `Run.train`: progress, validation, early stopping, checkpoints, a clean pause. The training itself is
`Run.advance`, a few tens of milliseconds at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from . import evaluation, machine
from .interrupt import Interrupt
from .progress import Progress, progress_for

if TYPE_CHECKING:
    from .run import Run

__all__ = ["best_epoch", "train"]

GLANCE = 0.1  # seconds between two looks at the clock, the bar and the stop button


def train(
    run: Run, progress: bool | None, folder: Path | None, every: float, patience: int | None, callbacks: Sequence[Any]
) -> None:
    """Drive the run to its goal."""
    by_epoch = run.validation is not None or any(hasattr(c, "epoch") for c in callbacks)
    by_batch = [c for c in callbacks if hasattr(c, "batch")]
    if patience is not None and run.validation is None:
        from ..engine.errors import CutawayError

        raise CutawayError("patience watches the validation loss: give Run(..., validation=...).")
    saved = monotonic()
    with machine.threads(run.threads), Interrupt() as interrupt, progress_for(progress) as bar:
        _show(run, bar)
        while run.batch < run.goal and not interrupt.asked:
            stop = min(run.goal, _epoch_end(run)) if by_epoch else run.goal
            if by_batch:
                run.advance(run.batch + 1)
                _tell(run, by_batch, "batch")
            else:
                run.advance(stop, GLANCE)
            _show(run, bar)
            if by_epoch and run.batch == _epoch_begin(run):
                _epoch(run, bar, callbacks)
                if patience is not None and _patience_is_over(run, patience):
                    best = best_epoch(run)
                    bar.say(f"no better for {patience} epochs: going back to batch {best}, the best by validation loss")
                    run.at(best)
                    run.goal = run.batch
            if folder is not None and monotonic() - saved >= every:
                run.save(folder)
                saved = monotonic()
        run._publish()
        if folder is not None:
            run.save(folder)
        if interrupt.asked:
            bar.say(f"paused after batch {run.batch}; run.train() goes on to batch {run.goal}")
        _tell(run, callbacks, "paused" if interrupt.asked else "finished")


def best_epoch(run: Run) -> int:
    """The batch at which the validation loss was lowest."""
    return min(run.validations, key=lambda batch: (run.validations[batch]["loss"], batch))


def _patience_is_over(run: Run, patience: int) -> bool:
    seen = [batch for batch in run.validations if batch <= run.batch]
    return sum(batch > best_epoch(run) for batch in seen) >= patience


def _epoch(run: Run, bar: Progress, callbacks: Sequence[Any]) -> None:
    if run.validation is not None:
        run.validations[run.batch] = evaluation.evaluate(run, None, 256)
        if best_epoch(run) == run.batch:  # the way back to the best must stay short
            run.history.kept = {run.batch}
            if not run.history.at(run.batch):
                run.history.add(run.batch, run.state, run.seconds_a_batch)
    _show(run, bar)
    _tell(run, callbacks, "epoch")


def _tell(run: Run, callbacks: Sequence[Any], what: str) -> None:
    told = [c for c in callbacks if hasattr(c, what)]
    if told:
        run._publish()
    for callback in told:
        getattr(callback, what)(run)


def _epoch_begin(run: Run) -> int:
    """The batch at which the epoch began that is going on now."""
    return run.batch - run.number(run.batch) % len(run.loader())


def _epoch_end(run: Run) -> int:
    return _epoch_begin(run) + len(run.loader())


def _show(run: Run, bar: Progress) -> None:
    recent = run.results[-50:]
    values = {}
    if recent:
        means = np.array(recent, np.float64).mean(axis=0)
        values = {name: float(mean) for name, mean in zip(("loss", *run.metrics), means, strict=True)}
    if run.validations:
        values |= {f"validation {k}": v for k, v in run.validations[max(run.validations)].items()}
    per_epoch = len(run.loader())
    last = -(-run.number(run.goal) // per_epoch)
    bar.show(run.batch, run.goal, f"epoch {min(run.epoch + 1, max(1, last))}/{max(1, last)}", values)
