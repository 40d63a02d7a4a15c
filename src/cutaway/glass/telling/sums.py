"""Numbers that are sums, or that were only moved."""

from __future__ import annotations

import numpy as np

from ..terms import Terms
from ..text import number, place
from .rows import Case, Row, ranked, say

__all__ = ["sum_rows"]


def sum_rows(case: Case, found: Terms) -> list[Row]:
    """The largest terms with their numbers, the rest, and the sum."""
    values, count = found.values, len(found.before)
    if not count:
        return [say(f"{case.told} = {number(case.value)}: none of the inputs enters this number.")]
    plain = len(found.numbers) == 1 and not found.constant
    if count == 1 and plain and found.before[0] == 1.0:
        source = case.here(int(found.inputs[0][0]), found.places[0][0])
        moved = f"{case.told} = {source} = {number(case.value)}: the number itself, in its place"
        return [*_looked_up(case), say(moved)]
    same = plain and bool(np.all(found.before == found.before[0]))
    kind = "products" if len(found.numbers) == 2 else "numbers" if same and found.before[0] == 1.0 else "terms"
    factor = f", each times {number(found.before[0])}" if same and found.before[0] != 1.0 else ""
    head = f"{case.told} is the sum of {count} {kind if count > 1 else kind[:-1]}{factor}:"

    def words(k: int) -> str:
        names = [case.here(int(owner[k]), flat[k]) for owner, flat in zip(found.inputs, found.places, strict=True)]
        return " * ".join(names)

    def numbers(k: int) -> str:
        shown = [number(n[k]) for n in found.numbers]
        if found.before[k] != 1.0:
            shown.insert(0, number(found.before[k]))
        return " * ".join(shown) if len(shown) > 1 else ""

    return [say(head), *ranked(words, numbers, values, case.told, found.constant)]


def _looked_up(case: Case) -> list[Row]:
    """Where an index says what to take: what it says."""
    which = {"embedding": 0, "take": 1, "gather": 1}.get(case.op.name)
    if which is None:
        return []
    index = np.asarray(case.arrays[which])
    at = case.at[: index.ndim]
    return [say(f"{case.names[which]}{place(at)} = {int(index[at])}")]
