"""State as a plain tree: taken out, put in again, and refused as a whole where it does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway import nn
from cutaway.engine import Tensor


def small() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))


def unchanged(net: nn.Module, before: dict[str, Any]) -> bool:
    return all(np.array_equal(array, before[name]) for name, array in net.state().items())


def test_a_state_moves_from_one_network_to_another() -> None:
    a, b = small().init(seed=1), small()
    assert b.load_state(a.state()) is b
    x = np.random.default_rng(0).normal(size=(2, 1, 4, 4)).astype(np.float32)
    np.testing.assert_array_equal(a.eval()(x).data, b.eval()(x).data)


def test_what_was_loaded_is_a_copy_in_the_networks_kind_of_numbers() -> None:
    a, b = small(), small()
    state = {name: array.astype(np.float64) for name, array in a.state().items()}
    b.load_state(state)
    state["3.bias"][:] = 7
    assert b.state()["3.bias"].dtype == np.float32
    np.testing.assert_array_equal(b.state()["3.bias"], a.state()["3.bias"])


def test_lists_and_tensors_are_states_too() -> None:
    net = nn.Linear(2, 1).load_state({"weight": [[1, 2]], "bias": Tensor([3.0])})
    assert net([[10.0, 100.0]]).item() == 213


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda s: s.pop("3.bias"), ["missing from the state: 3.bias"]),
        (lambda s: s.update({"4.weight": np.ones(3)}), ["unknown to the network: 4.weight"]),
        (lambda s: s.update({"2.num_batches_tracked": np.ones(())}), ["unknown to the network: 2.num_batches_tracked"]),
        (
            lambda s: s.update({"3.weight": np.ones((8, 3))}),
            ["another shape: 3.weight: the network has (3, 8), the state (8, 3)"],
        ),
        (
            lambda s: (s.pop("0.weight"), s.update({"conv.weight": 1.0, "3.bias": np.ones(1)})),
            [
                "missing from the state: 0.weight",
                "unknown to the network: conv.weight",
                "another shape: 3.bias: the network has (3,), the state (1,)",
            ],
        ),
        (lambda s: s.clear(), ["missing from the state: 0.weight, 0.bias, 1.weight, 1.bias, 1.running_mean"]),
    ],
)
def test_a_state_that_does_not_fit_is_refused_as_a_whole(spoil: Any, says: list[str]) -> None:
    net = small()
    before = {name: array.copy() for name, array in net.state().items()}
    state = {name: array + 1 for name, array in before.items()}
    spoil(state)
    with pytest.raises(nn.StateError) as caught:
        net.load_state(state)
    assert str(caught.value).startswith("load_state: this state does not fit the network, so nothing was changed.")
    for line in says:
        assert line in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1 + len(says)
    assert unchanged(net, before)


def test_a_state_that_holds_no_numbers_changes_nothing() -> None:
    net = small()
    before = {name: array.copy() for name, array in net.state().items()}
    state = {name: array + 1 for name, array in before.items()}
    state["3.bias"] = np.array(["a", "b", "c"])
    with pytest.raises(ValueError, match="could not convert"):
        net.load_state(state)
    assert unchanged(net, before)


def test_the_counter_of_torch_is_passed_over_wherever_it_stands() -> None:
    norm = nn.BatchNorm2d(2)
    net = nn.Sequential(norm, nn.Sequential(nn.ReLU(), norm))
    state = dict(net.state())
    state |= {f"1.1.{name}": array for name, array in norm.state().items()}
    state |= {"0.num_batches_tracked": np.array(5), "1.1.num_batches_tracked": np.array(5)}
    net.load_state(state)
    with pytest.raises(nn.StateError, match=r"unknown to the network: 1\.0\.num_batches_tracked"):
        net.load_state({**state, "1.0.num_batches_tracked": np.array(5)})


def test_one_name_of_a_shared_layer_is_enough() -> None:
    shared = nn.Linear(2, 2)
    net = nn.Sequential(shared, nn.ReLU(), shared)
    net.load_state({"2.weight": np.eye(2), "2.bias": np.zeros(2)})
    np.testing.assert_array_equal(net.state()["0.weight"], np.eye(2))
