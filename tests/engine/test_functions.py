"""What can be typed behind a tensor and a dot means what it means in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cutaway.engine import Tensor, check_grads, ops
from cutaway.engine.errors import DtypeError, ShapeError

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
X = np.random.default_rng(0).normal(size=(4, 6)) + 0.01

SAME: dict[str, Callable[[Any], Any]] = {
    "exp": lambda x: x.exp(),
    "expm1": lambda x: x.expm1(),
    "log": lambda x: x.abs().log(),
    "log1p": lambda x: x.abs().log1p(),
    "log2": lambda x: x.abs().log2(),
    "log10": lambda x: x.abs().log10(),
    "sqrt": lambda x: x.abs().sqrt(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "erf": lambda x: x.erf(),
    "sign": lambda x: x.sign(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "relu": lambda x: x.relu(),
    "clip": lambda x: x.clip(-0.5, 0.5),
    "clamp": lambda x: x.clamp(min=0.1),
    "clamp above": lambda x: x.clamp(max=0.1),
    "softmax": lambda x: x.softmax(1),
    "log_softmax": lambda x: x.log_softmax(0),
    "sum": lambda x: x.sum(0),
    "mean": lambda x: x.mean((0, 1)),
    "var": lambda x: x.var(1),
    "std": lambda x: x.std(0, keepdim=True),
    "std of all": lambda x: x.std(),
    "std, correction": lambda x: x.std(1, correction=0),
    "norm": lambda x: x.norm(),
    "norm of rows": lambda x: x.norm(dim=1),
    "logsumexp": lambda x: x.logsumexp(1, keepdim=True),
    "cumsum": lambda x: x.cumsum(1),
    "argmax": lambda x: x.argmax(1),
    "tril": lambda x: x.tril(-1),
    "flip": lambda x: x.flip(0, 1),
    "roll": lambda x: x.roll(2, 1),
    "repeat_interleave": lambda x: x.repeat_interleave(3, 0),
    "masked_fill": lambda x: x.masked_fill(x > 0, -7.0),
    "where": lambda x: x.where(x > 0, x * 2),
    "split": lambda x: x.split(4, 1)[1],
    "split by sizes": lambda x: x.split([1, 2, 3], -1)[2],
    "chunk": lambda x: x.chunk(4, 1)[2],
    "power": lambda x: x**3,
    "powers of tensors": lambda x: x.abs() ** x,
    "powers of a number": lambda x: 2.0**x,
}


@pytest.mark.parametrize("name", SAME)
def test_as_in_torch(name: str) -> None:
    ours, theirs = SAME[name](Tensor(X)), SAME[name](torch.tensor(X))
    np.testing.assert_allclose(ours.data, theirs.numpy(), rtol=1e-12, atol=1e-14)


def test_gather_and_scatter_add() -> None:
    index = np.array([[0, 5], [1, 1], [2, 0], [5, 5]])
    ours, theirs = Tensor(X).gather(1, Tensor(index)), torch.tensor(X).gather(1, torch.tensor(index))
    np.testing.assert_array_equal(ours.data, theirs.numpy())
    added = Tensor(X).scatter_add(1, Tensor(index), ours)
    np.testing.assert_array_equal(added.data, torch.tensor(X).scatter_add(1, torch.tensor(index), theirs).numpy())


@pytest.mark.parametrize("chunks", [1, 2, 3, 4, 5, 6, 7])
def test_chunks_are_as_many_and_as_long_as_in_torch(chunks: int) -> None:
    ours = [c.shape for c in Tensor(X).chunk(chunks, 1)]
    assert ours == [tuple(c.shape) for c in torch.tensor(X).chunk(chunks, 1)]


def test_pieces_put_together_again_are_the_whole() -> None:
    assert check_grads(lambda x: ops.concat(*x.split([2, 0, 4], 1), dim=1) * x, [X]) < 1e-6
    np.testing.assert_array_equal(ops.concat(*Tensor(X).chunk(3)).data, X)


def test_zero_to_the_power_of_zero_is_one_and_flat() -> None:
    x, t = Tensor(np.array([0.0, 0.0, 2.0])), Tensor(np.array([0.0, 3.0, 0.0]))
    assert (x**t).tolist() == [1.0, 0.0, 1.0]
    from cutaway.engine import Tape, backward

    with Tape():
        dx, dt = backward((x**t).sum(), [x, t])
    assert dx.tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(dt.data, [0.0, 0.0, np.log(2.0)])


MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "sizes that do not add up": (lambda: Tensor(X).split([1, 2], 1), ShapeError, "come to 3, but side 1 .* is 6"),
    "a piece of nothing": (lambda: Tensor(X).split(0), ShapeError, "holds at least 1"),
    "no pieces": (lambda: Tensor(X).chunk(0), ShapeError, "from 1 up"),
    "a side that is not there": (lambda: Tensor(X).chunk(2, 5), ShapeError, "names one of the sides"),
    "a mask of numbers": (lambda: Tensor(X).masked_fill(Tensor(X), 0.0), DtypeError, "True or False"),
    "an index of another shape": (lambda: Tensor(X).gather(1, Tensor([0, 1])), ShapeError, "as many sides"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    act, kind, said = MISTAKES[mistake]
    with pytest.raises(kind, match=said):
        act()
