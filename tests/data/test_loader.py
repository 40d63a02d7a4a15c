"""Batch k is a pure function of (dataset, settings, seed, k)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.data import DataLoader, Dataset, Flip, Shift, load
from cutaway.engine import rng


def numbered(count: int) -> Dataset:
    """Examples that carry their own number, in x and in y."""
    return Dataset(np.arange(count, dtype=np.float32)[:, None] * [1.0, 10.0], np.arange(count))


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 40),
    size=st.integers(1, 45),
    seed=st.integers(0, 2**40),
    shuffle=st.booleans(),
    epoch=st.integers(0, 10**6),
)
def test_every_epoch_deals_every_example_once(count: int, size: int, seed: int, shuffle: bool, epoch: int) -> None:
    loader = DataLoader(numbered(count), size, seed=seed, shuffle=shuffle)
    batches = list(loader.epoch(epoch))
    assert len(batches) == len(loader) == -(-count // size)
    assert all(len(x) == size for x, _ in batches[:-1])
    assert sorted(np.concatenate([y for _, y in batches]).tolist()) == list(range(count))
    for x, y in batches:
        assert (x[:, 0] == y).all() and (x[:, 1] == 10 * y).all()


def test_a_batch_does_not_depend_on_what_was_asked_before() -> None:
    forwards, backwards = DataLoader(numbered(23), 5, seed=3), DataLoader(numbered(23), 5, seed=3)
    first = [forwards.batch(k)[1].tolist() for k in range(12)]
    second = [backwards.batch(k)[1].tolist() for k in reversed(range(12))]
    assert first == second[::-1]
    assert first[0:5] != first[5:10]


def test_the_order_is_the_documented_one() -> None:
    loader = DataLoader(numbered(11), 4, seed=9)
    order = rng.permutation(9, rng.site_of("order"), 2, 11)
    assert loader.indices(7).tolist() == order[4:8].tolist() == loader.batch(7)[1].tolist()
    assert loader.batch(8)[1].tolist() == order[8:].tolist()


def test_indices_name_the_examples_of_the_batch_in_every_mode() -> None:
    for settings_ in ({}, {"shuffle": False}, {"drop_last": True}, {"batch_size": 99}):
        loader = DataLoader(numbered(10), **{"batch_size": 4, **settings_})  # type: ignore[arg-type]
        for k in range(2 * len(loader)):
            assert loader.indices(k).tolist() == loader.batch(k)[1].tolist()


def test_without_shuffling_the_order_is_that_of_the_data() -> None:
    loader = DataLoader(numbered(5), 2, shuffle=False)
    assert [y.tolist() for _, y in loader] == [[0, 1], [2, 3], [4]]
    assert loader.batch(4)[1].tolist() == [2, 3]


def test_drop_last_leaves_the_small_batch_out() -> None:
    loader = DataLoader(numbered(11), 4, drop_last=True, shuffle=False)
    assert len(loader) == 2
    assert [len(y) for _, y in loader] == [4, 4]
    assert loader.batch(2)[1].tolist() == [0, 1, 2, 3]
    shuffled = DataLoader(numbered(11), 4, drop_last=True)
    left_out = [set(range(11)) - {*np.concatenate([y for _, y in shuffled.epoch(e)]).tolist()} for e in range(4)]
    assert all(len(out) == 3 for out in left_out) and left_out[0] != left_out[1]


def test_another_seed_is_another_order() -> None:
    orders = {tuple(DataLoader(numbered(50), 50 - 1, seed=seed).indices(0).tolist()) for seed in range(5)}
    assert len(orders) == 5


def test_iterating_gives_the_first_epoch() -> None:
    loader = DataLoader(numbered(9), 4)
    assert [y.tolist() for _, y in loader] == [loader.batch(k)[1].tolist() for k in range(3)]
    assert [y.tolist() for _, y in loader] == [loader.batch(k)[1].tolist() for k in range(3)]


def test_augmentation_belongs_to_the_batch_number() -> None:
    digits = load("digits").train[:64]
    plain = DataLoader(digits, 32, seed=5)
    changed = DataLoader(digits, 32, seed=5, augment=[Shift(2)])
    for k in (0, 3, 3, 0):
        x, y = changed.batch(k)
        assert (x == Shift(2)(plain.batch(k)[0], 5, k)).all() and (y == plain.batch(k)[1]).all()
    assert (changed.batch(0)[0] != plain.batch(0)[0]).any()
    assert (digits.x == load("digits").train.x[:64]).all()


def test_several_augmentations_are_done_in_order() -> None:
    digits = load("digits").train[:16]
    x, _ = DataLoader(digits, 16, augment=[Shift(1), Flip()]).batch(2)
    assert (x == Flip()(Shift(1)(digits.x, 0, 2), 0, 2)).all()
    own = DataLoader(digits, 16, augment=[lambda x, seed, step: x + step])
    assert (own.batch(3)[0] == digits.x + 3).all()


def test_settings_that_make_no_sense_are_refused() -> None:
    ds = numbered(5)
    with pytest.raises(ValueError, match="at least one example"):
        DataLoader(ds, 0)
    with pytest.raises(TypeError, match=r"batch_size is a whole number, not 2\.5"):
        DataLoader(ds, 2.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="with drop_last no batch is left"):
        DataLoader(ds, 8, drop_last=True)
    with pytest.raises(TypeError, match=r"Make one of arrays: `ct\.data\.Dataset\(x, y\)`"):
        DataLoader(ds.x, 2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"\.train or \.test"):
        DataLoader(load("digits"), 2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="same numbers twice"):
        DataLoader(ds, 2, augment=[Shift(1), Shift(2)])
    with pytest.raises(ValueError, match="augment lists changes"):
        DataLoader(ds, 2, augment=[Flip])  # type: ignore[list-item]


def test_repr_says_how_many_batches() -> None:
    loader = DataLoader(numbered(10), 4, augment=[Shift(2)])
    assert repr(loader) == "DataLoader of 10 examples: 3 batches of 4, shuffled, seed 0, Shift(pixels=2)"
