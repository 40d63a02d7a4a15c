"""Which rows are held out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.dealing import by_chance, by_order
from cutaway.data.errors import TableError


@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=6),
    share=st.floats(0.05, 0.9),
    seed=st.integers(0, 1000),
)
def test_every_class_gives_its_share_and_keeps_a_row(sizes: list[int], share: float, seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    count = len(labels)
    if round(share * count) >= count or max(sizes) == 1:
        return
    train, test = by_chance(count, share, seed, labels)
    assert sorted([*train, *test]) == list(range(count))
    for number, size in enumerate(sizes):
        held_out = int((labels[test] == number).sum())
        assert held_out < size
        assert share * size - 1 < held_out + (size == held_out + 1) and held_out <= share * size + 1


def test_exactly_as_many_as_asked_for_where_no_class_is_tiny() -> None:
    for seed in range(20):
        labels = np.repeat([0, 1, 2], [83, 54, 13])
        train, test = by_chance(150, 0.2, seed, labels)
        assert len(test) == 30 and np.bincount(labels[test]).tolist() in ([16, 11, 3], [17, 11, 2], [17, 10, 3])
        assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()


def test_without_classes_every_row_is_as_likely() -> None:
    counts = np.zeros(10)
    for seed in range(500):
        counts[by_chance(10, 0.3, seed)[1]] += 1
    assert counts.sum() == 1500 and counts.min() > 110 and counts.max() < 190


def test_a_class_of_one_row_is_trained_on() -> None:
    for seed in range(10):
        assert 0 in by_chance(9, 0.5, seed, np.array([0, 1, 1, 1, 1, 1, 1, 1, 1]))[0]
    with pytest.raises(TableError, match="every class has one row only"):
        by_chance(3, 0.4, 0, np.array([0, 1, 2]))


def test_by_order_never_trains_on_what_comes_later() -> None:
    values = [5, 1, 4, 1, 5, 9, 2, 6, 5, 3]
    for share in (0.1, 0.3, 0.5, 0.9):
        train, test = by_order(values, share, "day", "file")
        assert max(values[row] for row in train) < min(values[row] for row in test)
        assert sorted([*train, *test]) == list(range(10))
    assert by_order(values, 0, "day", "file")[1].tolist() == []
    assert by_order([1, 1, 1, 2], 0.5, "day", "file")[1].tolist() == [3]
