"""RMSprop and Muon: against PyTorch and plain NumPy, batch after batch."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine.errors import CutawayError
from cutaway.optim.muon import orthogonal

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
BATCHES = 25
CLOSE: dict[str, dict[str, float]] = {
    "float64": {"rtol": 1e-9, "atol": 1e-11},
    "float32": {"rtol": 1e-3, "atol": 1e-4},
}
both = pytest.mark.parametrize("dtype", ["float64", "float32"])


def network(lib: Any) -> Any:
    return lib.Sequential(lib.Linear(3, 6), lib.Tanh(), lib.Linear(6, 4, bias=False), lib.Sigmoid(), lib.Linear(4, 2))


def start(optimizer: optim.Optimizer, dtype: str) -> ct.Run:
    r = np.random.default_rng(1)
    data = r.normal(size=(17, 3)).astype("f"), 3 * r.normal(size=(17, 2)).astype("f")
    return ct.Run(network(nn).to(dtype), nn.MSELoss(), optimizer, data, batch_size=5, threads=1)


def same_steps(ours: optim.Optimizer, theirs: Any, dtype: str) -> None:
    """theirs: makes PyTorch's optimizers from {name: parameter}."""
    run = start(ours, dtype)
    twin = network(torch.nn).to(getattr(torch, dtype))
    twin.load_state_dict({name: torch.tensor(np.array(run.state[name])) for name in twin.state_dict()})
    optimizers = theirs(dict(twin.named_parameters()))
    for k in range(BATCHES):
        x, y = (torch.tensor(a.astype(dtype)) for a in run.loader().batch(k))
        run.step("batch")
        twin.zero_grad()
        torch.nn.functional.mse_loss(twin(x), y).backward()
        for optimizer in optimizers:
            optimizer.step()
        for name, p in twin.named_parameters():
            why = f"{name} after batch {k}"
            np.testing.assert_allclose(run.state[name], p.detach().numpy(), err_msg=why, **CLOSE[dtype])


@both
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"keep": 0.8, "eps": 1e-3}, {"alpha": 0.8, "eps": 1e-3}),
        ({"momentum": 0.9}, {"momentum": 0.9}),
        ({"centered": True, "keep": 0.9}, {"centered": True, "alpha": 0.9}),
        ({"centered": True, "momentum": 0.5}, {"centered": True, "momentum": 0.5}),
        ({"momentum": 0.5, "weight_decay": 0.1}, {"momentum": 0.5, "weight_decay": 0.1}),
    ],
    ids=["plain", "keep", "momentum", "centered", "both", "decay"],
)  # fmt: skip
def test_rmsprop_step_for_step(ours: Any, theirs: Any, dtype: str) -> None:
    same_steps(optim.RMSprop(0.01, **ours), lambda p: [torch.optim.RMSprop(p.values(), lr=0.01, **theirs)], dtype)


@both
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("weight_decay", [0.0, 0.2])
def test_muon_step_for_step(nesterov: bool, weight_decay: float, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hidden tables against torch.optim.Muon (kept from rounding to bfloat16), the others against AdamW."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda t: t.clone())

    def theirs(named: dict[str, Any]) -> list[Any]:
        hidden = [p for name, p in named.items() if name in ("0.weight", "2.weight")]
        others = [p for name, p in named.items() if name not in ("0.weight", "2.weight")]
        how = {"momentum": 0.9, "nesterov": nesterov, "weight_decay": weight_decay}
        return [
            torch.optim.Muon(hidden, lr=0.02, **how),
            torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.95), weight_decay=weight_decay),
        ]

    ours = optim.Muon(0.02, 0.9, nesterov, others=["4.*"], adam_alpha=3e-3, weight_decay=weight_decay)
    same_steps(ours, theirs, dtype)


def plain_push(g: Any, velocity: Any, momentum: float) -> tuple[Any, Any]:
    """Jordan's description, word for word in NumPy."""
    velocity = momentum * velocity + (1 - momentum) * g
    z = (1 - momentum) * g + momentum * velocity
    z = z.reshape(len(z), -1)
    if z.shape[0] > z.shape[1]:
        return velocity, polynomial(z.T).T * np.sqrt(z.shape[0] / z.shape[1])
    return velocity, polynomial(z)


