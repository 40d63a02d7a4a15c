"""Every optimizer and schedule against its twin in PyTorch, batch after batch."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')

BATCHES = 25
CLOSE: dict[str, dict[str, float]] = {
    "float64": {"rtol": 1e-9, "atol": 1e-11},
    "float32": {"rtol": 2e-4, "atol": 2e-5},
}
both = pytest.mark.parametrize("dtype", ["float64", "float32"])


def network(lib: Any) -> Any:
    return lib.Sequential(lib.Linear(3, 5), lib.Tanh(), lib.Linear(5, 4, bias=False), lib.Sigmoid(), lib.Linear(4, 2))


def start(optimizer: optim.Optimizer, dtype: str = "float64", net: nn.Module | None = None) -> ct.Run:
    """A run over 17 examples in batches of 5, so that the last batch of an epoch is smaller."""
    r = np.random.default_rng(1)
    x, y = r.normal(size=(17, 3)), 3 * r.normal(size=(17, 2))
    net = net or network(nn)
    data = (x.astype(np.float32), y.astype(np.float32))
    return ct.Run(net.to(dtype), nn.MSELoss(), optimizer, data, batch_size=5, threads=1)


def twin_of(run: ct.Run, dtype: str) -> Any:
    twin = network(torch.nn).to(getattr(torch, dtype))
    twin.load_state_dict({name: torch.tensor(np.array(run.state[name])) for name in twin.state_dict()})
    return twin


def batch(run: ct.Run, k: int, dtype: str) -> tuple[Any, Any]:
    x, y = run.loader().batch(k)
    return torch.tensor(x.astype(dtype)), torch.tensor(y.astype(dtype))


def in_groups(twin: Any, groups: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """PyTorch's parameter groups: the first pattern that fits a name counts, as in ours."""
    found: dict[str, dict[str, Any]] = {}
    for name, p in twin.named_parameters():
        pattern = next((pattern for pattern in groups if fnmatch.fnmatchcase(name, pattern)), "")
        settings = {"lr" if k == "alpha" else k: v for k, v in groups.get(pattern, {}).items()}
        found.setdefault(pattern, {"params": [], **settings})["params"].append(p)
    return list(found.values())


def same_steps(
    ours: optim.Optimizer,
    theirs: Callable[..., Any],
    dtype: str,
    schedule: Callable[[Any], Any] | None = None,
    close: dict[str, float] | None = None,
) -> list[float]:
    """Train both; after every batch all weights agree. Returns the lengths of all gradients before clipping."""
    run = start(ours, dtype)
    twin = twin_of(run, dtype)
    optimizer = theirs(in_groups(twin, ours.groups))
    pace = schedule(optimizer) if schedule else None
    lengths = []
    for k in range(BATCHES):
        x, y = batch(run, k, dtype)
        run.step("batch")
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(twin(x), y)
        loss.backward()
        lengths.append(float(torch.nn.utils.clip_grad_norm_(twin.parameters(), ours.clip_norm or float("inf"))))
        optimizer.step()
        if pace is not None:
            pace.step()
        assert float(run.results[-1][0]) == pytest.approx(loss.item(), rel=(close or CLOSE[dtype])["rtol"])
        for name, p in twin.named_parameters():
            why = f"{name} after batch {k}"
            np.testing.assert_allclose(run.state[name], p.detach().numpy(), err_msg=why, **(close or CLOSE[dtype]))
    return lengths


