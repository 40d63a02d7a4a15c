"""What the picture projects share: whitening, several looks, the report; and each recipe learns from few examples."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway import data, nn
from cutaway.engine import Tensor
from cutaway.engine.errors import ShapeError
from cutaway.projects.pictures import Views, report, stage, whiten

NAMES = ("mnist", "fashion", "objects")


def project(name: str) -> Any:
    return importlib.import_module(f"cutaway.projects.{name}")


def bars(channels: int, side: int, count: int = 120) -> data.Dataset:
    """Noisy pictures of a bar that lies (0) or stands (1) somewhere."""
    chance = np.random.default_rng(0)
    x = chance.random((count, channels, side, side)).astype(np.float32) * 0.3
    y = np.arange(count) % 2
    for picture, standing in zip(x, y, strict=True):
        at = chance.integers(4, side - 6)
        view = picture.swapaxes(1, 2) if standing else picture
        view[:, at : at + 3, 4:-4] += 0.7
    return data.Dataset(x, y, name="bars")


def examples(name: str) -> data.Dataset:
    return bars(3, 32) if name == "objects" else bars(1, 28)


def small(name: str, kind: str = "BEST", **changed: Any) -> Any:
    few = {"widths": (8, 8), "epochs": 4, "batch_size": 20, "average": 0.8, "workers": 1, **changed}
    return dataclasses.replace(getattr(project(name), kind), **few)


@pytest.mark.parametrize("kind", ["BEST", "QUICK"])
@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_learns_from_few_pictures(name: str, kind: str) -> None:
    epochs = 20 if name == "objects" else 6  # its last layer takes short steps
    run = project(name).new_run(small(name, kind, epochs=epochs), examples(name))
    project(name).go_on(run, progress=False)
    assert run.batch == run.goal == 6 * epochs
    unseen = examples(name)[-40:]
    assert project(name).report(run.predict, unseen).accuracy > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bits_and_another_one_others(name: str) -> None:
    def outputs(seed: int) -> Any:
        run = project(name).new_run(small(name, epochs=1, seed=seed), examples(name))
        return project(name).go_on(run, progress=False).predict(examples(name).x[:5])

    assert (outputs(3) == outputs(3)).all() and not (outputs(3) == outputs(4)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_run_is_asked_without_its_recipe(name: str, tmp_path: Path) -> None:
    run = project(name).go_on(project(name).new_run(small(name, epochs=1), examples(name)), progress=False)
    run.save(tmp_path / "run")
    x = examples(name).x[:7]
    assert np.allclose(project(name).reader(tmp_path / "run")(x), run.predict(x), atol=1e-6)


def test_the_first_layer_of_objects_is_made_from_the_pictures_and_stays() -> None:
    run = project("objects").new_run(small("objects", epochs=1), examples("objects"))
    before = run.state["0.weight"].copy()
    project("objects").go_on(run, progress=False)
    assert (run.state["0.weight"] == before).all() and not (run.state["0.bias"] == 0).any()


def test_whitened_sums_are_equally_loud_and_say_different_things() -> None:
    chance = np.random.default_rng(0)
    rough = chance.random((60, 3, 12, 12)).astype(np.float32)
    smooth = (
        rough + np.roll(rough, 1, 2) + np.roll(rough, 1, 3) + rough.mean(1, keepdims=True)
    ) / 4  # neighbours alike
    layer = nn.Conv2d(3, 24, 2)
    whiten(layer, smooth, smallest=0.0)
    sums = layer(Tensor(smooth)).numpy().transpose(1, 0, 2, 3).reshape(24, -1)
    assert np.allclose(np.cov(sums[:12]), np.eye(12), atol=0.02)
    assert np.allclose(sums.mean(1), 0, atol=1e-3) and np.allclose(sums[12:], -sums[:12], atol=1e-4)
    with pytest.raises(ShapeError, match=r"needs 24 outputs and a bias: nn\.Conv2d\(3, 24, 2\)"):
        whiten(nn.Conv2d(3, 20, 2), smooth)


def test_a_stage_halves_the_picture() -> None:
    net = nn.Sequential(*stage(2, 5, nn.SiLU))
    assert net(Tensor(np.zeros((1, 2, 7, 9), np.float32))).shape == (1, 5, 3, 4)


def test_views_are_moved_and_mirrored_copies() -> None:
    x = np.random.default_rng(0).random((2, 1, 5, 6)).astype(np.float32)
    same, right, up = Views(moved=((0, 0), (0, 2), (-1, 0)), paper=True).of(x)
    assert (same == x).all()
    assert (right[..., 2:] == x[..., :-2]).all() and (right[..., :2] == 0).all()
    assert (up[:, :, :-1] == x[:, :, 1:]).all() and (up[:, :, -1] == 0).all()
    whole, mirrored, moved, both = Views(mirrored=True, moved=((0, 0), (1, 1))).of(x)
    assert (mirrored == whole[..., ::-1]).all() and (both == moved[..., ::-1]).all()
    assert (moved[:, :, 0, 1:] == x[:, :, 1, :-1]).all()  # continued like in a mirror


def test_the_scores_of_all_views_are_averaged() -> None:
    x = np.random.default_rng(0).random((3, 1, 4, 4)).astype(np.float32)
    views = Views(mirrored=True, moved=((0, 0), (1, 0)))
    seen: list[Any] = []

    def read(view: Any) -> Any:
        seen.append(view)
        return view[:, 0, 0, :2]

    found = views.ask(read, x)
    assert len(seen) == len(views) == 4
    assert np.allclose(found, np.mean([view[:, 0, 0, :2] for view in seen], axis=0))


def test_the_report_counts_every_picture_where_it_belongs() -> None:
    held_out = data.Dataset(np.zeros((5, 3, 2, 2), np.float32), [0, 1, 2, 2, 1])
    scores = np.log(np.array([[8, 1, 1], [5, 4, 1], [0.1, 0.1, 9.8], [9, 0.5, 0.5], [9.7, 0.2, 0.1]]))
    found = report(scores, held_out)
    assert found.accuracy == pytest.approx(0.4)
    assert found.confusion.tolist() == [[1, 0, 0], [2, 0, 0], [1, 0, 1]]
    assert [(m.number, m.truth, m.said) for m in found.mistakes] == [(4, 1, 0), (3, 2, 0), (1, 1, 0)]
    assert found.mistakes[0].share == pytest.approx(0.97) and found.mistakes[0].picture.shape == (3, 2, 2)
    assert found.confused() == [(1, 0, 2)]


def test_photographs_come_as_the_network_wants_them(tmp_path: Path) -> None:
    from PIL import Image

    pixels = np.full((60, 60, 3), 250, np.uint8)
    pixels[15:45, 20:40] = 40, 40, 90
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    colour = project("objects").picture(tmp_path / "photo.png")
    assert colour.shape == (3, 32, 32) and np.allclose(colour[:, 16, 16] * 255, [40, 40, 90], atol=3)
    with pytest.raises(ValueError, match="There is no file"):
        project("objects").picture(tmp_path / "none.png")
