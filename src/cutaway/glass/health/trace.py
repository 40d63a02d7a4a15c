"""Walking back from a number that is none to the step that made it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...engine.tape import Tape

__all__ = ["Origin", "trace"]


class Origin(NamedTuple):
    """Where it began.

    step: the number of the step that made it out of ordinary numbers; leaf: or the slot that came in with it
    turned: the step that made NaN of an infinity, where it began with an infinity
    """

    step: int | None
    leaf: int | None
    turned: int | None


def trace(program: Tape, see: Callable[[int], Any], sick: int) -> Origin:
    """From a slot with NaN or infinity back along its inputs.

    NaN is followed to the step that has none among its inputs. If that step was given an infinity, the infinity is
    followed too; one that stands in the program as a constant (a mask's) is no illness, what was made of it is.

    >>> x = Tensor([200.0])
    >>> with ct.Tape() as tape, np.errstate(over="ignore", invalid="ignore"):
    ...     y = x.exp() - x.exp()
    >>> tape.steps[trace(tape, lambda slot: tape.values[slot], 3).step].op.name
    'exp'
    """
    made = {step.output: k for k, step in enumerate(program.steps)}
    seen: dict[int, tuple[bool, bool]] = {}

    def ill(slot: int) -> tuple[bool, bool]:
        if slot not in seen:
            value = np.asarray(see(slot))
            real = value.dtype.kind == "f"
            seen[slot] = (bool(np.isnan(value).any()), bool(np.isinf(value).any())) if real else (False, False)
        return seen[slot]

    def back(slot: int, kind: int) -> int:
        """The earliest slot of this chain."""
        while slot in made:
            sources = [s for s in program.steps[made[slot]].inputs if ill(s)[kind]]
            if not sources:
                return slot
            slot = min(sources, key=lambda s: made.get(s, -1))
        return slot

    nan = back(sick, 0) if ill(sick)[0] else None
    if nan is not None and nan not in made:
        return Origin(None, nan, None)
    begin = sick
    if nan is not None:
        infinite = [s for s in program.steps[made[nan]].inputs if ill(s)[1]]
        if not infinite:
            return Origin(made[nan], None, None)
        begin = min(infinite, key=lambda s: made.get(s, -1))
    first = back(begin, 1)
    if first in made:
        return Origin(made[first], None, made[nan] if nan is not None else None)
    if first in program.constants and nan is not None:
        return Origin(made[nan], None, None)
    return Origin(None, first, made[nan] if nan is not None else None)
