"""What the bits of a run depend on besides its own numbers: NumPy, its BLAS, and the number of threads."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

__all__ = ["cores", "describe", "threads"]


def cores() -> int:
    """How many cores this process may use.

    >>> cores() >= 1
    True
    """
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1


@cache
def _pools() -> Any:
    """NumPy's thread pools, found once; None where threadpoolctl is not installed."""
    try:
        import threadpoolctl
    except ImportError:  # a NumPy-only install: the pools stay as they are
        return None
    return threadpoolctl.ThreadpoolController().select(user_api="blas")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let NumPy's BLAS use this many threads: sums are split among them, so their number is part of the result.

    Inside, NumPy does not warn of overflow step by step: a run looks at its loss, and says more.
    """
    pools = _pools()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if pools is None or all(pool.num_threads == count for pool in pools.lib_controllers):
            yield
            return
        with pools.limit(limits=count):
            yield


def describe(count: int, workers: int = 1) -> dict[str, Any]:
    """The machine as a run records it.

    >>> sorted(describe(2))
    ['blas', 'numpy', 'processor', 'threads', 'workers']
    """
    pools = _pools()
    blas = (
        [f"{p['internal_api']} {p['version']} {p.get('architecture', '')}".strip() for p in pools.info()]
        if pools
        else []
    )
    known = {"numpy": np.__version__, "blas": ", ".join(blas), "processor": platform.machine()}
    return {**known, "threads": count, "workers": workers}
