"""Pictures as the painter wants them, (1, 3, H, W) from 0 to 1: read, made larger or smaller, framed, written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.data.folders import read_whole

__all__ = ["LARGEST", "coloured", "framed", "grey", "read", "resized", "unframed", "write"]

LARGEST = 1024  # pixels of the longer side
FRAME = 8  # pixels around the picture: what the eye sees at a rim is not what it sees inside
EVEN = 4  # the eye halves a picture twice

Picture = NDArray[Any]
LIGHT = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue are (ITU-R BT.601)


def read(path: str | os.PathLike[str], longest: int = LARGEST) -> Picture:
    """Any picture file, its longer side so many pixels or fewer.

    Raises FileFormatError, naming the file, for what is no whole picture; ModuleNotFoundError without Pillow.
    """
    pixels = read_whole(path, longest)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture with another height and width, drawn smoothly.

    >>> resized(np.ones((1, 3, 4, 6), np.float32), (2, 3)).shape
    (1, 3, 2, 3)
    """
    from PIL import Image

    if picture.shape[2:] == size:
        return picture
    drawn = [Image.fromarray(part).resize((size[1], size[0]), Image.Resampling.BICUBIC) for part in picture[0]]
    return np.stack([np.asarray(part, np.float32) for part in drawn])[None]


def framed(picture: Picture) -> Picture:
    """Continued over its rim as in a mirror, to sides that can be halved twice.

    >>> framed(np.zeros((1, 3, 5, 8), np.float32)).shape
    (1, 3, 24, 24)
    """
    rest = [(FRAME, FRAME + -n % EVEN) for n in picture.shape[2:]]
    return np.pad(picture, ((0, 0), (0, 0), *rest), mode="symmetric")


def unframed(picture: Picture, size: tuple[int, int]) -> Picture:
    """What ``framed`` was made of, (1, 3, *size)."""
    return picture[:, :, FRAME : FRAME + size[0], FRAME : FRAME + size[1]]


def grey(picture: Picture) -> Picture:
    """Its brightness alone, as grey in three channels."""
    light = np.tensordot(LIGHT, picture[0], 1)
    return np.ascontiguousarray(np.broadcast_to(light, picture.shape))


def coloured(picture: Picture, colours: Picture) -> Picture:
    """The brightness of one picture with the colours of another.

    >>> red = np.array([0.9, 0.1, 0.1], np.float32).reshape(1, 3, 1, 1)
    >>> coloured(grey(red), red).round(3).ravel().tolist() == red.ravel().tolist()
    True
    """
    return np.asarray(grey(picture) + (colours - grey(colours)))


def write(path: Path, picture: Picture) -> None:
    """As a PNG, beside its place first: at every moment there is the old picture or the new one, never half of one."""
    from PIL import Image

    pixels = np.clip(np.round(picture[0].transpose(1, 2, 0) * 255), 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        Image.fromarray(pixels).save(beside, format="PNG")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
