"""Using the trained network on a picture file of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cutaway.data.cifar10 import CLASSES
from cutaway.data.folders import read_picture
from cutaway.training import Run

from ..pictures import Reader, shipped
from .network import network
from .recipe import BEST

__all__ = ["CLASSES", "SHIPPED", "picture", "reader"]

SHIPPED = Path(__file__).with_name("trained.safetensors")


def picture(path: str | Path) -> NDArray[np.float32]:
    """Any picture file as the network wants it: its middle, (3, 32, 32), from 0 to 1.

    Raises FileFormatError, naming the file, for what is no picture; ModuleNotFoundError without Pillow.
    """
    return np.asarray(read_picture(path, size=32) / np.float32(255), np.float32)


def reader(folder: Path | None = None) -> Reader:
    """The network that ``cutaway run objects`` trained and saved in a folder; without one, that which comes along.

    ``tools/make_trained_pictures.py`` makes the latter; its score and log are in ``trained.json`` beside its weights.
    Raises NotTrainedError where none has come along. Pictures -> scores (N, 10).
    """
    return shipped(network(widths=BEST.widths), SHIPPED) if folder is None else Run.resume(folder).predict
