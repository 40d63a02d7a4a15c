"""Rows of a table, looked up and added up again."""

import numpy as np
import pytest

from cutaway.engine import Tape, ops
from cutaway.engine.plan import Plan
from cutaway.engine.plan.kernels.arrange import LITTLE
from cutaway.engine.plan.kernels.rows import run_sums


@pytest.mark.parametrize("many", [3, 60])
def test_what_comes_to_each_row_however_it_lies(many):
    random = np.random.default_rng(1)
    wide, rows = random.normal(size=(4, many, 12)).astype(np.float32), random.integers(0, 7, (4, many))
    for g in (wide, wide[:, :, 3:8], wide[:, :, ::-2]):
        some, sums = run_sums(g, rows, 7)
        want = np.zeros((7, g.shape[-1]))
        np.add.at(want, rows.reshape(-1), g.reshape(4 * many, -1).astype(np.float64))
        np.testing.assert_array_equal(some, np.unique(rows))
        np.testing.assert_allclose(sums, want[some], atol=1e-5)


def looked_up(table, rows):
    with Tape() as tape:
        found = ops.take(tape.input("table", table), tape.input("rows", rows))
        tape.results["found"] = tape.slot(found * 1.0)
    return Plan(tape)


@pytest.mark.parametrize("width", [3, LITTLE // 8])
def test_rows_are_counted_from_the_end_as_well_and_a_wrong_one_is_named(width):
    table = np.arange(5 * width, dtype=np.float32).reshape(5, width)
    plan = looked_up(table, np.array([0, 4, -1, -5]))
    plan.feed([table, np.array([0, 4, -1, -5])])
    plan.replay()
    np.testing.assert_array_equal(plan.results()[0], table[[0, 4, 4, 0]])
    for wrong in (5, -6):
        plan.feed([table, np.array([0, wrong, 1, 2])])
        with pytest.raises(IndexError, match=str(wrong)):
            plan.replay()
