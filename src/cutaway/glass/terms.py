"""What one number is a sum of, found without knowing the operation.

Most of a network is sums: of numbers, of numbers times something, of products of two. Whether an operation is such a
sum is found out by trying it on its own small samples: slopes that stay the same wherever one stands are factors. From
these follow the terms of any one number: which inputs enter it, where they stand, and with which factor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine.op import Op
from ..engine.tape import Tape
from ..engine.tensor import Tensor

__all__ = ["Terms", "slopes", "terms"]


class Terms(NamedTuple):
    """One number as a sum of terms, each ``before`` times one number, or times a product of two.

    inputs: which inputs of the step the factors stand in; places: for each factor its flat places, one a term
    numbers: for each factor its numbers; constant: what is added that comes from no input

    >>> from cutaway.engine import ops
    >>> x, w = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    >>> found = terms(ops.matmul, [x, w], {}, x @ w, (0, 0))
    >>> found.values.tolist(), found.total
    ([3.0, 8.0], 11.0)
    """

    inputs: tuple[Any, ...]
    places: tuple[Any, ...]
    numbers: tuple[Any, ...]
    before: Any
    constant: float

    @property
    def values(self) -> Any:
        """Every term's value."""
        value = np.asarray(self.before, np.float64)
        for factor in self.numbers:
            value = value * factor
        return value

    @property
    def total(self) -> float:
        """The number itself."""
        return float(self.values.sum() + self.constant)


def slopes(op: Op, arrays: Sequence[Any], attrs: dict[str, Any], y: Any, at: tuple[int, ...]) -> list[Any]:
    """How much y[at] moves when any number of any input is nudged: an array for each input, or None.

    >>> from cutaway.engine import ops
    >>> slopes(ops.mul, [np.array([2.0]), np.array([5.0])], {}, np.array([10.0]), (0,))
    [array([5.]), array([2.])]
    """
    seed = np.zeros_like(y)
    if seed.dtype.kind != "f":
        return [None] * len(arrays)
    seed[at] = 1
    with Tape():
        found = op.backward(Tensor(seed), Tensor(y), *[Tensor(a) for a in arrays], **attrs)
    if not isinstance(found, tuple | list):
        found = (found,)
    return [None if f is None else np.asarray(f.data) for f in (*found, *[None] * (len(arrays) - len(found)))]


def terms(op: Op, arrays: Sequence[Any], attrs: dict[str, Any], y: Any, at: tuple[int, ...]) -> Terms | None:
    """The terms of y[at], or None where it is no sum."""
    arrays, y = [np.asarray(a) for a in arrays], np.asarray(y)
    if op.name in _DIRECT:
        return _DIRECT[op.name](arrays, attrs, at)
    kind, which = _kind(op, arrays, attrs)
    if kind is None:
        return None
    found = slopes(op, arrays, attrs, y, at)
    if kind == "product":
        return _products(op, arrays, attrs, y, at, found, which)
    parts = [(k, np.flatnonzero(found[k])) for k in which if k < len(found) and found[k] is not None]
    owner = np.concatenate([np.full(len(flat), k) for k, flat in parts] or [np.zeros(0, int)])
    flat = np.concatenate([flat for _, flat in parts] or [np.zeros(0, int)])
    before = np.concatenate([found[k].ravel()[flat] for k, flat in parts] or [np.zeros(0)]).astype(np.float64)
    numbers = np.concatenate([arrays[k].ravel()[flat] for k, flat in parts] or [np.zeros(0)]).astype(np.float64)
    rest = float(y[at]) - float((before * numbers).sum())
    size = float(np.abs(before * numbers).sum()) + abs(float(y[at]))
    return Terms((owner,), (flat,), (numbers,), before, 0.0 if abs(rest) <= 1e-5 * size else rest)


def _products(
    op: Op, arrays: list[Any], attrs: dict[str, Any], y: Any, at: tuple[int, ...], found: list[Any], which: Any
) -> Terms:
    """Products of two: where the second factor stands is read off by filling it with its own places."""
    a, b = which
    flat = np.flatnonzero(found[a])
    counted = list(arrays)
    for k in which:
        counted[k] = arrays[k].astype(np.float64)
    counted[b] = np.arange(1.0, arrays[b].size + 1).reshape(arrays[b].shape)
    places = slopes(op, counted, attrs, y.astype(np.float64), at)[a]
    flat = np.flatnonzero(places)
    others = np.rint(places.ravel()[flat]).astype(int) - 1
    numbers = (arrays[a].ravel()[flat].astype(np.float64), arrays[b].ravel()[others].astype(np.float64))
    ones = np.ones(len(flat))
    return Terms((np.full(len(flat), a), np.full(len(flat), b)), (flat, others), numbers, ones, 0.0)


# -- what kind of sum an operation is -----------------------------------------------------------------------------
Kind = tuple[str | None, tuple[int, ...]]
_KINDS: dict[str, Kind] = {}


