"""The parts that the networks for pictures are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cutaway import nn
from cutaway.engine.errors import ShapeError

__all__ = ["stage", "whiten"]


def stage(channels: int, wanted: int, bend: Callable[[], nn.Module]) -> tuple[nn.Module, ...]:
    """Look, step back, look again: two convolutions, and half as many places after the first.

    channels: of the picture that comes; wanted: how many things to look for, channels of what goes on
    bend: makes the curve between the sums, such as nn.SiLU
    x (N, channels, H, W) -> (N, wanted, H // 2, W // 2)

    Pooling comes before batch norm and curve, so that these have a quarter of the work.

    >>> net = nn.Sequential(*stage(3, 8, nn.ReLU))
    >>> net(Tensor(np.zeros((1, 3, 6, 6), np.float32))).shape
    (1, 8, 3, 3)
    """
    return (
        nn.Conv2d(channels, wanted, 3, padding=1, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(wanted),
        bend(),
        nn.Conv2d(wanted, wanted, 3, padding=1, bias=False),
        nn.BatchNorm2d(wanted),
        bend(),
    )


def whiten(layer: nn.Conv2d, pictures: NDArray[Any], smallest: float = 3e-5) -> None:
    """Give the first convolution the stencils that take apart what neighbouring pixels have in common.

    Pixels beside each other are nearly alike, so the sums of a first layer would nearly all say "bright" or "dark". The
    stencils are the directions in which small windows of the pictures differ, each divided by how much they do, and
    their negatives: afterwards light, edges and colours are equally loud, and no two sums say the same.

    layer: with twice as many outputs as its window has numbers, e.g. Conv2d(3, 24, 2)
    pictures: (N, C, H, W), some thousands; smallest: added to every variance, so that noise is not made loud

    Formulas: C = covariance of the windows = V diag(v) V^T; stencils = V^T / sqrt(v + smallest), bias = -stencils mean.

    >>> layer = nn.Conv2d(1, 8, 2)
    >>> x = np.random.default_rng(0).random((50, 1, 9, 9), np.float32)
    >>> whiten(layer, x)
    >>> layer(Tensor(x)).numpy().std((0, 2, 3)).round(1).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    outputs, *window = layer.weight.shape
    size = int(np.prod(window))
    if outputs != 2 * size or layer.bias is None:
        raise ShapeError(
            f"whiten: a window {tuple(window)} holds {size} numbers, so the layer needs {2 * size} outputs and a bias: "
            f"nn.Conv2d({window[0]}, {2 * size}, {window[1]})."
        )
    parts = sliding_window_view(pictures, window[1:], axis=(2, 3))  # (N, C, down, across, kh, kw)
    rows = parts.transpose(0, 2, 3, 1, 4, 5).reshape(-1, size).astype(np.float64)
    mean = rows.mean(0)
    variances, directions = np.linalg.eigh(rows.T @ rows / len(rows) - np.outer(mean, mean))
    directions *= np.sign(directions[np.abs(directions).argmax(0), np.arange(size)])  # either sign would do: choose one
    stencils = (directions / np.sqrt(variances + smallest)).T[::-1]
    both = np.concatenate([stencils, -stencils])
    layer.weight.data = both.reshape(layer.weight.shape).astype(np.float32)
    layer.bias.data = (-both @ mean).astype(np.float32)
