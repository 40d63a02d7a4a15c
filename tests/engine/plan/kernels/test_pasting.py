"""Pieces cut out of one array: what all of them feel comes back as one array, each piece copied once."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.engine import Tape, backward
from cutaway.engine.plan import Plan

X = np.random.default_rng(5).normal(size=(4, 6, 5)).astype(np.float32)


def planned(cuts):
    """The gradient of the sum of products of the cut pieces with themselves, each weighed by its number."""
    with Tape() as tape:
        x = tape.input("x", X)
        pieces = [x[cut] for cut in cuts]
        first, *rest = [(piece * piece).sum() * (n + 1.0) for n, piece in enumerate(pieces)]
        (felt,) = backward(sum(rest, start=first), [x])
        tape.results["felt"] = tape.slot(felt)
    plan = Plan(tape)
    for _ in range(2):  # the second time everything is full of the first
        plan.feed([X])
        plan.replay()
    return plan.results()[0], plan


def exact(cuts):
    felt = np.zeros_like(X)
    for n, cut in enumerate(cuts):
        felt[cut] += 2 * (n + 1) * X[cut]
    return felt


S = slice
CUTS = {
    "all of it": [0, 1, 2, 3],
    "not all of it": [S(0, 1), S(2, 4)],
    "columns": [(..., S(0, 2)), (..., S(2, 3)), (..., S(3, 5))],
    "backwards, with steps": [(S(None), S(None, None, -2)), (S(None), S(0, None, 2))],
    "one number and a row": [(1, 2, 3), (2, 2)],
}


@pytest.mark.parametrize("name", CUTS)
def test_pieces_side_by_side(name):
    felt, plan = planned(CUTS[name])
    np.testing.assert_allclose(felt, exact(CUTS[name]), rtol=1e-6)
    assert "pasted" in {span.kind for span in plan.spans}
    if name == "all of it":
        assert not [s for span in plan.spans if span.kind != "pasted" for s in span.steps if s.op.name == "paste"]


@pytest.mark.parametrize("cuts", [[S(0, 3), S(2, 4)], [(S(None), 1), 2]])
def test_pieces_that_overlap_are_added_up(cuts):
    np.testing.assert_allclose(planned(cuts)[0], exact(cuts), rtol=1e-6)
