"""Cutaway: a Run, as a user makes it, its history on, its metrics recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safetensors.numpy import load_file

import cutaway as ct

from ..workload import Workload
from .exchange import dataset, weights
from .side import Side

__all__ = ["Cutaway", "new_run"]


def new_run(workload: Workload, path: Path, cores: int) -> ct.Run:
    """The run of a workload, with so many workers."""
    numbers = load_file(path)
    net, loss, optimizer = workload.cutaway()
    net.load_state(weights(numbers))
    data = dataset(workload, numbers["x"], numbers["y"])
    return ct.Run(net, loss, optimizer, data, workload.batch_size, augment=workload.augment(data.x), workers=cores)


class Cutaway(Side):
    """Training is `run.train`, looking is `run.predict`."""

    def __init__(self, workload: Workload, path: Path, cores: int, how: str = "") -> None:
        self._workload = workload
        self.run = new_run(workload, path, cores)
        self.how = f"workers={self.run.workers}"
        assert self.run.data is not None
        self.data = self.run.data.x.nbytes + self.run.data.y.nbytes
        self._frames = self.run.data.x[: workload.batch_size] if workload.inference else None
        self._looks: list[float] = []

    def train(self, steps: int) -> None:
        if self._frames is None:
            self.run.train(batches=steps, progress=False)
            return
        for _ in range(steps):
            outputs = self.run.predict(self._frames)
            self._looks.append(float(outputs.mean()))

    def losses(self) -> Sequence[float]:
        return [float(loss) for loss in self.run.losses] if self._frames is None else self._looks

    def quality(self) -> float:
        assert self.run.data is not None
        return self._workload.quality(self.run.state, self.run.data.x)

    def kept(self) -> int:
        return sum(a.nbytes for snapshot in self.run.history.snapshots.values() for a in snapshot.values())
