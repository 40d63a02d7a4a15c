"""The handwriting in the package is what its note says."""

from __future__ import annotations

import numpy as np

from cutaway.data import catalog, load
from cutaway.data.digits import where


def test_eight_thousand_to_train_on_and_two_thousand_held_out() -> None:
    digits = load("digits")
    assert digits.train.x.shape == (8000, 1, 28, 28) and digits.test.x.shape == (2000, 1, 28, 28)
    assert digits.classes == digits.train.classes == tuple("0123456789")
    for part in (digits.train, digits.test):
        assert part.x.min() == 0 and part.x.max() == 1 and part.y.dtype == np.int64
        bytes_again = np.rint(part.x * 255)
        assert (bytes_again.astype(np.uint8) / np.float32(255) == part.x).all()


def test_no_picture_is_both_trained_on_and_held_out() -> None:
    digits = load("digits")
    train, test = ({x.tobytes() for x in part.x} for part in (digits.train, digits.test))
    assert len(train) == 8000 and len(test) == 2000 and not train & test


def test_both_parts_hold_the_same_share_of_every_class_in_mixed_order() -> None:
    digits = load("digits")
    train, test = (np.bincount(part.y, minlength=10) for part in (digits.train, digits.test))
    assert np.abs(train / 4 - test).max() < 1
    for part in (digits.train, digits.test):
        assert len(set(part.y[:100].tolist())) == 10
        assert (np.diff(part.y) != 0).mean() > 0.85


def test_the_pictures_show_the_digits_upright_with_bright_ink() -> None:
    digits = load("digits").train
    zero, one = (digits[digits.y == digit].x.mean(axis=(0, 1)) for digit in (0, 1))
    assert zero[14, 14] < 0.2 < zero[14, 7:10].max()  # a ring is empty in the middle
    assert one[14, 14] > 0.5 > one[14, 7]  # a stroke is not
    seven = digits[digits.y == 7].x.mean(axis=(0, 1))
    assert seven[:14].sum() > seven[14:].sum()  # more ink in the upper half: it is not upside down
    assert seven[14:, 20:].sum() < seven[14:, :14].sum()  # and not mirrored


def test_always_the_same_numbers() -> None:
    digits = load("digits")
    assert digits.train.checksum == "be76155ecec1d90d00fee28a96efb037a2df5439b77f106e28a77abbe685906d"
    assert digits.test.checksum == load("digits").test.checksum


def test_origin_and_licence_travel_with_the_file() -> None:
    note = where().with_name("digits.LICENCE.txt").read_text(encoding="utf-8")
    assert "CC BY-SA 3.0" in note and "LeCun" in note and "Cortes" in note and "Cazala" in note
    assert load("digits").licence == catalog()[0].licence == "CC BY-SA 3.0"
    assert where().stat().st_size <= 2_000_000
    assert "not MNIST's test set" in load("digits").about
    assert "8,000 to train on, 2,000 held out" in repr(load("digits"))
