"""NaN and infinity: the first batch that held one, and in it the first step that made one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.errors import CutawayError
from ...engine.tape import Tape
from ..text import number, place
from .exam import Exam
from .finding import Finding
from .trace import Origin, trace

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["KIND", "not_finite"]

KIND = "not finite"

CAUSES = {  # operation -> why it happens, and what helps
    "exp": (
        "exp of more than 88.7 is beyond float32 (and of 709.8 beyond float64)",
        "Let softmax, log_softmax or nn.CrossEntropyLoss do the exp: they take the largest number away first. "
        "Or clip what goes in.",
    ),
    "log": ("the logarithm of 0 is minus infinity, and below 0 there is none",
            "Keep away from 0: log(x + 1e-6), or a loss that takes votes (nn.CrossEntropyLoss, "
            "nn.BCEWithLogitsLoss) instead of chances."),
    "div": ("something was divided by 0", "Add a little to what is divided by: x / (y + 1e-6)."),
    "sqrt": ("there is no root of a number below 0, and the slope at 0 is infinite", "Write sqrt(x + 1e-6)."),
    "power": ("0 has no negative power, and powers soon grow beyond all bounds", "Keep what is raised away from 0."),
    "pow": ("0 has no negative power, and powers soon grow beyond all bounds", "Keep what is raised away from 0."),
    "log_softmax": ("the votes that came in were too large already", "Make alpha smaller."),
}  # fmt: skip
GROWN = (
    "numbers have grown beyond what their kind can hold (3.4e38 in float32)",
    "Steps that are too long are the usual reason: go back some batches and make alpha smaller, or give the optimizer "
    "clip_norm=1.0.",
)


def not_finite(exam: Exam) -> Iterable[Finding]:
    """The first one, if there is any."""
    try:
        batch = _first_batch(exam)
        if batch is not None:
            yield _told(exam, batch)
    except CutawayError as error:
        exam.notes.append(f"Not everything could be looked at: {error}")


def _first_batch(exam: Exam) -> int | None:
    """The first batch in which something became NaN or infinite; a weight may be ill before the loss is."""
    run, branch = exam.run, exam.branch
    broken = [int(k) for k in np.flatnonzero(~np.isfinite(exam.losses)) if k >= run.earliest]
    last = broken[0] if broken else run.batch
    now = _ill(branch.at(last))
    ill = now - _ill(branch.at(run.earliest)) if now else now  # the way to the beginning may be long
    if not ill:
        if now & _trained(branch):
            return run.earliest
        if broken:
            return last
        return last if not exam.next_is_sound or _becomes_ill(exam) else None
    low, high = run.earliest, last  # sound at low, ill at high: the batch in between that made it
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _ill(branch.at(middle)) & ill else (middle, high)
    return low


def _ill(run: Run) -> set[str]:
    return {name for name, array in run.state.items() if array.dtype.kind == "f" and not np.isfinite(array).all()}


def _trained(run: Run) -> set[str]:
    return set(run.program.gradients)


def _becomes_ill(exam: Exam) -> bool:
    """Does the batch that comes next leave the state ill?"""
    branch = exam.branch
    branch.at(exam.run.batch)
    before = _ill(branch)
    branch.at(exam.run.batch + 1)
    return bool(_ill(branch) - before)


def _told(exam: Exam, batch: int) -> Finding:
    program, slots = exam.run.relive(batch)

    def see(slot: int) -> Any:
        return slots[slot]

    sick = program.results["loss"]
    if np.isfinite(see(sick)).all():
        carried = [slot for slot in program.carry.values() if _bad(see(slot))]
        if not carried:  # changed by hand between this batch and the next
            after = exam.branch.at(batch + 1)
            names = ", ".join(sorted(_ill(after)))
            said = f"{names} became NaN or infinite by a change by hand, when batch {batch + 1} began."
            return exam.finding(KIND, names, said, "Go back before that change.", batch=batch + 1)
        sick = carried[0]
    origin = trace(program, see, sick)
    if origin.step is None:
        assert origin.leaf is not None
        return _leaf(exam, batch, program, see, origin.leaf)
    return _step(exam, batch, program, see, origin)


def _bad(value: Any) -> bool:
    array = np.asarray(value)
    return array.dtype.kind == "f" and not bool(np.isfinite(array).all())


def _step(exam: Exam, batch: int, program: Tape, see: Any, origin: Origin) -> Finding:
    assert origin.step is not None
    step = program.steps[origin.step]
    value = np.asarray(see(step.output))
    at = tuple(int(k) for k in np.argwhere(~np.isfinite(value))[0])
    inputs = [np.asarray(see(slot)) for slot in step.inputs]
    real = [a for a in inputs if a.dtype.kind == "f" and a.size]
    span = " and ".join(f"{number(a.min())} .. {number(a.max())}" for a in real)
    why, advice = CAUSES.get(step.op.name, GROWN)
    ordinary = all(np.abs(a).max() < 1e15 for a in real if np.isfinite(a).all())
    if step.op.name not in CAUSES and ordinary:
        why, advice = "it was asked for something that has no answer", "Look at what goes in: run.explain() there."
    what = "NaN" if np.isnan(value[at]) else "infinity"
    turned = program.steps[origin.turned] if origin.turned is not None else None
    then = f" {turned.op.name} ({turned.label}) then made NaN of it." if turned is not None else ""
    said = (
        f"The first {what} is made in batch {batch} by {step.op.name} ({step.label}), at {place(at) or 'its number'} "
        f"of its output {value.shape}; {span} went in. There {why}.{then}"
    )
    where = f"{step.op.name} ({step.label})"
    return exam.finding(KIND, where, said, advice, op=origin.step + 2, batch=batch)


def _leaf(exam: Exam, batch: int, program: Tape, see: Any, slot: int) -> Finding:
    run, value = exam.run, np.asarray(see(slot))
    names = {s: name for name, s in (*program.inputs.items(), *program.state.items())}
    name = names.get(slot, f"slot {slot}")
    rows = np.argwhere(~np.isfinite(value))
    if name in ("x", "y"):
        example = int(run.examples(batch)[int(rows[0][0])])
        what = "inputs" if name == "x" else "answer"
        rest = tuple(int(k) for k in rows[0][1:])
        said = f"The {what} of example {example} of the data hold NaN or infinity{' at ' + place(rest) if rest else ''}"
        more = len({int(r[0]) for r in rows}) - 1
        said += f", and so do {more} more examples of batch {batch}" if more else f"; it is dealt in batch {batch}"
        return exam.finding(
            KIND, f"example {example}", said + ".", "Drop or fill what is missing before training.", op=1, batch=batch
        )
    hand = any(e.batch == batch and e.name == name for e in run.history.events)
    origin = "was changed by hand" if hand else "began so"
    said = f"{name} holds NaN or infinity when batch {batch} begins: it {origin}."
    return exam.finding(KIND, name, said, "Give it ordinary numbers: run.edit(...), or another start.", batch=batch)
