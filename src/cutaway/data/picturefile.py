"""Opening a picture file: any that Pillow can read, turned upright, in one of four kinds; all else is one sentence.

Pillow is an extra (``images``) and is imported here alone, when a file is read.
"""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.shell import pip_install
from .errors import FileFormatError

__all__ = ["LARGEST", "picture_in"]

LARGEST = 100_000_000  # pixels that are unpacked: 400 MB in colour; larger JPEGs are shrunk while they are unpacked
NOT_PIXELS = ("EPS", "WMF", "EMF")  # programs that draw: Pillow would call others to run them


def picture_in(path: str | os.PathLike[str], enough: int) -> Any:
    """A picture file as Pillow's image, upright as its camera noted; of an animation, the first picture.

    enough: sides that are longer may be shrunk, though never below this
    mode: L or RGB; RGBA where something is transparent; F, from 0 to 1, where there are more than 256 greys

    Raises FileFormatError, naming the file, for what is no whole picture; ModuleNotFoundError without Pillow.

    >>> import tempfile
    >>> from PIL import Image
    >>> file = Path(tempfile.mkdtemp()) / "one.png"
    >>> Image.new("P", (40, 30)).save(file)
    >>> picture_in(file, 30).mode
    'RGB'
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"Reading pictures needs Pillow, which is not installed. Type: {pip_install('pillow')}"
        ) from None
    try:
        _check_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large, but not absurd; a note of the camera that makes no sense
            with Image.open(path) as file:
                if file.format in NOT_PIXELS:
                    raise UnidentifiedImageError
                file.draft("RGB", (enough, enough))  # a JPEG is shrunk while it is unpacked
                if file.width * file.height > LARGEST:
                    raise Image.DecompressionBombError
                file.load()
                return _plain(_upright(file))
    except FileFormatError:
        raise
    except FileNotFoundError:
        raise FileFormatError(f"There is no file {path}.") from None
    except PermissionError:
        raise FileFormatError(f"{path} may not be read: its owner has not allowed it.") from None
    except Image.DecompressionBombError:
        raise FileFormatError(
            f"{path} is too large a picture: shrink it to {LARGEST // 1_000_000} million pixels or fewer."
        ) from None
    except UnidentifiedImageError:
        hint = (
            " Save it as JPEG or PNG first." if Path(path).suffix.lower() in (".heic", ".heif", ".svg", ".pdf") else ""
        )
        raise FileFormatError(
            f"{path} is not a picture that Pillow can read (PNG, JPEG, WebP, GIF, ...).{hint}"
        ) from None
    except Exception as error:  # what Pillow's decoders raise on damaged files is of many kinds
        what = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise FileFormatError(f"{path} cannot be read as a picture: {what}.") from None


def _check_file(path: str | os.PathLike[str]) -> None:
    """Whether there is something in it; a pipe would be waited for."""
    found = os.stat(path)
    if stat.S_ISDIR(found.st_mode):
        raise FileFormatError(f"{path} is a folder; name the picture files in it.")
    if not stat.S_ISREG(found.st_mode):
        raise FileFormatError(f"{path} is no file but a device; name a picture file.")
    if not found.st_size:
        raise FileFormatError(f"{path} is empty; it holds no picture.")


def _upright(image: Any) -> Any:
    """Turned as the camera noted (EXIF); a note that makes no sense turns nothing."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # of many kinds: the note is bytes from anywhere
        return image.copy()


def _plain(image: Any) -> Any:
    """One of four kinds out of any kind of pixels."""
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        whole = image.mode != "F"
        deep = np.nan_to_num(np.asarray(image, np.float32), posinf=0.0, neginf=0.0)
        low, high = 0.0, 65535.0 if whole else 1.0
        if deep.min() < low or deep.max() > high:
            low, high = float(deep.min()), float(deep.max())
        return Image.fromarray(np.asarray((deep - low) / (high - low), np.float32))
    if "transparency" in image.info or image.mode.endswith(("A", "a")):
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")
