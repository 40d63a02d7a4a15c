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
    """Any picture file as the network wants it: its middle, (3, 32, 32), from 0 to 1.

    Raises FileFormatError, naming the file, for what is no picture; ModuleNotFoundError without Pillow.
    """
    return np.asarray(read_picture(path, size=32) / np.float32(255), np.float32)


def reader(folder: Path) -> Reader:
    """The network that ``cutaway run objects`` trained and saved in a folder: pictures -> scores (N, 10)."""
    return Run.resume(folder).predict
