"""Attention: masks left out, masks that leave nobody, and what a mask may not do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway.engine import Tape, Tensor, backward, check_grads, ops
from cutaway.engine.errors import CutawayError, DtypeError, ShapeError


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


Q, K, V = numbers(2, 3, 5), numbers(2, 4, 5, seed=1), numbers(2, 4, 6, seed=2)
SOME = np.array([[True, True, False, True], [False, True, True, True], [True, False, True, False]])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masks", [[], [Tensor(SOME)]], ids=["none", "may"])
def test_masks_may_be_left_out(causal: bool, masks: list[Tensor]) -> None:
    assert check_grads(lambda q, k, v: ops.attention(q, k, v, *masks, causal=causal), [Q, K, V], order=2) < 1e-6
    assert check_grads(lambda q, k: ops.attention_weights(q, k, *masks, causal=causal), [Q, K], order=2) < 1e-6


@pytest.mark.parametrize("causal", [False, True])
def test_masks_that_change_nothing(causal: bool) -> None:
    may = Tensor(np.ones((3, 4), bool))
    y = ops.attention(Q, K, V, causal=causal)
    np.testing.assert_array_equal(y.data, ops.attention(Q, K, V, may, causal=causal).data)
    np.testing.assert_array_equal(y.data, ops.attention(Q, K, V, may, np.zeros((3, 4)), causal=causal).data)


def test_causal_hides_what_comes_later() -> None:
    shares = ops.attention_weights(Q, K, causal=True).data
    assert not np.triu(shares, 1).any() and (shares[:, np.tri(3, 4, dtype=bool)] > 0).all()
    np.testing.assert_allclose(shares.sum(-1), 1.0)
    np.testing.assert_allclose(shares, ops.attention_weights(Q, K, np.tri(3, 4, dtype=bool)).data)


@pytest.mark.parametrize("how", ["may", "bias"])
def test_who_may_listen_to_nobody_takes_home_nothing_and_feels_nothing(how: str) -> None:
    alone = SOME.copy()
    alone[1] = False
    masks = [Tensor(alone)] if how == "may" else [Tensor(True), Tensor(np.where(alone, 0.0, -np.inf))]
    with Tape():
        q, k, v = Tensor(Q), Tensor(K), Tensor(V)
        y = ops.attention(q, k, v, *masks)
        to_q, to_k, to_v = backward((y * y).sum(), [q, k, v])
        (again,) = backward((to_q * to_q).sum(), [k])
    assert not y.data[:, 1].any() and y.data[:, [0, 2]].all()
    assert not to_q.data[:, 1].any()
    assert all(np.isfinite(g.data).all() for g in (to_q, to_k, to_v, again))
    opened = ops.attention_weights.written(q, k, *masks)
    np.testing.assert_allclose(opened.data, ops.attention_weights(q, k, *masks).data)


def test_large_scores_do_not_overflow() -> None:
    y = ops.attention((100 * Q).astype("f"), (1000 * K).astype("f"), V.astype("f"))
    assert np.isfinite(y.data).all() and y.dtype == np.float32


@pytest.mark.parametrize(
    ("inputs", "error", "said"),
    [
        ((Q, K[..., :4], V), ShapeError, "rows of one length"),
        ((Q, K[:, :0], V[:, :0]), ShapeError, "at least one card"),
        ((Q[0, 0], K, V), ShapeError, "tables"),
        ((Q, K, V[:, :3]), ShapeError, "as many rows as k"),
        ((Q, numbers(3, 4, 5), V), ShapeError, "before the tables"),
        ((Q, K, V, np.ones((4, 3), bool)), ShapeError, "one column for each card"),
        ((Q, K, V, np.ones((7, 2, 3, 4), bool)), ShapeError, "one row for each question"),
        ((Q, K, V, Tensor(True), numbers(2, 4)), ShapeError, r"mask\[:, None, None, :\]"),
        ((Q, K, V, numbers(3, 4)), DtypeError, "must say True or False"),
    ],
)
def test_mistakes_have_a_sentence(inputs: Any, error: type[CutawayError], said: str) -> None:
    with pytest.raises(error, match=said):
        ops.attention(*inputs)
