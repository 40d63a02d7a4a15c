"""Batches by number: batch k is a pure function of (dataset, settings, seed, k).

Nothing advances. The loader keeps the order of the epoch that was asked for last, and that is a cache: any
batch can be had again, in any order, so a run can step back and forth, and two loaders with equal settings
agree for ever.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine import rng
from ..engine.errors import DtypeError
from .augment import Augmentation
from .dataset import Dataset
from .errors import DataError

__all__ = ["DataLoader"]

Array = NDArray[Any]
Change = Callable[[Array, int, int], Array]
ORDER = rng.site_of("order")


class DataLoader:
    """Deals a Dataset out in batches, shuffled anew for every epoch.

    Batch k belongs to epoch e = k // len(loader); the order of epoch e is
    ``rng.permutation(seed, site_of("order"), e, N)``. The last batch of an epoch may be smaller, unless
    ``drop_last``. A batch that holds the whole set is not shuffled: an order would make no difference.
    ``augment`` is a list of changes drawn anew for every batch, such as ``[Shift(2)]``.

    >>> loader = DataLoader(Dataset([[1.0], [2.0], [3.0]], [0, 1, 0]), batch_size=2)
    >>> x, y = loader.batch(1)
    >>> len(loader), x.shape, y.shape
    (2, (1, 1), (1,))
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 64,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        augment: Sequence[Change] = (),
    ) -> None:
        self.dataset = _dataset(dataset)
        size, self.seed = _whole("batch_size", batch_size), _whole("seed", seed)
        if size < 1:
            raise DataError(f"batch_size is {size}, and a batch holds at least one example.")
        self.augment = _changes(augment)
        self.batch_size, self.shuffle, self.drop_last = size, bool(shuffle), bool(drop_last)
        count = len(dataset)
        self._batches = count // size if drop_last else -(-count // size)
        if self._batches == 0:
            raise DataError(f"batch_size is {size} and there are {count:,} examples: with drop_last no batch is left.")
        self._x, self._y = dataset.x, dataset.y
        self._whole = size >= count
        self._straight = not self.shuffle or self._whole
        self._epoch = -1
        self._order: NDArray[np.int64] = np.arange(count)

    def __len__(self) -> int:
        return self._batches

    def batch(self, k: int) -> tuple[Array, Array]:
        """Batch number k, counted from the start of training: inputs (B, ...) and answers (B, ...).

        >>> loader = DataLoader(Dataset([[1.0], [2.0], [3.0]], [0, 1, 0]), batch_size=3)
        >>> loader.batch(7)[1].tolist()
        [0, 1, 0]
        """
        if self._whole:
            x, y = self._x, self._y
        elif self._straight:
            start = k % self._batches * self.batch_size
            x, y = self._x[start : start + self.batch_size], self._y[start : start + self.batch_size]
        else:
            chosen = self.indices(k)
            x, y = self._x.take(chosen, 0), self._y.take(chosen, 0)
        for change in self.augment:
            x = change(x, self.seed, k)
        return x, y

    def indices(self, k: int) -> NDArray[np.int64]:
        """Which examples of the dataset batch k holds, in their order, shape (B,).

        >>> DataLoader(Dataset([[1.0], [2.0]], [0, 1]), batch_size=1, shuffle=False).indices(3).tolist()
        [1]
        """
        epoch, place = divmod(k, self._batches)
        if epoch != self._epoch and not self._straight:
            self._order = rng.permutation(self.seed, ORDER, epoch, len(self._order))
            self._epoch = epoch
        start = place * self.batch_size
        return self._order[start : start + self.batch_size]

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        return self.epoch(0)

    def epoch(self, number: int) -> Iterator[tuple[Array, Array]]:
        """All batches of one epoch, counted from 0.

        >>> loader = DataLoader(Dataset([[1.0], [2.0], [3.0]], [0, 1, 0]), batch_size=2)
        >>> [len(x) for x, y in loader.epoch(5)]
        [2, 1]
        """
        first = number * self._batches
        return (self.batch(k) for k in range(first, first + self._batches))

    def __repr__(self) -> str:
        return (
            f"DataLoader of {len(self.dataset):,} examples: {len(self)} batches of {self.batch_size}"
            f"{', shuffled' * self.shuffle}, seed {self.seed}" + "".join(f", {change!r}" for change in self.augment)
        )


def _dataset(given: object) -> Dataset:
    if isinstance(given, Dataset):
        return given
    parts = hasattr(given, "train") and hasattr(given, "test")
    raise DtypeError(
        f"A DataLoader deals out a Dataset and was given {type(given).__name__}. "
        + ("Choose its part, .train or .test." if parts else "Make one of arrays: `ct.data.Dataset(x, y)`.")
    )


def _whole(name: str, value: object) -> int:
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise DtypeError(f"{name} is a whole number, not {value!r}.") from None


def _changes(given: object) -> tuple[Change, ...]:
    changes: tuple[Change, ...] = tuple(given) if isinstance(given, Sequence) else (given,)  # type: ignore[assignment]
    for change in changes:
        if not callable(change) or isinstance(change, type):
            raise DataError(f"augment lists changes such as [Shift(2), Flip()]; {change!r} is none.")
    kinds = [type(change) for change in changes if isinstance(change, Augmentation)]
    if len(set(kinds)) < len(kinds):
        raise DataError("An augmentation given twice would draw the same numbers twice: give it once.")
    return changes
