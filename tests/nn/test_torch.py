"""Every layer, and whole networks, against their twins in PyTorch: names, values, gradients.

The twin's own `state_dict` is loaded by name, so the names, their order and the shapes are compared as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway import nn, ops
from cutaway.engine import Tape, Tensor, backward

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')

CLOSE: dict[str, dict[str, float]] = {
    "float64": {"rtol": 1e-10, "atol": 1e-12},
    "float32": {"rtol": 1e-4, "atol": 2e-5},
}
both = pytest.mark.parametrize("dtype", ["float64", "float32"])


@pytest.fixture(autouse=True)
def seeded() -> None:
    """PyTorch's first weights are the same every time: by chance some make single precision too coarse a measure."""
    torch.manual_seed(0)


def numbers(*shape: int, seed: int = 0, dtype: str = "float64") -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def state_of(twin: Any) -> dict[str, Any]:
    """What our network should be called inside: PyTorch's names, without the counter that nothing depends on."""
    return {name: t for name, t in twin.state_dict().items() if not name.endswith("num_batches_tracked")}


def pair(ours: nn.Module, twin: Any, dtype: str) -> tuple[nn.Module, Any]:
    """Both with the same numbers: PyTorch's, shaken so that no bias is 0 and no weight is 1."""
    twin.to(getattr(torch, dtype))
    with torch.no_grad():
        for k, t in enumerate(twin.state_dict().values()):
            if t.is_floating_point():
                t.copy_(torch.from_numpy(np.abs(0.5 * numbers(*t.shape, seed=k)) + 0.1 if k == 3 else t.numpy() + 0.1))
    ours.to(dtype)
    ours.load_state(twin.state_dict())
    assert list(ours.state()) == list(state_of(twin))
    return ours, twin


def agree(ours: nn.Module, twin: Any, dtype: str, *inputs: Any, names: Mapping[str, str] | None = None) -> None:
    """The same output, and the same gradient for every input and parameter."""
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in inputs]
    parameters = ours.named_parameters()
    with Tape():
        given = [Tensor(a) for a in arrays]
        y = ours(*given) * 1.0  # so that something is recorded where a layer lets all pass
        weight = np.cos(np.arange(y.numel()) + 1.0).reshape(y.shape).astype(dtype)
        moved = [t for t in given if t.dtype.kind == "f"]
        grads = backward(y, [*moved, *parameters.values()], Tensor(weight))
    theirs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    z = twin(*theirs)
    (z * torch.from_numpy(weight)).sum().backward()
    assert y.shape == tuple(z.shape)
    assert str(y.dtype) == dtype
    np.testing.assert_allclose(y.data, z.detach().numpy(), **CLOSE[dtype])
    expected = [t.grad for t in theirs if t.requires_grad] + [p.grad for p in twin.parameters()]
    assert len(grads) == len(expected)
    for what, g, other in zip(["x"] * len(moved) + list(parameters), grads, expected, strict=True):
        size = max(1.0, float(other.abs().max()))
        np.testing.assert_allclose(g.data / size, other.numpy() / size, err_msg=f"gradient of {what}", **CLOSE[dtype])


# -- one layer at a time -------------------------------------------------------------------------------------------
T: Any = torch.nn
LAYERS = [
    (nn.Linear(3, 5), T.Linear(3, 5), (4, 3)),
    (nn.Linear(3, 5, bias=False), T.Linear(3, 5, bias=False), (4, 3)),
    (nn.Linear(3, 5), T.Linear(3, 5), (2, 4, 3)),
    (nn.Linear(3, 5), T.Linear(3, 5), (3,)),
    (nn.Linear(3, 1), T.Linear(3, 1), (1, 3)),
    (nn.Conv2d(2, 3, 3), T.Conv2d(2, 3, 3), (2, 2, 7, 5)),
    (nn.Conv2d(2, 3, 3, padding=1), T.Conv2d(2, 3, 3, padding=1), (2, 2, 4, 5)),
    (nn.Conv2d(1, 4, 5, stride=2, padding=2), T.Conv2d(1, 4, 5, stride=2, padding=2), (3, 1, 9, 6)),
    (nn.Conv2d(3, 2, (2, 3), (1, 2), (0, 1)), T.Conv2d(3, 2, (2, 3), (1, 2), (0, 1)), (2, 3, 5, 8)),
    (nn.Conv2d(2, 3, 1, bias=False), T.Conv2d(2, 3, 1, bias=False), (2, 2, 3, 4)),
    (nn.MaxPool2d(2), T.MaxPool2d(2), (2, 3, 6, 4)),
    (nn.MaxPool2d(2), T.MaxPool2d(2), (2, 3, 7, 5)),
    (nn.MaxPool2d(3, stride=2), T.MaxPool2d(3, stride=2), (2, 1, 7, 9)),
    (nn.MaxPool2d((2, 3)), T.MaxPool2d((2, 3)), (2, 2, 5, 7)),
    (nn.MaxPool2d((3, 2), (1, 2)), T.MaxPool2d((3, 2), (1, 2)), (1, 2, 5, 6)),
    (nn.BatchNorm2d(3), T.BatchNorm2d(3), (4, 3, 5, 2)),
    (nn.BatchNorm2d(3).eval(), T.BatchNorm2d(3).eval(), (4, 3, 5, 2)),
    (nn.BatchNorm2d(2, eps=0.1, momentum=0.3), T.BatchNorm2d(2, eps=0.1, momentum=0.3), (1, 2, 3, 4)),
    (nn.Dropout(0.4).eval(), T.Dropout(0.4).eval(), (4, 5)),
    (nn.Dropout(0.0), T.Dropout(0.0), (4, 5)),
    (nn.Flatten(), T.Flatten(), (4, 2, 3, 5)),
    (nn.ReLU(), T.ReLU(), (4, 5)),
    (nn.LeakyReLU(), T.LeakyReLU(), (4, 5)),
    (nn.LeakyReLU(0.3), T.LeakyReLU(0.3), (2, 3, 4)),
    (nn.Tanh(), T.Tanh(), (4, 5)),
    (nn.Sigmoid(), T.Sigmoid(), (4, 5)),
    (nn.Softmax(), T.Softmax(dim=-1), (4, 5)),
    (nn.Softmax(dim=1), T.Softmax(dim=1), (2, 3, 4)),
    (nn.LogSoftmax(), T.LogSoftmax(dim=-1), (4, 5)),
    (nn.LogSoftmax(dim=0), T.LogSoftmax(dim=0), (4, 5)),
]


