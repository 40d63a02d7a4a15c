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


BROAD = seven(220, 170, 40, 40, 140, 34)


@pytest.mark.parametrize("grey", [1 - 0.9 * BROAD, 0.1 + 0.8 * BROAD], ids=["dark", "light"])
def test_a_broad_pen_cut_out_along_its_ink_is_read_like_one_with_paper_around(grey):
    rows, columns = np.nonzero(BROAD)
    cut = grey[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert np.abs(digit_in(cut) - digit_in(np.pad(grey, 40, mode="edge"))).mean() < 0.03


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("dark", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("tilt", [0, 0.04])
def test_ruled_and_squared_paper_is_paper(squared, dark, tilt):
    rows, columns = np.mgrid[:240, :180]
    lines = ((rows + tilt * columns) % 40 < 2) | (squared & ((columns - tilt * rows) % 40 < 2))
    assert gap(digit_in(1 - 0.9 * np.maximum(seven(), dark * lines))) < 0.04


def test_a_stroke_as_long_as_a_line_of_the_page_stays():
    bar = seven(160, 150, 20, 20, 120, 14)
    bar[20:34, 2:148] = 1  # nearly from side to side
    assert digit_in(1 - 0.9 * bar)[:14].sum() > 40


@pytest.mark.parametrize("grey", [seven(), 1 - seven()], ids=["light", "dark"])
def test_few_pixels_are_the_same_digit_enlarged_or_not(grey):
    few = resized(grey[30:190, 20:160], (8, 7))
    once = digit_in(few)
    assert (digit_in(few.repeat(20, 0).repeat(20, 1)) == once).all()
    assert np.abs(digit_in(resized(few, (160, 140))) - once).mean() < 0.02
    assert gap(once) < 0.06


def test_the_eyes_of_a_blurred_eight_stay_open():
    rows, columns = np.mgrid[:28, :20]
    rings = [abs(np.hypot((rows - middle) / 1.1, columns - 9.5) - 5) < 1.4 for middle in (8, 19)]
    few = resized(rings[0] | rings[1], (12, 9))
    eight = digit_in(few)
    eyes = [eight[7:13, 12:16].min(), eight[15:21, 12:16].min()]
    assert max(eyes) < 0.4 and eight.max() == 1


@pytest.mark.parametrize("corner", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_a_slanted_shadow_is_not_the_digit(corner):
    rows, columns = np.mgrid[:240, :180]
    light = np.where(rows * 0.7 + columns < 90, 0.6, 1.0)[:: corner[0], :: corner[1]] * np.linspace(0.7, 1, 180)
    grain = np.random.default_rng(0).normal(0, 0.01, light.shape)
    assert gap(digit_in(light * (0.95 - 0.5 * seven(pen=9)) + grain)) < 0.05


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
