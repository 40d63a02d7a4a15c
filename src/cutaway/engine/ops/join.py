"""Putting together, spreading out and turning: concat, stack, pad, repeat, flip, roll, and the halves of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DtypeError, ShapeError, boxes
from ..op import Op, Shape, namespace
from ..sample import Sample, normal
from ..tensor import Dims, Tensor
from .arrange import cut, reshape
from .reduce import sides

ALL = ("slice", None, None, None)


def along(name: str, x: Shape, dim: Any) -> int:
    """The one side that ``dim`` names, counted from the front; it may be empty."""
    if not isinstance(dim, int) or not -len(x) <= dim < len(x):
        there = f"counted 0 to {len(x) - 1}" if x else "which is one number and has none"
        raise ShapeError(f"{name}: dim names one of the sides of {x}, {there}, but it is {dim}.")
    return dim % len(x)


def part(dim: int, start: int, stop: int) -> tuple[Any, ...]:
    """The index of the places from start to stop along one side, all other sides whole.

    >>> part(1, 0, 2)
    (('slice', None, None, None), ('slice', 0, 2, None))
    """
    return (ALL,) * dim + (("slice", start, stop, None),)


class Concat(Op):
    """Coupling railway carriages: one train, the carriages in the order given.

    y = xs[0], then xs[1], then xs[2], ... along one side

    xs: the carriages; all sides but the coupled one must agree
    y: the train; every number of it comes from one carriage, and its gradient goes back there
    dim: along which side they are coupled

    Use it to let two roads of a network meet and keep what both say; torch.cat is the same.

    >>> concat(Tensor([[1.0], [2.0]]), Tensor([[3.0], [4.0]]), dim=1)
    Tensor([[1., 3.],
            [2., 4.]])
    """

    torch = "torch.cat"
    samples = (
        Sample(normal(2, 3), normal(4, 3), normal(1, 3)),
        Sample(normal(2, 3), normal(2, 1), normal(2, 4), dim=-1),
        Sample(normal(2, 3, 2), normal(2, 2, 2), normal(2, 3, 2), dim=1),
    )

    @staticmethod
    def forward(*xs: Any, dim: int = 0) -> Any:
        return namespace(xs[0]).concat(xs, axis=dim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, *xs: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
        parts, start, side = [], 0, dim % y.ndim
        for x in xs:
            parts.append(cut(g, index=part(side, start, start + x.shape[side])))
            start += x.shape[side]
        return tuple(parts)

    @staticmethod
    def shape(*xs: Shape, dim: int = 0) -> Shape:
        if not xs:
            raise ShapeError("concat: there is nothing to put together; give it at least one tensor.")
        side = along("concat", xs[0], dim)
        rest = [x[:side] + x[side + 1 :] for x in xs]
        wrong = next((k for k, x in enumerate(xs) if len(x) != len(xs[0]) or rest[k] != rest[0]), None)
        if wrong is not None:
            raise ShapeError(
                f"concat: all sides but side {side} must agree.\n"
                f"{boxes({'input 1': xs[0], f'input {wrong + 1}': xs[wrong]})}\n"
                "   Try: another dim, or .unsqueeze(dim) where a side is missing; stack makes a new side."
            )
        return (*xs[0][:side], sum(x[side] for x in xs), *xs[0][side + 1 :])


class Stack(Op):
    """Laying pictures on a pile: a new side, on which the pictures are counted.

    y[k, ...] = xs[k][...], the new side standing where `dim` says

    xs: the pictures, all of one shape
    y: the pile
    dim: where the new side stands, 0 for the front and -1 for the end

    Use it to make one batch of single examples, or one sequence of single moments.

    >>> stack(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
    Tensor([[1., 2.],
            [3., 4.]])
    """

    torch = "torch.stack"
    samples = (
        Sample(normal(2, 3), normal(2, 3), normal(2, 3)),
        Sample(normal(3), normal(3), normal(3), dim=-1),
        Sample(normal(2, 3), normal(2, 3), normal(2, 3), dim=1),
    )

    @staticmethod
    def forward(*xs: Any, dim: int = 0) -> Any:
        return namespace(xs[0]).stack(xs, axis=dim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, *xs: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
        return tuple(cut(g, index=(ALL,) * (dim % y.ndim) + (k,)) for k in range(len(xs)))

    @staticmethod
    def shape(*xs: Shape, dim: int = 0) -> Shape:
        if not xs:
            raise ShapeError("stack: there is nothing to put together; give it at least one tensor.")
        wrong = next((k for k, x in enumerate(xs) if x != xs[0]), None)
        if wrong is not None:
            raise ShapeError(
                "stack: what lies on one pile must have one shape.\n"
                f"{boxes({'input 1': xs[0], f'input {wrong + 1}': xs[wrong]})}\n"
                "   Try: concat, which couples along a side that is there already; pad makes shapes equal."
            )
        side = along("stack", (len(xs), *xs[0]), dim)
        return (*xs[0][:side], len(xs), *xs[0][side:])


class Pad(Op):
    """A passe-partout: a margin around the picture.

    y = x in the middle, `value` in the margin

    x: the picture
    y: the picture with its margin
    widths: how wide, in PyTorch's order: before and after along the last side, then along the last but one, ...
    value: what stands in the margin, 0 when not said

    Use it to make sequences of one length, and to give a window something to see at the border.

    >>> pad(Tensor([[1.0, 2.0]]), widths=(1, 0))
    Tensor([[0., 1., 2.]])
    """

    torch = "torch.nn.functional.pad"
    samples = (
        Sample(normal(2, 3), widths=(1, 2)),
        Sample(normal(2, 3, 4), widths=(0, 1, 2, 0), value=-1.5),
    )

    @staticmethod
    def forward(x: Any, widths: Shape, value: float = 0.0) -> Any:
        return np.pad(x, margins(widths, x.ndim), constant_values=value)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, widths: Shape, value: float = 0.0) -> Tensor:
        inner = [("slice", a, a + n, None) for (a, _), n in zip(margins(widths, x.ndim), x.shape, strict=True)]
        return cut(g, index=tuple(inner))

    @staticmethod
    def verify(x: Any, widths: Shape, value: float = 0.0) -> None:
        if x.dtype.kind in "iu" and value != int(value):
            raise DtypeError(f"pad: x holds whole numbers ({x.dtype}), so {value} does not fit in. Try x.float().")

    @staticmethod
    def shape(x: Shape, widths: Shape, value: float = 0.0) -> Shape:
        if len(widths) % 2 or len(widths) > 2 * len(x) or any(n < 0 for n in widths):
            raise ShapeError(
                f"pad: widths are pairs (before, after) of numbers from 0 up, the last side first, at most one pair "
                f"for each of the {len(x)} sides of x; not {widths}.\n{boxes({'x': x})}\n"
                "   Try: widths=(1, 1) for a margin left and right; to cut something off type x[:, 1:-1]."
            )
        return tuple(a + n + b for (a, b), n in zip(margins(widths, len(x)), x, strict=True))


def margins(widths: Shape, ndim: int) -> list[tuple[int, int]]:
    """PyTorch's order (last side first) as pairs, first side first.

    >>> margins((1, 2), 2)
    [(0, 0), (1, 2)]
    """
    pairs = [(widths[k], widths[k + 1]) for k in range(0, len(widths), 2)]
    return [(0, 0)] * (ndim - len(pairs)) + pairs[::-1]


class RepeatInterleave(Op):
    """A stutterer: every word comes several times before the next one does.

    y[k] = x[k // repeats], along one side

    x: the words
    y: what is heard; each word gets the thanks of all its repetitions together
    repeats: how often each word comes
    dim: along which side

    Use it to make pictures larger without new colours (upsampling), or to give several questions the same answer.

    >>> repeat_interleave(Tensor([1.0, 2.0]), repeats=2, dim=0)
    Tensor([1., 1., 2., 2.])
    """

    torch = "torch.repeat_interleave"
    samples = (
        Sample(normal(2, 3), repeats=2, dim=1),
        Sample(normal(3, 2), repeats=3, dim=0),
        Sample(normal(2, 3, 4), repeats=2, dim=-2),
    )

    @staticmethod
    def forward(x: Any, repeats: int, dim: int) -> Any:
        return namespace(x).repeat(x, repeats, axis=dim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, repeats: int, dim: int) -> Tensor:
        side = dim % x.ndim
        grouped = reshape(g, to=(*x.shape[: side + 1], repeats, *x.shape[side + 1 :]))
        return grouped.sum(side + 1)

    @staticmethod
    def shape(x: Shape, repeats: int, dim: int) -> Shape:
        side = along("repeat_interleave", x, dim)
        if not isinstance(repeats, int) or repeats < 1:
            raise ShapeError(f"repeat_interleave: repeats is a whole number from 1 up, not {repeats}.")
        return (*x[:side], x[side] * repeats, *x[side + 1 :])


class Tile(Op):
    """Tiles on a wall: the whole picture again and again, side by side.

    y[i, j, ...] = x[i mod H, j mod W, ...]

    x: one tile
    y: the wall; a tile gets the thanks of all its copies together
    counts: how many copies along each side, one number a side

    Use it where every copy goes its own way afterwards; where copies stay alike, `expand` costs nothing.

    >>> tile(Tensor([[1.0, 2.0]]), counts=(2, 2))
    Tensor([[1., 2., 1., 2.],
            [1., 2., 1., 2.]])
    """

    torch = "torch.tile"
    samples = (Sample(normal(2, 3), counts=(2, 1)), Sample(normal(2, 1, 3), counts=(2, 3, 2)))

    @staticmethod
    def forward(x: Any, counts: Shape) -> Any:
        return namespace(x).tile(x, counts)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, counts: Shape) -> Tensor:
        pairs = [n for pair in zip(counts, x.shape, strict=True) for n in pair]
        return reshape(g, to=tuple(pairs)).sum(tuple(range(0, 2 * x.ndim, 2)))

    @staticmethod
    def shape(x: Shape, counts: Shape) -> Shape:
        if len(counts) != len(x) or any(n < 1 for n in counts):
            raise ShapeError(f"tile: one number from 1 up for each of the {len(x)} sides of {x}, not {counts}.")
        return tuple(n * c for n, c in zip(x, counts, strict=True))


class Flip(Op):
    """A film played backwards.

    y[k] = x[n - 1 - k], along the sides named

    x: the film
    y: the film from its end to its beginning
    dim: which side or sides, all when None

    Use it to read a sequence from its end, and to mirror pictures.

    >>> flip(Tensor([1.0, 2.0, 3.0]))
    Tensor([3., 2., 1.])
    """

    kind = "view"
    torch = "torch.flip"
    samples = (Sample(normal(2, 3)), Sample(normal(2, 3, 4), dim=1), Sample(normal(3, 2), dim=(0, -1)))

    @staticmethod
    def forward(x: Any, dim: Dims = None) -> Any:
        return namespace(x).flip(x, axis=dim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: Dims = None) -> Tensor:
        return flip(g, dim=dim)

    @staticmethod
    def shape(x: Shape, dim: Dims = None) -> Shape:
        sides(x, dim)
        return x


class Roll(Op):
    """A carousel turned by some places: who falls off at one end gets on again at the other.

    y[k] = x[(k - shift) mod n], along one side

    x: the carousel
    y: the carousel, turned
    shift: by how many places, backwards if negative
    dim: along which side

    Use it where a border should meet the opposite border, and to compare a signal with itself a little later.

    >>> roll(Tensor([1.0, 2.0, 3.0]), shift=1, dim=0)
    Tensor([3., 1., 2.])
    """

    torch = "torch.roll"
    samples = (Sample(normal(2, 5), shift=2, dim=1), Sample(normal(4, 3), shift=-1, dim=0))

    @staticmethod
    def forward(x: Any, shift: int, dim: int) -> Any:
        return namespace(x).roll(x, shift, axis=dim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, shift: int, dim: int) -> Tensor:
        return roll(g, shift=-shift, dim=dim)

    @staticmethod
    def shape(x: Shape, shift: int, dim: int) -> Shape:
        along("roll", x, dim)
        if not isinstance(shift, int):
            raise ShapeError(f"roll: shift is by how many places, one whole number, not {shift!r}.")
        return x


class Tril(Op):
    """A staircase: who stands on it or below it stays, who stands above is sent away.

    y[i, j] = x[i, j] if j <= i + diagonal, else 0

    x: a table, or many of them (..., I, J)
    y: its lower left half
    diagonal: how far to the right the staircase is moved

    Use it to let moment i see only the moments up to i: tril of a table of True is the mask of a text model.

    >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 0.],
            [3., 4.]])
    """

    torch = "torch.tril"
    samples = (Sample(normal(3, 4)), Sample(normal(2, 4, 3), diagonal=-1), Sample(normal(3, 3), diagonal=1))

    @staticmethod
    def forward(x: Any, diagonal: int = 0) -> Any:
        return namespace(x).tril(x, k=diagonal)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, diagonal: int = 0) -> Tensor:
        return tril(g, diagonal=diagonal)

    @staticmethod
    def shape(x: Shape, diagonal: int = 0) -> Shape:
        if len(x) < 2:
            raise ShapeError(f"tril: x must be a table (rows and columns).\n{boxes({'x': x})}")
        return x


concat = Concat()
stack = Stack()
pad = Pad()
repeat_interleave = RepeatInterleave()
tile = Tile()
flip = Flip()
roll = Roll()
tril = Tril()
