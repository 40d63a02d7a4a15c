"""MNIST in full: 60,000 handwritten digits to train on and 10,000 held out, fetched once."""

from __future__ import annotations

from pathlib import Path

from . import idx
from .dataset import Dataset
from .errors import FileFormatError
from .places import RemoteFile
from .splits import Splits

__all__ = ["ABOUT", "FILES", "LICENCE", "load", "read"]

ADDRESSES = ("https://ossci-datasets.s3.amazonaws.com", "https://storage.googleapis.com/cvdf-datasets")
FILES = tuple(
    RemoteFile(f"mnist/{name}-ubyte.gz", size, sha256, ADDRESSES)
    for name, size, sha256 in (
        ("train-images-idx3", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ("train-labels-idx1", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ("t10k-images-idx3", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ("t10k-labels-idx1", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    )
)
LICENCE = "CC BY-SA 3.0"
ABOUT = (
    "MNIST: 70,000 handwritten digits, 28 x 28, written by American census workers and high-school students. "
    "Collected by NIST, prepared by Yann LeCun, Corinna Cortes and Christopher Burges (1998)."
)


def load(folder: Path) -> Splits:
    """Both parts from a folder that holds the four files."""
    return read(folder / "mnist", "mnist", "MNIST", tuple(map(str, range(10))), ABOUT, LICENCE)


def read(folder: Path, name: str, called: str, classes: tuple[str, ...], about: str, licence: str) -> Splits:
    """A set in the form of MNIST, of which there are several: pictures and labels to train on, and to test."""
    parts = []
    for begin, part in (("train", "train"), ("t10k", "test")):
        pictures = idx.read(folder / f"{begin}-images-idx3-ubyte.gz")
        labels = idx.read(folder / f"{begin}-labels-idx1-ubyte.gz")
        if pictures.ndim != 3 or labels.ndim != 1:
            raise FileFormatError(
                f"{called}'s pictures have shape (N, 28, 28) and its labels (N,); {folder} holds {pictures.shape} "
                f"and {labels.shape}."
            )
        parts.append(Dataset(pictures[:, None], labels, name=f"{name}/{part}", classes=classes, about=about))
    return Splits(name, parts[0], parts[1], about, classes, licence)
