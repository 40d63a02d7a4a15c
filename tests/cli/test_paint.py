"""`cutaway run paint`, as somebody types it, with small pictures and few steps."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cutaway.cli import app
from cutaway.projects.paint.painting import Painting

FOLDER = Path("runs/paint/photo-waves")


@pytest.fixture
def type_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Type words after `cutaway run paint`, in a folder with a photo and a painting."""
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(0)
    Image.fromarray(chance.integers(0, 255, (60, 80, 3), np.uint8)).resize((130, 100)).save("photo.jpg")
    Image.fromarray(chance.integers(0, 255, (50, 40, 4), np.uint8)).save("waves.png")
    given = ("--content", "photo.jpg", "--style", "waves.png", "--size", 130, "--steps", 3)
    return lambda *words: CliRunner().invoke(app, ["run", "paint", *(str(word) for word in (*given, *words))])


def test_it_paints_says_where_and_does_not_paint_it_twice(type_in: Any) -> None:
    told = type_in()
    assert told.exit_code == 0, told.output
    for words in ("photo.jpg in the manner of waves.png", "progress.png", "1 of 2: 65 x 50", "2 of 2: 130 x 100"):
        assert words in told.output
    assert "Painted in" in told.output
    with Image.open(FOLDER / "painting.png") as made:
        assert made.size == (130, 100)
    before = (FOLDER / "painting.png").stat().st_mtime_ns
    again = type_in()
    assert again.exit_code == 0 and "painted already" in again.output and "--fresh" in again.output
    assert (FOLDER / "painting.png").stat().st_mtime_ns == before
    assert "Painted in" in type_in("--fresh", "--plain").output
    assert (FOLDER / "painting.png").stat().st_mtime_ns > before


def test_another_painting_in_the_folder_is_not_overwritten(type_in: Any) -> None:
    type_in("--out", "here", "--plain")
    other = type_in("--out", "here", "--style-weight", 3)
    assert other.exit_code == 2 and "another painting" in other.output and "--fresh" in other.output
    Image.new("RGB", (40, 40), "red").save("waves.png")
    assert type_in("--out", "here").exit_code == 2
    assert type_in("--out", "here", "--fresh").exit_code == 0


def test_ctrl_c_pauses_and_the_command_it_names_goes_on(type_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Painting.go_on

    class Press:
        """Ctrl-C, after the second step of the first size."""

        def batch(self, run: Any) -> None:
            if run.batch == 2:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Painting, "go_on", lambda self, *a, **how: real(self, *a, **how, callbacks=[Press()]))
    paused = type_in("--out", "my here", "--keep-colours", "--smooth", 0)
    assert paused.exit_code == 0 and "Paused" in paused.output
    again = paused.output.split("type the same again: ")[1].split("run paint ")[1].strip()
    asked = "--content photo.jpg --style waves.png --size 130 --steps 3"
    assert again == f"{asked} --smooth 0.0 --keep-colours --out 'my here'"
    words = shlex.split(again)
    assert not Path("my here/painting.png").exists() and Path("my here/progress.png").exists()
    monkeypatch.setattr(Painting, "go_on", real)
    told = CliRunner().invoke(app, ["run", "paint", *words])
    assert told.exit_code == 0 and Path("my here/painting.png").is_file(), told.output
    whole = type_in("--out", "whole", "--keep-colours", "--smooth", 0)
    assert whole.exit_code == 0
    assert Path("my here/painting.png").read_bytes() == Path("whole/painting.png").read_bytes()


def test_ctrl_c_while_a_size_is_prepared_pauses_too(type_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Painting.run
    monkeypatch.setattr(Painting, "run", lambda self, number: real(self, number) if not number else _press())
    paused = type_in()
    assert paused.exit_code == 0 and f"Paused; what was saved is kept in {FOLDER}." in paused.output
    monkeypatch.setattr(Painting, "run", real)
    told = type_in()
    assert told.exit_code == 0 and "size 2 of 2" in told.output and (FOLDER / "painting.png").is_file()


def _press() -> Any:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("name", ["painting.png", "progress.png", "order.json", "size-1/letter.txt"])
def test_what_somebody_else_has_in_the_folder_is_never_touched(name: str, type_in: Any, tmp_path: Path) -> None:
    """A folder of pictures, say, where a painting has no business to replace or clear away anything."""
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text('{"bread": 2}')
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    for words in ((), ("--fresh",)):
        told = type_in("--out", ".", *words)
        assert told.exit_code == 1 and name.split("/")[0] in told.output and "--out" in told.output
        assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_fresh_clears_only_what_a_painting_keeps(type_in: Any) -> None:
    type_in("--out", "here")
    for name in ("size-large", "size-1 of 2"):
        (Path("here") / name).mkdir()
    assert type_in("--out", "here", "--fresh", "--steps", 2).exit_code == 0
    kept = {part.name for part in Path("here").iterdir()}
    assert kept == {"order.json", "painting.png", "size-2", "size-large", "size-1 of 2"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--size", 5000), "16 to 1024 pixels"),
        (("--steps", 0), "1 or more"),
        (("--style-weight", -1), "0 or more"),
        (("--content", "none.jpg"), "There is no file none.jpg"),
        (("--style", "."), "is a folder"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: Any, said: str, type_in: Any) -> None:
    told = type_in(*words)
    assert told.exit_code in (1, 2) and said in told.output and "Traceback" not in told.output
    assert not Path("runs").exists()


def test_without_pillow_it_says_what_to_install(type_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    told = type_in()
    assert told.exit_code == 1 and "Pillow" in told.output and "pip install" in told.output
