"""Questions about a run as a whole, answered for a page: health, picture, compare, examples, evaluate."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import glass
from ...engine.errors import CutawayError
from ..compare import compare
from .branches import Branch
from .wire import Answer, answer

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Checkup", "as_pictures", "compared", "evaluated", "examples", "picture"]

SELDOM = 20  # times as long as an examination took, until the next one
MOST_NUMBERS = 1 << 20  # of examples that are sent at once


class Checkup:
    """The health of a run, looked at so often that it costs a twentieth of the time at most.

    An examination may take seconds on a large run, and a page asks whenever it comes to rest; so what was found last
    is told again, with the moment it is from, until a new look is due or somebody asks for it.
    """

    def __init__(self) -> None:
        self._found: Answer | None = None
        self._of: tuple[int, int, int] | None = None  # branch, events, batch
        self._due = 0.0

    def answer(self, run: Run, branch: int, now: bool = False) -> Answer:
        """What the glass finds unhealthy; nothing on a healthy run."""
        here = branch, len(run.history.events), run.batch
        same_run = self._of is not None and self._of[:2] == here[:2]
        if self._found is not None and not now and (self._of == here or (same_run and perf_counter() < self._due)):
            return self._found
        begin = perf_counter()
        found = glass.health(run)
        items = [
            {
                "kind": one.kind,
                "level": "note",
                "text": one.said,
                "advice": one.advice,
                "where": {"batch": one.batch, "op": one.op},
                "name": one.where or None,
            }
            for one in found
        ]
        fields: dict[str, Any] = {"items": items, "text": repr(found), "looked": found.looked, "notes": found.notes}
        self._found, self._of = answer("health", of={"batch": run.batch, "op": run.op}, **fields), here
        self._due = perf_counter() + SELDOM * (perf_counter() - begin)
        return self._found


def as_pictures(x: Any) -> Any:
    """Examples as numbers that a page can draw."""
    x = np.asarray(x)
    return x if x.dtype == np.uint8 else x.astype(np.float32)


def examples(run: Run, rows: list[int]) -> Answer:
    """Examples out of the data, with their answers."""
    if run.data is None:
        raise CutawayError("The data of this run was not found.")
    wrong = [row for row in rows if row >= len(run.data)]
    if wrong:
        raise CutawayError(f"The data has {len(run.data):,} examples; there is no number {wrong[0]}.")
    if len(rows) * run.data.x[:1].size > MOST_NUMBERS:
        raise CutawayError("These examples are too large to be sent at once; ask for fewer.")
    answers = run.data.y[rows]
    fields = {"rows": rows, "answers": answers if answers.size <= 4096 else None, "shape": run.data.x.shape[1:]}
    return answer("examples", {"pictures": as_pictures(run.data.x[rows])}, **fields)


def picture(run: Run, depth: str | None) -> Answer:
    """The network drawn, as data."""
    return answer("picture", **glass.picture(run, depth=depth or "boxes").data())


def compared(ours: Branch, other: Branch) -> Answer:
    """Where the parameters of two branches differ, and the first batch that went differently."""
    both = None if ours is other else compare(ours.run, other.run)
    found = [
        {
            "name": d.name,
            "index": d.index,
            "largest": d.largest,
            "root_mean_square": d.root_mean_square,
            "relative": d.relative,
        }
        for d in (both.differences if both is not None else [])
    ]
    fields: dict[str, Any] = {"a": ours.id, "b": other.id, "differences": found}
    fields["from"] = {"batch": both.parted} if both is not None and both.parted is not None else None
    return answer("compared", **fields)


def evaluated(run: Run) -> Answer:
    """Loss and metrics on the validation examples."""
    return answer("evaluated", values=run.evaluate())
