"""Broadcasting, handled in this one place: a side of length 1 (or a missing one) is read again and again.

What was read many times is felt many times, so its gradient is the sum over all the readings: `broadcast_to` and
`sum_to` are each other's way back.
"""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError, boxes
from ..op import Op, Shape, namespace
from ..sample import Sample, normal
from ..tensor import Tensor


def joint_shape(name: str, *shapes: Shape) -> Shape:
    """The shape of a number-by-number operation, or an error that draws the arrays and marks the sides."""
    first = shapes[0]
    if all(s == first for s in shapes):
        return first
    ndim = max(map(len, shapes))
    joint = []
    for axis in range(-ndim, 0):
        sides = {s[axis] for s in shapes if len(s) >= -axis}
        wide = sides - {1}
        if len(wide) > 1:
            names = [chr(ord("a") + k) for k in range(len(shapes))]
            marked = [(n, len(s) + axis) for n, s in zip(names, shapes, strict=True) if len(s) >= -axis]
            raise ShapeError(
                f"{name}: it works number by number, so the sides must be equal (or 1), counted from the last; "
                f"here {' meets '.join(str(s[axis]) for s in shapes if len(s) >= -axis)}.\n"
                f"{boxes(dict(zip(names, shapes, strict=True)), marked)}\n"
                f"   Try: print both .shape; .T turns a table, .reshape(-1, 1) makes a column."
            )
        joint.append(wide.pop() if wide else 1)
    return tuple(joint)


def one_number(name: str, **shapes: Shape) -> None:
    """A counter or a setting is one number, not a row of them."""
    for what, shape in shapes.items():
        if shape:
            raise ShapeError(f"{name}: {what} must be one number, but it has shape {shape}.\n{boxes({what: shape})}")


def fit(grad: Tensor, like: Tensor) -> Tensor:
    """The gradient of an input that may have been broadcast: summed over the readings."""
    return grad if grad.shape == like.shape else sum_to(grad, to=like.shape)


class BroadcastTo(Op):
    """One number read out to a whole class: everybody hears the same.

    y[..., i] = x[..., 0] along every side that was 1 or missing

    x: what is repeated
    y: the repetitions
    to: the shape of y

    Use it where one number or row has to meet many: mostly it happens by itself.

    >>> broadcast_to(Tensor([[1.0], [2.0]]), to=(2, 3))
    Tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """

    torch = "torch.broadcast_to"
    kind = "view"
    samples = (
        Sample(normal(2, 1), to=(3, 2, 4)),
        Sample(normal(), to=(2, 3)),
        Sample(normal(3), to=(2, 3)),
        Sample(normal(2, 1, 3), to=(2, 4, 3)),
    )

    @staticmethod
    def forward(x: Any, to: Shape) -> Any:
        return namespace(x).broadcast_to(x, to)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, to: Shape) -> Tensor:
        return fit(g, x)

    @staticmethod
    def shape(x: Shape, to: Shape) -> Shape:
        if (
            len(x) > len(to)
            or any(n < 0 for n in to)
            or any(a not in (1, b) for a, b in zip(x[::-1], to[::-1], strict=False))
        ):
            raise ShapeError(
                f"broadcast_to: only sides of length 1 can be repeated.\n{boxes({'x': x, 'to': to})}\n"
                "   Try: .unsqueeze(dim) adds a side of length 1 where one is missing."
            )
        return tuple(to)


class SumTo(Op):
    """Whoever was heard by many gets the answers of many: the way back of a repetition.

    y = the sum of x over every side that was repeated

    x: the answers
    y: their sums, one for each number that was repeated
    to: the shape of y

    Use it to undo a repetition: the gradient of everything that was broadcast.

    >>> sum_to(Tensor([[1.0, 2.0], [3.0, 4.0]]), to=(2, 1))
    Tensor([[3.],
            [7.]])
    """

    torch = "torch.Tensor.sum_to_size"
    samples = (Sample(normal(3, 2, 4), to=(2, 1)), Sample(normal(2, 3), to=()), Sample(normal(2, 3), to=(3,)))

    @staticmethod
    def forward(x: Any, to: Shape) -> Any:
        extra = x.ndim - len(to)
        sides = tuple(range(extra)) + tuple(extra + k for k, n in enumerate(to) if n == 1 and x.shape[extra + k] != 1)
        xp = namespace(x)
        return xp.reshape(xp.sum(x, axis=sides), to)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, to: Shape) -> Tensor:
        return broadcast_to(g, to=x.shape)

    @staticmethod
    def shape(x: Shape, to: Shape) -> Shape:
        BroadcastTo.shape(to, to=x)
        return tuple(to)


broadcast_to = BroadcastTo()
sum_to = SumTo()
