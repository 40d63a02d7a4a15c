"""Reading a picture file: any format that Pillow knows, turned upright, flattened, grey."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.data.errors import FileFormatError
from cutaway.data.picturefile import picture_in

from .ink import PictureError

__all__ = ["read"]

LONGEST = 800  # a phone's photo is reduced to this before anything else: a digit needs no more


def read(path: str | Path) -> NDArray[np.float32]:
    """A picture file as grey numbers (H, W), 0 black to 1 white.

    The turn that a phone wrote into the file (EXIF) is obeyed. What is transparent becomes paper: white under dark
    ink, black under light ink. Raises PictureError for what is no picture, ModuleNotFoundError without Pillow.
    """
    try:
        image = picture_in(path, LONGEST)
    except FileFormatError as error:
        raise PictureError(str(error)) from None
    image.thumbnail((LONGEST, LONGEST))
    return _grey(image)


def _grey(image: Any) -> NDArray[np.float32]:
    """Numbers from 0 to 1 out of one of the kinds of ``picture_in``."""
    if image.mode == "F":  # many cameras and scanners use only a part of the 65,536 greys
        deep = np.asarray(image, np.float32)
        low, high = float(deep.min()), float(deep.max())
        return np.asarray((deep - low) / max(high - low, 1e-9), np.float32)
    if image.mode == "RGBA":
        pixels = np.asarray(image.convert("LA"), np.float32) / np.float32(255)
        grey, cover = pixels[..., 0], pixels[..., 1]
        ink = float((grey * cover).sum() / max(float(cover.sum()), 1e-9))
        paper = 1.0 if ink < 0.5 else 0.0
        return np.asarray(grey * cover + paper * (1 - cover), np.float32)
    return np.asarray(image.convert("L"), np.float32) / np.float32(255)
