"""Every operation under the plan against its readable forward in float64, there and back, alone and in its groups.

The bound: an error of at most BOUND (for some LOOSE: Winograd's sums are larger than their result, recurrences hand
their errors on) times the largest number of the result. Sizes are those of the samples (odd ones)
and some larger, at which kernels cut their work into blocks, strips and squares.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway.engine import OPS, Op, Tape, Tensor, backward
from cutaway.engine.plan import Plan
from cutaway.engine.plan.job import GROUPS, KERNELS
from cutaway.engine.sample import Draw, Sample, given, labels, normal

BOUND = {"float32": 3e-6, "float64": 1e-13}
LOOSE = {"conv2d": 3e-5, "power": 2e-5, "orthogonal": 2e-4, "lstm": 1e-5, "gru": 1e-5, "rnn": 1e-5, "ctc": 3e-5}


def mild(*shape: int) -> Draw:
    """Weights with which a recurrence is no chaos, in which every rounding would grow from moment to moment."""
    return given(np.random.default_rng(4).normal(size=shape) / shape[-1] ** 0.5)


LARGE: dict[str, list[Sample]] = {
    "matmul": [
        Sample(normal(300, 70), normal(70, 45)),
        Sample(normal(3, 700), normal(500, 700), flip_w=True),
        Sample(normal(5, 40, 33), normal(5, 40, 20), flip_x=True),
    ],
    "add_rows": [
        Sample(normal(600, 40), labels(600, below=9), size=9),
        Sample(normal(9, 3), labels(9, below=90), size=90),
    ],
    "conv2d": [
        Sample(normal(5, 9, 15, 14), normal(10, 9, 3, 3), padding=1),
        Sample(normal(8, 16, 16, 16), normal(24, 16, 3, 3), padding=1),  # Winograd
        Sample(normal(3, 9, 17, 18), normal(12, 9, 4, 4), stride=2),
    ],
    "gather": [Sample(normal(300, 65), labels(300, 1, below=65), dim=1)],
    "cross_entropy": [
        Sample(normal(300, 65), labels(300, below=65)),
        Sample(normal(300, 65), labels(300, below=65), ignore_index=0),
        Sample(normal(300, 65), labels(300, below=65), label_smoothing=0.1, reduction="sum"),
    ],
    "softplus": [Sample(normal(300, 700))],
    "softmax": [Sample(normal(300, 300))],
    "layer_norm": [Sample(normal(400, 200), normal(200), normal(200), eps=1e-5)],
    "sum": [Sample(normal(300, 301), dim=0), Sample(normal(300, 301), dim=1), Sample(normal(300, 301))],
    "mean": [Sample(normal(5, 6, 40, 50), dim=(0, 2, 3))],
    "attention": [Sample(normal(2, 3, 40, 8), normal(2, 3, 40, 8), normal(2, 3, 40, 8), causal=True)],
    "rnn": [Sample(normal(6, 9, 40), normal(6, 40), mild(40, 40))],
    "lstm": [Sample(normal(6, 9, 160), normal(6, 40), normal(6, 40), mild(160, 40))],
    "gru": [Sample(normal(6, 9, 120), normal(6, 40), mild(120, 40), normal(120))],
}
CASES = [
    pytest.param(op, sample, id=f"{name} {k}")
    for name, op in OPS.items()
    for k, sample in enumerate([*op.samples, *LARGE.get(name, ())])
]


def smooth(array: Any) -> bool:
    return np.asarray(array).dtype.kind == "f"


def recorded(op: Op, arrays: list[Any], attrs: dict[str, Any]) -> Tape:
    """y, and what every input feels of the sum of y times fixed numbers."""
    with Tape() as tape:
        given = [tape.input(f"input {k}", a) for k, a in enumerate(arrays)]
        y = op(*given, **attrs)
        tape.results["y"] = tape.slot(y)
        asked = [k for k, array in enumerate(arrays) if smooth(array)]
        if asked and smooth(y.data) and y.data.size and type(op).backward is not Op.backward:
            weights = np.linspace(0.2, 1, y.data.size).reshape(y.shape).astype(y.data.dtype)
            for k, felt in zip(asked, backward((y * Tensor(weights)).sum(), [given[k] for k in asked]), strict=True):
                if felt is not None:
                    tape.results[f"felt by input {k}"] = tape.slot(felt)
    return tape


def values(tape: Tape) -> dict[str, Any]:
    return {name: np.asarray(tape.values[slot]) for name, slot in tape.results.items()}


def planned(tape: Tape, arrays: list[Any], keep: bool = False) -> tuple[dict[str, Any], Plan]:
    plan = Plan(tape, keep=keep)
    for _ in range(2 if arrays else 0):  # the second time everything is full of the first
        plan.feed(arrays)
        plan.replay()
    return dict(zip(tape.results, plan.results(), strict=True)), plan


def agree(name: str, found: dict[str, Any], want: dict[str, Any], dtype: str) -> None:
    bound = max(BOUND[dtype], LOOSE.get(name.removesuffix("_back"), 0) if dtype == "float32" else 0)
    assert found.keys() == want.keys()
    for what, expected in want.items():
        here, expected = np.asarray(found[what]), np.asarray(expected)
        assert here.shape == expected.shape, what
        if expected.dtype.kind != "f":
            assert np.array_equal(here, expected), what
            continue
        size = np.abs(expected[np.isfinite(expected)]).max(initial=1.0)
        np.testing.assert_allclose(here, expected, rtol=0, atol=bound * size, err_msg=f"{name}: {what}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_there_and_back(op: Op, sample: Sample, dtype: str) -> None:
    arrays = [a.astype(dtype) if smooth(a) else a for a in sample.arrays(1)]
    exact = [a.astype(np.float64) if smooth(a) else a for a in arrays]
    want, tape = values(recorded(op, exact, sample.attrs)), recorded(op, arrays, sample.attrs)
    found, _ = planned(tape, arrays)
    agree(op.name, found, want, dtype)
    if dtype == "float32":
        kept, _ = planned(tape, arrays, keep=True)
        for what, array in found.items():
            assert bits(kept[what]) == bits(array), f"{what}: with every slot kept not the same to the bit"


def bits(array: Any) -> bytes:
    return np.asarray(array).tobytes()


def test_no_kernel_is_left_out() -> None:
    """Every planned kernel and group is taken by some case above, and does not decline it."""
    left = {*KERNELS, *GROUPS} - {"pasted"}  # which no operation alone comes to: see test_pasting
    for case in CASES:
        op, sample = case.values
        if left & {op.name, f"{op.name}_back"} or op.name in ("conv2d", "max_pool2d", "attention"):
            _, plan = planned(
                recorded(op, [a.astype("f") if smooth(a) else a for a in sample.arrays(1)], sample.attrs), []
            )
            left -= {span.kind for span in plan.spans}
            left -= {step.op.name for span in plan.spans for step in span.steps if span.why != "its readable forward"}
    assert not left
