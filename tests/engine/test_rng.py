"""Chance without hidden state: the same coordinates give the same numbers, today and on every machine."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.engine import Tape, Tensor, ops, rng

MASK = 2**64 - 1


def philox(counter: tuple[int, ...], key: tuple[int, int]) -> list[int]:
    """Philox-4x64-10 as the paper writes it, in whole numbers of Python: eight 32-bit words a block."""
    c, k = list(counter), list(key)
    for _ in range(10):
        low, high = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [(high >> 64) ^ c[1] ^ k[0], high & MASK, (low >> 64) ^ c[3] ^ k[1], low & MASK]
        k = [(k[0] + 0x9E3779B97F4A7C15) & MASK, (k[1] + 0xBB67AE8584CAA73B) & MASK]
    return [half for word in c for half in (word & 0xFFFFFFFF, word >> 32)]


# -- the bits ---------------------------------------------------------------------------------------------------------
def test_the_bits_are_those_of_the_paper() -> None:
    """Example e of a batch starts at block e * blocks; NumPy counts on before its first block."""
    seed, site, step, first, size = 11, 5, 7, 3, 19
    found = rng.bits(seed, site, step, 2, size, first)
    blocks = 3  # 19 numbers need three blocks of eight
    for row, example in enumerate((first, first + 1)):
        words = [w for b in range(blocks) for w in philox((example * blocks + b + 1, 0, step, 0), (seed, site))]
        assert found[row].tolist() == words[:size]


def test_these_numbers_never_change() -> None:
    """A saved run is replayed from its seed: another number here would break every one of them."""
    assert rng.bits(0, 0, 0, 2, 3).tolist() == [[149215387, 49592932, 2628306354], [2285471683, 2157703970, 3892836317]]
    assert rng.bits(1, 2, 3, 1, 9, first=5)[0, ::4].tolist() == [3443594257, 2774537939, 4253432673]
    assert rng.uniform(0, 0, 0, 1, 3)[0].tolist() == [0.034741878509521484, 0.011546730995178223, 0.6119502186775208]
    np.testing.assert_allclose(
        rng.normal(0, 0, 0, 1, 3)[0], [0.13757706371246867, -1.9821642119525313, 0.757938039093464], rtol=1e-14
    )
    assert rng.permutation(0, 0, 0, 8).tolist() == [1, 0, 5, 6, 3, 4, 7, 2]
    assert (rng.site_of("order"), rng.site_of("shift")) == (4113142680, 2768976709)


def test_kinds_and_shapes() -> None:
    assert rng.bits(0, 0, 0, 3, 5).dtype == np.uint32 and rng.bits(0, 0, 0, 3, 5).shape == (3, 5)
    assert rng.uniform(0, 0, 0, 3, 5).dtype == np.float32
    assert rng.normal(0, 0, 0, 3, 5).dtype == np.float64
    assert rng.permutation(0, 0, 0, 5).dtype == np.int64
    assert rng.bits(0, 0, 0, 0, 5).shape == (0, 5) and rng.bits(0, 0, 0, 3, 0).shape == (3, 0)


# -- the coordinates --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("draw", [rng.bits, rng.uniform, rng.normal])
@pytest.mark.parametrize("size", [1, 7, 8, 9, 100])
def test_shards_are_the_whole(draw: object, size: int) -> None:
    assert callable(draw)
    whole = draw(seed=1, site=2, step=3, count=12, size=size)
    parts = [draw(seed=1, site=2, step=3, count=n, size=size, first=f) for f, n in ((0, 5), (5, 1), (6, 6))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_more_examples_change_none_of_those_before() -> None:
    np.testing.assert_array_equal(rng.bits(1, 2, 3, 9, 5)[:4], rng.bits(1, 2, 3, 4, 5))


def test_every_coordinate_gives_other_numbers() -> None:
    drawn = [
        rng.bits(seed, site, step, 4, 16)
        for seed, site, step in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2**63, 0, 0), (-1, 0, 0), (0, 2**31, 0)]
    ]
    words = np.concatenate([d.ravel() for d in drawn])
    assert len(np.unique(words)) >= len(words) - 1, "no two of them share their numbers"


def test_nothing_is_remembered_and_numpys_own_chance_is_left_alone() -> None:
    before = np.random.get_state()[1].tolist()  # type: ignore[index,union-attr]
    first = rng.normal(3, 1, 4, 2, 6)
    rng.normal(9, 9, 9, 50, 3)
    np.testing.assert_array_equal(rng.normal(3, 1, 4, 2, 6), first)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index,union-attr]


# -- rough statistics -------------------------------------------------------------------------------------------------
def test_uniform_numbers_are_spread_evenly() -> None:
    u = rng.uniform(5, 6, 7, 1000, 100).astype(np.float64)
    counts = np.histogram(u, bins=50, range=(0, 1))[0]
    expected = u.size / 50
    assert ((counts - expected) ** 2 / expected).sum() < 100, "chi square, 49 degrees of freedom"
    assert u.min() >= 0 and u.max() < 1
    assert abs(u.mean() - 0.5) < 0.004 and abs(u.var() - 1 / 12) < 0.002


def test_normal_numbers_have_the_shape_of_the_bell() -> None:
    z = rng.normal(5, 6, 7, 1000, 100)
    assert abs(z.mean()) < 0.015 and abs(z.std() - 1) < 0.01
    assert abs((z**3).mean()) < 0.05 and abs((z**4).mean() - 3) < 0.15
    assert 0.675 < (abs(z) < 1).mean() < 0.69 and 0.95 < (abs(z) < 2).mean() < 0.96
    assert np.isfinite(z).all()


def test_neighbours_know_nothing_of_each_other() -> None:
    u = rng.uniform(1, 1, 1, 400, 64).astype(np.float64) - 0.5

    def related(a: np.ndarray, b: np.ndarray) -> float:
        return abs(float((a * b).mean() * 12))

    others = [rng.uniform(2, 1, 1, 400, 64), rng.uniform(1, 2, 1, 400, 64), rng.uniform(1, 1, 2, 400, 64)]
    assert related(u[:-1], u[1:]) < 0.03 and related(u[:, :-1], u[:, 1:]) < 0.03
    for other in others:
        assert related(u, other - 0.5) < 0.03


def test_a_permutation_holds_everybody_once_and_all_orders_occur() -> None:
    for count in (0, 1, 2, 1000):
        assert sorted(rng.permutation(0, 1, 2, count).tolist()) == list(range(count))
    orders = [tuple(rng.permutation(0, 0, step, 3).tolist()) for step in range(1200)]
    counts = [orders.count(order) for order in sorted(set(orders))]
    assert len(counts) == 6 and min(counts) > 150 and max(counts) < 250


# -- dropout's mask ---------------------------------------------------------------------------------------------------
def mask(x: np.ndarray, step: int = 0, first: int = 0, **attrs: object) -> np.ndarray:
    given = {"p": 0.5, "seed": 0, "site": 0, **attrs}
    return ops.dropout_mask(Tensor(x), Tensor(np.asarray(step)), Tensor(np.asarray(first)), **given).data


def test_the_mask_keeps_the_mean_and_drops_the_right_share() -> None:
    for p in (0.0, 0.1, 0.5, 0.9):
        drawn = mask(np.ones((200, 100), np.float32), p=p)
        assert drawn.dtype == np.float32
        assert abs((drawn == 0).mean() - p) < 0.01
        np.testing.assert_allclose(drawn[drawn != 0], 1 / (1 - p), rtol=1e-6)
        assert abs(drawn.mean() - 1) < 0.05
    assert mask(np.ones((50, 100)), p=0.0).all()


def test_the_mask_of_two_workers_is_the_mask_of_the_whole() -> None:
    whole = mask(np.ones((6, 3, 5)), step=9, site=4)
    parts = [mask(np.ones((2, 3, 5)), step=9, site=4, first=0), mask(np.ones((4, 3, 5)), step=9, site=4, first=2)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_the_mask_depends_on_step_site_and_seed_and_not_on_the_numbers() -> None:
    x = np.ones((20, 20))
    base = mask(x)
    np.testing.assert_array_equal(mask(x * 7), base)
    for other in ({"step": 1}, {"site": 1}, {"seed": 1}):
        assert 0.4 < (mask(x, **other) == base).mean() < 0.6  # type: ignore[arg-type]


def test_the_step_of_a_tape_is_the_step_of_its_masks() -> None:
    def drawn(step: int) -> np.ndarray:
        with Tape(seed=3, step=step) as tape:
            x = Tensor(np.ones((4, 8)))
            how = {"p": 0.5, "seed": tape.seed, "site": tape.site()}
            return ops.dropout_mask(x, tape.counter("step"), tape.counter("first"), **how).data

    np.testing.assert_array_equal(drawn(5), drawn(5))
    assert (drawn(5) != drawn(6)).any()
