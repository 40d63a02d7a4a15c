"""The one-dimensional transforms of Winograd's convolution, for tiles of 4 and of 2 outputs.

A row of m + 2 inputs and a stencil of 3 give m outputs. Read the inputs as a polynomial, and both as polynomials the
outputs are a product, which is known from its values at m + 2 points (0, 1, -1, 2, -2 and infinity for m = 4): values
multiply one by one. So each tile goes to its values (`inward`), is multiplied there, and comes back (`outward`). For
the gradients the same two maps are walked backwards (`outward_back`, `inward_back`).

All transforms work on lists of views along a tile's side; even and odd parts of pairs of points are shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import add, multiply, subtract

from ..do import Do

__all__ = ["SIZES", "Tile", "Tile2", "Tile4"]

Views = Sequence[Any]


class Tile:
    """What the two sizes share: a table for the stencil, and how neighbouring tiles overlap.

    m: outputs in a row of the tile; a: inputs, and points
    """

    m: int
    a: int
    stencil: Any  # (a, 3): from the stencil's numbers to its values at the points

    def __init__(self, dtype: Any) -> None:
        self.number = np.dtype(dtype).type  # Python's own numbers would do, too, but are turned into this every time
        self.table = np.kron(self.stencil, self.stencil).astype(dtype)  # down and across at once, (a * a, 9)

    def inward(self, do: Do, d: Views, t: Any, spare: Any) -> None:
        """a inputs to their values at the points; spare: two like t[0]."""
        raise NotImplementedError

    def outward(self, do: Do, t: Any, y: Views, spare: Any) -> None:
        """Values at the points to m outputs; spare: two like t[0]."""
        raise NotImplementedError

    def outward_back(self, do: Do, g: Views, t: Any, spare: Any) -> None:
        """m gradients of outputs to a of values: outward, transposed."""
        raise NotImplementedError

    def inward_back(self, do: Do, t: Any, d: Views, spare: Any, side: int) -> None:
        """Gradients of values to those of inputs: inward, transposed; t is overwritten.

        d: m views, every m-th input; the last two inputs of a tile are the first two of the next, where both add up,
        so d[0] and d[1] are longer by one along ``side``
        """
        raise NotImplementedError


def overlap(do: Do, out: Any, head: Any, tail: Any, side: int) -> None:
    """out = head of each tile + tail of the one before."""
    before = (slice(None),) * side
    do(add, head[(*before, slice(1, None))], tail[(*before, slice(None, -1))], out[(*before, slice(1, -1))])
    do(np.copyto, out[(*before, 0)], head[(*before, 0)])
    do(np.copyto, out[(*before, -1)], tail[(*before, -1)])


class Tile4(Tile):
    """F(4x4, 3x3): 36 products for 16 outputs instead of 144. Errors grow tenfold: 1e-5 of the outputs."""

    m, a = 4, 6
    stencil = np.array(
        [
            [1 / 4, 0, 0],
            [-1 / 6, -1 / 6, -1 / 6],
            [-1 / 6, 1 / 6, -1 / 6],
            [1 / 24, 1 / 12, 1 / 6],
            [1 / 24, -1 / 12, 1 / 6],
            [0, 0, 1],
        ]
    )

    def inward(self, do: Do, d: Views, t: Any, spare: Any) -> None:
        four, (even, odd) = self.number(4), spare
        do(multiply, d[2], four, even)
        do(subtract, d[4], even, even)  # d4 - 4 d2
        do(multiply, d[1], four, odd)
        do(subtract, d[3], odd, odd)  # d3 - 4 d1
        do(add, even, odd, t[1])
        do(subtract, even, odd, t[2])
        do(multiply, d[0], four, t[0])
        do(add, t[0], even, t[0])
        do(subtract, t[0], d[2], t[0])  # 4 d0 - 5 d2 + d4
        do(multiply, d[3], four, t[5])
        do(subtract, d[5], t[5], t[5])
        do(subtract, t[5], odd, t[5])  # 4 d1 - 5 d3 + d5
        do(subtract, d[4], d[2], even)
        do(subtract, d[3], d[1], odd)
        do(add, odd, odd, odd)
        do(add, even, odd, t[3])
        do(subtract, even, odd, t[4])

    def outward(self, do: Do, t: Any, y: Views, spare: Any) -> None:
        four, far = self.number(4), spare[0]
        do(add, t[1], t[2], y[2])
        do(add, t[3], t[4], far)
        do(add, y[2], far, y[0])
        do(add, y[0], t[0], y[0])
        do(multiply, far, four, far)
        do(add, y[2], far, y[2])
        do(subtract, t[1], t[2], y[3])
        do(subtract, t[3], t[4], far)
        do(add, far, far, far)
        do(add, y[3], far, y[1])
        do(multiply, far, four, far)
        do(add, y[3], far, y[3])
        do(add, y[3], t[5], y[3])

    def outward_back(self, do: Do, g: Views, t: Any, spare: Any) -> None:
        four, (even, odd) = self.number(4), spare
        do(np.copyto, t[0], g[0])
        do(np.copyto, t[5], g[3])
        do(add, g[0], g[2], even)
        do(add, g[1], g[3], odd)
        do(add, even, odd, t[1])
        do(subtract, even, odd, t[2])
        do(multiply, g[2], four, even)
        do(add, even, g[0], even)
        do(multiply, g[3], four, odd)
        do(add, odd, g[1], odd)
        do(add, odd, odd, odd)
        do(add, even, odd, t[3])
        do(subtract, even, odd, t[4])

    def inward_back(self, do: Do, t: Any, d: Views, spare: Any, side: int) -> None:
        four, minus_four, (x, y) = self.number(4), self.number(-4), spare
        do(add, t[1], t[2], x)
        do(subtract, t[1], t[2], t[1])
        do(add, t[3], t[4], y)
        do(subtract, t[3], t[4], t[3])
        do(add, x, t[0], x)
        do(add, x, y, t[2])  # input 4
        do(multiply, x, minus_four, x)
        do(subtract, x, y, x)
        do(subtract, x, t[0], d[2])
        do(add, t[3], t[3], t[3])
        do(subtract, t[1], t[5], t[1])
        do(multiply, t[1], minus_four, x)
        do(subtract, x, t[3], x)  # input 1
        do(add, t[1], t[3], y)
        do(multiply, t[5], four, t[4])
        do(subtract, y, t[4], d[3])
        do(multiply, t[0], four, t[0])  # input 0
        overlap(do, d[0], t[0], t[2], side)
        overlap(do, d[1], x, t[5], side)


class Tile2(Tile):
    """F(2x2, 3x3): 16 products for 4 outputs instead of 36, and as exact as the sum itself."""

    m, a = 2, 4
    stencil = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])

    def inward(self, do: Do, d: Views, t: Any, spare: Any) -> None:
        do(subtract, d[0], d[2], t[0])
        do(add, d[1], d[2], t[1])
        do(subtract, d[2], d[1], t[2])
        do(subtract, d[3], d[1], t[3])

    def outward(self, do: Do, t: Any, y: Views, spare: Any) -> None:
        do(add, t[1], t[2], y[0])
        do(add, y[0], t[0], y[0])
        do(subtract, t[1], t[2], y[1])
        do(add, y[1], t[3], y[1])

    def outward_back(self, do: Do, g: Views, t: Any, spare: Any) -> None:
        do(np.copyto, t[0], g[0])
        do(add, g[0], g[1], t[1])
        do(subtract, g[0], g[1], t[2])
        do(np.copyto, t[3], g[1])

    def inward_back(self, do: Do, t: Any, d: Views, spare: Any, side: int) -> None:
        do(subtract, t[1], t[2], spare[0])
        do(subtract, spare[0], t[3], spare[0])  # input 1
        do(add, t[1], t[2], t[1])
        do(subtract, t[1], t[0], t[1])  # input 2
        overlap(do, d[0], t[0], t[1], side)
        overlap(do, d[1], spare[0], t[3], side)


SIZES: dict[int, type[Tile]] = {2: Tile2, 4: Tile4}
