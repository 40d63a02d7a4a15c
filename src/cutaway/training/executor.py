"""The seam between a run and whatever computes its steps: four words.

`state` is what survives a batch, {name: array}; it belongs to the run and is shared by all its executors.
`replay(batches)` trains on batch after batch and yields the results of each; nothing in between is kept.
`walk(inputs)` goes over one batch step by step with every slot kept, and `see(slot)` reads one of them.
Both do the same calls in the same order, so watching changes nothing, to the bit.

Here stands the readable executor: it calls the forwards of the tape as they are written. Its fast twin is in planned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

import numpy as np

from ..engine.errors import TapeError
from ..engine.tape import Step, Tape

__all__ = ["Inputs", "Readable", "Slots"]

Inputs = tuple[Any, Any, Any, Any]  # x, y, the number of the batch, the number of its first example


class Readable:
    """Runs a program by calling the readable forward of every step.

    >>> from cutaway.engine import Parameter
    >>> w = Parameter([1.0], name="w")
    >>> with Tape() as tape:
    ...     x = tape.input("x", np.ones(1, "f"))
    ...     tape.carries("w", w + x)
    ...     tape.results["old"] = tape.slot(w)
    >>> state = {"w": w.data}
    >>> [float(old[0]) for (old,) in Readable(tape, state).replay([(np.ones(1, "f"),)] * 3)], state["w"].tolist()
    ([1.0, 2.0, 3.0], [4.0])
    """

    def __init__(self, program: Tape, state: MutableMapping[str, Any]) -> None:
        self.program, self.state = program, state
        self.names = list(program.state)
        self.values: Any = []
        self._call = _straight_line(program)

    def replay(self, batches: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Train on one batch after another; yields the results of each, in the order of ``program.results``.

        Between two batches the state lives in this generator; it is in ``state`` again when the generator ends or
        is closed, always as it was after the last whole batch.
        """
        values = [self.state[name] for name in self.names]
        call = self._call
        try:
            for inputs in batches:
                values, results = call(*inputs, *values)
                yield results
        finally:
            self.state.update(zip(self.names, values, strict=True))

    def walk(self, inputs: tuple[Any, ...]) -> Iterator[Step]:
        """Go over one batch; yields every step when its slot is filled. At the end the state has moved on."""
        program = self.program
        values = self.values = [None] * len(program.values)
        for slot in program.constants:
            values[slot] = program.values[slot]
        for slot, array in zip(program.inputs.values(), inputs, strict=True):
            values[slot] = array
        for name, slot in program.state.items():
            values[slot] = self.state[name]
        return self._steps(values)

    def _steps(self, values: list[Any]) -> Iterator[Step]:
        program = self.program
        for step in program.steps:
            values[step.output] = step.op.forward(*[values[slot] for slot in step.inputs], **step.attrs)
            yield step
        for name, slot in program.state.items():
            self.state[name] = np.asarray(values[program.carry.get(name, slot)], order="C")

    def see(self, slot: int) -> Any:
        """What a slot of the batch being walked (or walked last) holds."""
        self._known(slot)
        if not self.filled(slot):
            raise self._empty(slot)
        return np.asarray(self.values[slot])

    def filled(self, slot: int) -> bool:
        """Does the batch being walked (or walked last) hold a value there by now?"""
        return bool(self.values) and self.values[slot] is not None

    def results(self) -> tuple[Any, ...]:
        """What the batch that was walked gave, in the order of ``program.results``."""
        return tuple(self.see(slot)[()] for slot in self.program.results.values())

    @staticmethod
    def _empty(slot: int) -> TapeError:
        return TapeError(
            f"Slot {slot} is empty: only a batch that is walked keeps its slots. Go there with run.step('op')."
        )

    def put(self, slot: int, value: Any) -> None:
        """Fill a slot of the batch being walked with something else; the steps after it see the new value."""
        self._known(slot)
        self.values[slot] = value

    def _known(self, slot: int) -> None:
        if not 0 <= slot < len(self.program.values):
            raise TapeError(f"There is no slot {slot}: this program has {len(self.program.values)}, counted from 0.")


class Slots:
    """The slots of a batch that was walked, by their numbers; each is fetched when it is asked for.

    >>> with Tape() as tape:
    ...     x = tape.input("x", np.ones(1, "f"))
    ...     y = x * 3.0
    >>> executor = Readable(tape, {})
    >>> steps = list(executor.walk((np.float32([2.0]),)))
    >>> Slots(executor)[tape.slot(y)]
    array([6.], dtype=float32)
    """

    def __init__(self, executor: Readable) -> None:
        self._executor = executor

    def __getitem__(self, slot: int) -> Any:
        return self._executor.see(slot)

    def __len__(self) -> int:
        return len(self._executor.program.values)


def _straight_line(program: Tape) -> Callable[..., tuple[list[Any], tuple[Any, ...]]]:
    """The program as one Python function without a loop: (inputs..., state...) -> (next state, results).

    A line a step, and each slot is let go after its last use, so memory is used again.
    """
    environment: dict[str, Any] = {"asarray": np.asarray}
    for slot in program.constants:
        environment[f"v{slot}"] = program.values[slot]
    leaves = [*program.inputs.values(), *program.state.values()]
    carried = [program.carry.get(name, slot) for name, slot in program.state.items()]
    wanted = {*carried, *program.results.values(), *program.constants}
    last: dict[int, int] = {}
    for k, step in enumerate(program.steps):
        for slot in (*step.inputs, step.output):
            last[slot] = k
    lines = []
    for k, step in enumerate(program.steps):
        environment[f"f{k}"] = step.op.forward
        arguments = [f"v{slot}" for slot in step.inputs]
        for name, value in step.attrs.items():
            environment[f"{name}_{k}"] = value
            arguments.append(f"{name}={name}_{k}")
        lines.append(f"v{step.output} = f{k}({', '.join(arguments)})  # {step.label}")
        done = [slot for slot in dict.fromkeys((*step.inputs, step.output)) if last[slot] == k and slot not in wanted]
        if done:
            lines.append(f"del {', '.join(f'v{slot}' for slot in done)}")
    moved = set(program.carry)  # what is carried is made plain: contiguous arrays, also of single numbers
    state = ", ".join(
        f'asarray(v{slot}, order="C")' if name in moved else f"v{slot}"
        for name, slot in zip(program.state, carried, strict=True)
    )
    results = "".join(f"v{slot}, " for slot in program.results.values())
    lines.append(f"return [{state}], ({results})")
    body = "\n    ".join(lines)
    source = f"def batch({', '.join(f'v{slot}' for slot in leaves)}):\n    {body}\n"
    exec(compile(source, "<the program of a batch>", "exec"), environment)
    call: Callable[..., tuple[list[Any], tuple[Any, ...]]] = environment["batch"]
    return call
