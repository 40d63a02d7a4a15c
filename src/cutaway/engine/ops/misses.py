"""How far off? Losses that compare number by number: squares, distances, yes-and-no questions, shares."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CutawayError, ShapeError, boxes
from ..op import Op, Shape, namespace
from ..sample import Sample, distinct, normal, positive
from ..tensor import Tensor
from .arithmetic import mul, neg
from .choose import clip, where
from .compare import greater, less_equal
from .doors import softplus
from .elementwise import abs, exp, log, sigmoid, sign
from .reduction import own_targets, pooled, pooled_shape, pooled_tensor, shared

Counts = float | tuple[float, ...]


class Mse(Op):
    """The average of the squared misses: a miss twice as far hurts four times as much.

    L = mean over all numbers of (x - target) ** 2

    x: what the network said
    target: what it should have said, same shape
    y: the mean squared miss L, one number; its slope is 2 (x - target) / n (the 2 is kept)
    reduction: "mean", or "sum" of the squares, or "none": every square on its own

    Use it to learn amounts, when large misses are much worse than small ones.

    >>> mse(Tensor([1.0, 3.0]), Tensor([0.0, 1.0]))
    Tensor(2.5)
    """

    takes = "f"
    torch = "torch.nn.functional.mse_loss"
    samples = (
        Sample(normal(3, 2), normal(3, 2)),
        Sample(normal(4), normal(4)),
        Sample(normal(3, 2), normal(3, 2), reduction="none"),
        Sample(normal(2, 3), normal(2, 3), reduction="sum"),
    )

    @staticmethod
    def forward(x: Any, target: Any, reduction: str = "mean") -> Any:
        return pooled((x - target) ** 2, reduction)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, target: Tensor, reduction: str = "mean") -> tuple[Tensor, Tensor]:
        pull = mul(x - target, shared(mul(g, 2.0), x.numel(), reduction))
        return pull, -pull

    @staticmethod
    def written(x: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
        return pooled_tensor((x - target) ** 2, reduction)

    @staticmethod
    def shape(x: Shape, target: Shape, reduction: str = "mean") -> Shape:
        return own_targets("mse", x, target, reduction)


class L1(Op):
    """The average distance from the target: a miss twice as far hurts twice as much.

    L = mean over all numbers of |x - target|

    x: what the network said
    target: what it should have said, same shape
    y: the mean distance L; the pull is equally strong from near and from far
    reduction: "mean", or "sum" of the distances, or "none": every distance on its own

    Use it to learn amounts when a few targets may be wildly wrong. It is also called MAE, mean absolute error.

    >>> l1(Tensor([1.0, 3.0]), Tensor([0.0, 1.0]))
    Tensor(1.5)
    """

    takes = "f"
    torch = "torch.nn.functional.l1_loss"
    samples = (
        Sample(distinct(3, 2), normal(3, 2)),
        Sample(distinct(4), normal(4), reduction="none"),
        Sample(distinct(2, 3), normal(2, 3), reduction="sum"),
    )

    @staticmethod
    def forward(x: Any, target: Any, reduction: str = "mean") -> Any:
        return pooled(namespace(x).abs(x - target), reduction)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, target: Tensor, reduction: str = "mean") -> tuple[Tensor, Tensor]:
        pull = mul(sign(x - target), shared(g, x.numel(), reduction))
        return pull, -pull

    @staticmethod
    def written(x: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
        return pooled_tensor(abs(x - target), reduction)

    @staticmethod
    def shape(x: Shape, target: Shape, reduction: str = "mean") -> Shape:
        return own_targets("l1", x, target, reduction)


class Huber(Op):
    """A rubber band that stretches so far and no farther: near misses count by their square, far ones by their
    distance.

    L = mean of (d ** 2 / 2 if |d| <= delta, else delta * (|d| - delta / 2)), where d = x - target

    x: what the network said
    target: what it should have said, same shape
    y: the mean loss L; the pull grows with the miss up to delta, and no farther
    delta: where near ends and far begins
    reduction: "mean", "sum", or "none": every loss on its own

    Use it to learn amounts calmly: smooth at the goal, and not torn about by a few far misses.

    Huber, "Robust estimation of a location parameter", 1964. PyTorch's smooth L1 with beta is this with delta = beta,
    divided by beta.

    >>> huber(Tensor([1.0, 5.0]), Tensor([0.0, 0.0]), reduction="none")
    Tensor([0.5, 4.5])
    """

    takes = "f"
    torch = "torch.nn.functional.huber_loss"
    samples = (
        Sample(distinct(3, 4), normal(3, 4)),
        Sample(distinct(5), normal(5), delta=0.5, reduction="none"),
        Sample(distinct(2, 3), normal(2, 3), delta=2.0, reduction="sum"),
    )

    @staticmethod
    def forward(x: Any, target: Any, delta: float = 1.0, reduction: str = "mean") -> Any:
        xp = namespace(x)
        far = xp.abs(x - target)
        return pooled(xp.where(far <= delta, far * far * 0.5, (far - delta / 2) * delta), reduction)

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, x: Tensor, target: Tensor, delta: float = 1.0, reduction: str = "mean"
    ) -> tuple[Tensor, Tensor]:
        pull = mul(clip(x - target, low=-delta, high=delta), shared(g, x.numel(), reduction))
        return pull, -pull

    @staticmethod
    def written(x: Tensor, target: Tensor, delta: float = 1.0, reduction: str = "mean") -> Tensor:
        far = abs(x - target)
        return pooled_tensor(where(less_equal(far, delta), far * far * 0.5, (far - delta / 2) * delta), reduction)

    @staticmethod
    def shape(x: Shape, target: Shape, delta: float = 1.0, reduction: str = "mean") -> Shape:
        if not delta > 0:
            raise CutawayError(f"huber: delta says where far begins and must be above 0, not {delta}.")
        return own_targets("huber", x, target, reduction)


class BceWithLogits(Op):
    """A questionnaire of yes-and-no questions: how surprised the network was by each right answer.

    L = mean of -( p t ln(s) + (1 - t) ln(1 - s) ), where s = sigmoid(x) and t is the target

    x: one vote (logit) a question, any shape: votes, not chances, so no sigmoid before it
    target: the right answers, 1 for yes and 0 for no (or a chance between), same shape
    y: the mean surprise L; without p its slope is (s - t) / n
    pos_weight: how much a yes counts, p above: one number, or one for each place of the last side; 1 when not said
    reduction: "mean", "sum", or "none": every surprise on its own

    Use it where several answers may be right at once, or where there are just two classes and one output.

    Computed as (1 - t) x + (1 + (p - 1) t) ln(1 + e ** -x), which cannot overflow.

    >>> bce_with_logits(Tensor([0.0, 100.0]), Tensor([1.0, 1.0]))
    Tensor(0.3466)
    """

    takes = "f"
    torch = "torch.nn.functional.binary_cross_entropy_with_logits"
    samples = (
        Sample(normal(3, 2), normal(3, 2)),
        Sample(normal(4), normal(4), pos_weight=2.5, reduction="none"),
        Sample(normal(2, 3), normal(2, 3), pos_weight=(1.0, 0.5, 3.0), reduction="sum"),
    )

    @staticmethod
    def forward(x: Any, target: Any, pos_weight: Counts = 1.0, reduction: str = "mean") -> Any:
        xp = namespace(x)
        more = xp.asarray(pos_weight, dtype=x.dtype) - 1
        never = xp.maximum(-x, 0) + xp.log1p(xp.exp(-xp.abs(x)))  # the surprise at a yes
        return pooled((1 - target) * x + (1 + more * target) * never, reduction)

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, x: Tensor, target: Tensor, pos_weight: Counts = 1.0, reduction: str = "mean"
    ) -> tuple[Tensor, Tensor]:
        more, share = _more(pos_weight, x), shared(g, x.numel(), reduction)
        dx = 1.0 - target - mul(mul(target, more) + 1.0, sigmoid(neg(x)))
        dt = mul(softplus(neg(x)), more) - x
        return mul(dx, share), mul(dt, share)

    @staticmethod
    def written(x: Tensor, target: Tensor, pos_weight: Counts = 1.0, reduction: str = "mean") -> Tensor:
        never = softplus(neg(x))
        return pooled_tensor(mul(1.0 - target, x) + mul(mul(target, _more(pos_weight, x)) + 1.0, never), reduction)

    @staticmethod
    def shape(x: Shape, target: Shape, pos_weight: Counts = 1.0, reduction: str = "mean") -> Shape:
        if not isinstance(pos_weight, tuple | float | int):
            raise CutawayError(f"bce_with_logits: pos_weight is a number or a tuple of numbers, not {pos_weight!r}.")
        if isinstance(pos_weight, tuple) and (not x or len(pos_weight) not in (1, x[-1])):
            raise ShapeError(
                "bce_with_logits: pos_weight is one number, or one for each place of the last side of x.\n"
                f"{boxes({'x': x, 'pos_weight': (len(pos_weight),)}, [('x', -1), ('pos_weight', 0)] if x else [])}"
            )
        return own_targets("bce_with_logits", x, target, reduction)


def _more(pos_weight: Counts, x: Tensor) -> Any:
    """How much more than usual a yes counts, as a number or as one for each place of the last side."""
    if isinstance(pos_weight, tuple):
        return Tensor(np.asarray(pos_weight, x.dtype) - x.dtype.type(1))
    return float(pos_weight) - 1.0


class KlDiv(Op):
    """The price of a wrong map: how many more turns a walk takes with the network's map of chances than with the
    true one.

    L = mean of target * (ln(target) - x)

    x: the logarithms of the chances that the network gives (log_softmax makes them)
    target: the true chances, same shape
    y: the mean divergence; "batchmean" (the sum, divided by the number of rows) is what books mean by it
    log_target: the target is given as logarithms, too
    reduction: "mean" over all numbers, "batchmean", "sum", or "none": every term on its own

    Use it to teach one network the chances that another one gives. Unlike cross entropy it is 0 where they agree.

    Kullback and Leibler, "On information and sufficiency", 1951. Where the target is 0, the term is 0.

    >>> kl_div(Tensor([[0.5, 0.5]]).log(), Tensor([[1.0, 0.0]]), reduction="batchmean")
    Tensor(0.6931)
    """

    takes = "f"
    torch = "torch.nn.functional.kl_div"
    samples = (
        Sample(normal(3, 2), positive(3, 2)),
        Sample(normal(4, 3), positive(4, 3), reduction="batchmean"),
        Sample(normal(4), normal(4), log_target=True, reduction="none"),
        Sample(normal(2, 3), positive(2, 3), reduction="sum"),
    )

    @staticmethod
    def forward(x: Any, target: Any, log_target: bool = False, reduction: str = "mean") -> Any:
        xp = namespace(x)
        if log_target:
            terms = xp.exp(target) * (target - x)
        else:
            known = target > 0
            terms = xp.where(known, target * (xp.log(xp.where(known, target, 1)) - x), 0)
        return namespace(x).sum(terms) / x.shape[0] if reduction == "batchmean" else pooled(terms, reduction)

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, x: Tensor, target: Tensor, log_target: bool = False, reduction: str = "mean"
    ) -> tuple[Tensor, Tensor]:
        share = mul(g, 1 / x.shape[0]) if reduction == "batchmean" else shared(g, x.numel(), reduction)
        if log_target:
            true = exp(target)
            return neg(mul(true, share)), mul(mul(true, target - x + 1.0), share)
        known = greater(target, 0.0)
        dt = where(known, log(where(known, target, 1.0)) - x + 1.0, 0.0)
        return neg(mul(where(known, target, 0.0), share)), mul(dt, share)

    @staticmethod
    def written(x: Tensor, target: Tensor, log_target: bool = False, reduction: str = "mean") -> Tensor:
        if log_target:
            terms = mul(exp(target), target - x)
        else:
            known = greater(target, 0.0)
            terms = where(known, mul(target, log(where(known, target, 1.0)) - x), 0.0)
        return terms.sum() / float(x.shape[0]) if reduction == "batchmean" else pooled_tensor(terms, reduction)

    @staticmethod
    def shape(x: Shape, target: Shape, log_target: bool = False, reduction: str = "mean") -> Shape:
        own_targets("kl_div", x, target, "none")
        if reduction == "batchmean":
            if not x or not x[0]:
                raise ShapeError(f"kl_div: 'batchmean' divides by the number of rows, but x has the shape {x}.")
            return ()
        return pooled_shape("kl_div", x, reduction)


mse = Mse()
l1 = L1()
huber = Huber()
bce_with_logits = BceWithLogits()
kl_div = KlDiv()
