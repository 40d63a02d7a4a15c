"""Any drawing of a digit becomes the same picture, whatever paper, light, pen and place it had."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.projects.digits.picture import PictureError, centred, digit_in, ink_of, resized, shapes_in


def seven(height: int = 240, width: int = 180, top: int = 40, left: int = 40, size: int = 140, pen: int = 14):
    """Ink 0 to 1: a seven out of two straight strokes."""
    rows, columns = np.mgrid[:height, :width].astype(float)
    bar = (abs(rows - top) <= pen / 2) & (columns >= left) & (columns <= left + size * 0.6)
    down = (rows - top) / size
    stem = (abs(columns - (left + size * (0.6 - 0.35 * down))) <= pen / 2) & (down >= 0) & (down <= 1)
    return (bar | stem).astype(np.float64)


EXPECTED = digit_in(1 - 0.9 * seven())
SHADOW = np.linspace(0.3, 1, 240)[:, None] * np.where(np.arange(180) < 90, 0.6, 1.0)


def gap(picture):
    """How far from the expected picture, allowing for one pixel of place."""
    shifts = [np.roll(picture, (down, across), (0, 1)) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    return min(float(np.abs(shifted - EXPECTED).mean()) for shifted in shifts)


def test_the_picture_is_like_the_training_pictures():
    assert EXPECTED.shape == (28, 28) and EXPECTED.dtype == np.float32
    assert EXPECTED.min() == 0 and EXPECTED.max() == 1
    rows, columns = np.nonzero(EXPECTED)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    for axis in (0, 1):
        middle = (EXPECTED.sum(1 - axis) * (np.arange(28) + 0.5)).sum() / EXPECTED.sum()
        assert abs(middle - 14) <= 0.5
    assert EXPECTED[rows.min() + 1].sum() > 3 * EXPECTED[rows.max() - 1].sum()  # upright: the bar is on top
    assert gap(EXPECTED[:, ::-1]) > 0.08  # what the limits below are to be held against


@pytest.mark.parametrize(
    ("name", "grey"),
    [
        ("light on dark", 0.1 + 0.8 * seven()),
        ("faint pencil", 0.8 - 0.12 * seven()),
        ("gradient and the hard edge of a shadow", (1 - 0.7 * seven()) * SHADOW),
        ("elsewhere on the page", 1 - 0.9 * seven(400, 300, 200, 150)),
        ("twice as large", 1 - 0.9 * seven(480, 360, 80, 80, 280, 28)),
        ("a dark table beside the paper", np.hstack([1 - 0.9 * seven(), np.full((240, 20), 0.2)])),
    ],
)
def test_light_paper_and_place_make_no_difference(name, grey):
    assert gap(digit_in(grey)) < 0.03, name


def test_grain_and_specks_are_not_ink():
    noise = np.random.default_rng(0).normal(0, 0.03, (240, 180))
    grey = 1 - 0.7 * seven() + noise
    grey[215:222, 10:17] = 0.2
    assert gap(digit_in(np.clip(grey, 0, 1))) < 0.03


def test_a_thin_pen_is_made_as_wide_as_a_training_stroke():
    thin = digit_in(1 - 0.9 * seven(pen=3))
    assert thin.sum() > 0.7 * EXPECTED.sum()


def test_a_training_picture_comes_back_as_it_was():
    assert gap(digit_in(EXPECTED)) < 0.03


def test_the_two_strokes_of_one_digit_stay_together():
    grey = np.ones((200, 200))
    grey[40:160, 60:70] = grey[40:160, 120:130] = 0  # strokes that do not touch
    picture = digit_in(grey)
    assert picture[14, :14].max() > 0.9 and picture[14, 14:].max() > 0.9


@pytest.mark.parametrize(
    "blank",
    [
        np.ones((60, 60)),
        np.zeros((60, 60)),
        np.linspace(0.2, 1, 3600).reshape(60, 60),
        np.clip(np.random.default_rng(1).normal(0.7, 0.05, (300, 300)), 0, 1),
    ],
)
def test_a_blank_picture_is_said_to_be_blank(blank):
    with pytest.raises(PictureError, match="looks blank"):
        digit_in(blank)


def test_too_few_pixels_are_refused_with_their_number():
    with pytest.raises(PictureError, match="3 x 4 pixels"):
        digit_in(np.ones((3, 4)))


def test_centred_keeps_a_digit_with_all_its_weight_on_one_side_inside_the_field():
    digit = np.zeros((20, 20), np.float32)
    digit[:, 19] = 1
    assert centred(digit).sum() == 20


def test_resized_keeps_the_mean_and_fades_thin_lines_without_losing_them():
    line = np.zeros((90, 90))
    line[:, 44] = 1
    small = resized(line, (9, 9))
    assert small.mean() == pytest.approx(line.mean(), rel=1e-5)
    assert 0.05 < small[4, 4] < 0.2


def test_shapes_in_follows_a_spiral_to_its_end():
    mask = np.zeros((9, 9), bool)
    for square in (slice(1, 8), slice(3, 6)):
        mask[square, square] = True
        inner = slice(square.start + 1, square.stop - 1)
        mask[inner, inner] = False
    mask[2, 7] = False
    found = shapes_in(mask)
    assert (found == mask).all()


def test_ink_in_deep_shadow_counts_as_much_as_ink_in_the_light():
    grey = (1 - 0.4 * seven(pen=20)) * np.where(np.arange(240) < 110, 1.0, 0.25)[:, None]  # the edge crosses the stem
    ink = ink_of(grey.astype(np.float32))
    lit, dark = ink[60:95][seven(pen=12)[60:95] > 0], ink[125:170][seven(pen=12)[125:170] > 0]
    assert np.median(lit) > 0.97 and np.median(dark) > 0.97


def test_ink_of_is_zero_on_paper_and_one_in_a_stroke():
    ink = ink_of((1 - 0.5 * seven()).astype(np.float32))
    assert ink[seven() == 0].mean() < 0.03 and np.median(ink[seven() == 1]) == 1
