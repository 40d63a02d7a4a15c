"""The engine in small: what chapter 6 builds cell by cell, in one piece.

A tape is a list of steps. Every step fills a new slot, and the way back is more of the same list. The big one,
`cutaway.engine`, does the same in tape.py, ops/ and backward.py, for more operations and with all that a long life asks
for. Tests hold this file and the chapter's cells to the same code, and its numbers to the engine's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Tape", "backward", "forward", "listing", "rule"]

Deltas = tuple[int | None, ...]


class Tape:
    """A box with two lists: what every slot holds, and what was done.

    >>> tape = Tape()
    >>> a, b = tape.put([1.0, 2.0]), tape.put([10.0, 20.0])
    >>> float(tape.values[tape.do("mean", tape.do("mul", a, b))])
    25.0
    >>> tape.steps
    [('mul', (0, 1), 2), ('mean', (2,), 3)]
    """

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.steps: list[tuple[str, tuple[int, ...], int]] = []

    def put(self, numbers: Any) -> int:
        """Fill a new slot, and say which one it is."""
        self.values.append(np.array(numbers, float))
        return len(self.values) - 1

    def do(self, name: str, *slots: int) -> int:
        """Carry out a step, and write it down."""
        result = self.put(forward[name](*[self.values[k] for k in slots]))
        self.steps.append((name, slots, result))
        return result


def listing(tape: Tape) -> None:
    """Print what was done, line by line.

    >>> tape = Tape()
    >>> slot = tape.do("flip", tape.put([[1.0, 2.0, 3.0]]))
    >>> listing(tape)
      1 = flip(0)   (3, 1)
    """
    for name, slots, result in tape.steps:
        shape = tape.values[result].shape
        print(f"{result:3} = {name}({', '.join(map(str, slots))})   {shape}")


# -- what each step does ---------------------------------------------------------------------------------------------
def relu(a: Any) -> Any:
    """Cut off at zero."""
    return np.maximum(a, 0)


def gate(delta: Any, a: Any) -> Any:
    """What comes back through a ReLU: all of it where a was above zero, nothing elsewhere."""
    return delta * (a > 0)


def spread(delta: Any, a: Any) -> Any:
    """Equal shares for all numbers of a."""
    return np.full(a.shape, delta / a.size)


forward: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply,
    "matmul": np.matmul, "flip": np.transpose, "relu": relu, "mean": np.mean,
}  # fmt: skip
forward["gate"], forward["spread"] = gate, spread


# -- and the deltas of what went in, as more steps -------------------------------------------------------------------
def back_add(tape: Tape, delta: int, a: int, b: int) -> Deltas:
    """A hair on either is a hair on the sum."""
    return delta, delta


def back_mul(tape: Tape, delta: int, a: int, b: int) -> Deltas:
    """A hair on a is felt b times as much, and the other way round."""
    return tape.do("mul", delta, b), tape.do("mul", delta, a)


def back_sub(tape: Tape, delta: int, a: int, b: int) -> Deltas:
    """A hair more taken away is a hair less left."""
    minus = tape.put(-np.ones_like(tape.values[delta]))
    return delta, tape.do("mul", delta, minus)


def back_matmul(tape: Tape, delta: int, a: int, b: int) -> Deltas:
    """As for mul, with tables turned so that their shapes fit."""
    to_a = tape.do("matmul", delta, tape.do("flip", b))
    to_b = tape.do("matmul", tape.do("flip", a), delta)
    return to_a, to_b


def back_flip(tape: Tape, delta: int, a: int) -> Deltas:
    """Turned round: turn it back."""
    return (tape.do("flip", delta),)


def back_relu(tape: Tape, delta: int, a: int) -> Deltas:
    """Delta passes where the sum was above zero."""
    return (tape.do("gate", delta, a),)


def back_mean(tape: Tape, delta: int, a: int) -> Deltas:
    """Every number gets an equal share."""
    return (tape.do("spread", delta, a),)


def back_gate(tape: Tape, delta: int, g: int, a: int) -> Deltas:
    """A gate passes back what it passed on."""
    return tape.do("gate", delta, a), None


def back_spread(tape: Tape, delta: int, g: int, a: int) -> Deltas:
    """Equal shares are gathered again by a mean."""
    return tape.do("mean", delta), None


rule: dict[str, Callable[..., Deltas]] = {
    "add": back_add, "sub": back_sub, "mul": back_mul, "matmul": back_matmul,
    "flip": back_flip, "relu": back_relu, "gate": back_gate,
    "mean": back_mean, "spread": back_spread,
}  # fmt: skip


def backward(tape: Tape, loss: int) -> dict[int, int]:
    """Write the way back on the same tape: slot -> the slot of its delta.

    >>> tape = Tape()
    >>> x = tape.put(3.0)
    >>> slope = backward(tape, tape.do("mul", x, tape.do("mul", x, x)))[x]
    >>> bend = backward(tape, slope)[x]
    >>> float(tape.values[slope]), float(tape.values[bend])
    (27.0, 18.0)
    """
    deltas = {loss: tape.put(np.ones_like(tape.values[loss]))}
    for name, slots, result in reversed(list(tape.steps)):
        if result not in deltas:
            continue
        parts = rule[name](tape, deltas[result], *slots)
        for slot, part in zip(slots, parts):  # noqa: B905 (as in the chapter)
            if part is not None and slot in deltas:
                deltas[slot] = tape.do("add", deltas[slot], part)
            elif part is not None:
                deltas[slot] = part
    return deltas
