"""Losses: what every example was charged, and how one of these bills comes about."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops import target_shares
from ..text import number, place
from .averages import exponentials
from .plug import fill
from .rows import Case, Row, ranked, say

__all__ = ["LOSSES"]

_FORMS = {
    "mse": "(x - target) ** 2",
    "l1": "|x - target|",
    "bce_with_logits": "-(p * target * ln(s) + (1 - target) * ln(1 - s))",
    "kl_div": "target * (ln(target) - x)",
    "kl_div log": "e^target * (target - x)",
    "huber": "(x - target) ** 2 / 2",
    "huber far": "delta * (|x - target| - delta / 2)",
}


def _loss(case: Case) -> list[Row]:
    """The bills, then the largest of them (or the one asked for) in its formula."""
    how = case.attrs.get("reduction", "mean")
    bills = np.asarray(case.op.forward(*case.arrays, **{**case.attrs, "reduction": "none"}))
    if how == "none":
        return _bill(case, case.at, case.told)
    worst = tuple(int(k) for k in np.unravel_index(int(np.argmax(np.abs(bills))), bills.shape))
    flat = bills.ravel()

    def where(k: int) -> str:
        return f"loss{place([int(i) for i in np.unravel_index(k, bills.shape)])}"

    whole = float(np.sum(flat, dtype=np.float64))
    rows = [say(f"The losses of the {flat.size} answers:"), *ranked(where, lambda k: "", flat, "their sum")]
    if how == "sum":
        rows.append(say(f"{case.told} = {number(case.value)}"))
    else:
        share = whole / float(case.value) if case.value else float(flat.size)
        rows.append(say(f"{case.told} = {number(whole)} / {number(share)} = {number(case.value)}"))
    return [*rows, say(f"The largest of them, loss{place(worst)}:"), *_bill(case, worst, f"loss{place(worst)}")]


def _bill(case: Case, at: tuple[int, ...], told: str) -> list[Row]:
    bill = float(np.asarray(case.op.forward(*case.arrays, **{**case.attrs, "reduction": "none"}))[at])
    if case.op.name in ("cross_entropy", "soft_cross_entropy", "nll"):
        return _surprise(case, at, told, bill)
    x, target = (float(a[at]) for a in case.arrays[:2])
    values: dict[str, Any] = {"x": x, "target": target}
    form = _FORMS[case.op.name]
    rows = []
    if case.op.name == "bce_with_logits":
        values["s"] = 1 / (1 + np.exp(-x))
        p = case.attrs.get("pos_weight", 1.0)
        values["p"] = p if np.ndim(p) == 0 else p[at[-1]]
        rows.append(say(f"s = sigmoid(x{place(at)}) = sigmoid({number(x)}) = {number(values['s'])}"))
    if case.op.name == "kl_div" and case.attrs.get("log_target"):
        form = _FORMS["kl_div log"]
    if case.op.name == "huber":
        values["delta"] = case.attrs.get("delta", 1.0)
        form = form if abs(x - target) <= values["delta"] else _FORMS["huber far"]
    return [*rows, say(f"{told} = {form} = {fill(form, values)} = {number(bill)}")]


def _surprise(case: Case, at: tuple[int, ...], told: str, bill: float) -> list[Row]:
    """Minus the logarithm of the share that the right class was given; with several classes, of each its share."""
    x = case.arrays[0]
    scores = x[(at[0], slice(None), *at[1:])].astype(np.float64)
    want = _wanted(case, at, x)
    named = [f"x{place((at[0], c, *at[1:]))}" for c in range(len(scores))]
    if case.op.name == "nll":
        logs, rows = scores, []
    else:
        head, log = exponentials(named.__getitem__, scores)
        logs = scores - log
        rows = [say("Of each score e to the power of it, less the largest score:"), *head]
        rows.append(say(f"ln of the sum, and the largest added again: {number(log)}"))
    asked = np.flatnonzero(want)
    if len(asked) == 1:
        c = int(asked[0])
        factor = f"{number(want[c])} * " if want[c] != 1 else ""
        form = f"-{named[c]}" if case.op.name == "nll" else f"{number(scores[c] - logs[c])} - {named[c]}"
        numbers = f"{number(-scores[c])}" if case.op.name == "nll" else fill("a - b", {"a": log, "b": scores[c]})
        brackets = (f"({form})", f"({numbers})") if factor else (form, numbers)
        return [*rows, say(f"{told} = {factor}{brackets[0]} = {factor}{brackets[1]} = {number(bill)}")]
    rows.append(say("Each class counts as much as it is wanted, times minus the logarithm of its share:"))
    return [
        *rows,
        *ranked(
            lambda k: f"class {asked[k]}",
            lambda k: f"{number(want[asked[k]])} * {number(-logs[asked[k]])}",
            -(want * logs)[asked],
            told,
        ),
    ]


def _wanted(case: Case, at: tuple[int, ...], x: Any) -> Any:
    """How much each class is wanted at this place."""
    how = {k: v for k, v in case.attrs.items() if k not in ("reduction",)}
    column: Any = (at[0], slice(None), *at[1:])
    if case.op.name != "soft_cross_entropy":
        want = target_shares.forward(case.arrays[1], classes=x.shape[1], dtype="float64", **how)
        return np.asarray(want)[column]
    smooth = how.get("label_smoothing", 0.0)
    want = case.arrays[1][column].astype(np.float64) * (1 - smooth) + smooth / x.shape[1]
    weight = how.get("weight")
    return want if weight is None else want * np.asarray(weight)


LOSSES = dict.fromkeys(
    ("mse", "l1", "huber", "bce_with_logits", "kl_div", "cross_entropy", "soft_cross_entropy", "nll"), _loss
)
