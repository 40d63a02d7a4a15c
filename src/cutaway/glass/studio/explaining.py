"""How a number came about and why a weight moved, as data for a page: the same answers as those of the glass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import glass
from ...engine.errors import CutawayError
from ...engine.tape import Step
from ..telling.inside import farthest
from ..telling.rows import Case
from ..telling.told import Explained
from ..terms import Terms, terms
from .asking import as_pictures
from .board import Board
from .wire import Answer, answer

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["explained", "why"]

SHOWN = 8  # terms of a sum, examples of a `why`
OPENED = 40  # smaller steps of one that is opened
SEEN = 4096  # products that are sent as pictures


def explained(run: Run | Board, number: int | None, at: list[int] | None, inside: bool = False) -> Answer:
    """A step told, with its terms where its number is a sum; with `inside` also in the smaller steps it is made of."""
    program = run.program
    if number is None and run.op < 2:
        raise CutawayError("No step of this batch is done yet. One step on, there is something to explain.")
    number = run.op - 2 if number is None else number
    if number >= len(program.steps):
        raise CutawayError(f"This program has {len(program.steps)} steps, counted from 0.")
    step, place = program.steps[number], None if at is None else tuple(at)
    found = _on_board(run, step, place) if isinstance(run, Board) else glass.explain(run, step, place)
    story, case = step.op.story, found.case
    fields: dict[str, Any] = {
        "step": number,
        "op": step.op.name,
        "label": step.label,
        "output": step.output,
        "at": None if case is None else case.at,
        "value": None if case is None else case.value,
        "story": {
            "analogy": story.analogy,
            "formula": story.formula,
            "parts": list(story.parts.items()),
            "use": story.use,
            "notes": story.notes,
        },
        "rows": [row._asdict() for row in found.rows],
        "numbers": found.numbers or ([found.note] if case is None and found.note else []),
        "reads": found.reads,
        "note": found.note,
        "text": repr(found),
    }
    if inside and found.can_open:
        small = found.opened().inside[:OPENED]
        fields["inside"] = [{"title": one.title, "numbers": one.numbers or [one.story.formula]} for one in small]
    pictures: dict[str, Any] = {}
    if case is not None:
        with np.errstate(all="ignore"):
            parts = terms(case.op, case.arrays, case.attrs, case.y, case.at)
        if parts is not None and len(parts.values):
            fields["terms"] = _terms(case, parts)
            pictures = _pictures(case, parts, fields)
    return answer("explained", pictures, **fields)


def _on_board(board: Board, step: Step, at: tuple[int, ...] | None) -> Explained:
    """The same, of what was drawn."""
    y = board.see(step.output)
    if at is None:
        far = int(np.argmax(np.abs(np.nan_to_num(y)))) if y.size else 0
        at = tuple(int(k) for k in np.unravel_index(far, y.shape)) if y.size else ()
    if len(at) != y.ndim or any(not 0 <= k < n for k, n in zip(at, y.shape, strict=False)):
        raise CutawayError(f"explain: {step.op.name} gave an array of shape {y.shape}, so {at} names no number of it.")
    case = Case(step.op, [board.see(slot) for slot in step.inputs], step.attrs, y, at)
    return Explained(step.op.name, step.label, step.op.story, case)


def _terms(case: Case, found: Terms) -> dict[str, Any]:
    """The largest terms of a sum by their names and factors, and what the others make together."""
    values = np.asarray(found.values, np.float64)
    order = np.argsort(-np.abs(values), kind="stable")[:SHOWN]
    parts = []
    for k in order:
        where = zip(found.inputs, found.places, strict=True)
        names = [case.here(int(inputs[k]), int(places[k])) for inputs, places in where]
        factors = [[name, float(numbers[k])] for name, numbers in zip(names, found.numbers, strict=True)]
        if found.before[k] != 1:
            factors.insert(0, ["", float(found.before[k])])
        parts.append({"name": " × ".join(names), "example": None, "factors": factors, "value": float(values[k])})
    left = {"count": len(values) - len(order), "value": float(values.sum() - values[order].sum())}
    return {"parts": parts, "more": left, "constant": found.constant, "total": found.total}


def _pictures(case: Case, found: Terms, fields: dict[str, Any]) -> dict[str, Any]:
    """What a neuron sees, its weights, and their products, as three pictures of one shape."""
    count = len(found.values)
    if len(found.numbers) != 2 or not 4 <= count <= SEEN:
        return {}
    order = np.argsort(found.places[0], kind="stable")
    rows = next(k for k in range(int(count**0.5), 0, -1) if count % k == 0)
    if case.op.name == "conv2d" and count % case.arrays[1].shape[-1] == 0:
        rows = count // case.arrays[1].shape[-1]
    fields["pictures"] = {"shape": [rows, count // rows], "words": case.names[:2]}
    inputs, weights = (np.asarray(one, np.float32)[order] for one in found.numbers)
    return {"inputs": inputs, "weights": weights, "products": np.asarray(found.values, np.float32)[order]}


def why(run: Run, name: str, index: list[int] | None, batch: int | None) -> Answer:
    """The change of one number, taken apart by rule, by example and by path."""
    batch = run.batch - 1 if batch is None else batch
    if run.batch and not run.earliest <= batch < run.batch:
        raise CutawayError(f"why: batches {run.earliest} to {run.batch - 1} can be told, not {batch}.")
    found = glass.why(run, name, _most_moved(run, name, batch) if index is None else tuple(index), batch)
    views = {"rule": found.by_rule(), "example": found.by_example(), "path": found.by_path(), "chain": found.by_chain()}
    fields: dict[str, Any] = {
        "name": name,
        "index": found.index,
        "batch": batch,
        "before": found.before,
        "after": found.after,
        "change": found.change,
        "gradient": found.gradient,
        "rule": list(found.rule.items()),
        "parts": [[source, part.factor, part.number] for source, part in found.parts.items()],
        "split": found.split,
        "sentence": found.sentence,
        "views": {title: [row._asdict() for row in rows] for title, rows in views.items()},
        "text": repr(found),
        "examples": None,
        "others": None,
    }
    pictures: dict[str, Any] = {}
    if found.examples is not None:
        shares = np.asarray(found.examples, np.float64)
        order = np.argsort(-np.abs(shares), kind="stable")[:SHOWN]
        fields["examples"] = [_example(found, int(k)) for k in order]
        rest = float(shares.sum() - shares[order].sum())
        fields["others"] = {"count": len(shares) - len(order), "part": rest}
        x = np.asarray(found.batch_x)
        if x.ndim in (3, 4) and x.dtype.kind in "fu":
            pictures["pictures"] = as_pictures(x[order])
    return answer("why", pictures, **fields)


def _most_moved(run: Run, name: str, batch: int) -> tuple[int, ...]:
    """Where in a weight the number stands that this batch has moved most."""
    if not run.batch or name not in run.state:
        return ()  # which is refused in words
    other = run.fork()
    other.go(batch + 1)
    after = other.state[name].copy()
    other.go(batch)
    return farthest(np.asarray(after, np.float64) - other.state[name])


def _example(found: glass.Why, k: int) -> dict[str, Any]:
    """One example of the batch: what it gave, and by which path where there is only one."""
    y = np.asarray(found.batch_y[k])
    told: dict[str, Any] = {
        "row": int(found.rows[k]),
        "place": k,
        "part": float(found.examples[k]),
        "answer": y.item() if y.size == 1 else None,
    }
    mine = [(path, int(j)) for path in found.paths for j in np.flatnonzero(np.asarray(path.examples) == k)]
    told["paths"] = len(mine)
    if len(mine) == 1:
        path, j = mine[0]
        product, factors = float(path.products[j]), [["delta", float(path.numbers[j])]]
        if path.other is not None:
            factors.append(["input", float(path.factors[j])])
        told["path"] = [["rate", told["part"] / product if product else 0.0], *factors]
    return told
