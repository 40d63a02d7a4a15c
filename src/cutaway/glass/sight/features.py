"""The numbers after every layer: for a convolution, one map a filter, bright where it found what it looks for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.errors import CutawayError
from .network import Network, recorded, weights_of

__all__ = ["features", "filters"]


def features(net: Network, x: Any) -> dict[str, NDArray[Any]]:
    """What every layer gives for some examples, in use (eval): the path of the layer -> its output.

    net: a run or any network; x (N, ...): examples

    A layer that is called several times shows its last output. The network is left as it was.

    >>> from cutaway import nn
    >>> features(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), np.zeros((5, 2), np.float32))["1"].shape
    (5, 3)
    """
    with recorded(net, x) as found:
        return {path: np.asarray(given.numpy()) for path, given in found.layers.items()}


def filters(net: Network, layer: str) -> NDArray[Any]:
    """The stencils of a convolution (O, C, h, w), or of a dense layer its rows (O, C): what each unit looks for.

    net: a run or any network; layer: its path, "0"

    >>> from cutaway import nn
    >>> filters(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), "0").shape
    (4, 1, 3, 3)
    """
    known = {name.removesuffix(".weight"): a for name, a in weights_of(net).items() if name.endswith(".weight")}
    known = {path: array for path, array in known.items() if np.ndim(array) >= 2}
    if layer not in known:
        raise CutawayError(f"The layer {layer!r} has no filters; those that have some are {', '.join(known)}.")
    return np.asarray(known[layer])
