"""The eye in use: what the five layers of the trained network see in a picture of any size.

Batch norm is only needed while the network learns. Afterwards it multiplies and adds the same numbers everywhere, so
it is folded into the stencils: what is left is five convolutions, and nothing that hangs on the size of a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway import nn
from cutaway.engine import Tape, Tensor, ops
from cutaway.engine.hollow import shapes_only
from cutaway.training import machine
from cutaway.training.planned import Planned, Planner

__all__ = ["SHIPPED", "Eye", "eye"]

SHIPPED = Path(__file__).with_name("trained.safetensors")
SHRINKS = (1, 3)  # before these layers the picture becomes half as large
STEPS = (1, 2, 2, 4, 4)  # pixels from one place of a layer to the next


class Eye:
    """Five layers that look at a picture: (1, 3, H, W) -> five tensors (1, C, H / step, W / step).

    stencils: weight (O, C, k, k) and bias (O,) of each layer

    >>> look = Eye([(np.ones((2, 3, 1, 1), "f"), np.zeros(2, "f"))])
    >>> look(Tensor(np.ones((1, 3, 4, 5), "f")))[0].shape
    (1, 2, 4, 5)
    """

    def __init__(self, stencils: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> None:
        self.layers = [(Tensor(weight), Tensor(bias.reshape(1, -1, 1, 1))) for weight, bias in stencils]

    @classmethod
    def of(cls, net: nn.Module) -> Eye:
        """The eye of a network as ``network`` makes it, with its batch norms folded into the stencils."""
        parts = [module for module in net.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d)]
        stencils = []
        for look, norm in zip(parts[::2], parts[1::2], strict=True):
            assert isinstance(look, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            state: Mapping[str, Any] = norm.state()
            loudness = state["weight"] / np.sqrt(state["running_var"] + norm.eps)
            bias = state["bias"] - state["running_mean"] * loudness
            stencils.append((look.weight.data * loudness[:, None, None, None], bias))
        return cls(stencils)

    def to(self, dtype: Any) -> Eye:
        """The same eye in another kind of number."""
        return Eye([(w.data.astype(dtype), b.data.astype(dtype)) for w, b in self.layers])

    def __call__(self, picture: Tensor) -> list[Tensor]:
        """What each layer sees."""
        seen, x = [], picture
        for k, (weight, bias) in enumerate(self.layers):
            x = ops.avg_pool2d(x, window=2, stride=2) if k in SHRINKS else x
            x = ops.relu(ops.conv2d(x, weight, padding=weight.shape[-1] // 2) + bias)
            seen.append(x)
        return seen

    def look(self, picture: NDArray[Any], threads: int = 1) -> list[NDArray[Any]]:
        """What each layer sees in a picture that is not going to be changed; planned, so that large ones are quick."""
        with machine.threads(threads), shapes_only():
            with Tape() as tape:
                for k, seen in enumerate(self(tape.input("x", picture))):
                    tape.results[str(k)] = tape.slot(seen)
            (found,) = Planned(tape, {}, Planner()).replay([(picture,)])
        return [np.array(one) for one in found]


def eye(file: Path = SHIPPED) -> Eye:
    """The eye that comes along: ``tools/make_trained_paint.py`` trained it; score and log are in ``trained.json``.

    >>> [layer.shape[1] for layer in eye()(Tensor(np.zeros((1, 3, 16, 24), np.float32)))]
    [32, 64, 64, 128, 128]
    """
    from safetensors.numpy import load_file

    from .network import network

    net = network()
    net.load_state(load_file(file))
    return Eye.of(net)
