"""Rules for first numbers: as widely spread as PyTorch's, and pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway import nn
from cutaway.engine.errors import CutawayError
from cutaway.nn import init

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
T: Any = torch.nn.init

RULES = [
    ("kaiming_uniform", {}),
    ("kaiming_uniform", {"a": 5**0.5}),
    ("kaiming_uniform", {"mode": "fan_out", "nonlinearity": "tanh"}),
    ("kaiming_normal", {}),
    ("kaiming_normal", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal", {"a": 0.3}),
    ("xavier_uniform", {}),
    ("xavier_uniform", {"gain": 5 / 3}),
    ("xavier_normal", {}),
]


@pytest.mark.parametrize("shape", [(300, 40), (200, 8, 5), (40, 30, 3, 5)])
@pytest.mark.parametrize(("name", "how"), RULES)
def test_as_widely_spread_as_in_torch(name: str, how: dict[str, Any], shape: tuple[int, ...]) -> None:
    ours = getattr(init, name)(**how).draw(shape, 0, "w")
    theirs = getattr(T, name + "_")(torch.empty(shape), **how).numpy()
    assert ours.dtype == np.float32 and ours.shape == shape
    assert ours.std() == pytest.approx(theirs.std(), rel=0.04)
    assert abs(ours.mean()) < 0.05 * ours.std()
    if "uniform" in name:
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.01)
    else:
        assert np.abs(ours).max() > 2.5 * ours.std()


@pytest.mark.parametrize("name", ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gains_are_torchs(name: str) -> None:
    assert init.gain(name) == pytest.approx(T.calculate_gain(name, 0))


def test_a_layer_starts_from_another_rule_and_again_from_it() -> None:
    net = nn.Sequential(nn.Conv2d(3, 5, 3))
    before = net.state()["0.weight"].copy()
    net[0].weight.start(init.kaiming_normal())
    after = net.state()["0.weight"].copy()
    assert after.shape == before.shape and not np.array_equal(after, before)
    assert not np.array_equal(net.init(seed=1).state()["0.weight"], after)
    np.testing.assert_array_equal(net.init(seed=0).state()["0.weight"], after)


def test_numbers_that_were_given_can_start_from_a_rule() -> None:
    parameter = nn.Parameter(np.ones((2, 3), np.float32))
    parameter.start(init.zeros())
    np.testing.assert_array_equal(parameter.data, np.zeros((2, 3)))


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(CutawayError, match="two sides"):
        init.xavier_normal().draw((3,), 0, "b")
    with pytest.raises(CutawayError, match="fan_in"):
        init.kaiming_normal(mode="fan")
    with pytest.raises(CutawayError, match="known are"):
        init.kaiming_normal(nonlinearity="softmax")
