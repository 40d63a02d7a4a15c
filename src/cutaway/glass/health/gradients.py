"""Gradients that vanish on their way to the first layers, and gradients that explode."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine.tape import Tape
from .exam import Exam
from .finding import Finding
from .reading import weights

__all__ = ["Gradients"]

# How large the gradient of a layer is, beside that of the layers behind it. In healthy networks of any depth the two
# lie within a factor of some hundreds (Glorot and Bengio, 2010, figure 7: equal on average); where every layer takes
# away a constant factor, they differ exponentially (Hochreiter, 1991; Bengio and others, 1994). At 1e-5 the first
# layer would need 100,000 batches for what the last one does in one.
VANISHED = 1e-5
CUT = 3  # batches without any gradient at all
# All gradients as one arrow, in units of the loss of knowing nothing. It is about 1 at the start of a healthy run,
# and clipping is usually set to 1 .. 10 (Pascanu, Mikolov and Bengio, 2013).
EXPLODED = 1e3


class Gradients:
    """Looks at the gradient of every weight."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._sizes: dict[str, list[tuple[float, int]]] = {}  # name -> (root of mean square, count) batch by batch

    def begin(self, exam: Exam, program: Tape) -> Iterable[int]:
        self._names = {slot: name for name, slot in program.gradients.items()}
        return self._names

    def see(self, exam: Exam, slot: int, array: Any) -> None:
        size = float(np.sqrt(np.mean(np.square(array, dtype=np.float64)))) if array.size else 0.0
        if np.isfinite(size):
            self._sizes.setdefault(self._names[slot], []).append((size, array.size))

    def size(self, name: str) -> float:
        """The typical size of one number of this gradient."""
        sizes = [size for size, _ in self._sizes.get(name, [])]
        return float(np.median([s for s in sizes if s > 0] or [0.0]))

    def findings(self, exam: Exam) -> Iterable[Finding]:
        if exam.program is None or not self._sizes:
            return
        yield from self._exploded(exam)
        yield from self._vanished(exam, exam.program)

    def _vanished(self, exam: Exam, program: Tape) -> Iterable[Finding]:
        order = [name for name in weights(program) if name in self._sizes]
        sizes = [self.size(name) for name in order]
        weak = [k for k in range(len(order) - 1) if sizes[k] < VANISHED * max(sizes[k + 1 :])]
        if len(exam.batches) < CUT:  # a layer that begins with zeros holds back all gradients, for one batch
            weak = [k for k in weak if sizes[k] > 0]
        if not weak:
            return
        first, best = weak[0], max(range(weak[0], len(order)), key=lambda k: sizes[k])
        told = ", ".join(f"{order[k]} {sizes[k]:.2g}" for k in range(len(order)))
        count = f"{len(weak)} weights" if len(weak) > 1 else "weight"
        said = (
            f"The gradient of {order[first]} is {sizes[first]:.2g} where that of {order[best]} is {sizes[best]:.2g}: "
            f"almost nothing of the loss is felt in the first {count}. Layer by layer: {told}."
        )
        advice = (
            "nn.ReLU or nn.GELU instead of sigmoid and tanh, nn.BatchNorm or nn.LayerNorm between the layers, a way "
            "around them (x + layer(x)), or fewer layers."
        )
        yield exam.finding(
            "vanishing gradients", order[first], said, advice, op=exam.op_of(program.gradients[order[first]])
        )

    def _exploded(self, exam: Exam) -> Iterable[Finding]:
        assert exam.program is not None
        if exam.level is None:
            return
        squares = {name: float(np.median([s * s * n for s, n in sizes])) for name, sizes in self._sizes.items()}
        norm = float(np.sqrt(sum(squares.values())))
        if norm < EXPLODED * max(exam.level, 1e-3):
            return
        worst = max(squares, key=lambda name: squares[name])
        said = (
            f"All gradients together are {norm:.3g} long, {norm / exam.level:.2g} times the loss of knowing nothing; "
            f"the longest is that of {worst} ({squares[worst] ** 0.5:.3g})."
        )
        advice = (
            "Give the optimizer clip_norm=1.0, start with smaller weights (the layers' own start is right), and make "
            "alpha smaller."
        )
        yield exam.finding("exploding gradients", worst, said, advice, op=exam.op_of(exam.program.gradients[worst]))
