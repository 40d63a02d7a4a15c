"""Every operation of the registry, split: whatever is cut, and wherever, the pieces make the whole."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from cutaway.engine import OPS, Tape, Tensor
from cutaway.engine.op import Op
from cutaway.engine.plan.split import PARTIAL, WHOLE, Layout, Lockstep, Shards, cut_along, split
from cutaway.engine.sample import Sample

CASES = [pytest.param(op, sample, id=f"{name}-{k}") for name, op in OPS.items() for k, sample in enumerate(op.samples)]


class Uneven(Shards):
    """Deals sums out in uneven parts, none of them 0."""

    def cut(self, slot: int, full: Any) -> list[Any]:
        if self.layouts[slot] != PARTIAL:
            return super().cut(slot, full)
        noise = [np.random.default_rng(r).normal(size=full.shape).astype(full.dtype) for r in range(self.count - 1)]
        return [full - sum(noise, start=np.zeros_like(full)), *noise]


def layouts(array: Any, count: int) -> list[Layout]:
    """All ways in which so many ranks may hold it; pieces of unequal length."""
    ways = [WHOLE]
    for axis, length in enumerate(array.shape):
        if length >= count:
            ways.append(cut_along(axis, (0, *range(length - count + 1, length + 1))))
    return [*ways, PARTIAL] if array.dtype.kind == "f" else ways


def choices(arrays: list[Any], count: int) -> Iterator[tuple[Layout, ...]]:
    """Each input held in each way while the others are whole or cut along the first side, then many at random."""
    every = [layouts(a, count) for a in arrays]
    first = tuple(w[1] if len(w) > 1 and w[1].axis == 0 else WHOLE for w in every)
    yield first
    for k, ways in enumerate(every):
        for way in ways:
            yield (*(WHOLE for _ in every[:k]), way, *(WHOLE for _ in every[k + 1 :]))
            yield (*first[:k], way, *first[k + 1 :])
    chance = random.Random(5)
    for _ in range(8 if len(arrays) > 1 else 0):
        yield tuple(chance.choice(ways) for ways in every)


def recorded(op: Op, arrays: list[Any], attrs: dict[str, Any]) -> Tape:
    with Tape() as tape:
        given = [tape.input(f"input {k}", a) for k, a in enumerate(arrays)]
        tape.results["y"] = tape.slot(op(*given, **attrs))
    return tape


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_the_pieces_make_the_whole(op: Op, sample: Sample, count: int) -> None:
    arrays = sample.arrays(1)
    tape = recorded(op, arrays, sample.attrs)
    expected: Any = np.asarray(op.forward(*arrays, **sample.attrs))
    for held in dict.fromkeys(choices(arrays, count)):
        shards = split(tape, count, dict(zip(tape.inputs.values(), held, strict=True)))
        walk = Lockstep(Uneven(shards.tapes, shards.layouts, shards.recorded, shards.sums, shards.gathers))
        walk.run(arrays, {})
        for slot in (tape.results["y"], shards.tapes[0].results["y"]):
            found = walk.see(slot)
            assert found.dtype == expected.dtype and found.shape == expected.shape, held
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11, err_msg=str(held))
        for slot, layout in enumerate(shards.layouts):
            if layout == WHOLE:
                one, *others = (values[slot] for values in walk.values)
                assert all(np.asarray(one).tobytes() == np.asarray(other).tobytes() for other in others), held


# How an operation works on a batch that is cut along its first side: without asking for the pieces of the others.
# The exceptions: what runs along the first side of its sample, or asks for all examples at once.
GATHERED = {
    "attention", "attention_weights", "concat", "cumsum", "cut", "flip", "gather", "index_add",
    "logsumexp", "orthogonal", "paste", "reshape", "roll", "scatter_add", "set_rows", "take", "tile",
    "tril", "winner", "argmax",
}  # fmt: skip


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in OPS.items() if name not in GATHERED])
def test_a_batch_is_worked_on_piece_by_piece(op: Op) -> None:
    met = 0
    for sample in op.samples:
        arrays = sample.arrays(1)
        axis = 1 if op.name.startswith("ctc") else 0
        if not arrays[0].ndim > axis or arrays[0].shape[axis] < 2:
            continue
        tape = recorded(op, arrays, sample.attrs)
        length = arrays[0].shape[axis]
        shards = split(tape, 2, {tape.inputs["input 0"]: cut_along(axis, (0, length - 1, length))})
        assert shards.gathers == []
        met += 1
    assert met or all(not draw.shape or draw.shape[0] < 2 for sample in op.samples for draw in sample.draws[:1])


class Strange(Op):
    """An operation of a reader's own that looks at all examples at once.

    y = x sorted

    x: any
    y: sorted

    Use it here.
    """

    @staticmethod
    def forward(x: Any) -> Any:
        return np.sort(x, axis=0)

    @staticmethod
    def shape(x: tuple[int, ...]) -> tuple[int, ...]:
        return x


def test_what_no_rule_knows_is_done_on_the_whole() -> None:
    try:
        strange = Strange()
        x = np.random.default_rng(1).normal(size=(7, 3))
        with Tape() as tape:
            given = tape.input("x", x)
            tape.results["y"] = tape.slot((strange(given * 2.0) * given).sum())
        shards = split(tape, 3)
        results = Lockstep(shards).run([x], {})
    finally:
        del OPS["strange"]
    assert len(shards.gathers) == 1
    np.testing.assert_allclose(results["y"], (np.sort(2 * x, axis=0) * x).sum())


def test_fewer_examples_than_workers_are_done_whole_by_everybody() -> None:
    with Tape() as tape:
        x = tape.input("x", np.ones((2, 3)))
        tape.results["y"] = tape.slot((x * Tensor(np.arange(3.0))).sum())
    shards = split(tape, 3)
    assert [step.op.name for step in shards.tapes[2].steps] == ["mul", "sum"]
    assert set(shards.layouts) == {WHOLE}


def test_one_worker_has_the_recorded_steps() -> None:
    with Tape() as tape:
        x = tape.input("x", np.ones((4, 3)))
        tape.results["y"] = tape.slot((x * 2.0).mean())
    assert str(split(tape, 1).tapes[0]) == str(tape)
