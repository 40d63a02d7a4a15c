"""Changing what a layer gave, for one forward pass: by the layer's name, and only once it is there."""

from __future__ import annotations

import re

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine.errors import CutawayError


def a_run() -> ct.Run:
    net = nn.Sequential(nn.Linear(6, 2), nn.Tanh(), nn.Linear(2, 1))
    x = np.arange(18, dtype=np.float32).reshape(3, 6) / 10
    return ct.Run(net, nn.MSELoss(), optim.SGD(0.1), (x, x[:, :1]), batch_size=3)


def after(run: ct.Run, name: str) -> ct.Run:
    """The run when a layer has just given its output; the way is the one that the error tells."""
    with pytest.raises(CutawayError) as told:
        run.edit(name, (0, 0), 0.0)
    batch, op = map(int, re.search(r"run\.at\((\d+), (\d+)\)", str(told.value)).groups())
    return run.at(batch, op)


@pytest.mark.parametrize("name", ["forward/1", "1"])
def test_an_activation_is_edited_by_the_name_of_its_layer(name: str) -> None:
    run = after(a_run().train(batches=2, progress=False), name)
    run.edit(name, (slice(None), 1), 0.0)  # the second neuron is silent for this batch
    assert (run.see(name)[:, 1] == 0).all()
    old = run.see("2.weight").copy()
    run.step("batch")
    new = run.state["2.weight"]
    assert new[0, 1] == old[0, 1] and new[0, 0] != old[0, 0]  # whoever is silent learns nothing


def test_an_edited_activation_is_part_of_the_history() -> None:
    run = after(a_run().train(batches=2, progress=False), "forward/1").edit("forward/1", (0, 0), 5.0)
    run.train(batches=3, progress=False)
    state = {k: v.copy() for k, v in run.state.items()}
    run.at(1).at(run.goal)
    assert all((run.state[k] == state[k]).all() for k in state)
    assert run.relive(2)[1][run.history.events[0].name and int(run.history.events[0].name[5:])][0, 0] == 5.0


def test_the_next_batch_is_not_edited() -> None:
    run = after(a_run().train(batches=2, progress=False), "forward/1").edit("forward/1", 0.0)
    run.step("batch")
    while "forward/1" not in run.step("op").label:
        pass
    assert (run.see("1") != 0).any()


def test_gradients_can_be_edited_before_the_update() -> None:
    run = after(a_run().train(batches=1, progress=False), "2.bias.grad")
    run.edit("2.bias.grad", (0,), 1.0)
    bias = float(run.see("2.bias")[0])
    run.step("batch")
    assert float(run.state["2.bias"][0]) == pytest.approx(bias - 0.1)


def test_what_is_not_there_yet_is_refused_with_the_way_to_it() -> None:
    run = a_run()
    run.step("op")
    with pytest.raises(CutawayError, match=r"'forward/1' is not computed yet.*overwritten.*step \d+ of \d+"):
        run.edit("forward/1", (0, 0), 1.0)
    assert not run.history.events
    with pytest.raises(CutawayError, match="Did you mean 'forward/1'"):
        run.edit("foward/1", (0, 0), 1.0)
    with pytest.raises(CutawayError, match="has shape"):
        run.edit("x", (9, 9), 1.0)
