"""Real handwriting inside the package: 8,000 digits to train on and 2,000 held out.

``tools/make_digits_sample.py`` made the file; ``digits.LICENCE.txt`` beside it says where it comes from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .dataset import Dataset
from .splits import Splits

__all__ = ["ABOUT", "LICENCE", "load", "where"]

LICENCE = "CC BY-SA 3.0"
ABOUT = (
    "10,000 real handwritten digits, 28 x 28, that come with Cutaway: 8,000 to train on and 2,000 held out. "
    "All are from MNIST's training set (Yann LeCun and Corinna Cortes), so the 2,000 are not MNIST's test set."
)


def where() -> Path:
    """The file in the package."""
    return Path(__file__).with_name("digits.npz")


def load() -> Splits:
    """Both parts: pictures (N, 1, 28, 28) from 0 (paper) to 1 (ink), and class numbers."""
    classes = tuple(map(str, range(10)))
    with np.load(where(), allow_pickle=False) as file:
        train, test = (
            Dataset(
                file[f"x_{part}"][:, None],
                file[f"y_{part}"],
                name=f"digits/{part}",
                classes=classes,
                about=ABOUT,
            )
            for part in ("train", "test")
        )
    return Splits("digits", train, test, ABOUT, classes, LICENCE)
