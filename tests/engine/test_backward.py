"""The backward pass: every share of a gradient arrives, once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cutaway.engine import Parameter, Tape, Tensor, backward, check_grads, grad, ops
from cutaway.engine.backward import through
from cutaway.engine.errors import DtypeError, ShapeError, TapeError


# -- the famous bug: a value used twice -------------------------------------------------------------------------------
def test_a_value_used_twice_passes_on_the_sum_of_its_shares_once() -> None:
    """y = tanh(a) + sigmoid(a), a = sigmoid(x), at x = 0.3.

    Recursion that follows each use on its own passes early shares on twice and gives another number.
    """
    x = Tensor(np.array(0.3), requires_grad=True)
    with Tape():
        a = ops.sigmoid(x)
        (ops.tanh(a) + ops.sigmoid(a)).backward()
    s = 1 / (1 + math.exp(-0.3))
    t = 1 / (1 + math.exp(-s))
    by_hand = s * (1 - s) * ((1 - math.tanh(s) ** 2) + t * (1 - t))
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(by_hand, rel=1e-14)
    assert x.grad.item() == pytest.approx(0.2350, abs=5e-5)


def test_a_ladder_of_diamonds_doubles_at_every_rung() -> None:
    """60 rungs: whoever follows every road on its own never arrives."""
    x = Tensor(np.array(1.0), requires_grad=True)
    with Tape() as tape:
        y = x
        for _ in range(60):
            y = y + y
        y.backward()
    assert x.grad is not None and x.grad.item() == 2.0**60
    assert len(tape) < 250


def test_a_chain_of_100000_operations_needs_no_recursion() -> None:
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    with Tape() as tape:
        y = x
        for _ in range(100_000):
            y = -y
        y.sum().backward()
    assert len(tape) > 200_000
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, [1, 1])


def test_every_road_through_a_deep_diamond() -> None:
    def f(x: Tensor, w: Tensor) -> Tensor:
        a = ops.tanh(x @ w)
        b = ops.sigmoid(a) * a
        c = ops.exp(b * 0.1) + a
        return (c * b + c.sum(dim=1, keepdim=True) * a) @ w.T

    r = np.random.default_rng(0)
    assert check_grads(f, [r.normal(size=(2, 3)), r.normal(size=(3, 5))], order=2) < 1e-6


# -- .grad ------------------------------------------------------------------------------------------------------------
def test_grad_accumulates_over_two_backward_calls() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    for expected in ([2, 4], [4, 8]):
        with Tape():
            (x * x).sum().backward()
        assert x.grad is not None
        np.testing.assert_array_equal(x.grad.data, expected)
    x.grad = None
    with Tape():
        (x * x).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, [2, 4])


def test_grad_accumulates_over_two_losses_on_one_tape() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with Tape():
        a = x * x
        a.sum().backward()
        (a * 10.0).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, [22, 44])


def test_only_who_asked_gets_a_grad() -> None:
    asked, other, unused = Tensor([1.0], requires_grad=True), Tensor([1.0]), Tensor([1.0], requires_grad=True)
    with Tape():
        y = asked * other
        y.backward()
    assert asked.grad is not None and other.grad is None and unused.grad is None and y.grad is None


def test_who_is_on_the_tape_but_not_in_the_loss_gets_no_grad() -> None:
    x, y = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    with Tape():
        y * 2
        (x * 2).backward()
    assert x.grad is not None and y.grad is None


def test_tied_parameters_gather_all_their_shares() -> None:
    """One weight as an embedding and as an output layer (turned over)."""
    weight = Parameter(np.arange(6.0).reshape(3, 2) / 5, name="weight")
    rows = Tensor(np.array([2, 0, 2]))

    def net(first: Tensor, last: Tensor) -> Tensor:
        return (ops.tanh(first[rows]) @ last.T).sum()

    with Tape():
        net(weight, weight).backward()
    first, last = Tensor(weight.data.copy()), Tensor(weight.data.copy())
    with Tape():
        apart = backward(net(first, last), [first, last])
    assert weight.grad is not None
    np.testing.assert_allclose(weight.grad.data, apart[0].data + apart[1].data, rtol=1e-14)
    assert check_grads(lambda w: net(w, w), [weight.data]) < 1e-6


def test_backward_with_a_weight_for_each_number() -> None:
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    with Tape():
        (x * x).backward(Tensor([1.0, 0.0, 10.0]))
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, [2, 0, 60])


def test_the_gradient_is_felt_at_values_between() -> None:
    x = Tensor([1.0, 2.0])
    with Tape():
        h = x * 3
        loss = (h * h).sum()
        to_h, to_x, to_loss = backward(loss, [h, x, loss])
    np.testing.assert_array_equal(to_h.data, [6, 12])
    np.testing.assert_array_equal(to_x.data, [18, 36])
    assert to_loss.item() == 1


def test_what_is_not_felt_is_zero_in_shape_and_kind() -> None:
    x, y = Tensor([1.0]), Tensor(np.ones((2, 3)))
    with Tape():
        loss = x * 2
        (g,) = backward(loss, [y])
    assert g.shape == (2, 3) and g.dtype == np.float64 and not g.data.any()


def test_gradients_stop_at_detach() -> None:
    x = Tensor([3.0], requires_grad=True)
    with Tape():
        (x * x.detach()).backward()
    assert x.grad is not None and x.grad.item() == 3


def test_tensors_from_another_tape_are_constants() -> None:
    x = Tensor([3.0], requires_grad=True)
    with Tape():
        y = x * x
    with Tape():
        (y * x).backward()
    assert x.grad is not None and x.grad.item() == 9, "not 27: what was recorded elsewhere is a constant here"


def test_the_way_back_may_be_written_after_the_block() -> None:
    x = Tensor([3.0], requires_grad=True)
    with Tape() as tape:
        y = x * x
    before = len(tape)
    y.backward()
    assert x.grad is not None and x.grad.item() == 6
    assert len(tape) > before and Tape.current() is None


def test_the_way_back_of_an_outer_tape_inside_an_inner_one() -> None:
    x = Tensor([3.0], requires_grad=True)
    with Tape() as outer:
        y = x * x
        with Tape() as inner:
            y.backward()
    assert x.grad is not None and x.grad.item() == 6
    assert len(inner) == 0 and len(outer) > 1


# -- ties and corners -------------------------------------------------------------------------------------------------
def test_of_equal_numbers_only_the_first_feels_the_maximum() -> None:
    x = Tensor(np.array([[2.0, 5.0, 5.0], [1.0, 1.0, 1.0]]), requires_grad=True)
    with Tape():
        x.max(dim=1).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, [[0, 1, 0], [1, 0, 0]])


def test_slopes_at_the_corners_are_the_agreed_ones() -> None:
    """At 0 relu is shut, |x| is flat, and of two equal numbers maximum and minimum follow the second."""
    zero = np.array([0.0])
    assert grad(lambda x: ops.relu(x).sum())(zero).item() == 0
    assert grad(lambda x: ops.abs(x).sum())(zero).item() == 0
    for f in (ops.maximum, ops.minimum):
        assert grad(lambda a, b, f=f: f(a, b).sum())(zero, zero).item() == 0
        assert grad(lambda a, b, f=f: f(a, b).sum(), argument=1)(zero, zero).item() == 1


# -- broadcasting -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((), (2, 3)),
        ((1,), (3,)),
        ((3,), (2, 3)),
        ((2, 1), (3,)),
        ((2, 1, 3), (4, 1)),
        ((1, 1), (1, 1)),
        ((4, 1), (1, 4)),
    ],
)
def test_what_was_read_many_times_gathers_all(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    r = np.random.default_rng(1)
    x, y = r.normal(size=a), r.normal(size=b)
    for f in (ops.add, ops.sub, ops.mul, ops.maximum):
        assert check_grads(lambda s, t, f=f: f(s, t) * t, [x, y]) < 1e-6


# -- higher derivatives -----------------------------------------------------------------------------------------------
def test_derivatives_of_derivatives_of_a_polynomial() -> None:
    f: Callable[..., Tensor] = lambda x: x**4 - x * x * 3.0 + x  # noqa: E731
    values = []
    for _ in range(6):
        values.append(f(Tensor(np.array(2.0))).item())
        f = grad(f)
    assert values == [6.0, 21.0, 42.0, 48.0, 24.0, 0.0]


def test_derivatives_at_zero_of_a_power() -> None:
    """The slope of x is 1, and flat; no 0 * infinity on the way."""
    f = lambda x: x**1 + x**2 + x**3  # noqa: E731
    zero = np.array(0.0)
    assert [grad(f)(zero).item(), grad(grad(f))(zero).item(), grad(grad(grad(f)))(zero).item()] == [1, 2, 6]


def test_the_third_derivative_of_tanh() -> None:
    third = grad(grad(grad(ops.tanh)))(np.array(0.7)).item()
    t = math.tanh(0.7)
    assert third == pytest.approx(-2 * (1 - t * t) * (1 - 3 * t * t), rel=1e-12)


def test_grad_of_one_argument_of_several() -> None:
    f = lambda x, y: x * x * y  # noqa: E731
    assert grad(f)(3.0, 5.0).item() == 30 and grad(f, argument=1)(3.0, 5.0).item() == 9
    assert grad(grad(f), argument=1)(3.0, 5.0).item() == 6


def test_a_gradient_in_the_loss() -> None:
    """A penalty on the slope: the loss holds a derivative and is differentiated itself."""

    def loss(x: Tensor, w: Tensor) -> Tensor:
        (slope,) = backward(ops.tanh(x @ w).sum(), [x])
        return (slope * slope).sum()

    r = np.random.default_rng(2)
    assert check_grads(loss, [r.normal(size=(2, 3)), r.normal(size=(3, 4))]) < 1e-6


def test_hessian_times_vector() -> None:
    """Of x A x the bend is A + A.T, whatever x is."""
    r = np.random.default_rng(3)
    A, v = r.normal(size=(4, 4)), r.normal(size=4)
    with Tape():
        x = Tensor(r.normal(size=4))
        (g,) = backward((x @ Tensor(A)) @ x, [x])
        (hv,) = backward((g * Tensor(v)).sum(), [x])
    np.testing.assert_allclose(hv.data, (A + A.T) @ v, rtol=1e-12)


# -- an unrolled recurrent network ------------------------------------------------------------------------------------
def recurrent(x: Tensor, wx: Tensor, wh: Tensor, b: Tensor, wy: Tensor) -> Tensor:
    """h' = tanh(x wx + h wh + b), with a loss at every step: every h is felt along many roads."""
    h = Tensor(np.zeros((x.shape[0], wh.shape[0])))
    loss: Any = 0.0
    for t in range(x.shape[1]):
        h = ops.tanh(x[:, t] @ wx + h @ wh + b)
        loss = loss + ((h @ wy) ** 2).mean()
    return loss