def polynomial(z: Any) -> Any:
    z = z / np.linalg.norm(z)
    for _ in range(5):
        s = z @ z.T
        z = 3.4445 * z + (-4.7750 * s + 2.0315 * s @ s) @ z
    return z


def test_muon_on_windows_against_its_description() -> None:
    """A convolution's windows (5, 2, 3, 2) count as a table of 5 rows of 12; and a tall table of 8 by 4."""
    net = nn.Sequential(nn.Conv2d(2, 5, (3, 2)), nn.Flatten(), nn.Linear(20, 8), nn.Linear(8, 2)).to("float64")
    r = np.random.default_rng(0)
    data = r.normal(size=(6, 2, 4, 5)).astype("f")[:, :, :4, :3], r.normal(size=(6, 2)).astype("f")
    run = ct.Run(net, nn.MSELoss(), optim.Muon(0.05, momentum=0.8, others=["3.*"]), data, batch_size=3)
    velocity: dict[str, Any] = {"0.weight": 0.0, "2.weight": 0.0}
    for _ in range(4):
        before = {name: np.array(run.state[name]) for name in velocity}
        x, y = run.loader().batch(run.batch)
        with ct.Tape():
            weights = [run.net.named_parameters()[name] for name in velocity]
            loss = nn.MSELoss()(run.net(x.astype(float)), y.astype(float))
            gradients = ct.backward(loss, weights)
        run.step("batch")
        for name, g in zip(velocity, gradients, strict=True):
            velocity[name], push = plain_push(g.data, velocity[name], 0.8)
            expected = before[name] - 0.05 * push.reshape(g.shape)
            np.testing.assert_allclose(run.state[name], expected, rtol=1e-9, atol=1e-12)


def test_pushes_are_about_equally_strong_in_all_directions() -> None:
    r = np.random.default_rng(0)
    for shape in [(20, 20), (64, 16), (10, 40)]:
        y = orthogonal(ct.Tensor(r.normal(size=shape) @ np.diag(np.logspace(0, -1, shape[1]))))
        loud = np.linalg.svd(y.data, compute_uv=False)
        assert loud.max() < 1.3 and np.median(loud) > 0.6
    assert not orthogonal(ct.Tensor(np.zeros((2, 3)))).data.any()


RULES = [optim.RMSprop(0.02, momentum=0.5, centered=True), optim.Muon(0.05, others=["4.*"], adam_alpha=0.02)]


@pytest.mark.parametrize("optimizer", RULES)
def test_they_train_and_are_plain_data(optimizer: optim.Optimizer) -> None:
    again = optim.Optimizer.of(json.loads(json.dumps(optimizer.options())))
    assert repr(again) == repr(optimizer)
    one, two = start(optimizer, "float32"), start(again, "float32")
    one.train(batches=300, progress=False)
    two.train(batches=300, progress=False)
    assert np.mean(one.losses[-8:]) < 0.8 * np.mean(one.losses[:8])
    for name in one.state:
        np.testing.assert_array_equal(one.state[name], two.state[name])
    one.back(10)
    one.train(batches=10, progress=False)
    np.testing.assert_array_equal(one.state["0.weight"], two.state["0.weight"])


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: optim.RMSprop(keep=1.0), "below 1"),
        (lambda: optim.RMSprop(eps=-1.0), "eps"),
        (lambda: optim.RMSprop(momentum=-0.1), "momentum"),
        (lambda: optim.Muon(momentum=1.0), "momentum"),
        (lambda: optim.Muon(steps=0), "steps"),
        (lambda: optim.Muon(adam_alpha=0.0), "adam_alpha"),
        (lambda: optim.Muon(others="4.*"), "list of names"),
        (lambda: orthogonal(ct.Tensor([1.0, 2.0])), "table"),
    ],
)
def test_mistakes(act: Any, said: str) -> None:
    with pytest.raises(CutawayError, match=said):
        act()
