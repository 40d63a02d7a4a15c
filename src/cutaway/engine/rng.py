"""Chance without hidden state: every random number is a pure function of where it is used.

A number is found by five coordinates: the *seed* of the run, the *site* (which dropout layer, which
augmentation), the *step* (the number of the batch), the *example* within the batch and its place within
the example. Nothing is remembered between two draws, so any batch can be drawn again, in any order, on any
number of workers, and two workers that share a batch never draw the same numbers.

The bits are the raw output of Philox-4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
easy as 1, 2, 3", 2011), which NumPy promises to keep; what a ``Generator`` makes of them may change between
versions of NumPy, so the few lines that turn bits into numbers stand here.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["bits", "normal", "permutation", "site_of", "uniform"]


def site_of(name: str) -> int:
    """The site of a named place: the same name gives the same number on every machine.

    >>> site_of("order") == site_of("order"), site_of("order") == site_of("shift")
    (True, False)
    """
    return zlib.crc32(name.encode("utf-8"))


def bits(seed: int, site: int, step: int, count: int, size: int, first: int = 0) -> NDArray[np.uint32]:
    """Random 32-bit numbers for ``count`` examples of ``size`` numbers each, shape (count, size).

    ``first`` is the number of the first example within the whole batch: a worker that holds examples
    8 to 15 passes ``first=8`` and gets exactly the rows it would have had in the whole batch.

    >>> whole = bits(seed=1, site=2, step=3, count=4, size=5)
    >>> part = bits(seed=1, site=2, step=3, count=2, size=5, first=2)
    >>> bool((whole[2:] == part).all())
    True
    """
    blocks = -(-size // 8)  # one turn of Philox gives four 64-bit numbers, which is eight of ours
    key = np.array([seed & (2**64 - 1), site], dtype=np.uint64)
    counter = np.array([first * blocks, 0, step, 0], dtype=np.uint64)
    raw: Any = np.random.Philox(key=key, counter=counter).random_raw(count * blocks * 4)
    words = np.asarray(raw, dtype="<u8").view("<u4").reshape(count, blocks * 8)
    return words[:, :size].astype(np.uint32, copy=False)


def uniform(seed: int, site: int, step: int, count: int, size: int, first: int = 0) -> NDArray[np.float32]:
    """Numbers spread evenly over [0, 1), shape (count, size), float32: u = (bits >> 8) / 2**24.

    >>> u = uniform(seed=0, site=0, step=0, count=1000, size=4)
    >>> bool(u.min() >= 0 and u.max() < 1 and abs(u.mean() - 0.5) < 0.02)
    True
    """
    words = bits(seed, site, step, count, size, first)
    return (words >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def normal(seed: int, site: int, step: int, count: int, size: int, first: int = 0) -> NDArray[np.float64]:
    """Numbers from the bell curve with mean 0 and spread 1, shape (count, size), float64.

    Box and Muller (1958): z = sqrt(-2 ln u) cos(2 pi v) for two even numbers u, v.

    >>> z = normal(seed=0, site=0, step=0, count=1, size=10000)
    >>> bool(abs(z.mean()) < 0.03 and abs(z.std() - 1) < 0.03)
    True
    """
    words = bits(seed, site, step, count, 2 * size, first).astype(np.float64)
    u, v = (words[:, :size] + 0.5) * 2.0**-32, words[:, size:] * 2.0**-32
    return np.asarray(np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * math.pi * v))


def permutation(seed: int, site: int, step: int, count: int) -> NDArray[np.int64]:
    """The numbers 0 to count - 1 in a shuffled order: the order in which random numbers rank them.

    >>> permutation(seed=0, site=0, step=0, count=5).tolist() == permutation(0, 0, 0, 5).tolist()
    True
    >>> sorted(permutation(seed=0, site=0, step=1, count=5).tolist())
    [0, 1, 2, 3, 4]
    """
    return np.argsort(bits(seed, site, step, 1, count)[0], kind="stable")
