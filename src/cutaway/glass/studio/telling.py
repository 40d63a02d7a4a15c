"""What a page is told of a run: what it is, the question of the moment, its results, and the news of its loss curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import cutaway

from ...engine.tape import Tape
from .board import Board
from .branches import Branch
from .commands import COMMANDS, UNITS
from .seeing import Seeing, sight_of
from .wire import Answer, answer
from .words import question

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Client", "about", "headline", "results"]

PROTOCOL = 1


class Client:
    """A page that is looking: its open views, and what it knows already."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.greeted = False  # it has said hello, so it hears what all pages share
        self.events: dict[int, Any] = {}  # of each branch, what had been changed by hand when it last heard
        self.place: tuple[Any, ...] | None = None  # what its newest frame showed
        self.seeing = Seeing()
        self.forget()

    def forget(self) -> None:
        """The page begins anew, so whatever it was told is told again."""
        self.views: dict[str, dict[str, Any]] = {}
        self.marks: dict[str, Any] = {}  # of the numbers that each view shows
        self.program = -1
        self.shared: dict[str, Any] = {}  # of the branches and conditions it was told, their marks
        self.curves: dict[int, list[Any]] = {}  # of each branch, the results it has been told

    def curve(self, branch: Branch) -> tuple[dict[str, Any], dict[str, Any]]:
        """What this page does not know yet of a branch's curve: points, and from where on they stand.

        Results are only ever cut off and added to, so where two lists hold the same object they agree up to there.
        """
        run, known = branch.run, self.curves.setdefault(branch.id, [])
        low, high = 0, min(len(known), len(run.results))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if known[middle - 1] is run.results[middle - 1] else (low, middle - 1)
        known[low:] = fresh = run.results[low:]
        columns = ["loss", *run.metrics]
        points = np.array(fresh, np.float32).reshape(len(fresh), len(columns))
        return {"curve": points}, {"branch": branch.id, "from": low, "columns": columns}


def about(run: Run) -> Answer:
    """What a run is: the answer `session`."""
    data = run.data
    classes = data is not None and data.y.dtype.kind in "iu" and data.y.size > 0
    told: dict[str, Any] = {
        "name": run.name,
        "examples": len(data) if data is not None else 0,
        "batch_size": run.settings.batch_size,
        "batches_per_epoch": len(run.loader()) if data is not None else 0,
        "seed": run.seed,
        "parameters": sum(a.size for name, a in run.state.items() if not name.startswith("optim/")),
        "network": repr(run.net) if run.net is not None else "",
        "loss": type(run.loss).__name__ if run.loss is not None else "",
        "optimizer": repr(run.optimizer) if run.optimizer is not None else "",
        "metrics": run.metrics,
        "own_code": run.net is not None,
        "notes": run.notes,
        "data": data is not None,
        "classes": int(data.y.max()) + 1 if data is not None and classes else None,
    }
    size = Board.size(run)
    single = sorted(name for name, array in run.state.items() if name.startswith("optim/") and not array.shape)
    knobs = [name for name in single if name.split("/")[1] != "t"]  # which counts the updates; nobody turns it
    return answer(
        "session",
        protocol=PROTOCOL,
        version=cutaway.__version__,
        run=told,
        units=UNITS,
        board=None if size is None or data is None else {"shape": size, "classes": data.classes or None},
        sight=sight_of(run),
        abilities=list(COMMANDS),
        state=list(run.state),
        knobs=knobs,
    )


def headline(run: Run, tape: Tape | None) -> str:
    """The question of this moment."""
    if tape is None or run.data is None:
        return "The data of this run is not here: its numbers can be seen, but it cannot go on."
    if run.op == 0:
        return (
            f"{run.batch:,} batches are done: what comes next?" if run.batch else "What does it know before it begins?"
        )
    if run.op == 1:
        return "Which examples come in this time?"
    return question(tape.steps[run.op - 2], tape)


def results(run: Run, tape: Tape | None) -> dict[str, Any]:
    """Loss and metrics: of this batch where they are computed, the last known ones otherwise."""
    names = ("loss", *run.metrics)
    last = dict(zip(names, run.results[-1], strict=False)) if run.results else {}
    if tape is not None and run.op >= 2:
        done = {step.output for step in tape.steps[: run.op - 1]}
        last |= {name: run.see(slot) for name, slot in tape.results.items() if slot in done}
    values = {name: float(np.asarray(value)) for name, value in last.items()}
    return {"loss": values.pop("loss", None), "metrics": values}
