"""The log of a run: a row for every epoch, computed from what the run remembers, so also right after going back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .run import Run

__all__ = ["log"]


def log(run: Run) -> list[dict[str, Any]]:
    """A row for every epoch done: the means of its batches, and the validation after it."""
    if run.data is None:
        return []
    changes = [e.value for e in run.history.events if e.kind == "settings" and (e.batch, e.op) <= (run.batch, run.op)]
    parts = list({settings.since: settings for settings in (run.history.first, *changes)}.values())
    rows, names = [], ("loss", *run.metrics)
    for part, stop in zip(parts, [*(part.since for part in parts[1:]), run.batch], strict=True):
        size = -(-len(run.data) // part.batch_size)
        for end in range(part.since + size, stop + 1, size):
            means = np.array(run.results[end - size : end], np.float64).mean(axis=0)
            row: dict[str, Any] = {"epoch": part.epoch + (end - part.since) // size, "batch": end}
            row |= {name: round(float(mean), 6) for name, mean in zip(names, means, strict=True)}
            rows.append(row | {f"validation_{k}": round(v, 6) for k, v in run.validations.get(end, {}).items()})
    return rows