@both
@pytest.mark.parametrize(("ours", "twin", "shape"), LAYERS, ids=lambda v: v._line() if isinstance(v, nn.Module) else "")
def test_a_layer_and_its_twin(ours: nn.Module, twin: Any, shape: tuple[int, ...], dtype: str) -> None:
    twin.zero_grad()
    agree(*pair(ours, twin, dtype), dtype, numbers(*shape, seed=9))


def test_every_layer_has_been_compared() -> None:
    """In this file or in one beside it: a twin of its name is made there."""
    layers = {name for name, kind in vars(nn).items() if isinstance(kind, type) and issubclass(kind, nn.Module)}
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    compared = {
        name for text in texts for name in re.findall(r"""(?:\bT\.|\blib\.|^ *\(")(\w+)(?:\(|",)""", text, re.M)
    }
    assert layers - compared == {"Module", "PositionalEncoding"}  # PyTorch has none: test_transformer.py


@both
def test_the_loss_of_class_numbers(dtype: str) -> None:
    agree(nn.CrossEntropyLoss(), T.CrossEntropyLoss(), dtype, numbers(5, 3), np.array([2, 0, 1, 1, 2]))


@both
def test_the_loss_of_shares(dtype: str) -> None:
    x, shares = numbers(5, 3), np.random.default_rng(1).dirichlet([1, 1, 1], size=5)
    agree(nn.CrossEntropyLoss(), T.CrossEntropyLoss(), dtype, x, shares)


@both
def test_the_loss_of_amounts(dtype: str) -> None:
    agree(nn.MSELoss(), T.MSELoss(), dtype, numbers(5, 3), numbers(5, 3, seed=1))


@both
@pytest.mark.parametrize("momentum", [0.1, 0.7])
def test_running_averages_move_as_in_torch(dtype: str, momentum: float) -> None:
    ours, twin = pair(nn.BatchNorm2d(3, momentum=momentum), T.BatchNorm2d(3, momentum=momentum), dtype)
    for k in range(5):
        x = (k + 1) * numbers(2 + k, 3, 4, 2, seed=k, dtype=dtype) + k
        with Tape() as tape:
            ours(Tensor(x))
        ours.load_state({**ours.state(), **{name: tape.values[slot] for name, slot in tape.carry.items()}})
        twin(torch.tensor(x))
        for name in ("running_mean", "running_var"):
            np.testing.assert_allclose(ours.state()[name], getattr(twin, name).numpy(), **CLOSE[dtype])
    agree(ours.eval(), twin.eval(), dtype, numbers(2, 3, 4, 5))


@both
def test_a_batch_normalisation_used_twice_moves_twice(dtype: str) -> None:
    ours, twin = pair(nn.BatchNorm2d(2), T.BatchNorm2d(2), dtype)
    x = 3 + numbers(4, 2, 3, 2, dtype=dtype)
    with Tape() as tape:
        ours(ours(Tensor(x)) * 2 + 1)
    twin(twin(torch.tensor(x)) * 2 + 1)
    for name, slot in tape.carry.items():
        np.testing.assert_allclose(tape.values[slot], getattr(twin, name).numpy(), **CLOSE[dtype])


# -- whole networks ------------------------------------------------------------------------------------------------
def pictures(first: int = 2) -> tuple[int, ...]:
    return (3, first, 9, 12)


