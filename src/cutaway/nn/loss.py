"""Losses as modules, with PyTorch's names.

What PyTorch takes as tensors (weights of classes) are settings here: they are written into the program as numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor, ops
from ..engine.errors import CutawayError, DtypeError
from .module import Module

__all__ = [
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "SmoothL1Loss",
]


class CrossEntropyLoss(Module):
    """How surprised the network was by the right answers.

    L = mean over the batch of ( log(sum over j of e^x[j]) - x[answer] )

    weight: how much each class counts, one number a class
    ignore_index: the class number that means "leave this answer out" (say -100 if that is meant, PyTorch's usual one)
    reduction: "mean", "sum", or "none": every surprise on its own
    label_smoothing: how much of the right answer's share is divided among all classes alike
    x (N, C) or (N, C, ...): votes (logits), with no softmax before
    answers (N,) or (N, ...): class numbers from 0; or of x's shape: the share each class should get

    >>> CrossEntropyLoss()(Tensor([[0.0, 0.0]]), Tensor([1]))
    Tensor(0.6931)
    """

    metrics = ("accuracy",)

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        self.weight, self.ignore_index = _numbers(weight), ignore_index
        self.reduction, self.label_smoothing = reduction, label_smoothing

    def forward(self, x: Tensor, answers: Tensor) -> Tensor:
        how: dict[str, Any] = {} if self.reduction == "mean" else {"reduction": self.reduction}
        if self.weight is not None:
            how["weight"] = self.weight
        if self.label_smoothing:
            how["label_smoothing"] = self.label_smoothing
        if answers.dtype.kind == "f" and answers.shape == x.shape:
            return ops.soft_cross_entropy(x, answers, **how)
        if self.ignore_index is not None:
            how["ignore_index"] = self.ignore_index
        return ops.cross_entropy(x, answers, **how)

    def describe(self) -> str:
        return _told(
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(Module):
    """The second half of cross entropy: minus the log-share of the right answer.

    L = mean over the batch of -x[answer]

    weight, ignore_index, reduction: as in CrossEntropyLoss
    x (N, C) or (N, C, ...): logarithms of shares, as nn.LogSoftmax makes them; answers (N,) or (N, ...)

    >>> NLLLoss()(Tensor([[-0.5, -1.0]]), Tensor([1]))
    Tensor(1.)
    """

    metrics = ("accuracy",)

    def __init__(self, weight: Any = None, *, ignore_index: int | None = None, reduction: str = "mean") -> None:
        self.weight, self.ignore_index, self.reduction = _numbers(weight), ignore_index, reduction

    def forward(self, x: Tensor, answers: Tensor) -> Tensor:
        return ops.nll(x, answers, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction)

    def describe(self) -> str:
        return _told(weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class MSELoss(Module):
    """The average of the squared misses.

    L = mean over all numbers of (x - target) ** 2

    reduction: "mean", "sum", or "none"
    x, target: same shape

    >>> MSELoss()(Tensor([[1.0], [3.0]]), Tensor([[0.0], [1.0]]))
    Tensor(2.5)
    """

    metrics = ()

    def __init__(self, *, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        _amounts("MSELoss", x, target)
        how = {} if self.reduction == "mean" else {"reduction": self.reduction}
        return ops.mse(x, target, **how)

    def describe(self) -> str:
        return _told(reduction=self.reduction)


class L1Loss(Module):
    """The average distance, also called MAE: far misses are not made worse than they are.

    L = mean over all numbers of |x - target|

    reduction: "mean", "sum", or "none"
    x, target: same shape

    >>> L1Loss()(Tensor([[1.0], [3.0]]), Tensor([[0.0], [1.0]]))
    Tensor(1.5)
    """

    metrics = ()

    def __init__(self, *, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        _amounts("L1Loss", x, target)
        return ops.l1(x, target, reduction=self.reduction)

    def describe(self) -> str:
        return _told(reduction=self.reduction)


class HuberLoss(Module):
    """Near misses count by their square, far ones by their distance.

    L = mean of (d ** 2 / 2 if |d| <= delta, else delta * (|d| - delta / 2)), where d = x - target

    delta: where near ends and far begins; reduction: "mean", "sum", or "none"
    x, target: same shape.  Huber, 1964.

    >>> HuberLoss()(Tensor([1.0, 5.0]), Tensor([0.0, 0.0]))
    Tensor(2.5)
    """

    metrics = ()

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        self.reduction, self.delta = reduction, delta

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        _amounts("HuberLoss", x, target)
        return ops.huber(x, target, delta=self.delta, reduction=self.reduction)

    def describe(self) -> str:
        return _told(reduction=self.reduction, delta=None if self.delta == 1 else self.delta)


class SmoothL1Loss(Module):
    """The distance, with its corner at 0 rounded off.

    L = mean of (d ** 2 / (2 beta) if |d| <= beta, else |d| - beta / 2), where d = x - target

    beta: how wide the rounding is, 0 for none; reduction: "mean", "sum", or "none"
    x, target: same shape.  Girshick, "Fast R-CNN", 2015.

    >>> SmoothL1Loss()(Tensor([1.0, 5.0]), Tensor([0.0, 0.0]))
    Tensor(2.5)
    """

    metrics = ()

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        if beta < 0:
            raise CutawayError(f"SmoothL1Loss: beta is how wide the rounding is, from 0 up, not {beta}.")
        self.reduction, self.beta = reduction, beta

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        _amounts("SmoothL1Loss", x, target)
        if not self.beta:
            return ops.l1(x, target, reduction=self.reduction)
        y = ops.huber(x, target, delta=self.beta, reduction=self.reduction)
        return y if self.beta == 1 else y / self.beta

    def describe(self) -> str:
        return _told(reduction=self.reduction, beta=None if self.beta == 1 else self.beta)


class BCEWithLogitsLoss(Module):
    """How surprised the network was by the right answers to yes-and-no questions.

    L = mean of -( p t ln(s) + (1 - t) ln(1 - s) ), where s = sigmoid(x), t is the target and p the pos_weight

    pos_weight: how much a yes counts: one number, or one for each place of the last side
    reduction: "mean", "sum", or "none"
    x: votes (logits), with no sigmoid before; target: 1 for yes and 0 for no, same shape

    >>> BCEWithLogitsLoss()(Tensor([0.0, 100.0]), Tensor([1.0, 1.0]))
    Tensor(0.3466)
    """

    metrics = ()

    def __init__(self, *, reduction: str = "mean", pos_weight: Any = None) -> None:
        self.reduction, self.pos_weight = reduction, _numbers(pos_weight)

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        if target.dtype.kind in "iub":
            target = ops.cast(target, to=str(x.dtype))
        how = {} if self.pos_weight is None else {"pos_weight": self.pos_weight}
        return ops.bce_with_logits(x, target, reduction=self.reduction, **how)

    def describe(self) -> str:
        return _told(reduction=self.reduction, pos_weight=self.pos_weight)


class KLDivLoss(Module):
    """How far the network's chances are from the true ones.

    L = mean of target * (ln(target) - x)

    reduction: "mean" over all numbers, "batchmean" (what books mean), "sum", or "none"
    log_target: the target is given as logarithms, too
    x: logarithms of chances; target: chances, same shape.  Kullback and Leibler, 1951.

    >>> KLDivLoss(reduction="batchmean")(Tensor([[0.5, 0.5]]).log(), Tensor([[1.0, 0.0]]))
    Tensor(0.6931)
    """

    metrics = ()

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        self.reduction, self.log_target = reduction, log_target

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        return ops.kl_div(x, target, log_target=self.log_target, reduction=self.reduction)

    def describe(self) -> str:
        return _told(reduction=self.reduction, log_target=self.log_target or None)


class CTCLoss(Module):
    """The surprise at a text, when nobody has noted at which moment each letter was heard.

    L = mean over n of -ln(chance of all readings that say targets[n]) / (number of letters in targets[n])

    blank: the letter that says "nothing new"; zero_infinity: examples with too few moments cost 0
    reduction: "mean" as above, "sum" of the surprises, or "none": every surprise on its own
    log_probs (T, N, C): log-shares of the letters at every moment; targets (N, S): letters, filled up behind the last
    input_lengths (N,): how many moments each example has, all T when not said
    target_lengths (N,): how many letters; when not said, those that are neither blank nor below 0

    Source: Graves, Fernandez, Gomez and Schmidhuber, 2006.

    >>> half = Tensor([[[0.5, 0.5]], [[0.5, 0.5]]]).log()
    >>> CTCLoss()(half, Tensor([[1]]), Tensor([2]), Tensor([1]))
    Tensor(0.2877)
    """

    metrics = ()

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        if reduction not in ("mean", "sum", "none"):
            raise CutawayError(f"CTCLoss: reduction is 'mean', 'sum' or 'none' (one loss each), not {reduction!r}.")
        self.blank, self.reduction, self.zero_infinity = blank, reduction, zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | None = None,
        target_lengths: Tensor | None = None,
    ) -> Tensor:
        if target_lengths is None:
            letters = ops.not_equal(targets, self.blank) * ops.greater_equal(targets, 0)
            target_lengths = letters.long().sum(1)
        if input_lengths is None:
            input_lengths = target_lengths * 0 + log_probs.shape[0]
        losses = ops.ctc(
            log_probs, targets, input_lengths, target_lengths, blank=self.blank, zero_infinity=self.zero_infinity
        )
        if self.reduction == "mean":
            letters = ops.cast(ops.maximum(target_lengths, 1), to=str(losses.dtype))
            return (losses / letters).mean()
        return losses.sum() if self.reduction == "sum" else losses

    def describe(self) -> str:
        return _told(blank=self.blank or None, reduction=self.reduction, zero_infinity=self.zero_infinity or None)


def _numbers(weight: Any) -> Any:
    """Weights as plain numbers: one, or a row of them."""
    if weight is None:
        return None
    array = np.asarray(weight, np.float64)
    if array.ndim > 1:
        raise CutawayError(f"Weights are one number or a row of numbers, but these have the shape {array.shape}.")
    return tuple(array.tolist()) if array.ndim else float(array)


def _told(**settings: Any) -> str:
    """The settings that are not the usual ones."""
    usual = (None, "mean", 0.0)
    return ", ".join(f"{name}={value!r}" for name, value in settings.items() if value not in usual)


def _amounts(name: str, x: Tensor, target: Tensor) -> None:
    """Targets of these losses are amounts; class numbers among them get a sentence of their own."""
    if target.dtype.kind in "iub":
        raise DtypeError(
            f"{name} compares amounts, but the targets are whole numbers {target.shape}. If they are class numbers, "
            f"use nn.CrossEntropyLoss(), or one_hot rows: ops.one_hot(target, classes={x.shape[-1] if x.ndim else 2}). "
            "If they are amounts, write target.float()."
        )
