"""What is to be explained: a step by its number or label, a layer by its path, the loss, the optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import nn
from ..engine.errors import CutawayError
from ..engine.op import Op
from ..engine.story import Story
from ..engine.tape import Step
from ..training.names import hint, slots_named
from .moment import Batch, batch_of
from .telling.inside import farthest, followed
from .telling.rows import Case
from .telling.told import Explained
from .text import place

if TYPE_CHECKING:
    from ..training.run import Run

__all__ = ["Explained", "explain"]


class _Net(NamedTuple):
    """A network that is only used: nothing about it is wrong, and nobody changes it."""

    net: nn.Module
    loss: None = None
    optimizer: None = None


def explain(
    run: Run | nn.Module | Op,
    what: int | str | Step | None = None,
    at: tuple[int, ...] | int | None = None,
    *,
    inside: bool = False,
    example: Any = None,
) -> Explained:
    """Tell a step of the open batch (or of the last one done) with its numbers in it; an operation alone by its story.

    run: a run; or a network, for which ``example`` says what flows through it, an array of a few examples

    what: the slot that the step fills, a label ("forward/1"), a layer by its path ("1"), "loss", "optimizer", a weight
        ("1.weight": its update), a gradient ("1.weight.grad"); the step done last, when not said
    at: which number of the result to follow; the one farthest from zero when not said
    inside: open the step into the smaller ones that it is made of, if it can be opened

    >>> from cutaway import nn, optim, ops
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> for _ in range(2):
    ...     moment = run.step("op")
    >>> print(str(run.explain()).splitlines()[0])
    matmul   (forward, step 1 of 13)
    >>> explain(ops.relu).story.formula
    'y = max(x, 0)'
    >>> layer = nn.Linear(3, 2, bias=False)
    >>> layer.weight.data = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> print(str(explain(layer, at=(0, 1), example=[[1.0, 0.0, 2.0]])).splitlines()[-1].split())
    ['16', 'y[0,', '1]']
    """
    if isinstance(run, Op):
        return Explained(run.name, "", run.story)
    if isinstance(run, nn.Module):
        return _of_net(run, what, at, inside, example)
    if example is not None:
        raise CutawayError("explain: a run brings its own examples; example= is for a network alone.")
    batch = batch_of(run)
    if what == "optimizer":
        return _optimizer(run, batch, _index(at))
    return _told(run, batch, what, at, inside)


def _of_net(net: nn.Module, what: Any, at: Any, inside: bool, example: Any) -> Explained:
    """A forward pass of its own, as in use (eval)."""
    from .picture.source import source  # which knows how an example flows through a network

    if example is None:
        raise CutawayError(
            "explain: a network has numbers only when something flows through it. Say what, with a few examples: "
            "explain(net, '0', example=x)."
        )
    if what in ("loss", "optimizer"):
        raise CutawayError(
            f"explain: a network alone has no {what}; ask the run that trains it: run.explain({what!r})."
        )
    tape = source(net, example).tape
    batch = Batch(tape, 0, True, len(tape.steps), lambda slot: np.asarray(tape.values[slot]))
    return _told(_Net(net), batch, what, at, inside)


def _told(run: Run | _Net, batch: Batch, what: Any, at: Any, inside: bool) -> Explained:
    steps = _steps_named(batch, what) if isinstance(what, str) else [_one_step(batch, what)]
    if len(steps) == 1:
        return _step(batch, steps[0], _index(at), inside)
    title, story = _told_as(run, batch, what, steps)
    return _several(batch, title, story, steps, _index(at))


def _index(at: Any) -> tuple[int, ...] | None:
    return None if at is None else tuple(int(k) for k in np.atleast_1d(at))


# -- finding ------------------------------------------------------------------------------------------------------
def _one_step(batch: Batch, what: int | Step | None) -> Step:
    if isinstance(what, Step):
        return what
    steps = batch.program.steps
    if what is None:
        if not batch.open or not batch.done:
            raise CutawayError("explain: no step of an open batch has been done. run.step('op') goes to the next one.")
        return steps[batch.done - 1]
    found = next((s for s in steps if s.output == what), None)
    if found is None:
        raise CutawayError(f"explain: no step of this program fills slot {what}.{_leaf(batch, what)}")
    return found


def _leaf(batch: Batch, slot: int) -> str:
    program = batch.program
    leaves = {**{s: f"the input {n!r}" for n, s in program.inputs.items()}}
    leaves.update({s: f"{n!r}, which the batch begins with" for n, s in program.state.items()})
    leaves.update(dict.fromkeys(program.constants, "a constant"))
    return f" It is {leaves[slot]}." if slot in leaves else ""


def _steps_named(batch: Batch, name: str) -> list[Step]:
    """All steps of a label, a layer (with the layers inside it), the loss, a weight's update or a gradient."""
    program = batch.program
    by_label = [s for s in program.steps if s.label == name]
    if by_label:
        return by_label
    forward = [s for s in program.steps if _within(s.label, f"forward/{name}") or _within(s.label, name)]
    if forward:
        return forward
    if name in program.carry and name in program.state:
        by_name = [s for s in program.steps if s.label == f"update/{name}"]
        return by_name or [s for s in program.steps if s.output == program.carry[name]]
    if name.endswith(".grad") and name.removesuffix(".grad") in program.gradients:
        return [s for s in program.steps if s.output == program.gradients[name.removesuffix(".grad")]]
    if name in program.results:
        return [s for s in program.steps if s.output == program.results[name]]
    layers = dict.fromkeys(path for path, _, _ in program.visits if path)
    if name in layers:
        raise CutawayError(f"explain: layer {name} does nothing here: what comes in goes out as it is.")
    if name in program.state:
        raise CutawayError(f"explain: {name!r} is not changed in this batch, so no step tells of it; show shows it.")
    known = [*layers, *slots_named(program), "optimizer"]
    raise CutawayError(
        f"explain: nothing here is called {name!r}.{hint(name, known)} There are layers ({', '.join(layers)}), labels "
        "such as 'backward/1' and 'update/1.weight', 'loss' and 'optimizer'."
    )


