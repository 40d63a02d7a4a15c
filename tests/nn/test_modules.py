"""Modules as a tree: names and paths, sharing, modes, first numbers, and what a layer says of itself."""

from __future__ import annotations

import copy
import traceback
from typing import Any

import numpy as np
import pytest

from cutaway import nn, ops
from cutaway.engine import Tape, Tensor
from cutaway.engine.errors import CutawayError, ShapeError


class Net(nn.Module):
    """All the ways in which a reader may keep layers."""

    def __init__(self) -> None:
        self.first = nn.Linear(3, 4)
        self.many = [nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)]
        self.pair = (nn.Linear(4, 4), nn.Linear(4, 4))
        self.named = {"left": nn.Linear(4, 2), "right": nn.Linear(4, 2)}
        self.deep = [[nn.Linear(2, 2)], {"x": [nn.Linear(2, 2)]}]
        self.shifts = [nn.Parameter(np.zeros(2, np.float32)), nn.Parameter(np.ones(2, np.float32))]
        self.seen = nn.Buffer(np.zeros(2, np.float32))
        self.sizes = [3, 4]  # not everything in a list is a layer
        self.inner = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for layer in (*self.many, *self.pair):
            x = layer(x)
        x = self.named["left"](x) * self.named["right"](x)
        x = self.deep[1]["x"][0](self.deep[0][0](x))
        return self.inner(x) + self.shifts[0] * self.shifts[1]


NAMES = [
    *["first.weight", "first.bias", "many.0.weight", "many.0.bias", "many.2.weight", "many.2.bias"],
    *["pair.0.weight", "pair.0.bias", "pair.1.weight", "pair.1.bias"],
    *["named.left.weight", "named.left.bias", "named.right.weight", "named.right.bias"],
    *["deep.0.0.weight", "deep.0.0.bias", "deep.1.x.0.weight", "deep.1.x.0.bias"],
    *["inner.0.0.weight", "inner.0.0.bias"],
]
OWN = ["shifts.0", "shifts.1"]


# -- names ------------------------------------------------------------------------------------------------------------
def test_everything_inside_is_found_and_named_by_its_path() -> None:
    net = Net()
    assert list(net.named_parameters()) == OWN + NAMES
    assert list(net.named_buffers()) == ["seen"]
    assert list(net.state()) == [*OWN, "seen", *NAMES]
    assert [p.name for p in net.parameters()] == OWN + NAMES
    assert net.parameters()[0] is net.shifts[0]


def test_paths_of_modules() -> None:
    paths = {m.path: type(m).__name__ for m in Net().modules()}
    assert paths[""] == "Net"
    assert paths["inner"] == paths["inner.0"] == "Sequential"
    assert (paths["inner.0.0"], paths["inner.1"], paths["many.1"]) == ("Linear", "Dropout", "ReLU")


def test_a_part_counts_names_from_itself_and_keeps_its_path_in_the_whole() -> None:
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)), nn.Linear(2, 1))
    part = net[0]
    assert list(part.named_parameters()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert [p.name for p in part.parameters()] == ["0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias"]
    alone = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)).init(seed=4)
    part.load_state(alone.state())
    np.testing.assert_array_equal(net.state()["0.1.weight"], alone[1].weight.data)
    part.freeze("1.*")
    assert [name for name, p in net.named_parameters().items() if not p.requires_grad] == ["0.1.weight", "0.1.bias"]


def test_layers_that_come_to_a_list_later_are_found_too() -> None:
    class Growing(nn.Module):
        def __init__(self, depth: int) -> None:
            self.layers: list[nn.Module] = []
            for _ in range(depth):
                self.layers.append(nn.Linear(3, 3))

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.layers:
                x = ops.tanh(layer(x))
            return x

    used_first, asked_first = Growing(3), Growing(3)
    y = used_first(np.ones((1, 3), np.float32))  # numbers are drawn here, by their names in the whole
    assert list(asked_first.state()) == [f"layers.{k}.{what}" for k in range(3) for what in ("weight", "bias")]
    np.testing.assert_array_equal(y.data, asked_first(np.ones((1, 3), np.float32)).data)
    assert not np.array_equal(used_first.layers[0].state()["weight"], used_first.layers[1].state()["weight"])


