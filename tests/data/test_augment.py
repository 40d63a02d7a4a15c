"""Augmentations do what they say to every picture, and draw by (seed, batch, number of the picture) alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from cutaway.data import Crop, Flip, Shift
from cutaway.data.augment import Augmentation, from_dict

ALL: list[Augmentation] = [Shift(2), Flip(), Crop(3)]
X = np.random.default_rng(0).random((50, 3, 7, 9)).astype(np.float32) + 1  # no zeros


def moved(picture: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    """The slow, plain way: one pixel after the other."""
    out = np.zeros_like(picture)
    _, height, width = picture.shape
    for i in range(height):
        for j in range(width):
            if 0 <= i - down < height and 0 <= j - right < width:
                out[:, i, j] = picture[:, i - down, j - right]
    return out


def test_shift_moves_every_picture_by_some_whole_pixels() -> None:
    found = set()
    for before, after in zip(X, Shift(2)(X, seed=1, step=0), strict=True):
        ways = [(a, b) for a in range(-2, 3) for b in range(-2, 3) if (moved(before, a, b) == after).all()]
        assert len(ways) == 1
        found.add(ways[0])
    assert len(found) > 15  # of 25, among 50 pictures


def test_all_shifts_are_about_equally_frequent() -> None:
    dot = np.zeros((5000, 1, 5, 5), dtype=np.float32)
    dot[:, 0, 2, 2] = 1
    counts = Shift(2)(dot, seed=0, step=3).sum(axis=(0, 1))
    assert counts.sum() == 5000
    assert counts.min() > 150 and counts.max() < 250  # 200 each, give or take 3.5 times the spread of 14


def test_flip_mirrors_about_half() -> None:
    flipped = Flip()(X, seed=0, step=0)
    turned = (flipped == X[..., ::-1]).all(axis=(1, 2, 3))
    kept = (flipped == X).all(axis=(1, 2, 3))
    assert (turned ^ kept).all()
    assert 10 < turned.sum() < 40


def test_crop_cuts_the_old_size_out_of_the_mirrored_surroundings() -> None:
    found = set()
    for before, after in zip(X, Crop(3)(X, seed=1, step=0), strict=True):
        around = np.pad(before, ((0, 0), (3, 3), (3, 3)), mode="reflect")
        ways = [(a, b) for a in range(7) for b in range(7) if (around[:, a : a + 7, b : b + 9] == after).all()]
        assert len(ways) == 1
        found.add(ways[0])
    assert len(found) > 20


@pytest.mark.parametrize("change", ALL, ids=repr)
def test_what_is_drawn_depends_on_seed_batch_and_place_alone(change: Augmentation) -> None:
    once = change(X, seed=7, step=4)
    assert once.shape == X.shape and once.dtype == X.dtype
    assert (change(X, seed=7, step=4) == once).all()
    assert (change(X, seed=8, step=4) != once).any()
    assert (change(X, seed=7, step=5) != once).any()
    parts = [change(X[:20], 7, 4), change(X[20:], 7, 4, first=20)]  # two workers sharing the batch
    assert (np.concatenate(parts) == once).all()


@pytest.mark.parametrize("change", ALL, ids=repr)
def test_the_batch_itself_is_left_alone(change: Augmentation) -> None:
    x = X.copy()
    x.flags.writeable = False
    change(x, 0, 0)
    assert (x == X).all()


@pytest.mark.parametrize("change", ALL, ids=repr)
def test_an_augmentation_can_be_written_down_and_read_again(change: Augmentation) -> None:
    again = from_dict(json.loads(json.dumps(change.to_dict())))
    assert again == change
    assert (again(X, 3, 1) == change(X, 3, 1)).all()


def test_nothing_to_move_changes_nothing() -> None:
    assert (Shift(0)(X, 0, 0) == X).all() and (Crop(0)(X, 0, 0) == X).all()


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(4, 28, 28\).*x\[:, None\]"):
        Shift(1)(np.zeros((4, 28, 28), dtype=np.float32), 0, 0)
    with pytest.raises(ValueError, match="larger than 9 pixels"):
        Crop(9)(X, 0, 0)
    with pytest.raises(ValueError, match=r"Shift\(pixels=-1\)"):
        Shift(-1)
    with pytest.raises(ValueError, match=r"Crop\(pad=1\.5\)"):
        Crop(1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"no augmentation 'Spin'; there are Shift, Flip, Crop"):
        from_dict({"name": "Spin"})
