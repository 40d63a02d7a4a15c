"""Activations against their twins in PyTorch, also far out on both sides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from cutaway import nn, ops
from cutaway.engine import Tape, Tensor, backward

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
T: Any = torch.nn

PAIRS = [
    (nn.ELU(), T.ELU()),
    (nn.ELU(0.5), T.ELU(0.5)),
    (nn.GELU(), T.GELU()),
    (nn.GELU("tanh"), T.GELU("tanh")),
    (nn.Hardtanh(), T.Hardtanh()),
    (nn.Hardtanh(-0.5, 2.0), T.Hardtanh(-0.5, 2.0)),
    (nn.ReLU6(), T.ReLU6()),
    (nn.SiLU(), T.SiLU()),
    (nn.Softplus(), T.Softplus()),
    (nn.Softplus(3.0), T.Softplus(3.0)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("ours", "twin"), PAIRS, ids=lambda layer: repr(layer))
def test_values_and_slopes(ours: nn.Module, twin: Any, dtype: str) -> None:
    x = np.concatenate([np.linspace(-7, 7, 57) + 0.01, [-1e4, -100.0, -20.0, 20.0, 100.0, 1e4]]).astype(dtype)
    with Tape():
        a = Tensor(x)
        y = ours(a)
        (g,) = backward(y.sum(), [a])
    b = torch.tensor(x, requires_grad=True)
    z = twin(b)
    z.sum().backward()
    close = {"rtol": 1e-8, "atol": 1e-9} if dtype == "float64" else {"rtol": 2e-5, "atol": 2e-6}
    np.testing.assert_allclose(y.data, z.detach().numpy(), **close)
    np.testing.assert_allclose(g.data, b.grad.numpy(), **close)
    assert y.dtype == dtype and g.dtype == dtype


def test_erf_has_all_digits() -> None:
    x = np.linspace(-8, 8, 4001)
    expected = np.array([math.erf(v) for v in x])
    assert np.abs(ops.erf(Tensor(x)).data - expected).max() < 1e-14
    assert np.abs(ops.erf(Tensor(x.astype(np.float32))).data - expected).max() < 4e-7


def test_gelu_keeps_its_digits_far_out_on_the_left() -> None:
    """x (1 + erf(x / sqrt 2)) / 2 loses all of them there, unless 1 + erf is known as one number."""
    x = np.array([-4.0, -8.0, -9.0])
    expected = [v * math.erfc(-v / math.sqrt(2)) / 2 for v in x]
    np.testing.assert_allclose(ops.gelu(Tensor(x)).data, expected, rtol=1e-12)


def test_wrong_settings_have_a_sentence() -> None:
    with pytest.raises(ValueError, match="approximate is 'none'"):
        nn.GELU("quick")(Tensor([1.0]))
    with pytest.raises(ValueError, match="left wall"):
        nn.Hardtanh(2.0, 1.0)(Tensor([1.0]))
    with pytest.raises(ValueError, match="above 0"):
        nn.Softplus(0.0)(Tensor([1.0]))
