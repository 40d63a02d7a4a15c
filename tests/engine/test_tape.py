"""The tape: what is written on it, and what is not."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import pytest

from cutaway.engine import OPS, Op, Parameter, Tape, Tensor, backward, ops
from cutaway.engine.errors import CutawayError, TapeError


def names(tape: Tape) -> list[str]:
    return [step.op.name for step in tape.steps]


def test_outside_a_tape_operations_only_compute() -> None:
    x = Tensor([1.0, 2.0])
    y = (x * 3).sum()
    assert y.item() == 9 and y.tape is None and y.slot is None
    assert Tape.current() is None


def test_inside_every_operation_is_one_step_of_plain_data() -> None:
    x = Tensor([1.0, 2.0])
    with Tape() as tape:
        assert Tape.current() is tape
        y = (x * 3).sum(dim=0)
    assert Tape.current() is None
    assert names(tape) == ["mul", "sum"] and len(tape) == 2
    mul, total = tape.steps
    assert isinstance(mul.op, Op) and OPS["mul"] is mul.op
    assert total.inputs == (mul.output,) and total.attrs == {"dim": 0, "keepdim": False}
    assert y.tape is tape and y.slot == total.output
    np.testing.assert_array_equal(tape.values[mul.output], [3, 6])


def test_every_step_fills_a_slot_of_its_own() -> None:
    with Tape() as tape:
        x = Tensor([1.0, 2.0])
        for _ in range(5):
            x = x + x
    outputs = [step.output for step in tape.steps]
    assert len(set(outputs)) == 5 and not set(outputs) & set(tape.constants)
    for step in tape.steps:
        again = step.op.forward(*[tape.values[i] for i in step.inputs], **step.attrs)
        np.testing.assert_array_equal(tape.values[step.output], again)


def test_after_the_block_nothing_more_is_recorded() -> None:
    x = Tensor([1.0])
    with Tape() as tape:
        y = x * 2
    z = y * 2
    assert names(tape) == ["mul"] and z.tape is None


def test_an_error_inside_ends_the_recording() -> None:
    with contextlib.suppress(CutawayError), Tape():
        Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0])
    assert Tape.current() is None


def test_a_step_that_failed_is_not_written() -> None:
    with Tape() as tape:
        x = Tensor([1.0, 2.0])
        with contextlib.suppress(CutawayError):
            x + Tensor([1.0, 2.0, 3.0])
        x * 2
    assert names(tape) == ["mul"]


def test_tapes_can_be_nested_and_each_holds_its_own() -> None:
    x = Tensor([2.0])
    with Tape() as outer:
        y = x * 3
        with Tape() as inner:
            z = y * y
        w = y + 1.0
    assert names(outer) == ["mul", "add"] and names(inner) == ["mul"]
    assert z.tape is inner and w.tape is outer
    assert inner.steps[0].inputs[0] in inner.constants, "what comes from another tape is a constant here"


def test_a_tape_cannot_record_twice_at_once_but_again_later() -> None:
    tape = Tape()
    with tape, pytest.raises(TapeError, match="recording already"):
        tape.__enter__()
    with tape:
        Tensor([1.0]) * 2
    assert len(tape) == 1


def test_another_thread_does_not_write_on_my_tape() -> None:
    with Tape() as tape:
        thread = threading.Thread(target=lambda: Tensor([1.0]) * 2)
        thread.start()
        thread.join()
    assert len(tape) == 0


# -- leaves -----------------------------------------------------------------------------------------------------
def test_a_leaf_met_twice_has_one_slot() -> None:
    x = Tensor([1.0, 2.0])
    with Tape() as tape:
        x * x
        x + x
    assert {i for step in tape.steps for i in step.inputs} == {tape.leaves[x]}


def test_equal_leaves_are_still_two() -> None:
    """A tensor is itself, whatever numbers it holds."""
    a, b = Tensor([1.0]), Tensor([1.0])
    with Tape() as tape:
        a * b
    assert tape.leaves[a] != tape.leaves[b]


def test_a_number_typed_twice_is_one_constant_for_each_kind_of_number() -> None:
    with Tape() as tape:
        x, y = Tensor([1.0]), Tensor([1.0]).double()
        x * 3
        x + 3.0
        x * 2
        y * 3
    held = [tape.values[slot] for slot in sorted(tape.constants) if np.ndim(tape.values[slot]) == 0]
    assert [(v.item(), str(v.dtype)) for v in held] == [(3.0, "float32"), (2.0, "float32"), (3.0, "float64")]


def test_numbers_of_numpy_count_as_typed_numbers() -> None:
    """The float64 that NumPy's own functions return does not spoil the float32 of a network."""
    for recording in (False, True):
        with Tape() if recording else contextlib.nullcontext():
            x = Tensor([1.0, 2.0])
            for y in (
                x * np.float64(0.5),
                x / np.int64(2),
                x - np.float32(0.5),
                np.float64(3.0) * x,
                x ** np.float64(2),
            ):
                assert y.dtype == np.float32 and y.shape == (2,)
        assert (Tensor(np.ones(2)) * np.float32(0.5)).dtype == np.float64