def test_an_unrolled_recurrent_network_with_a_loss_at_every_step() -> None:
    r = np.random.default_rng(4)
    shapes = [(2, 5, 3), (3, 4), (4, 4), (4,), (4, 2)]
    assert check_grads(recurrent, [r.normal(size=s) for s in shapes], order=2) < 1e-6


# -- kinds of numbers -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_have_the_kind_of_their_tensor(dtype: str) -> None:
    x = Tensor(np.ones((2, 3), dtype), requires_grad=True)
    with Tape() as tape:
        h = ops.softmax(ops.relu(x * 2.0 + 1) / 3) ** 2
        (h.mean() + h.max() - h.sum() * 0.5).backward()
    assert x.grad is not None and x.grad.dtype == dtype
    assert {str(v.dtype) for v in tape.values if v.dtype.kind == "f"} == {dtype}


def test_a_cast_brings_the_gradient_back_in_the_old_kind() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with Tape():
        (x.double() * 3).sum().backward()
    assert x.grad is not None and x.grad.dtype == np.float32


# -- errors that teach ------------------------------------------------------------------------------------------------
def test_backward_without_a_tape_shows_the_lines_to_type() -> None:
    x = Tensor([1.0], requires_grad=True)
    with pytest.raises(TapeError, match=r"with ct\.Tape\(\):\n.*loss\.backward\(\)"):
        (x * 2).sum().backward()
    with pytest.raises(TapeError, match=r"with ct\.Tape\(\)"):
        backward((x * 2).sum(), [x])