def test_a_shared_layer_has_one_set_of_numbers_and_several_names() -> None:
    shared = nn.Linear(3, 3)
    net = nn.Sequential(nn.Linear(2, 3), shared, nn.ReLU(), nn.Sequential(shared, nn.ReLU()), shared)
    assert list(net.named_parameters()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert [n for n, p in net.named_state() if p is shared.weight] == ["1.weight", "3.0.weight", "4.weight"]
    assert shared.path == "1"
    assert net.modules().count(shared) == 1
    with Tape() as tape:
        net(Tensor(np.ones((1, 2), np.float32)))
    assert list(tape.state) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_a_shared_parameter_keeps_its_first_name() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 3), nn.Linear(3, 4))
    net[2].weight = net[0].weight
    assert net[0].weight.name == "0.weight"
    assert list(net.named_parameters()) == ["0.weight", "0.bias", "1.weight", "1.bias", "2.bias"]
    other = copy.deepcopy(net)
    assert other[2].weight is other[0].weight
    assert other[0].weight is not net[0].weight


def test_a_layer_that_knows_its_parent_is_no_endless_tree() -> None:
    class Child(nn.Module):
        def __init__(self, parent: nn.Module) -> None:
            self.weight = nn.Parameter(np.ones(2, np.float32))
            self.parent = parent

    class Parent(nn.Module):
        def __init__(self) -> None:
            self.child = Child(self)

    assert list(Parent().named_parameters()) == ["child.weight"]


# -- a layer of one's own -------------------------------------------------------------------------------------------
def test_a_layer_of_ones_own_trains_like_any_other() -> None:
    class Scale(nn.Module):
        def __init__(self, size: int) -> None:
            self.factor = nn.Parameter(nn.init.normal(0.1), (size,))

        def forward(self, x: Tensor) -> Tensor:
            return x * self.factor

    net = nn.Sequential(nn.Linear(3, 2), Scale(2))
    with Tape():
        net(Tensor(np.ones((4, 3), np.float32))).sum().backward()
    grads = {name: p.grad for name, p in net.named_parameters().items()}
    assert list(grads) == ["0.weight", "0.bias", "1.factor"]
    expected = net[0](Tensor(np.ones((4, 3), np.float32))).sum(dim=0)
    assert grads["1.factor"] is not None
    np.testing.assert_allclose(grads["1.factor"].data, expected.data, rtol=1e-6)


def test_a_layer_without_forward_says_what_to_write() -> None:
    class Empty(nn.Module):
        pass

    with pytest.raises(CutawayError, match=r"Empty has no forward yet: write `def forward"):
        Empty()(Tensor(1.0))


def test_sequential_given_a_class_or_a_function() -> None:
    with pytest.raises(TypeError, match=r"'ReLU'; did you mean nn\.ReLU\(\)"):
        nn.Sequential(nn.Linear(2, 2), nn.ReLU)
    with pytest.raises(TypeError, match="Sequential takes layers"):
        nn.Sequential(nn.Linear(2, 2), [nn.ReLU()])


def test_sequential_is_a_row_of_layers() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert len(net) == 3
    assert [type(layer).__name__ for layer in net] == ["Linear", "ReLU", "Linear"]
    assert net[-1] is net[2]
    x = np.ones((1, 2), np.float32)
    np.testing.assert_array_equal(net(x).data, net[2](net[1](net[0](x))).data)


def test_errors_name_the_layer_in_which_they_happened() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(6, 4), nn.Linear(5, 2)))
    with pytest.raises(ShapeError) as caught:
        net(np.zeros((7, 2, 3), np.float32))
    text = "".join(traceback.format_exception(caught.value))
    assert "This happened in layer 1.1, Linear(5, 2), which was given (7, 4)." in text
    assert text.count("This happened in") == 1


# -- first numbers --------------------------------------------------------------------------------------------------
def test_the_same_network_starts_from_the_same_numbers_whoever_looks_first() -> None:
    a, b, c = Net(), Net(), Net()
    repr(a), a.modules(), a.eval()
    b.eval()(np.ones((2, 3), np.float32))
    assert c.pair[1].weight.data.shape == (4, 4)
    for name, array in a.state().items():
        np.testing.assert_array_equal(array, b.state()[name], err_msg=name)
        np.testing.assert_array_equal(array, c.state()[name], err_msg=name)


