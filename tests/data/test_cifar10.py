"""CIFAR-10's archive: any packing, checked by the files inside; what is damaged, missing or crafted is refused."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.data import FetchError, cifar10, load, registry
from cutaway.data.errors import FileFormatError

NAMES = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]


def batch(number: int) -> bytes:
    """Four pictures as the real files hold them: the first channel is the number, the second 100, the third noise."""
    data = np.full((4, 3, 32, 32), number, np.uint8)
    data[:, 1] = 100
    data[:, 2] = np.random.default_rng(number).integers(0, 256, (4, 32, 32))
    return pickle.dumps({b"data": data.reshape(4, -1), b"labels": [number, 0, 9, 5], b"filenames": [b"a.png"] * 4}, 2)


def archive(path: Path, packing: str, contents: dict[str, bytes]) -> None:
    with tarfile.open(path, f"w:{packing}") as file:
        for name, content in contents.items():
            about = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            about.size = len(content)
            file.addfile(about, io.BytesIO(content))


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A tiny set, whose checksums are taken for the right ones."""
    contents = {name: batch(k) for k, name in enumerate(NAMES)}
    known = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(cifar10, "MEMBERS", known)
    return {"readme.html": b"hello", **contents}


@pytest.mark.parametrize("packing", ["gz", "xz", "bz2", ""])
def test_both_parts_come_out_of_any_packing(packing: str, whole: dict[str, bytes], tmp_path: Path) -> None:
    archive(tmp_path / cifar10.FILES[0].path, packing, dict(reversed(whole.items())))
    splits = cifar10.load(tmp_path)
    assert splits.train.x.shape == (20, 3, 32, 32) and splits.test.x.shape == (4, 3, 32, 32)
    assert splits.train.y.tolist() == [y for k in range(5) for y in (k, 0, 9, 5)]
    assert np.allclose(splits.train.x[:, 0, 0, 0] * 255, np.repeat(range(5), 4))  # in the order of the files
    assert np.allclose(splits.test.x[:, 1] * 255, 100)
    assert splits.classes[splits.test.y[0]] == "dog" and splits.train.name == "cifar10/train"


def test_what_is_damaged_or_missing_is_named(whole: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / cifar10.FILES[0].path
    archive(path, "gz", {**whole, "data_batch_3": batch(77)})
    with pytest.raises(FileFormatError, match=r"data_batch_3 in .*wrong checksum"):
        cifar10.load(tmp_path)
    archive(path, "gz", {name: content for name, content in whole.items() if name != "test_batch"})
    with pytest.raises(FileFormatError, match="lacks test_batch"):
        cifar10.load(tmp_path)
    archive(path, "gz", whole)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(FileFormatError, match="damaged or no archive"):
        cifar10.load(tmp_path)
    path.write_text("<html>404</html>", encoding="utf-8")
    with pytest.raises(FileFormatError, match="damaged or no archive"):
        cifar10.load(tmp_path)


class Harm:
    def __reduce__(self) -> Any:
        return os.mkdir, ("harmed",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps({b"data": Harm(), b"labels": [1]}, 2), "asks for .*mkdir"),
        (pickle.dumps({b"data": np.zeros((2, 3072), np.uint8)}, 2), "no data and labels"),
        (pickle.dumps({b"data": np.zeros((2, 3072)), b"labels": [1, 2]}, 2), "should be bytes"),
        (pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}, 2), "should be bytes, 3072 for"),
        (pickle.dumps([1, 2], 2), "no data and labels"),
    ],
)
def test_a_batch_that_is_none_is_refused(
    content: bytes, words: str, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(cifar10.MEMBERS, "data_batch_2", hashlib.md5(content).hexdigest())
    archive(tmp_path / cifar10.FILES[0].path, "gz", {**whole, "data_batch_2": content})
    with pytest.raises(FileFormatError, match=words) as met:
        cifar10.load(tmp_path)
    assert "data_batch_2" in str(met.value) and not (tmp_path / "harmed").exists()


def test_the_whole_way_from_a_mirror_that_packs_it_by_xz(
    whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    (tmp_path / "mirror").mkdir()
    packed = tmp_path / "mirror" / "cifar-10-python.tar.xz"
    archive(packed, "xz", whole)
    listed = {"path": packed.name, "sha256": hashlib.sha256(packed.read_bytes()).hexdigest()}
    (packed.parent / "MANIFEST.json").write_text(json.dumps({"sets": [{"files": [listed]}]}), encoding="utf-8")
    monkeypatch.setenv("CUTAWAY_MIRROR", str(packed.parent))
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    splits = load("cifar10", progress=lambda done, total: None)
    assert len(splits.train) == 20 and splits.licence == "none stated"
    monkeypatch.delenv("CUTAWAY_MIRROR")
    assert load("cifar10", progress=lambda done, total: None).test == splits.test  # from the cache


def test_fashion_comes_through_the_reader_of_mnist(tmp_path: Path) -> None:
    from cutaway.data import fashion

    assert [file.path.split("/")[0] for file in fashion.FILES] == ["fashion-mnist"] * 4
    (tmp_path / "fashion-mnist").mkdir()
    for begin, count in (("train", 3), ("t10k", 2)):
        pictures = bytes([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(range(28)) * 28 * count
        labels = bytes([0, 0, 8, 1, 0, 0, 0, count]) + bytes(range(7, 7 + count))
        (tmp_path / f"fashion-mnist/{begin}-images-idx3-ubyte.gz").write_bytes(pictures)
        (tmp_path / f"fashion-mnist/{begin}-labels-idx1-ubyte.gz").write_bytes(labels)
    splits = fashion.load(tmp_path)
    assert splits.train.x.shape == (3, 1, 28, 28) and splits.test.name == "fashion/test"
    assert [splits.classes[y] for y in splits.train.y] == ["sneaker", "bag", "ankle boot"]


def test_nobody_serves_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))
    entry = next(entry for entry in registry.ENTRIES if entry.name == "cifar10")
    gone = tuple(dataclasses.replace(file, addresses=("http://no-such-place.invalid",)) for file in entry.files)
    monkeypatch.setattr(registry, "ENTRIES", (dataclasses.replace(entry, files=gone),))
    with pytest.raises(FetchError, match=r"(?s)cifar10 could not be fetched.*CUTAWAY_MIRROR"):
        load("cifar10", progress=lambda done, total: None)