def _kind(op: Op, arrays: list[Any], attrs: dict[str, Any]) -> Kind:
    """What it is: "linear" in inputs, a sum of "product"s of two, or linear in one when the others are "given"."""
    if op.name in _KINDS:
        return _KINDS[op.name]
    if not op.samples:
        return _tried(op, [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays], attrs)
    kinds = {_tried(op, sample.arrays(7), sample.attrs) for sample in op.samples}
    kinds = {(kind, () if kind == "linear" else which) for kind, which in kinds}  # concat may have any number
    kind, which = kinds.pop() if len(kinds) == 1 else (None, ())
    _KINDS[op.name] = kind, tuple(range(64)) if kind == "linear" else which
    return _KINDS[op.name]


def _tried(op: Op, arrays: list[Any], attrs: dict[str, Any]) -> Kind:
    y = np.asarray(op.forward(*arrays, **attrs))
    if y.dtype.kind != "f" or not y.size:
        return None, ()
    chance = np.random.default_rng(0)
    corner = tuple(n - 1 for n in y.shape)
    ats = {tuple(int(chance.integers(n)) for n in y.shape) for _ in range(6)} | {(0,) * y.ndim, corner}
    felt = [(at, slopes(op, arrays, attrs, y, at)) for at in ats]
    ks = tuple(k for k, s in enumerate(felt[0][1]) if s is not None)
    if not ks:
        return None, ()
    if _straight(op, arrays, attrs, y, felt, ks, chance):
        return "linear", ks
    alone = [k for k in ks if _straight(op, arrays, attrs, y, felt, (k,), chance, through_zero=True)]
    if len(ks) == 2 == len(alone):
        return "product", ks
    return ("given", (alone[0],)) if alone else (None, ())


def _straight(
    op: Op,
    arrays: list[Any],
    attrs: dict[str, Any],
    y: Any,
    felt: Any,
    ks: Any,
    chance: Any,
    through_zero: bool = False,
) -> bool:
    """Do the slopes for these inputs say what happens far away, too?"""
    moved = [chance.normal(size=a.shape) if k in ks else a for k, a in enumerate(arrays)]
    with np.errstate(all="ignore"):
        there = np.asarray(op.forward(*moved, **attrs))
    for at, found in felt:
        if any(found[k] is None for k in ks):
            return False
        start = sum(float((found[k] * arrays[k]).sum()) for k in ks)
        step = sum(float((found[k] * (moved[k] - arrays[k])).sum()) for k in ks)
        if not abs(float(there[at]) - float(y[at]) - step) <= 1e-9 * (1 + abs(float(there[at]))):
            return False
        if through_zero and abs(start - float(y[at])) > 1e-9 * (1 + abs(start)):
            return False
    return True


# -- the commonest, straight away ---------------------------------------------------------------------------------
def _matmul(arrays: list[Any], attrs: dict[str, Any], at: tuple[int, ...]) -> Terms:
    x, w = arrays
    inner = np.arange(x.shape[-2 if attrs.get("flip_x") else -1])
    row, column = np.full(len(inner), at[-2]), np.full(len(inner), at[-1])
    places = (
        _flat(x, at[:-2], (inner, row) if attrs.get("flip_x") else (row, inner)),
        _flat(w, at[:-2], (column, inner) if attrs.get("flip_w") else (inner, column)),
    )
    return _picked(arrays, (0, 1), places)


def _flat(a: Any, front: tuple[int, ...], last: tuple[Any, Any]) -> Any:
    """Flat places in a whose sides in front were broadcast."""
    own = front[len(front) - (a.ndim - 2) :] if a.ndim > 2 else ()
    own = tuple(0 if n == 1 else k for k, n in zip(own, a.shape, strict=False))
    return np.ravel_multi_index((*[np.full(len(last[0]), k) for k in own], *last), a.shape)


def _embedding(arrays: list[Any], attrs: dict[str, Any], at: tuple[int, ...]) -> Terms:
    indices, weight = arrays
    return _picked(arrays, (1,), (np.array([int(indices[at[:-1]]) * weight.shape[1] + at[-1]]),))


def _add_rows(arrays: list[Any], attrs: dict[str, Any], at: tuple[int, ...]) -> Terms:
    g, rows = arrays
    inner = g.shape[rows.ndim :]
    hit = np.flatnonzero(rows.ravel() % max(1, attrs["size"]) == at[0])
    column = int(np.ravel_multi_index(at[1:], inner)) if inner else 0
    return _picked(arrays, (0,), (hit * int(np.prod(inner, dtype=int)) + column,))


def _picked(arrays: list[Any], inputs: tuple[int, ...], places: tuple[Any, ...]) -> Terms:
    count = len(places[0])
    numbers = tuple(arrays[k].ravel()[p].astype(np.float64) for k, p in zip(inputs, places, strict=True))
    return Terms(tuple(np.full(count, k) for k in inputs), places, numbers, np.ones(count), 0.0)


_DIRECT: dict[str, Callable[..., Terms]] = {"matmul": _matmul, "embedding": _embedding, "add_rows": _add_rows}
