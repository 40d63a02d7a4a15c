"""Inputs, or answers, that are not scaled: numbers in the hundreds where layers expect about 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..text import number
from .finding import Finding
from .reading import VIEWS, used_by

if TYPE_CHECKING:
    from ...engine.tape import Tape
    from .exam import Exam

__all__ = ["KIND", "unscaled"]

KIND = "inputs unscaled"

# The start of the layers is made for inputs with a spread of about 1 (LeCun and others, Efficient BackProp, 1998, 4.3;
# He and others, 2015). Up to 30 networks learn all the same: counts up to 16, centimetres of a flower. Beyond it the
# sums of the first layer saturate or blow up, and its gradients are as many times too large.
SIZE = 30.0
SAMPLE = 1024  # examples
_EATERS = ("matmul", "conv2d", "rnn", "lstm", "gru")


def unscaled(exam: Exam) -> Iterable[Finding]:
    """Look at the data themselves."""
    data, program = exam.run.data, exam.program
    if data is None or program is None:
        return
    some = slice(None, None, max(1, len(data) // SAMPLE))
    if data.x.dtype.kind == "f" and _eaten(program, program.inputs.get("x")):
        yield from _told(exam, np.asarray(data.x[some], np.float64), "inputs")
    if data.y.dtype.kind == "f" and exam.level is not None:
        yield from _told(exam, np.asarray(data.y[some], np.float64), "answers")


def _told(exam: Exam, sample: Any, what: str) -> Iterable[Finding]:
    columns = sample.reshape(-1, sample.shape[-1]) if sample.ndim == 2 else sample.reshape(-1, 1)
    columns = np.where(np.isfinite(columns), columns, 0)
    sizes = np.sqrt(np.mean(np.square(columns), axis=0))
    worst = int(np.argmax(sizes))
    if sizes[worst] < SIZE:
        return
    many = len(sizes) > 1
    where = f"column {worst}" if many else ""
    said = (
        f"The {what}{f' in column {worst}' if many else ''} go from {number(columns[:, worst].min())} to "
        f"{number(columns[:, worst].max())}, where layers expect numbers about as far from 0 as 1."
    )
    if many:
        said += f" {int((sizes >= SIZE).sum())} of {len(sizes)} columns are so large."
    advice = (
        f"Scale the {what} before training: take away the mean of every column and divide by its spread; pixels: "
        "divide by 255."
    )
    yield exam.finding(KIND if what == "inputs" else "answers unscaled", where, said, advice, op=1)


def _eaten(program: Tape, slot: int | None) -> bool:
    """Does a layer multiply these numbers as they are (and not, say, normalise them first)?"""
    if slot is None:
        return False
    for step in used_by(program, slot):
        if not step.label.startswith("forward"):
            continue
        if step.op.name in _EATERS or (step.op.name in VIEWS and _eaten(program, step.output)):
            return True
    return False
