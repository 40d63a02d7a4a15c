"""Pictures of one's own: a folder with one sub-folder for each class, made into examples with one call.

Any picture file that Pillow can read becomes a picture of the size asked for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset
from .errors import DataError
from .picturefile import picture_in

__all__ = ["image_folder", "read_picture", "read_whole"]

CLUTTER = ("thumbs.db", "desktop.ini")  # what systems leave in folders, besides names that begin with a dot


def image_folder(path: str | os.PathLike[str], size: int | tuple[int, int] = 32, grey: bool = False) -> Dataset:
    """The pictures in the sub-folders of a folder, each sub-folder a class, as a Dataset ready to train on.

    path: e.g. a folder with the sub-folders ``cats`` and ``dogs``; folders further inside belong to the class, too
    size: of the pictures, one number or (height, width); grey: one channel instead of red, green and blue
    x (N, 3 or 1, height, width) from 0 to 1; y (N,) class numbers, in the alphabetical order of the names

    A picture is turned upright as its camera noted, laid on white where it is transparent, shrunk or enlarged until it
    covers the size, and its middle is kept. ``train, test = image_folder("pets").split(0.8)`` holds some out.

    Raises FileFormatError, naming the file, for what is no whole picture; DataError for folders that are not as above.

    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name, colour in (("night", "black"), ("snow", "white")):
    ...     (folder / name).mkdir()
    ...     Image.new("RGB", (40, 30), colour).save(folder / name / "one.png")
    >>> ds = image_folder(folder, size=8)
    >>> ds.x.shape, ds.y.tolist(), ds.classes
    ((2, 3, 8, 8), [0, 1], ('night', 'snow'))
    """
    folder = Path(path)
    height, width = _size(size)
    classes = _classes(folder)
    pictures, answers = [], []
    for number, name in enumerate(classes):
        files = sorted(file for file in (folder / name).rglob("*") if _counts(file, folder))
        if not files:
            raise DataError(f"There is no picture in {folder / name}: put some there, or remove the folder.")
        for file in files:
            pictures.append(read_picture(file, (height, width), grey))
            answers.append(number)
    return Dataset(np.stack(pictures), answers, name=folder.resolve().name, classes=classes)


def read_picture(
    path: str | os.PathLike[str], size: int | tuple[int, int] = 32, grey: bool = False
) -> NDArray[np.uint8]:
    """One picture file as bytes (3 or 1, height, width), made as ``image_folder`` makes it.

    Raises FileFormatError, naming the file, for what is no whole picture; ModuleNotFoundError without Pillow.
    """
    height, width = _size(size)
    image = _flat(picture_in(path, 2 * max(height, width))).convert("L" if grey else "RGB")
    from PIL import Image, ImageOps  # it is there: the line above has read a file with it

    fitted = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    pixels = np.asarray(fitted, np.uint8)
    return pixels[None] if grey else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def read_whole(path: str | os.PathLike[str], longest: int) -> NDArray[np.uint8]:
    """All of a picture file as bytes (height, width, 3), its longer side so many pixels or fewer; on white, as above.

    Raises FileFormatError, naming the file, for what is no whole picture; ModuleNotFoundError without Pillow.
    """
    image = _flat(picture_in(path, 2 * longest)).convert("RGB")
    from PIL import Image

    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return np.asarray(image, np.uint8)


def _flat(image: Any) -> Any:
    """One of ``picture_in``'s kinds in 256 levels a colour, laid on white where it is transparent."""
    from PIL import Image

    if image.mode == "F":
        return Image.fromarray(np.round(np.asarray(image) * 255).astype(np.uint8))
    if image.mode == "RGBA":
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image


def _size(size: int | tuple[int, int]) -> tuple[int, int]:
    pair = size if isinstance(size, tuple | list) else (size, size)
    if len(pair) != 2 or any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in pair):
        raise DataError(f"size is how many pixels a side has, one number or (height, width), not {size!r}.")
    return int(pair[0]), int(pair[1])


def _classes(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}{'; that is a file' if folder.exists() else ''}.")
    classes = sorted(part.name for part in folder.iterdir() if part.is_dir() and not part.name.startswith("."))
    if len(classes) < 2:
        found = f"has only one sub-folder, {classes[0]}" if classes else "has no sub-folders"
        raise DataError(
            f"{folder} {found}. Pictures are sorted into one sub-folder for each class, such as {folder / 'cats'} and "
            f"{folder / 'dogs'}; there must be two or more."
        )
    return classes


def _counts(file: Path, folder: Path) -> bool:
    """Is this a file that should be a picture?"""
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.is_file() and not hidden and file.name.lower() not in CLUTTER
