"""What all losses share: one number for every example becomes one for all (mean or sum), or stays (none)."""

from __future__ import annotations

import math
from typing import Any

from ..errors import CutawayError, ShapeError, boxes
from ..op import Shape, namespace
from ..tensor import Tensor

KINDS = ("mean", "sum", "none")


def pooled(losses: Any, reduction: str) -> Any:
    """The losses of an array, reduced."""
    if reduction == "none":
        return losses
    xp = namespace(losses)
    return xp.mean(losses) if reduction == "mean" else xp.sum(losses)


def pooled_tensor(losses: Tensor, reduction: str) -> Tensor:
    """The same, written with operations."""
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


def shared(g: Tensor, count: int, reduction: str) -> Tensor:
    """What each of ``count`` losses feels of the gradient of their mean or sum."""
    return g * (1 / count) if reduction == "mean" else g


def pooled_shape(name: str, losses: Shape, reduction: str) -> Shape:
    """The shape after the reduction."""
    if reduction not in KINDS:
        raise CutawayError(f"{name}: reduction is 'mean', 'sum' or 'none' (one loss each), not {reduction!r}.")
    if reduction == "mean" and math.prod(losses) == 0:
        raise ShapeError(f"{name}: there is nothing to average in empty arrays of shape {losses}.")
    return losses if reduction == "none" else ()


def own_targets(name: str, x: Shape, target: Shape, reduction: str) -> Shape:
    """The shape rule of losses that compare number by number: every output has its own target."""
    if x != target:
        advice = "target.reshape(x.shape), if they hold the same numbers in the same order"
        if len(target) == 1 and len(x) == 2 and x[0] == target[0] and x[1] > 1:
            advice = f"class numbers against {x[1]} outputs: nn.CrossEntropyLoss(), or one_hot(target, {x[1]})"
        elif len(target) == 1 and x == (*target, 1):
            advice = "the targets are a row and the outputs a column: target.reshape(-1, 1)"
        both = {"x": x, "target": target}
        raise ShapeError(
            f"{name}: every output needs its own target, so the shapes must be equal.\n"
            f"{boxes(both, [(which, -1) for which, shape in both.items() if shape])}\n"
            f"   Try: {advice}."
        )
    return pooled_shape(name, x, reduction)
