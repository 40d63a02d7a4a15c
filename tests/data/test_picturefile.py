"""Whatever file is named: it is read as a picture, or refused in one sentence that names it."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cutaway.cli import app
from cutaway.data.errors import FileFormatError
from cutaway.data.folders import image_folder, read_picture
from cutaway.data.picturefile import LARGEST, picture_in
from cutaway.engine.errors import CutawayError
from cutaway.projects import digits

SEVEN = np.full((120, 90), 255, np.uint8)
SEVEN[20:30, 20:70] = 0
for _row in range(20, 100):
    _left = round(60 - (_row - 20) * 0.35)
    SEVEN[_row, _left : _left + 10] = 0
INK = Image.fromarray(SEVEN)
EXPECTED = digits.digit_in(SEVEN / np.float32(255))
TURNED = Image.Exif()
TURNED[0x0112] = 8  # to be turned a quarter to the left


def colour_key() -> Any:
    """A palette, one entry of which is transparent: the paper."""
    image = INK.convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    image.info["transparency"] = image.getpixel((0, 0))
    return image


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG that says it is so large, and holds these chunks."""
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), *chunks]
    )


BEGIN = chunk(b"IDAT", zlib.compress(bytes(1000)))


def garbled_exif(path: Path) -> None:
    INK.save(path, exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff" + b"\x12\x01\x03\x00" * 9)


READ: dict[str, Callable[[Path], Any]] = {
    "grey.png": lambda p: INK.save(p),
    "grey.jpg": lambda p: INK.save(p, quality=90),
    "colour.webp": lambda p: INK.convert("RGB").save(p),
    "bits.png": lambda p: INK.convert("1").save(p),
    "bits.tiff": lambda p: INK.convert("1").save(p),
    "palette.gif": lambda p: INK.convert("P").save(p),
    "key.png": lambda p: colour_key().save(p),
    "key.gif": lambda p: colour_key().save(p),
    "grey key.png": lambda p: INK.save(p, transparency=255),
    "rgba.png": lambda p: Image.merge("RGBA", [INK, INK, INK, INK.point(lambda v: 255 - v)]).save(p),
    "la.png": lambda p: Image.merge("LA", [INK, INK.point(lambda v: 255 - v)]).save(p),
    "deep.png": lambda p: Image.fromarray(SEVEN.astype(np.uint16) * 16).save(p),  # 12 of the 16 bits
    "deep.tiff": lambda p: Image.fromarray(SEVEN.astype(np.int32) * 70000).save(p),
    "fractions.tiff": lambda p: Image.fromarray(np.where(SEVEN > 0, np.nan, -1).astype(np.float32)).save(p),
    "ink.jpg": lambda p: INK.convert("CMYK").save(p, quality=90),
    "lab.tiff": lambda p: Image.merge("LAB", [INK, *[Image.new("L", INK.size, 0)] * 2]).save(p),
    "phone.jpg": lambda p: INK.rotate(-90, expand=True).save(p, exif=TURNED, quality=90),
    "garbled note.jpg": garbled_exif,
    "moving.gif": lambda p: INK.save(p, save_all=True, append_images=[Image.new("L", INK.size, 9)] * 2),
    "moving.png": lambda p: INK.save(p, save_all=True, append_images=[Image.new("L", INK.size, 9)]),
    "pages.tiff": lambda p: INK.save(p, save_all=True, append_images=[Image.new("L", (7, 7), 9)]),
    "wrong ending.txt": lambda p: INK.save(p, "PNG"),
    "large.jpg": lambda p: INK.resize((4500, 6000)).save(p),
    "large deep.png": lambda p: Image.fromarray(SEVEN.astype(np.uint16).repeat(20, 0).repeat(20, 1) * 257).save(p),
}
REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "empty.png": (lambda p: p.write_bytes(b""), "is empty"),
    "words.png": (lambda p: p.write_text("not a picture", encoding="utf-8"), "is not a picture"),
    "phone.heic": (lambda p: p.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "Save it as JPEG or PNG first"),
    "drawn.svg": (lambda p: p.write_text("<svg/>", encoding="utf-8"), "Save it as JPEG or PNG first"),
    "program.eps": (lambda p: INK.save(p), "is not a picture"),
    "folder.png": (lambda p: p.mkdir(), "is a folder"),
    "missing.png": (lambda p: None, "There is no file"),
    "bomb.png": (lambda p: p.write_bytes(png(60_000, 60_000, BEGIN)), "100 million pixels"),
    "smaller bomb.png": (lambda p: p.write_bytes(png(12_000, 12_000, BEGIN)), "100 million pixels"),
    "text bomb.png": (
        lambda p: p.write_bytes(png(9, 9, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000))))),
        "cannot be read as a picture",
    ),
    "nothing in it.png": (lambda p: p.write_bytes(png(9, 9, chunk(b"IEND", b""))), "cannot be read as a picture"),
}


