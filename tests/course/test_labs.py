"""Planted bugs: what the glass says of each broken script is what is wrong with it, and of the mended one nothing."""

from __future__ import annotations

import difflib
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway.course.labs import HERE, copy, lab, labs
from cutaway.engine import OPS, GradientError, check_grads
from cutaway.engine.errors import CutawayError

NAMES = [one.name for one in labs()]


@pytest.fixture(autouse=True)
def _own_operations() -> Iterator[None]:
    """What a script adds to the table of operations is forgotten after it."""
    before = dict(OPS)
    yield
    OPS.clear()
    OPS.update(before)


def broken(name: str) -> ct.Run:
    return lab(name).play()


FINDINGS = {  # script -> what health calls it, where, and words that it says
    "exploding_rate": ("learning rate too high", "0.weight", "The loss was"),
    "climber": ("wrong gradient", "surprise (loss)", "Everywhere the sign is turned round"),
    "overflow": ("not finite", "exp (forward/4)", "88.7 is beyond float32"),
    "dead_relu": ("dead units", "2", "No gradient passes through a unit that is off"),
    "all_alike": ("units are copies", "1.weight", "all equal"),
    "misaligned": ("answers do not fit the examples", "", "knowing nothing but how frequent"),
    "forgotten_mean": ("wrong gradient", "mean_miss (loss)", "the 1/N of a mean is missing"),
    "twice_softmax": ("softmax twice", "4", "the loss does softmax itself"),
    "forgotten_share": ("wrong gradient", "soft_door (forward/2)", "does not say how its input is felt"),
}


@pytest.mark.parametrize("name", NAMES)
def test_health_names_the_bug_and_its_place(name: str) -> None:
    kind, where, said = FINDINGS[name]
    run = broken(name)
    found = {finding.kind: finding for finding in run.health()}
    assert kind in found, run.health()
    assert found[kind].where == where and said in found[kind].said
    allowed = {"exploding_rate": {"not finite"}, "forgotten_mean": {"not finite"}}.get(name, set())
    assert set(found) <= {kind} | allowed, "nothing else is accused"
    found[kind].go()  # and the way to the moment can be walked


@pytest.mark.parametrize("name", NAMES)
def test_of_the_mended_script_health_says_nothing(name: str) -> None:
    run = lab(name).play(mended=True)
    assert np.isfinite(run.losses).all() and run.losses[-30:].mean() < 0.9 * run.losses[:5].mean()
    assert run.health(), run.health()


# -- the question that each page tells one to ask -------------------------------------------------------------------
def test_watch_stops_where_the_stride_is_too_long() -> None:
    run = broken("exploding_rate")
    run.at(0)
    watch = run.watch("loss > 10")
    run.train(batches=20, progress=False)
    assert watch.hits and run.batch < 6 and run.losses[-1] > 10
    assert "loss went from" in repr(watch.hits[0])
    mended = lab("exploding_rate").play(mended=True)
    mended.at(0)
    mended.watch("loss > 10")
    assert mended.train(epochs=5, progress=False).batch == 175 and not mended.watches.hits


def test_why_shows_wet_days_that_push_the_vote_for_wet_down() -> None:
    for mended in (False, True):
        run = lab("climber").play(mended)
        told = run.why("2.bias", (0,), batch=0)
        wet = run.data.y[told.rows][:, 0] == 1
        assert (np.sign(told.examples[wet]) == (1 if mended else -1)).all()
        run.watch("loss > 1")
        run.at(0)
        run.train(epochs=5, progress=False)
        assert bool(run.watches.hits) is not mended


def test_watch_and_show_find_the_power_that_overflowed() -> None:
    run = broken("overflow")
    before = run.batch
    assert np.isfinite(run.losses).all()  # it stands before the batch that failed
    run.at(before - 5)
    hit = run.watch("nan()")
    run.step("batch")
    while not hit.hits and run.batch < before + 2:
        run.step("op")
    assert hit.hits and hit.hits[0].batch == before
    finding = run.health()[0].go()
    powers = finding.program.steps[finding.op - 2]
    assert run.show(powers.output).facts["infinite"] > 0
    assert run.show(powers.inputs[0]).facts["max"] > 88.7


def test_show_and_why_find_the_shut_doors() -> None:
    shut = {}
    for mended in (False, True):
        run = lab("dead_relu").play(mended)
        shut[mended] = run.show("forward/2").facts["zeros"]
        if not mended:
            (finding,) = (f for f in run.health() if f.kind == "dead units")
            unit = int(finding.said.partition("off (")[2].partition(",")[0])
            told = run.why("1.weight", (unit, 300))
            assert not told.examples.any() and told.gradient == 0
    assert shut[False] > 0.97 and shut[True] < 0.9


