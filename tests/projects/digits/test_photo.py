"""Reading picture files: formats, turns, transparency, and sentences for what is no picture."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from cutaway.projects.digits.photo import LONGEST, read
from cutaway.projects.digits.picture import PictureError

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def grey():
    """Non-square, brighter to the right."""
    return np.linspace(40, 220, 40 * 30).reshape(30, 40).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tiff"])
def test_formats(tmp_path, grey, suffix):
    Image.fromarray(grey).save(tmp_path / f"digit.{suffix}")
    found = read(tmp_path / f"digit.{suffix}")
    assert found.shape == (30, 40) and found.dtype == np.float32
    assert np.abs(found - grey / 255).max() < 0.03


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I", "F", "I;16"])
def test_kinds_of_pixels(tmp_path, grey, mode):
    image = Image.fromarray(grey.astype(np.uint16) * 200) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    image.save(tmp_path / "digit.tiff")
    found = read(tmp_path / "digit.tiff")
    assert found.shape == (30, 40) and found.min() >= 0 and found.max() <= 1
    assert found[:5].mean() < found[-5:].mean() - 0.3


def test_the_turn_that_a_phone_wrote_is_obeyed(tmp_path, grey):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.fromarray(grey).save(tmp_path / "phone.jpg", exif=exif)
    found = read(tmp_path / "phone.jpg")
    assert found.shape == (40, 30)
    assert np.abs(found - np.rot90(grey, -1) / 255).max() < 0.03


@pytest.mark.parametrize(("ink", "paper"), [(0, 1.0), (255, 0.0)])
def test_what_is_transparent_becomes_paper_under_the_ink(tmp_path, ink, paper):
    pixels = np.zeros((20, 20, 2), np.uint8)
    pixels[5:15, 9:12] = ink, 255
    Image.fromarray(pixels, "LA").save(tmp_path / "drawn.png")
    found = read(tmp_path / "drawn.png")
    assert found[0, 0] == paper and found[10, 10] == ink / 255


def test_a_large_photo_is_reduced_first(tmp_path):
    Image.new("L", (4000, 3000), 200).save(tmp_path / "large.jpg")
    assert max(read(tmp_path / "large.jpg").shape) == LONGEST


def test_sentences_for_what_is_no_picture(tmp_path, grey):
    (tmp_path / "words.png").write_text("not a picture", encoding="utf-8")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8)).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:3000])
    for name, words in [
        ("words.png", "not a picture that Pillow can read"),
        ("cut.png", "cannot be read as a picture"),
        ("missing.png", "There is no file"),
        (".", "is a folder"),
    ]:
        with pytest.raises(PictureError, match=words):
            read(tmp_path / name)


def test_without_pillow_the_sentence_says_what_to_type(monkeypatch, tmp_path):
    real = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "PIL":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match="-m pip install pillow"):
        read(tmp_path / "digit.png")
