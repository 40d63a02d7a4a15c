"""The digits project: its recipe, its judgement, and the trained network that comes with it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cutaway import data
from cutaway.projects import digits
from cutaway.projects.digits.use import SHIPPED

FEW = data.load("digits").train[:320]


def test_the_recipe_learns_from_few_digits():
    run = digits.go_on(digits.new_run(digits.Recipe(epochs=6, batch_size=32), FEW), progress=False)
    assert run.losses[-10:].mean() < 0.5 * run.losses[:3].mean()


def test_the_same_seed_gives_the_same_bits_and_another_one_others():
    def weights(seed):
        run = digits.go_on(digits.new_run(digits.Recipe(epochs=1, seed=seed), FEW), progress=False)
        return run.state["13.weight"]

    assert (weights(3) == weights(3)).all() and not (weights(3) == weights(4)).all()
    first = [digits.new_run(digits.Recipe(seed=seed), FEW).state["13.weight"] for seed in (3, 4)]
    assert not (first[0] == first[1]).all()  # also before any training


def test_training_goes_to_the_goal_once():
    run = digits.new_run(digits.Recipe(epochs=1), FEW)
    assert digits.go_on(run, progress=False).batch == 5 == run.goal
    assert digits.go_on(run, progress=False).batch == 5


def test_the_report_counts_every_digit_where_it_belongs():
    wrong = data.Dataset(FEW.x, (FEW.y + 1) % 10)  # every label off by one: nearly all is wrong
    found = digits.report(digits.reader(), wrong)
    assert found.accuracy < 0.05
    assert found.confusion.sum() == len(FEW) and np.diag(found.confusion).sum() == round(found.accuracy * len(FEW))
    first = found.mistakes[0]
    assert first.truth == wrong.y[first.number] and first.said == FEW.y[first.number]
    assert (first.picture == FEW.x[first.number, 0]).all()
    assert found.mistakes[0].share >= found.mistakes[-1].share


def test_the_network_that_comes_along_is_as_good_as_its_note_says():
    note = json.loads(SHIPPED.with_suffix(".json").read_text(encoding="utf-8"))
    assert SHIPPED.stat().st_size < 100_000
    found = digits.report(digits.reader(), data.load("digits").test)
    assert found.accuracy == pytest.approx(note["held-out accuracy"], abs=0.001)
    assert found.accuracy >= 0.98
    assert note["recipe"] == vars(digits.Recipe())


def test_photos_of_digits_are_read_as_well_as_the_digits_themselves():
    """Digits as dark ink on unevenly lit paper with grain, anywhere on the page."""
    chance = np.random.default_rng(0)
    held_out = data.load("digits").test
    pictures, truth = [], held_out.y[:25]
    for digit in held_out.x[:25, 0]:
        page = np.zeros((210, 190))
        top, left = chance.integers(5, 60), chance.integers(5, 40)
        large = digits.picture.resized(digit, (140, 140))
        page[top : top + 140, left : left + 140] = np.clip((large - 0.3) / 0.4, 0, 1)
        light = np.linspace(0.5, 1, 210)[:, None] * np.where(np.arange(190) < chance.integers(190), 0.65, 1)
        pictures.append(np.clip(light * (0.95 - 0.6 * page) + chance.normal(0, 0.015, page.shape), 0, 1))
    said = [a.digit for a in digits.answers(digits.reader(), [digits.digit_in(p) for p in pictures])]
    assert (np.array(said) == truth).mean() >= 0.88