def test_show_and_why_find_rows_that_are_the_same() -> None:
    run = broken("all_alike")
    rows = run.show("1.weight").array
    assert np.abs(rows - rows[:1]).max() < 1e-6
    told = [run.why("1.weight", (row, 300)) for row in (0, 7)]
    assert told[0].change != 0 and np.isclose(told[0].change, told[1].change, rtol=1e-3)


def test_show_lets_one_see_a_picture_beside_a_strange_label() -> None:
    digits = ct.data.load("digits").train
    for mended in (False, True):
        run = lab("misaligned").play(mended)
        run.step("op")
        x, y = run.show("x").array, run.show("y").array
        truth = [next(digits.y[k] for k in range(2000) if np.array_equal(digits.x[k], picture)) for picture in x[:12]]
        agreed = np.mean(truth == y[:12])
        assert agreed == 1 if mended else agreed < 0.5


def test_why_shows_examples_that_push_with_more_than_their_share() -> None:
    for mended in (False, True):
        run = lab("forgotten_mean").play(mended)
        told = run.why("2.bias", (0,), batch=0)
        run.at(0)
        while run.step("op").kind != "loss":
            pass
        loss = run.program.steps[run.op - 2]
        said, truth = (np.asarray(run.see(slot)) for slot in loss.inputs)
        asked = -0.01 * 2 * (said - truth)[:, 0] / (64 if mended else 1)
        assert np.allclose(told.examples, asked, rtol=1e-3, atol=1e-7)


def test_explain_and_the_picture_show_two_softmaxes() -> None:
    run = broken("twice_softmax")
    assert "Softmax" in repr(run.picture())
    assert "softmax" in str(run.explain("loss")).lower()
    assert run.losses.min() > 1.46


@pytest.mark.parametrize(
    ("name", "op", "inputs"),
    [
        ("forgotten_share", "soft_door", [np.array([[-2.0, 0.5, 3.0]])]),
        ("climber", "surprise", [np.array([[0.3], [-1.0], [2.0]]), np.array([[1.0], [0.0], [0.0]])]),
        ("forgotten_mean", "mean_miss", [np.array([[0.3], [-1.0], [2.0]]), np.array([[1.0], [0.5], [0.0]])]),
    ],
)
def test_nudges_find_a_wrong_backward(name: str, op: str, inputs: list[Any]) -> None:
    one = lab(name)

    def first(own: Any) -> Any:
        return own if len(inputs) == 1 else lambda said: own(said, ct.Tensor(inputs[1]))

    with pytest.raises(GradientError, match="disagree"):
        check_grads(
            first(runpy.run_path(str(one.path))[op] if name != "forgotten_mean" else _own(one.path, op)), inputs[:1]
        )
    assert check_grads(first(runpy.run_path(str(one.mended))[op]), inputs[:1]) < 1e-6


def _own(path: Path, op: str) -> Any:
    """The operation of a script whose training ends in an error."""
    made: dict[str, Any] = {}
    with pytest.raises(CutawayError):
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), made)
    return made[op]


# -- the folder -----------------------------------------------------------------------------------------------------
def test_every_folder_is_a_lab_and_every_lab_is_whole() -> None:
    folders = {path.name for path in HERE.iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert folders == set(NAMES) and len(NAMES) >= 6
    for one in labs():
        for part in ("What you see", "What is wrong", "What to ask", "The way out"):
            assert f"**{part}.**" in one.story, one.name
        assert one.title and one.symptom and "**" not in one.symptom
        changed = [
            line
            for line in difflib.ndiff(one.path.read_text().splitlines(), one.mended.read_text().splitlines())
            if line[:2] in ("- ", "+ ") and line[2:].strip() and '"""' not in line
        ]
        assert 1 <= len(changed) <= 6, (one.name, changed)


def test_a_copy_is_the_readers_own(tmp_path: Any) -> None:
    mine = copy("climber", tmp_path / "labs")
    assert mine.read_text() == lab("climber").path.read_text() and mine.with_suffix(".md").exists()
    mine.write_text("changed")
    assert copy("climber", tmp_path / "labs").read_text() == "changed"
    with pytest.raises(CutawayError, match="There are: exploding_rate"):
        lab("nothing")


def test_a_script_runs_by_itself(tmp_path: Any) -> None:
    import subprocess

    mine = copy("climber", tmp_path)
    ran = subprocess.run([sys.executable, str(mine)], capture_output=True, encoding="utf-8", check=False, cwd=tmp_path)
    assert ran.returncode == 0 and "surprise at first" in ran.stdout, ran.stderr