def test_zero_and_minus_zero_are_two_numbers() -> None:
    with Tape():
        x = Tensor([1.0])
        plus, minus = x * 0.0, x * -0.0
    assert not np.signbit(plus.data[0]) and np.signbit(minus.data[0])


def test_inputs_state_and_constants_are_told_apart() -> None:
    weight = Parameter([1.0, 2.0], name="weight")
    with Tape() as tape:
        x = tape.input("x", np.array([3.0, 4.0], np.float32))
        x * weight + Tensor([1.0, 1.0])
    assert tape.inputs == {"x": x.slot}
    assert tape.state == {"weight": tape.leaves[weight]}
    assert len(tape.constants) == 1
    assert not tape.constants & {*tape.inputs.values(), *tape.state.values()}


def test_two_parameters_of_one_name_are_refused() -> None:
    a, b = Parameter([1.0], name="w"), Parameter([2.0], name="w")
    with Tape(), pytest.raises(CutawayError, match="both called 'w'"):
        a * b


def test_a_parameter_without_a_name_gets_one() -> None:
    a, b = Parameter([1.0]), Parameter([2.0])
    with Tape() as tape:
        a * b
    assert len(tape.state) == 2 and a.name != b.name


def test_carry_names_the_next_value() -> None:
    weight = Parameter([1.0], name="w")
    with Tape() as tape:
        new = weight - 0.5
        tape.carries("w", new)
    assert tape.carry == {"w": new.slot}


def test_counters_and_sites() -> None:
    with Tape(seed=4, step=7) as tape:
        assert tape.counter("step").item() == 7 and tape.counter("first").item() == 0
        assert tape.counter("step").slot == tape.counter("step").slot
        assert [tape.site() for _ in range(3)] == [0, 1, 2]
    assert tape.seed == 4 and set(tape.inputs) == {"step", "first"}


# -- labels ---------------------------------------------------------------------------------------------------------
def test_labels_say_phase_and_place_also_on_the_way_back() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with Tape() as tape:
        with tape.phase("forward"):
            with tape.place("0.linear"):
                y = x * 3
            with tape.place("1"):
                y = ops.tanh(y)
        total = y.sum()
        total.backward()
    labels = [(step.op.name, step.label) for step in tape.steps]
    assert labels[:3] == [("mul", "forward/0.linear"), ("tanh", "forward/1"), ("sum", "")]
    back = labels[3:]
    assert {label for _, label in back} == {"backward", "backward/1", "backward/0.linear"}
    assert back[-1][1] == "backward/0.linear", "the last layer's way back comes first"
    assert tape.label == ""


def test_a_label_is_restored_after_an_error() -> None:
    with Tape() as tape:
        with contextlib.suppress(ValueError), tape.phase("forward"), tape.place("3"):
            raise ValueError
        assert tape.label == ""


# -- pruning and reading ----------------------------------------------------------------------------------------------
def test_prune_keeps_what_results_and_carried_state_need() -> None:
    w = Parameter([1.0, 2.0], name="w")
    x = Tensor([3.0, 4.0])
    with Tape() as tape:
        loss = (x * w).sum()
        (gx, gw) = backward(loss, [x, w])
        unused = ops.exp(x)
        tape.results["loss"] = tape.slot(loss)
        tape.carries("w", w - gw * 0.1)
    before = len(tape)
    tape.prune()
    kept = {step.output for step in tape.steps}
    assert len(tape) < before and unused.slot not in kept and gx.slot not in kept
    assert {loss.slot, gw.slot, tape.carry["w"]} <= kept
    outputs = [step.output for step in tape.steps]
    assert outputs == sorted(outputs), "still in order"
    values: dict[int, object] = {}
    made = {step.output for step in tape.steps}
    for step in tape.steps:  # it still runs on its own
        given = [values[i] if i in made else tape.values[i] for i in step.inputs]
        values[step.output] = step.op.forward(*given, **step.attrs)
    np.testing.assert_allclose(np.asarray(values[tape.carry["w"]]), [0.7, 1.6], rtol=1e-6)


def test_prune_without_results_leaves_nothing() -> None:
    with Tape() as tape:
        Tensor([1.0]) * 2
    assert len(tape.prune()) == 0


def test_a_printed_tape_can_be_read() -> None:
    with Tape() as tape, tape.phase("forward"):
        ops.softmax(Tensor([[1.0, 2.0]]) * 2.5, dim=1)
    lines = str(tape).splitlines()
    assert len(lines) == 2 and "mul(" in lines[0] and "2.5" in lines[0] and "# forward" in lines[0]
    assert "softmax(" in lines[1] and "dim=1" in lines[1]


def test_what_is_recorded_is_not_changed_by_what_comes_later() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with Tape() as tape:
        y = (x * x).sum()
        before = [np.array(v) for v in tape.values]
        y.backward()
        y.backward()
    for was, now in zip(before, tape.values, strict=False):
        np.testing.assert_array_equal(was, now)
