"""The numbers after every layer: for a convolution, one map a filter, bright where it found what it looks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine import Tape
from ...engine.errors import CutawayError, ShapeError
from ...nn import Module

__all__ = ["at", "features", "in_use", "pictures_of"]


def features(net: Module, x: Any) -> dict[str, NDArray[Any]]:
    """What every layer gives for some examples, in use (eval): the path of the layer -> its output.

    net: any network; x (N, ...): examples

    A layer that is called several times shows its last output. The network is left as it was.

    >>> from cutaway import nn
    >>> features(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), np.zeros((5, 2), np.float32))["1"].shape
    (5, 3)
    """
    with in_use(net), Tape() as tape:
        net(tape.input("x", np.asarray(x)))
    return {path: np.asarray(tape.values[slot]) for path, _, slot in tape.visits if path}


def at(net: Module, x: Any, layer: str) -> NDArray[Any]:
    """What one layer gives; "" means the whole network. An unknown path is answered with those that there are."""
    found = features(net, x) if layer else {"": np.asarray(_outputs(net, x))}
    if layer not in found:
        raise CutawayError(f"There is no layer {layer!r}; there are {', '.join(found)}.")
    return found[layer]


def _outputs(net: Module, x: Any) -> Any:
    with in_use(net):
        return net(np.asarray(x)).numpy()


@contextmanager
def in_use(net: Module) -> Iterator[None]:
    """Inside, the network behaves as in use (eval); afterwards every part has its own mode again."""
    if not isinstance(net, Module):
        raise CutawayError(
            f"net is a network, such as run.net, not {type(net).__name__}. A run that was resumed without its code has "
            "none: give it, Run.resume(path, net=...)."
        )
    modules = net.modules()
    modes = [module.training for module in modules]
    net.eval()
    try:
        yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def pictures_of(x: Any) -> NDArray[Any]:
    """One picture (C, H, W) as floats, or an error that says what was met."""
    picture = np.asarray(x)
    if picture.ndim != 3:
        raise ShapeError(
            f"A picture has three sides (channels, height, width), and this has {picture.shape}: take x[k]."
        )
    return picture if picture.dtype.kind == "f" else np.asarray(picture / np.float32(255), np.float32)
