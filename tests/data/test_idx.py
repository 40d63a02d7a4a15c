"""The file format of MNIST, its errors, and the whole way from a mirror to a loaded set."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cutaway.data import FetchError, catalog, fetch, idx, load
from cutaway.data.errors import FileFormatError

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def packed(array: NDArray[Any]) -> bytes:
    kind = array.dtype.str[1:]
    sides = b"".join(side.to_bytes(4, "big") for side in array.shape)
    return bytes([0, 0, CODES[kind], array.ndim]) + sides + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("shape", [(7,), (3, 2), (2, 3, 4)])
def test_every_kind_and_shape_comes_back(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    array = (np.arange(np.prod(shape)) * 17 % 101).reshape(shape).astype(kind)
    (tmp_path / "plain").write_bytes(packed(array))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(packed(array)))
    for name in ("plain", "packed.gz"):
        found = idx.read(tmp_path / name)
        assert found.dtype == np.dtype(kind) and found.dtype.isnative
        assert found.shape == shape and (found == array).all()


GOOD = packed(np.arange(6, dtype=np.uint8).reshape(2, 3))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes"),
        (GOOD[:3], "3 bytes"),
        (GOOD[:9], "ends within the lengths of its 2 sides"),
        (GOOD[:-1], r"promises 2 x 3 = 6 numbers, and 5 follow: it was cut short"),
        (GOOD + b"!", "lengthened"),
        (b"\0\0\x07\x01\0\0\0\0", "begins with the bytes 00 00 07 01"),
        (b"<!DOCTYPE html><html>404", "web page"),
        (b"PK\x03\x04....", "zip archive"),
        (gzip.compress(GOOD, mtime=0)[:-9], "cut short"),
        (gzip.compress(GOOD, mtime=0)[:-8] + b"12345678", "damaged"),
    ],
)
def test_a_file_that_is_none_says_what_it_is(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(FileFormatError, match=words) as met:
        idx.read(tmp_path / "file")
    assert "file" in str(met.value)


def small_mnist(root: Path) -> None:
    """A mirror with a few pictures of its own packing, and the list that vouches for them."""
    generator = np.random.default_rng(0)
    listed = []
    for file, shape in zip(catalog()[1].files, [(20, 28, 28), (20,), (6, 28, 28), (6,)], strict=True):
        numbers = generator.integers(0, 256 if len(shape) == 3 else 10, shape).astype(np.uint8)
        content = gzip.compress(packed(numbers))
        (root / file.path).parent.mkdir(parents=True, exist_ok=True)
        (root / file.path).write_bytes(content)
        listed.append({"path": file.path, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)})
    (root / "MANIFEST.json").write_text(json.dumps({"about": "", "sets": [{"name": "MNIST", "files": listed}]}))


def test_mnist_is_fetched_once_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_mnist(tmp_path / "mirror")
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CUTAWAY_MIRROR", str(tmp_path / "mirror"))
    assert not catalog()[1].here
    calls: list[tuple[int, int]] = []
    mnist = load("mnist", lambda done, total: calls.append((done, total)))
    assert mnist.train.x.shape == (20, 1, 28, 28) and mnist.test.x.shape == (6, 1, 28, 28)
    assert mnist.train.x.max() <= 1 and mnist.train.classes == tuple("0123456789")
    assert calls[-1] == (catalog()[1].size, catalog()[1].size)
    assert catalog()[1].here and fetch("mnist") == catalog()[1].path
    monkeypatch.setenv("CUTAWAY_MIRROR", str(tmp_path / "gone"))
    assert load("mnist").train == mnist.train
    names = sorted(path.name for path in catalog()[1].path.iterdir() if path.suffix == ".gz")
    assert len(names) == 4 and "train-images-idx3-ubyte.gz" in names


def test_a_cache_does_not_change_what_digits_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_mnist(tmp_path / "home" / "data")
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    assert len(load("digits").train) == 8000


def test_a_mirror_with_an_unreadable_list_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_mnist(tmp_path / "mirror")
    (tmp_path / "mirror" / "MANIFEST.json").write_text("[]")
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CUTAWAY_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setattr("cutaway.data.sources.Web.open", refuse)
    with pytest.raises(FetchError, match=r"MANIFEST\.json is not a list of files"):
        load("mnist")


def refuse(*_: object) -> None:
    from cutaway.data.sources import SourceError

    raise SourceError("not in a test")
