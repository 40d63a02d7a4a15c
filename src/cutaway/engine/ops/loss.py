"""How wrong was it? Losses, and the shares (softmax) that one of them is about."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CutawayError, LabelError
from ..op import Op, Shape, namespace
from ..sample import Sample, labels, normal
from ..tensor import Tensor
from .arithmetic import mul
from .elementwise import exp, log
from .reduce import one_side


class Softmax(Op):
    """Votes become shares: every party gets a slice of one cake, and a few more votes make a much larger slice.

    y[j] = e^x[j] / sum over k of e^x[k]

    x: the votes, any numbers
    y: the shares, between 0 and 1, together 1
    dim: along which side the cake is shared

    The largest vote is taken off first: it changes no share, and nothing overflows.

    Use it to read a classifier's votes as shares, and in attention; not before CrossEntropyLoss.

    >>> softmax(Tensor([[0.0, 0.0], [0.0, 100.0]]))
    Tensor([[0.5, 0.5],
            [0. , 1. ]])
    """

    torch = "torch.softmax"

    takes = "f"
    samples = (Sample(normal(3, 4)), Sample(normal(2, 3, 4), dim=1))

    @staticmethod
    def forward(x: Any, dim: int = -1) -> Any:
        xp = namespace(x)
        e = xp.exp(x - xp.max(x, axis=dim, keepdims=True))
        return e / xp.sum(e, axis=dim, keepdims=True)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: int = -1) -> Tensor:
        return mul(y, g - mul(g, y).sum(dim, keepdim=True))

    @staticmethod
    def written(x: Tensor, dim: int = -1) -> Tensor:
        e = exp(x - x.max(dim, keepdim=True))
        return e / e.sum(dim, keepdim=True)

    @staticmethod
    def shape(x: Shape, dim: int = -1) -> Shape:
        one_side("softmax", x, dim)
        return x


class LogSoftmax(Op):
    """The shares, in how many digits of surprise each would cause: log(softmax), without losing small shares.

    y[j] = x[j] - log(sum over k of e^x[k])

    x: the votes, any numbers
    y: the logarithms of the shares, at most 0
    dim: along which side the cake is shared

    Use it where the logarithm of a share is needed: it keeps shares too small to be written down.

    >>> log_softmax(Tensor([[0.0, 0.0]]))
    Tensor([[-0.6931, -0.6931]])
    """

    torch = "torch.log_softmax"

    takes = "f"
    samples = (Sample(normal(3, 4)), Sample(normal(2, 3, 4), dim=1))

    @staticmethod
    def forward(x: Any, dim: int = -1) -> Any:
        xp = namespace(x)
        z = x - xp.max(x, axis=dim, keepdims=True)
        return z - xp.log(xp.sum(xp.exp(z), axis=dim, keepdims=True))

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, dim: int = -1) -> Tensor:
        return g - mul(exp(y), g.sum(dim, keepdim=True))

    @staticmethod
    def written(x: Tensor, dim: int = -1) -> Tensor:
        z = x - x.max(dim, keepdim=True)
        return z - log(exp(z).sum(dim, keepdim=True))

    @staticmethod
    def shape(x: Shape, dim: int = -1) -> Shape:
        one_side("log_softmax", x, dim)
        return x


class OneHot(Op):
    """A ballot paper: one cross, at the right answer.

    y[..., j] = 1 if j = answers[...], else 0

    answers: class numbers, whole, from 0
    y: the ballot papers
    classes: how many boxes a paper has
    dtype: the kind of number, "float32" when not said

    Use it to turn class numbers into rows that can be compared with shares.

    >>> one_hot(Tensor([2, 0]), classes=3)
    Tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """

    torch = "torch.nn.functional.one_hot"
    whole = (0,)
    samples = (
        Sample(labels(4, below=3), classes=3),
        Sample(labels(2, 3, below=4), classes=4, dtype="float64"),
    )

    @staticmethod
    def forward(answers: Any, classes: int, dtype: str = "float32") -> Any:
        return (answers[..., None] == np.arange(classes)).astype(dtype)

    @staticmethod
    def verify(answers: Any, classes: int, dtype: str = "float32") -> None:
        check_labels("one_hot", answers, classes)

    @staticmethod
    def shape(answers: Shape, classes: int, dtype: str = "float32") -> Shape:
        if classes < 1 or dtype not in ("float32", "float64"):
            raise CutawayError(
                f"one_hot: classes says how many boxes a paper has, dtype is 'float32' or 'float64'; here "
                f"classes={classes}, dtype={dtype!r}."
            )
        return (*answers, classes)


def check_labels(name: str, answers: Any, classes: int) -> None:
    """Class numbers count from 0; the first one out of range is named."""
    wrong = (answers < 0) | (answers >= classes)
    if wrong.any():
        at = tuple(int(k) for k in np.argwhere(wrong)[0])
        label = int(answers[at])
        hint = "class numbers start at 0, so the last one is one less than how many there are"
        if label == -100:
            hint = "if that means 'leave this answer out', say ignore_index=-100"
        elif label > classes:
            hint = f"does the last layer have enough outputs? It has {classes}"
        raise LabelError(
            f"{name}: example {at[0] if len(at) == 1 else at} has the class number {label}, but there are "
            f"{classes} classes (0 to {classes - 1}): {hint}."
        )


softmax = Softmax()
log_softmax = LogSoftmax()
one_hot = OneHot()