def test_backward_from_many_numbers_says_how_to_make_one() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with Tape(), pytest.raises(ShapeError, match=r"loss\.mean\(\) or loss\.sum\(\)"):
        (x * 2).backward()
    with Tape(), pytest.raises(ShapeError, match=r"grad \(3,\) must have the shape of the loss \(2,\)"):
        (x * 2).backward(Tensor([1.0, 2.0, 3.0]))


def test_backward_when_nobody_asked() -> None:
    with Tape(), pytest.raises(TapeError, match="requires_grad=True"):
        (Tensor([1.0]) * 2).backward()


def test_an_operation_that_breaks_its_word_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever writes an operation: which one it was, and what it promised."""
    x = Tensor([1.0, 2.0], requires_grad=True)
    with monkeypatch.context() as patch:
        patch.setattr(ops.tanh, "forward", lambda x: x[:1])
        with pytest.raises(ShapeError, match=r"tanh: its rule promised \(2,\), its forward gave \(1,\)"):
            ops.tanh(x)
    monkeypatch.setattr(ops.tanh, "backward", lambda g, y, x: g.sum())
    with Tape(), pytest.raises(ShapeError, match=r"tanh: the gradient \(\) of an input \(2,\).*mend its backward"):
        ops.tanh(x).sum().backward()


def test_whole_numbers_cannot_ask_for_a_gradient() -> None:
    with pytest.raises(DtypeError, match=r"Write 1\.0 instead of 1"):
        Tensor([1, 2, 3], requires_grad=True)


# -- a backward found by opening the operation ------------------------------------------------------------------------
def test_through_counts_nothing_that_lies_before_the_inputs() -> None:
    with Tape():
        x = Tensor(np.array([1.0, -2.0]))
        z = ops.tanh(x) * x
        parts = through(lambda a, b: a * a * b, Tensor(np.ones(2)), [z, x])
        again = ops.tanh(x)
    assert again.shape == (2,)
    np.testing.assert_allclose(parts[0].data, 2 * z.data * x.data)  # type: ignore[union-attr]
    np.testing.assert_allclose(parts[1].data, z.data**2)  # type: ignore[union-attr]


def test_through_gives_a_value_that_came_twice_its_gradient_once() -> None:
    with Tape():
        x = Tensor(np.array([3.0]))
        parts = through(lambda a, b: a * b, Tensor(np.ones(1)), [x, x])
    assert [None if p is None else p.item() for p in parts] == [6.0, None]
