"""Operations that choose: the largest, the place of the largest, how many were right, ones and zeros, chance."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.windows import pair
from ..text import number, place
from .rows import TERMS, Case, Row, group, say

__all__ = ["CHOICES"]


def _extreme(case: Case) -> list[Row]:
    x = case.arrays[0]
    numbers, flat = group(x, case.attrs.get("dim"), case.at, bool(case.attrs.get("keepdim")))
    return _chosen(case, numbers, flat, case.op.name == "min")


def _chosen(case: Case, numbers: Any, flat: Any, smallest: bool = False) -> list[Row]:
    word = "smallest" if smallest else "largest"
    order = np.argsort(numbers if smallest else -numbers, kind="stable")
    best = order[0]
    seen = ", ".join(number(numbers[k]) for k in order[:TERMS]) + (", ..." if len(order) > TERMS else "")
    return [
        say(f"Of {len(numbers)} numbers the {word}: {seen}"),
        say(f"{case.told} = {case.here(0, flat[best])} = {number(numbers[best])}"),
    ]


def _pooled(case: Case) -> list[Row]:
    x = case.arrays[0]
    n, c, i, j = case.at
    (kh, kw), (sh, sw), (ph, pw) = (pair(case.attrs.get(k, d)) for k, d in _WINDOW)
    top, left = sh * i - ph, sw * j - pw
    rows = np.arange(max(0, top), min(x.shape[2], top + kh))
    columns = np.arange(max(0, left), min(x.shape[3], left + kw))
    flat = np.ravel_multi_index((n, c, *np.ix_(rows, columns)), x.shape).ravel()
    return _chosen(case, x.ravel()[flat], flat)


_WINDOW = (("window", 1), ("stride", 1), ("padding", 0))


def _winner(case: Case) -> list[Row]:
    x = case.arrays[0]
    numbers, flat = group(x, case.attrs.get("dim"), case.at, kept=True)
    best = int(flat[int(np.argmax(numbers))])
    mine = int(np.ravel_multi_index(case.at, x.shape)) if x.shape else 0
    won = best == mine
    reason = "is the first place of the largest" if won else f"is not: the largest is {case.here(0, best)}"
    return [
        say(f"{case.here(0, best)} = {number(x.ravel()[best])} is the largest of {len(numbers)} numbers."),
        say(f"{case.told} = {number(case.value)}, because {case.here(0, mine)} = {number(x.ravel()[mine])} {reason}"),
    ]


def _argmax(case: Case) -> list[Row]:
    x, dim = case.arrays[0], case.attrs.get("dim", -1) % case.arrays[0].ndim
    numbers, flat = group(x, dim, case.at, kept=False)
    best = int(np.argmax(numbers))
    return [
        say(f"The largest of {len(numbers)} numbers is {case.here(0, flat[best])} = {number(numbers[best])}."),
        say(f"{case.told} = {best}: its place along side {dim}"),
    ]


def _accuracy(case: Case) -> list[Row]:
    outputs, answers = case.arrays
    guesses = outputs.argmax(1)
    right = guesses == answers
    count = int(right.sum())
    rows = [say(f"{count} of {right.size} right: {count} / {right.size} = {number(case.value)}")]
    for k in np.argwhere(~right)[:TERMS]:
        at = tuple(int(i) for i in k)
        rows.append(say(f"wrong: outputs{place(at)} is largest at {guesses[at]}, and the right class is {answers[at]}"))
    return rows


def _one_hot(case: Case) -> list[Row]:
    answer, j = int(case.arrays[0][case.at[:-1]]), case.at[-1]
    same = "the same" if answer == j else "another place"
    return [
        say(f"answers{place(case.at[:-1])} = {answer}, and this is place {j}: {same}"),
        say(f"{case.told} = {number(case.value)}"),
    ]


def _target_shares(case: Case) -> list[Row]:
    answers, attrs = case.arrays[0], case.attrs
    where = (case.at[0], *case.at[2:]) if answers.ndim else ()
    c, answer = (case.at[1] if answers.ndim else case.at[0]), int(answers[where])
    smooth, classes, weight = attrs.get("label_smoothing", 0.0), attrs["classes"], attrs.get("weight")
    if answer == attrs.get("ignore_index"):
        return [say(f"answers{place(where)} = {answer} does not count: {case.told} = {number(case.value)}")]
    factor = 1.0 if weight is None else weight[c]
    hit = int(answer == c)
    return [
        say(f"answers{place(where)} = {answer}, and this is class {c}"),
        say(
            f"{case.told} = {number(factor)} * ((1 - {number(smooth)}) * {hit} + {number(smooth)} / {classes}) = "
            f"{number(case.value)}"
        ),
    ]


def _dropped(case: Case) -> list[Row]:
    p = case.attrs["p"]
    told = (
        f"dropped: {case.told} = 0"
        if case.value == 0
        else f"kept: {case.told} = 1 / (1 - {number(p)}) = {number(case.value)}"
    )
    return [
        say(
            f"The die of batch {int(case.arrays[1])}, place {case.attrs['site']} of the program, for this number: with "
            f"chance {number(p)} it is dropped."
        ),
        say(told),
    ]


def _pace(case: Case) -> list[Row]:
    options = ", ".join(f"{k}={v}" for k, v in case.attrs.items() if k != "kind")
    told = f"{case.attrs['kind']}{f' ({options})' if options else ''}"
    return [say(f"The schedule {told} at batch {int(case.arrays[0])}: {case.told} = {number(case.value)}")]


CHOICES = {
    "max": _extreme,
    "min": _extreme,
    "max_pool2d": _pooled,
    "winner": _winner,
    "argmax": _argmax,
    "accuracy": _accuracy,
    "one_hot": _one_hot,
    "target_shares": _target_shares,
    "dropout_mask": _dropped,
    "pace": _pace,
}
