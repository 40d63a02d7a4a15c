"""Random expressions with reuse and broadcasting, against PyTorch: values, gradients, and gradients of gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.engine import Tape, Tensor, backward, ops

LARGEST = 96  # numbers in one value: what broadcasting may grow to
Pair = tuple[Any, Any]  # the same value in both worlds

# Every function is given twice: in our words and in PyTorch's. They keep numbers small, so that rounding stays small.
CURVES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "tanh": (ops.tanh, torch.tanh),
    "sigmoid": (ops.sigmoid, torch.sigmoid),
    "relu": (ops.relu, torch.relu),
    "leaky": (lambda x: ops.leaky_relu(x, slope=0.2), lambda x: torch.nn.functional.leaky_relu(x, 0.2)),
    "neg": (lambda x: -x, lambda x: -x),
    "exp": (lambda x: ops.exp(ops.tanh(x)), lambda x: torch.exp(torch.tanh(x))),
    "log": (lambda x: ops.log(x * x + 1.0), lambda x: torch.log(x * x + 1.0)),
    "sqrt": (lambda x: (x * x + 0.5).sqrt(), lambda x: (x * x + 0.5).sqrt()),
    "share": (lambda x: 1.0 / (x * x + 1.0), lambda x: 1.0 / (x * x + 1.0)),
    "cube": (lambda x: ops.tanh(x) ** 3, lambda x: torch.tanh(x) ** 3),
    "half": (lambda x: x * 0.5 + 1, lambda x: x * 0.5 + 1),
}
PAIRS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "sub": (lambda a, b: a - b, lambda a, b: a - b),
    "mul": (lambda a, b: ops.tanh(a * b), lambda a, b: torch.tanh(a * b)),
    "div": (lambda a, b: a / (b * b + 1.0), lambda a, b: a / (b * b + 1.0)),
}


def joint(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    try:
        return int(np.prod(np.broadcast_shapes(a, b))) <= LARGEST
    except ValueError:
        return False


class Expression:
    """A random expression, grown in both worlds at once."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        sides = [data.draw(st.integers(1, 4)) for _ in range(3)]
        self.ours: list[Any] = []
        self.theirs: list[Any] = []
        for k in range(data.draw(st.integers(1, 3))):
            kept = data.draw(st.integers(0, 3))  # sides from the right, some of them 1: all can meet all
            shape = [n if data.draw(st.booleans()) else 1 for n in sides[3 - kept :]]
            array = np.random.default_rng(data.draw(st.integers(0, 99)) + 100 * k).normal(size=shape)
            self.ours.append(Tensor(array))
            self.theirs.append(torch.tensor(array, requires_grad=True))
        self.leaves = len(self.ours)

    def pick(self, fits: Callable[[tuple[int, ...]], bool] = lambda shape: True) -> int | None:
        """The number of some value made before: any may be used again."""
        fitting = [k for k, t in enumerate(self.ours) if fits(t.shape)]
        return self.data.draw(st.sampled_from(fitting)) if fitting else None

    def grow(self) -> None:
        kind = self.data.draw(st.sampled_from(["curve", "pair", "pair", "reduce", "arrange", "matmul", "softmax"]))
        k = self.pick()
        assert k is not None
        a, b = getattr(self, kind)(self.ours[k], self.theirs[k])
        if a is not None:
            self.ours.append(a)
            self.theirs.append(b)

    def curve(self, a: Any, b: Any) -> Pair:
        ours, theirs = CURVES[self.data.draw(st.sampled_from(sorted(CURVES)))]
        return ours(a), theirs(b)

    def pair(self, a: Any, b: Any) -> Pair:
        other = self.pick(lambda shape: joint(shape, a.shape))
        if other is None:
            return None, None
        ours, theirs = PAIRS[self.data.draw(st.sampled_from(sorted(PAIRS)))]
        return ours(a, self.ours[other]), theirs(b, self.theirs[other])

    def reduce(self, a: Any, b: Any) -> Pair:
        dims = tuple(k for k in range(a.ndim) if self.data.draw(st.booleans()))
        keep = self.data.draw(st.booleans())
        if not dims:
            return a.mean(), b.mean()
        if self.data.draw(st.booleans()):
            return a.sum(dims, keepdim=keep), b.sum(dims, keepdim=keep)
        return ops.var(a, dim=dims, keepdim=keep), b.var(dims, correction=0, keepdim=keep)

    def arrange(self, a: Any, b: Any) -> Pair:
        way = self.data.draw(st.sampled_from(["permute", "flatten", "new side", "cut", "backwards", "take"]))
        if way == "permute":
            order = self.data.draw(st.permutations(range(a.ndim)))
            return a.permute(*order), b.permute(order)
        if way == "flatten":
            return a.reshape(-1), b.reshape(-1)
        if way == "new side":
            return a.unsqueeze(0), b.unsqueeze(0)
        if not a.ndim:
            return None, None
        if way == "cut":
            start = self.data.draw(st.integers(0, a.shape[-1] - 1))
            return a[..., start:], b[..., start:]
        if way == "backwards":
            return a[::-1], b.flip(0)
        rows = self.data.draw(st.lists(st.integers(0, a.shape[0] - 1), min_size=1, max_size=4))
        return (a[np.array(rows)], b[torch.tensor(rows)]) if a.numel() <= LARGEST // 4 else (None, None)

    def matmul(self, a: Any, b: Any) -> Pair:
        if a.ndim < 2:
            return None, None
        other = self.pick(
            lambda shape: len(shape) >= 2 and shape[-1] == a.shape[-1] and joint(shape[:-2], a.shape[:-2])
        )
        assert other is not None  # at least itself
        ours, theirs = self.ours[other], self.theirs[other]
        if a.numel() * ours.shape[-2] > 4 * LARGEST:
            return None, None
        return ops.tanh(ops.matmul(a, ours, flip_w=True)), torch.tanh(b @ theirs.mT)

    def softmax(self, a: Any, b: Any) -> Pair:
        if not a.ndim:
            return None, None
        dim = self.data.draw(st.integers(-a.ndim, a.ndim - 1))
        if self.data.draw(st.booleans()):
            return ops.softmax(a, dim=dim), b.softmax(dim)
        return ops.log_softmax(a, dim=dim), b.log_softmax(dim)


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-8, atol=1e-9)