def test_other_names_and_other_seeds_give_other_numbers() -> None:
    net = Net()
    drawn = [net.state()[f"{where}.weight"] for where in ("many.0", "many.2", "pair.0", "pair.1")]
    drawn += [Net().init(seed=1).state()["many.0.weight"], nn.Linear(4, 4).weight.data]
    for k, array in enumerate(drawn):
        assert not any(np.array_equal(array, other) for other in drawn[:k])


def test_init_draws_again_and_forgets_what_was_trained() -> None:
    net = Net()
    start = {name: array.copy() for name, array in net.state().items()}
    net.load_state({name: array + 1 for name, array in start.items()})
    net.init()
    for name, array in net.state().items():
        np.testing.assert_array_equal(array, start[name], err_msg=name)
    once, twice = net.init(seed=3).state(), Net().init(seed=3).state()
    for name, array in once.items():
        np.testing.assert_array_equal(array, twice[name], err_msg=name)


def test_shapes_and_sizes_are_known_without_drawing() -> None:
    weight = nn.Linear(300_000, 200_000).weight  # 240 GB, were it drawn
    assert (weight.shape, weight.ndim, weight.numel()) == ((200_000, 300_000), 2, 60_000_000_000)
    assert weight.dtype == np.float32


def test_float64_holds_the_same_numbers_with_more_digits() -> None:
    a, b = Net(), Net().to(np.float64)
    assert {array.dtype for array in b.state().values()} == {np.dtype(np.float64)}
    for name, array in a.to(np.float64).state().items():
        np.testing.assert_array_equal(array, b.state()[name], err_msg=name)
    assert b.eval()(np.ones((2, 3))).dtype == np.float64
    assert {array.dtype for array in b.to(np.float32).state().values()} == {np.dtype(np.float32)}


def test_lists_and_arrays_are_read_in_the_networks_kind_of_numbers() -> None:
    for dtype in (np.float32, np.float64):
        net = nn.Linear(2, 1).to(dtype)
        for x in ([[1.0, 2.0]], np.array([[1.0, 2.0]]), np.array([[1.0, 2.0]], np.float32)):
            assert net(x).dtype == dtype


# -- modes ------------------------------------------------------------------------------------------------------------
def test_train_and_eval_reach_every_layer() -> None:
    net = Net()
    assert all(m.training for m in net.modules())
    net.eval()
    assert not any(m.training for m in net.modules())
    net.inner.train()
    assert [m.path for m in net.modules() if m.training] == ["inner", "inner.0", "inner.0.0", "inner.1"]


def test_dropout_drops_in_training_only_and_keeps_the_mean() -> None:
    layer, x = nn.Dropout(0.25), Tensor(np.ones((200, 50), np.float32))
    with Tape(seed=3, step=5):
        y = layer(x).data
    assert sorted(np.unique(y).tolist()) == pytest.approx([0.0, 4 / 3])
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)
    np.testing.assert_array_equal(layer.eval()(x).data, x.data)


def test_dropout_is_a_function_of_seed_step_and_place() -> None:
    net, x = nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.5)), Tensor(np.ones((4, 30), np.float32))

    def draw(**where: int) -> Any:
        with Tape(**where):
            return net[0](x).data, net[1](x).data

    first, second = draw(seed=1, step=2)
    np.testing.assert_array_equal(first, draw(seed=1, step=2)[0])
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, draw(seed=2, step=2)[0])
    assert not np.array_equal(first, draw(seed=1, step=3)[0])


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, float("nan")])
def test_dropout_refuses_an_impossible_chance(p: float) -> None:
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        nn.Dropout(p)


def test_freeze_and_unfreeze_by_pattern() -> None:
    net = Net()

    def frozen() -> list[str]:
        return [name for name, p in net.named_parameters().items() if not p.requires_grad]

    net.freeze("many.*")
    assert frozen() == ["many.0.weight", "many.0.bias", "many.2.weight", "many.2.bias"]
    net.freeze("*.bias").unfreeze("many.*")
    assert frozen() == [name for name in NAMES if name.endswith("bias") and not name.startswith("many")]
    net.freeze()
    assert frozen() == OWN + NAMES
    net.unfreeze()
    assert frozen() == []
    assert not net.seen.requires_grad  # a buffer is not trained, frozen or not


