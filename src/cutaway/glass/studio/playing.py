"""Going on, for whoever pulls: a little further with every call, and always at a place where everything can be seen.

By batch or epoch the place inside the batch is kept: whoever looks at step 12 sees step 12 of a later batch. Between
two looks the run advances as it does when nobody watches.
"""

from __future__ import annotations

from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ...training import machine

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Player", "forward"]

ENDLESS = 2**62
PATIENT = 0.4  # seconds: what takes longer is played, so that a page stays in hand


class Player:
    """How a run is being played: by what, how fast, to where; and how much of it is owed."""

    def __init__(self) -> None:
        self.playing = False
        self.unit, self.speed = "batch", None
        self.place = 0  # how many moments of a batch have passed wherever it stops
        self.until: tuple[int, int] | None = None
        self.past = False  # on the way to a moment that has been already: nothing there is a reason to stop
        self.rate = 0.0  # batches a second
        self.trained = 0.0  # seconds of the last tick in which batches were trained at full speed
        self._owed, self._before = 0.0, 0.0

    speed: float | None

    def start(
        self, run: Run, unit: str, speed: float | None, until: tuple[int, int] | None = None, past: bool = False
    ) -> None:
        """Begin to play."""
        self.playing, self.unit, self.speed, self.until, self.past = True, unit, speed, until, past
        self.place = run.op if until is None else until[1]
        self._owed, self._before = 1.0, perf_counter()

    def pause(self) -> None:
        """Play no further."""
        self.playing = False

    @property
    def wait(self) -> float:
        """Milliseconds until the next unit is due."""
        return 0.0 if self.speed is None else max(0.0, (1.0 - self._owed) / self.speed * 1000)

    def tick(self, run: Run, seconds: float) -> Any:
        """Go on for about so many seconds; returns what stopped it (a hit of a watch, or a sentence), or None."""
        begin, batch = perf_counter(), run.batch
        told: Any = None
        if self.past:
            self._again(run, seconds)
        else:
            told = self._paced(run, seconds) if self.speed is not None else self._fast(run, seconds)
        took = perf_counter() - begin
        if run.batch > batch:
            now = (run.batch - batch) / max(took, begin - self._before if self.speed is not None else took, 1e-9)
            self.rate = 0.7 * self.rate + 0.3 * now if self.rate else now
            self._before = begin
        arrived = self.until is not None and (run.batch, run.op) >= self.until
        if told is not None or arrived:
            self.pause()
        return told

    def _fast(self, run: Run, seconds: float) -> Any:
        stop = ENDLESS if self.until is None else self.until[0]
        if self.unit in ("op", "layer"):
            limit = perf_counter() + seconds
            while perf_counter() < limit and not self._there(run):
                told = forward(run, self.unit)
                if told is not None:
                    return told
            return None
        begin, took = run.seconds, perf_counter()
        told = batches(run, stop, self.place, seconds)
        self.trained = min(run.seconds - begin, perf_counter() - took)
        return told

    def _again(self, run: Run, seconds: float) -> None:
        """Through batches that have been, to the moment that is gone back to."""
        assert self.until is not None
        batch, op = self.until
        run.advance(batch, seconds)
        if run.batch == batch:
            run.at(batch, min(op, len(run.program.steps) + 1))
        else:
            run._publish()

    def _paced(self, run: Run, seconds: float) -> Any:
        assert self.speed is not None
        begin = perf_counter()
        self._owed = min(self._owed + (begin - self._before) * self.speed, max(1.0, 0.25 * self.speed))
        self._before = begin
        while self._owed >= 1 and not self._there(run):
            count = int(self._owed) if self.unit == "batch" else 1
            told = forward(run, self.unit, count, seconds)
            self._owed -= count
            if told is not None:
                return told
            if perf_counter() - begin > seconds:
                self._owed = min(self._owed, 1.0)
                break
        return None

    def _there(self, run: Run) -> bool:
        return self.until is not None and (run.batch, run.op) >= self.until


def forward(run: Run, unit: str, n: int = 1, seconds: float | None = None) -> Any:
    """Go on by n units; batches and epochs to the same place of a later batch. What stopped it, or None."""
    if unit in ("batch", "epoch"):
        stop = run.batch + n * (1 if unit == "batch" else len(run.loader()))
        return batches(run, stop, run.op, seconds)
    for _ in range(n):
        told = _steps(run, unit)
        if told is not None:
            return told
    return None


def takes(run: Run, batch: int, start: int | None = None) -> bool:
    """Would going there (from the batch `start`, or from here) take too long for one answer?

    As long as nothing was trained nobody knows.
    """
    ahead = batch - (run.batch if start is None else start)
    return ahead > 1 and (not run.seconds_a_batch or ahead * run.seconds_a_batch > PATIENT)


def batches(run: Run, stop: int, place: int, seconds: float | None = None) -> Any:
    """To a place of batch `stop`; with seconds, to that place of an earlier one when about so many are over."""
    limit = None if seconds is None else perf_counter() + seconds
    begin = run.batch
    told = walk(run, ENDLESS) if run.op and run.batch < stop else None
    if told is not None:
        return told
    left = None if limit is None else limit - perf_counter() - (run.seconds_a_batch if place else 0.0)
    if run.batch < stop and (left is None or left > 0):
        told = _advance(run, stop, left)
    told = told or _broken(run, begin)
    if told is not None:
        return told
    return walk(run, place)


def walk(run: Run, place: int) -> Any:
    """On to where so many moments of this batch have passed, or to its end."""
    if run.op >= place:
        return None
    if place != ENDLESS:
        place = min(place, len(run.program.steps) + 1)
    watches = run.watches
    watches.begin()
    for moment in run.moments():
        hit = watches.look(moment)
        if hit is not None:
            return hit
        if moment.kind == "batch" or run.op >= place:
            return None
    return None


def _steps(run: Run, unit: str) -> Any:
    """One operation, or to the end of a layer."""
    watches, steps = run.watches, run.program.steps
    watches.begin()
    for moment in run.moments():
        hit = watches.look(moment)
        if hit is not None or unit == "op" or moment.kind == "batch":
            return hit
        ahead = steps[run.op - 1].label if run.op <= len(steps) else "batch"
        if ahead != moment.label:
            return None
    return None


def _advance(run: Run, stop: int, seconds: float | None) -> Any:
    with machine.threads(run.threads):
        hit = run.onward(stop, seconds)
    run._publish()  # the network that a reader holds shows the numbers of the run
    return hit


def _broken(run: Run, begin: int) -> str | None:
    """A loss that is no number: stand before the batch that broke, where nothing is spoiled."""
    losses = [float(result[0]) for result in run.results[begin:]]
    if isfinite(sum(losses)):
        return None
    bad = next((begin + k for k, loss in enumerate(losses) if not isfinite(loss)), None)
    if bad is None:
        return None
    loss = losses[bad - begin]
    run.at(bad)
    return (
        f"The loss of batch {bad} is {loss}: the numbers have grown beyond all bounds. The run stands before that "
        "batch, and nothing is lost. Walk it step by step to see where it begins, or go back and make alpha smaller."
    )
