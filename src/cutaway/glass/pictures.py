"""When numbers are pictures for an eye: grey or colour, and from black to white of which to which number."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["picture_range"]

SMALLEST = 6  # points a side


def picture_range(array: Any) -> tuple[float, float] | None:
    """Black and white of a batch of pictures (N, H, W), (N, 1, H, W) or (N, 3, H, W); None where they are no pictures.

    >>> picture_range(np.zeros((2, 1, 28, 28), "f")), picture_range(np.zeros((2, 5)))
    ((0.0, 1.0), None)
    """
    a = np.asarray(array)
    if a.ndim not in (3, 4) or not a.size or (a.ndim == 4 and a.shape[1] not in (1, 3)):
        return None
    if min(a.shape[-2:]) < SMALLEST or a.dtype.kind not in "fu":
        return None
    low, high = float(a.min()), float(a.max())
    if a.dtype == np.uint8:
        return 0.0, 255.0
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)
