"""Other array libraries can flow through: these families compute in the words of the array API standard alone.

array-api-strict is a library that knows the standard's words and refuses all else. What has no word there (windows,
scattering, loops over time) is written in plain NumPy and is not in this list.
"""

from __future__ import annotations

from typing import Any

import array_api_strict as xp
import numpy as np
import pytest

from cutaway.engine import OPS

FAMILIES = {
    "arithmetic": "add sub mul div neg power",
    "arrange": "reshape permute cut",
    "broadcast": "broadcast_to sum_to",
    "choose": "where clip",
    "compare": "equal not_equal less less_equal greater greater_equal argmax",
    "curves": "expm1 log1p log2 log10 sin cos erf pow",
    "doors": "elu silu gelu softplus",
    "elementwise": "exp log sqrt abs sign tanh sigmoid relu leaky_relu gate maximum minimum",
    "join": "concat stack repeat_interleave tile flip roll tril",
    "kinds": "cast",
    "linear": "matmul",
    "loss": "softmax log_softmax",
    "memory": "blend adaptive_step",
    "misses": "mse l1 huber bce_with_logits kl_div",
    "norm": "var batch_norm layer_norm rms_norm",
    "reduce": "sum mean max",
    "sums": "min logsumexp vector_norm",
}
NAMES = [name for names in FAMILIES.values() for name in names.split()]
WHOLE = {"arithmetic", "broadcast", "choose", "curves", "doors", "elementwise", "kinds", "linear", "memory"}


def test_new_operations_of_these_families_are_tried_too() -> None:
    for family in WHOLE:
        there = {name for name, op in OPS.items() if type(op).__module__ == f"cutaway.engine.ops.{family}"}
        assert there == set(FAMILIES[family].split())


@pytest.mark.filterwarnings("ignore:You are comparing a array_api_strict dtype")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_the_forward_knows_only_the_standards_words(name: str, dtype: str) -> None:
    op = OPS[name]
    for sample in op.samples:
        arrays = sample.arrays(1, dtype)
        expected: Any = np.asarray(op.forward(*arrays, **sample.attrs))
        found = op.forward(*[xp.asarray(a) for a in arrays], **sample.attrs)
        assert type(found) is type(xp.asarray(0.0)), "it came back as another library's array"
        assert str(found.dtype).endswith(str(expected.dtype))
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5 if dtype == "float32" else 1e-12)
