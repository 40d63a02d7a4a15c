"""Digits unlike those it learnt from: other pens, papers and light, those of benchmarks/drawings.py."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the benchmarks are no part of the package

from benchmarks import foreign_digits
from benchmarks.drawings import KINDS, drawn, skeleton, thickened
from cutaway import data
from cutaway.projects import digits

SOME = data.load("digits").train[:10]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_drawing_is_read(kind: str) -> None:
    said = foreign_digits.read_all(digits.reader(), drawn(kind, SOME.x[:, 0]))
    assert (said == SOME.y).sum() >= 9


def test_the_same_seed_draws_the_same_pages_and_another_one_others() -> None:
    def pages(seed: int) -> Any:
        return drawn("any pen, lined, photographed", SOME.x[:2, 0], seed)

    assert all((a == b).all() for a, b in zip(pages(3), pages(3), strict=True))
    assert not (pages(3)[0] == pages(4)[0]).all()


def test_a_skeleton_is_one_pixel_wide_and_in_one_piece() -> None:
    ring = np.hypot(*np.mgrid[-20:21, -20:21])
    thin = skeleton(((ring > 10) & (ring < 16)).astype(float))
    assert 50 < thin.sum() < 120 and thin[20, 20] == 0
    assert all(thin[20, half].sum() == 1 for half in (slice(20), slice(21, 41)))  # cut across: one pixel a side
    assert thickened(thin, 3)[20].sum() == 14


def test_the_command_prints_a_line_for_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert foreign_digits.main(["--kind", "thick", "--kind", "low", "--count", "3", "--part", "dev"]) == 0
    told = capsys.readouterr().out
    assert "3 pages: " not in told and "6 pages: " in told and "low contrast" in told and "cropped" not in told


def test_without_scikit_learn_the_sentence_says_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "sklearn":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert foreign_digits.main(["--kind", "8 x 8"]) == 1
    assert "-m pip install scikit-learn" in capsys.readouterr().err.replace("\n", " ")
