"""Questions with the answers yes and no. A nudge changes no answer, so no gradient flows through them."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError, boxes
from ..op import Op, Shape, namespace
from ..sample import Sample, distinct, labels, normal
from .broadcast import joint_shape
from .reduce import one_side

_PAIRS = (Sample(labels(2, 3, below=3), labels(2, 3, below=3)), Sample(normal(2, 3), normal(3)))


class _Question(Op):
    """Number by number, with broadcasting; the answers are True and False."""

    kind = "elementwise"
    samples = _PAIRS

    @staticmethod
    def shape(a: Shape, b: Shape) -> Shape:
        return joint_shape("the comparison", a, b)


class Equal(_Question):
    """Are they the same?

    y = (a = b)

    a, b: the two numbers
    y: True or False

    Use it to count right answers or to find padding.

    >>> equal(Tensor([1, 2]), Tensor([1, 3]))
    Tensor([ True, False])
    """

    torch = "torch.eq"

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a == b


class NotEqual(_Question):
    """Are they different?

    y = (a is not b)

    a, b: the two numbers
    y: True or False

    Use it to mask what does not count, such as padding.

    >>> not_equal(Tensor([1, 2]), Tensor([1, 3]))
    Tensor([False,  True])
    """

    torch = "torch.ne"

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a != b


class Less(_Question):
    """Is the first the smaller one?

    y = (a < b)

    a, b: the two numbers
    y: True or False

    Use it to build masks and to ask whether a limit is kept.

    >>> less(Tensor([1, 2]), Tensor([2, 2]))
    Tensor([ True, False])
    """

    torch = "torch.lt"

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a < b


class LessEqual(_Question):
    """Is the first at most the second?

    y = (a <= b)

    a, b: the two numbers
    y: True or False

    Use it to build masks; a causal mask is j <= i.

    >>> less_equal(Tensor([1, 3]), Tensor([1, 2]))
    Tensor([ True, False])
    """

    torch = "torch.le"

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a <= b


class Greater(_Question):
    """Is the first the larger one?

    y = (a > b)

    a, b: the two numbers
    y: True or False

    Use it to turn a score into a decision.

    >>> greater(Tensor([3, 2]), Tensor([2, 2]))
    Tensor([ True, False])
    """

    torch = "torch.gt"

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a > b


class GreaterEqual(_Question):
    """Is the first at least the second?

    y = (a >= b)

    a, b: the two numbers
    y: True or False

    Use it to turn a score into a decision, the limit included.

    >>> greater_equal(Tensor([1, 2]), Tensor([2, 2]))
    Tensor([False,  True])
    """

    torch = "torch.ge"

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return a >= b


class Argmax(Op):
    """Which candidate got the most votes? Of equals, the first.

    y = the place of the largest x along one side

    x: the votes
    y: the place, counted from 0
    dim: along which side, the last when not said

    Use it to read the answer of a classifier: the class with the most votes.

    >>> argmax(Tensor([[0.1, 0.7, 0.2]]))
    Tensor([1])
    """

    torch = "torch.argmax"
    samples = (Sample(distinct(3, 4)), Sample(distinct(3, 4), dim=0))

    @staticmethod
    def forward(x: Any, dim: int = -1) -> Any:
        return namespace(x).argmax(x, axis=dim)

    @staticmethod
    def shape(x: Shape, dim: int = -1) -> Shape:
        side = one_side("argmax", x, dim)
        return x[:side] + x[side + 1 :]


class Accuracy(Op):
    """The share of right answers.

    y = (number of rows whose largest output stands at the right class) / (number of rows)

    outputs: one row of votes an example, (N, C)
    answers: the right class numbers, (N,)
    y: between 0 and 1

    Use it to tell people how good a classifier is; train on the cross entropy, which can be felt.

    >>> accuracy(Tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]]), Tensor([0, 1, 1]))
    Tensor(0.6667)
    """

    whole = (1,)
    samples = (Sample(distinct(5, 3), labels(5, below=3)),)

    @staticmethod
    def forward(outputs: Any, answers: Any) -> Any:
        return (outputs.argmax(axis=-1) == answers).mean(dtype=outputs.dtype)

    @staticmethod
    def shape(outputs: Shape, answers: Shape) -> Shape:
        if not outputs or outputs[:-1] != answers or 0 in outputs:
            both = {"outputs": outputs, "answers": answers}
            raise ShapeError(
                "accuracy: every row of outputs needs one class number (and there must be a row).\n"
                + boxes(both, [(n, 0) for n, s in both.items() if s])
            )
        return ()


equal = Equal()
not_equal = NotEqual()
less = Less()
less_equal = LessEqual()
greater = Greater()
greater_equal = GreaterEqual()
argmax = Argmax()
accuracy = Accuracy()
