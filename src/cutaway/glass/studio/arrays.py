"""An array as a page sees it: an overview of what fits on the screen, a window of exact numbers, and a summary.

However large the array, what is sent is bounded by what is looked at. An array is seen as a matrix, its last two sides;
of the sides before them one place is chosen (`lead`), or they lie as tiles side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["histogram", "largest", "limit", "matrix", "overview", "summary", "tiles", "window"]

EXACT = 4096  # cells that are sent as numbers; a larger picture is sent as a byte a cell
SAMPLED = 1 << 16  # numbers that are enough to choose a scale
BINS = 41
NOT_A_NUMBER = -128


def matrix(a: Any, lead: list[int] | None) -> tuple[Any, list[int]]:
    """The last two sides at a place of the sides before them, and that place (zeros where not said, cut to the array).

    >>> matrix(np.arange(24).reshape(2, 3, 4), [1])[0].shape
    (3, 4)
    """
    before = a.shape[:-2] if a.ndim > 2 else ()
    given = [*(lead or []), *([0] * len(before))][: len(before)]
    place = [min(k, max(0, n - 1)) for k, n in zip(given, before, strict=True)]
    if a.ndim < 2:
        return a.reshape(1, -1), []
    return (a[tuple(place)] if 0 not in before else np.zeros((0, 0), a.dtype)), place


def tiles(a: Any, tile: list[int] | None) -> Any:
    """The array as a row of pictures (count, h, w), or None where it is no such row."""
    if a.ndim == 2 and tile is not None and a.shape[1] % (tile[0] * tile[1]) == 0:
        return a.reshape(-1, *tile)
    return a.reshape(-1, *a.shape[-2:]) if a.ndim > 2 and a.size else None


def overview(table: Any, rows: int, cols: int) -> tuple[Any, list[int]]:
    """A table (..., R, C) in at most so many cells, and how many numbers a cell stands for: [r, c].

    A cell is the number of largest size in its block, sign kept: a mean would hide the one bad number.

    >>> overview(np.array([[1.0, -5.0, 2.0, 0.0]]), 1, 2)
    (array([[-5.,  2.]], dtype=float32), [1, 2])
    """
    table = np.asarray(table, np.float32)
    block = [max(1, -(-table.shape[-2] // rows)), max(1, -(-table.shape[-1] // cols))]
    if block == [1, 1] or not table.size:
        return table, block
    high = low = table
    for axis, step in ((-2, block[0]), (-1, block[1])):
        if step > 1:
            edges = np.arange(0, table.shape[axis], step)
            high, low = np.maximum.reduceat(high, edges, axis), np.minimum.reduceat(low, edges, axis)
    return np.where(-low > high, low, high), block


def as_bytes(picture: Any, scale: float) -> Any:
    """A picture as a byte a cell: number = byte / 127 * scale; what is not a number is -128."""
    with np.errstate(all="ignore"):
        levels = np.clip(np.rint(picture * (127 / scale)), -127, 127)
    return np.where(np.isnan(picture), NOT_A_NUMBER, np.nan_to_num(levels)).astype(np.int8)


def window(table: Any, row: int, col: int, rows: int, cols: int) -> tuple[Any, dict[str, int]]:
    """A part of a table (R, C) that lies within it, and where it lies."""
    row, col = max(0, min(row, table.shape[0] - rows)), max(0, min(col, table.shape[1] - cols))
    part = np.asarray(table[row : row + rows, col : col + cols], np.float32)
    return part, {"row": row, "col": col, "rows": part.shape[0], "cols": part.shape[1]}


def largest(table: Any, rows: list[int], cols: list[int]) -> tuple[list[int], float] | None:
    """Where in a block of a table the number of largest size stands (what is not a number first), and the number."""
    part = np.asarray(table[rows[0] : rows[1], cols[0] : cols[1]], np.float64)
    if not part.size:
        return None
    sizes = np.where(np.isnan(part), np.inf, np.abs(part))
    r, c = np.unravel_index(int(np.argmax(sizes)), part.shape)
    return [rows[0] + int(r), cols[0] + int(c)], float(part[r, c])


def limit(a: Any) -> float:
    """A good end for a colour scale: the 99.5th percentile of the sizes, rounded up to 1, 2 or 5 times a power of 10.

    >>> limit(np.array([0.3, -0.7])), limit(np.zeros(3))
    (1.0, 1.0)
    """
    flat = np.asarray(a).reshape(-1)
    if flat.size > SAMPLED:
        flat = flat[:: flat.size // SAMPLED + 1]
    sizes = np.abs(flat.astype(np.float64))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not sizes.size:
        return 1.0
    top = float(np.partition(sizes, k := int(0.995 * (sizes.size - 1) + 0.999))[k])
    power = 10.0 ** np.floor(np.log10(top))
    return float(f"{next(k for k in (1, 2, 5, 10, 20) if k * power >= top * (1 - 1e-9)) * power:.6g}")


def summary(a: Any) -> dict[str, Any]:
    """Size, smallest, largest, mean, spread, zeros, and how many are no ordinary numbers.

    >>> summary(np.array([0.0, 2.0, np.nan]))["nan"]
    1
    """
    flat = np.asarray(a).reshape(-1)
    finite = flat if flat.dtype.kind != "f" or np.isfinite(flat).all() else flat[np.isfinite(flat)]
    told: dict[str, Any] = {
        "size": flat.size,
        "zeros": int(flat.size - np.count_nonzero(flat)),
        "nan": int(np.isnan(flat).sum()) if finite is not flat else 0,
        "inf": int(np.isinf(flat).sum()) if finite is not flat else 0,
    }
    if finite.size:
        told |= {"min": finite.min(), "max": finite.max()}
        told |= {"mean": finite.mean(dtype=np.float64), "std": finite.std(dtype=np.float64)}
    return told


def histogram(a: Any) -> tuple[Any, float, float]:
    """How often which size occurs, in 41 bins around zero; zeros themselves are left out. Counts, lowest, highest."""
    flat = np.asarray(a, np.float32).reshape(-1)
    flat = flat[np.isfinite(flat) & (flat != 0)]
    if not flat.size:
        return np.zeros(BINS, np.int32), -1.0, 1.0
    low, high = float(flat.min()), float(flat.max())
    if low < 0 < high:
        high = max(-low, high)
        low = -high
    if high - low <= abs(high) * 1e-6:
        low, high = low - abs(low) * 0.5, high + abs(high) * 0.5
    places = ((flat - np.float32(low)) * np.float32(BINS / (high - low))).astype(np.int32)  # ten times np.histogram
    counts = np.bincount(np.clip(places, 0, BINS - 1), minlength=BINS)
    return counts.astype(np.int32), low, high
