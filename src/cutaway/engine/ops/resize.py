"""Pictures redrawn in another size: enlarged (nearest, bilinear), or averaged down to a size that is asked for.

All of these are linear, and down and across are done one after the other: two small tables say how much every old row
counts in every new one, and every old column in every new one. The way back is the same tables, turned.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CutawayError, ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, normal
from ..tensor import Tensor
from .windows import Size, check_sides, inside, outside, pair

WAYS = ("nearest", "linear", "corners", "average", "windows")


def spans(old: int, new: int) -> tuple[Any, Any]:
    """Where each of the new rows begins and ends among the old ones: as equal as whole rows can be."""
    i = np.arange(new)
    return i * old // new, -(-(i + 1) * old // new)


def chosen(how: str, old: int, new: int) -> Any:
    """The one old row that each new row is a copy of, where it is one ("nearest", "windows")."""
    if how == "nearest":
        return np.arange(new) * old // new
    first, end = spans(old, new)
    longest = int((end - first).max())
    return np.minimum(first[:, None] + np.arange(longest), end[:, None] - 1).reshape(-1)


def length(how: str, old: int, new: int) -> int:
    """How many new rows there are: as many as asked for, with "windows" so many windows."""
    return len(chosen(how, old, new)) if how == "windows" else new


def mixing(how: str, old: int, new: int, dtype: Any) -> Any:
    """How much each old row counts in each new one, (new, old); every row of the table sums to 1."""
    if how in ("nearest", "windows"):
        return np.eye(old, dtype=dtype)[chosen(how, old, new)]
    if how == "average":
        first, end = spans(old, new)
        k = np.arange(old)
        within = (k >= first[:, None]) & (k < end[:, None])
        return (within / (end - first)[:, None]).astype(dtype)
    if how == "corners":
        at = np.arange(new) * ((old - 1) / (new - 1) if new > 1 else 0.0)
    else:
        at = np.maximum((np.arange(new) + 0.5) * (old / new) - 0.5, 0)
    return np.maximum(1 - np.abs(np.arange(old) - np.minimum(at, old - 1)[:, None]), 0).astype(dtype)


def check_way(name: str, how: str) -> None:
    """Only these ways are known."""
    if how not in WAYS:
        raise CutawayError(f"{name}: how is one of {', '.join(map(repr, WAYS))}, but it is {how!r}.")


class Resize2d(Op):
    """A picture drawn again on paper with other squares: every new square takes a share of the old ones under it.

    y[n, c, i, j] = sum over p, q of down[i, p] * across[j, q] * x[n, c, p, q]

    x: the pictures, (N, C, H, W)
    y: the pictures in the other size, (N, C, Ho, Wo)
    to: the other height and width
    how: "nearest" copies the old square; "linear" mixes the two old rows nearest to the middle of the new one;
        "corners" does so with the middles of the outermost squares kept in their places; "average" averages the old
        rows that the new one covers; "windows" copies these side by side, so that a pooling can follow

    Use it to make pictures larger or smaller by any amount.

    >>> resize2d(Tensor([[[[1.0, 2.0]]]]), to=(1, 4), how="nearest")
    Tensor([[[[1., 1., 2., 2.]]]])
    >>> resize2d(Tensor([[[[1.0, 2.0]]]]), to=(1, 4), how="linear")
    Tensor([[[[1.  , 1.25, 1.75, 2.  ]]]])
    """

    torch = "torch.nn.functional.interpolate"

    torch = "torch.nn.functional.interpolate"
    takes = "f"
    samples = (
        Sample(normal(2, 2, 2, 3), to=(4, 6), how="nearest"),
        Sample(normal(1, 2, 3, 4), to=(4, 3), how="nearest"),
        Sample(normal(2, 1, 2, 3), to=(4, 5), how="linear"),
        Sample(normal(1, 2, 4, 3), to=(3, 5), how="corners"),
        Sample(normal(2, 1, 4, 5), to=(3, 2), how="average"),
        Sample(normal(2, 1, 4, 5), to=(3, 2), how="windows"),
    )

    @staticmethod
    def forward(x: Any, to: Size, how: str) -> Any:
        x = inside(x)
        (c, h, w, n), (ho, wo) = x.shape, pair(to)
        if how in ("nearest", "windows"):  # no products, so that infinity stays where it is
            return outside(x[:, chosen(how, h, ho)][:, :, chosen(how, w, wo)])
        y = mixing(how, h, ho, x.dtype) @ x.reshape(c, h, w * n)
        return outside(mixing(how, w, wo, x.dtype) @ y.reshape(c, ho, w, n))

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, to: Size, how: str) -> Tensor:
        return resize2d_x(g, size=x.shape[2:], to=to, how=how)

    @staticmethod
    def shape(x: Shape, to: Size, how: str) -> Shape:
        check_sides("resize2d", x)
        check_way("resize2d", how)
        if min(pair(to)) < 1 or 0 in x[2:]:
            raise ShapeError(
                f"resize2d: a picture of {x[2]} x {x[3]} cannot be drawn as {to}: sides are at least 1.\n"
                f"{boxes({'x': x}, [('x', 2), ('x', 3)])}"
            )
        return (x[0], x[1], *(length(how, old, new) for old, new in zip(x[2:], pair(to), strict=True)))


class Resize2dX(Op):
    """The way back to the old paper: every old square gets its shares from all the new ones it was seen in.

    y[n, c, p, q] = sum over i, j of down[i, p] * across[j, q] * g[n, c, i, j]

    g: a number for every new square, (N, C, Ho, Wo)
    y: what comes together at every old square, (N, C, H, W)
    size: the old height and width
    to: the other height and width, as in resize2d
    how: as in resize2d

    Use it to send gradients back through a change of size.

    >>> resize2d_x(Tensor([[[[1.0, 2.0, 3.0, 4.0]]]]), size=(1, 2), to=(1, 4), how="nearest")
    Tensor([[[[3., 7.]]]])
    """

    takes = "f"
    samples = (
        Sample(normal(2, 2, 4, 6), size=(2, 3), to=(4, 6), how="nearest"),
        Sample(normal(2, 1, 4, 5), size=(2, 3), to=(4, 5), how="linear"),
        Sample(normal(1, 2, 3, 5), size=(4, 3), to=(3, 5), how="corners"),
        Sample(normal(2, 1, 3, 2), size=(4, 5), to=(3, 2), how="average"),
        Sample(normal(2, 1, 6, 6), size=(4, 5), to=(3, 2), how="windows"),
    )

    @staticmethod
    def forward(g: Any, size: Size, to: Size, how: str) -> Any:
        g = inside(g)
        (c, rows, columns, n), (h, w), (ho, wo) = g.shape, pair(size), pair(to)
        y = mixing(how, h, ho, g.dtype).T @ g.reshape(c, rows, columns * n)
        return outside(mixing(how, w, wo, g.dtype).T @ y.reshape(c, h, columns, n))

    @staticmethod
    def backward(gg: Tensor, y: Tensor, g: Tensor, size: Size, to: Size, how: str) -> Tensor:
        return resize2d(gg, to=to, how=how)

    @staticmethod
    def shape(g: Shape, size: Size, to: Size, how: str) -> Shape:
        x = (*g[:2], *pair(size))
        if len(g) != 4 or Resize2d.shape(x, to, how) != tuple(g):
            raise ShapeError(
                f"resize2d_x: g must have one number for every new square of a picture of {size} drawn as {to}.\n"
                f"{boxes({'g': g})}"
            )
        return x


resize2d = Resize2d()
resize2d_x = Resize2dX()
