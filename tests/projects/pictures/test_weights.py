"""Weights that come along: what ships is small, belongs to the recipe BEST, and says how good it is; and its tool."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

import make_trained_pictures as tool
import numpy as np
import pytest
from safetensors.numpy import load_file

from cutaway import data
from cutaway.projects.digits import use as digits
from cutaway.projects.pictures import NotTrainedError, Views, packed, shipped, used

NAMES = ("mnist", "fashion", "objects")
ROOT = Path(digits.__file__).parents[1]


def project(name: str) -> Any:
    return importlib.import_module(f"cutaway.projects.{name}")


def coming_along() -> list[Path]:
    return sorted(ROOT.glob("*/trained*.safetensors"))


def test_what_ships_is_small() -> None:
    sizes = {file.parent.name: file.stat().st_size for file in coming_along()}
    assert "digits" in sizes and max(sizes.values()) < 10_000_000 and sum(sizes.values()) < 60_000_000
    assert all(file.with_suffix(".json").is_file() for file in coming_along())


@pytest.mark.parametrize("name", NAMES)
def test_the_note_beside_the_weights_is_of_these_weights_and_of_the_recipe(name: str) -> None:
    code = project(name)
    if not code.SHIPPED.is_file():
        with pytest.raises(NotTrainedError):
            code.reader()
        return
    note = json.loads(code.SHIPPED.with_suffix(".json").read_text(encoding="utf-8"))
    recipe = json.loads(json.dumps(dataclasses.asdict(dataclasses.replace(code.BEST, seed=note["recipe"]["seed"]))))
    assert note["recipe"] == recipe
    assert note["weights"]["sha256"] == hashlib.sha256(code.SHIPPED.read_bytes()).hexdigest()
    assert note["test pictures"] == 10_000 and len(note["log"]) == code.BEST.epochs
    assert note["mistakes"] == round(10_000 * (1 - note["test accuracy"]))
    assert abs(note["test accuracy"] - note["weights"]["test accuracy in single precision"]) <= 0.0005
    assert note["views"]["looks at each picture"] == len(code.VIEWS)
    shape = (3, 32, 32) if name == "objects" else (1, 28, 28)
    scores = code.reader()(np.random.default_rng(0).random((2, *shape)).astype(np.float32))
    assert scores.shape == (2, 10) and np.isfinite(scores).all()
    if name == "mnist":  # the digits of the sample are of its training set
        sample = data.load("digits").test[:300]
        assert code.report(code.reader(), sample, Views()).accuracy > 0.99


def test_half_precision_is_used_where_it_is_enough() -> None:
    weights = {"0.weight": np.float32([[1 / 3, 2.0]]), "1.running_var": np.float32([1e6])}
    small = packed(weights)
    assert small["0.weight"].dtype == np.float16 and small["0.weight"] == pytest.approx(weights["0.weight"], rel=1e-3)
    assert small["1.running_var"] == 1e6


def test_without_weights_the_sentence_says_how_to_make_some(tmp_path: Path) -> None:
    net = project("mnist").network((8, 8))
    (tmp_path / "mnist").mkdir()
    with pytest.raises(NotTrainedError, match=r"with mnist yet\. `cutaway run mnist` trains one"):
        shipped(net, tmp_path / "mnist" / "trained.safetensors")


@pytest.fixture
def little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The fashion project with 60 pictures and a short BEST, whose weights go elsewhere."""
    code = project("fashion")
    x = np.random.default_rng(0).random((80, 1, 28, 28)).astype(np.float32)
    y = np.arange(80) % 10
    parts = [data.Dataset(x[a:b], y[a:b], name=f"fashion/{n}") for a, b, n in ((0, 60, "train"), (60, 80, "test"))]
    splits = data.Splits("fashion", *parts, "", tuple("0123456789"), "")
    monkeypatch.setattr(data, "load", lambda name: splits)
    monkeypatch.setattr("cutaway.training.checkpoint.load", lambda name: splits)
    best = dataclasses.replace(code.BEST, widths=(8, 8), epochs=2, batch_size=20, average=0.5, workers=1)
    file = tmp_path / "weights" / "trained.safetensors"
    file.parent.mkdir()
    for module in (code, importlib.import_module("cutaway.projects.fashion.use")):
        monkeypatch.setattr(module, "BEST", best)
        monkeypatch.setattr(module, "SHIPPED", file)
    return code


def test_the_tool_ships_what_a_finished_run_predicts_with(little: Any, tmp_path: Path, capsys: Any) -> None:
    runs = []
    for seed in (3, 4):
        run = little.go_on(little.new_run(dataclasses.replace(little.BEST, seed=seed)), progress=False)
        run.save(tmp_path / f"run{seed}")
        runs.append(run)
    words = ["fashion", "--note", "beside other work"]
    assert tool.main([*words, "--run", str(tmp_path / "run3"), "--run", str(tmp_path / "run4")]) == 0
    test = data.load("fashion").test
    scores = runs[0].predict(test.x)
    assert np.abs(little.reader()(test.x) - scores).max() < 0.02 * np.abs(scores).max()
    weights = load_file(little.SHIPPED)
    averaged = used(runs[0], little.network((8, 8)))
    assert np.abs(weights["0.weight"] - averaged["0.weight"]).max() < 1e-3 * np.abs(averaged["0.weight"]).max()
    assert (weights["2.running_var"] == runs[0].state["2.running_var"]).all()
    note = json.loads(little.SHIPPED.with_suffix(".json").read_text(encoding="utf-8"))
    found = [little.report(run.predict, test).accuracy for run in runs]
    assert note["weights"]["test accuracy in single precision"] == found[0]
    assert note["seeds"]["test accuracy in single precision"] == {"3": found[0], "4": found[1]}
    assert note["recipe"]["seed"] == 3 and note["recipe"]["epochs"] == 2 and len(note["log"]) == 2
    assert note["note"] == "beside other work" and "processor" in note["machine"]
    assert note["test accuracy"] == little.report(little.reader(), test).accuracy
    assert tool.main(["fashion", "--check"]) == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"epochs": 1}, "it is at batch 3 of 3, and BEST has 6"),
        ({"batch_size": 30}, "it is at batch 4 of 4"),
        ({"alpha": 0.05}, "the optimizer"),
        ({"smoothing": 0.0}, "the smoothing of the answers"),
        ({"shift": 2}, "the changes of the pictures"),
        ({"widths": (8, 16)}, "the shapes of the weights"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_tool_refuses_runs_of_other_recipes(
    changed: Any, words: str, little: Any, tmp_path: Path, capsys: Any
) -> None:
    run = little.new_run(dataclasses.replace(little.BEST, **changed))
    little.go_on(run, progress=False).save(tmp_path / "run")
    assert tool.main(["fashion", "--run", str(tmp_path / "run")]) == 1
    assert words in capsys.readouterr().err and not little.SHIPPED.exists()


def test_the_tool_trains_where_no_run_is_given(little: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tool.tempfile, "mkdtemp", lambda prefix: str(tmp_path / "fresh"))
    monkeypatch.setattr(little, "new_run", (lambda new_run, best: lambda *rest: new_run(*(rest or (best,))))(
        little.new_run, little.BEST
    ))  # fmt: skip
    assert tool.main(["fashion"]) == 0 and little.SHIPPED.is_file()
