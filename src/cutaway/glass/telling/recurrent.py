"""One moment of a sequence: what the thought before says, what the word says, and what comes of both."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..text import number, place
from .plug import fill
from .rows import Case, Row, ranked, say

__all__ = ["RECURRENT"]


def _asleep(case: Case) -> list[Row]:
    """Where a sentence has ended, the state stays as it is."""
    n, t, _ = case.at
    lengths = [a for a, name in zip(case.arrays, case.names, strict=True) if name == "lengths"]
    if not lengths or t < int(lengths[0][n]):
        return []
    told = f"Sentence {n} has {int(lengths[0][n])} moments, so at moment {t} the state stays as it was"
    return [say(f"{told}: {case.told} = {number(case.value)}")]


def _before(case: Case, k: int, start: int, width: int) -> tuple[Any, str]:
    """The state before this moment, and its name: a row of y, or the first state (input k)."""
    n, t, _ = case.at
    earlier = t + 1 if case.attrs.get("reverse") else t - 1
    if 0 <= earlier < case.y.shape[1]:
        return case.y[n, earlier, start : start + width], f"y[{n}, {earlier}, "
    first = case.arrays[k]
    row = 0 if first.shape[0] == 1 else n
    return first[row], f"{case.names[k]}[{row}, "


def _sum(case: Case, w: Any, row: int, old: Any, called: str, offset: int = 0) -> tuple[list[Row], float]:
    """What the state before says about one row of w."""
    values = w[row].astype(np.float64) * old
    rows = ranked(
        lambda k: f"w[{row}, {k}] * {called}{k + offset}]",
        lambda k: f"{number(w[row, k])} * {number(old[k])}",
        values,
        "what the state before says",
    )
    return rows, float(values.sum())


def _rnn(case: Case) -> list[Row]:
    z, w = case.arrays[0], case.arrays[2]
    n, t, k = case.at
    old, called = _before(case, 1, 0, w.shape[1])
    rows, said = _sum(case, w, k, old, called)
    curve = case.attrs.get("nonlinearity", "tanh")
    return _asleep(case) or [
        *rows,
        say(
            f"{case.told} = {curve}(z{place(case.at)} + that) = {curve}({number(z[n, t, k])} + {number(said)}) = "
            f"{number(case.value)}"
        ),
    ]


def _sigmoid(x: float) -> float:
    return 1 / (1 + float(np.exp(-x)))


def _lstm(case: Case) -> list[Row]:
    z, w = case.arrays[0], case.arrays[3]
    n, t, k = case.at
    width = w.shape[1]
    unit = k % width
    old, _ = _before(case, 1, 0, width)
    belt, _ = _before(case, 2, width, width)
    gates, rows = {}, [say(f"Unit {unit} at moment {t} of example {n}:")]
    for g, name in enumerate("ifjo"):
        row = g * width + unit
        said = float(w[row].astype(np.float64) @ old)
        curve, called = (np.tanh, "tanh") if name == "j" else (_sigmoid, "sigmoid")
        gates[name] = float(curve(float(z[n, t, row]) + said))
        inside = fill("z + said", {"z": z[n, t, row], "said": said})
        form = f"{called}(z{place((n, t, row))} + w[{row}] h)"
        rows.append(say(f"  {name} = {form} = {called}({inside}) = {number(gates[name])}"))
    c = gates["f"] * float(belt[unit]) + gates["i"] * gates["j"]
    rows.append(
        say(
            f"  c = f * c before + i * j = {number(gates['f'])} * {number(belt[unit])} + {number(gates['i'])} * "
            f"{number(gates['j'])} = {number(c)}"
        )
    )
    if k >= width:
        last = f"{case.told} = c = {number(case.value)}"
    else:
        last = f"{case.told} = h = o * tanh(c) = {number(gates['o'])} * tanh({number(c)}) = {number(case.value)}"
    return _asleep(case) or [*rows, say(last)]


def _gru(case: Case) -> list[Row]:
    z, w, b = case.arrays[0], case.arrays[2], case.arrays[3]
    n, t, unit = case.at
    width = w.shape[1]
    old, _ = _before(case, 1, 0, width)
    said = [float(w[g * width + unit].astype(np.float64) @ old + b[g * width + unit]) for g in range(3)]
    heard = [float(z[n, t, g * width + unit]) for g in range(3)]
    r, u = _sigmoid(heard[0] + said[0]), _sigmoid(heard[1] + said[1])
    new = float(np.tanh(heard[2] + r * said[2]))
    inner = fill("z + r * said", {"z": heard[2], "r": r, "said": said[2]})
    return _asleep(case) or [
        say(f"Unit {unit} at moment {t} of example {n}:"),
        say(f"  r = sigmoid(z + w y + b) = sigmoid({number(heard[0])} + {number(said[0])}) = {number(r)}"),
        say(f"  u = sigmoid(z + w y + b) = sigmoid({number(heard[1])} + {number(said[1])}) = {number(u)}"),
        say(f"  n = tanh(z + r * (w y + b)) = tanh({inner}) = {number(new)}"),
        say(
            f"{case.told} = (1 - u) * n + u * y before = {number(1 - u)} * {number(new)} + {number(u)} * "
            f"{number(old[unit])} = {number(case.value)}"
        ),
    ]


RECURRENT = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}
