"""The one word that workers have for each other.

A plan may split a batch over workers (see `engine.plan.split`). Each then holds a part of every sum over the batch, and
`together` stands on the tape of each where the parts are added up. Layers and losses know nothing of workers and never
call it: they are written for the whole batch, the tape that a reader sees is that of the whole batch, and the splitter
puts `together` in where a sum over the examples needs it. So a layer of a reader's own is split like any other.
"""

from __future__ import annotations

from typing import Any

from ..op import Op, Shape
from ..sample import Sample, normal
from ..tensor import Tensor


class Together(Op):
    """The collection plate in a church with several doors: what was put in at every door is counted together, and
    everybody is told the whole.

    y = the sum of x over all workers

    x: what this worker has collected
    y: what all have, the same for every worker; for one alone it is x itself

    Use it where a sum runs over examples that several workers share; a plan does it by itself.

    Its way back is itself: whoever feels the whole, feels it once for every worker.

    >>> together(Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """

    kind = "view"
    samples = (Sample(normal(2, 3)), Sample(normal()))

    @staticmethod
    def forward(x: Any) -> Any:
        return x[...]

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return together(g)

    @staticmethod
    def shape(x: Shape) -> Shape:
        return x


together = Together()
