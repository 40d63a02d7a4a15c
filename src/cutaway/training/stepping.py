"""The executor for networks that look at their own numbers: what they do next may hang on them, so every batch is
recorded anew, and its steps are done with the readable forwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

import numpy as np

from ..engine.tape import Step, Tape
from .executor import Readable

__all__ = ["Stepping", "hangs_on"]

Record = Callable[[tuple[Any, ...]], Tape]


class Stepping(Readable):
    """Records each batch, then runs what was recorded.

    record: a batch -> its program; it puts the network's numbers in place first

    >>> def record(inputs):
    ...     with Tape() as tape:
    ...         x = tape.input("x", inputs[0])
    ...         tape.results["y"] = tape.slot(x * 2.0 if x.sum() > 0 else x * -1.0)
    ...     return tape
    >>> stepping = Stepping(record((np.ones(1, "f"),)), {}, record)
    >>> [float(y[0]) for (y,) in stepping.replay([(np.float32([3]),), (np.float32([-3]),)])]
    [6.0, 3.0]
    """

    def __init__(self, program: Tape, state: MutableMapping[str, Any], record: Record) -> None:
        super().__init__(program, state)
        self._record = record
        self._met: Any = None

    def meet_at(self, moment: Any, inputs: tuple[Any, ...]) -> None:
        """Let the program be that of the batch at this moment, if it is not already."""
        if moment != self._met:
            self.meet(inputs)
            self._met = moment

    def meet(self, inputs: tuple[Any, ...]) -> None:
        """Let the program be that of this batch."""
        super().__init__(self._record(inputs), self.state)
        self._met = None

    def replay(self, batches: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Train on one batch after another; yields the results of each."""
        for inputs in batches:
            self.meet(inputs)
            yield from super().replay([inputs])

    def walk(self, inputs: tuple[Any, ...]) -> Iterator[Step]:
        """Go over one batch; yields every step when its slot is filled."""
        self.meet(inputs)
        return super().walk(inputs)


def hangs_on(tape: Tape, again: Tape | None) -> str:
    """What this program hangs on besides shapes, in a few words; "" if nothing is known of.

    again: the same network, recorded on another batch
    """
    if tape.reads:
        return f"it looks at numbers on the way ({', '.join(dict.fromkeys(tape.reads))})"
    if again is None:
        return ""
    if [(s.op.name, s.inputs, repr(s.attrs)) for s in tape.steps] != [
        (s.op.name, s.inputs, repr(s.attrs)) for s in again.steps
    ]:
        return "it does other steps for other examples"
    baked = tape.constants & again.constants
    if any(not np.array_equal(tape.values[k], again.values[k], equal_nan=_fractions(tape.values[k])) for k in baked):
        return "it takes numbers off the tape and puts them back as constants (x.data)"
    return ""


def _fractions(value: Any) -> bool:
    return bool(np.asarray(value).dtype.kind == "f")