def _within(label: str, name: str) -> bool:
    return label == name or label.startswith((f"{name}.", f"{name}/"))


# -- telling --------------------------------------------------------------------------------------------------------
def _case(batch: Batch, step: Step, at: tuple[int, ...] | None) -> Case | None:
    y = batch.read(step.output)
    if y is None:
        return None
    return Case(step.op, [batch.read(slot) for slot in step.inputs], step.attrs, y, _place(step, y, at))


def _place(step: Step, y: Any, at: tuple[int, ...] | None) -> tuple[int, ...]:
    if at is None:
        return farthest(y)
    if len(at) != y.ndim or any(not 0 <= k < n for k, n in zip(at, y.shape, strict=False)):
        raise CutawayError(f"explain: {step.op.name} gave an array of shape {y.shape}, so {at} names no number of it.")
    return at


def _step(batch: Batch, step: Step, at: tuple[int, ...] | None, inside: bool) -> Explained:
    case = _case(batch, step, at)
    place_in_time = batch.when(step) if batch.open or case is None else f"{batch.when(step)}, {batch.told}"
    label = f"{step.label}, {place_in_time}" if step.label else place_in_time
    note = _not_yet(batch, step) if case is None else ""
    told = Explained(step.op.name, label, step.op.story, case, note=note, reads=_reads(batch, step, case))
    return told.opened() if inside and told.can_open else told


def _reads(batch: Batch, step: Step, case: Case | None) -> str:
    """Which slots come in, by the names of the formula, and which one is filled."""
    names = case.names if case else []
    told = [f"{name} is {batch.called(slot)}" for name, slot in zip(names, step.inputs, strict=False)]
    return f"{', '.join(told)}; the result is slot {step.output}, {np.shape(case.y)}." if case else ""


def _not_yet(batch: Batch, step: Step) -> str:
    k = batch.program.steps.index(step)
    return (
        f"Not computed yet: it is {batch.when(step)}. run.at({batch.number}, {k + 2}) goes to the moment after it; "
        "run.step('op') goes on by one."
    )


def _several(batch: Batch, title: str, story: Story, steps: Sequence[Step], at: tuple[int, ...] | None) -> Explained:
    """Several steps, and the number that is followed through all of them, from the last one back."""
    last = steps[-1]
    y = batch.read(last.output)
    label = "" if batch.open or y is None else batch.told
    if y is None:
        parts = [_step(batch, step, None, False) for step in steps]
        return Explained(title, label, story, None, tuple(parts), _not_yet(batch, last))
    cases = followed(steps, batch.read, _place(last, y, at))
    told = [
        Explained(f"{step.op.name} -> slot {step.output}", f"{step.label}, {batch.when(step)}", step.op.story, case)
        for step, case in zip(steps, cases, strict=True)
    ]
    end = cases[-1]
    which = (
        f"number {place(end.at)} of what comes out, shape {end.y.shape}; at= chooses another"
        if end.at
        else "one number"
    )
    note = f"Followed here: {which}."
    return Explained(title, label, story, None, tuple(told), note)


def _told_as(run: Run | _Net, batch: Batch, what: Any, steps: Sequence[Step]) -> tuple[str, Story]:
    """What several steps are together: a layer, the loss, an update."""
    if what == "loss" and run.loss is not None:
        return f"loss: {_called(run.loss)}", Story.of(type(run.loss).__doc__)
    name = str(what)
    path = name.removeprefix("forward/")
    if run.net is not None:
        module = next((m for m in run.net.modules() if m.path == path and path), None)
        if module is not None and not name.startswith(("backward", "update")):
            return f"{path}: {_called(module)}", Story.of(type(module).__doc__)
    kind = next((kind for visited, kind, _ in batch.program.visits if visited == path), "")
    made = getattr(nn, kind, None) if kind and not name.startswith(("backward", "update")) else None
    if made is not None:
        return f"{path}: {kind}", Story.of(made.__doc__)
    if steps[0].label.startswith("update/") and run.optimizer is not None:
        told = Story.of(type(run.optimizer).__doc__)
        return f"the update of {steps[0].label.removeprefix('update/')} by {type(run.optimizer).__name__}", told
    return f"{name}: {len(steps)} steps", Story("", "", {}, "", "")


def _called(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) < 60 and "\n" not in text else type(thing).__name__


def _optimizer(run: Run, batch: Batch, at: tuple[int, ...] | None) -> Explained:
    if run.optimizer is None:
        raise CutawayError("This run's optimizer is one of your own: import the file that defines it first.")
    name = next(iter(batch.program.families.get("weight", batch.program.gradients)), "")
    steps = [s for s in batch.program.steps if s.label == f"update/{name}"]
    story = Story.of(type(run.optimizer).__doc__)
    if not steps:
        return Explained(repr(run.optimizer), "", story, note="No weight is trained: all are frozen.")
    told = _several(batch, f"{_called(run.optimizer)}, on {name}", story, steps, at)
    others = [n for n in batch.program.gradients if n != name]
    more = f" Another weight: explain('{others[0]}')." if others else ""
    return Explained(told.title, told.label, told.story, None, told.inside, told.note + more)
