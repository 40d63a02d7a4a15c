"""Using the trained network on a picture file of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cutaway.data.folders import read_picture
from cutaway.training import Run

from ..pictures import Reader

__all__ = ["picture", "reader"]


def picture(path: str | Path) -> NDArray[np.float32]:
    """Any picture file as the network wants it: its middle, (1, 28, 28), from 0 to 1.

    The pictures it learnt from show one piece, light on black; where the edge of the picture is light, it is inverted.

    Raises FileFormatError, naming the file, for what is no picture; ModuleNotFoundError without Pillow.
    """
    pixels = read_picture(path, size=28, grey=True)[0].astype(np.float32) / 255
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.asarray(1 - pixels if np.median(edge) > 0.5 else pixels, np.float32)[None]


def reader(folder: Path) -> Reader:
    """The network that ``cutaway run fashion`` trained and saved in a folder: pictures -> scores (N, 10)."""
    return Run.resume(folder).predict
