"""The PyTorch twin of every recipe: the same numbers at the start, and the same losses on the same batches."""

from __future__ import annotations

import dataclasses
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the benchmarks are no part of the package

from benchmarks.recipes import side  # noqa: E402

NAMES = ("mnist", "fashion", "objects")


def few(name: str) -> tuple[Any, Any]:
    """A small form of the recipe, and pictures of two kinds that can be told apart."""
    recipe = importlib.import_module(f"cutaway.projects.{name}").BEST
    chance = np.random.default_rng(0)
    x = chance.random((96, 3, 32, 32) if name == "objects" else (96, 1, 28, 28)).astype(np.float32) * 0.5
    y = np.arange(96) % 2
    x[y == 1, :, :, 12:16] += 0.5
    small = dataclasses.replace(recipe, widths=(8, 12), epochs=5, batch_size=24, average=0.9, workers=1)
    return small, (x, y)


@pytest.mark.parametrize("name", NAMES)
def test_both_sides_lose_alike_to_the_last_step(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    recipe, examples = few(name)
    found = {}
    for which in ("ours", "theirs"):
        with side(which, name, recipe, examples) as (ask, count):
            assert count == 96
            found[which], seconds = ask("train", 20)
            assert seconds > 0
    assert found["theirs"] == pytest.approx(found["ours"], rel=5e-3)  # chaos makes a little more of every rounding
    assert found["theirs"][:2] == pytest.approx(found["ours"][:2], rel=2e-5)
    assert found["ours"][-1] < 0.9 * found["ours"][0]


def test_the_search_ranks_what_was_tried_by_held_out_training_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks import search

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "nothing here"))
    _, (x, y) = few("mnist")
    np.save(tmp_path / "x.npy", np.round(x * 255).astype(np.uint8))
    np.save(tmp_path / "y.npy", y)
    changed = ["--vary", "epochs=1,12", "--vary", "widths=[8,12]", "--vary", "batch_size=24", "--vary", "average=0.8"]
    out = tmp_path / "trials.jsonl"
    search.main(["mnist", *changed, "--arrays", str(tmp_path), "--device", "cpu", "--seeds", "0,1", "--json", str(out)])
    ranked = [line for line in capsys.readouterr().out.splitlines() if "(2 seeds" in line]
    assert len(ranked) == 2 and '"epochs": 12' in ranked[0] and float(ranked[0].split()[0]) > 90
    assert len(out.read_text(encoding="utf-8").splitlines()) == 4


def test_the_search_changes_pictures_by_the_same_rules() -> None:
    import torch

    from benchmarks.search import CHANGES
    from cutaway.data import Crop, CutOut, Flip, Shift, Warp

    x = np.random.default_rng(0).random((300, 1, 12, 12)).astype(np.float32)
    torch.manual_seed(0)
    for change in (Shift(2), Crop(2), Flip(), CutOut(4, fill=0.5), Warp(20, 0.2, 0.0), Warp(bend=2.0)):
        ours = change(x, seed=0, step=0)
        theirs = CHANGES[type(change).__name__](change, torch.from_numpy(x)).numpy()
        for measure in (np.mean, np.std):  # over 300 pictures
            assert measure(theirs) == pytest.approx(measure(ours), rel=0.03), change
        assert np.abs(theirs - x).mean() == pytest.approx(np.abs(ours - x).mean(), rel=0.1), change
