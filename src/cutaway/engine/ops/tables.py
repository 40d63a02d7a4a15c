"""Looking up and writing down: one number of every row, word tables, tables with some rows changed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import LabelError, ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, given, labels, normal
from ..tensor import Tensor
from .arithmetic import mul
from .arrange import add_at, add_rows, check_rows, take
from .broadcast import fit
from .compare import not_equal
from .join import along
from .kinds import cast


def _same_but(name: str, dim: Any, **shapes: Shape) -> int:
    """The side that ``dim`` names; all others must agree."""
    (first, a), (second, b) = shapes.items()
    side = along(name, a, dim)
    if len(a) != len(b) or a[:side] + a[side + 1 :] != b[:side] + b[side + 1 :]:
        raise ShapeError(
            f"{name}: {second} must have as many sides as {first}, all of them but side {side} as long.\n"
            f"{boxes({first: a, second: b})}\n"
            "   Try: index.unsqueeze(dim) for one number of every row; x[rows] takes whole rows."
        )
    return side


class Gather(Op):
    """Everybody draws cards from the own hand: the index says which card of the hand.

    y[i, j] = x[i, index[i, j]]    along dim=1; y[i, j] = x[index[i, j], j] along dim=0

    x: the hands
    index: which cards, whole numbers from 0
    y: the cards drawn, of the shape of index
    dim: along which side the cards of a hand lie

    Use it to pick one number of every row: the score of the right class, the value of the move made.

    >>> gather(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[1], [0]]), dim=1)
    Tensor([[2.],
            [3.]])
    """

    torch = "torch.gather"
    whole = (1,)
    samples = (
        Sample(normal(2, 4), labels(2, 3, below=4), dim=1),
        Sample(normal(4, 2, 3), labels(5, 2, 3, below=4), dim=0),
        Sample(normal(2, 4, 3), labels(2, 1, 3, below=4), dim=-2),
    )

    @staticmethod
    def forward(x: Any, index: Any, dim: int) -> Any:
        return np.take_along_axis(x, index, axis=dim)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, index: Tensor, dim: int) -> tuple[Tensor, None]:
        return scatter_sum(g, index, dim=dim, size=x.shape[dim]), None

    @staticmethod
    def verify(x: Any, index: Any, dim: int) -> None:
        check_rows("gather: x", index, x.shape[dim], "places along that side")

    @staticmethod
    def shape(x: Shape, index: Shape, dim: int) -> Shape:
        _same_but("gather", dim, x=x, index=index)
        return index


class ScatterSum(Op):
    """Everybody puts the cards back where they came from; cards for one place add up.

    y[i, index[i, j]] += g[i, j], starting from zeros    along dim=1

    g: the cards
    index: the place of each, whole numbers from 0, of the same shape
    y: the hands
    dim: along which side the cards of a hand lie
    size: how many places that side has

    Use it to count and to add up by groups: it is the way back of gather.

    >>> scatter_sum(Tensor([[5.0, 6.0, 1.0]]), Tensor([[1, 0, 1]]), dim=1, size=3)
    Tensor([[6., 6., 0.]])
    """

    whole = (1,)
    samples = (
        Sample(normal(2, 3), labels(2, 3, below=4), dim=1, size=4),
        Sample(normal(5, 2, 3), labels(5, 2, 3, below=4), dim=0, size=4),
    )

    @staticmethod
    def forward(g: Any, index: Any, dim: int, size: int) -> Any:
        dim %= g.ndim
        before, after = math.prod(g.shape[:dim]), math.prod(g.shape[dim + 1 :])
        y = np.zeros((*g.shape[:dim], size, *g.shape[dim + 1 :]), g.dtype)
        rows = index.reshape(before, g.shape[dim], after) % max(1, size) + np.arange(before)[:, None, None] * size
        add_at(y, rows * after + np.arange(after), g)
        return y

    @staticmethod
    def backward(gg: Tensor, y: Tensor, g: Tensor, index: Tensor, dim: int, size: int) -> tuple[Tensor, None]:
        return gather(gg, index, dim=dim), None

    @staticmethod
    def verify(g: Any, index: Any, dim: int, size: int) -> None:
        check_rows("scatter_sum: y", index, size, "places along that side")

    @staticmethod
    def shape(g: Shape, index: Shape, dim: int, size: int) -> Shape:
        side = along("scatter_sum", g, dim)
        if g != index:
            raise ShapeError(f"scatter_sum: every number of g needs its place.\n{boxes({'g': g, 'index': index})}")
        if not isinstance(size, int) or size < 0:
            raise ShapeError(f"scatter_sum: size says how many places there are, but it is {size}.")
        return (*g[:side], size, *g[side + 1 :])


class ScatterAdd(Op):
    """Cards added to hands that are not empty.

    y = x, and y[i, index[i, j]] += src[i, j]    along dim=1

    x: the hands
    index: the place of each card, whole numbers from 0
    src: the cards, of the shape of index
    y: the hands afterwards; x itself stays as it was
    dim: along which side the cards of a hand lie

    Use it to add up by groups onto what is there.

    >>> scatter_add(Tensor([[1.0, 1.0, 1.0]]), Tensor([[1, 0, 1]]), Tensor([[5.0, 6.0, 1.0]]), dim=1)
    Tensor([[7., 7., 1.]])
    """

    torch = "torch.scatter_add"
    whole = (1,)
    samples = (
        Sample(normal(2, 4), labels(2, 3, below=4), normal(2, 3), dim=1),
        Sample(normal(4, 2), labels(5, 2, below=4), normal(5, 2), dim=0),
    )

    @staticmethod
    def forward(x: Any, index: Any, src: Any, dim: int) -> Any:
        return x + ScatterSum.forward(src, index, dim, x.shape[dim])

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, index: Tensor, src: Tensor, dim: int) -> tuple[Tensor, None, Tensor]:
        return g, None, gather(g, index, dim=dim)

    @staticmethod
    def written(x: Tensor, index: Tensor, src: Tensor, dim: int) -> Tensor:
        return x + scatter_sum(src, index, dim=dim, size=x.shape[dim])

    @staticmethod
    def verify(x: Any, index: Any, src: Any, dim: int) -> None:
        check_rows("scatter_add: x", index, x.shape[dim], "places along that side")

    @staticmethod
    def shape(x: Shape, index: Shape, src: Shape, dim: int) -> Shape:
        _same_but("scatter_add", dim, x=x, index=index)
        if src != index:
            raise ShapeError(
                f"scatter_add: every number of src needs its place.\n{boxes({'src': src, 'index': index})}"
            )
        return x


class Embedding(Op):
    """A dictionary that tells each word as a row of numbers, and is learned.

    y[i] = weight[indices[i]]

    indices: the numbers of the words, whole, from 0, any shape
    weight: the dictionary, one row a word, (V, E)
    y: the rows, (..., E)
    padding_idx: the number of a word that only fills gaps: its row is told that no nudge is felt, and so never learns

    Use it as the first step wherever words, tones, moves or other signs come in as numbers.

    >>> embedding(Tensor([[1, 0]]), Tensor([[0.0, 0.0], [1.0, 2.0]]))
    Tensor([[[1., 2.],
             [0., 0.]]])
    """

    torch = "torch.nn.functional.embedding"
    whole = (0,)
    samples = (
        Sample(labels(2, 3, below=4), normal(4, 5)),
        Sample(labels(6, below=3), normal(3, 2)),
    )

    @staticmethod
    def forward(indices: Any, weight: Any, padding_idx: int | None = None) -> Any:
        return weight[indices]

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, indices: Tensor, weight: Tensor, padding_idx: int | None = None
    ) -> tuple[None, Tensor]:
        if padding_idx is not None:
            real = cast(not_equal(indices, padding_idx % weight.shape[0]), to=str(g.dtype))
            g = mul(g, real.unsqueeze(-1))
        return None, add_rows(g, indices, size=weight.shape[0])

    @staticmethod
    def verify(indices: Any, weight: Any, padding_idx: int | None = None) -> None:
        if indices.size and int(indices.min()) < 0:
            raise LabelError(f"embedding: words are counted from 0, but there is a {int(indices.min())}.")
        check_rows("embedding: the table", indices, len(weight))

    @staticmethod
    def shape(indices: Shape, weight: Shape, padding_idx: int | None = None) -> Shape:
        if len(weight) != 2:
            raise ShapeError(f"embedding: the table has one row a word, (V, E).\n{boxes({'weight': weight})}")
        if padding_idx is not None and not -weight[0] <= padding_idx < weight[0]:
            raise ShapeError(f"embedding: padding_idx={padding_idx} is no row of a table of {weight[0]} words.")
        return (*indices, weight[1])


def _rows_fit(name: str, x: Shape, rows: Shape, new: Shape) -> None:
    if not x:
        raise ShapeError(f"{name}: x is one number and has no rows.")
    wanted = (*rows, *x[1:])
    if len(new) > len(wanted) or any(a not in (1, b) for a, b in zip(new[::-1], wanted[::-1], strict=False)):
        raise ShapeError(
            f"{name}: the new rows must have the shape {wanted}, or sides of 1 in its place.\n"
            f"{boxes({'x': x, 'rows': rows, 'new': new})}"
        )


class SetRows(Op):
    """A page of an address book copied out anew, with some entries replaced.

    y = x, but y[rows[i]] = new[i]

    x: the old page
    rows: which entries, whole numbers, none of them twice
    new: the new entries (one number for all is fine)
    y: the new page; x itself stays as it was, and what was replaced feels nothing

    Use it to replace rows of a memory.

    >>> set_rows(Tensor([[1.0], [2.0], [3.0]]), Tensor([0, 2]), Tensor([[7.0], [9.0]]))
    Tensor([[7.],
            [2.],
            [9.]])
    """

    torch = "torch.index_copy"
    whole = (1,)
    samples = (
        Sample(normal(4, 3), given(np.array([2, 0])), normal(2, 3)),
        Sample(normal(5, 3), given(np.array([4, 1, -3])), normal(3)),
        Sample(normal(4), given(np.array([3, 1])), normal(2)),
    )

    @staticmethod
    def forward(x: Any, rows: Any, new: Any) -> Any:
        y = np.array(x, order="C")
        y[rows] = new
        return y

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, rows: Tensor, new: Tensor) -> tuple[Tensor, None, Tensor]:
        return set_rows(g, rows, 0.0), None, fit(take(g, rows), new)

    @staticmethod
    def verify(x: Any, rows: Any, new: Any) -> None:
        check_rows("set_rows: x", rows, len(x))
        named, times = np.unique(rows % max(1, len(x)), return_counts=True)
        if (times > 1).any():
            raise LabelError(
                f"set_rows: row {int(named[times > 1][0])} is named twice, and only one of its two values could stay. "
                "Name each row once; index_add adds both."
            )

    @staticmethod
    def shape(x: Shape, rows: Shape, new: Shape) -> Shape:
        _rows_fit("set_rows", x, rows, new)
        return x


class IndexAdd(Op):
    """A page of an account book copied out anew, with some deposits added.

    y = x, and y[rows[i]] += new[i]

    x: the old page
    rows: whose accounts, whole numbers; one named twice gets both deposits
    new: the deposits (one number for all is fine)
    y: the new page; x itself stays as it was

    Use it to change rows of a table by a little: word counts, memories, tables of values.

    >>> index_add(Tensor([[1.0], [2.0]]), Tensor([1, 1]), Tensor([[10.0], [20.0]]))
    Tensor([[ 1.],
            [32.]])
    """

    torch = "torch.index_add"
    whole = (1,)
    samples = (
        Sample(normal(4, 3), labels(5, below=4), normal(5, 3)),
        Sample(normal(4, 3), labels(2, 5, below=4), normal(3)),
    )

    @staticmethod
    def forward(x: Any, rows: Any, new: Any) -> Any:
        y = np.array(x, order="C")
        np.add.at(y, rows, new)
        return y

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, rows: Tensor, new: Tensor) -> tuple[Tensor, None, Tensor]:
        return g, None, fit(take(g, rows), new)

    @staticmethod
    def verify(x: Any, rows: Any, new: Any) -> None:
        check_rows("index_add: x", rows, len(x))

    @staticmethod
    def shape(x: Shape, rows: Shape, new: Shape) -> Shape:
        _rows_fit("index_add", x, rows, new)
        return x


gather = Gather()
scatter_sum = ScatterSum()
scatter_add = ScatterAdd()
embedding = Embedding()
set_rows = SetRows()
index_add = IndexAdd()
