"""A data set in two parts: one to learn from, one held out to find out what was learnt."""

from __future__ import annotations

from dataclasses import dataclass

from .dataset import Dataset

__all__ = ["Splits"]


@dataclass(frozen=True, repr=False)
class Splits:
    """A data set by name: ``train`` to learn from, and ``test``, which training must never see.

    >>> part = Dataset([[1.0]], [0])
    >>> print(Splits("toy", part, part, "One example.", ("no", "yes"), "CC0"))
    toy: 1 to train on, 1 held out, examples of shape (1,), 2 classes (no, yes)
    One example.
    Licence: CC0
    """

    name: str
    train: Dataset
    test: Dataset
    about: str
    classes: tuple[str, ...]
    licence: str

    def __repr__(self) -> str:
        return (
            f"{self.name}: {len(self.train):,} to train on, {len(self.test):,} held out, examples of shape "
            f"{self.train.x.shape[1:]}, {len(self.classes)} classes ({', '.join(self.classes)})\n"
            f"{self.about}\nLicence: {self.licence}"
        )