def test_a_pattern_that_fits_nothing_lists_the_names() -> None:
    with pytest.raises(nn.StateError, match=r"No parameter is called 'conv\.\*'\. There are: weight, bias\."):
        nn.Linear(2, 2).freeze("conv.*")


def test_batch_normalisation_names_a_wrong_number_of_channels() -> None:
    with pytest.raises(ShapeError, match=r"BatchNorm2d\(3\): x must have 3 channels"):
        nn.BatchNorm2d(3)(Tensor(np.zeros((2, 4, 5, 5), np.float32)))


# -- looking ----------------------------------------------------------------------------------------------------------
def test_repr_is_a_readable_tree() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.Sequential(nn.BatchNorm2d(8), nn.LeakyReLU(0.2), nn.MaxPool2d(2)),
        nn.Flatten(),
        nn.Linear(1568, 10, bias=False),
    )
    assert repr(net).splitlines() == [
        "Sequential(",
        "  (0): Conv2d(1, 8, 3, padding=1)",
        "  (1): Sequential(",
        "    (0): BatchNorm2d(8)",
        "    (1): LeakyReLU(0.2)",
        "    (2): MaxPool2d(2)",
        "  )",
        "  (2): Flatten()",
        "  (3): Linear(1568, 10, bias=False)",
        ")",
    ]


def test_summary_counts_parameters_and_multiply_adds() -> None:
    net = nn.Sequential(
        nn.Conv2d(2, 4, (3, 2), padding=1),  # 8 x 7 pictures -> 8 x 8 places
        nn.BatchNorm2d(4),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 5).freeze(),
    )
    table = net.summary((2, 8, 7))
    assert [(r.path, r.output, r.parameters, r.multiply_adds) for r in table.rows] == [
        ("0", (4, 8, 8), 4 * 2 * 3 * 2 + 4, 4 * 8 * 8 * 2 * 3 * 2),
        ("1", (4, 8, 8), 8, 0),
        ("2", (4, 4, 4), 0, 0),
        ("3", (64,), 0, 0),
        ("4", (5,), 64 * 5 + 5, 64 * 5),
    ]
    assert table.parameters == sum(r.parameters for r in table.rows) == 52 + 8 + 325
    assert table.multiply_adds == sum(r.multiply_adds for r in table.rows) == 3072 + 320
    lines = repr(table).splitlines()
    assert lines[2].split() == [
        "0",
        "Conv2d(2,",
        "4,",
        "(3,",
        "2),",
        "padding=1)",
        "4",
        "x",
        "8",
        "x",
        "8",
        "52",
        "3,072",
    ]
    assert lines[-1].split() == ["together", "385", "3,392"]
    assert len({len(line) for line in lines[1:]}) == 1


def test_summary_counts_what_is_shared_once_and_every_visit() -> None:
    shared = nn.Linear(4, 4)
    table = nn.Sequential(nn.Linear(3, 4), shared, nn.ReLU(), shared).summary((3,))
    assert [(r.path, r.parameters, r.multiply_adds) for r in table.rows] == [
        ("0", 16, 12),
        ("1", 20, 16),
        ("2", 0, 0),
        ("1", 0, 16),
    ]
    assert (table.parameters, table.multiply_adds) == (36, 44)


def test_summary_counts_a_tied_weight_once() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
    net[2].weight = net[0].weight
    table = net.summary((4,))
    assert [r.parameters for r in table.rows] == [20, 0, 4]
    assert table.parameters == 24


def test_summary_shows_what_a_parent_has_of_its_own() -> None:
    table = Net().summary((3,))
    assert table.parameters == sum(r.parameters for r in table.rows) == sum(p.numel() for p in Net().parameters())
    assert table.rows[-1].path == ""
    assert table.rows[-1].parameters == 4


def test_summary_leaves_the_network_as_it_was() -> None:
    net = Net()
    net.many[0].eval()
    net.inner.eval()
    modes = [m.training for m in net.modules()]
    before = {name: array.copy() for name, array in net.state().items()}
    net.summary((3,))
    with pytest.raises(ShapeError):
        net.summary((4,))
    assert [m.training for m in net.modules()] == modes
    for name, array in net.state().items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
    net.to(np.float64).summary((3,))
