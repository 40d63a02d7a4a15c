"""Random stacks of layers against PyTorch; random wrong inputs must end in our own error, never in NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway import Tape, Tensor, backward, nn
from cutaway.engine.errors import CutawayError

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')

PLAIN = {"derandomize": True, "deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
CURVES = ["Tanh", "Sigmoid", "SiLU", "GELU", "Softplus", "ELU"]  # smooth, so that no door stands at its hinge


@st.composite
def stacks(draw: st.DrawFn) -> tuple[tuple[int, ...], list[tuple[str, dict[str, Any]]]]:
    """The shape of one example, and layers that fit on each other: (name, arguments) as both libraries take them."""
    layers: list[tuple[str, dict[str, Any]]] = []
    shape: tuple[int, ...] = draw(st.sampled_from([(5,), (3, 4), (2, 7, 6), (3, 5, 8)]))
    start = shape
    for _ in range(draw(st.integers(1, 6))):
        if len(shape) == 3:
            kind = draw(
                st.sampled_from(["Conv2d", "BatchNorm2d", "GroupNorm", "AvgPool2d", "MaxPool2d", "curve", "Flatten"])
            )
        else:
            kind = draw(st.sampled_from(["Linear", "LayerNorm", "curve", "Softmax", "Dropout"]))
        if kind == "Conv2d":
            out, size = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 3]))
            stride, padding = draw(st.sampled_from([1, 2])), draw(st.sampled_from([0, 1]))
            sides = tuple((n + 2 * padding - size) // stride + 1 for n in shape[1:])
            if min(sides) < 1:
                continue
            how = {"kernel_size": size, "stride": stride, "padding": padding, "bias": draw(st.booleans())}
            layers.append(("Conv2d", {"in_channels": shape[0], "out_channels": out, **how}))
            shape = (out, *sides)
        elif kind in ("AvgPool2d", "MaxPool2d"):
            if min(shape[1:]) < 2:
                continue
            layers.append((kind, {"kernel_size": 2}))
            shape = (shape[0], shape[1] // 2, shape[2] // 2)
        elif kind == "BatchNorm2d":
            layers.append((kind, {"num_features": shape[0]}))
        elif kind == "GroupNorm":
            layers.append((kind, {"num_groups": 1, "num_channels": shape[0]}))
        elif kind == "Flatten":
            layers.append((kind, {}))
            shape = (int(np.prod(shape)),)
        elif kind == "Linear":
            out = draw(st.integers(1, 6))
            layers.append((kind, {"in_features": shape[-1], "out_features": out, "bias": draw(st.booleans())}))
            shape = (*shape[:-1], out)
        elif kind == "LayerNorm":
            layers.append((kind, {"normalized_shape": shape[-1]}))
        elif kind == "Softmax":
            layers.append((kind, {"dim": -1}))
        elif kind == "Dropout":
            layers.append((kind, {"p": 0.3}))
        else:
            layers.append((draw(st.sampled_from(CURVES)), {}))
    return start, layers


def both(layers: list[tuple[str, dict[str, Any]]], seed: int) -> tuple[nn.Sequential, Any]:
    """Our stack and its twin, with the twin's numbers."""
    torch.manual_seed(seed)
    twin = torch.nn.Sequential(*(getattr(torch.nn, name)(**how) for name, how in layers)).double()
    net = nn.Sequential(*(getattr(nn, name)(**how) for name, how in layers)).to(np.float64)
    net.load_state({name: array.numpy() for name, array in twin.state_dict().items()})
    return net, twin


@given(stacks(), st.integers(1, 4), st.booleans())
@settings(max_examples=120, **PLAIN)
def test_random_stacks_agree_with_pytorch(
    stack: tuple[tuple[int, ...], list[tuple[str, dict[str, Any]]]], count: int, training: bool
) -> None:
    shape, layers = stack
    training = training and all(name != "Dropout" for name, _ in layers)  # whose chance is its own in each library
    if training and any(name == "BatchNorm2d" for name, _ in layers):
        count = max(2, count)
    net, twin = both(layers, seed=len(layers))
    net.train(training)
    twin.train(training)
    x = np.random.default_rng(count).normal(size=(count, *shape))
    theirs_x = torch.tensor(x, requires_grad=True)
    theirs = twin(theirs_x)
    weight = np.cos(np.arange(theirs.numel())).reshape(tuple(theirs.shape))
    (theirs * torch.tensor(weight)).sum().backward()
    leaf = Tensor(x)
    parameters = net.named_parameters()
    with Tape():
        ours = net(leaf)
        grads = backward((ours * Tensor(weight)).sum(), [leaf, *parameters.values()])
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(grads[0].data, theirs_x.grad.numpy(), rtol=1e-7, atol=1e-9)
    wanted = dict(twin.named_parameters())
    assert list(wanted) == list(parameters)
    for name, grad in zip(parameters, grads[1:], strict=True):
        np.testing.assert_allclose(grad.data, wanted[name].grad.numpy(), rtol=1e-7, atol=1e-9, err_msg=name)


@given(
    stacks(), st.lists(st.integers(0, 6), max_size=5), st.sampled_from(["float64", "float32", "int64", "bool", "U3"])
)
@settings(max_examples=200, **PLAIN)
def test_whatever_is_put_in_comes_out_or_is_refused_by_us(
    stack: tuple[tuple[int, ...], list[tuple[str, dict[str, Any]]]], shape: list[int], kind: str
) -> None:
    net, _ = both(stack[1], seed=0)
    x = np.zeros(shape, kind)
    try:
        y = net(Tensor(x))
    except CutawayError as error:
        assert len(str(error)) > 20
    else:
        assert not shape or y.shape[:1] == tuple(shape[:1])
