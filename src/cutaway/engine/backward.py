"""The backward pass is more tape: the same list, written from the loss back to the weights, with the same operations.

It goes over the recorded list once, last step first, so that a value used in several places has received every
share of its gradient before the share is passed on. (Following each use back on its own, by recursion, passes the
early shares on twice: the classic bug.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import ShapeError, TapeError
from .registry import apply
from .tape import Tape
from .tensor import Tensor

__all__ = ["backward", "grad", "through"]


def backward(loss: Tensor, wrt: Sequence[Tensor], grad: Tensor | None = None) -> list[Tensor]:
    """Extend the tape by the backward pass: the gradient of ``loss`` for each tensor of ``wrt``.

    d loss / d x = sum over all uses y of x of (d loss / d y) (d y / d x)         (the chain rule)

    loss: one number, or any shape if ``grad`` (of the same shape) says how much each of its numbers counts
    The gradients are recorded too, so they can be differentiated again. Where nothing is felt they are zeros.

    >>> x = Tensor([1.0, 2.0, 3.0])
    >>> with Tape():
    ...     (slope,) = backward((x * x * x).sum(), [x])
    ...     (bend,) = backward(slope.sum(), [x])
    >>> slope, bend
    (Tensor([ 3., 12., 27.]), Tensor([ 6., 12., 18.]))
    """
    tape = loss.tape
    if tape is None:
        raise TapeError("backward: nothing was recorded. Do the forward pass inside `with ct.Tape():`.")
    targets = [tape.slot(t) for t in wrt]
    slots = _walk_back(tape, loss, targets, grad)
    return [tape[slots[s]] if s in slots else Tensor(np.zeros_like(t.data)) for s, t in zip(targets, wrt, strict=True)]


def through(
    written: Callable[..., Tensor], grad: Tensor, inputs: Sequence[Tensor], **attrs: Any
) -> list[Tensor | None]:
    """The gradient for each input of an operation, found by opening it: for a backward with no short form.

    The operation is recorded again in its smaller steps, and only these steps are gone back over, so that nothing
    that lies before the inputs is counted here (the walk that called comes to it later).

    written: the operation in smaller ones; grad: the gradient of its result; inputs, attrs: what it was given
    Inputs that cannot be nudged (whole numbers, True and False) and inputs that are not felt get None.

    >>> with Tape():
    ...     x = Tensor([1.0, 2.0]) * 1.0
    ...     parts = through(lambda x: x * x * x, Tensor([1.0, 1.0]), [x])
    >>> parts
    [Tensor([ 3., 12.])]
    """
    tape = Tape.current()
    if tape is None:
        raise TapeError("through: a backward pass is recorded, so it needs a tape: `with ct.Tape():`.")
    start = len(tape.steps)
    result = written(*inputs, **attrs)
    nudged = [tape.slot(t) for t in inputs if t.dtype.kind == "f"]
    found = _walk_back(tape, tape[tape.slot(result)], nudged, grad, start)
    parts: list[Tensor | None] = []
    for t in inputs:  # one that was given twice gets its whole gradient the first time
        slot = found.pop(tape.slot(t), None) if t.dtype.kind == "f" else None
        parts.append(None if slot is None else tape[slot])
    return parts


def _walk_back(tape: Tape, loss: Tensor, targets: Sequence[int], grad: Tensor | None, start: int = 0) -> dict[int, int]:
    """Write the backward steps of all steps from ``start`` on; slot of a value -> slot of its gradient."""
    assert loss.slot is not None
    if grad is None:
        if loss.data.size != 1:
            raise ShapeError(
                f"backward starts from one number, but this loss has shape {loss.shape}. "
                "Make it one number with loss.mean() or loss.sum()."
            )
        grad = Tensor(np.ones_like(loss.data))
    elif grad.shape != loss.shape:
        raise ShapeError(f"backward: grad {grad.shape} must have the shape of the loss {loss.shape}.")
    felt = set(targets)  # the slots that feel a change of the targets
    for step in tape.steps[start:]:
        if not felt.isdisjoint(step.inputs):
            felt.add(step.output)
    grads = {loss.slot: tape.slot(grad)}
    with tape.resumed(), tape.phase("backward"):
        for step in reversed(tape.steps[start:]):
            if step.output not in grads or step.output not in felt:
                continue
            label = step.label.partition("/")
            with tape.place(label[2] if label[0] in ("forward", "backward") else step.label):
                parts = step.op.backward(
                    tape[grads[step.output]], tape[step.output], *[tape[i] for i in step.inputs], **step.attrs
                )
                if not isinstance(parts, tuple | list):
                    parts = (parts,)
                for slot, part in zip(step.inputs, parts, strict=False):
                    if part is None or slot not in felt:
                        continue
                    if part.shape != tape.values[slot].shape:
                        raise ShapeError(
                            f"{step.op.name}: the gradient {part.shape} of an input {tape.values[slot].shape} "
                            "must have the input's shape: mend its backward."
                        )
                    if slot in grads:  # two roads meet: their shares add up
                        part = apply("add", tape[grads[slot]], part)
                    grads[slot] = tape.slot(part)
    return grads


def leave_gradients(loss: Tensor, grad: Tensor | None = None) -> None:
    """PyTorch's habit: ``loss.backward()`` adds to ``.grad`` of every leaf made with requires_grad=True."""
    tape = loss.tape
    assert tape is not None
    leaves = [t for t in tape.leaves if t.requires_grad]
    if not leaves:
        raise TapeError(
            "backward: nothing on this tape asked for a gradient. Make the tensor you want to change with "
            "ct.Tensor(array, requires_grad=True), or use a layer, whose parameters always ask."
        )
    slots = _walk_back(tape, loss, [tape.leaves[t] for t in leaves], grad)
    for leaf in leaves:
        if tape.leaves[leaf] in slots:
            found = tape[slots[tape.leaves[leaf]]]
            leaf.grad = found if leaf.grad is None else apply("add", leaf.grad, found)


def grad(f: Callable[..., Tensor], argument: int = 0) -> Callable[..., Tensor]:
    """The derivative of a function, as a function: ``grad(f)(x)`` is df/dx at x, and ``grad(grad(f))`` bends twice.

    f: takes tensors, gives one number
    argument: which argument to differentiate by

    >>> square = lambda x: x * x
    >>> grad(square)(3.0).item(), grad(grad(square))(3.0).item()
    (6.0, 2.0)
    """

    def derivative(*args: Any) -> Tensor:
        tensors = [a if isinstance(a, Tensor) else Tensor(a) for a in args]
        tape = Tape.current()
        if tape is not None:
            return backward(f(*tensors), [tensors[argument]])[0]
        with Tape():
            return backward(f(*tensors), [tensors[argument]])[0].detach()

    return derivative
