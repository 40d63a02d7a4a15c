"""Branches: runs that left one another, kept as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.errors import CutawayError

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Branch", "Branches"]

MOST = 16
LETTERS = "BCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Branch:
    """A run, and where it left another one."""

    id: int
    name: str
    run: Run
    parent: int | None = None
    batch: int = 0
    op: int = 0


class Branches:
    """The tree of branches, and the one that is looked at."""

    def __init__(self, run: Run) -> None:
        self.all: dict[int, Branch] = {0: Branch(0, "A", run)}
        self.selected = self.all[0]
        self._next = 1

    def fork(self, name: str | None) -> Branch:
        """A branch from where the selected run stands; it is selected."""
        if len(self.all) >= MOST:
            raise CutawayError(f"There are {MOST} branches; drop one before making another.")
        parent = self.selected
        number, self._next = self._next, self._next + 1
        name = (name or "").strip() or LETTERS[(number - 1) % len(LETTERS)]
        branch = Branch(number, name, parent.run.fork(), parent.id, parent.run.batch, parent.run.op)
        self.all[number] = self.selected = branch
        return branch

    def find(self, number: int) -> Branch:
        """A branch by its number."""
        if number not in self.all:
            raise CutawayError(f"There is no branch {number}; there are {', '.join(map(str, self.all))}.")
        return self.all[number]

    def drop(self, number: int) -> None:
        """Forget a branch; what left it now leaves where it left."""
        branch = self.find(number)
        if branch.parent is None:
            raise CutawayError(f"{branch.name} is the run itself; only what left it can be dropped.")
        del self.all[number]
        for other in self.all.values():
            if other.parent == number:
                other.parent = branch.parent
                other.batch, other.op = min((other.batch, other.op), (branch.batch, branch.op))
        if self.selected is branch:
            self.selected = self.all[branch.parent]

    def message(self) -> dict[str, Any]:
        """The fields of the answer `branches`."""
        return {"selected": self.selected.id, "list": [_told(branch) for branch in self.all.values()]}


def _told(branch: Branch) -> dict[str, Any]:
    edits = [
        {"batch": e.batch, "op": e.op, "name": e.name, "index": e.index, "value": _number(e.value)}
        for e in branch.run.history.events
        if e.kind == "edit" and (e.batch, e.op) >= (branch.batch, branch.op)
    ]
    now = {"batch": branch.run.batch, "op": branch.run.op}
    return {
        "id": branch.id,
        "name": branch.name,
        "parent": branch.parent,
        "batch": branch.batch,
        "op": branch.op,
        "now": now,
        "edits": edits[-64:],
    }


def _number(value: Any) -> Any:
    return np.asarray(value).item() if np.size(value) == 1 else None
