"""Reading a picture file: any format that Pillow knows, turned upright, flattened, grey.

Pillow is an extra (``images``) and is imported here alone, when a file is read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .picture import PictureError

__all__ = ["read"]

LONGEST = 800  # a phone's photo is reduced to this before anything else: a digit needs no more


def read(path: str | Path) -> NDArray[np.float32]:
    """A picture file as grey numbers (H, W), 0 black to 1 white.

    The turn that a phone wrote into the file (EXIF) is obeyed. What is transparent becomes paper: white under dark
    ink, black under light ink. Raises PictureError for what is no picture, ModuleNotFoundError without Pillow.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f'Reading pictures needs Pillow, which is not installed. Type: "{sys.executable}" -m pip install pillow'
        ) from None
    path = Path(path)
    if path.is_dir():
        raise PictureError(f"{path} is a folder; name the picture files in it.")
    try:
        with Image.open(path) as file:
            image = file.convert("RGBA") if file.mode in ("P", "PA", "1") else file  # palettes cannot be reduced
            if not _is_deep(image):
                image.thumbnail((LONGEST, LONGEST))
            return _grey(ImageOps.exif_transpose(image))
    except FileNotFoundError:
        raise PictureError(f"There is no file {path}.") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{path} is too large a picture: shrink it to a few million pixels.") from None
    except UnidentifiedImageError:
        raise PictureError(f"{path} is not a picture that Pillow can read (PNG, JPEG, WebP, GIF, ...).") from None
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow's decoders raise on damaged files
        raise PictureError(f"{path} cannot be read as a picture: {error}.") from None


def _grey(image: Any) -> NDArray[np.float32]:
    """Numbers from 0 to 1 out of any kind of image."""
    if _is_deep(image):
        deep = np.asarray(image, np.float64)
        low, high = deep.min(), deep.max()
        return np.asarray((deep - low) / max(high - low, 1e-9), np.float32)
    if "A" in image.getbands() or "transparency" in image.info:
        pixels = np.asarray(image.convert("LA"), np.float32) / np.float32(255)
        grey, cover = pixels[..., 0], pixels[..., 1]
        if cover.min() < 1:
            ink = float((grey * cover).sum() / max(float(cover.sum()), 1e-9))
            paper = 1.0 if ink < 0.5 else 0.0
            return np.asarray(grey * cover + paper * (1 - cover), np.float32)
        return np.asarray(grey, np.float32)
    return np.asarray(np.asarray(image.convert("L"), np.float32) / 255, np.float32)


def _is_deep(image: Any) -> bool:
    """More than 256 steps of grey: 16 or 32 bits a pixel."""
    return image.mode in ("I", "F") or image.mode.startswith("I;")
