"""The drawing board: a picture sent through the network as it is now, with every slot kept, so that each neuron can be
asked what it voted and why. The run itself stays where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.errors import CutawayError
from ...engine.tape import Tape
from ...training import machine
from .drawn import Prepare, as_digit, preparation
from .program import Described, describe

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Board"]

MOST = 1024  # pixels on a side of a drawing


class Board:
    """A drawing, and the program that looked at it.

    prepare: what a drawing goes through before the network sees it; where nothing is said, what fits its data

    It has the words that the glass asks of a run (`program`, `op`, `see`), so explanations work on it as they are.
    """

    def __init__(self, prepare: Prepare | None = None) -> None:
        self.prepare = prepare
        self.about: Described | None = None
        self.values: list[Any] = []

    @property
    def program(self) -> Tape:
        """The steps from the drawing to the outputs."""
        assert self.about is not None
        return self.about.tape

    @property
    def op(self) -> int:
        """All steps are done."""
        return len(self.program.steps) + 1

    def see(self, slot: int | str) -> Any:
        """What a slot holds."""
        if isinstance(slot, str):
            slot = self.program.inputs.get(slot, self.program.state.get(slot, -1))
        if self.about is None or not 0 <= slot < len(self.values) or self.values[slot] is None:
            raise CutawayError(f"The drawing board has no slot {slot}.")
        return np.asarray(self.values[slot])

    @staticmethod
    def size(run: Run) -> tuple[int, int] | None:
        """Height and width of what can be drawn: where examples are grey pictures and answers are class numbers."""
        if run.data is None or run.data.y.dtype.kind not in "iu" or run.data.y.ndim != 1:
            return None
        shape = run.data.x.shape[1:]
        grey = len(shape) == 2 or (len(shape) == 3 and shape[0] == 1)
        return (shape[-2], shape[-1]) if grey and run.data.x.dtype.kind in "fu" and min(shape[-2:]) >= 4 else None

    def predict(self, run: Run, drawing: Any) -> dict[str, Any]:
        """Send a drawing (h, w) through the network; the fields of the answer `predicted`, and `seen`."""
        size = self.size(run)
        if size is None or run.data is None:
            raise CutawayError("The drawing board is for networks that read grey pictures and answer with a class.")
        if drawing.ndim != 2 or not drawing.size or max(drawing.shape) > MOST:
            raise CutawayError(f"A drawing has two sides of 1 to {MOST} pixels, not {drawing.shape}.")
        ink = drawing.astype(np.float64) / (255.0 if drawing.dtype == np.uint8 else 1.0)
        ink = np.clip(np.nan_to_num(ink), 0.0, 1.0)
        prepare = self.prepare or preparation(run)
        picture = prepare(ink) if prepare is not None and ink.any() else None
        seen = fitted(np.asarray(ink if picture is None else picture, np.float64), *size).astype(np.float32)
        outputs = self._walk(run, seen.reshape(1, *run.data.x.shape[1:]))
        votes = np.asarray(outputs, np.float64).reshape(-1)
        shares = np.exp(votes - votes.max())
        digit = prepare is as_digit and picture is not None
        fields = {"program": self.about.message() if self.about else None, "outputs": votes, "digit": digit}
        return fields | {"shares": shares / shares.sum(), "answer": int(np.argmax(votes)), "seen": seen}

    def _walk(self, run: Run, x: Any) -> Any:
        run.predict(x)  # which records the program for one example, where that is still to be done
        x = run.typed(x)
        tape = run.programs.prediction(x)
        state = {name: run.state.get(f"optim/average/{name}", run.state[name]) for name in tape.state}
        values: list[Any] = [None] * len(tape.values)
        for slot in tape.constants:
            values[slot] = tape.values[slot]
        for name, slot in tape.state.items():
            values[slot] = state[name]
        given = {"x": x, "step": np.int64(run.batch), "first": np.int64(0)}
        for name, slot in tape.inputs.items():
            values[slot] = given.get(name)
        with machine.threads(run.threads):
            for step in tape.steps:
                values[step.output] = step.op.forward(*[values[slot] for slot in step.inputs], **step.attrs)
        if self.about is None or self.about.tape is not tape:
            self.about = describe(tape, state, tuple(given.get(name) for name in tape.inputs))
        self.values = values
        return values[tape.results["outputs"]]


def fitted(picture: Any, height: int, width: int) -> Any:
    """A picture in another size: every new pixel is the mean of the area it covers.

    >>> fitted(np.array([[0.0, 1.0], [1.0, 0.0]]), 1, 2)
    array([[0.5, 0.5]])
    """
    return _along(_along(picture, height).T, width).T


def _along(picture: Any, size: int) -> Any:
    """The rows averaged (or spread) to another number of rows."""
    if len(picture) == size:
        return picture
    whole = np.vstack([np.zeros_like(picture[:1]), np.cumsum(picture, axis=0)])
    edges = np.linspace(0, len(picture), size + 1)
    low = np.minimum(edges.astype(int), len(picture) - 1)
    at = whole[low] + (edges - low)[:, None] * picture[low]
    return np.diff(at, axis=0) / (len(picture) / size)
