"""The parts of the painter: the eye, what it compares, the places it finds, the gradient of it all, and its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cutaway import nn
from cutaway.engine import Tape, Tensor, backward, check_grads
from cutaway.projects import paint
from cutaway.projects.paint import picture
from cutaway.projects.paint.matching import nearest
from cutaway.projects.paint.wish import Goal, Wish, gram, pooled


def noise(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).random(shape)


def small_eye(seed: int = 0) -> paint.Eye:
    """Five layers with few stencils, in double precision."""
    chance = np.random.default_rng(seed)
    shapes = [(4, 3, 5), (5, 4, 3), (6, 5, 3), (5, 6, 3), (4, 5, 3)]
    return paint.Eye(
        [(chance.normal(size=(o, i, k, k)) / np.sqrt(i * k * k), chance.normal(size=o)) for o, i, k in shapes]
    )


def test_the_gradient_of_the_whole_wish_is_the_slope_that_is_measured() -> None:
    look = small_eye()
    canvas, painting = noise(1, 3, 8, 12), noise(1, 3, 12, 8, seed=1)
    seen = [part.numpy() for part in look(Tensor(canvas))]
    goals = [Goal(2, 0.5), Goal(4, 0.3), Goal(2, 0.2, colours=True), Goal(4, 0.1, colours=True)]
    parts = [seen[2], seen[4], noise(1, 3, 4, 6), noise(1, 3, 2, 3)]
    wanted = np.concatenate([noise(*part.shape, seed=k).ravel() for k, part in enumerate(parts)])[None]
    strokes = [part.numpy() for part in look(Tensor(painting))]
    wish = Wish(look, strokes, goals, style=2.0, smooth=3.0)
    check_grads(lambda x: wish(x, Tensor(wanted)), [canvas])
    with Tape():  # and it is not the slope of a part of it
        x = Tensor(canvas)
        (whole,) = backward(wish(x, Tensor(wanted)), [x])
    for less in (
        Wish(look, strokes, goals, style=0.0, smooth=3.0),
        Wish(look, strokes, goals, style=2.0, smooth=0.0),
        Wish(look, strokes, [*goals[:3], Goal(4, 0.0, colours=True)], style=2.0, smooth=3.0),
    ):
        with Tape():
            x = Tensor(canvas)
            (part,) = backward(less(x, Tensor(wanted)), [x])
        assert np.abs(part.numpy() - whole.numpy()).max() > 1e-6


def test_every_wish_is_fulfilled_by_the_painting_itself() -> None:
    look, painting = small_eye(), noise(1, 3, 8, 12)
    seen = [part.numpy() for part in look(Tensor(painting))]
    wish = Wish(look, seen, [Goal(2, 1.0)], style=1.0, smooth=0.0)
    assert float(wish(Tensor(painting), Tensor(seen[2].reshape(1, -1))).numpy()) < 1e-20


def test_gram_matrices_know_strokes_but_no_places() -> None:
    seen = noise(1, 3, 4, 5)
    turned = np.ascontiguousarray(seen[:, :, ::-1, ::-1])
    assert np.allclose(gram(Tensor(seen)).numpy(), gram(Tensor(turned)).numpy())
    rows = seen.reshape(3, -1)
    assert np.allclose(gram(Tensor(seen)).numpy(), rows @ rows.T / 20)


def test_pooled_colours_are_means_of_places() -> None:
    x = noise(1, 3, 8, 12)
    assert np.allclose(pooled(Tensor(x), 4).numpy(), x.reshape(1, 3, 2, 4, 3, 4).mean((3, 5)))
    assert pooled(Tensor(x), 1).numpy() is x or (pooled(Tensor(x), 1).numpy() == x).all()


def test_the_eye_sees_what_the_network_sees_that_was_trained() -> None:
    net = paint.network((4, 5, 6), seed=3)
    net.train()
    for k in range(3):  # batch norms that have something to fold
        with Tape() as tape:
            net(Tensor(noise(4, 3, 16, 20, seed=k).astype(np.float32)))
        for name, buffer in net.named_buffers().items():
            buffer.data = np.asarray(tape.values[tape.carry[name]])
    for norm in (m for m in net.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.weight.data = noise(*norm.weight.shape, seed=7).astype(np.float32) + 0.5
    net.eval()
    x = noise(1, 3, 16, 20, seed=9).astype(np.float32)
    eye = paint.Eye.of(net)
    seen = eye.look(x)
    votes = net.modules()[-1]
    assert isinstance(votes, nn.Linear)
    assert np.allclose(votes(Tensor(seen[4].mean((2, 3)))).numpy(), net(Tensor(x)).numpy(), atol=1e-5)
    assert [part.shape[1:] for part in seen] == [(4, 16, 20), (5, 8, 10), (5, 8, 10), (6, 4, 5), (6, 4, 5)]
    for planned, plain in zip(seen, eye(Tensor(x)), strict=True):
        assert np.allclose(planned, plain.numpy(), atol=1e-5)


def test_what_ships_is_small_and_says_how_it_was_made() -> None:
    about = json.loads(paint.SHIPPED.with_suffix(".json").read_text())
    assert about["held-out accuracy"] > 0.8 and about["recipe"]["seed"] == 0 and "sha256" in about["data"]
    assert paint.SHIPPED.stat().st_size < 2e6
    seen = paint.eye()(Tensor(noise(1, 3, 16, 12).astype(np.float32)))
    assert all(np.isfinite(part.numpy()).all() and part.numpy().max() > 0 for part in seen)


def test_nearest_finds_the_place_that_was_moved_in_whatever_light() -> None:
    there = np.random.default_rng(0).normal(size=(1, 6, 9, 11))
    here = np.roll(there, (2, 3), (2, 3)) * 3 + 30  # louder, and brighter
    found = nearest(here, there).reshape(9, 11)
    wanted = np.roll(np.arange(99).reshape(9, 11), (2, 3), (0, 1))
    assert (found[3:8, 4:10] == wanted[3:8, 4:10]).all()  # away from the seams


def test_nearest_offers_some_places_of_a_large_painting_and_compares_in_pieces() -> None:
    there = np.random.default_rng(1).normal(size=(1, 2, 90, 100))
    found = nearest(there, there)
    assert found.shape == (9000,) and found.max() < 9000
    assert (found == np.arange(9000)).mean() > 0.8  # 8,192 of the 9,000 are offered


# -- files --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mode", "size", "shape"),
    [
        ("RGB", (37, 23), (1, 3, 23, 37)),
        ("L", (5, 90), (1, 3, 90, 5)),
        ("RGBA", (12, 12), (1, 3, 12, 12)),
        ("I;16", (20, 10), (1, 3, 10, 20)),
        ("1", (9, 9), (1, 3, 9, 9)),
        ("RGB", (2000, 30), (1, 3, 15, 1024)),
        ("RGB", (1, 1), (1, 3, 1, 1)),
    ],
)
def test_any_picture_file_is_read(mode: str, size: tuple[int, int], shape: tuple[int, ...], tmp_path: Path) -> None:
    Image.new(mode, size).save(tmp_path / "a.png")
    read = paint.read(tmp_path / "a.png")
    assert read.shape == shape and read.dtype == np.float32 and 0 <= read.min() <= read.max() <= 1
    framed = picture.framed(read)
    assert all(n % 4 == 0 for n in framed.shape[2:])
    assert (picture.unframed(framed, read.shape[2:]) == read).all()


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    x = np.round(noise(1, 3, 9, 7) * 255).astype(np.float32) / np.float32(255)
    paint.write(tmp_path / "new" / "a.png", x)
    assert (paint.read(tmp_path / "new" / "a.png") == x).all()
    paint.write(tmp_path / "b.png", x * 3 - 1)  # what no file can hold is black or white
    assert paint.read(tmp_path / "b.png").max() == 1


def test_a_picture_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "progress.png"
    paint.write(file, noise(1, 3, 9, 7))
    before = file.read_bytes()

    def save(self: Any, where: Any, **_: Any) -> None:
        Path(where).write_bytes(before[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(OSError, match="No space"):
        paint.write(file, noise(1, 3, 9, 7, seed=1))
    assert file.read_bytes() == before and [f.name for f in tmp_path.iterdir()] == ["progress.png"]


def test_brightness_and_colours_come_apart_and_together() -> None:
    x, y = noise(1, 3, 4, 5).astype(np.float32), noise(1, 3, 4, 5, seed=1).astype(np.float32)
    mixed = picture.coloured(picture.grey(x), y)
    assert np.allclose(picture.grey(mixed), picture.grey(x), atol=1e-6)
    assert np.allclose(mixed - picture.grey(mixed), y - picture.grey(y), atol=1e-6)
