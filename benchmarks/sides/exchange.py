"""The numbers that all libraries start from, in one file: examples, answers, the order of dealing them, weights.

Cutaway deals its batches itself, from a Dataset; the loops of the others cut the same batches out of arrays that are
there already (`x[chosen]`), which is the fastest way they have.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..workload import Workload

__all__ = ["dataset", "dealt", "exchange", "weights"]

EPOCHS = 16  # so many orders are written down; afterwards they come again


def exchange(workload: Workload, path: Path, batches: int | None = None, seed: int = 0) -> None:
    """Write the numbers. (This imports Cutaway.)"""
    from safetensors.numpy import save_file

    import cutaway as ct

    x, y = workload.data((batches or workload.batches) * workload.batch_size, np.random.default_rng(seed))
    loader = ct.data.DataLoader(dataset(workload, x, y), workload.batch_size, seed)
    order = np.concatenate([loader.indices(k) for k in range(EPOCHS * len(loader))])
    numbers = {"x": x, "y": y, "order": order}
    for name, array in workload.cutaway().net.state().items():
        numbers[f"weights/{name}"] = array
    save_file({name: np.ascontiguousarray(array) for name, array in numbers.items()}, path)


def dataset(workload: Workload, x: Any, y: Any) -> Any:
    """Examples and answers as Cutaway's Dataset."""
    import cutaway as ct

    return ct.data.Dataset(x, y, tokens=workload.tokens)


def weights(numbers: dict[str, Any]) -> dict[str, Any]:
    """The first weights among the numbers of a file."""
    return {name.removeprefix("weights/"): a for name, a in numbers.items() if name.startswith("weights/")}


def dealt(x: Any, y: Any, order: Any, size: int) -> Iterator[tuple[Any, Any]]:
    """Batch after batch without end; where one batch is all there is, it is handed out as it stands."""
    while True:
        for start in range(0, len(order), size):
            if size == len(x):
                yield x, y
            else:
                chosen = order[start : start + size]
                yield x[chosen], y[chosen]
