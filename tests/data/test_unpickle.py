"""Strangers' pickles: arrays and plain containers come out, and a crafted one does nothing but be refused."""

from __future__ import annotations

import collections
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.data.errors import FileFormatError
from cutaway.data.unpickle import unpickle

PLAIN = {b"labels": [1, 2, 3], "text": ("a", None, True, 1.5), "more": {"deep": [{4}, frozenset([5]), b"bytes"]}}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ["u1", "i8", "<f4", ">f8", "?"])
def test_arrays_and_plain_containers_come_back(protocol: int, kind: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(kind)
    for wanted in (array, np.asfortranarray(array)):
        found = unpickle(pickle.dumps({**PLAIN, "x": wanted}, protocol))
        assert (found.pop("x") == array).all() and found == PLAIN


def test_what_python_2_wrote_is_read() -> None:
    """The form of CIFAR-10's files: protocol 2, the old name of the module, and text where bytes are meant."""
    content = pickle.dumps(np.arange(4, dtype=np.uint8), 2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert unpickle(content).tolist() == [0, 1, 2, 3]
    assert unpickle(b"\x80\x02}q\x01(U\x04dataq\x02U\x02\x00\xffq\x03u.") == {b"data": b"\x00\xff"}


class Harm:
    """What a crafted file does when it is read with pickle.load."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_crafted_pickle_is_refused_before_it_does_anything(protocol: int, tmp_path: Path) -> None:
    target = tmp_path / "made"
    for harm in (Harm(os.mkdir, str(target)), Harm(eval, f"__import__('os').mkdir({str(target)!r})")):
        for wrapped in (harm, {"data": [1, 2], "labels": [harm]}):
            with pytest.raises(FileFormatError, match=r"crafted is not read: it asks for .*\.(mkdir|eval), and"):
                unpickle(pickle.dumps(wrapped, protocol), "crafted")
    assert not target.exists()
    pickle.loads(pickle.dumps(Harm(os.mkdir, str(target)), protocol))  # so it would have
    assert target.exists()


@pytest.mark.parametrize(
    "value",
    [
        collections.OrderedDict(a=1),
        Path("a"),
        np.random.default_rng(0),
        np.array(["text"]),
        np.array([{"an": "object"}], dtype=object),
        np.zeros(2, dtype=[("a", "i4")]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        1 + 2j,
        len,
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(FileFormatError, match="is not read: it"):
        unpickle(pickle.dumps({"x": value}, 2))


def made(state: Any) -> bytes:
    """A pickle whose array is filled with this state, which NumPy itself would take for an address in memory."""
    content = pickle.dumps(np.zeros(2, np.uint8), 2)
    begin = content.index(b"(K\x01")
    return content[:begin] + pickle.dumps(state, 2)[2:-1] + b"b."


@pytest.mark.parametrize(
    "state", [(1, (1 << 60,), None, False, b"ab"), (1, (2,), "u1", False, b"ab"), (1, (-5,), None, False, b""), 7, ()]
)
def test_an_array_that_makes_no_sense_is_refused(state: Any) -> None:
    with pytest.raises(FileFormatError):
        unpickle(made(state))


@pytest.mark.parametrize("content", [b"", b"\x80\x02", b"hello", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f."])
def test_what_is_no_pickle_is_named(content: bytes) -> None:
    with pytest.raises(FileFormatError, match=r"batch is not (a whole pickle|read)"):
        unpickle(content, "batch")


def test_deep_nesting_is_refused() -> None:
    nested = b"(" * 100_000 + b"t" * 100_000 + b"."
    with pytest.raises(FileFormatError, match="nested too deeply"):
        unpickle(nested)
