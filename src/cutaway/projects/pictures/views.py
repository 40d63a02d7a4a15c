"""Looking several times: the same picture mirrored or moved by a pixel, and the scores averaged.

One look may be misled by where an edge happens to fall; several looks are misled in different ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reader", "Views"]

Reader = Callable[[NDArray[Any]], NDArray[Any]]  # pictures (N, C, H, W) -> a score for each class (N, K)


@dataclass(frozen=True)
class Views:
    """Which views of a picture are asked about.

    mirrored: left and right exchanged, too
    moved: by how many pixels (down, across), each a view
    paper: what comes in at the edge is empty (0); otherwise the picture is continued like in a mirror

    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> [view[0, 0].tolist() for view in Views(mirrored=True).of(x)]
    [[[0.0, 1.0], [2.0, 3.0]], [[1.0, 0.0], [3.0, 2.0]]]
    """

    mirrored: bool = False
    moved: tuple[tuple[int, int], ...] = ((0, 0),)
    paper: bool = False

    def __len__(self) -> int:
        return len(self.moved) * (1 + self.mirrored)

    def of(self, x: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """The views of pictures (N, C, H, W), one after the other."""
        for down, across in self.moved:
            view = _moved(x, down, across, "constant" if self.paper else "reflect")
            yield view
            if self.mirrored:
                yield np.ascontiguousarray(view[..., ::-1])

    def ask(self, read: Reader, x: NDArray[Any]) -> NDArray[Any]:
        """The mean of the scores (N, K) that a network gives to the views.

        >>> Views(mirrored=True).ask(lambda x: x[:, 0, 0], np.array([[[[0.0, 1.0]]]])).tolist()
        [[0.5, 0.5]]
        """
        total: Any = 0
        for view in self.of(x):
            total = total + read(view)
        return np.asarray(total / len(self))


def _moved(x: NDArray[Any], down: int, across: int, edge: Any) -> NDArray[Any]:
    if not (down or across):
        return x
    height, width = x.shape[2:]
    p, q = abs(down), abs(across)
    around = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)), mode=edge)
    return np.ascontiguousarray(around[:, :, p - down : p - down + height, q - across : q - across + width])
