"""Fashion-MNIST: 70,000 pictures of clothes, shoes and bags, in files of the same form as MNIST's, fetched once."""

from __future__ import annotations

from pathlib import Path

from . import mnist
from .places import RemoteFile
from .splits import Splits

__all__ = ["ABOUT", "CLASSES", "FILES", "LICENCE", "load"]

ADDRESSES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
)
FOLDER = "fashion-mnist"  # in the cache and in a mirror; the addresses end where their files are
FILES = tuple(
    RemoteFile(f"{FOLDER}/{name}-ubyte.gz", size, sha256, ADDRESSES, below=FOLDER)
    for name, size, sha256 in (
        ("train-images-idx3", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        ("train-labels-idx1", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        ("t10k-images-idx3", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        ("t10k-labels-idx1", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    )
)
CLASSES = (
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
LICENCE = "MIT"
ABOUT = (
    "Fashion-MNIST: 70,000 grey pictures of clothes, shoes and bags, 28 x 28, from the shop of Zalando. "
    "Prepared by Han Xiao, Kashif Rasul and Roland Vollgraf (2017)."
)


def load(folder: Path) -> Splits:
    """Both parts from a folder that holds the four files."""
    return mnist.read(folder / FOLDER, "fashion", "Fashion-MNIST", CLASSES, ABOUT, LICENCE)
