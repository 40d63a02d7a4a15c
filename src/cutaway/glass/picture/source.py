"""What is drawn: a tape, the shapes of its slots, and a way to look into them; of a network, a tape or a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Tape, Tensor
from ...engine.errors import CutawayError, DtypeError
from ...engine.tape import Step
from ...nn import Module
from ...training.run import Run

__all__ = ["Source", "source"]

Shape = tuple[int, ...] | None  # None: nobody knows it, as in a saved run whose data is not here


@dataclass(frozen=True)
class Source:
    """A tape that can be drawn.

    name: what the whole is called; shapes: of every slot; see: slot -> its numbers, or None where there are none (yet)
    """

    tape: Tape
    name: str
    shapes: list[Shape]
    see: Callable[[int], Any]


def source(thing: Any, example: Any = None, values: bool = False) -> Source:
    """Find the tape in a network, a tape or a run.

    example: for a network, what it is given: an array of a few examples, or the shape of one
    values: of a run between two batches, walk the batch that comes next on a copy, so that its numbers can be drawn

    >>> from cutaway import nn
    >>> source(nn.Linear(4, 2), (4,)).shapes[-1]
    (1, 2)
    """
    if isinstance(thing, Run):
        return _of_run(thing, values)
    if isinstance(thing, Module):
        tape, name = _record(thing, example), type(thing).__name__
    elif isinstance(thing, Tape):
        tape, name = thing, next((kind for path, kind, _ in thing.visits if not path), "")
    else:
        raise CutawayError(
            f"picture: it draws a network, a tape or a run, not {type(thing).__name__}. "
            "For one array there is show(array)."
        )
    if not tape.steps:
        raise CutawayError(
            "picture: nothing is recorded on this tape. Compute something inside `with ct.Tape():` first."
        )
    return Source(tape, name, _shapes(tape.steps, tape.values), lambda slot: tape.values[slot])


def _of_run(run: Run, values: bool) -> Source:
    tape = run.program
    name = run.name or next((kind for path, kind, _ in tape.visits if not path), "")
    look: Callable[[int], Any] = lambda slot: None  # noqa: E731
    if run.op:  # a batch is open: what is computed is there, the rest is still to come
        look = run.see
    elif values or any(tape.values[slot] is None for slot in tape.inputs.values()):  # a saved run has no shapes
        tape, slots = run.relive(run.batch)
        look = slots.__getitem__
    known = list(tape.values)
    for state, slot in tape.state.items():
        known[slot] = run.state.get(state, known[slot])
    for slot in tape.inputs.values():
        known[slot] = _or_none(look, slot) if known[slot] is None else known[slot]
    return Source(tape, name, _shapes(tape.steps, known), lambda slot: _or_none(look, slot))


def _or_none(look: Callable[[int], Any], slot: int) -> Any:
    try:
        return look(slot)
    except CutawayError:  # not computed yet
        return None


def _shapes(steps: list[Step], known: list[Any]) -> list[Shape]:
    """The shapes of what is known, and by the rules of the operations those of what follows from it."""
    shapes: list[Shape] = [None if value is None else tuple(np.shape(value)) for value in known]
    for step in steps:
        given = [shapes[slot] for slot in step.inputs]
        if shapes[step.output] is None and None not in given:
            shapes[step.output] = tuple(step.op.shape(*given, **step.attrs))
    return shapes


def _record(net: Module, example: Any) -> Tape:
    """Send the example through the network, as in use (eval), and keep the tape."""
    if example is None:
        raise CutawayError(
            "picture: a network shows its shapes only when something flows through it. "
            "Say what: picture(net, x) with a few examples, or picture(net, (1, 28, 28)) with the shape of one."
        )
    modules = net.modules()
    modes = [m.training for m in modules]
    try:
        net.eval()
        return _flow(net, example)
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def _flow(net: Module, example: Any) -> Tape:
    if isinstance(example, tuple) and all(isinstance(n, int) for n in example):
        blank = np.zeros((1, *example), next((p.dtype for p in net.parameters()), np.float32))
        try:
            return _tape_of(net, (blank,))
        except DtypeError:  # it reads whole numbers: words, positions
            return _tape_of(net, (blank.astype(np.int64),))
    given = example if isinstance(example, tuple | list) and not np.isscalar(example[0]) else (example,)
    if isinstance(given, list):  # plain nested lists are one array
        given = (np.asarray(given, np.float32),)
    return _tape_of(net, tuple(given))


def _tape_of(net: Module, given: tuple[Any, ...]) -> Tape:
    names = ["x"] if len(given) == 1 else [f"x{k + 1}" for k in range(len(given))]
    with Tape() as tape:
        tensors = [tape.input(n, x.data if isinstance(x, Tensor) else x) for n, x in zip(names, given, strict=True)]
        with tape.phase("forward"):
            made = net(*[_like(net, t) for t in tensors])
    first = made[0] if isinstance(made, tuple) else made
    if isinstance(first, Tensor) and first.tape is tape and first.slot is not None:
        tape.results["outputs"] = first.slot
    return tape


def _like(net: Module, x: Tensor) -> Tensor:
    """Fractions in the network's own kind of numbers."""
    kind = next((p.dtype for p in net.parameters()), x.dtype)
    if x.dtype.kind == "f" and x.dtype != kind:
        assert x.tape is not None and x.slot is not None
        x.tape.values[x.slot] = x.data.astype(kind)
        return x.tape[x.slot]
    return x
