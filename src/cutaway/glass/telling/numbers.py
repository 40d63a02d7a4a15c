"""The formula of one number of a step, with this moment's numbers in it: every operation has a way to be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...engine.op import Op
from ..terms import slopes, terms
from ..text import number
from .averages import AVERAGES
from .choices import CHOICES
from .losses import LOSSES
from .plug import filled_in
from .recurrent import RECURRENT
from .rows import TERMS, Case, Row, say, term
from .sums import sum_rows

__all__ = ["numbers"]

_TELLERS: dict[str, Callable[[Case], list[Row]]] = {**CHOICES, **AVERAGES, **LOSSES, **RECURRENT}


def numbers(op: Op, arrays: Sequence[Any], attrs: dict[str, Any], y: Any, at: tuple[int, ...]) -> list[Row]:
    """How y[at] comes about: its terms and their sum, its formula filled in, or what it hangs on most.

    An operation that has no words of its own is tried on its samples: if it is a sum, its terms are shown, else the
    inputs that move this number most, by its derivative.

    >>> from cutaway.engine import ops
    >>> x = np.array([-1.5, 2.0])
    >>> [row.words for row in numbers(ops.relu, [x], {}, ops.relu.forward(x), (1,))]
    ['x[1] = 2', 'y[1] = max(x, 0) = max(2, 0) = 2']
    """
    case = Case(op, [np.asarray(a) for a in arrays], attrs, np.asarray(y), at)
    if op.name in _TELLERS:
        return _TELLERS[op.name](case)
    if op.kind == "elementwise" or (arrays and case.y.ndim == 0 == max(np.ndim(a) for a in arrays)):
        return filled_in(case)
    found = terms(op, case.arrays, attrs, case.y, at)
    return _felt(case) if found is None else sum_rows(case, found)


def _felt(case: Case) -> list[Row]:
    """No sum: what this number hangs on most, and how it answers to a nudge."""
    felt = slopes(case.op, case.arrays, case.attrs, case.y, case.at)
    parts = [(k, flat, float(f.ravel()[flat])) for k, f in enumerate(felt) if f is not None for flat in _largest(f)]
    parts.sort(key=lambda part: -abs(part[2]))
    if not parts:
        shapes = ", ".join(f"{name} {np.shape(a)}" for name, a in zip(case.names, case.arrays, strict=True))
        return [say(f"from {shapes}"), say(f"{case.told} = {number(case.value)}")]
    rows = [say(f"{case.told} = {number(case.value)} is no plain sum. It hangs on these numbers most (slope):")]
    for k, flat, slope in parts[:TERMS]:
        at = case.here(k, flat)
        rows.append(term(f"slope for {at} = {number(case.arrays[k].ravel()[flat])}", "", slope))
    return rows


def _largest(found: Any) -> list[int]:
    flat = np.abs(found).ravel()
    return [int(k) for k in np.argsort(-flat, kind="stable")[:TERMS] if flat[k] > 0]
