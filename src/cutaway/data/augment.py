"""Small harmless changes to pictures, drawn anew for every batch, so that a network sees no picture twice.

A handwritten 3 moved by two pixels is still a 3. Each change is plain data with one method: a pure function
of (pictures, seed, number of the batch), every picture drawing its own numbers by its place in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..engine import rng
from ..engine.errors import ShapeError
from .errors import DataError

__all__ = ["Augmentation", "Crop", "CutOut", "Flip", "Shift", "from_dict"]

Array = NDArray[Any]
KINDS: dict[str, type[Augmentation]] = {}  # by name, as they are written down


class Augmentation:
    """What every augmentation has: the call, and a form that can be saved.

    >>> from_dict(Shift(2).to_dict())
    Shift(pixels=2)
    """

    site: ClassVar[int]

    def __init_subclass__(cls) -> None:
        cls.site = rng.site_of(f"augment/{cls.__name__}")
        KINDS[cls.__name__] = cls

    def __call__(self, x: Array, seed: int, step: int, first: int = 0) -> Array:
        """The pictures x (N, C, H, W) changed; ``first`` is the number of x[0] within the whole batch."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does to a batch.")

    def to_dict(self) -> dict[str, Any]:
        """The augmentation as plain data: its name and its settings."""
        settings: dict[str, Any] = asdict(self)  # type: ignore[call-overload]
        return {"name": type(self).__name__, **settings}


@dataclass(frozen=True)
class Shift(Augmentation):
    """Moves every picture by up to ``pixels`` in each direction; what comes in at the edge is 0 (empty paper).

    y[n, c, i, j] = x[n, c, i + a, j + b], with a and b drawn from -pixels to pixels for every n.
    x (N, C, H, W) -> (N, C, H, W)

    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 4)
    >>> Shift(1)(x, seed=0, step=0).shape
    (1, 1, 2, 4)
    """

    pixels: int

    def __post_init__(self) -> None:
        _check_size("Shift", "pixels", self.pixels)

    def __call__(self, x: Array, seed: int, step: int, first: int = 0) -> Array:
        check_pictures("Shift", x)
        p = self.pixels
        around = np.zeros((*x.shape[:2], x.shape[2] + 2 * p, x.shape[3] + 2 * p), dtype=x.dtype)
        around[:, :, p : p + x.shape[2], p : p + x.shape[3]] = x
        return _cut(around, x.shape[2:], _draw(2 * p + 1, seed, self.site, step, len(x), first))


@dataclass(frozen=True)
class Crop(Augmentation):
    """Continues every picture over its edges like a mirror by ``pad``, and cuts the old size out somewhere.

    The change for photographs, which have no empty edge: like Shift, with something to see in what comes in.
    x (N, C, H, W) -> (N, C, H, W), with H and W larger than pad.

    >>> x = np.ones((1, 3, 4, 4), dtype=np.float32)
    >>> bool((Crop(2)(x, seed=0, step=0) == x).all())
    True
    """

    pad: int

    def __post_init__(self) -> None:
        _check_size("Crop", "pad", self.pad)

    def __call__(self, x: Array, seed: int, step: int, first: int = 0) -> Array:
        check_pictures("Crop", x)
        p = self.pad
        if min(x.shape[2:]) <= p:
            raise ShapeError(f"Crop({p}) needs pictures larger than {p} pixels; these are {x.shape[2:]}.")
        around = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="reflect")
        return _cut(around, x.shape[2:], _draw(2 * p + 1, seed, self.site, step, len(x), first))


@dataclass(frozen=True)
class Flip(Augmentation):
    """Mirrors about half of the pictures left to right. For photographs; a mirrored 3 is no digit at all.

    y[n, c, i, j] = x[n, c, i, W - 1 - j] for the n that are drawn. x (N, C, H, W) -> (N, C, H, W)

    >>> x = np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3)
    >>> sorted(Flip()(x, seed=0, step=0)[0, 0, 0].tolist())
    [0.0, 1.0, 2.0]
    """

    def __call__(self, x: Array, seed: int, step: int, first: int = 0) -> Array:
        check_pictures("Flip", x)
        turned = _draw(2, seed, self.site, step, len(x), first)[:, 0].astype(bool)
        return np.where(turned[:, None, None, None], x[..., ::-1], x)


@dataclass(frozen=True)
class CutOut(Augmentation):
    """Covers a square of every picture, so that no single part of it can be all that is looked at.

    y[n, c, i, j] = fill inside the square, x[n, c, i, j] outside. Its middle is drawn among all pixels, so a part of
    the square may hang over the edge.
    size: the side of the square; fill: what covers it, 0.5 for photographs, 0 where paper is 0
    x (N, C, H, W) -> (N, C, H, W).  DeVries and Taylor, 2017.

    >>> x = np.ones((1, 1, 4, 4), dtype=np.float32)
    >>> int(CutOut(1)(x, seed=0, step=0).sum())
    15
    """

    size: int
    fill: float = 0.0

    def __post_init__(self) -> None:
        _check_size("CutOut", "size", self.size)

    def __call__(self, x: Array, seed: int, step: int, first: int = 0) -> Array:
        check_pictures("CutOut", x)
        words = rng.bits(seed, self.site, step, len(x), 2, first).astype(np.uint64)
        inside = []
        for word, side in zip(words.T, x.shape[2:], strict=True):
            begin = ((word * np.uint64(side)) >> np.uint64(32)).astype(np.int64)[:, None] - self.size // 2
            places = np.arange(side)
            inside.append(((places >= begin) & (places < begin + self.size)).astype(x.dtype))
        covered = inside[0][:, None, :, None] * inside[1][:, None, None, :]
        y = x * (1 - covered)
        return np.asarray(y + covered * x.dtype.type(self.fill) if self.fill else y)


def from_dict(saved: Mapping[str, Any]) -> Augmentation:
    """The augmentation that ``to_dict`` wrote down.

    >>> from_dict({"name": "Flip"})
    Flip()
    """
    settings = dict(saved)
    name = settings.pop("name", None)
    if name not in KINDS:
        raise DataError(f"There is no augmentation {name!r}; there are {', '.join(KINDS)}.")
    return KINDS[name](**settings)


def _draw(choices: int, seed: int, site: int, step: int, count: int, first: int) -> NDArray[np.int64]:
    """Two whole numbers from 0 to choices - 1 for each of count pictures, (count, 2)."""
    words = rng.bits(seed, site, step, count, 2, first).astype(np.uint64)
    return ((words * np.uint64(choices)) >> np.uint64(32)).astype(np.int64)


def _cut(around: Array, size: tuple[int, ...], corner: NDArray[np.int64]) -> Array:
    """From each picture the piece of this size whose upper left corner is there."""
    pieces = sliding_window_view(around, size, axis=(2, 3))  # (N, C, places down, places across, H, W)
    return np.asarray(pieces[np.arange(len(around)), :, corner[:, 0], corner[:, 1]])


def _check_size(name: str, setting: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DataError(f"{name}({setting}={value!r}): {setting} is a whole number of pixels, 0 or more.")


def check_pictures(name: str, x: Array) -> None:
    if x.ndim != 4:
        raise ShapeError(
            f"{name} changes pictures, (N, channels, height, width), and the batch has shape {x.shape}. "
            "Grey pictures need a side for their one channel: x[:, None]."
        )
