"""Recording on shapes alone: a plan needs the steps and the shape of every slot, and none of the numbers.

To record is to compute, as a rule, and every slot is kept meanwhile. For a picture of a million pixels that is
gigabytes and a minute, thrown away at once. Inside ``shapes_only`` large slots are hollow: of their shape and kind,
without memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .op import Op

__all__ = ["hollow", "outcome", "shapes_only"]

LARGE = 2**16  # numbers: below this computing costs nothing, and what is known by its value stays known
_shapes_only: ContextVar[bool] = ContextVar("cutaway_shapes_only", default=False)


@contextmanager
def shapes_only() -> Iterator[None]:
    """What is recorded on a tape inside has shapes, and only where it is small also the right numbers.

    For programs whose steps hang on no number that is computed on the way.

    >>> with shapes_only(), ct.Tape():
    ...     y = Tensor(np.ones((300, 300), np.float32)) * 2.0
    >>> y.shape, y.dtype, y.data.strides
    ((300, 300), dtype('float32'), (0, 0))
    """
    token = _shapes_only.set(True)
    try:
        yield
    finally:
        _shapes_only.reset(token)


def outcome(op: Op, arrays: Sequence[Any], attrs: dict[str, Any], shape: Sequence[int]) -> Any:
    """What a step that is being recorded gives: its forward, or something hollow of that shape."""
    if _shapes_only.get() and math.prod(shape) >= LARGE and _keeps_kind(op):
        return np.broadcast_to(np.zeros((), _leading(op, arrays).dtype), tuple(shape))
    return np.asarray(op.forward(*arrays, **attrs))


def hollow(value: Any) -> Any:
    """An array of this shape and kind that takes no memory: only to be asked for its shape and kind."""
    return np.broadcast_to(np.zeros((), value.dtype), value.shape)


def _leading(op: Op, arrays: Sequence[Any]) -> Any:
    """The first input that is computed with."""
    return next((a for k, a in enumerate(arrays) if k not in op.whole and k not in op.masks), arrays[0])


@cache
def _keeps_kind(op: Op) -> bool:
    """Does it give the kind of number that it takes? (To compare gives True and False.) Its samples know."""
    for sample, kind in product(op.samples, ("float32", "float64")):
        arrays = sample.arrays(dtype=kind)
        if np.asarray(op.forward(*arrays, **sample.attrs)).dtype != _leading(op, arrays).dtype:
            return False
    return bool(op.samples)