OPTIMIZERS = {
    "sgd": (optim.SGD(0.1), lambda g: torch.optim.SGD(g, lr=0.1)),
    "momentum": (optim.SGD(0.1, momentum=0.9), lambda g: torch.optim.SGD(g, lr=0.1, momentum=0.9)),
    "nesterov": (
        optim.SGD(0.05, momentum=0.8, nesterov=True),
        lambda g: torch.optim.SGD(g, lr=0.05, momentum=0.8, nesterov=True),
    ),
    "sgd, weight decay": (
        optim.SGD(0.1, momentum=0.5, weight_decay=0.03),
        lambda g: torch.optim.SGD(g, lr=0.1, momentum=0.5, weight_decay=0.03),
    ),
    "nesterov, weight decay": (
        optim.SGD(0.1, momentum=0.5, nesterov=True, weight_decay=0.03),
        lambda g: torch.optim.SGD(g, lr=0.1, momentum=0.5, nesterov=True, weight_decay=0.03),
    ),
    "adam": (optim.Adam(0.02), lambda g: torch.optim.Adam(g, lr=0.02)),
    "adam, betas": (
        optim.Adam(0.02, betas=(0.8, 0.95)),
        lambda g: torch.optim.Adam(g, lr=0.02, betas=(0.8, 0.95)),
    ),
    "adam, eps": (optim.Adam(0.05, eps=0.1), lambda g: torch.optim.Adam(g, lr=0.05, eps=0.1)),
    "adam, weight decay": (
        optim.Adam(0.02, weight_decay=0.1),
        lambda g: torch.optim.Adam(g, lr=0.02, weight_decay=0.1),
    ),
    "adamw": (optim.AdamW(0.02), lambda g: torch.optim.AdamW(g, lr=0.02)),
    "adamw, weight decay": (
        optim.AdamW(0.05, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.3),
        lambda g: torch.optim.AdamW(g, lr=0.05, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.3),
    ),
    "sgd, groups": (
        optim.SGD(0.1, momentum=0.9, groups={"0.*": {"alpha": 0.02}, "*.bias": {"weight_decay": 0.2, "alpha": 0.05}}),
        lambda g: torch.optim.SGD(g, lr=0.1, momentum=0.9),
    ),
    "adamw, groups": (
        optim.AdamW(0.02, weight_decay=0.1, groups={"*.bias": {"weight_decay": 0.0}, "4.*": {"alpha": 0.005}}),
        lambda g: torch.optim.AdamW(g, lr=0.02, weight_decay=0.1),
    ),
    "a frozen group": (
        optim.Adam(0.02, groups={"0.*": {"alpha": 0.0}}),
        lambda g: torch.optim.Adam(g, lr=0.02),
    ),
}


@both
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_step_for_step(name: str, dtype: str) -> None:
    same_steps(*OPTIMIZERS[name], dtype)


@both
@pytest.mark.parametrize("name", ["momentum", "adam", "sgd, groups"])
def test_clipping_shortens_all_gradients_as_one_arrow(name: str, dtype: str) -> None:
    ours, theirs = OPTIMIZERS[name]
    clipped = optim.Optimizer.of({**ours.options(), "clip_norm": 1.8})
    lengths = same_steps(clipped, theirs, dtype)
    assert min(lengths) < 1.8 < max(lengths)  # some were shortened, some were left alone


@both
@pytest.mark.parametrize("name", ["momentum", "adamw"])
def test_averages_of_the_weights(name: str, dtype: str) -> None:
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    ours, theirs = OPTIMIZERS[name]
    run = start(optim.Optimizer.of({**ours.options(), "average": 0.8}), dtype)
    twin = twin_of(run, dtype)
    optimizer = theirs(in_groups(twin, {}))
    average = AveragedModel(twin, multi_avg_fn=get_ema_multi_avg_fn(0.8))
    average.update_parameters(twin)  # its first update only copies; ours begins with the first weights
    for k in range(BATCHES):
        x, y = batch(run, k, dtype)
        run.step("batch")
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(twin(x), y).backward()
        optimizer.step()
        average.update_parameters(twin)
        for part, p in average.module.named_parameters():
            np.testing.assert_allclose(run.state[f"optim/average/{part}"], p.detach().numpy(), **CLOSE[dtype])
    assert run.data is not None
    x = run.data.x.astype(dtype)
    np.testing.assert_allclose(run.predict(x), average(torch.tensor(x)).detach().numpy(), **CLOSE[dtype])


