"""One BLAS thread in each worker: the workers are what runs side by side."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["pinned"]


def pinned() -> Callable[[], None]:
    """Let NumPy's BLAS use one thread; returns what puts it back.

    >>> unpin = pinned()
    >>> unpin()
    """
    try:
        import threadpoolctl
    except ImportError:  # a NumPy-only install: the pools stay as they are
        return _nothing
    limits = threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    restore: Callable[[], None] = limits.restore_original_limits
    return restore


def _nothing() -> None:
    """Nothing was changed."""
