"""The PyTorch twin of every recipe: the same numbers at the start, and the same losses on the same batches."""

from __future__ import annotations

import dataclasses
import importlib
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
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'src'}:{ROOT}")
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
