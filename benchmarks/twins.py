"""The PyTorch twin of a network, a loss and an optimizer of Cutaway: the same layers, names, numbers and rule.

Only what the recipes of the picture projects are made of; anything else is refused by its name.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

__all__ = ["Trainer", "twin"]

LAYERS: dict[str, Callable[[Any], torch.nn.Module]] = {
    "Sequential": lambda m: torch.nn.Sequential(*map(_layer, m)),
    "Conv2d": lambda m: torch.nn.Conv2d(
        m.weight.shape[1], m.weight.shape[0], m.weight.shape[2:], m.stride, m.padding, bias=m.bias is not None
    ),
    "BatchNorm2d": lambda m: torch.nn.BatchNorm2d(m.num_features, m.eps, m.momentum, m.affine),
    "MaxPool2d": lambda m: torch.nn.MaxPool2d(m.kernel_size, m.stride, m.padding),
    "AdaptiveMaxPool2d": lambda m: torch.nn.AdaptiveMaxPool2d(m.output_size),
    "AdaptiveAvgPool2d": lambda m: torch.nn.AdaptiveAvgPool2d(m.output_size),
    "Linear": lambda m: torch.nn.Linear(m.weight.shape[1], m.weight.shape[0], bias=m.bias is not None),
    "Flatten": lambda m: torch.nn.Flatten(),
    "Dropout": lambda m: torch.nn.Dropout(m.p),
    "ReLU": lambda m: torch.nn.ReLU(),
    "SiLU": lambda m: torch.nn.SiLU(),
    "GELU": lambda m: torch.nn.GELU(m.approximate),
}


def twin(net: Any) -> torch.nn.Module:
    """A network of PyTorch with the layers, the names and the present numbers of this one."""
    made = _layer(net)
    numbers = {name: torch.from_numpy(np.array(array)) for name, array in net.state().items()}
    missing, extra = made.load_state_dict(numbers, strict=False)
    assert not extra and all(name.endswith("num_batches_tracked") for name in missing), (missing, extra)
    ours = net.named_parameters()
    for name, parameter in made.named_parameters():
        parameter.requires_grad_(ours[name].requires_grad)
    return made


def _layer(module: Any) -> torch.nn.Module:
    kind = type(module).__name__
    if kind not in LAYERS:
        raise NotImplementedError(f"{kind} has no twin yet: add it to LAYERS in benchmarks/twins.py.")
    return LAYERS[kind](module)


class Trainer:
    """Trains a twin as the optimizer of Cutaway would: schedule, groups and averaged weights alike.

    loss: of Cutaway (its label smoothing is taken over); half: compute in bfloat16 where PyTorch thinks it safe
    """

    def __init__(self, net: torch.nn.Module, loss: Any, optimizer: Any, half: bool = False) -> None:
        self.net, self.half, self.batch = net, half, 0
        self.loss = torch.nn.CrossEntropyLoss(label_smoothing=loss.label_smoothing)
        self.schedule, self.keep = optimizer.schedule, optimizer.average
        self.trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
        self.averages = {name: p.detach().clone() for name, p in self.trained.items()} if self.keep else {}
        self.rules, self.alphas = _rules(optimizer, self.trained)

    def step(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """One batch; gives its loss."""
        factor = self.schedule.at(self.batch) if self.schedule else 1.0
        for rule, alphas in zip(self.rules, self.alphas, strict=True):
            for group, alpha in zip(rule.param_groups, alphas, strict=True):
                group["lr"] = alpha * factor
            rule.zero_grad(set_to_none=True)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.half):
            loss = self.loss(self.net(x), y)
        loss.backward()
        for rule in self.rules:
            rule.step()
        if self.averages:
            with torch.no_grad():
                torch._foreach_lerp_(list(self.averages.values()), list(self.trained.values()), 1 - self.keep)
        self.batch += 1
        return loss.detach()

    def use_averages(self) -> None:
        """From now on the network has its averaged weights."""
        with torch.no_grad():
            for name, average in self.averages.items():
                self.trained[name].copy_(average)


def _rules(ours: Any, trained: dict[str, Any]) -> tuple[list[Any], list[list[float]]]:
    """The optimizers of PyTorch that do together what ours does, and the step length of each of their groups."""
    parts: dict[tuple[bool, float, float], list[Any]] = {}
    for name, parameter in trained.items():
        pattern = next((p for p in ours.groups if fnmatch.fnmatchcase(name, p)), None)
        changed = ours.groups[pattern] if pattern else {}
        alpha, decay = changed.get("alpha", ours.alpha), changed.get("weight_decay", ours.weight_decay)
        table = (
            ours.kind == "muon" and parameter.ndim > 1 and not any(fnmatch.fnmatchcase(name, p) for p in ours.others)
        )
        if ours.kind == "muon" and not table:
            alpha *= ours.adam_alpha / ours.alpha
        parts.setdefault((table, alpha, decay), []).append(parameter)
    groups = {
        wanted: [
            {"params": some, "lr": alpha, "weight_decay": decay}
            for (table, alpha, decay), some in parts.items()
            if table == wanted
        ]
        for wanted in (True, False)
    }
    rules: list[Any] = []
    if ours.kind == "sgd":
        rules = [torch.optim.SGD(groups[False], 1.0, ours.momentum, nesterov=ours.nesterov)]
    elif ours.kind == "adam":
        rules = [torch.optim.Adam(groups[False], 1.0, ours.betas, ours.eps)]
    elif ours.kind in ("adamw", "muon"):
        rules = [torch.optim.AdamW(groups[False], 1.0, ours.betas, ours.eps)]
        if groups[True]:
            rules.append(_Muon(groups[True], ours.momentum, ours.nesterov, ours.steps))
    else:
        raise NotImplementedError(f"{ours.kind} has no twin yet: add it to benchmarks/twins.py.")
    return rules, [[group["lr"] for group in rule.param_groups] for rule in rules]


class _Muon(torch.optim.Optimizer):
    """Cutaway's Muon (see its docstring for the formulas), of the tables alone."""

    def __init__(self, groups: Any, momentum: float, nesterov: bool, steps: int) -> None:
        super().__init__(groups, {"momentum": momentum, "nesterov": nesterov, "steps": steps})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            keep = group["momentum"]
            for weight in group["params"]:
                velocity = self.state[weight].setdefault("velocity", torch.zeros_like(weight))
                velocity.lerp_(weight.grad, 1 - keep)
                push = velocity.lerp(weight.grad, 1 - keep) if group["nesterov"] else velocity
                rows, columns = weight.shape[0], weight.numel() // weight.shape[0]
                table = _orthogonal(push.reshape(rows, columns), group["steps"])
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.sub_(table.reshape(weight.shape), alpha=group["lr"] * max(1.0, rows / columns) ** 0.5)


def _orthogonal(x: torch.Tensor, steps: int) -> torch.Tensor:
    a, b, c = 3.4445, -4.7750, 2.0315
    z = x.T if x.shape[0] > x.shape[1] else x
    z = z / z.norm().clamp_min(1e-30)
    for _ in range(steps):
        square = z @ z.T
        z = z * a + (square * b + square @ square * c) @ z
    return z.T if x.shape[0] > x.shape[1] else z
