"""Moving numbers about without changing them: other rows, other order, a part, the rows that numbers name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import LabelError, ShapeError, boxes
from ..op import Op, Shape, namespace
from ..sample import Sample, labels, normal
from ..tensor import Tensor

Index = tuple[Any, ...]


class Reshape(Op):
    """The same eggs in other boxes.

    y = x, counted off in rows of another length

    x: the eggs, in order
    y: the same eggs in the same order
    to: the new shape; one side may be -1, "as many as are needed"

    Use it to turn pictures into rows, or to give a vector a side of length 1.

    >>> reshape(Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), to=(3, 2))
    Tensor([[1., 2.],
            [3., 4.],
            [5., 6.]])
    """

    torch = "torch.reshape"
    kind = "view"
    samples = (Sample(normal(2, 6), to=(3, 4)), Sample(normal(2, 3, 2), to=(-1, 6)), Sample(normal(1), to=()))

    @staticmethod
    def forward(x: Any, to: Shape) -> Any:
        return namespace(x).reshape(x, to)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, to: Shape) -> Tensor:
        return reshape(g, to=x.shape)

    @staticmethod
    def shape(x: Shape, to: Shape) -> Shape:
        known = math.prod(n for n in to if n != -1)
        count = math.prod(x)
        free = to.count(-1)
        if free > 1 or any(n < -1 for n in to) or (count != known if not free else known == 0 or count % known):
            raise ShapeError(
                f"reshape: {count} numbers do not fill {to} exactly.\n{boxes({'x': x, 'to': to})}\n"
                "   Try: at most one side of -1 ('as many as are needed'), or x.flatten(1) to keep the batch."
            )
        return tuple(count // known if n == -1 else n for n in to)


class Permute(Op):
    """Turning a chest of drawers: the same things, seen from another side.

    y[i, j, ...] = x[the same places, sides in another order]

    x: the chest
    y: the chest, turned
    order: which old side stands first, which second, ...

    Use it when a side stands in the wrong place: time before batch, channels last.

    >>> permute(Tensor([[1.0, 2.0, 3.0]]), order=(1, 0)).shape
    (3, 1)
    """

    torch = "torch.permute"
    kind = "view"
    samples = (Sample(normal(2, 3), order=(1, 0)), Sample(normal(2, 3, 4), order=(1, 2, 0)))

    @staticmethod
    def forward(x: Any, order: Shape) -> Any:
        return namespace(x).permute_dims(x, order)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, order: Shape) -> Tensor:
        return permute(g, order=tuple(sorted(range(len(order)), key=lambda k: order[k] % len(order))))

    @staticmethod
    def shape(x: Shape, order: Shape) -> Shape:
        sides = range(-len(x), len(x))
        if sorted(k % max(1, len(x)) for k in order) != list(range(len(x))) or any(k not in sides for k in order):
            raise ShapeError(f"permute: name each of the {len(x)} sides of {x} exactly once, not {order}.")
        return tuple(x[k] for k in order)


def real_index(index: Index) -> Index:
    """The saved form of an index as NumPy reads it."""
    return tuple(
        slice(*part[1:]) if isinstance(part, tuple | list) else Ellipsis if part == "..." else part for part in index
    )


class Cut(Op):
    """Scissors: one piece of the picture, as it is.

    y = x[index]

    x: the picture
    y: the piece
    index: for each side a position, or a slice as ("slice", start, stop, step)

    Use it as x[...]: one example, one column, every second row.

    >>> Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])[:, 1:]
    Tensor([[2., 3.],
            [5., 6.]])
    """

    torch = "torch.Tensor.__getitem__"
    kind = "view"
    samples = (
        Sample(normal(4, 5), index=(("slice", 1, None, 2),)),
        Sample(normal(3, 4), index=(2, ("slice", None, None, -1))),
        Sample(normal(2, 3, 4), index=("...", 1)),
    )

    @staticmethod
    def forward(x: Any, index: Index) -> Any:
        return x[(*real_index(index), ...) if "..." not in index else real_index(index)]

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, index: Index) -> Tensor:
        return paste(g, index=index, to=x.shape)

    @staticmethod
    def shape(x: Shape, index: Index) -> Shape:
        try:
            return np.broadcast_to(np.empty(()), x)[real_index(index)].shape
        except (IndexError, ValueError) as error:
            raise ShapeError(f"x[...]: {error}. The array has shape {x}; counting starts at 0.") from None


class Paste(Op):
    """Glue: the piece back in its place, on an empty sheet.

    y = zeros of shape `to`, with x at the index

    x: the piece
    y: the sheet
    index: where it goes, as in `cut`
    to: the shape of the sheet

    Use it to put a piece back in its place: the gradient of a cut.

    >>> paste(Tensor([1.0]), index=(("slice", 1, 2, None),), to=(3,))
    Tensor([0., 1., 0.])
    """

    torch = "torch.Tensor.index_put"
    samples = (Sample(normal(2, 5), index=(("slice", 1, None, 2),), to=(4, 5)),)

    @staticmethod
    def forward(x: Any, index: Index, to: Shape) -> Any:
        y = np.zeros(to, x.dtype)
        y[real_index(index)] = x
        return y

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, index: Index, to: Shape) -> Tensor:
        return cut(g, index=index)

    @staticmethod
    def shape(x: Shape, index: Index, to: Shape) -> Shape:
        if any(n < 0 for n in to):
            raise ShapeError(f"paste: a sheet has no sides below 0, but to={to}.")
        if Cut.shape(to, index) != x:
            raise ShapeError(f"paste: the place {Cut.shape(to, index)} and the piece {x} differ.")
        return tuple(to)


def check_rows(what: str, rows: Any, count: int, kind: str = "rows") -> None:
    """Positions count from 0 (or from the end, -1 being the last); one that does not exist is named."""
    if not rows.size:
        return
    low, high = int(rows.min()), int(rows.max())
    if low < -count or high >= count:
        there = f"{count} {kind}, counted 0 to {count - 1}" if count else f"no {kind} at all"
        one = "row" if kind == "rows" else "place"
        raise LabelError(f"{what} has {there}: {one} {high if high >= count else low} does not exist.")


def add_at(y: Any, places: Any, g: Any) -> None:
    """Add every number of g to y at its place, counted through all of y; NumPy is quickest at it in one long row."""
    np.add.at(y.reshape(-1), places.reshape(-1), g.reshape(-1))


class Take(Op):
    """Looking words up in a dictionary: every number names a row.

    y[i] = x[rows[i]]

    x: the dictionary, one entry a row
    rows: which entries, whole numbers; the same entry may be asked for twice
    y: the entries, in the order asked for

    Use it to look rows up by number: words in a table of word vectors, chosen examples.

    >>> take(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1, 1, 0]))
    Tensor([[3., 4.],
            [3., 4.],
            [1., 2.]])
    """

    torch = "torch.Tensor.__getitem__"
    whole = (1,)
    samples = (Sample(normal(4, 3), labels(5, below=4)), Sample(normal(4), labels(2, 3, below=4)))

    @staticmethod
    def forward(x: Any, rows: Any) -> Any:
        return x[rows]

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, rows: Tensor) -> tuple[Tensor, None]:
        return add_rows(g, rows, size=x.shape[0]), None

    @staticmethod
    def verify(x: Any, rows: Any) -> None:
        check_rows("x[rows]: x", rows, len(x))

    @staticmethod
    def shape(x: Shape, rows: Shape) -> Shape:
        if not x:
            raise ShapeError("x[rows]: x is one number and has no rows.")
        return rows + x[1:]


class AddRows(Op):
    """The way back of a look-up: whoever was asked for twice gets both thanks.

    y[rows[i]] += g[i], starting from zeros

    g: the thanks
    rows: to whom
    y: what has come together for each row
    size: how many rows there are

    Use it to collect what belongs to the same row: the gradient of a look-up.

    >>> add_rows(Tensor([[1.0], [2.0], [4.0]]), Tensor([1, 1, 0]), size=3)
    Tensor([[4.],
            [3.],
            [0.]])
    """

    torch = "torch.Tensor.index_add"
    whole = (1,)
    samples = (
        Sample(normal(5, 3), labels(5, below=4), size=4),
        Sample(normal(2, 3), labels(2, 3, below=4), size=4),
    )

    @staticmethod
    def forward(g: Any, rows: Any, size: int) -> Any:
        y = np.zeros((size, *g.shape[rows.ndim :]), g.dtype)
        width = math.prod(y.shape[1:])
        add_at(y, (rows[..., None] % max(1, size)) * width + np.arange(width), g)
        return y

    @staticmethod
    def backward(gg: Tensor, y: Tensor, g: Tensor, rows: Tensor, size: int) -> tuple[Tensor, None]:
        return take(gg, rows), None

    @staticmethod
    def verify(g: Any, rows: Any, size: int) -> None:
        check_rows("add_rows: y", rows, size)

    @staticmethod
    def shape(g: Shape, rows: Shape, size: int) -> Shape:
        if not isinstance(size, int) or size < 0:
            raise ShapeError(f"add_rows: size says how many rows there are, but it is {size}.")
        if g[: len(rows)] != rows:
            raise ShapeError(f"add_rows: every row of g needs one number in rows.\n{boxes({'g': g, 'rows': rows})}")
        return (size, *g[len(rows) :])


reshape = Reshape()
permute = Permute()
cut = Cut()
paste = Paste()
take = Take()
add_rows = AddRows()
