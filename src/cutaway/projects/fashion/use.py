"""Using the trained network on a photo of a piece of clothing, a shoe or a bag."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cutaway.data.fashion import CLASSES
from cutaway.data.folders import read_whole
from cutaway.training import Run

from ..pictures import Reader, shipped
from .network import network
from .piece import piece_in
from .recipe import BEST

__all__ = ["CLASSES", "SHIPPED", "picture", "reader"]

LONGEST = 96  # pixels of the longer side, in which the piece is looked for
SHIPPED = Path(__file__).with_name("trained.safetensors")


def picture(path: str | Path) -> NDArray[np.float32]:
    """The piece on any picture file as the network wants it: (1, 28, 28), light on black, from 0 to 1.

    Raises FileFormatError, naming the file, for what is no picture; ModuleNotFoundError without Pillow.
    """
    return piece_in(read_whole(path, LONGEST) / np.float32(255))[None]


def reader(folder: Path | None = None) -> Reader:
    """The network that ``cutaway run fashion`` trained and saved in a folder; without one, that which comes along.

    ``tools/make_trained_pictures.py`` makes the latter; its score and log are in ``trained.json`` beside its weights.
    Raises NotTrainedError where none has come along. Pictures -> scores (N, 10).
    """
    return shipped(network(widths=BEST.widths), SHIPPED) if folder is None else Run.resume(folder).predict