def convolutional(lib: Any) -> Any:
    return lib.Sequential(
        lib.Conv2d(2, 4, 3, padding=1),
        lib.BatchNorm2d(4),
        lib.ReLU(),
        lib.MaxPool2d((3, 2)),
        lib.Sequential(lib.Conv2d(4, 3, (2, 3), stride=(1, 2)), lib.Tanh(), lib.Dropout(0.5)),
        lib.Flatten(),
        lib.Linear(12, 5),
        lib.LogSoftmax(dim=1),
    )


def perceptron(lib: Any) -> Any:
    return lib.Sequential(
        lib.Flatten(), lib.Linear(216, 7), lib.Sigmoid(), lib.Linear(7, 6, bias=False), lib.ReLU(), lib.Linear(6, 3)
    )


class Block(nn.Module):
    """A residual block as a reader would write it: attributes, a list, a parameter of its own."""

    def __init__(self, channels: int) -> None:
        self.gain = nn.Parameter(np.full((channels, 1, 1), 0.5, np.float32))
        self.convolutions = [nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2)]
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for convolution in self.convolutions:
            y = ops.relu(convolution(y))
        return x + self.norm(y) * self.gain


class Residual(nn.Module):
    def __init__(self) -> None:
        self.enter = nn.Conv2d(2, 3, (1, 2))
        self.blocks = [Block(3), Block(3)]
        self.heads = {"classes": nn.Linear(3, 4), "width": nn.Linear(3, 1)}

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for block in self.blocks:
            x = block(x)
        x = x.mean((2, 3))
        return self.heads["classes"](x) * self.heads["width"](x)


def residual_twin() -> Any:
    class TwinBlock(T.Module):  # type: ignore[misc, name-defined]
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.gain = T.Parameter(torch.full((channels, 1, 1), 0.5))
            self.convolutions = T.ModuleList(T.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
            self.norm = T.BatchNorm2d(channels)

        def forward(self, x: Any) -> Any:
            y = x
            for convolution in self.convolutions:
                y = torch.relu(convolution(y))
            return x + self.norm(y) * self.gain

    class Twin(T.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.enter = T.Conv2d(2, 3, (1, 2))
            self.blocks = T.ModuleList([TwinBlock(3), TwinBlock(3)])
            self.heads = T.ModuleDict({"classes": T.Linear(3, 4), "width": T.Linear(3, 1)})

        def forward(self, x: Any) -> Any:
            x = self.enter(x)
            for block in self.blocks:
                x = block(x)
            x = x.mean((2, 3))
            return self.heads["classes"](x) * self.heads["width"](x)

    return Twin()


def tied(lib: Any) -> Any:
    """One layer in two places, as in PyTorch: two names in the state, one parameter."""
    shared = lib.Linear(4, 4)
    return lib.Sequential(lib.Linear(3, 4), shared, lib.Tanh(), lib.Sequential(shared, lib.Linear(4, 2)))


@both
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_residual_network(dtype: str, mode: str) -> None:
    ours, twin = pair(Residual(), residual_twin(), dtype)
    agree(getattr(ours, mode)(), getattr(twin, mode)(), dtype, numbers(*pictures()))


@both
def test_convolutional_network_in_use(dtype: str) -> None:
    ours, twin = pair(convolutional(nn), convolutional(T), dtype)
    agree(ours.eval(), twin.eval(), dtype, numbers(*pictures()))


@both
def test_perceptron(dtype: str) -> None:
    agree(*pair(perceptron(nn), perceptron(T), dtype), dtype, numbers(*pictures()))


@both
def test_tied_layers(dtype: str) -> None:
    ours, twin = tied(nn), tied(T)
    twin.to(getattr(torch, dtype))
    ours.to(dtype).load_state(twin.state_dict())
    assert list(ours.named_parameters()) == [name for name, _ in twin.named_parameters()]
    assert [name for name, _ in ours.named_state()] == list(twin.state_dict())
    agree(ours, twin, dtype, numbers(5, 3))


def test_a_state_of_ours_goes_back_into_torch() -> None:
    ours, twin = convolutional(nn), convolutional(T)
    twin.load_state_dict({name: torch.tensor(a) for name, a in ours.state().items()})
    agree(ours.eval(), twin.eval(), "float32", numbers(*pictures()))


def test_first_numbers_are_as_widely_spread_as_torch() -> None:
    for ours, twin in ((nn.Linear(50, 400), T.Linear(50, 400)), (nn.Conv2d(8, 300, 3), T.Conv2d(8, 300, 3))):
        for name, theirs in twin.state_dict().items():
            array = ours.state()[name]
            assert array.dtype == np.float32
            assert np.abs(array).max() <= np.abs(theirs.numpy()).max() * 1.05
            assert array.std() == pytest.approx(theirs.numpy().std(), rel=0.15)
            assert abs(array.mean()) < 0.2 * array.std()
