"""A formula with its numbers in it, for whatever is computed number by number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..text import number, place
from .rows import Case, Row, facts, own_place, say

__all__ = ["fill", "filled_in"]

Values = Mapping[str, Any]
_NAME = re.compile(r"[A-Za-z_]\w*")
_QUESTION = re.compile(r"^(\S+) (<=|>=|<|>|=) (\S+)$")
_INSTEAD = {  # where the story's formula is more words than formula, or has several forms
    "cast": "x as {to}",
    "gelu": "x * (1 + erf(x / sqrt(2))) / 2",
    "gelu tanh": "x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3))) / 2",
    "where": "a if condition = True, else b",
    "not_equal": "(a ≠ b)",
}


def fill(formula: str, values: Values) -> str:
    """The formula with numbers in place of the names; what is below zero gets brackets where a sign stands before it.

    >>> fill("keep * old + (1 - keep) * new", {"keep": 0.9, "old": -2.0, "new": 1.0})
    '0.9 * (-2) + (1 - 0.9) * 1'
    """

    def put(match: re.Match[str]) -> str:
        if match[0] not in values:
            return match[0]
        text = number(values[match[0]])
        before, after = formula[: match.start()].rstrip(), formula[match.end() :].lstrip()
        bare = before.endswith(("(", "|", ",")) or not before
        return f"({text})" if text.startswith("-") and (not bare or after.startswith("*")) else text

    return _NAME.sub(put, formula)


def filled_in(case: Case) -> list[Row]:
    """The formula, this moment's numbers in it, and what comes out; of several branches the one that was taken."""
    values: dict[str, Any] = {}
    names = []
    for k, (name, array) in enumerate(zip(case.names, case.arrays, strict=True)):
        index = own_place(case.at, np.shape(array))
        values[name] = np.asarray(array)[index]
        names.append(f"{case.names[k]}{place(index)} = {number(values[name])}")
    values.update({k: v for k, v in case.settings.items() if isinstance(v, int | float | np.number)})
    formula, because = _branch(_formula(case), values)
    plugged = fill(formula, values)
    chain = [case.told, formula, *([plugged] if plugged != formula else []), number(case.value)]
    reason = f"   because {because}" if because else ""
    return [facts(", ".join(names)), say(" = ".join(dict.fromkeys(chain)) + reason)]


def _formula(case: Case) -> str:
    name = case.op.name
    if name == "gelu" and case.attrs.get("approximate") == "tanh":
        name = "gelu tanh"
    if name in _INSTEAD:
        return _INSTEAD[name].format(**case.attrs)
    _, _, right = case.op.story.formula.splitlines()[0].partition(" = ")
    forms = right.split(" = ") if " if " not in right and not right.startswith("(") else [right]
    return min(forms, key=len)


def _branch(formula: str, values: Values) -> tuple[str, str]:
    """Of "a if x > 0, else b" what holds now, and the question that decided it."""
    if " if " not in formula:
        return formula, ""
    refused: list[str] = []
    for part in re.split(r", (?:else )?", formula):
        form, _, question = part.partition(" if ")
        if not question:
            return form, " and ".join(refused)
        answer, told = _asked(question, values)
        if answer:
            return form, told
        if told:
            refused.append(f"not {told}")
    return formula, ""


def _asked(question: str, values: Values) -> tuple[bool, str]:
    match = _QUESTION.match(question)
    if match is None:
        return False, ""
    left, right = (_read(match[k], values) for k in (1, 3))
    if left is None or right is None:
        return False, ""
    answer = {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right, "=": left == right}
    return bool(answer[match[2]]), fill(question, values)


def _read(token: str, values: Values) -> Any:
    if token in values:
        return values[token]
    try:
        return True if token == "True" else float(token)
    except ValueError:
        return None
