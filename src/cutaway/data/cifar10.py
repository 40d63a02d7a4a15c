"""CIFAR-10: 60,000 small colour photographs of ten kinds of things, fetched once.

Its files are Python pickles in an archive. Each file is held to its checksum, and read by an unpickler that admits
arrays and plain containers alone (see ``unpickle``).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset
from .errors import FileFormatError
from .places import RemoteFile
from .splits import Splits

__all__ = ["ABOUT", "CLASSES", "FILES", "LICENCE", "load"]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FILES = (
    RemoteFile(
        "cifar-10-python.tar.gz",
        170498071,
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        ("https://www.cs.toronto.edu/~kriz",),
        repacked=("cifar-10-python.tar.xz",),
    ),
)
MEMBERS = {  # the md5 of each file in the archive, however it is packed
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
LICENCE = "none stated"
ABOUT = (
    "CIFAR-10: 60,000 colour photographs, 32 x 32, of ten kinds of animals and vehicles. Collected by Alex Krizhevsky, "
    'Vinod Nair and Geoffrey Hinton; cite A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.'
)


def load(folder: Path) -> Splits:
    """Both parts from a folder that holds the archive, packed by gzip, xz or bzip2."""
    archive = folder / FILES[0].path
    parts = _members(archive)
    train = [_batch(parts[f"data_batch_{k}"], f"data_batch_{k} in {archive}") for k in range(1, 6)]
    test = [_batch(parts["test_batch"], f"test_batch in {archive}")]
    sets = [
        Dataset(
            np.concatenate([x for x, _ in part]),
            np.concatenate([y for _, y in part]),
            name=f"cifar10/{name}",
            classes=CLASSES,
            about=ABOUT,
        )
        for name, part in (("train", train), ("test", test))
    ]
    return Splits("cifar10", sets[0], sets[1], ABOUT, CLASSES, LICENCE)


def _members(archive: Path) -> dict[str, bytes]:
    """The files of the archive that hold pictures, each with the checksum it should have; nothing is unpacked."""
    import lzma
    import tarfile
    import zlib

    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive, "r:*") as file:
            for member in file:
                name = member.name.rpartition("/")[2]
                if name in MEMBERS and member.isfile():
                    stream = file.extractfile(member)
                    found[name] = stream.read() if stream else b""
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise FileFormatError(f"{archive} is damaged or no archive ({error}). Fetch it again.") from None
    missing = [name for name in MEMBERS if name not in found]
    if missing:
        raise FileFormatError(f"{archive} lacks {', '.join(missing)}: it is no CIFAR-10, or was cut short.")
    for name, content in found.items():
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != MEMBERS[name]:
            raise FileFormatError(f"{name} in {archive} has the wrong checksum. Fetch it again.")
    return found


def _batch(content: bytes, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The pictures (N, 3, 32, 32) and class numbers (N,) of one file."""
    from .unpickle import unpickle

    batch = unpickle(content, name)
    if not isinstance(batch, dict) or not {b"data", b"labels"} <= batch.keys():
        raise FileFormatError(f"{name} has no data and labels in it.")
    data, labels = batch[b"data"], np.asarray(batch[b"labels"])
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape != (len(labels), 3072):
        raise FileFormatError(f"{name}: its data should be bytes, 3072 for each of its {len(labels):,} labels.")
    return data.reshape(-1, 3, 32, 32), labels.astype(np.int64)
