"""Attention as a group, there and back, against its definition in float64."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.engine import Tape, Tensor, backward, ops
from cutaway.engine.plan import Plan
from cutaway.engine.plan.kernels import attention


def recorded(arrays, asked=("q", "k", "v"), may=None, **how):
    """What is heard, and what is felt by those who are asked."""
    with Tape() as tape:
        given = {name: tape.input(name, a) for name, a in zip("qkv", arrays, strict=True)}
        y = ops.attention(*given.values(), *([] if may is None else [Tensor(may)]), **how)
        tape.results["y"] = tape.slot(y)
        weights = np.linspace(-1, 1, y.data.size).reshape(y.shape).astype(y.data.dtype)
        felt = backward((y * Tensor(weights)).sum(), [given[name] for name in asked]) if asked else []
        for name, slopes in zip(asked, felt, strict=True):
            tape.results[name] = tape.slot(slopes)
    return tape


def agree(arrays, tape, bound, kinds=("attend", "attend_back"), **how):
    want = recorded([a.astype(np.float64) for a in arrays], [n for n in tape.results if n != "y"], **how)
    plan = Plan(tape)
    assert {span.kind for span in plan.spans} >= set(kinds)
    for _ in range(2):  # the second time everything is full of the first
        plan.feed(arrays)
        plan.replay()
    for name, found in zip(tape.results, plan.results(), strict=True):
        exact = np.asarray(want.values[want.results[name]])
        np.testing.assert_allclose(found, exact, rtol=0, atol=bound * np.abs(exact).max(initial=1), err_msg=name)
    kept = Plan(tape, keep=True)
    kept.feed(arrays)
    kept.replay()
    for a, b in zip(plan.results(), kept.results(), strict=True):
        np.testing.assert_array_equal(a, b, "with every slot kept not the same to the bit")
    return plan, kept


def tables(lead, questions, cards, size, width, dtype="float32", stretch=1.0):
    random = np.random.default_rng(3)
    shapes = (*lead, questions, size), (*lead, cards, size), (*lead, cards, width)
    return [(stretch * random.normal(size=shape)).astype(dtype) for shape in shapes]


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 3e-6), ("float64", 1e-13)])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("lead", [(), (5,), (3, 2)])
def test_as_its_definition_in_one_piece_and_in_many(lead, causal, dtype, bound, monkeypatch):
    arrays = tables(lead, 7, 9, 4, 3, dtype)
    for piece, strip in ((1 << 17, 64), (130, 64), (130, 3), (130, 1)):
        monkeypatch.setattr(attention, "PIECE", piece)
        monkeypatch.setattr(attention, "STRIP", strip)
        plan, _ = agree(arrays, recorded(arrays, causal=causal), bound, causal=causal)
        told = [span.why for span in plan.spans if span.kind == "attend_back"]
        assert ("strips" in told[0]) == (causal and strip < 7)


def test_more_questions_than_cards_and_fewer(monkeypatch):
    """Of the cards that no question hears, nothing comes back."""
    monkeypatch.setattr(attention, "STRIP", 2)
    for questions, cards in ((9, 4), (4, 9), (8, 8)):
        arrays = tables((2,), questions, cards, 4, 3)
        plan, _ = agree(arrays, recorded(arrays, causal=True), 3e-6, causal=True)
        to_v = plan.results()[3]
        assert not to_v[:, questions:].any()


@pytest.mark.parametrize("causal", [False, True])
def test_scores_whose_powers_are_no_numbers(causal):
    """Scores of thousands: e^s is infinite for some and 0 for whole rows, unless each row is moved by its largest."""
    arrays = tables((3,), 6, 8, 4, 3, stretch=40.0)
    agree(arrays, recorded(arrays, causal=causal), 2e-4, causal=causal)
    low = [arrays[0], -np.abs(arrays[1]) * 9, arrays[2]]
    low[0] = np.abs(low[0])  # every score is far below 0
    agree(low, recorded(low, causal=causal), 2e-4, causal=causal)


def test_what_comes_later_is_not_heard_however_loud():
    q, k, v = tables((2,), 6, 6, 4, 3)
    k[:, -1] *= 1e4
    v[:, -1] = 1e30
    plan, _ = agree([q, k, v], recorded([q, k, v], ("q",), causal=True, scale=3.0), 1e-5, causal=True, scale=3.0)
    heard = plan.results()[0]
    assert np.abs(heard[:, :-1]).max() < 10


@pytest.mark.parametrize("asked", [("q",), ("k",), ("q", "v"), ("v",), ()])
def test_only_some_gradients_are_asked_for(asked):
    arrays = tables((4,), 5, 6, 4, 3)
    kinds = ("attend", "attend_back") if set(asked) - {"v"} else ("attend",)
    agree(arrays, recorded(arrays, asked), 3e-6, kinds)


@pytest.mark.parametrize("strip", [64, 2])
def test_the_shares_can_be_read_where_every_slot_is_kept(strip, monkeypatch):
    monkeypatch.setattr(attention, "STRIP", strip)
    arrays = tables((2, 3), 5, 6, 4, 3)
    _, kept = agree(arrays, recorded(arrays, causal=True), 3e-6, causal=True)
    shares = next(s.output for span in kept.spans if span.kind == "attend" for s in span.steps if s.op.name == "div")
    np.testing.assert_allclose(kept.view(shares).sum(-1), 1, rtol=1e-6)
    assert not np.triu(kept.view(shares), 1).any()
    heard = next(s.output for span in kept.spans if span.kind == "attend" for s in span.steps[::-1])
    np.testing.assert_allclose(kept.view(shares) @ arrays[2], kept.view(heard), atol=1e-6)


@pytest.mark.parametrize("strip", [64, 2])
def test_whoever_asks_for_the_shares_gets_them(strip, monkeypatch):
    monkeypatch.setattr(attention, "STRIP", strip)
    q, k, v = tables((2,), 5, 5, 4, 3)
    with Tape() as tape:
        given = [tape.input(name, a) for name, a in zip("qkv", (q, k, v), strict=True)]
        y = ops.attention(*given, causal=True)
        tape.results["y"] = tape.slot(y)
        tape.results["shares"] = tape.slot(ops.attention_weights(*given[:2], causal=True))
        tape.results["felt"] = tape.slot(backward((y * y).sum(), given[:1])[0])
    plan = Plan(tape)
    plan.feed([q, k, v])
    plan.replay()
    heard, shares, _ = plan.results()
    np.testing.assert_allclose(shares @ v, heard, atol=1e-6)
    np.testing.assert_allclose(shares, tape.values[tape.results["shares"]], atol=1e-6)


@pytest.mark.parametrize("where", ["cards that are the same for all", "a mask of its own"])
def test_what_the_group_does_not_know_is_done_step_by_step(where):
    q, k, v = tables((3,), 5, 6, 4, 3)
    how = {"may": np.tri(5, 6, dtype=bool)} if where == "a mask of its own" else {}
    arrays = [q, k, v] if how else [q, k[0], v[0]]
    agree(arrays, recorded(arrays, **how), 3e-6, (), **how)


def heads(sheet):
    """Questions, cards and values cut out of one sheet, (N, T, 3 * heads * E), as transformers have them."""
    n, t, wide = sheet.shape
    with Tape() as tape:
        x = tape.input("x", sheet)
        q, k, v = x.reshape(n, t, 3, 2, wide // 6).permute(2, 0, 3, 1, 4)
        heard = ops.attention(q, k, v, causal=True)
        y = heard.permute(0, 2, 1, 3).reshape(n, t, wide // 3)
        (felt,) = backward((y * y).sum(), [x])
        tape.results["y"] = tape.slot(2.0 * y)  # results themselves have memory of their own
        tape.results["felt"] = tape.slot(2.0 * felt)
    return tape


@pytest.mark.parametrize("piece", [1 << 17, 60])
@pytest.mark.parametrize("strip", [64, 3])
def test_heads_write_where_their_copies_would_go(piece, strip, monkeypatch):
    monkeypatch.setattr(attention, "PIECE", piece)
    monkeypatch.setattr(attention, "STRIP", strip)
    (sheet,) = (a.reshape(3, 7, 24) for a in tables((3,), 7, 7, 24, 24)[:1])
    tape = heads(sheet)
    want = heads(sheet.astype(np.float64))
    plan, kept = Plan(tape), Plan(tape, keep=True)
    for each in (plan, plan, kept):
        each.feed([sheet])
        each.replay()
    for name, found, watched in zip(tape.results, plan.results(), kept.results(), strict=True):
        exact = np.asarray(want.values[want.results[name]])
        np.testing.assert_allclose(found, exact, rtol=0, atol=3e-6 * np.abs(exact).max(), err_msg=name)
        np.testing.assert_array_equal(found, watched)
    told = [span.why for span in plan.spans if span.kind == "pasted"]
    assert told == ["3 pieces, 3 made in their place"]
    assert not [span for span in plan.spans if "another layout" in span.why]


def test_pieces_that_somebody_else_reads_too_are_copied():
    """What questions and cards feel is asked for as well as the sheet."""
    sheet = tables((2,), 5, 5, 24, 24)[0]
    n, t, wide = sheet.shape
    with Tape() as tape:
        x = tape.input("x", sheet)
        q, k, v = x.reshape(n, t, 3, 2, wide // 6).permute(2, 0, 3, 1, 4)
        heard = ops.attention(q, k, v)
        felt, to_q, to_k = backward((heard * heard).sum(), [x, q, k])
        for name, slopes in {"felt": felt, "to q": to_q, "to k": to_k}.items():
            tape.results[name] = tape.slot(slopes)
    plan = Plan(tape)
    for _ in range(2):
        plan.feed([sheet])
        plan.replay()
    for name, found in zip(tape.results, plan.results(), strict=True):
        np.testing.assert_allclose(found, tape.values[tape.results[name]], rtol=0, atol=1e-5, err_msg=name)
