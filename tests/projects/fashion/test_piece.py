"""A piece of clothing in a photo of one's own is found, cut out, and laid out like the pictures of the data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cutaway.projects.fashion import picture
from cutaway.projects.fashion.piece import ground, piece_in


def shirt(height: int = 60, width: int = 50) -> Any:
    """Where it is: a body with two sleeves, as wide as high with them."""
    mask = np.zeros((height, width), bool)
    mask[:, width // 5 : -(width // 5)] = True
    mask[: height // 3] = True
    return mask


def photo(
    where: Any, colour: Any, paper: Any, sides: tuple[int, int] = (90, 70), at: tuple[int, int] = (14, 10)
) -> Any:
    pixels = np.broadcast_to(np.asarray(paper, np.float32), (*sides, 3)).copy()
    pixels[at[0] : at[0] + where.shape[0], at[1] : at[1] + where.shape[1]][where] = colour
    return pixels


def save(pixels: Any, path: Path) -> Path:
    Image.fromarray(np.uint8(np.round(np.clip(pixels, 0, 1) * 255))).save(path)
    return path


def likeness(found: Any, where: Any) -> float:
    """How much of the two shapes is common to both, of all that either covers."""
    wanted = piece_in(photo(where, 0.0, 1.0)) > 0.5
    shape = found > 0.2
    return float((shape & wanted).sum() / (shape | wanted).sum())


def test_a_shops_photo_becomes_a_picture_as_in_the_data_set(tmp_path: Path) -> None:
    pixels = photo(shirt(), (0.1, 0.1, 0.3), 0.98)
    dark_on_white = picture(save(pixels, tmp_path / "white.png"))
    light_on_black = picture(save(1 - pixels, tmp_path / "black.png"))
    assert dark_on_white.shape == (1, 28, 28) and dark_on_white.dtype == np.float32
    rows, columns = np.nonzero(dark_on_white[0] > 0.3)
    assert rows.min() == 0 and rows.max() == 27  # the longer side from edge to edge
    assert abs((columns.min() + columns.max()) / 2 - 13.5) <= 1  # in the middle
    assert dark_on_white[0, 14, 14] > 0.8 and dark_on_white[0, 27, 0] == 0
    assert np.abs(dark_on_white - light_on_black).max() < 0.05


def test_a_picture_of_the_data_set_stays_what_it_is(tmp_path: Path) -> None:
    own = np.zeros((28, 28), np.float32)
    own[:, 6:22] = np.linspace(0.4, 1, 16)
    found = picture(save(np.repeat(own[..., None], 3, -1), tmp_path / "own.png"))
    assert np.abs(found[0] - own).max() < 0.02


@pytest.mark.parametrize(
    ("colour", "paper"),
    [((0.15, 0.2, 0.5), (0.75, 0.6, 0.45)), ((0.9, 0.9, 0.88), (0.6, 0.1, 0.15)), ((0.5, 0.5, 0.5), (0.2, 0.35, 0.2))],
    ids=["blue on wood", "white on red", "grey on green"],
)
def test_a_photo_on_a_floor_with_light_shadow_and_grain(colour: Any, paper: Any) -> None:
    chance = np.random.default_rng(0)
    pixels = photo(shirt(), colour, paper) * np.linspace(0.8, 1.1, 90)[:, None, None]
    pixels = np.clip(pixels + chance.normal(0, 0.03, pixels.shape), 0, 1)
    assert ground(np.float32(pixels)) is None
    found = piece_in(pixels)
    assert likeness(found, shirt()) > 0.85
    assert found[found > 0].mean() == pytest.approx(0.6, abs=0.1)  # however light the photo is


def test_a_pattern_on_the_piece_does_not_tear_it() -> None:
    where = shirt()
    striped = np.where(np.arange(60)[:, None, None] // 6 % 2, (0.8, 0.1, 0.1), (0.9, 0.9, 0.85)) * np.ones((1, 50, 1))
    pixels = photo(where, 0.0, (0.45, 0.4, 0.3))
    pixels[14:74, 10:60][where] = striped[where]
    pixels += np.random.default_rng(1).normal(0, 0.03, pixels.shape)
    assert likeness(piece_in(np.clip(pixels, 0, 1)), where) > 0.8


def test_pictures_without_a_piece_are_shown_as_they_are(tmp_path: Path) -> None:
    blank = piece_in(np.full((40, 30, 3), 0.8))
    assert blank.shape == (28, 28) and np.isfinite(blank).all()
    noise = piece_in(np.random.default_rng(0).random((40, 30, 3)))
    assert noise.shape == (28, 28) and noise.max() <= 1
    for sides in ((1, 1), (2, 300), (400, 3)):
        assert picture(save(np.random.default_rng(0).random((*sides, 3)), tmp_path / "odd.png")).shape == (1, 28, 28)
    with pytest.raises(ValueError, match="There is no file"):
        picture(tmp_path / "none.png")


def test_what_is_transparent_is_paper(tmp_path: Path) -> None:
    pixels = np.zeros((70, 60, 4), np.uint8)
    pixels[5:65, 5:55][shirt()] = 30, 30, 80, 255
    Image.fromarray(pixels).save(tmp_path / "cut.png")
    found = picture(tmp_path / "cut.png")[0]
    assert found[14, 14] > 0.8 and found[27, 0] == 0


def test_the_tool_counts_photos_by_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    import read_photos

    from cutaway.projects import fashion

    for kind in ("dress", "pants", "hat"):
        (tmp_path / kind).mkdir()
        for k in range(2):
            save(photo(shirt(), 0.1, 0.98), tmp_path / kind / f"{k}.png")
    always = np.eye(10)[fashion.CLASSES.index("dress")]
    monkeypatch.setattr(fashion, "reader", lambda folder: lambda x: np.tile(always, (len(x), 1)))
    assert read_photos.main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["dress", "2", "of", "2"] and lines[1].split()[:4] == ["pants", "0", "of", "2"]
    assert lines[2].split() == ["all", "2", "of", "4", "50.0", "%"]
