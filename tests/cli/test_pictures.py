"""`cutaway run mnist|fashion|objects` and `cutaway try` for them, as somebody types it, on sets of a few pictures."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from safetensors.numpy import save_file

from cutaway import data
from cutaway.cli import app
from cutaway.cli.pictures import PROJECTS
from cutaway.engine.shell import command
from cutaway.projects.pictures import packed
from cutaway.training import Run
from cutaway.training.checkpoint import checkpoints

NAMES = [project.name for project in PROJECTS]


@pytest.fixture
def type_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Type words after `cutaway`, in an empty folder, where data sets have 60 pictures and recipes are short."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CUTAWAY_MIRROR", raising=False)
    real = data.load

    def load(name: str, *rest: Any) -> Any:
        known = {project.data: project for project in PROJECTS}
        if name not in known:
            return real(name, *rest)
        shape = (3, 32, 32) if name == "cifar10" else (1, 28, 28)
        x = np.random.default_rng(0).random((80, *shape)).astype(np.float32)
        y = np.arange(80) % 10
        classes = tuple(f"class{k}" for k in range(10))
        parts = [data.Dataset(x[a:b], y[a:b], name=f"{name}/{n}", classes=classes) for a, b, n in
                 ((0, 60, "train"), (60, 80, "test"))]  # fmt: skip
        return data.Splits(name, *parts, "", classes, "")

    monkeypatch.setattr(data, "load", load)
    monkeypatch.setattr("cutaway.training.checkpoint.load", load)
    for project in PROJECTS:
        for kind, epochs in (("QUICK", 2), ("BEST", 3)):
            recipe = getattr(project.code, kind)
            short = dataclasses.replace(recipe, widths=(8, 8), epochs=epochs, batch_size=20, average=0.5, workers=1)
            monkeypatch.setattr(project.code, kind, short)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize("name", NAMES)
def test_run_trains_scores_shows_what_is_taken_for_what_and_saves(name: str, type_in: Any) -> None:
    told = type_in("run", name)
    assert told.exit_code == 0, told.output
    for words in ("Training on 60 ", "2 epochs, seed 0", "Trained in", "one look at each", "These it was surest about"):
        assert words in told.output
    assert "held-out accuracy: " in told.output and "class9" in told.output
    assert checkpoints(Path("runs") / f"{name}-quick")


def test_best_looks_several_times_and_has_a_folder_of_its_own(type_in: Any) -> None:
    told = type_in("run", "objects", "--best", "--seed", 3, "--plain")
    assert told.exit_code == 0, told.output
    assert "3 epochs, seed 3" in told.output and "6 looks at each" in told.output and "epoch 3/3" in told.output
    assert checkpoints(Path("runs/objects-best")) and not Path("runs/objects-quick").exists()


def test_a_finished_run_is_shown_again_and_replaced_only_when_asked(type_in: Any) -> None:
    first = type_in("run", "fashion")
    again = type_in("run", "fashion")
    assert "trained already" in again.output
    assert again.output.split("Naming")[1] == first.output.split("Naming")[1]
    other = type_in("run", "fashion", "--seed", 1)
    assert other.exit_code == 2 and "--fresh" in other.output
    assert "seed 1" in type_in("run", "fashion", "--seed", 1, "--fresh").output
    wrong = type_in("run", "mnist", "--out", "runs/fashion-quick")
    assert wrong.exit_code == 2 and "another run, fashion" in wrong.output


def test_a_stopped_run_goes_on_to_the_same_end(type_in: Any) -> None:
    code = PROJECTS[0].code
    whole = code.go_on(code.new_run(code.QUICK), progress=False)
    stopped(code, "QUICK", "runs/mnist-quick")
    told = type_in("run", "mnist")
    assert told.exit_code == 0 and "Going on after batch 2 of 6" in told.output
    ended = Run.resume(Path("runs/mnist-quick"))
    assert all((ended.state[name] == array).all() for name, array in whole.state.items())


def test_ctrl_c_pauses_and_says_how_to_go_on(type_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code = PROJECTS[2].code
    monkeypatch.setattr(code, "go_on", lambda run, save, **how: None)  # interrupted at once
    told = type_in("run", "objects", "--best", "--out", "here")
    assert "Paused after batch 0 of 9" in told.output and "run objects --best --out here" in told.output
    told = type_in("run", "objects", "--out", "my [old] runs")
    assert "kept in my [old] runs." in told.output
    assert told.output.endswith(f"{command('run', 'objects', '--quick', '--out', 'my [old] runs')}\n")


@pytest.mark.parametrize("ended", [False, True])
def test_where_the_data_are_gone_the_sentence_says_what_to_do(
    ended: bool, type_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ended:
        type_in("run", "fashion")
    else:
        stopped(PROJECTS[1].code, "QUICK", "runs/fashion-quick")

    def gone(name: str, *rest: Any) -> Any:
        raise data.FetchError(f"{name} could not be fetched: lay it there yourself")

    monkeypatch.setattr(data, "load", gone)
    monkeypatch.setattr("cutaway.training.checkpoint.load", gone)
    told = type_in("run", "fashion")
    assert told.exit_code == 1 and told.output == "Error: fashion could not be fetched: lay it there yourself\n"
    other = type_in("run", "mnist", "--out", "runs/fashion-quick")
    assert other.exit_code == 2 and "another run, fashion" in other.output
    assert checkpoints(Path("runs/fashion-quick"))


def stopped(code: Any, kind: str, folder: str) -> None:
    """What Ctrl-C leaves: a run that is short of its goal."""
    part = code.new_run(getattr(code, kind))
    goal = part.goal
    part.train(until=2, progress=False)
    part.goal = goal
    part.save(folder)


def test_try_asks_the_best_network_that_is_there(type_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8)).save("photo.png")
    code, use = PROJECTS[2].code, importlib.import_module("cutaway.projects.objects.use")
    ask = ("try", "objects", "photo.png")
    monkeypatch.setattr(use, "SHIPPED", Path("objects.safetensors"))
    none = type_in(*ask)
    assert none.exit_code == 2 and none.output.rstrip().endswith("run objects") and "is trained for" in none.output
    stopped(code, "QUICK", "runs/objects-quick")
    none = type_in(*ask)
    assert none.exit_code == 2 and "trained to its end" in none.output
    assert command("--run", Path("runs/objects-quick")) in none.output
    assert "PICTURE" in type_in("run", "objects").output
    quick = type_in(*ask, "none.png")
    assert "Asking runs/objects-quick.\n" in quick.output.replace("\\", "/")
    assert re.search(r"photo\.png: [a-z]+ \(not sure\)", quick.output)
    assert "There is no file none.png" in quick.output and quick.exit_code == 1
    net = code.network(widths=use.BEST.widths)
    save_file({name: np.asarray(array) for name, array in packed(net.state()).items()}, "objects.safetensors")
    better = type_in(*ask).output
    assert "Asking the network that comes with Cutaway" in better
    named = command("--run", Path("runs/objects-quick"))
    assert f"To ask that in {Path('runs/objects-quick')}: {named}\n" in better
    assert f"try objects {named} PICTURE" in type_in("run", "objects").output  # "ask it" is about this one
    stopped(code, "BEST", "runs/objects-best")
    assert "Asking the network that comes with Cutaway" in type_in(*ask).output
    assert "try objects PICTURE" in type_in("run", "objects", "--best").output
    assert "Asking runs/objects-best.\n" in type_in(*ask).output.replace("\\", "/")


@pytest.mark.parametrize("name", NAMES)
def test_try_needs_no_data_and_names_the_classes(
    name: str, type_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in("run", name)
    page = np.full((80, 60, 3), 255, np.uint8)
    page[15:65, 26:32] = 20
    Image.fromarray(page).save("page.png")
    code = importlib.import_module(f"cutaway.projects.{name}")
    best = dataclasses.replace(code.BEST)
    net = code.network(widths=best.widths)
    use = importlib.import_module(f"cutaway.projects.{name}.use")
    monkeypatch.setattr(use, "BEST", best)
    monkeypatch.setattr(use, "SHIPPED", Path("weights.safetensors"))
    save_file({key: np.asarray(array) for key, array in packed(net.state()).items()}, "weights.safetensors")
    monkeypatch.setattr(data, "load", lambda *words: pytest.fail("the data were asked for"))
    Path("runs").rename("elsewhere")
    told = type_in("try", name, "page.png")
    assert told.exit_code == 0, told.output
    assert all(re.search(rf"\b{re.escape(word)} .*%", told.output) for word in code.CLASSES)


def test_where_nobody_serves_the_data_the_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CUTAWAY_MIRROR", str(tmp_path / "empty"))
    from cutaway.data import registry

    entries = []
    for entry in registry.ENTRIES:
        files = tuple(dataclasses.replace(f, addresses=("http://no-such-place.invalid",)) for f in entry.files)
        entries.append(dataclasses.replace(entry, files=files))
    monkeypatch.setattr(registry, "ENTRIES", tuple(entries))
    told = CliRunner().invoke(app, ["run", "objects"])
    assert told.exit_code == 1 and "cifar10 could not be fetched" in told.output and "CUTAWAY_MIRROR" in told.output
    assert not Path("runs").exists()
