"""Products of tables, lying as they do, against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.engine import Tape, ops
from cutaway.engine.plan import Plan


def product(x, w, **how):
    """What the plan makes of one product, and how it says it does."""
    with Tape() as tape:
        y = ops.matmul(tape.input("x", x), tape.input("w", w), **how)
        tape.results["y"] = tape.slot(y)
    plan = Plan(tape)
    for _ in range(2):
        plan.feed([x, w])
        plan.replay()
    return plan.results()[0], next(span.why for span in plan.spans if "matmul" in {s.op.name for s in span.steps})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("x", "w", "turned"),
    [
        ((3, 32, 50), (3, 74, 50), True),  # the left one is smaller
        ((3, 74, 50), (3, 32, 50), True),  # the right one is
        ((2, 3, 40, 48), (2, 3, 40, 48), True),
        ((3, 4, 5), (3, 6, 5), False),  # a copy takes longer
        ((3, 32, 50), (74, 50), False),  # one product for all three
    ],
)
def test_small_tables_are_turned_where_that_is_faster_and_multiplied_rightly(x, w, turned, dtype):
    random = np.random.default_rng(4)
    a, b = (random.normal(size=shape).astype(dtype) for shape in (x, w))
    found, why = product(a, b, flip_w=True)
    exact = a.astype(np.float64) @ b.astype(np.float64).swapaxes(-1, -2)
    np.testing.assert_allclose(found, exact, rtol=0, atol=(1e-5 if dtype == "float32" else 1e-13) * np.abs(exact).max())
    assert ("turned" in why) == turned, why


def test_tables_of_which_all_examples_share_one():
    random = np.random.default_rng(5)
    a, b = random.normal(size=(4, 1, 40, 50)).astype("f"), random.normal(size=(2, 60, 50)).astype("f")
    found, _ = product(a, b, flip_w=True)
    np.testing.assert_allclose(found, a @ b.swapaxes(-1, -2), rtol=0, atol=1e-4)
