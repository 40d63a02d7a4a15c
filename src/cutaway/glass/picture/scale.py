"""Numbers as colours: one scale for signed numbers, blue below zero, paper at zero, orange above; grey for pictures.

A matrix becomes a small PNG whose palette exists twice, for light and for dark. A matrix too large for its place
becomes a mosaic: each pixel is the number of largest size in its block, sign kept (a mean would hide the one bad cell).
"""

from __future__ import annotations

import math
import struct
import zlib
from base64 import b64encode
from functools import cache
from typing import Any

import numpy as np

__all__ = ["colour", "limit", "mosaic", "png", "tiled"]

STOPS = {  # from far below zero to far above; the same lightness at the same distance
    "light": "0a4480 2a75b8 6fa8d8 bcd5ec f1f0ec f1cba7 de9150 b55714 752e03",
    "dark": "bfe0ff 62a8e4 2b72ad 1f4468 20242a 5f3614 ad5c1b ec9347 ffd8b0",
}
GREY = {"light": "f1f0ec 17191c", "dark": "20242a f2f3f4"}  # ink on paper, chalk on slate
ALARM = {"light": (0x7B, 0x1F, 0xA2), "dark": (0xD7, 0xA1, 0xF2)}
PAPER = {"light": (0xFD, 0xFD, 0xFB), "dark": (0x15, 0x18, 0x1C)}  # between tiles
ZERO, NAN, NOTHING = 127, 255, 254


def limit(array: Any) -> float:
    """The end of the scale: the 99.5th percentile of the sizes, rounded up to 1, 2 or 5 times a power of ten.

    >>> limit([0.13, -0.02]), limit([0.0]), limit([-700.0])
    (0.2, 1.0, 1000.0)
    """
    sizes = np.abs(np.asarray(array, np.float64))
    sizes = sizes[np.isfinite(sizes)]
    top = float(np.quantile(sizes, 0.995)) if sizes.size else 0.0
    if top == 0:
        top = float(sizes.max()) if sizes.size else 0.0
    if top == 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(top))
    nice = next((k for k in (1, 2, 5) if top <= k * power * (1 + 1e-9)), 10)
    return float(f"{nice * power:.3g}")


def colour(value: float, end: float, theme: str = "light") -> str:
    """The colour of one number.

    >>> colour(0.0, 1.0), colour(5.0, 1.0), colour(-1.0, 1.0)
    ('#f1f0ec', '#752e03', '#0a4480')
    """
    index = NAN if math.isnan(value) else int(_levels(np.array(value), end))
    r, g, b = _palette("signed", theme)[3 * index : 3 * index + 3]
    return f"#{r:02x}{g:02x}{b:02x}"


def mosaic(table: Any, rows: int, columns: int) -> Any:
    """A table of at most so many rows and columns: of every block the number of largest size; NaN is never lost.

    >>> mosaic([[1.0, -3.0, 2.0, 0.0]], 1, 2)
    array([[-3.,  2.]])
    """
    table = np.asarray(table, np.float64)
    return _largest(_largest(table, rows).T, columns).T


def _largest(table: Any, most: int) -> Any:
    n = len(table)
    if n <= most:
        return table
    starts = np.arange(most) * n // most
    high, low = np.maximum.reduceat(table, starts, axis=0), np.minimum.reduceat(table, starts, axis=0)
    return np.where(np.abs(low) > np.abs(high), low, high)  # NaN passes through both


def tiled(array: Any, most: int = 16, across: int | None = None) -> Any:
    """Pictures (n, height, width) side by side, at most so many; what lies between them is masked.

    >>> tiled(np.ones((4, 2, 2)), across=2).shape
    (5, 5)
    """
    array = np.asarray(array, np.float64)[:most]
    n, h, w = array.shape
    across = across or max(1, math.ceil(math.sqrt(n * h / w)))
    down, gap = -(-n // across), max(1, min(h, w) // 10)
    sheet: Any = np.ma.array(np.zeros((down * (h + gap) - gap, across * (w + gap) - gap)), mask=True)
    for k in range(n):
        i, j = k // across * (h + gap), k % across * (w + gap)
        sheet[i : i + h, j : j + w] = array[k]
    return sheet


def png(table: Any, end: float, grey: bool = False) -> tuple[str, str]:
    """A table as two pictures, for light and dark, as data URIs; ``grey``: ink, for what is a picture itself."""
    mask = np.ma.getmaskarray(table)
    values = np.asarray(np.ma.getdata(table), np.float64)
    if grey:
        low, high = float(np.min(values[~mask], initial=0.0)), float(np.max(values[~mask], initial=1e-12))
        indices = np.clip(np.nan_to_num((values - low) / (high - low)) * 253, 0, 253).astype(np.uint8)
    else:
        indices = _levels(values, end)
    indices = np.where(np.isnan(values) & ~mask, NAN, indices)
    indices = np.where(mask, NOTHING, indices).astype(np.uint8)
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(indices)), 9)
    height, width = indices.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    kind = "grey" if grey else "signed"
    files = (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"PLTE", _palette(kind, theme))
        + _chunk(b"IDAT", rows)
        + _chunk(b"IEND", b"")
        for theme in ("light", "dark")
    )
    light, dark = (f"data:image/png;base64,{b64encode(file).decode()}" for file in files)
    return light, dark


def _levels(values: Any, end: float) -> Any:
    share = np.clip(np.nan_to_num(values / end, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    return (ZERO + np.round(share * 126)).astype(np.uint8)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def _palette(kind: str, theme: str) -> bytes:
    stops = np.array(
        [[int(h[k : k + 2], 16) for k in (0, 2, 4)] for h in (STOPS if kind == "signed" else GREY)[theme].split()]
    )
    places = np.linspace(0, len(stops) - 1, 253 if kind == "signed" else 254)
    k = np.minimum(places.astype(int), len(stops) - 2)
    colours = stops[k] + (stops[k + 1] - stops[k]) * (places - k)[:, None]
    table = np.zeros((256, 3), np.uint8)
    first = 1 if kind == "signed" else 0
    table[first : first + len(colours)] = np.round(colours)
    table[NOTHING], table[NAN] = PAPER[theme], ALARM[theme]
    return table.tobytes()
