"""Folders of pictures: any picture file becomes an example, and what is none is refused by its name in one sentence."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import cutaway as ct
from cutaway import nn, optim
from cutaway.data import DataError
from cutaway.data.errors import FileFormatError
from cutaway.data.folders import image_folder, read_picture

LEFT_TO_RIGHT = np.linspace(20, 235, 64).astype(np.uint8)[None, :].repeat(64, 0)  # brighter to the right


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes, three dark and two light pictures."""
    for name, level, count in (("dark", 40, 3), ("light", 200, 2)):
        (tmp_path / name).mkdir()
        for k in range(count):
            Image.new("RGB", (20 + k, 30), (level, level + k, level)).save(tmp_path / name / f"{k}.png")
    return tmp_path


def test_a_folder_becomes_examples_in_order(folder: Path) -> None:
    (folder / "dark" / "older").mkdir()
    Image.new("L", (9, 9), 0).save(folder / "dark" / "older" / "x.JPG", "JPEG")
    for clutter in (".DS_Store", "Thumbs.db"):
        (folder / "light" / clutter).write_text("not a picture", encoding="utf-8")
    (folder / ".hidden").mkdir()
    (folder / "notes.txt").write_text("beside the classes", encoding="utf-8")
    ds = image_folder(folder, size=(8, 10))
    assert ds.x.shape == (6, 3, 8, 10) and ds.y.tolist() == [0, 0, 0, 0, 1, 1] and ds.classes == ("dark", "light")
    assert np.allclose(ds.x[:3, 1, 0, 0] * 255, [40, 41, 42]) and ds.x[3].max() < 0.02
    assert ds.name == folder.name and image_folder(folder, size=4, grey=True).x.shape == (6, 1, 4, 4)


def test_a_folder_trains_with_one_call(folder: Path) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 4, 2))
    run = ct.Run(net, nn.CrossEntropyLoss(), optim.Adam(0.05), ct.data.image_folder(folder, size=4), batch_size=5)
    assert run.train(batches=60, progress=False).curve("accuracy")[-1] == 1


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tiff"])
def test_formats(suffix: str, tmp_path: Path) -> None:
    Image.fromarray(LEFT_TO_RIGHT).save(tmp_path / f"a.{suffix}")
    found = read_picture(tmp_path / f"a.{suffix}", 32)
    assert found.shape == (3, 32, 32) and found.dtype == np.uint8
    assert np.abs(found[0].astype(int) - np.asarray(Image.fromarray(LEFT_TO_RIGHT).resize((32, 32)))).max() < 8


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I", "F", "I;16"])
def test_kinds_of_pixels(mode: str, tmp_path: Path) -> None:
    image: Any = Image.fromarray(LEFT_TO_RIGHT)
    if mode == "I;16":
        deep = LEFT_TO_RIGHT.astype(np.uint16) * 257
        image = Image.fromarray(deep)
    elif mode == "I":
        image = Image.fromarray(LEFT_TO_RIGHT.astype(np.int32) * 257)
    elif mode == "F":
        image = Image.fromarray(LEFT_TO_RIGHT.astype(np.float32) / 255)
    else:
        image = image.convert(mode)
    kind = "png" if mode in ("P", "LA") else "tiff"
    image.save(tmp_path / f"a.{kind}")
    found = read_picture(tmp_path / f"a.{kind}", 16, grey=True)[0].astype(int)
    assert abs(found[:, 0].mean() - 27) < 15 or (mode == "1" and found[:, :3].mean() < 60)
    assert abs(found[:, -1].mean() - 228) < 15 or (mode == "1" and found[:, -3:].mean() > 195)


def test_the_middle_of_a_wide_picture_is_kept_and_colours_stay(tmp_path: Path) -> None:
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 10, 150, 250
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    found = read_picture(tmp_path / "wide.png", 10).astype(int)
    inner = found[:, :, 1:-1]  # at its edge a little of what is beside it shines in
    assert np.abs(inner - np.array([10, 150, 250])[:, None, None]).max() <= 5


def test_the_turn_that_a_camera_noted_is_obeyed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.fromarray(LEFT_TO_RIGHT).save(tmp_path / "phone.jpg", exif=exif)
    found = read_picture(tmp_path / "phone.jpg", 32, grey=True)[0]
    assert found[0].mean() < 40 and found[-1].mean() > 215  # what was to the right is below


def test_what_is_transparent_is_laid_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 4:] = 200, 0, 0, 255
    Image.fromarray(pixels).save(tmp_path / "half.png")
    found = read_picture(tmp_path / "half.png", 8)
    assert (found[:, :, :3] == 255).all() and (found[:, :, 6] == np.array([200, 0, 0])[:, None]).all()


def test_a_large_picture_is_read_and_an_absurd_one_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (4000, 3000), 90).save(tmp_path / "large.jpg")
    assert abs(int(read_picture(tmp_path / "large.jpg", 8).mean()) - 90) <= 1
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 8_000_000)
    assert read_picture(tmp_path / "large.jpg", 8).shape == (3, 8, 8)  # Pillow only warns here: no warning comes out
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    with pytest.raises(FileFormatError, match=r"large\.jpg is too large a picture"):
        read_picture(tmp_path / "large.jpg", 8)


def test_what_is_no_whole_picture_is_named_in_one_sentence(folder: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8)
    for suffix in ("png", "jpg", "gif", "tiff", "bmp", "webp"):
        Image.fromarray(noise).save(folder / f"whole.{suffix}")
        content = (folder / f"whole.{suffix}").read_bytes()
        for length in (len(content) // 2, 60, 12):
            cut = folder / "light" / f"cut.{suffix}"
            cut.write_bytes(content[:length])
            with pytest.raises(FileFormatError, match=rf"cut\.{suffix}") as met:
                image_folder(folder)
            assert "\n" not in str(met.value)
            cut.unlink()
    (folder / "light" / "words.png").write_text("not a picture", encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"words\.png is not a picture that Pillow can read"):
        image_folder(folder)
    with pytest.raises(FileFormatError, match="There is no file"):
        read_picture(folder / "none.png")
    with pytest.raises(FileFormatError, match="is a folder"):
        read_picture(folder)


def test_folders_that_are_not_as_they_should_be(folder: Path) -> None:
    with pytest.raises(DataError, match="There is no folder"):
        image_folder(folder / "none")
    with pytest.raises(DataError, match="that is a file"):
        image_folder(folder / "dark" / "0.png")
    with pytest.raises(DataError, match=r"has no sub-folders. Pictures are sorted into one sub-folder for each class"):
        image_folder(folder / "dark")
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match=r"no picture in .*empty"):
        image_folder(folder)
    for size in (0, 2.5, (1, 2, 3), True):
        with pytest.raises(DataError, match="size is how many pixels"):
            image_folder(folder, size=size)  # type: ignore[arg-type]


def test_without_pillow_the_sentence_says_what_to_type(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "PIL":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match="-m pip install pillow"):
        image_folder(folder)
