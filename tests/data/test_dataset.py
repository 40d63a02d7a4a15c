"""A Dataset converts what is harmless and refuses, with the next thing to type, what would go wrong later."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.data import Dataset
from cutaway.engine.errors import CutawayError, DtypeError, LabelError, NotFiniteError, ShapeError

X = np.arange(15, dtype=np.float64).reshape(5, 3)


def test_numbers_become_float32_and_classes_int64() -> None:
    ds = Dataset(X, np.array([0, 1, 2, 1, 0], dtype=np.uint8))
    assert ds.x.dtype == np.float32 and ds.y.dtype == np.int64
    assert len(ds) == 5 and ds.x.shape == (5, 3)
    assert Dataset(X, np.array([[1], [0], [2.5], [1], [0]])).y.dtype == np.float32
    assert Dataset(np.arange(4).reshape(2, 2), [True, False]).y.tolist() == [1, 0]


def test_bytes_are_pictures() -> None:
    ds = Dataset(np.array([[0, 51, 255]], dtype=np.uint8), [0])
    assert ds.x.tolist() == [[0.0, np.float32(0.2), 1.0]]


def test_right_arrays_are_not_copied_and_cannot_change() -> None:
    x = np.ones((2, 3), dtype=np.float32)
    ds = Dataset(x, [0, 1])
    assert np.shares_memory(ds.x, x) and x.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        ds.x[0, 0] = 2


def test_parts_by_slice_list_and_condition() -> None:
    ds = Dataset(X, [0, 1, 2, 1, 0], classes=["a", "b", "c"], name="toy")
    assert ds[1:3].y.tolist() == [1, 2]
    assert ds[[4, 0]].x.tolist() == [[12, 13, 14], [0, 1, 2]]
    assert ds[ds.y == 1].x[:, 0].tolist() == [3, 9]
    assert ds[-1].x.tolist() == [[12, 13, 14]]
    assert ds[1:3].classes == ("a", "b", "c") and ds[1:3].name == "toy"
    assert ds[::2].x.flags.c_contiguous and not ds[::2].x.flags.writeable
    with pytest.raises(ShapeError, match="No example is left"):
        ds[[]]
    with pytest.raises(DtypeError, match="indexed by examples"):
        ds["a"]
    with pytest.raises(DtypeError, match="indexed by examples"):
        ds[0, 1]
    with pytest.raises(IndexError):
        ds[5]


def test_split_deals_every_example_once_and_the_same_way_each_time() -> None:
    ds = Dataset(np.arange(100.0).reshape(100, 1), np.zeros(100, dtype=int))
    first, rest = ds.split(0.7)
    assert (len(first), len(rest)) == (70, 30)
    assert sorted([*first.x[:, 0], *rest.x[:, 0]]) == list(range(100))
    assert first.x[:, 0].tolist() != list(range(70))
    assert ds.split(0.7)[0] == first
    assert ds.split(0.7, seed=1)[0] != first
    for impossible in (0, 1, 7, 0.001, float("nan")):
        with pytest.raises(ShapeError, match=r"ds\.split\(0\.8\)"):
            ds.split(impossible)


def test_checksum_knows_numbers_shape_and_kind() -> None:
    base = Dataset(X, [0, 1, 2, 1, 0])
    assert base.checksum == Dataset(X.astype(np.float32), [0, 1, 2, 1, 0], name="other").checksum
    assert len(base.checksum) == 64
    others = [
        Dataset(X + np.float64(1e-6), [0, 1, 2, 1, 0]),
        Dataset(X, [0, 1, 2, 1, 1]),
        Dataset(X.reshape(5, 3, 1), [0, 1, 2, 1, 0]),
        base[[1, 0, 2, 3, 4]],
        base[:4],
    ]
    assert len({base.checksum, *(other.checksum for other in others)}) == 6
    assert base[:] == base and hash(base[:]) == hash(base) and base != "toy"


def test_repr_says_what_is_in_it() -> None:
    assert repr(Dataset(X, [0, 1, 2, 1, 0], name="toy")) == (
        "Dataset toy: 5 examples, x (5, 3) float32, y (5,) class numbers of 3 classes"
    )
    assert "one-hot" in repr(Dataset(X, np.eye(3)[[0, 1, 2, 1, 0]]))
    assert repr(Dataset(X[:1], [[0.5]])) == "Dataset: 1 example, x (1, 3) float32, y (1, 1) float32"


def test_whole_number_one_hot_rows_become_targets() -> None:
    ds = Dataset(X, np.eye(3, dtype=int)[[0, 1, 2, 1, 0]])
    assert ds.y.dtype == np.float32 and ds.y.shape == (5, 3)


@pytest.mark.parametrize(
    ("x", "y", "error", "words"),
    [
        (X, [0, 1, 2], ShapeError, "x holds 5 examples and y 3 answers"),
        (X, [0, 1, 2], ShapeError, "5!"),
        (X, [0, 1, 2], ShapeError, r"x\.T"),
        (X[0, :2], [1, 0], ShapeError, r"x\.reshape\(-1, 1\)"),
        (3.0, [0], ShapeError, r"shape \(\)"),
        (np.zeros((28, 20)), [4], ShapeError, r"x\[None\]"),
        (np.zeros((0, 3)), np.zeros(0, dtype=int), ShapeError, "no example"),
        (X, 4, ShapeError, "single number 4"),
        (X, [[0], [1], [0], [1], [0]], ShapeError, r"y\.ravel\(\)"),
        (X, [0.0, 1.0, 2.0, 1.0, 0.0], ShapeError, r"y\.astype\(int\)"),
        (X, [0.5, 1.0, 2.0, 1.0, 0.0], ShapeError, r"y\.reshape\(-1, 1\), shape \(5, 1\)"),
        (X, ["cat", "dog", "cat", "cow", "dog"], DtypeError, r"np\.unique\(y, return_inverse=True\)"),
        ([[1.0, 2.0], [3.0]], [0, 1], DtypeError, "different lengths"),
        ([["a", "b"]], [0], DtypeError, r"ct\.data\.table"),
        ([[1.0, None]], [0], DtypeError, "not numbers"),
        (np.array([[1 + 2j]]), [0], DtypeError, "complex"),
        (X, [0, 1, -1, 1, 0], LabelError, r"y\[2\] is -1"),
        (np.where(X == 7, np.nan, X), [0, 1, 2, 1, 0], NotFiniteError, r"x\[2, 1\] is NaN .* first of 1"),
        (np.where(X > 12, np.inf, X), [0, 1, 2, 1, 0], NotFiniteError, r"x\[4, 1\] is infinite, the first of 2"),
        (X * 1e38 * 1e2, [0, 1, 2, 1, 0], NotFiniteError, "too large for float32"),
        (X, [[1.0], [np.nan], [0.0], [1.0], [0.0]], NotFiniteError, r"y\[1, 0\] is NaN"),
    ],
)
def test_what_would_go_wrong_later_is_refused_now(x: object, y: object, error: type[CutawayError], words: str) -> None:
    with pytest.raises(error, match=words):
        Dataset(x, y)  # type: ignore[arg-type]


def test_names_of_classes_must_cover_the_labels() -> None:
    with pytest.raises(LabelError, match=r"y\[1\] is class 2, and there are only 2 classes, numbered 0 to 1: no, yes"):
        Dataset(X[:2], [0, 2], classes=["no", "yes"])
    with pytest.raises(ShapeError, match="y has 3 columns and there are 2 names"):
        Dataset(X[:2], np.eye(3)[:2], classes=["no", "yes"])


def test_tokens_stay_whole() -> None:
    words = Dataset([[3, 1, 2], [0, 0, 5]], [[1, 2, 4], [0, 5, -100]], tokens=True, name="words")
    assert words.x.dtype == np.int64 and words.y.dtype == np.int64
    assert repr(words) == "Dataset words: 2 examples, x (2, 3) int64, y (2, 3) tokens"
    assert Dataset([[3, 1], [0, 2]], [1, 0], tokens=True)[:1].x.dtype == np.int64
    with pytest.raises(DtypeError, match="whole numbers that name things"):
        Dataset([[0.5]], [0], tokens=True)
    with pytest.raises(ShapeError, match="row of tokens"):
        Dataset([1, 2], [0, 1], tokens=True)