# -- schedules ------------------------------------------------------------------------------------------------------
L: Any = torch.optim.lr_scheduler
SCHEDULES = {
    "constant": (optim.Constant(), lambda o: L.ConstantLR(o, factor=1.0)),
    "step": (optim.StepDecay(step_size=4, gamma=0.5), lambda o: L.StepLR(o, step_size=4, gamma=0.5)),
    "cosine": (optim.Cosine(total=BATCHES), lambda o: L.CosineAnnealingLR(o, T_max=BATCHES)),
    "cosine, floor": (
        optim.Cosine(total=BATCHES, floor=0.3),
        lambda o: L.CosineAnnealingLR(o, T_max=BATCHES, eta_min=0.3 * 0.1),
    ),
    "one cycle": (
        optim.OneCycle(total=BATCHES),
        lambda o: L.OneCycleLR(o, max_lr=0.1, total_steps=BATCHES, cycle_momentum=False),
    ),
    "one cycle, warm": (
        optim.OneCycle(total=BATCHES, warm=0.4, start=0.1, end=0.01),
        lambda o: L.OneCycleLR(
            o, max_lr=0.1, total_steps=BATCHES, pct_start=0.4, div_factor=10, final_div_factor=10, cycle_momentum=False
        ),
    ),
    "warm up": (optim.WarmUp(7), lambda o: L.LinearLR(o, start_factor=1 / 7, total_iters=6)),
    "warm up, then cosine": (
        optim.WarmUp(5, optim.Cosine(total=BATCHES - 5)),
        lambda o: L.SequentialLR(
            o,
            [L.LinearLR(o, start_factor=1 / 5, total_iters=4), L.CosineAnnealingLR(o, T_max=BATCHES - 5)],
            milestones=[5],
        ),
    ),
}


def paces(schedule: Callable[[Any], Any], count: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    pace, found = schedule(optimizer), []
    for k in range(count):
        found.append(pace.get_last_lr()[0] / 0.1)
        optimizer.step()
        if k + 1 < count:
            pace.step()
    return found


@pytest.mark.filterwarnings("ignore:The epoch parameter")  # PyTorch's SequentialLR warns of itself
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_and_its_twin(name: str) -> None:
    ours, theirs = SCHEDULES[name]
    assert [ours.at(k) for k in range(BATCHES)] == pytest.approx(paces(theirs, BATCHES), rel=1e-9, abs=1e-12)


@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.parametrize("name", ["step", "one cycle, warm", "warm up, then cosine"])
@pytest.mark.parametrize("kind", ["momentum", "adamw, weight decay"])
def test_training_along_a_schedule(name: str, kind: str) -> None:
    pace, its_twin = SCHEDULES[name]
    options = {**OPTIMIZERS[kind][0].options(), "alpha": 0.1, "schedule": pace.options()}

    def twin(groups: Any) -> Any:
        optimizer = OPTIMIZERS[kind][1](groups)
        for group in optimizer.param_groups:
            group["lr"] = 0.1
        return optimizer

    close = {"rtol": 1e-4, "atol": 1e-6}  # the factor is drawn in float32
    same_steps(optim.Optimizer.of(options), twin, "float64", its_twin, close)


@pytest.mark.parametrize("kind", ["Adam", "AdamW"])
def test_a_weight_that_is_unfrozen_late_starts_with_young_memories(kind: str) -> None:
    """As in PyTorch, where every parameter counts its own steps."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).to(np.float64).freeze("0.*")
    twin = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    twin.load_state_dict({name: torch.tensor(array) for name, array in net.state().items()})
    optimizer = getattr(torch.optim, kind)(twin.parameters(), lr=0.01)
    run = ct.Run(net, nn.MSELoss(), getattr(optim, kind)(0.01), (x, y), batch_size=12)
    xs, ys = (torch.tensor(a.astype(np.float32)).double() for a in (x, y))
    for batch in range(30):
        if batch == 12:
            run.unfreeze("0.*")
        run.train(batches=1, progress=False)
        twin[0].requires_grad_(batch >= 12)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(twin(xs), ys).backward()
        optimizer.step()
    for name, array in net.state().items():
        np.testing.assert_allclose(array, twin.state_dict()[name].numpy(), rtol=1e-9, atol=1e-12)
