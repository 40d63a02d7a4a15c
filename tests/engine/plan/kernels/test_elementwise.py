"""Kernels number by number that are written otherwise than their readable twins, at the ends of the range."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.engine.plan.do import Do, Memory, straight_line
from cutaway.engine.plan.kernels.elementwise import ELEMENTWISE

FAR = [-800.0, -88.0, -30.0, -17.0, -1e-30, -0.0, 0.0, 1e-30, 17.0, 30.0, 88.0, 800.0, np.inf, -np.inf]


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 4e-7), ("float64", 6e-16)])
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_softplus_is_right_to_the_last_digits_however_small_it_is(beta, dtype, bound):
    x = np.concatenate([np.linspace(-60, 60, 4001), FAR, -np.logspace(-3, 1.5, 300)]).astype(dtype)
    found, do = np.empty_like(x), Do(Memory())
    ELEMENTWISE["softplus"](do, found, x, beta=beta)
    straight_line(do.calls)()
    exact = np.logaddexp(0, np.float128(beta) * x.astype(np.float128)) / beta if hasattr(np, "float128") else None
    if exact is None:  # a system without longer numbers: as right as their common ones
        exact, bound = np.logaddexp(0, beta * x.astype(np.float64)) / beta, max(bound, 1e-15)
    seen = exact > np.finfo(dtype).tiny
    assert np.isnan(found).sum() == 0 and found[~seen].max() <= np.finfo(dtype).tiny
    np.testing.assert_allclose(found[seen].astype(exact.dtype), exact[seen], rtol=bound)