@pytest.mark.parametrize("name", READ)
def test_it_is_read_upright_by_everybody(name: str, tmp_path: Path) -> None:
    READ[name](tmp_path / name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing of what Pillow thinks of the file comes out
        found = digits.digit_in(digits.read(tmp_path / name))
        small = read_picture(tmp_path / name, (40, 30))
    assert np.abs(found - EXPECTED).mean() < 0.04, name
    assert small.shape == (3, 40, 30) and small.dtype == np.uint8
    if "deep" not in name and "fractions" not in name and "lab" not in name:
        assert small[:, 20, 3].min() > 240 and small[:, 8, 12].max() < 60, name  # white paper, black bar


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_sentence_by_everybody(name: str, tmp_path: Path) -> None:
    make, words = REFUSED[name]
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
        INK.save(tmp_path / part / "fine.png")
    path = tmp_path / "a" / name
    make(path)
    refusing: list[Callable[[], Any]] = [lambda: digits.read(path), lambda: read_picture(path)]
    if path.is_file():
        refusing.append(lambda: image_folder(tmp_path, size=8))
    for call in refusing:
        with pytest.raises(CutawayError) as met:
            call()
        said = str(met.value)
        assert words in said and name in said and "\n" not in said and said.endswith(".")
    told = CliRunner().invoke(app, ["try", "digits", str(path)])
    assert told.exit_code == 1 and words in told.output.replace("\n", " ")
    assert told.output.splitlines()[-1].startswith("Error: ") and "fault of Cutaway" not in told.output


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "tiff", "bmp", "webp"])
def test_a_damaged_file_is_read_or_refused_never_more(ending: str, tmp_path: Path) -> None:
    INK.convert("RGB").save(tmp_path / f"whole.{ending}")
    whole = (tmp_path / f"whole.{ending}").read_bytes()
    chance = np.random.default_rng(0)
    path = tmp_path / f"damaged.{ending}"
    refused = 0
    for trial in range(60):
        content = bytearray(whole)
        for place in chance.integers(0, min(len(whole), 400), 4):
            content[place] = chance.integers(256)
        path.write_bytes(content[: int(chance.integers(1, len(whole)))] if trial % 2 else content)
        try:
            kind = picture_in(path, 32)
            assert kind.mode in ("L", "RGB", "RGBA", "F")
        except FileFormatError as error:
            assert "\n" not in str(error) and path.name in str(error)
            refused += 1
    assert refused > 5


def test_a_larger_jpeg_is_shrunk_while_it_is_unpacked(tmp_path: Path) -> None:
    Image.new("L", (11_000, 11_000), 90).save(tmp_path / "wall.jpg")
    assert LARGEST < 11_000**2
    assert picture_in(tmp_path / "wall.jpg", 800).width < 2000
    assert abs(int(read_picture(tmp_path / "wall.jpg", 8).mean()) - 90) <= 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only Unix has pipes among its files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(FileFormatError, match="no file but a device"):
        picture_in(tmp_path / "pipe.png", 8)


@pytest.mark.parametrize("shape", [(5, 5), (5, 900), (900, 6), (1, 1), (2, 300), (7, 7)])
def test_pictures_of_any_shape_hold_a_digit_or_none(shape: tuple[int, int]) -> None:
    chance = np.random.default_rng(0)
    stroke = np.ones(shape, np.float32)
    stroke[shape[0] // 4 : shape[0] // 2 + 1, shape[1] // 4 : shape[1] // 2 + 1] = 0
    for grey in (chance.random(shape), stroke, 1 - stroke, np.zeros(shape), np.eye(*shape)):
        try:
            found = digits.digit_in(grey)
        except digits.PictureError:
            continue
        assert found.shape == (28, 28) and np.isfinite(found).all() and found.max() > 0.5
