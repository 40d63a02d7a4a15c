"""check_grads itself: what it accepts, what it says, and that it touches nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest

import cutaway as ct
from cutaway.engine import GradientError, Tensor, check_grads, ops
from cutaway.engine.errors import CutawayError, DtypeError


def wrong(x: Tensor, w: Tensor) -> Tensor:
    """The gradient of w[1] is forgotten."""
    return (x * x).sum() + (w * Tensor(np.array([1.0, 0.0]))).sum() + w.detach()[1] * 3.0


def test_it_returns_the_largest_relative_error() -> None:
    error = check_grads(lambda x: ops.tanh(x) * x, [np.array([[0.5, -2.0, 1e-3]])], order=2)
    assert 0 < error < 1e-7


def test_it_names_the_element_both_numbers_and_by_how_much() -> None:
    with pytest.raises(GradientError) as caught:
        check_grads(wrong, [np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0])])
    said = str(caught.value)
    assert "disagree at 1 of 5 numbers" in said
    assert "w[1] = 7: backward says 0, measured 3, off by 100 %" in said
    assert isinstance(caught.value, CutawayError) and isinstance(caught.value, AssertionError)


def test_the_worst_comes_first_and_the_rest_is_counted() -> None:
    """Two wrong factors, 10 % and 50 %; then more than can be shown."""
    factors = Tensor(np.array([1.0, 1 / 0.9, 2.0]))

    def f(x: Tensor) -> Tensor:
        return (x + (x.detach() * (factors - 1.0))).sum()

    with pytest.raises(GradientError) as caught:
        check_grads(f, [np.array([1.0, 2.0, 3.0])])
    assert re.findall(r"x\[(\d)\].*off by (\d+) %", str(caught.value)) == [("2", "50"), ("1", "10")]
    with pytest.raises(GradientError, match=r"25 of 25 numbers[\s\S]*and 15 more"):
        check_grads(lambda x: x * 2.0 - x.detach(), [np.arange(1.0, 26.0)])


def test_a_corner_is_called_a_corner() -> None:
    with pytest.raises(GradientError, match="a corner lies here"):
        check_grads(lambda x: ops.relu(x).sum(), [np.array([0.0, 1.0])])


def test_a_wrong_slope_is_not_called_a_corner() -> None:
    with pytest.raises(GradientError) as caught:
        check_grads(lambda x: (x * x.detach()).sum(), [np.array([3.0])])
    assert "corner" not in str(caught.value)


def test_nan_is_a_disagreement() -> None:
    with np.errstate(invalid="ignore"), pytest.raises(GradientError, match="not a number"):
        check_grads(lambda x: ops.sqrt(x).sum(), [np.array([-1.0, 4.0])])


def test_the_second_derivative_is_checked_when_asked() -> None:
    def f(x: Tensor) -> Tensor:
        """The first derivative is 2x; frozen, it has none of its own."""
        return (x * x.detach() * 2.0 - x.detach() * x.detach()).sum()

    assert check_grads(f, [np.array([1.5, -2.0])], order=1) < 1e-6
    with pytest.raises(GradientError, match=r"backward's own derivative \(order 2\)"):
        check_grads(f, [np.array([1.5, -2.0])], order=2)


def test_inputs_are_left_alone_in_every_memory_layout() -> None:
    base = np.arange(24.0).reshape(4, 6) / 7
    for x in (base[::2, ::3], base.T, np.asfortranarray(base), base[::-1], np.float32(base)):
        before = x.copy()
        locked = x.view()
        locked.flags.writeable = False
        assert check_grads(lambda t: ops.tanh(t) @ t.T, [locked]) < 1e-6
        np.testing.assert_array_equal(x, before)


def test_float32_inputs_are_checked_in_float64() -> None:
    seen = set()

    def f(x: Tensor) -> Tensor:
        seen.add(str(x.dtype))
        return ops.exp(x)

    check_grads(f, [np.ones(2, np.float32)])
    check_grads(f, Tensor([1.0, 2.0]))  # one input needs no list
    assert seen == {"float64"}


def test_whole_numbers_are_passed_through() -> None:
    seen = set()

    def f(x: Tensor, rows: Tensor) -> Tensor:
        seen.add((str(rows.dtype), tuple(rows.tolist())))
        return ops.tanh(x[rows])

    assert check_grads(f, [np.ones((3, 2)), np.array([0, 2, 2])]) < 1e-6
    assert seen == {("int64", (0, 2, 2))}


def test_an_input_that_is_not_used_and_one_number() -> None:
    assert check_grads(lambda x, y: x * 2.0, [np.array(1.0), np.array([3.0])], order=2) < 1e-9
    assert check_grads(lambda x: Tensor(np.array(4.0)), [np.array(1.0)], order=2) == 0


def test_steep_and_flat_functions_pass_alike() -> None:
    for scale in (1e-6, 1.0, 1e6):
        assert check_grads(lambda x, s=scale: ops.tanh(x) * s, [np.array([0.3, -0.8])], order=2) < 1e-6
        assert check_grads(lambda x, s=scale: ops.tanh(x / s), [np.array([0.3, -0.8]) * max(scale, 1)]) < 1e-6


def test_a_small_mistake_in_a_large_gradient_is_noticed() -> None:
    def f(x: Tensor) -> Tensor:
        return (x * 1e6).sum() + x[0] * 1.0 + x.detach()[1] * 10.0

    with pytest.raises(GradientError, match=r"x\[1\]"):
        check_grads(f, [np.array([1.0, 1.0])])


def test_what_cannot_be_checked_teaches() -> None:
    with pytest.raises(DtypeError, match=r"Write 1\.0 instead of 1"):
        check_grads(lambda x: x, [np.array([1, 2])])
    with pytest.raises(DtypeError, match=r"Is there a \.float\(\) inside"):
        check_grads(lambda x: x.float(), [np.ones(2)])
    with pytest.raises(DtypeError, match="must give a Tensor"):
        check_grads(lambda x: x.data, [np.ones(2)])
    with pytest.raises(CutawayError, match="order is 1"):
        check_grads(lambda x: x, [np.ones(2)], order=3)


def test_it_works_while_something_is_being_recorded() -> None:
    with ct.Tape() as tape:
        before = len(tape)
        check_grads(lambda x: x * x, [np.ones(2)])
        assert len(tape) == before
