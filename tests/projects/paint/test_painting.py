"""A painting as a whole: it comes nearer to what is wished for, keeps the photo's things, and goes on to the bit."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.engine import Tensor
from cutaway.projects import paint
from cutaway.projects.paint.painting import Order, OrderError, Painting, _goals, scales
from cutaway.projects.paint.picture import framed, grey, resized, unframed
from cutaway.projects.paint.wish import apart, gram, pooled
from cutaway.training import Run
from cutaway.training.checkpoint import checkpoints

LOOK = paint.eye()


def photo(height: int = 40, width: int = 56) -> Any:
    """A bright disc on a dark ground that grows lighter to the right."""
    i, j = np.mgrid[:height, :width]
    disc = (i - height / 2) ** 2 + (j - width / 2) ** 2 < (min(height, width) / 3) ** 2
    light = np.where(disc, 0.9, 0.1 + 0.3 * j / width)
    return np.stack([light, light * 0.8, light * 0.6])[None].astype(np.float32)


def strokes(height: int = 48, width: int = 40) -> Any:
    """Slanting stripes in blue and yellow, a little uneven."""
    i, j = np.mgrid[:height, :width]
    wave = 0.5 + 0.5 * np.sin((i + 0.7 * j) * 0.9) + np.random.default_rng(0).normal(size=(height, width)) * 0.05
    return np.clip(np.stack([wave, 0.8 * wave, 1 - wave]), 0, 1)[None].astype(np.float32)


def painted(folder: Path, order: Order, *, size: tuple[int, int] = (40, 56)) -> tuple[Any, Painting]:
    work = Painting(photo(*size), strokes(), order, folder, LOOK)
    assert work.go_on(progress=False)
    return paint.read(work.finished), work


def style(made: Any) -> float:
    """How far it is from the strokes."""
    here, there = LOOK.look(framed(made)), LOOK.look(framed(strokes()))
    return float(np.mean([apart(gram(Tensor(a)), gram(Tensor(b))).numpy() for a, b in zip(here, there, strict=True)]))


def content(made: Any) -> float:
    """How far it is from the photo."""
    here, there = LOOK.look(framed(made))[2], LOOK.look(framed(photo()))[2]
    return float(np.mean((here - there) ** 2) / np.var(there))


def test_it_comes_near_the_painting_and_keeps_what_is_on_the_photo(tmp_path: Path) -> None:
    made, _ = painted(tmp_path / "a", Order(size=56, steps=60))
    assert made.shape == (1, 3, 40, 56)
    assert style(made) < 0.4 * style(photo())
    faithful, _ = painted(tmp_path / "b", Order(size=56, steps=40, content=50.0))
    assert content(faithful) < 0.5 * content(made) and style(faithful) > style(made)
    alone, _ = painted(tmp_path / "c", Order(size=56, steps=40, style=0.0, match=0.0))
    assert np.abs(alone - photo()).mean() < 0.04  # with nothing of the painting it stays the photo


def test_smooth_makes_calm_surfaces(tmp_path: Path) -> None:
    def grain(made: Any) -> float:
        return float(np.square(np.diff(made, axis=2)).mean())

    rough, calm = (painted(tmp_path / f"{s}", Order(size=56, steps=20, smooth=s))[0] for s in (0.0, 200.0))
    assert grain(calm) < 0.5 * grain(rough)


def test_with_kept_colours_only_the_brightness_is_painted(tmp_path: Path) -> None:
    made, _ = painted(tmp_path, Order(size=56, steps=20, keep_colours=True))
    colour, was = made - grey(made), photo() - grey(photo())
    inside = (made.min(1) > 0.01) & (made.max(1) < 0.99)  # where no colour was cut off at black or white
    assert np.abs(colour - was).transpose(0, 2, 3, 1)[inside].max() < 0.01
    assert np.abs(grey(made) - grey(photo())).mean() > 0.02


class CtrlC:
    """Presses it after some steps in all."""

    def __init__(self, after: int) -> None:
        self.left = after

    def batch(self, run: Any) -> None:
        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("after", [3, 9, 13])
def test_interrupted_it_goes_on_to_the_same_bits(after: int, tmp_path: Path) -> None:
    order = Order(size=130, steps=8)
    painted(tmp_path / "whole", order, size=(70, 130))
    part = Painting(photo(70, 130), strokes(), order, tmp_path / "part", LOOK)
    assert part.sizes == [(35, 65), (70, 130)]
    assert not part.go_on(progress=False, callbacks=[CtrlC(after)])
    assert not part.finished.exists() and (tmp_path / "part" / "progress.png").is_file()
    assert paint.read(tmp_path / "part" / "progress.png").shape[2:] == part.sizes[after > 8]
    again = Painting(photo(70, 130), strokes(), order, tmp_path / "part", LOOK)
    assert again.begun() == again.description()
    said: list[str] = []
    assert again.go_on(said.append, progress=False)
    assert len(said) == (1 if after > 8 else 2)  # what was done is not done again
    assert again.finished.read_bytes() == (tmp_path / "whole" / "painting.png").read_bytes()
    assert not (tmp_path / "part" / "progress.png").exists()


def test_every_size_begins_from_the_one_before(tmp_path: Path) -> None:
    order = Order(size=130, steps=4)
    painted(tmp_path / "a", order, size=(70, 130))
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["order.json", "painting.png", "size-2"]
    part = Painting(photo(70, 130), strokes(), order, tmp_path / "b", LOOK)
    part.go_on(progress=False, callbacks=[CtrlC(5)])
    run = part.run(1)
    assert run.batch == 1
    sketch = unframed(Run.resume(part.place(0)).state["pixels"], part.sizes[0])
    begun = part.shown(run.at(0), 1)
    assert np.allclose(begun, np.clip(resized(sketch, (70, 130)), 0, 1)) and np.abs(begun - part.photo).mean() > 0.02


def test_places_are_matched_as_they_are_painted_and_as_they_were_on_the_photo() -> None:
    look, painting = LOOK.look, framed(strokes())
    there, other = look(painting), look(framed(photo(48, 40)))
    for here, start in ((there, other), (other, there)):  # one is loud and the other silent
        loud = [[100 * part for part in seen] if seen is there else seen for seen in (here, start)]
        goals, wanted = _goals(Order(), painting, loud[0], there, loud[1])
        assert [goal.layer for goal in goals] == [2, 2, 2, 4, 4]
        assert (wanted[1] == there[2]).mean() > 0.95 and (wanted[3] == there[4]).mean() > 0.95
        assert np.abs(wanted[4] - pooled(Tensor(painting), 4).numpy()).mean() < 0.01
    assert len(_goals(Order(match=0.0), painting, other, there, other)[0]) == 1


def test_a_damaged_checkpoint_is_passed_over_and_a_lost_picture_comes_again(tmp_path: Path) -> None:
    order = Order(size=130, steps=6)
    painted(tmp_path / "whole", order, size=(70, 130))
    wanted = (tmp_path / "whole" / "painting.png").read_bytes()
    part = Painting(photo(70, 130), strokes(), order, tmp_path / "part", LOOK)
    part.go_on(progress=False, callbacks=[CtrlC(8)])
    part.go_on(progress=False, callbacks=[CtrlC(2)])
    newest, _ = checkpoints(part.place(1))
    newest.write_bytes(newest.read_bytes()[:-100])
    assert part.go_on(progress=False) and part.finished.read_bytes() == wanted
    part.finished.unlink()  # a killed process, or a tidy person
    assert part.go_on(progress=False) and part.finished.read_bytes() == wanted
    part.finished.unlink()
    for file in checkpoints(part.place(1)):
        file.write_bytes(b"nothing")
    with pytest.raises(OrderError, match="--fresh"):
        part.go_on(progress=False)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (201, 7), (17, 19)])
def test_any_size_of_picture_is_painted(size: tuple[int, int], tmp_path: Path) -> None:
    made, work = painted(tmp_path, Order(size=64, steps=1), size=size)
    assert made.shape[2:] == work.photo.shape[2:] and max(made.shape) <= 64
    assert np.isfinite(made).all()


def test_a_small_photo_is_not_enlarged_and_neither_is_the_painting(tmp_path: Path) -> None:
    work = Painting(photo(20, 30), strokes(), Order(size=1024), tmp_path, LOOK)
    assert work.photo.shape[2:] == (20, 30) and work.painting.shape[2:] == (48, 40)
    assert Painting(photo(), strokes(), Order(size=28), tmp_path, LOOK).painting.shape[2:] == (28, 23)


def test_sizes_double_from_a_sketch() -> None:
    assert scales((1024, 1000)) == [(64, 62), (128, 125), (256, 250), (512, 500), (1024, 1000)]
    assert scales((100, 30)) == [(100, 30)]


@pytest.mark.parametrize(
    "wrong", [{"size": 2000}, {"size": 8}, {"steps": 0}, {"style": -1.0}, {"style": 0.0, "content": 0.0}]
)
def test_what_cannot_be_painted_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OrderError):
        Order(**wrong)


def test_clear_takes_away_a_painting_and_nothing_else(tmp_path: Path) -> None:
    _, work = painted(tmp_path, Order(size=40, steps=1))
    (tmp_path / "mine.txt").write_text("kept")
    work.clear()
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"] and work.begun() is None
