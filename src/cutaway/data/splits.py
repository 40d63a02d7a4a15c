"""A data set in two parts, one to learn from and one held out."""

from __future__ import annotations

from dataclasses import dataclass

from .dataset import Dataset

__all__ = ["Splits"]


@dataclass(frozen=True)
class Splits:
    """A data set in its two parts: ``train`` to learn from, ``test`` held out to find out what was learnt."""

    name: str
    train: Dataset
    test: Dataset
    about: str
    classes: tuple[str, ...]
