"""Real handwriting inside the package: 8,000 digits to train on and 2,000 held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .dataset import Dataset
from .splits import Splits


def load() -> Splits:
    """Both parts, pictures (N, 1, 28, 28) from 0 to 1 and class numbers."""
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
        parts = {name: file[name] for name in file.files}
    names = tuple(map(str, range(10)))
    train, test = (
        Dataset(parts[f"x_{p}"][:, None], parts[f"y_{p}"], name=f"digits/{p}", classes=names) for p in ("train", "test")
    )
    return Splits("digits", train, test, "", names)
