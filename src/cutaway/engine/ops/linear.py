"""Weighted sums: the one operation that most of a network's time goes into."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError, boxes
from ..op import Op, Shape, namespace
from ..sample import Sample, normal
from ..tensor import Tensor
from .broadcast import fit


def turned(a: Any, flip: bool) -> Any:
    """The last two sides change places, if asked."""
    return namespace(a).matrix_transpose(a) if flip else a


class Matmul(Op):
    """A vote: every output adds up what all inputs say, and every weight is how loudly one input speaks to it.

    y[b, j] = sum over i of x[b, i] * w[i, j]

    x: what is said, one example a row, (..., B, I)
    w: how loudly, (..., I, J)
    y: the outcomes, (..., B, J)
    flip_x, flip_w: read x or w lying on its side (its transpose), which costs nothing

    Use it wherever everything may influence everything: a fully connected layer, attention.

    >>> matmul(Tensor([[1.0, 2.0]]), Tensor([[3.0, 0.0, 1.0], [4.0, 1.0, 1.0]]))
    Tensor([[11.,  2.,  3.]])
    """

    torch = "torch.matmul"

    takes = "fi"
    samples = (
        Sample(normal(2, 3), normal(3, 4)),
        Sample(normal(3, 2), normal(3, 4), flip_x=True),
        Sample(normal(2, 3), normal(4, 3), flip_w=True),
        Sample(normal(3, 2), normal(4, 3), flip_x=True, flip_w=True),
        Sample(normal(5, 2, 3), normal(3, 4)),
        Sample(normal(2, 1, 2, 3), normal(4, 3), flip_w=True),
        Sample(normal(2, 3), normal(5, 4, 3), flip_w=True),
        Sample(normal(2, 1, 2, 3), normal(4, 3, 2)),
    )

    @staticmethod
    def forward(x: Any, w: Any, flip_x: bool = False, flip_w: bool = False) -> Any:
        with np.errstate(invalid="ignore"):  # BLAS also reads what lies behind a short row, and NumPy warns of that
            return turned(x, flip_x) @ turned(w, flip_w)

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, x: Tensor, w: Tensor, flip_x: bool = False, flip_w: bool = False
    ) -> tuple[Tensor, Tensor]:
        like = x
        dx = matmul(w, g, flip_x=flip_w, flip_w=True) if flip_x else matmul(g, w, flip_w=not flip_w)
        if w.ndim == 2 and x.ndim > 2 and not flip_x:  # one table for all: one product of all rows, not a sum of many
            x, g = (t.reshape(math.prod(t.shape[:-1]), t.shape[-1]) for t in (x, g))
        dw = matmul(g, x, flip_x=True, flip_w=flip_x) if flip_w else matmul(x, g, flip_x=not flip_x)
        return fit(dx, like), fit(dw, w)

    @staticmethod
    def shape(x: Shape, w: Shape, flip_x: bool = False, flip_w: bool = False) -> Shape:
        if len(x) < 2 or len(w) < 2:
            raise ShapeError(
                f"matmul: both must be tables (rows and columns).\n{boxes({'x': x, 'w': w})}\n"
                "   Try: x.unsqueeze(0) makes a single row a table; `x @ w` does it by itself."
            )
        rows, inner = (x[-1], x[-2]) if flip_x else (x[-2], x[-1])
        meets, columns = (w[-1], w[-2]) if flip_w else (w[-2], w[-1])
        if inner != meets:
            raise ShapeError(_mismatch(x, w, inner, meets, flip_x, flip_w))
        try:
            front = np.broadcast_shapes(x[:-2], w[:-2])
        except ValueError:
            raise ShapeError(
                f"matmul: the sides before the tables must be equal (or 1).\n{boxes({'x': x, 'w': w})}"
            ) from None
        return (*front, rows, columns)


def _mismatch(x: Shape, w: Shape, inner: int, meets: int, flip_x: bool, flip_w: bool) -> str:
    marks = [("x", len(x) - (2 if flip_x else 1)), ("w", len(w) - (1 if flip_w else 2))]
    rest = 1
    for n in x[1:]:
        rest *= n
    if len(x) > 2 and rest == meets:
        advice = f"the examples are still pictures: nn.Flatten() or x.flatten(1) makes {rest} numbers of each"
    elif flip_w:
        advice = f"a layer made for {inner} inputs, nn.Linear({inner}, ...), or inputs with {meets} columns"
    elif inner == w[-1]:
        advice = "w lies on its side: x @ w.T"
    elif x[-2] == meets:
        advice = "x lies on its side: x.T @ w"
    else:
        advice = f"a w with {inner} rows, or an x with {meets} columns"
    return (
        f"matmul: every input needs one weight, but x brings {inner} inputs and w has weights for {meets}.\n"
        f"{boxes({'x': x, 'w': w}, marks)}\n   Try: {advice}."
    )


matmul = Matmul()
