"""Examples and what is to be learnt about them: two arrays of the same length, checked once, when made.

Every check that could be made of data is made here and nowhere later, so that a training step never has to
ask. The arrays are read-only from then on: what was checked, and what a saved run names by its checksum,
cannot change underneath.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine import rng
from ..engine.errors import DtypeError, LabelError, NotFiniteError, ShapeError, boxes

__all__ = ["Dataset"]

Floats = NDArray[np.float32]
Array = NDArray[Any]


class Dataset:
    """N examples ``x`` and their answers ``y``, ready to train on.

    x (N, ...) float32; y (N,) int64 class numbers, or (N, K) float32 numbers to predict. Other kinds of
    numbers are converted; bytes (uint8) are taken for pictures and become x / 255, from 0 to 1. Nothing is
    copied that is already as it should be, so leave an array alone once it is in a Dataset.

    ``classes`` names the classes 0, 1, ...; ``columns`` describes the columns of a table. With ``tokens``
    the numbers of x name things (words, letters) and stay whole, int64, for nn.Embedding; so does a y that
    has a row of them for every example.

    Raises ShapeError where lengths or shapes do not fit, DtypeError for things that are not numbers,
    LabelError for impossible class numbers, NotFiniteError for NaN or infinity, each saying where.

    >>> ds = Dataset([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]], [1, 0, 1], name="toy")
    >>> ds
    Dataset toy: 3 examples, x (3, 2) float32, y (3,) class numbers of 2 classes
    >>> ds[:2].y.tolist()
    [1, 0]
    """

    __slots__ = ("_checksum", "about", "classes", "columns", "name", "x", "y")

    x: Array
    y: Array
    name: str
    classes: tuple[str, ...] | None
    about: str
    columns: tuple[Any, ...] | None

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        name: str = "",
        classes: Sequence[object] | None = None,
        about: str = "",
        columns: Sequence[Any] | None = None,
        tokens: bool = False,
    ) -> None:
        inputs, answers = _array(x, "x"), _array(y, "y")
        inputs = _tokens(inputs, "x") if tokens else _inputs(inputs)
        answers = _tokens(answers, "y") if tokens and answers.ndim > 1 else _answers(answers)
        if len(inputs) != len(answers):
            raise ShapeError(
                f"x holds {len(inputs):,} examples and y {len(answers):,} answers:\n\n"
                + boxes({"x": inputs.shape, "y": answers.shape}, [("x", 0), ("y", 0)])
                + "\n\nThe first side counts the examples and must be the same in both."
                + _one_example_hint(inputs, answers)
            )
        if len(inputs) == 0:
            raise ShapeError(f"x has shape {inputs.shape}: there is no example in it.")
        self.classes = None if classes is None else tuple(str(c) for c in classes)
        _check_labels(answers, self.classes)
        self.columns = None if columns is None else tuple(columns)
        self.x, self.y = _read_only(inputs), _read_only(answers)
        self.name, self.about = name, about
        self._checksum: str | None = None

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, which: slice | ArrayLike) -> Dataset:
        """Some of the examples, as a Dataset: ``ds[:100]``, ``ds[[3, 5]]``, ``ds[ds.y == 7]``, ``ds[4]``."""
        index = which if isinstance(which, slice) else _index(which)
        part = self._of(self.x[index], self.y[index])
        if not len(part):
            raise ShapeError(f"No example is left of {len(self):,}: the index chose none.")
        return part

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same numbers (names and descriptions do not count)."""
        return isinstance(other, Dataset) and self.checksum == other.checksum

    def __hash__(self) -> int:
        return hash(self.checksum)

    def split(self, fraction: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Two parts in shuffled order: ``round(fraction * N)`` examples, and the rest.

        The same seed always deals the same examples.

        >>> first, rest = Dataset([[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1]).split(0.75)
        >>> len(first), len(rest)
        (3, 1)
        """
        count = round(fraction * len(self)) if 0 < fraction < 1 else 0
        if not 0 < count < len(self):
            raise ShapeError(
                f"split({fraction!r}) of {len(self):,} examples leaves one part empty. The fraction is the "
                "share of the first part, between 0 and 1: `train, test = ds.split(0.8)`."
            )
        order = rng.permutation(seed, rng.site_of("split"), 0, len(self))
        return self[order[:count]], self[order[count:]]

    @property
    def checksum(self) -> str:
        """The sha256 (hex) of kind, shape and numbers of x and y: by it a saved run knows its data again.

        >>> a, b = Dataset([[1.0]], [0]), Dataset([[1.0]], [1])
        >>> a.checksum == Dataset([[1.0]], [0]).checksum, a.checksum == b.checksum
        (True, False)
        """
        if self._checksum is None:
            total = hashlib.sha256()
            for array in (self.x, self.y):
                little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
                total.update(f"{little_endian.dtype.str}{array.shape}".encode())
                total.update(little_endian.data if array.size else b"")
            self._checksum = total.hexdigest()
        return self._checksum

    def __repr__(self) -> str:
        return (
            f"Dataset{' ' if self.name else ''}{self.name}: {len(self):,} example{'s' * (len(self) != 1)}, "
            f"x {self.x.shape} {self.x.dtype}, y {self.y.shape} {self._kind()}"
        )

    def _kind(self) -> str:
        if self.y.ndim > 1 and self.y.dtype.kind == "f":
            one_hot = self.y.ndim == 2 and self.y.shape[1] > 1 and _is_one_hot(self.y)
            return "float32, one-hot" if one_hot else "float32"
        if self.y.ndim > 1:
            return "tokens"
        count = len(self.classes) if self.classes is not None else int(self.y.max()) + 1
        return f"class numbers of {count} class{'es' * (count != 1)}"

    def _of(self, x: Array, y: Array) -> Dataset:
        """A part of this data: its numbers were checked already."""
        part = object.__new__(Dataset)
        part.x, part.y = _read_only(x), _read_only(y)
        part.name, part.classes, part.about, part.columns = self.name, self.classes, self.about, self.columns
        part._checksum = None
        return part


def _index(which: ArrayLike) -> Array:
    index = np.atleast_1d(np.asarray(which))
    if not index.size:
        return index.astype(np.int64)
    if isinstance(which, tuple) or index.ndim != 1 or index.dtype.kind not in "iub":
        raise DtypeError(f"A Dataset is indexed by examples: ds[:100], ds[[3, 5]] or ds[ds.y == 7], not by {which!r}.")
    return index


def _array(values: ArrayLike, name: str) -> Array:
    if hasattr(values, "detach"):  # a tensor that remembers where it came from
        values = values.detach()
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(0, dtype=object)
    if array.dtype.kind == "O":
        raise DtypeError(
            f"{name} cannot be made into one block of numbers: its rows have different lengths, or it holds "
            "things that are not numbers (None, text). Every example needs the same number of numbers."
        )
    if array.dtype.kind in "US" and name == "y":
        raise DtypeError(
            f"y holds names ({str(array.flat[0])!r}, ...), and a network answers in numbers. Number them:\n\n"
            "    classes, y = np.unique(y, return_inverse=True)\n"
            "    Dataset(x, y, classes=classes)"
        )
    if array.dtype.kind not in "biuf":
        raise DtypeError(
            f"{name} holds {array.dtype} and not ordinary numbers. For a file with mixed columns use "
            '`ct.data.table("file.csv", predict="column")`, which turns dates and words into numbers.'
        )
    return array


def _inputs(x: Array) -> Floats:
    if x.ndim < 2:
        raise ShapeError(
            f"x has shape {x.shape}, and every example needs a row of its own, even of one number: "
            + ("write x.reshape(-1, 1), which has shape " + f"({len(x)}, 1)." if x.ndim else "shape (N, numbers).")
        )
    if x.dtype == np.uint8:
        return np.divide(x, np.float32(255), dtype=np.float32)
    return _floats(x, "x")


def _tokens(numbers: Array, name: str) -> Array:
    if numbers.dtype.kind not in "iu":
        raise DtypeError(
            f"tokens are whole numbers that name things, and {name} holds {numbers.dtype}. Number the words first, or "
            "leave tokens=True away."
        )
    if numbers.ndim < 2:
        raise ShapeError(
            f"{name} has shape {numbers.shape}, and every example needs a row of tokens: {name}.reshape(-1, 1)."
        )
    return numbers.astype(np.int64, copy=False)


def _answers(y: Array) -> Array:
    if y.ndim == 0:
        raise ShapeError(f"y is the single number {y[()]}: it needs one answer for each example, shape (N,).")
    if y.dtype.kind in "biu":
        if y.ndim == 1:
            if y.dtype == np.uint64 and y.size and y.max() > np.iinfo(np.int64).max:
                raise LabelError(f"y holds the class number {y.max()}, which is far too large.")
            return y.astype(np.int64, copy=False)
        if y.ndim == 2 and y.shape[1] == 1:
            raise ShapeError(
                f"y has shape {y.shape} and whole numbers. If they are class numbers, write y.ravel(): shape "
                f"({len(y)},). If they are amounts to predict, write y.astype('float32')."
            )
        return y.astype(np.float32)
    if y.ndim == 1:
        whole = bool(y.size) and bool(np.isfinite(y).all()) and bool((y == np.rint(y)).all())
        meaning = (
            "are they class numbers? Then write y.astype(int). Are they amounts to predict? Then"
            if whole
            else "so they are amounts to predict (class numbers are whole):"
        )
        raise ShapeError(
            f"y has shape {y.shape} and holds {'whole numbers kept as ' + str(y.dtype) if whole else 'fractions'}; "
            f"{meaning} give each example a row, y.reshape(-1, 1), shape ({len(y)}, 1), as the network's output has."
        )
    return _floats(y, "y")


def _floats(array: Array, name: str) -> Floats:
    """The numbers as float32, or where the first one is that is none."""
    with np.errstate(over="ignore"):
        floats = np.ascontiguousarray(array, dtype=np.float32)
    if array.dtype.kind == "f" and not np.isfinite(floats).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(floats))[0])
        value, count = array[place], int((~np.isfinite(floats)).sum())
        where = f"{name}[{', '.join(map(str, place))}]"
        if np.isfinite(value):
            raise NotFiniteError(
                f"{where} is {value!s}, too large for float32 (largest: 3.4e38). Divide the numbers by a scale."
            )
        kind = "NaN (not a number, usually a missing value)" if np.isnan(value) else "infinite"
        raise NotFiniteError(
            f"{where} is {kind}, the first of {count:,} such. One of them turns every weight into NaN at the "
            f"first step. Leave the example out (keep rows where np.isfinite({name}) holds) or fill it in; "
            "ct.data.table(...) does this for files."
        )
    return floats


def _check_labels(y: Array, classes: tuple[str, ...] | None) -> None:
    if y.dtype.kind != "i":
        if classes is not None and y.ndim == 2 and y.shape[1] != len(classes):
            raise ShapeError(f"y has {y.shape[1]} columns and there are {len(classes)} names in classes.")
        return
    if y.ndim > 1:  # a token for every place: the loss checks them, and may leave some out (padding)
        return
    worst = int(y.argmin())
    if y[worst] < 0:
        raise LabelError(
            f"y[{worst}] is {y[worst]}, and classes are numbered from 0. Number them anew: "
            "`classes, y = np.unique(y, return_inverse=True)`."
        )
    worst = int(y.argmax())
    if classes is not None and y[worst] >= len(classes):
        raise LabelError(
            f"y[{worst}] is class {y[worst]}, and there are only {len(classes)} classes, numbered 0 to "
            f"{len(classes) - 1}: {', '.join(classes[:10])}{', ...' * (len(classes) > 10)}."
        )


def _one_example_hint(x: Array, y: Array) -> str:
    if x.shape[-1] == len(y):
        return " x looks turned on its side: write x.T, if each column is one example."
    if len(y) == 1:
        return " If x is one single example, write x[None]: its first side is then 1."
    return ""


def _is_one_hot(y: Array) -> bool:
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _read_only(array: Array) -> Array:
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
