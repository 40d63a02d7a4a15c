"""Augmentations do what they say to every picture, and draw by (seed, batch, number of the picture) alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from cutaway.data import Crop, CutOut, Flip, Shift, Warp
from cutaway.data.augment import Augmentation, from_dict
from cutaway.data.warp import _read_off

ALL: list[Augmentation] = [
    Shift(2),
    Flip(),
    Crop(3),
    CutOut(4),
    CutOut(3, fill=0.5),
    Warp(15, 0.1, 2.0),
    Warp(bend=1.0),
]
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


def test_cut_out_covers_one_square_and_nothing_else() -> None:
    x = np.ones((400, 2, 8, 8), np.float32)
    covered = CutOut(3, fill=0.25)(x, seed=1, step=0)
    assert set(np.unique(covered)) == {0.25, 1.0}
    assert (covered[:, 0] == covered[:, 1]).all()
    corners = set()
    for picture in covered[:, 0]:
        rows, columns = np.nonzero(picture < 1)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert len(rows) == height * width and 2 <= height <= 3 and 2 <= width <= 3  # whole, or over the edge by one
        corners.add((rows.min(), columns.min()))
    assert len(corners) > 44  # of 49


def blob(down: float, across: float, side: int = 28) -> NDArray[np.float32]:
    """A soft dot."""
    i, j = np.mgrid[:side, :side]
    return np.exp(-((i - down) ** 2 + (j - across) ** 2) / 8).astype(np.float32)


def middle(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where the ink is, on average, from the middle of the picture."""
    i, j = np.mgrid[: picture.shape[0], : picture.shape[1]] - (picture.shape[0] - 1) / 2
    return np.array([(i * picture).sum(), (j * picture).sum()]) / picture.sum()


def test_a_turn_keeps_the_distance_from_the_middle_and_every_angle_comes() -> None:
    x = np.tile(blob(6.5, 13.5), (300, 1, 1, 1))
    places = np.array([middle(picture[0]) for picture in Warp(degrees=30)(x, seed=0, step=0)])
    assert np.abs(np.hypot(*places.T) - 7).max() < 0.05
    angles = np.degrees(np.arctan2(places[:, 1], -places[:, 0]))
    assert -30.2 < angles.min() < -27 and 27 < angles.max() < 30.2 and abs(angles.mean()) < 3


def test_zoom_moves_everything_from_the_middle_by_its_factor() -> None:
    x = np.tile(blob(6.5, 13.5), (300, 1, 1, 1))
    places = np.array([middle(picture[0]) for picture in Warp(zoom=0.2)(x, seed=0, step=0)])
    factors = -places[:, 0] / 7
    assert 0.79 < factors.min() < 0.83 and 1.17 < factors.max() < 1.21 and np.abs(places[:, 1]).max() < 0.05


def test_a_bend_moves_neighbours_alike_and_not_too_far() -> None:
    x = np.stack([blob(9.5, 9.5), blob(11.5, 9.5), blob(18.5, 18.5)])
    together = np.tile(x[None], (200, 1, 1, 1))  # three channels of one picture are bent by one field
    bent = Warp(bend=3.0)(together, seed=2, step=0)
    moved = np.array([[middle(c) for c in picture] for picture in bent]) - [middle(c) for c in x]
    assert 0.3 < moved.std() < 3 and np.abs(moved).max() < 3.5
    near, far = (np.corrcoef(moved[:, 0, 0], moved[:, k, 0])[0, 1] for k in (1, 2))
    assert near > 0.8 > far


def read_off(x: NDArray[np.float32], down: NDArray[np.float32], across: NDArray[np.float32]) -> NDArray[np.float32]:
    y = np.empty_like(x)
    _read_off(x, down, across, y)
    return y


def test_between_pixels_it_is_the_mean_and_outside_paper() -> None:
    x = np.random.default_rng(0).random((5, 1, 7, 7)).astype(np.float32)
    quarter = Warp(degrees=0)._places(np.zeros((5, 52), np.float32), 7, 7)
    assert np.allclose(read_off(x, quarter[1] * 0 + quarter[0] + 1, quarter[1])[:, :, :-1], x[:, :, 1:], atol=1e-6)
    assert (read_off(x, quarter[0] + 1, quarter[1])[:, :, -1] == 0).all()  # what comes in is paper
    half = read_off(x, quarter[0], quarter[1] + np.float32(0.5))
    assert np.allclose(half[..., :-1], (x[..., 1:] + x[..., :-1]) / 2, atol=1e-6)


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
    with pytest.raises(ValueError, match=r"Warp\(zoom=2\): zoom is a number from 0 to 0\.9"):
        Warp(zoom=2)
    with pytest.raises(ValueError, match=r"no augmentation 'Spin'; there are Shift, Crop, Flip, CutOut, Warp"):
        from_dict({"name": "Spin"})
