"""Which rows of a table to train on and which to hold out: by chance, or the last ones of an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine import rng
from .errors import DataError, TableError

__all__ = ["by_chance", "by_order"]

Rows = NDArray[np.int64]
SITE = rng.site_of("table/held out")


def by_chance(count: int, share: float, seed: int, labels: NDArray[np.int64] | None = None) -> tuple[Rows, Rows]:
    """The rows to train on and the rows held out, both in their old order.

    With ``labels`` every class gives the same share, and keeps at least one row to train on.

    >>> train, test = by_chance(10, 0.3, seed=0)
    >>> len(train), len(test), len({*train.tolist(), *test.tolist()})
    (7, 3, 10)
    """
    wanted = _wanted(count, share)
    groups = [np.arange(count)] if labels is None else [np.flatnonzero(labels == n) for n in range(labels.max() + 1)]
    exact = [share * len(group) if wanted else 0.0 for group in groups]
    takes = [min(int(part), len(group) - 1) for part, group in zip(exact, groups, strict=True)]
    by_remainder = sorted(range(len(groups)), key=lambda n: (takes[n] - exact[n], n))
    for n in by_remainder:  # the rows that rounding down left over go where most was lost
        if sum(takes) < wanted and takes[n] + 1 < len(groups[n]):
            takes[n] += 1
    chosen = [
        group[rng.permutation(seed, SITE, number, len(group))[:take]]
        for number, (group, take) in enumerate(zip(groups, takes, strict=True))
    ]
    test = np.sort(np.concatenate(chosen))
    if wanted and not len(test):
        raise TableError(f"No row can be held out of {count}: every class has one row only. Give more, or say test=0.")
    return np.setdiff1d(np.arange(count), test), test


def by_order(values: Sequence[Any], share: float, column: str, file: str) -> tuple[Rows, Rows]:
    """The rows to train on, and the last ones held out; rows with equal values stay together.

    >>> by_order([3, 1, 2, 2], 0.25, "day", "log.csv")[1].tolist()
    [0]
    """
    count = len(values)
    order = sorted(range(count), key=lambda row: values[row])
    cut = count - _wanted(count, share)
    if cut < count:
        back = forth = cut
        while back > 0 and values[order[back - 1]] == values[order[back]]:
            back -= 1
        while forth < count and values[order[forth - 1]] == values[order[forth]]:
            forth += 1
        cut = back if back > 0 else forth
        if cut == count:
            raise TableError(f"{file}: column {column!r} is the same in all rows and cannot divide them.")
    return np.array(sorted(order[:cut]), dtype=np.int64), np.array(sorted(order[cut:]), dtype=np.int64)


def _wanted(count: int, share: float) -> int:
    if not 0 <= share < 1:
        raise DataError(f"test={share!r}: the share of rows to hold out is between 0 and 1, usually 0.2.")
    wanted = max(1, round(share * count)) if share else 0
    if wanted >= count:
        raise TableError(f"{count} row{'s' * (count != 1)} cannot be divided into rows to train on and rows held out.")
    return wanted
