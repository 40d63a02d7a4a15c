"""What layers for rows (N, C, L) and layers for pictures (N, C, H, W) share: a row is a picture of height 1."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor
from ..engine.errors import CutawayError, ShapeError, boxes

__all__: list[str] = []

Size = int | tuple[int, ...]


def pair(n: Any) -> tuple[int, int]:
    """One number, or (down, across)."""
    if isinstance(n, int):
        return n, n
    if len(n) != 2:
        raise CutawayError(f"One number or a pair (down, across) is needed here, not {n}.")
    return int(n[0]), int(n[1])


def across(n: Any, down: int) -> tuple[int, int]:
    """What a layer for rows says about the one side it has, with ``down`` for the side that only a picture has."""
    if isinstance(n, int):
        return down, n
    if len(n) != 1:
        raise CutawayError(f"A row has one side, so one number is needed here, not {n}.")
    return down, int(n[0])


def short(sides: tuple[int, int]) -> Size:
    """A pair of equal numbers as one number, which reads better on a tape."""
    return sides[0] if sides[0] == sides[1] else sides


def as_picture(x: Tensor, layer: Any) -> Tensor:
    """(N, C, L) -> (N, C, 1, L), as a view; the batch stays free."""
    if x.ndim != 3:
        hint = "x.unsqueeze(1) adds the channel" if x.ndim == 2 else "x.reshape(-1, C, L)"
        raise ShapeError(
            f"{type(layer).__name__}: rows have three sides, (examples, channels, length), but x has {x.ndim}.\n"
            f"{boxes({'x': x.shape})}\n   Try: {hint}."
        )
    return x.reshape(-1, x.shape[1], 1, x.shape[2])


def as_row(y: Tensor) -> Tensor:
    """(N, C, 1, L) -> (N, C, L), as a view; the batch stays free."""
    return y.reshape(-1, y.shape[1], y.shape[3])


def settings(layer: Any, **usual: Any) -> str:
    """The settings of a layer that are not the usual ones, for its line in a printed network."""
    told = {key: getattr(layer, key) for key in usual if hasattr(layer, key)}
    return "".join(f", {key}={value!r}" for key, value in told.items() if value != usual[key])
