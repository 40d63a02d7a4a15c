"""Healthy runs of every kind: health has nothing to say, and changes nothing."""

from __future__ import annotations

import pytest

from .worlds import HEALTHY

MARKS = (0, 2, 20, 120)


@pytest.mark.parametrize("kind", HEALTHY)
def test_a_healthy_run_is_left_in_peace(kind: str) -> None:
    run = HEALTHY[kind](len(kind) % 5)  # another seed for every kind
    for mark in MARKS[:3] if kind == "digits recipe" else MARKS:
        run.advance(mark)
        report = run.health()
        assert report, f"after {mark} batches: {report}"
        assert not report.notes and "Nothing found" in repr(report) and "Nothing found" in report._repr_html_()


@pytest.mark.parametrize("kind", ["convolution, batch norm", "gru"])
def test_looking_changes_no_bit(kind: str) -> None:
    run, free = HEALTHY[kind](1), HEALTHY[kind](1)
    for _ in range(3):
        run.train(batches=7, progress=False)
        run.step("layer")
        here = run.batch, run.op
        run.health()
        assert (run.batch, run.op) == here
    run.settle()
    free.train(until=run.batch, progress=False)
    assert run.losses.tobytes() == free.losses.tobytes()
    assert all(run.state[name].tobytes() == free.state[name].tobytes() for name in run.state)
