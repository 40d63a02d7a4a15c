"""Nets that give several results against their twins in PyTorch, and trained side by side with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn
from cutaway.engine import Tape, Tensor, backward

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
torch.set_num_threads(1)

CLOSE: dict[str, dict[str, float]] = {
    "float64": {"rtol": 1e-9, "atol": 1e-12},
    "float32": {"rtol": 1e-5, "atol": 1e-5},
}


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def alike(ours: nn.Module, twin: Any, dtype: str) -> None:
    """Both get PyTorch's numbers, by name; every one is shaken, so that no bias is 0 and no weight is 1."""
    twin.to(getattr(torch, dtype))
    with torch.no_grad():
        for k, p in enumerate(twin.parameters()):
            p.add_(torch.from_numpy(0.1 * numbers(*p.shape, seed=k)).to(p.dtype))
    ours.to(dtype).load_state(twin.state_dict())
    assert [name for name, _ in ours.named_state()] == list(twin.state_dict())


def flat(results: Any) -> list[Any]:
    """All tensors of a result, whatever tuples they stand in."""
    if isinstance(results, tuple | list):
        return [part for result in results for part in flat(result)]
    return [] if results is None else [results]


def weights_of(shapes: Sequence[tuple[int, ...]], dtype: str) -> list[Any]:
    return [np.cos(np.arange(np.prod(s, dtype=int)) + k + 1.0).reshape(s).astype(dtype) for k, s in enumerate(shapes)]


def agree(
    ours: nn.Module,
    twin: Any,
    dtype: str,
    inputs: Sequence[Any],
    ask: Callable[..., Any] = lambda net, *inputs: net(*inputs),
    ask_twin: Callable[..., Any] | None = None,
) -> None:
    """The same results, and the same gradient for every input and every parameter."""
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in map(np.asarray, inputs)]
    parameters = ours.named_parameters()
    with Tape():
        given = [Tensor(a) for a in arrays]
        results = flat(ask(ours, *given))
        weights = weights_of([y.shape for y in results], dtype)
        loss = sum(
            ((y * Tensor(w)).sum() for y, w in zip(results, weights, strict=True)), start=Tensor(np.zeros((), dtype))
        )
        moved = [t for t in given if t.dtype.kind == "f"]
        grads = backward(loss, [*moved, *parameters.values()])
    theirs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    others = flat((ask_twin or ask)(twin, *theirs))
    assert len(results) == len(others)
    for y, z in zip(results, others, strict=True):
        assert y.shape == tuple(z.shape) and str(y.dtype) == dtype
        np.testing.assert_allclose(y.data, z.detach().numpy(), **CLOSE[dtype])
    twin.zero_grad()
    sum((z * torch.from_numpy(w)).sum() for z, w in zip(others, weights, strict=True)).backward()
    expected = [t.grad for t in theirs if t.requires_grad] + [p.grad for p in twin.parameters()]
    loose = CLOSE[dtype] if dtype == "float64" else {"rtol": 1e-3, "atol": 1e-4}
    names = [f"input {k}" for k in range(len(moved))] + list(parameters)
    for name, g, other in zip(names, grads, expected, strict=True):
        wanted = np.zeros(g.shape) if other is None else other.numpy()
        np.testing.assert_allclose(g.data, wanted, err_msg=f"gradient of {name}", **loose)


def train_side_by_side(
    run: ct.Run, twin: Any, loss: Callable[[Any, Any, Any], Any], optimizer: Any, batches: int, dtype: str
) -> None:
    """Each batch of the run does what PyTorch's loop does, odd last batches as well; and the run can go back, exactly.

    loss: (twin, x, y) -> PyTorch's loss of this batch
    """
    twin.to(getattr(torch, dtype))
    numbers_of = {name: torch.tensor(np.array(run.state[name])) for name, _ in twin.named_parameters()}
    twin.load_state_dict(numbers_of, strict=False)
    close = {"rtol": 1e-7, "atol": 1e-9} if dtype == "float64" else {"rtol": 2e-4, "atol": 2e-5}
    past, sizes = [], set()
    for k in range(batches):
        past.append({name: np.array(array) for name, array in run.state.items()})
        x, y = run.loader().batch(k)
        sizes.add(len(x))
        x, y = (torch.tensor(a.astype(dtype) if a.dtype.kind == "f" else a) for a in (x, y))
        run.step("batch")
        optimizer.zero_grad()
        value = loss(twin, x, y)
        value.backward()
        optimizer.step()
        assert float(run.results[-1][0]) == pytest.approx(value.item(), rel=close["rtol"] * 10)
        for name, p in twin.named_parameters():
            np.testing.assert_allclose(run.state[name], p.detach().numpy(), err_msg=f"{name}, batch {k}", **close)
    assert len(sizes) == 2, "the last batch of an epoch should be smaller"
    end = {name: np.array(array) for name, array in run.state.items()}
    for n in (1, 3, batches):
        exactly(run.at(batches).back(n).state, past[batches - n])
        exactly(run.at(batches).state, end)


def exactly(state: Any, expected: dict[str, Any]) -> None:
    """The same numbers, to the bit."""
    for name, array in expected.items():
        assert np.asarray(state[name]).tobytes() == array.tobytes(), name


def same_in_use(run: ct.Run, twin: Any, x: Any, ask: Callable[[Any, Any], Any]) -> None:
    """The program of use, recorded on one example, fits any number of them."""
    net = twin.eval()
    for count in (1, 2, len(x)):
        expected = ask(net, torch.tensor(x[:count])).detach().numpy()
        np.testing.assert_allclose(run.predict(x[:count]), expected, rtol=2e-4, atol=2e-5)
    twin.train()
