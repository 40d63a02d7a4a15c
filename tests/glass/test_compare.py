"""Two branches side by side: where they part, by whose hand, and how far apart they are now."""

from __future__ import annotations

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine.errors import CutawayError
from cutaway.glass import compare


def a_run() -> ct.Run:
    x = np.random.default_rng(0).normal(size=(12, 5)).astype("f")
    net = nn.Sequential(nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1))
    return ct.Run(net, nn.MSELoss(), optim.Adam(0.01), (x, x[:, :1]), batch_size=4).train(batches=6, progress=False)


def test_two_that_lived_the_same_are_the_same() -> None:
    run = a_run()
    told = run.compare(run.fork().train(batches=2, progress=False).back(2))
    assert told.parted is None and not told.differences
    assert repr(told).startswith("No batch went differently so far, and every weight is the same.")


def test_an_edit_is_where_they_part_and_the_sentence_names_it() -> None:
    run = a_run()
    other = run.fork().edit("0.weight", (2, 4), 1.5)
    told = run.compare(other)
    assert told.parted == 6 and told.sentence == "They part in batch 6: in B 0.weight[2, 4] was set to 1.5."
    (only,) = told.differences
    assert (only.name, only.index) == ("0.weight", (2, 4))
    assert only.largest == pytest.approx(1.5 - run.state["0.weight"][2, 4], rel=1e-6)
    assert only.root_mean_square == pytest.approx(abs(only.largest) / 15**0.5, rel=1e-6)


def test_the_farthest_apart_comes_first_and_both_losses_are_drawn_on_one_scale() -> None:
    run = a_run()
    other = run.fork().edit("2.bias", 5.0).train(batches=9, progress=False)
    run.train(batches=3, progress=False)
    told = run.compare(other)
    sizes = [d.root_mean_square for d in told.differences]
    assert sizes == sorted(sizes, reverse=True) and told.differences[0].name == "2.bias"
    assert all(
        abs(other.state[d.name] - run.state[d.name]).max() == pytest.approx(abs(d.largest)) for d in told.differences
    )
    lines = repr(told).splitlines()
    assert lines[1].startswith("A  ") and "9 batches, loss" in lines[1] and "15 batches, loss" in lines[2]
    assert "█" in lines[2] and "█" not in lines[1]  # what is high in one is high on the scale of both
    html = told._repr_html_()
    assert html.count("<polyline") == 2 and ">6</text>" in html and "<code>2.bias</code>" in html


def test_batches_that_went_differently_without_a_hand_are_found() -> None:
    run = a_run()
    x = np.array(run.data.x)
    x[:, 0] += 1
    other = ct.Run(run.net, run.loss, optim.Adam(0.01), (x, x[:, :1]), batch_size=4).train(batches=6, progress=False)
    assert compare(run, other, ("old", "new")).parted == 0


def test_a_run_beside_itself_is_refused_with_the_way_out() -> None:
    run = a_run()
    with pytest.raises(CutawayError, match=r"run\.fork\(\)"):
        run.compare(run)
