"""Shares of a whole, and numbers measured against their group: softmax, logsumexp, the norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..text import number, place
from .plug import fill
from .rows import Case, Row, group, ranked, say

__all__ = ["AVERAGES", "exponentials"]


def exponentials(words: Any, scores: Any) -> tuple[list[Row], float]:
    """The sum of e^score as rows, and its logarithm; scores are taken less their largest, which changes no share."""
    top = float(np.max(scores))
    powers = np.exp(scores - top)
    shift = f" - {number(top)}" if top >= 0 else f" + {number(-top)}"
    rows = ranked(words, lambda k: f"e^({number(scores[k])}{shift})", powers, "their sum")
    return rows, top + float(np.log(powers.sum()))


def _softmax(case: Case) -> list[Row]:
    numbers, flat = group(case.arrays[0], case.attrs.get("dim", -1), case.at, kept=True)
    mine = flat.tolist().index(int(np.ravel_multi_index(case.at, case.arrays[0].shape)))
    return _share(case, lambda k: case.here(0, flat[k]), numbers, mine)


def _share(case: Case, words: Any, numbers: Any, mine: int) -> list[Row]:
    """One share: its power of e over the sum of all."""
    rows, log = exponentials(words, numbers)
    top = float(np.max(numbers))
    power, whole = np.exp(numbers[mine] - top), np.exp(log - top)
    head = say(f"Of each number e to the power of it, less the largest ({number(top)}), which changes no share:")
    if case.op.name == "log_softmax":
        told = f"{case.told} = {number(numbers[mine])} - {number(top)} - ln {number(whole)} = {number(case.value)}"
    else:
        told = f"{case.told} = {number(power)} / {number(whole)} = {number(case.value)}"
    return [head, *rows, say(told)]


def _logsumexp(case: Case) -> list[Row]:
    numbers, flat = group(case.arrays[0], case.attrs.get("dim"), case.at, bool(case.attrs.get("keepdim")))
    rows, log = exponentials(lambda k: case.here(0, flat[k]), numbers)
    top = float(np.max(numbers))
    whole = number(np.exp(log - top))
    return [*rows, say(f"{case.told} = {number(top)} + ln {whole} = {number(case.value)}")]


def _attention_weights(case: Case) -> list[Row]:
    q, k, *rest = (np.asarray(a) for a in case.arrays)
    may, bias = [*rest, None, None][:2]
    scale = case.attrs.get("scale") or 1 / np.sqrt(q.shape[-1])
    *front, i, j = case.at
    queries = np.broadcast_to(q, (*case.y.shape[:-2], *q.shape[-2:]))[(*front, i)]
    keys = np.broadcast_to(k, (*case.y.shape[:-2], *k.shape[-2:]))[tuple(front)]
    scores = scale * (keys.astype(np.float64) @ queries)
    if bias is not None:
        scores = scores + np.broadcast_to(bias, case.y.shape)[(*front, i)]
    seen = np.ones(len(scores), bool)
    if may is not None:
        seen &= np.broadcast_to(may, case.y.shape)[(*front, i)]
    if case.attrs.get("causal"):
        seen &= np.arange(len(scores)) <= i
    if not seen[j]:
        return [say(f"Place {i} may not look at place {j}: {case.told} = {number(case.value)}")]
    kept = np.flatnonzero(seen)
    rows = [say(f"Place {i} looks at {len(kept)} of {len(scores)} places; each score is scale * q · k (+ bias).")]
    return rows + _share(case, lambda n: f"score of place {kept[n]}", scores[kept], kept.tolist().index(j))


def _measured(case: Case, numbers: Any, weight: Any, bias: Any, x: Any) -> list[Row]:
    """One number against the mean and spread of its group."""
    mean, var = float(np.mean(numbers)), float(np.var(numbers))
    told = [say(f"The mean of the {len(numbers)} numbers of its group is {number(mean)}, their var {number(var)}.")]
    return [*told, _normed(case, x, mean, var, weight, bias)]


def _normed(case: Case, x: Any, mean: Any, var: Any, weight: Any, bias: Any) -> Row:
    values = {"x": x, "mean": mean, "var": var, "weight": weight, "bias": bias, "eps": case.attrs["eps"]}
    form = "(x - mean) / sqrt(var + eps) * weight + bias"
    return say(f"{case.told} = {form} = {fill(form, values)} = {number(case.value)}")


def _batch_norm(case: Case) -> list[Row]:
    x, mean, var, weight, bias = case.arrays
    c = case.at[1]
    return [
        say(f"Channel {c}: mean[{c}] = {number(mean[c])}, var[{c}] = {number(var[c])}"),
        _normed(case, x[case.at], mean[c], var[c], weight[c], bias[c]),
    ]


def _layer_norm(case: Case) -> list[Row]:
    x, weight, bias = case.arrays
    front = x.ndim - weight.ndim
    own = case.at[front:]
    return _measured(case, x[case.at[:front]].ravel(), weight[own], bias[own], x[case.at])


def _group_norm(case: Case) -> list[Row]:
    x, weight, bias = case.arrays
    n, c, size = case.at[0], case.at[1], x.shape[1] // case.attrs["groups"]
    first = c // size * size
    return _measured(case, x[n, first : first + size].ravel(), weight[c], bias[c], x[case.at])


def _rms_norm(case: Case) -> list[Row]:
    x, weight = case.arrays
    front = x.ndim - weight.ndim
    square = float(np.mean(np.square(x[case.at[:front]], dtype=np.float64)))
    values = {"x": x[case.at], "square": square, "weight": weight[case.at[front:]], "eps": case.attrs["eps"]}
    form = "x / sqrt(square + eps) * weight"
    return [
        say(f"The mean square of the {x[case.at[:front]].size} numbers of its group is {number(square)}."),
        say(f"{case.told} = {form} = {fill(form, values)} = {number(case.value)}"),
    ]


def _var(case: Case) -> list[Row]:
    numbers, flat = group(case.arrays[0], case.attrs.get("dim"), case.at, bool(case.attrs.get("keepdim")))
    mean, divisor = float(np.mean(numbers)), len(numbers) - case.attrs.get("correction", 0)
    squares = (numbers - mean) ** 2
    return [
        say(f"The mean of the {len(numbers)} numbers is {number(mean)}; how far each is from it, squared:"),
        *ranked(
            lambda k: case.here(0, flat[k]),
            lambda k: fill("(x - m) ** 2", {"x": numbers[k], "m": mean}),
            squares,
            "sum",
        ),
        say(f"{case.told} = {number(squares.sum())} / {divisor} = {number(case.value)}"),
    ]


def _length(case: Case) -> list[Row]:
    numbers, flat = group(case.arrays[0], case.attrs.get("dim"), case.at, bool(case.attrs.get("keepdim")))
    squares = np.square(numbers, dtype=np.float64)
    return [
        *ranked(lambda k: case.here(0, flat[k]), lambda k: fill("x ** 2", {"x": numbers[k]}), squares, "sum"),
        say(f"{case.told} = sqrt({number(squares.sum())}) = {number(case.value)}"),
    ]


def _attention(case: Case) -> list[Row]:
    """What was read, as the sum of the shares times what stands at each place."""
    from ...engine.ops import attention_weights

    q, k, v, *rest = (np.asarray(a) for a in case.arrays)
    masks: Any = rest
    weights = np.asarray(attention_weights.forward(q, k, *masks, **case.attrs))
    *front, i, e = case.at
    shares = np.broadcast_to(weights, (*case.y.shape[:-2], *weights.shape[-2:]))[(*front, i)].astype(np.float64)
    values = np.broadcast_to(v, (*case.y.shape[:-2], *v.shape[-2:]))[tuple(front)][:, e].astype(np.float64)
    head = say(f"Place {i} reads from {len(shares)} places; its share of attention times what stands there:")
    words = [f"a{place((i, j))} * v{place((j, e))}" for j in range(len(shares))]
    return [
        head,
        *ranked(words.__getitem__, lambda j: f"{number(shares[j])} * {number(values[j])}", shares * values, case.told),
    ]


AVERAGES = {
    "softmax": _softmax,
    "log_softmax": _softmax,
    "logsumexp": _logsumexp,
    "attention": _attention,
    "attention_weights": _attention_weights,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "rms_norm": _rms_norm,
    "var": _var,
    "vector_norm": _length,
}
