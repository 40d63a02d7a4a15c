"""The loop of `Run.train`: progress, validation, early stopping, checkpoints, a clean pause. The training itself is
`Run.advance`, a few tens of milliseconds at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import CutawayError, NotFiniteError
from . import evaluation, machine
from .interrupt import Interrupt
from .progress import Progress, progress_for

if TYPE_CHECKING:
    from .run import Run

__all__ = ["best_epoch", "train"]

GLANCE = 0.1  # seconds between two looks at the clock, the bar and the stop button
TOLD = ("batch", "epoch", "paused", "finished")  # what a callback may want to hear of


def train(
    run: Run, progress: bool | None, folder: Path | None, every: float, patience: int | None, callbacks: Sequence[Any]
) -> None:
    """Drive the run to its goal."""
    _check_wishes(run, patience, callbacks)
    by_epoch = run.validation is not None or any(hasattr(c, "epoch") for c in callbacks)
    by_batch = any(hasattr(c, "batch") for c in callbacks)
    saved = monotonic()
    with machine.threads(run.threads), Interrupt() as interrupt, progress_for(progress) as bar:
        _show(run, bar)
        hit = None
        while run.batch < run.goal and not interrupt.asked and hit is None:
            begin = run.batch
            if by_batch:
                hit = run.onward(run.batch + 1)
            else:
                hit = run.onward(min(run.goal, _epoch_end(run)) if by_epoch else run.goal, GLANCE)
            broken = _first_not_finite(run, begin)
            if broken is not None and (hit is None or broken < hit.batch):
                _pause_before(run, broken, folder, callbacks)
            _tell(run, callbacks, "batch")
            if by_epoch and run.op == 0 and run.batch == _epoch_begin(run):  # not where a watch stopped inside one
                _epoch(run, patience is not None)
                _tell(run, callbacks, "epoch")
                if patience is not None and _patience_is_over(run, patience):
                    bar.say(_back_to_the_best(run, patience))
            _show(run, bar)
            if folder is not None and monotonic() - saved >= every:
                run.save(folder)
                saved = monotonic()
        run._publish()
        if folder is not None:
            run.save(folder)
        if hit is not None:
            bar.say(f"{hit} run.train() goes on to batch {run.goal}")
        elif interrupt.asked:
            bar.say(f"paused after batch {run.batch}; run.train() goes on to batch {run.goal}")
        _tell(run, callbacks, "paused" if interrupt.asked or hit is not None else "finished")


def _check_wishes(run: Run, patience: int | None, callbacks: Sequence[Any]) -> None:
    if patience is not None and run.validation is None:
        raise CutawayError("patience watches the validation loss: give Run(..., validation=...).")
    if patience is not None and patience < 1:
        raise CutawayError(f"patience is a number of epochs, 1 or more, not {patience}.")
    for callback in callbacks:
        if not any(hasattr(callback, what) for what in TOLD):
            raise CutawayError(f"{callback!r} has none of the methods that a callback may have: {', '.join(TOLD)}.")


# -- numbers that are none ----------------------------------------------------------------------------------------
def _first_not_finite(run: Run, begin: int) -> int | None:
    """The first batch from there on whose loss is NaN or infinite."""
    losses = [float(result[0]) for result in run.results[begin:]]
    if isfinite(sum(losses)):
        return None
    return next((begin + k for k, loss in enumerate(losses) if not isfinite(loss)), None)


def _pause_before(run: Run, batch: int, folder: Path | None, callbacks: Sequence[Any]) -> None:
    """Stand before the batch that broke, so that it can be walked and nothing is spoiled; say what to try."""
    loss = float(run.results[batch][0])
    run.at(batch)
    if folder is not None:
        run.save(folder)
    _tell(run, callbacks, "paused")
    slower = f"edit('alpha', {float(run.state['optim/alpha']) / 10:.2g})" if "optim/alpha" in run.state else ""
    raise NotFiniteError(
        f"The loss of batch {batch} is {loss}: the numbers have grown beyond all bounds. Training is paused before "
        "that batch, and nothing is lost. Shorter steps usually help: "
        f"run.{f'back({min(20, batch)}).' if batch else ''}{slower}, or clip_norm=1.0 in the optimizer. "
        "run.health() names the step where it began."
    )


# -- validation ---------------------------------------------------------------------------------------------------
def best_epoch(run: Run) -> int:
    """The batch at which the validation loss was lowest so far."""
    losses = {batch: means["loss"] for batch, means in run.validations.items() if batch <= run.batch}
    return min(losses, key=lambda batch: (losses[batch] if isfinite(losses[batch]) else inf, batch))


def _patience_is_over(run: Run, patience: int) -> bool:
    seen = [batch for batch in run.validations if batch <= run.batch]
    return sum(batch > best_epoch(run) for batch in seen) >= patience


def _back_to_the_best(run: Run, patience: int) -> str:
    """Early stopping; returns what there is to say."""
    best = best_epoch(run)
    if best >= run.earliest:
        run.at(best)
    run.goal = run.batch
    end = f"going back to batch {best}, the best by validation loss"
    if run.batch != best:  # a large run, resumed
        end = f"batch {best} was the best, but it is not remembered any more, so the run stays here"
    return f"no better for {patience} epoch{'s' * (patience > 1)}: {end}"


def _epoch(run: Run, keep_best: bool) -> None:
    if run.validation is not None:
        run.validations[run.batch] = evaluation.evaluate(run, None, 256)
        if keep_best and best_epoch(run) == run.batch:  # the way back to the best must stay short
            run.history.kept = {run.batch}
            run.history.add(run.batch, run.state.standing(), run.seconds_a_batch)


def _tell(run: Run, callbacks: Sequence[Any], what: str) -> None:
    told = [c for c in callbacks if hasattr(c, what)]
    if told:
        run._publish()
    for callback in told:
        getattr(callback, what)(run)
        run.settle()  # should it have done more than watch, that is part of the history


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
    validated = [batch for batch in run.validations if batch <= run.batch]
    if validated:
        values |= {f"validation {k}": v for k, v in run.validations[max(validated)].items()}
    per_epoch = len(run.loader())
    last = -(-run.number(run.goal) // per_epoch)
    bar.show(run.batch, run.goal, f"epoch {min(run.epoch + 1, max(1, last))}/{max(1, last)}", values)
