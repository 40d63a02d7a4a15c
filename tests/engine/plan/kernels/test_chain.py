"""Chains and the sums on their way, against the readable forwards: what blocks, masks or turned views may spoil."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.engine import Tape, Tensor, backward, ops
from cutaway.engine.plan import Plan

RANDOM = np.random.default_rng(6)


def agree(arrays, results, gradients=(), bound=1e-5):
    """The plan gives what was recorded, step by step, in double precision; and the same with every slot kept."""
    with Tape() as tape:
        given = {name: tape.input(name, a) for name, a in arrays.items()}
        for name, tensor in results(**given).items():
            tape.results[name] = tape.slot(tensor)
            if name in gradients:
                for x, g in zip(given, backward(tensor, list(given.values())), strict=True):
                    tape.results[f"d{name}/d{x}"] = tape.slot(g)
    exact = {name: np.asarray(tape.values[slot], np.float64) for name, slot in tape.results.items()}
    for keep in (False, True):
        plan = Plan(tape, keep=keep)
        for _ in range(2):
            plan.feed(list(arrays.values()))
            plan.replay()
        for (name, want), found in zip(exact.items(), plan.results(), strict=True):
            np.testing.assert_allclose(found, want, rtol=bound, atol=bound * np.abs(want).max(initial=1), err_msg=name)
    return plan


def some(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def test_a_sum_of_more_numbers_than_a_block_counts_them_all():
    agree({"x": some(100_352)}, lambda x: {"y": (x * x).mean(), "z": ops.abs(x).sum()}, ("y",))
    agree({"x": some(128, 784)}, lambda x: {"y": (x.reshape(-1) ** 2).mean()}, ("y",))
    agree({"x": some(1, 90_000)}, lambda x: {"y": (ops.softmax(x) * x).sum()}, ("y",))


def test_two_sums_of_one_chain_of_which_one_goes_along_a_single_row():
    def both(x):
        y = ops.exp(x * 0.1)
        return {"rows": y.sum(-1, keepdim=True), "all": (y * y).sum(), "flat": y.sum(0)}

    agree({"x": some(1, 70_001)}, both)


def test_sums_beside_a_mask_are_sums_of_numbers():
    """Only the mask is read later, so the chain lies like it; what is added up is no yes or no."""

    def pinball(out, truth):
        d = truth - out
        return {"y": ops.where(ops.greater(d, 0.0), d * 0.9, d * -0.1).mean()}

    agree({"out": some(64, 3), "truth": some(64, 3)}, pinball, ("y",))

    def capped(x):
        y = ops.clip(x * 2.0, 0.0, 6.0)
        return {"y": (y.mean((2, 3)) ** 2).sum()}

    agree({"x": some(4, 3, 6, 6)}, capped, ("y",))
    whole = np.arange(24).reshape(4, 6)
    agree({"n": whole, "x": some(4, 6)}, lambda n, x: {"y": (ops.cast(n, to="float32") * x).sum(0)})


def test_a_chain_over_a_turned_view_is_added_up_the_right_way():
    """Sums over moments of states that lie example by example."""

    def pooled(x, w):
        return {"y": (x.permute(1, 0, 2) * w).sum(0)}

    agree({"x": some(5, 7, 3), "w": some(7, 1, 1)}, pooled)
    agree({"x": some(50, 70, 30), "w": some(70, 1, 1)}, pooled)


def test_a_batch_of_one_does_not_ask_for_a_table_of_its_width_squared():
    plan = agree({"x": some(1, 49_152), "b": some(49_152)}, lambda x, b: {"y": ((x + b) ** 2).sum()}, ("y",))
    assert plan.memory.nbytes < 1 << 24


@pytest.mark.parametrize("shape", [(1, 130), (130, 130)])
def test_attention_written_by_hand_with_a_mask_of_one_row(shape):
    mask = np.where(RANDOM.random(shape) < 0.3, -np.inf, 0).astype(np.float32)
    mask[:, 0] = 0

    def heard(q, k, v):
        return {"y": ops.softmax(ops.matmul(q, k, flip_w=True) * 0.5 + Tensor(mask)) @ v}

    agree({"q": some(2, 130, 4), "k": some(2, 130, 4), "v": some(2, 130, 3)}, heard)
