"""PyTorch: the usual loop of zero_grad, forward, loss, backward, step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from ..workload import Workload
from .exchange import dealt, weights
from .side import Side

__all__ = ["Torch"]


class Torch(Side):
    """Eager as everybody writes it, or how="channels_last", "compile", "fused", or several with + between them."""

    def __init__(self, workload: Workload, path: Path, cores: int, how: str = "") -> None:
        self.how = how or "eager"
        torch.set_num_threads(cores)
        torch.manual_seed(0)
        wanted = set(how.split("+"))
        numbers = load_file(path)
        net, loss, optimizer = workload.torch()
        missing, extra = net.load_state_dict(weights(numbers), strict=False)
        assert not extra and all(name.endswith("num_batches_tracked") for name in missing), (missing, extra)
        x = numbers["x"]
        self.data = x.nbytes + numbers["y"].nbytes
        if "channels_last" in wanted:
            net, x = (part.to(memory_format=torch.channels_last) for part in (net, x))
        forward: Callable[..., Any] = net if workload.inference else (lambda x, y: loss(net(x), y))
        if "compile" in wanted:
            if torch.backends.cpu.get_cpu_capability() == "AVX2":
                torch._inductor.config.cpp.simdlen = 256
            forward = torch.compile(forward)
        self._net, self._forward = net, forward
        self._optimizer = optimizer(net.parameters(), **({"fused": True} if "fused" in wanted else {}))
        self._batches = dealt(x, numbers["y"], numbers["order"], workload.batch_size)
        self._frames = x[: workload.batch_size] if workload.inference else None
        self._losses: list[float] = []

    def train(self, steps: int) -> None:
        if self._frames is not None:
            self._look(steps)
            return
        for _ in range(steps):
            x, y = next(self._batches)
            self._optimizer.zero_grad()
            loss = self._forward(x, y)
            loss.backward()
            self._optimizer.step()
            self._losses.append(loss.item())

    def _look(self, steps: int) -> None:
        self._net.eval()
        with torch.inference_mode():
            for _ in range(steps):
                self._losses.append(self._forward(self._frames).mean().item())

    def losses(self) -> Sequence[float]:
        return self._losses