@settings(max_examples=250, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_random_expressions_agree_with_pytorch(data: st.DataObject) -> None:
    with Tape():
        e = Expression(data)
        for _ in range(data.draw(st.integers(2, 9))):
            e.grow()
        for a, b in zip(e.ours, e.theirs, strict=True):
            assert a.shape == tuple(b.shape)
            close(a, b)
        # the last value and one more, so that roads meet
        more = data.draw(st.integers(0, len(e.ours) - 1))
        ours = ops.tanh(e.ours[-1]).sum() + ops.sigmoid(e.ours[more]).sum()
        theirs = torch.tanh(e.theirs[-1]).sum() + torch.sigmoid(e.theirs[more]).sum()
        x, z = e.ours[: e.leaves], e.theirs[: e.leaves]
        first = backward(ours, x)
        expected = torch.autograd.grad(theirs, z, create_graph=True, allow_unused=True, materialize_grads=True)
        for g, h in zip(first, expected, strict=True):
            close(g, h)
        bend = sum(((g * g).sum() for g in first), start=Tensor(np.array(0.0)))
        other = sum(((h * h).sum() for h in expected), start=torch.tensor(0.0, dtype=torch.float64))
        if other.requires_grad:
            second = torch.autograd.grad(other, z, allow_unused=True, materialize_grads=True)
            for g, h in zip(backward(bend, x), second, strict=True):
                close(g, h)
