"""Seeing what a network sees, on the digits network that comes along and on networks whose answer is known."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from cutaway import data, nn
from cutaway.engine import Tensor
from cutaway.engine.errors import CutawayError
from cutaway.glass.sight import covered_votes, excite, features, filters, nearest, slope_votes
from cutaway.projects.digits import network
from cutaway.projects.digits.use import SHIPPED

DIGITS = data.load("digits")
X, Y = DIGITS.test.x[:60], DIGITS.test.y[:60]


@pytest.fixture(scope="module")
def net() -> Any:
    made = network()
    made.load_state(load_file(SHIPPED))
    return made  # in training mode, as a network is made


def scores(net: Any, x: Any) -> Any:
    net.eval()
    found = net(Tensor(x)).numpy()
    net.train()
    return found


def test_features_are_what_every_layer_gives_and_leave_the_network_as_it_was(net: Any) -> None:
    net[3].eval()  # a part in a mode of its own
    modes = [module.training for module in net.modules()]
    found = features(net, X[:4])
    assert [module.training for module in net.modules()] == modes
    net[3].train()
    assert list(found) == [str(k) for k in range(len(net))]
    assert found["0"].shape == (4, 12, 28, 28) and found["11"].shape == (4, 24, 3, 3)
    assert np.allclose(found[str(len(net) - 1)], scores(net, X[:4]), atol=1e-5)
    assert (found["2"] >= 0).all() and (found["2"] == np.maximum(found["1"], 0)).all()


def test_covering_what_a_network_looks_at_lowers_the_score() -> None:
    only = nn.Sequential(nn.Flatten(), nn.Linear(100, 2))
    only[1].weight.data = np.zeros((2, 100), np.float32)
    only[1].weight.data[0, 34] = 2.0  # row 3, column 4 speaks for class 0
    only[1].weight.data[0, 77] = -1.0  # row 7, column 7 against
    votes = covered_votes(only, np.ones((1, 10, 10), np.float32), answer=0, size=3, fill=0.0)
    assert np.unravel_index(votes.argmax(), (10, 10)) == (3, 4) and votes[3, 4] == pytest.approx(2)
    assert np.unravel_index(votes.argmin(), (10, 10)) == (7, 7) and votes[7, 7] == pytest.approx(-1)
    assert votes[0, 9] == votes[9, 0] == 0
    coarse = covered_votes(only, np.ones((1, 10, 10), np.float32), answer=0, size=4, stride=3, fill=0.0)
    assert coarse[3, 4] > 0 and coarse.shape == (10, 10)


def test_the_slopes_add_up_to_the_score(net: Any) -> None:
    empty = scores(net, np.zeros_like(X[:1]))[0]
    for picture, digit in zip(X[:5], Y[:5], strict=True):
        votes = slope_votes(net, picture, int(digit), steps=64)
        risen = scores(net, picture[None])[0, digit] - empty[digit]
        assert votes.sum() == pytest.approx(risen, rel=0.05, abs=0.1)
        assert np.abs(votes[picture[0] == 0]).max() == 0  # empty paper says nothing


def test_both_ways_find_the_ink_that_speaks_for_the_digit(net: Any) -> None:
    for picture in X[:4]:
        ink = picture[0] > 0.3
        near = np.pad(ink, 2)
        near = np.any([np.roll(near, (i, j), (0, 1)) for i in range(-2, 3) for j in range(-2, 3)], 0)[2:-2, 2:-2]
        for votes in (covered_votes(net, picture, size=5, stride=2), slope_votes(net, picture)):
            strongest = np.argsort(-votes, axis=None)[:20]
            assert near.flat[strongest].all()
    assert np.allclose(slope_votes(net, X[0]), slope_votes(net, X[0], int(scores(net, X[:1]).argmax())))


def test_hiding_the_parts_that_spoke_costs_more_than_hiding_others(net: Any) -> None:
    worse = 0
    for picture, digit in zip(X[:10], Y[:10], strict=True):
        ink = np.flatnonzero(picture[0].ravel() > 0.3)
        votes = slope_votes(net, picture, int(digit)).ravel()[ink]
        best, rest = picture.copy(), picture.copy()
        best.reshape(-1)[ink[np.argsort(-votes)[: len(ink) // 4]]] = 0
        rest.reshape(-1)[ink[np.argsort(votes)[: len(ink) // 4]]] = 0
        worse += scores(net, best[None])[0, digit] < scores(net, rest[None])[0, digit]
    assert worse >= 9


def test_a_unit_gets_more_excited_step_by_step(net: Any) -> None:
    last = str(len(net) - 1)
    for layer, unit in (("3", 2), (last, 3)):
        found = excite(net, layer, unit, (1, 28, 28), steps=25)
        assert found.picture.shape == (1, 28, 28) and found.picture.min() >= 0 and found.picture.max() <= 1
        assert found.excitement[-1] > found.excitement[0] + 0.5
        assert found.excitement[-5:].mean() > found.excitement[5:10].mean()
        again = excite(net, layer, unit, (1, 28, 28), steps=25)
        assert (again.picture == found.picture).all()
    assert scores(net, excite(net, last, 3, (1, 28, 28)).picture[None])[0].argmax() == 3


def test_a_dead_unit_ends_the_search() -> None:
    dead = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    dead[0].weight.data = np.zeros((2, 1, 3, 3), np.float32)
    dead[0].bias.data = np.float32([-1, -1])
    assert len(excite(dead, "1", 0, (1, 6, 6)).excitement) == 1


def test_the_nearest_in_feature_space_are_of_the_same_kind(net: Any) -> None:
    known = DIGITS.train[:600]
    which, alike = nearest(net, X[:20], known.x, layer="12", count=3)
    assert which.shape == alike.shape == (20, 3) and (np.diff(alike, axis=1) <= 0).all()
    assert (known.y[which] == Y[:20, None]).mean() > 0.9
    itself, one = nearest(net, known.x[400:402], known.x, count=1, batch_size=130)
    assert itself[:, 0].tolist() == [400, 401] and one == pytest.approx(np.ones((2, 1)), abs=1e-5)


def test_what_makes_no_sense_is_answered_with_a_sentence(net: Any) -> None:
    with pytest.raises(CutawayError, match="There is no layer '99'; there are 0, 1,"):
        excite(net, "99", 0, (1, 28, 28))
    with pytest.raises(CutawayError, match="There is no layer 'conv'"):
        nearest(net, X[:1], X, layer="conv")
    with pytest.raises(CutawayError, match="units 0 to 11, not 12"):
        excite(net, "0", 12, (1, 28, 28))
    with pytest.raises(CutawayError, match="from 0 to 9, not 10"):
        slope_votes(net, X[0], 10)
    with pytest.raises(CutawayError, match="does not fit 28 x 28"):
        covered_votes(net, X[0], size=40)
    with pytest.raises(ValueError, match=r"three sides.*take x\[k\]"):
        slope_votes(net, X)
    with pytest.raises(CutawayError, match=r"a run, or a network such as run\.net, not NoneType"):
        features(None, X)
    with pytest.raises(ValueError, match=r"three sides.*write x\[None\]"):
        slope_votes(net, X[0, 0])
    with pytest.raises(CutawayError, match="has no filters; those that have some are 0, 4, 8, 13"):
        filters(net, "2")
    with pytest.raises(CutawayError, match="count is from 1 to the 60"):
        nearest(net, X[:1], X, count=61)


def test_sight_is_found_under_the_glass() -> None:
    code = "import cutaway as ct; assert ct.glass.sight.nearest.__module__ == 'cutaway.glass.sight.nearest'"
    subprocess.run([sys.executable, "-c", code], check=True)
