"""Questions that the glass answers, as data for a page: explain, why, health, picture, compare, examples.

The answers of the glass are dataclasses; they are made plain field by field, with their text beside them, so what the
glass learns to say reaches the page at once.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import glass
from ...engine.errors import CutawayError
from ...engine.op import Op
from ...engine.tape import Step, Tape
from .board import Board
from .branches import Branch, differences
from .wire import Answer, answer

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["compared", "evaluated", "examples", "explained", "health", "picture", "simple", "why"]

MOST = 4096  # numbers of an array that are told as a list
SHOWN = 8  # examples of a `why`
DEEP = 8


def simple(value: Any, depth: int = 0) -> Any:
    """What the glass says as plain data: dataclasses by their fields, an operation by its name and story.

    >>> from cutaway import ops
    >>> simple({"op": ops.relu})["op"]
    'relu'
    """
    from ...training.run import Run

    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Op):
        return value.name
    if isinstance(value, Tape | Run | Board) or depth > DEEP or callable(value):
        return None
    if isinstance(value, Step):
        return {"op": value.op.name, "label": value.label, "inputs": list(value.inputs), "output": value.output}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {name: simple(inner, depth + 1) for name, inner in pairs.items() if name != "run"}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return simple(value._asdict(), depth + 1)
    if isinstance(value, Mapping):
        return {str(name): simple(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist() if value.size <= MOST else None
    if isinstance(value, list | tuple | set | frozenset):
        return [simple(inner, depth + 1) for inner in value]
    return str(value)


def told(value: Any) -> dict[str, Any]:
    """An answer of the glass by its fields, and as text."""
    fields = simple(value)
    return {**(fields if isinstance(fields, dict) else {"items": fields}), "text": repr(value)}


def explained(run: Run | Board, number: int | None, at: list[int] | None) -> Answer:
    """A step told."""
    program = run.program
    if number is None and run.op < 2:
        raise CutawayError("No step of this batch is done yet. One step on, there is something to explain.")
    number = run.op - 2 if number is None else number
    if number >= len(program.steps):
        raise CutawayError(f"This program has {len(program.steps)} steps, counted from 0.")
    step = program.steps[number]
    if number > run.op - 2:
        numbers = f"It is step {number + 1} of {len(program.steps)}, and the run has done {max(0, run.op - 1)}."
        fields: dict[str, Any] = {"numbers": [numbers], "at": None, "ahead": True, "text": numbers}
    else:
        found = glass.explain(run, step, None if at is None else tuple(at))  # type: ignore[arg-type]
        fields = told(found)
        if at is None:
            at = _farthest(run.see(step.output))
    story = step.op.story
    fields |= {"step": number, "op": step.op.name, "label": step.label, "output": step.output, "at": at}
    fields["story"] = {
        "analogy": story.analogy,
        "formula": story.formula,
        "parts": list(story.parts.items()),
        "use": story.use,
        "notes": story.notes,
    }
    return answer("explained", **fields)


def _farthest(y: Any) -> list[int]:
    sizes = np.abs(np.nan_to_num(np.asarray(y, np.float64)))
    return [int(k) for k in np.unravel_index(int(np.argmax(sizes)), sizes.shape)] if sizes.size else []


def why(run: Run, name: str, index: list[int] | None, batch: int | None) -> Answer:
    """The change of one number, taken apart."""
    if batch is None:  # the batch that is open, once its update is done there; else the last one
        batch = run.batch - 1
    if not run.earliest <= batch <= run.batch + 1000:
        raise CutawayError(f"why: batch {batch} is not remembered; from {run.earliest} on it can be told.")
    name = name if name in run.state or f"optim/{name}" not in run.state else f"optim/{name}"
    found = glass.why(run, name, tuple(index) if index else (), batch)
    fields = told(found)
    for large in ("examples", "rows"):
        fields.pop(large, None)
    fields |= {"name": name, "index": list(index or ()), "batch": batch, "change": found.change}
    fields["rule"] = list(found.rule.items())
    shares = getattr(found, "examples", None)
    pictures: dict[str, Any] = {}
    if shares is not None and run.data is not None:
        shares = np.asarray(shares, np.float64)
        order = np.argsort(-np.abs(shares), kind="stable")[:SHOWN]
        rows = np.asarray(found.rows)[order]
        fields["examples"] = [
            {"row": int(row), "place": int(k), "part": float(shares[k]), "answer": _answer_of(run, int(row))}
            for k, row in zip(order, rows, strict=True)
        ]
        fields["others"] = {"count": len(shares) - len(order), "part": float(shares.sum() - shares[order].sum())}
        if run.data.x.ndim in (3, 4) and run.data.x.dtype.kind in "fu":
            pictures["pictures"] = as_pictures(run.data.x[rows])
    else:
        fields["examples"], fields["others"] = None, None
    return answer("why", pictures, **fields)


def _answer_of(run: Run, row: int) -> Any:
    assert run.data is not None
    y = run.data.y[row]
    return y.item() if y.size == 1 else None


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
    x = run.data.x[rows]
    if x.size > 1 << 20:
        raise CutawayError("These examples are too large to be sent at once; ask for fewer.")
    return answer(
        "examples", {"pictures": as_pictures(x)}, rows=rows, answers=run.data.y[rows], shape=run.data.x.shape[1:]
    )


def health(run: Run) -> Answer:
    """What the glass finds unhealthy; nothing on a healthy run."""
    ask = getattr(run, "health", None) or getattr(glass, "health", None)
    if ask is None:
        raise CutawayError("This version of Cutaway has no health().")
    found = ask() if hasattr(run, "health") else ask(run)
    return answer("health", **told(found))


def picture(run: Run, depth: str | None) -> Answer:
    """The network drawn, as data."""
    from ..picture import picture as draw

    return answer("picture", **draw(run, depth=depth or "boxes").data())


def compared(ours: Branch, other: Branch) -> Answer:
    """Where the parameters of two branches differ, and from where on they may."""
    fields: dict[str, Any] = {"a": ours.id, "b": other.id, "differences": differences(ours.run, other.run)}
    near, far = sorted((ours, other), key=lambda branch: branch.id)
    fields["from"] = {"batch": far.batch, "op": far.op} if near is not far else None
    return answer("compared", **fields)


def evaluated(run: Run) -> Answer:
    """Loss and metrics on the validation examples."""
    means = {name: value for name, value in run.evaluate().items() if math.isfinite(value)}
    return answer("evaluated", values=means)
