"""Using the trained network on a photo or drawing of a digit, found and cut out as in the digits project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cutaway.training import Run

from ..digits import digit_in, read
from ..pictures import Reader, shipped
from .network import network
from .recipe import BEST

__all__ = ["CLASSES", "SHIPPED", "picture", "reader"]

CLASSES = tuple(map(str, range(10)))
SHIPPED = Path(__file__).with_name("trained.safetensors")


def picture(path: str | Path) -> NDArray[np.float32]:
    """The digit on any picture file as the network wants it: (1, 28, 28), 0 for paper and 1 for ink.

    Raises PictureError for what is no picture or holds no digit; ModuleNotFoundError without Pillow.
    """
    return np.asarray(digit_in(read(path)), np.float32)[None]


def reader(folder: Path | None = None) -> Reader:
    """The network that ``cutaway run mnist`` trained and saved in a folder; without one, that which comes along.

    ``tools/make_trained_pictures.py`` makes the latter; its score and log are in ``trained.json`` beside its weights.
    Raises NotTrainedError where none has come along. Pictures -> scores (N, 10).
    """
    return shipped(network(widths=BEST.widths), SHIPPED) if folder is None else Run.resume(folder).predict
