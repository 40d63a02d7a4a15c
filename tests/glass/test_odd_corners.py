"""Sensible questions at odd moments: after a hand was in a batch, after freezing, of layers that do nothing."""

from __future__ import annotations

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine.errors import CutawayError

RANDOM = np.random.default_rng(5)
X, Y = RANDOM.normal(size=(22, 4)).astype(np.float32), RANDOM.normal(size=(22, 2)).astype(np.float32)


def run(net: nn.Module | None = None, alpha: float = 0.1, **how: object) -> ct.Run:
    net = net or nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
    return ct.Run(net, nn.MSELoss(), optim.SGD(alpha), data=(X, Y), **{"batch_size": 4, **how})


def test_a_word_that_no_table_has_a_row_for_is_refused_and_nothing_is_lost() -> None:
    words = RANDOM.integers(0, 9, (12, 3))
    net = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(12, 2))
    data = ct.data.Dataset(words, RANDOM.integers(0, 2, 12), tokens=True)
    one = ct.Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1), data=data, batch_size=4)
    one.step("op")
    for word in (9999, -1):
        with pytest.raises(CutawayError, match="embedding: "):
            one.edit("x", (0, 0), word)
    one.edit("x", (0, 0), 8)
    assert one.train(batches=3, progress=False).batch >= 3


def test_health_after_another_batch_size() -> None:
    one = run().train(batches=8, progress=False)
    one.batch_size = 11
    assert ct.glass.health(one).looked
    one.train(batches=3, progress=False)
    assert ct.glass.health(one).looked


def test_a_watched_gradient_that_is_frozen_stops_nobody_who_only_asks() -> None:
    one = run().train(batches=2, progress=False)
    one.watch('norm(grad("0.weight")) > 1e9')
    one.freeze("0.*")
    assert one.fork().batch == 2 and "2.weight" in repr(one.why("2.weight", (0, 0)))
    with pytest.raises(CutawayError, match=r"'0.weight' is not trained.*run\.unwatch"):
        one.train(batches=2, progress=False)
    one.unwatch()
    assert one.train(batches=2, progress=False).batch >= 4


def test_names_that_show_takes_are_watched_inside_the_batch() -> None:
    one = run()
    for condition in ('norm("0.weight.grad") > 0', 'max("1") > -2'):
        one.watch(condition)
        one.train(batches=1, progress=False)
        assert one.op and condition in repr(one.watches.hits[-1])
        one.unwatch()
        one.train(batches=2, progress=False)


def test_why_of_batches_that_are_not_done_and_of_names_that_are_none() -> None:
    one = run().train(batches=3, progress=False)
    for batch in (3, 10**6, -1):
        with pytest.raises(CutawayError, match="3 batches are done, counted from 0"):
            one.why("0.weight", (0, 0), batch=batch)
    assert one.batch == 3
    with pytest.raises(CutawayError, match=r"nothing is called '0.wieght'.*0.weight"):
        one.why("0.wieght", (0, 0))


def test_why_says_that_a_hand_was_in_the_batch() -> None:
    one = run().train(batches=2, progress=False)
    one.at(2, next(k for k, s in enumerate(one.program.steps) if s.label.startswith("update")) + 1)
    one.edit("2.bias.grad", (0,), 5.0)
    one.step("batch")
    told = repr(one.why("2.bias", (0,)))
    assert "changed by hand, so the parts need not sum" in told
    assert "by hand" not in repr(one.why("2.bias", (0,), batch=1))


def test_explain_of_what_a_layer_remembers_of_a_layer_that_does_nothing_and_of_a_frozen_weight() -> None:
    net = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Identity(), nn.Linear(5, 2))
    one = run(net).train(batches=1, progress=False)
    assert "running_mean" in repr(ct.glass.explain(one, "1.running_mean"))
    with pytest.raises(CutawayError, match="layer 2 does nothing here"):
        ct.glass.explain(one, "2")
    one.freeze("0.*")
    one.train(batches=1, progress=False)
    with pytest.raises(CutawayError, match=r"'0.weight' is not changed in this batch"):
        ct.glass.explain(one, "0.weight")


def test_masks_and_whole_numbers_are_shown_by_what_is_farthest_from_zero() -> None:
    mask = np.zeros((30, 90), bool)
    mask[29, 89] = True
    assert repr(ct.glass.show(mask))
    assert np.array_equal(ct.glass.text.reduced(mask, 3, 3)[2], [0, 0, 1])
    assert ct.glass.text.reduced(np.uint8([[3, 200, 1, 0]]), 1, 2).tolist() == [[200, 1]]


def test_a_norm_layer_that_begins_as_all_do_is_no_set_of_copies() -> None:
    net = nn.Sequential(nn.Linear(4, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 2))
    net[3].weight.data = np.zeros_like(net[3].weight.data)
    assert "copies" not in repr(ct.glass.health(run(net)))


def test_double_precision_that_grows_beyond_single_is_not_blamed_on_anybody() -> None:
    net = nn.Linear(4, 2)
    for parameter in net.parameters():
        parameter.data = parameter.data.astype(np.float64)
    one = ct.Run(net, nn.MSELoss(), optim.SGD(20.0), data=(X.astype(np.float64), Y.astype(np.float64)), batch_size=22)
    while one.batch < 500 and float(one.results[-1][0] if one.results else 0) < 1e60:
        one.train(batches=1, progress=False)
    assert one.results[-1][0] > 1e60
    assert "by hand" not in repr(ct.glass.health(one))


def test_networks_are_seen_into_with_numbers_of_their_own_kind() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    assert ct.glass.sight.features(net, np.zeros((5, 2)))["1"].dtype == np.float32
    for parameter in net.parameters():
        parameter.data = parameter.data.astype(np.float64)
    assert ct.glass.sight.features(net, np.zeros((5, 2), np.float32))["1"].dtype == np.float64


def test_branches_that_part_by_a_slice_say_which() -> None:
    one = run().train(batches=2, progress=False)
    other = one.fork().edit("0.weight", (slice(None), 1), 0.0)
    other.train(batches=1, progress=False)
    one.train(batches=1, progress=False)
    assert "0.weight[:, 1] was set to 0" in repr(one.compare(other))
