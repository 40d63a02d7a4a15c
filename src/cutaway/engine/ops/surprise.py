"""How surprised was the network by the right answers? Cross entropy in all its forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import CutawayError, ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, labels, normal, positive
from ..tensor import Tensor
from .arithmetic import div, mul, neg
from .elementwise import maximum
from .loss import check_labels, log_softmax, one_hot, softmax
from .reduction import pooled, pooled_shape, pooled_tensor, shared

Weights = tuple[float, ...] | None
_TINY = 1e-30  # where nobody was asked, the mean surprise is 0 / 1e-30 = 0


class TargetShares(Op):
    """What the teacher would like to hear: one cake for every question, the right class gets it, or nearly all of it.

    y[b, c, ...] = weight[c] * ((1 - label_smoothing) * (1 if c = answers[b, ...] else 0) + label_smoothing / classes)

    answers: the right class numbers, whole, from 0, (B, ...)
    y: the cakes, with a side for the classes after the first, (B, C, ...); all 0 where a question is left out
    classes: how many classes there are, C
    weight: how much each class counts, one number a class; 1 each when not said
    ignore_index: the class number that means "leave this question out"
    label_smoothing: how much of every cake is shared among all classes alike
    dtype: the kind of number, "float32" when not said

    Use it to see what cross_entropy compares with.

    >>> target_shares(Tensor([0, 2]), classes=3, label_smoothing=0.3)
    Tensor([[0.8, 0.1, 0.1],
            [0.1, 0.1, 0.8]])
    """

    whole = (0,)
    samples = (
        Sample(labels(4, below=3), classes=3, label_smoothing=0.1),
        Sample(labels(2, 3, below=4), classes=4, weight=(1.0, 2.0, 0.5, 3.0), ignore_index=1, dtype="float64"),
    )

    @staticmethod
    def forward(
        answers: Any,
        classes: int,
        weight: Weights = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        dtype: str = "float32",
    ) -> Any:
        side = (classes,) + (1,) * (answers.ndim - 1)
        right = answers[:, None] == np.arange(classes).reshape(side)
        y = right * np.dtype(dtype).type(1 - label_smoothing) + np.dtype(dtype).type(label_smoothing / classes)
        if weight is not None:
            y = y * np.asarray(weight, dtype).reshape(side)
        return y if ignore_index is None else y * (answers != ignore_index)[:, None]

    @staticmethod
    def verify(answers: Any, classes: int, ignore_index: int | None = None, **how: Any) -> None:
        check_labels("target_shares", asked(answers, ignore_index), classes)

    @staticmethod
    def shape(
        answers: Shape,
        classes: int,
        weight: Weights = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        dtype: str = "float32",
    ) -> Shape:
        if classes < 1 or dtype not in ("float32", "float64") or not answers:
            raise ShapeError(
                "target_shares: it needs a row of class numbers (B, ...), at least one class, and dtype 'float32' or "
                f"'float64'; here answers have the shape {answers}, classes={classes}, dtype={dtype!r}."
            )
        check_settings("target_shares", classes, weight, label_smoothing)
        return (answers[0], classes, *answers[1:])


def asked(answers: Any, ignore_index: int | None) -> Any:
    """The class numbers, with 0 for the questions that are left out."""
    return answers if ignore_index is None else np.where(answers == ignore_index, 0, answers)


def check_settings(name: str, classes: int, weight: Weights, label_smoothing: float = 0.0) -> None:
    """One weight a class; a share is at most the whole cake."""
    if weight is not None and len(weight) != classes:
        raise ShapeError(f"{name}: there are {classes} classes, but {len(weight)} weights; it needs one for each.")
    if not 0 <= label_smoothing <= 1:
        raise CutawayError(f"{name}: label_smoothing is a share from 0 to 1, not {label_smoothing}.")


class CrossEntropy(Op):
    """How surprised the network was by the right answers: a sure and right one costs nothing, a sure and wrong
    one dearly.

    L = mean over b of ( log(sum over j of e^x[b, j]) - x[b, answers[b]] )

    x: one row of votes (logits) an example, (B, C) or (B, C, ...): votes, not shares, so no softmax before it
    answers: the right class numbers, (B,) or (B, ...), whole, from 0
    y: the mean surprise L, one number; its slope is (softmax(x) - one_hot(answers)) / B
    weight: how much each class counts, one number a class; the mean is then weighted, too
    ignore_index: the class number that means "leave this answer out" (PyTorch's usual one is -100)
    label_smoothing: how much of the right answer's cake is shared among all classes alike
    reduction: "mean", "sum", or "none": every surprise on its own

    Use it whenever one of several classes is right.

    Where all answers are left out, the mean is 0. Label smoothing: Szegedy and others, 2016.

    >>> cross_entropy(Tensor([[0.0, 0.0]]), Tensor([1]))
    Tensor(0.6931)
    """

    takes = "f"
    whole = (1,)
    torch = "torch.nn.functional.cross_entropy"
    samples = (
        Sample(normal(3, 4), labels(3, below=4)),
        Sample(normal(5, 2), labels(5, below=2)),
        Sample(normal(4, 3), labels(4, below=3), weight=(1.0, 0.5, 2.0), ignore_index=1, label_smoothing=0.2),
        Sample(normal(2, 3, 4), labels(2, 4, below=3), reduction="none", label_smoothing=0.1),
        Sample(normal(2, 3, 2, 2), labels(2, 2, 2, below=3), reduction="sum", weight=(1.0, 0.5, 2.0)),
    )

    @staticmethod
    def forward(
        x: Any,
        answers: Any,
        weight: Weights = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> Any:
        top = x.max(axis=1, keepdims=True)
        if x.ndim == 2 and weight is None and ignore_index is None and not label_smoothing:
            right = np.take_along_axis(x, answers[:, None], axis=1)
            losses = np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + top - right
            return pooled(losses.reshape(-1), reduction)
        kind = str(x.dtype)
        want = TargetShares.forward(answers, x.shape[1], weight, ignore_index, label_smoothing, kind)
        logs = x - top
        logs = logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
        losses = -(want * logs).sum(axis=1)
        if reduction != "mean":
            return pooled(losses, reduction)
        total = TargetShares.forward(answers, x.shape[1], weight, ignore_index, 0.0, kind).sum()
        return losses.sum() / np.maximum(total, x.dtype.type(_TINY))

    @staticmethod
    def backward(grad: Any, output: Any, *inputs: Any, reduction: str = "mean", **attrs: Any) -> tuple[Tensor, None]:
        (x, answers), g, how = inputs, grad, attrs
        if x.ndim == 2 and not how:
            miss = softmax(x) - one_hot(answers, classes=x.shape[1], dtype=str(x.dtype))
            share = shared(g, x.shape[0], reduction)
            return mul(miss, share.unsqueeze(1) if reduction == "none" else share), None
        want = target_shares(answers, classes=x.shape[1], dtype=str(x.dtype), **how)
        miss = mul(softmax(x, dim=1), want.sum(1, keepdim=True)) - want
        return mul(miss, g.unsqueeze(1) if reduction == "none" else _share(g, x, answers, reduction, how)), None

    @staticmethod
    def written(x: Tensor, answers: Tensor, reduction: str = "mean", **how: Any) -> Tensor:
        want = target_shares(answers, classes=x.shape[1], dtype=str(x.dtype), **how)
        losses = neg(mul(want, log_softmax(x, dim=1)).sum(1))
        if reduction == "mean":
            return mul(losses.sum(), _share(Tensor(np.ones((), x.dtype)), x, answers, reduction, how))
        return pooled_tensor(losses, reduction)

    @staticmethod
    def verify(x: Any, answers: Any, ignore_index: int | None = None, **how: Any) -> None:
        check_labels("cross_entropy", asked(answers, ignore_index), x.shape[1])

    @staticmethod
    def shape(
        x: Shape,
        answers: Shape,
        weight: Weights = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> Shape:
        if len(x) < 2 or answers != (x[0], *x[2:]) or 0 in x:
            raise ShapeError(_label_shapes("cross_entropy", x, answers))
        check_settings("cross_entropy", x[1], weight, label_smoothing)
        return pooled_shape("cross_entropy", answers, reduction)


def _share(g: Tensor, x: Tensor, answers: Tensor, reduction: str, how: dict[str, Any]) -> Tensor:
    """What each weighted surprise feels of the gradient of their mean or sum."""
    if reduction == "sum":
        return g
    plain = {key: value for key, value in how.items() if key != "label_smoothing"}
    total = target_shares(answers, classes=x.shape[1], dtype=str(x.dtype), **plain).sum()
    return div(g, maximum(total, _TINY))


def _label_shapes(name: str, x: Shape, answers: Shape) -> str:
    both = {"x": x, "answers": answers}
    picture = boxes(both, [(which, 0) for which, shape in both.items() if shape])
    if answers == x:
        advice = "these look like one-hot rows: answers.argmax(1) makes class numbers of them"
    elif len(answers) == 2 and answers[1] == 1:
        advice = "the class numbers stand in a column: answers.reshape(-1) makes a row of them"
    elif len(x) > 2 and len(answers) > 1 and answers == x[:-1]:
        advice = "the classes stand last, but they belong on side 1: x.transpose(1, -1)"
    elif len(x) > 2:
        advice = "the network still gives pictures: put nn.Flatten() before the last nn.Linear"
    else:
        advice = "one row of outputs and one class number for every example"
    return f"{name}: it needs a table of votes (B, C) and B class numbers.\n{picture}\n   Try: {advice}."


class SoftCrossEntropy(Op):
    """How surprised the network was, where the teacher is not sure either, or says how sure to be.

    L = mean over b of -( sum over c of target[b, c] * log_softmax(x)[b, c] )

    x: one row of votes (logits) an example, (B, C) or (B, C, ...)
    target: the share that each class should get, same shape; one-hot rows are fine
    y: the mean surprise L; its slope is (softmax(x) * sum(target) - target) / B
    weight: how much each class counts, one number a class
    label_smoothing: how much of every cake is shared among all classes alike
    reduction: "mean", "sum", or "none": every surprise on its own

    Use it when several classes share an answer: mixed pictures, the shares that another network gives.

    >>> soft_cross_entropy(Tensor([[0.0, 0.0]]), Tensor([[0.5, 0.5]]))
    Tensor(0.6931)
    """

    takes = "f"
    torch = "torch.nn.functional.cross_entropy"
    samples = (
        Sample(normal(3, 4), positive(3, 4)),
        Sample(normal(4, 3), positive(4, 3), weight=(1.0, 0.5, 2.0), label_smoothing=0.2, reduction="sum"),
        Sample(normal(2, 3, 4), positive(2, 3, 4), label_smoothing=0.1, reduction="none"),
    )

    @staticmethod
    def forward(
        x: Any, target: Any, weight: Weights = None, label_smoothing: float = 0.0, reduction: str = "mean"
    ) -> Any:
        logs = x - x.max(axis=1, keepdims=True)
        logs = logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
        want = (target * (1 - label_smoothing) + label_smoothing / x.shape[1]) * _column(weight, x)
        return pooled(-(want * logs).sum(axis=1), reduction)

    @staticmethod
    def backward(
        g: Tensor,
        y: Tensor,
        x: Tensor,
        target: Tensor,
        weight: Weights = None,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> tuple[Tensor, Tensor]:
        share = shared(g, x.numel() // x.shape[1], reduction)
        share = share.unsqueeze(1) if reduction == "none" else share
        counts = Tensor(_column(weight, x.data))
        want = mul(mul(target, 1 - label_smoothing) + label_smoothing / x.shape[1], counts)
        dx = mul(mul(softmax(x, dim=1), want.sum(1, keepdim=True)) - want, share)
        return dx, neg(mul(mul(log_softmax(x, dim=1), mul(counts, 1 - label_smoothing)), share))

    @staticmethod
    def written(
        x: Tensor, target: Tensor, weight: Weights = None, label_smoothing: float = 0.0, reduction: str = "mean"
    ) -> Tensor:
        want = mul(target, 1 - label_smoothing) + label_smoothing / x.shape[1]
        want = mul(want, Tensor(_column(weight, x.data)))
        return pooled_tensor(neg(mul(want, log_softmax(x, dim=1)).sum(1)), reduction)

    @staticmethod
    def shape(
        x: Shape, target: Shape, weight: Weights = None, label_smoothing: float = 0.0, reduction: str = "mean"
    ) -> Shape:
        if len(x) < 2 or x != target or 0 in x:
            raise ShapeError(
                "soft_cross_entropy: every vote (B, C) needs the share it should get, so the shapes must be equal "
                f"(and not empty).\n{boxes({'x': x, 'target': target})}\n"
                "   Try: cross_entropy for class numbers; ops.one_hot makes rows of shares of them."
            )
        check_settings("soft_cross_entropy", x[1], weight, label_smoothing)
        return pooled_shape("soft_cross_entropy", (x[0], *x[2:]), reduction)


def _column(weight: Weights, x: Any) -> Any:
    """The weights of the classes, standing along side 1."""
    if weight is None:
        return np.ones((1,) * x.ndim, x.dtype)
    return np.asarray(weight, x.dtype).reshape((1, -1) + (1,) * (x.ndim - 2))


class Nll(Op):
    """The second half of cross entropy: the surprise is read off where the right answer stands.

    L = mean over b of -x[b, answers[b]]

    x: the logarithms of the shares, (B, C) or (B, C, ...): log_softmax makes them
    answers: the right class numbers, (B,) or (B, ...), whole, from 0
    y: the mean surprise L
    weight: how much each class counts, one number a class; the mean is then weighted, too
    ignore_index: the class number that means "leave this answer out"
    reduction: "mean", "sum", or "none": every surprise on its own

    Use it after a log_softmax that is needed for something else as well; else cross_entropy does both at once.

    The name says "negative log-likelihood". Where all answers are left out, the mean is 0.

    >>> nll(Tensor([[-0.5, -1.0]]), Tensor([1]))
    Tensor(1.)
    """

    takes = "f"
    whole = (1,)
    torch = "torch.nn.functional.nll_loss"
    samples = (
        Sample(normal(3, 4), labels(3, below=4)),
        Sample(normal(4, 3), labels(4, below=3), weight=(1.0, 0.5, 2.0), ignore_index=1),
        Sample(normal(2, 3, 4), labels(2, 4, below=3), reduction="none"),
    )

    @staticmethod
    def forward(
        x: Any, answers: Any, weight: Weights = None, ignore_index: int | None = None, reduction: str = "mean"
    ) -> Any:
        want = TargetShares.forward(answers, x.shape[1], weight, ignore_index, 0.0, str(x.dtype))
        losses = -(want * x).sum(axis=1)
        if reduction == "mean":
            return losses.sum() / np.maximum(want.sum(), x.dtype.type(_TINY))
        return pooled(losses, reduction)

    @staticmethod
    def backward(grad: Any, output: Any, *inputs: Any, reduction: str = "mean", **attrs: Any) -> tuple[Tensor, None]:
        (x, answers), g, how = inputs, grad, attrs
        want = target_shares(answers, classes=x.shape[1], dtype=str(x.dtype), **how)
        share = g.unsqueeze(1) if reduction == "none" else _share(g, x, answers, reduction, how)
        return neg(mul(want, share)), None

    @staticmethod
    def written(x: Tensor, answers: Tensor, reduction: str = "mean", **how: Any) -> Tensor:
        want = target_shares(answers, classes=x.shape[1], dtype=str(x.dtype), **how)
        losses = neg(mul(want, x).sum(1))
        if reduction == "mean":
            return div(losses.sum(), maximum(want.sum(), _TINY))
        return pooled_tensor(losses, reduction)

    @staticmethod
    def verify(x: Any, answers: Any, ignore_index: int | None = None, **how: Any) -> None:
        check_labels("nll", asked(answers, ignore_index), x.shape[1])

    @staticmethod
    def shape(
        x: Shape,
        answers: Shape,
        weight: Weights = None,
        ignore_index: int | None = None,
        reduction: str = "mean",
    ) -> Shape:
        if len(x) < 2 or answers != (x[0], *x[2:]) or math.prod(x) == 0:
            raise ShapeError(_label_shapes("nll", x, answers))
        check_settings("nll", x[1], weight)
        return pooled_shape("nll", answers, reduction)


target_shares = TargetShares()
cross_entropy = CrossEntropy()
soft_cross_entropy = SoftCrossEntropy()
nll = Nll()
