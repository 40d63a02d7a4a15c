"""What an explanation is made of: sentences, terms with their numbers, and sums."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...engine.op import Op
from ..text import number, place

__all__ = ["TERMS", "Case", "Row", "facts", "folded", "group", "lines", "own_place", "ranked", "say", "term", "total"]

TERMS = 4  # of a long sum, so many terms are written out: the largest


class Row(NamedTuple):
    """One line of an explanation.

    kind: "say" (a sentence), "facts" (what enters), "term" (a part of a sum), "rest" (the parts left out), "total"

    >>> term("x[0] * w[1]", "2 * 3", 6.0).value
    6.0
    """

    kind: str
    words: str
    numbers: str = ""
    value: float | None = None


def say(words: str) -> Row:
    """A sentence."""
    return Row("say", words)


def facts(words: str) -> Row:
    """What enters: names and numbers."""
    return Row("facts", words)


def term(words: str, numbers: str, value: float) -> Row:
    """A part of a sum."""
    return Row("term", words, numbers, float(value))


def total(words: str, value: float) -> Row:
    """What the parts above add up to."""
    return Row("total", words, "", float(value))


def ranked(
    words: Callable[[int], str], numbers: Callable[[int], str], values: Any, what: str, constant: float = 0.0
) -> list[Row]:
    r"""The largest terms, what the others make together, and the sum.

    >>> print("\n".join(lines(ranked(lambda k: f"x[{k}]", lambda k: "", np.arange(6.0), "y"))))
             5   x[5]
             4   x[4]
             3   x[3]
             2   x[2]
             1   the other 2 together
    ----------
            15   y
    """
    values = np.asarray(values, np.float64)
    order = np.argsort(-np.abs(values), kind="stable")[:TERMS]
    rows = [term(words(int(k)), numbers(int(k)), values[k]) for k in order]
    if len(values) > len(order):
        left = len(values) - len(order)
        together = f"the other {left} together" if left > 1 else "the other one"
        rows.append(Row("rest", together, "", float(values.sum() - values[order].sum())))
    if constant:
        rows.append(term("a constant", "", constant))
    return [*rows, total(what, float(values.sum() + constant))]


def lines(rows: Iterable[Row]) -> list[str]:
    """The rows as lines of text."""
    rows = list(rows)
    width = max((len(row.numbers) for row in rows if row.kind == "term"), default=0)
    text = []
    for row in rows:
        if row.kind in ("say", "facts"):
            text += folded(row.words) if row.kind == "say" else textwrap.wrap(row.words, 72, subsequent_indent="  ")
            continue
        if row.kind == "total":
            text.append("-" * 10)
        equals = f" = {row.numbers.ljust(width)}" if row.numbers else " " * (width + 3) if width else ""
        text.append(f"{number(row.value):>10}{equals}   {row.words}".rstrip())
    return text


def folded(sentence: str, width: int = 72) -> list[str]:
    """A chain of equations too long for a line, one link a line; a long sentence in several lines.

    >>> folded("y = a + b = 1 + 2 = 3", width=12)
    ['y = a + b', '  = 1 + 2', '  = 3']
    """
    if len(sentence) <= width:
        return [sentence]
    first, *links = sentence.split(" = ")
    if len(links) < 2 or len(first) > 24:
        return textwrap.wrap(sentence, width, subsequent_indent="  ")
    text = [f"{first} = {links[0]}", *(f"{' ' * len(first)} = {link}" for link in links[1:])]
    return [part for line in text for part in textwrap.wrap(line, width + 4, subsequent_indent=" " * (len(first) + 3))]


@dataclass(frozen=True)
class Case:
    """One number of one step's output, with all that entered the step.

    >>> from cutaway.engine import ops
    >>> case = Case(ops.relu, [np.array([-1.0, 2.0])], {}, np.array([0.0, 2.0]), (1,))
    >>> case.told, float(case.value), case.here(0, 1)
    ('y[1]', 2.0, 'x[1]')
    """

    op: Op
    arrays: Sequence[Any]
    attrs: dict[str, Any]
    y: Any
    at: tuple[int, ...]

    @property
    def told(self) -> str:
        """The number by its name, "y[2, 1]"."""
        return f"y{place(self.at)}"

    @property
    def value(self) -> Any:
        """The number."""
        return self.y[self.at]

    @cached_property
    def names(self) -> list[str]:
        """What the inputs are called."""
        parameters = list(inspect.signature(self.op.forward).parameters.values())
        if parameters and parameters[0].kind is inspect.Parameter.VAR_POSITIONAL:
            return [f"{parameters[0].name}[{k}]" for k in range(len(self.arrays))]
        return [p.name for p in parameters[: len(self.arrays)]]

    @property
    def settings(self) -> dict[str, Any]:
        """The attributes, with those that were left as they are."""
        parameters = inspect.signature(self.op.forward).parameters.values()
        return {**{p.name: p.default for p in parameters if p.default is not p.empty}, **self.attrs}

    def here(self, k: int, flat: int) -> str:
        """A number of input k by its name, "w[1, 5]"."""
        shape = np.shape(self.arrays[k])
        index = [int(i) for i in np.unravel_index(int(flat), shape)] if shape else []
        return f"{self.names[k]}{place(index)}"


def own_place(at: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Where the number stands in an input that was repeated to fill the output's shape.

    >>> own_place((4, 2), (1, 3)), own_place((4, 2), (3,)), own_place((4, 2), ())
    ((0, 2), (2,), ())
    """
    return tuple(0 if n == 1 else k for k, n in zip(at[len(at) - len(shape) :], shape, strict=True)) if shape else ()


def group(x: Any, dim: Any, at: tuple[int, ...], kept: bool) -> tuple[Any, Any]:
    """The numbers of x along the sides ``dim`` (all when None) that belong to y[at], and their flat places.

    kept: does y still have these sides?

    >>> group(np.array([[1.0, 2.0], [3.0, 4.0]]), 0, (1,), kept=False)
    (array([2., 4.]), array([1, 3]))
    """
    dims = range(x.ndim) if dim is None else [d % x.ndim for d in np.atleast_1d(dim)]
    rest = iter(at)
    index: list[Any] = []
    for d in range(x.ndim):
        k = next(rest) if kept or d not in dims else 0
        index.append(slice(None) if d in dims else k)
    places = np.arange(x.size).reshape(x.shape)[tuple(index)].ravel()
    return x.ravel()[places], places
