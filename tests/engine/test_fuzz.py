"""Whatever is fed to an operation ends in a result or in our own error, never in NumPy's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.engine import OPS, Tape, Tensor, backward
from cutaway.engine.errors import CutawayError
from cutaway.engine.op import Op

EVERY = [pytest.param(op, id=name) for name, op in OPS.items()]
SHAPE = st.lists(st.integers(0, 5), max_size=5).map(tuple)
WHOLE = st.integers(-5, 5)
PART = st.one_of(
    WHOLE,
    st.none(),
    st.just("..."),
    st.tuples(st.just("slice"), st.none() | WHOLE, st.none() | WHOLE, st.none() | WHOLE),
)
SIZE = st.integers(-1, 4) | st.tuples(st.integers(-1, 4), st.integers(-1, 4))
KINDS = ["float32", "float64", "int64", "bool", "uint8", "float16", "complex128", "str"]

ATTRS: dict[str, st.SearchStrategy[Any]] = {
    "dim": st.none() | WHOLE | st.lists(WHOLE, max_size=4).map(tuple),
    "order": st.lists(WHOLE, max_size=5).map(tuple),
    "index": st.lists(PART, max_size=4).map(tuple),
    "stride": SIZE,
    "window": SIZE,
    "padding": SIZE,
    "how": st.sampled_from(["nearest", "linear", "corners", "average", "windows", "nonsense"]),
    "dilation": SIZE,
    "groups": st.integers(-1, 4),
    "size": SIZE,
    "classes": st.integers(-1, 6),
    "dtype": st.sampled_from(["float32", "float64", "nonsense"]),
    "p": st.floats(-0.5, 1.5),
    "correction": st.integers(-1, 4),
}


@st.composite
def calls(draw: Any, op: Op) -> tuple[list[Any], dict[str, Any]]:
    """A sample of the operation with some shapes, kinds of numbers, values and attributes spoiled."""
    sample = draw(st.sampled_from(op.samples))
    arrays = []
    for k, rule in enumerate(sample.draws):
        array = rule.array(k)
        if draw(st.booleans()):
            shape = draw(SHAPE)
            if draw(st.booleans()) and rule.shape:  # near misses are the likelier mistakes
                side = draw(st.integers(0, len(rule.shape) - 1))
                shape = (*rule.shape[:side], draw(st.integers(0, 6)), *rule.shape[side + 1 :])
            array = np.resize(array, shape) if math.prod(shape) else np.zeros(shape, np.asarray(array).dtype)
        if draw(st.integers(0, 5)) == 0:
            with np.errstate(all="ignore"):
                array = np.asarray(array).astype(draw(st.sampled_from(KINDS)))
        if k in op.whole and np.asarray(array).dtype.kind == "i" and draw(st.integers(0, 3)) == 0:
            array = array + draw(st.integers(-9, 9))
        arrays.append(array)
    attrs = dict(sample.attrs)
    for name in attrs:
        if draw(st.integers(0, 2)) == 0:
            if name == "to":
                shapes = st.lists(st.integers(-2, 6), max_size=4).map(tuple)
                numbers = st.sampled_from([-2, -1, 0, 1, 2, 3, 0.5])
                kinds = st.sampled_from(["float32", "float64", "int64", "nonsense"])
                attrs[name] = draw({"power": numbers, "cast": kinds}.get(op.name, shapes))
            elif name in ATTRS:
                attrs[name] = draw(ATTRS[name])
    return arrays, attrs


@pytest.mark.parametrize("op", EVERY)
def test_random_calls_end_in_a_result_or_in_our_own_error(op: Op) -> None:
    @settings(max_examples=100, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(calls(op))
    def attempt(call: tuple[list[Any], dict[str, Any]]) -> None:
        arrays, attrs = call
        with np.errstate(all="ignore"), Tape():  # 1 / 0 is infinity, said by `health`, not an error
            try:
                leaves = [Tensor(a) for a in arrays]
                y = op(*leaves, **attrs)
                if y.dtype.kind == "f":
                    wrt = [t for t in leaves if t.dtype.kind == "f"]
                    for t, g in zip(wrt, backward(y, wrt, Tensor(np.ones_like(y.data))), strict=True):
                        assert g.shape == t.shape
            except CutawayError as error:
                said = str(error)
                assert "its rule promised" not in said and "mend its backward" not in said, said
                assert len(said) > 30, said

    attempt()
