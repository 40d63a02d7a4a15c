"""Every operation of the registry, walked from its own samples: nobody is believed unproven, nobody slips through."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from cutaway.engine import OPS, Tape, Tensor, backward, check_grads, ops
from cutaway.engine.errors import CutawayError
from cutaway.engine.op import Op
from cutaway.engine.sample import Draw, Sample

CASES = [pytest.param(op, sample, id=f"{name}-{k}") for name, op in OPS.items() for k, sample in enumerate(op.samples)]
EVERY = [pytest.param(op, id=name) for name, op in OPS.items()]


def floats(arrays: list[Any]) -> bool:
    return any(a.dtype.kind == "f" for a in arrays)


def gradients(op: Op, arrays: list[Any], attrs: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Value, and the gradient for every input, of the weighted sum of the outputs."""
    with Tape():
        leaves = [Tensor(a) for a in arrays]
        y = op(*leaves, **attrs)
        weight = np.cos(np.arange(y.numel())).reshape(y.shape).astype(y.dtype)
        return y.data, [g.data for g in backward(y, leaves, Tensor(weight))]


# -- what an operation must bring along -----------------------------------------------------------------------
def test_every_public_operation_is_registered_under_its_name() -> None:
    ours = {name for name, op in OPS.items() if type(op).__module__.startswith("cutaway.engine.")}
    assert set(ops.__all__) == ours
    for name in ours:
        assert getattr(ops, name) is OPS[name] and OPS[name].name == name


@pytest.mark.parametrize("op", EVERY)
def test_story_samples_and_rule(op: Op) -> None:
    story = op.story
    assert len(story.analogy) > 10, "an analogy that a high-school reader can picture"
    assert story.use, "a paragraph that begins with 'Use it' and says when"
    assert "y" in story.formula or "=" in story.formula, "a formula"
    parameters = list(inspect.signature(op.forward).parameters)
    missing = [p for p in [*parameters, "y"] if p not in story.parts]
    assert not missing, f"the story of {op.name} does not say what {missing} mean"
    extra = [p for p in story.parts if p not in [*parameters, "y"]]
    assert not extra, f"the story of {op.name} tells of {extra}, which are not there"
    assert ">>>" in (op.__doc__ or ""), "an example that runs"
    assert op.samples, f"{op.name} has no samples"
    assert type(op).shape is not Op.shape, f"{op.name} has no shape rule"
    assert type(op).forward is not Op.forward
    floating = any(floats(s.arrays()) for s in op.samples)
    if op.kind == "elementwise" and op.name not in WITHOUT_GRADIENT and floating:
        assert type(op).backward is not Op.backward


WITHOUT_GRADIENT = {
    "accuracy", "argmax", "dropout_mask", "equal", "filled", "greater", "greater_equal", "less", "less_equal",
    "not_equal", "one_hot", "pace", "sign", "target_shares", "winner",
}  # fmt: skip


@pytest.mark.parametrize("op", EVERY)
def test_only_questions_have_no_gradient(op: Op) -> None:
    assert (type(op).backward is Op.backward) == (op.name in WITHOUT_GRADIENT)


# -- forward ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_forward_is_pure(op: Op, sample: Sample) -> None:
    arrays = sample.arrays(1)
    before = [a.copy() for a in arrays]
    first = np.array(op.forward(*arrays, **sample.attrs))
    again = np.array(op.forward(*arrays, **sample.attrs))
    np.testing.assert_array_equal(first, again, err_msg="the same inputs must give the same result")
    for array, was in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, was, err_msg="forward changed its input")


def in_other_memory(array: Any) -> Iterator[Any]:
    """The same numbers: read-only, in Fortran order, with gaps, and backwards in memory."""
    array = np.asarray(array)
    locked = array.copy()
    locked.flags.writeable = False
    yield locked
    yield array.copy(order="F")
    if array.ndim:
        gaps = np.repeat(array, 2, axis=-1)[..., ::2]
        assert array.size < 2 or not gaps.flags.c_contiguous
        yield gaps
        yield np.ascontiguousarray(array[..., ::-1])[..., ::-1]


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_how_the_numbers_lie_in_memory_changes_nothing(op: Op, sample: Sample) -> None:
    arrays = sample.arrays(2)
    value, expected = gradients(op, arrays, sample.attrs)
    for k, array in enumerate(arrays):
        for other in in_other_memory(array):
            assert np.array_equal(other, array)
            given = [*arrays[:k], other, *arrays[k + 1 :]]
            again, found = gradients(op, given, sample.attrs)
            np.testing.assert_allclose(again, value, rtol=1e-12, atol=1e-13)
            for one, two in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-13)
            assert np.array_equal(other, array), "an input was changed"


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_the_shape_rule_tells_the_truth(op: Op, sample: Sample) -> None:
    arrays = sample.arrays(3)
    rule = op.shape(*[a.shape for a in arrays], **sample.attrs)
    assert isinstance(rule, tuple) and all(isinstance(n, int) for n in rule)
    assert rule == np.shape(op.forward(*arrays, **sample.attrs))


@pytest.mark.parametrize(("op", "sample"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_number_changes_its_kind_on_the_way(op: Op, sample: Sample, dtype: str) -> None:
    arrays = sample.arrays(4, dtype)
    value, grads = gradients(op, arrays, sample.attrs)
    if value.dtype.kind == "f":
        asked = inspect.signature(op.forward).parameters.get("dtype")
        wanted = (
            sample.attrs.get("dtype", asked.default)
            if asked
            else sample.attrs.get("to")
            if op.name == "cast"
            else dtype
        )
        assert value.dtype == (wanted if asked or floats(arrays) else "float32")
    for array, g in zip(arrays, grads, strict=True):
        assert g.dtype == array.dtype and g.shape == array.shape


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_written_is_the_same_in_smaller_steps(op: Op, sample: Sample) -> None:
    if op.written is None:
        return
    arrays = sample.arrays(5)
    with Tape() as tape:
        leaves = [Tensor(a) for a in arrays]
        y = op.written(*leaves, **sample.attrs)
        assert op.name not in [step.op.name for step in tape.steps], "opened, it must not hold itself"
        weight = np.cos(np.arange(y.numel())).reshape(y.shape)
        grads = [g.data for g in backward(y, leaves, Tensor(weight))]
    value, expected = gradients(op, arrays, sample.attrs)
    np.testing.assert_allclose(y.data, value, rtol=1e-12, atol=1e-13)
    for one, two in zip(grads, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-12)


# -- derivatives --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_first_and_second_derivative(op: Op, sample: Sample) -> None:
    """Where backward gives None, the measured derivative must be zero: check_grads compares those as well."""
    arrays = sample.arrays(6)
    if floats(arrays):
        assert check_grads(lambda *t: op(*t, **sample.attrs), arrays, order=2) < 1e-6


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_a_result_used_three_times_and_an_input_used_twice(op: Op, sample: Sample) -> None:
    if op.name in WITHOUT_GRADIENT:
        return

    def diamond(*tensors: Tensor) -> Tensor:
        again = [t * 1.0 if t.dtype.kind == "f" else t for t in tensors]
        y = op(*tensors, **sample.attrs)
        return ops.tanh(y) * y + y * op(*again, **sample.attrs)

    assert check_grads(diamond, sample.arrays(7)) < 1e-6


# -- sides of length one, odd lengths, empty ones --------------------------------------------------------------------
def variants(sample: Sample, to: int) -> Iterator[Sample]:
    """The sample with some of its side lengths replaced, the same length everywhere, also in its attributes."""
    lengths = sorted({n for draw in sample.draws for n in draw.shape})

    def other(value: Any, change: tuple[int, ...]) -> Any:
        return tuple(to if n in change else n for n in value)

    for chosen in product([False, True], repeat=len(lengths)):
        change = tuple(n for n, yes in zip(lengths, chosen, strict=True) if yes)
        if not change:
            continue
        draws = [d if d.kind == "given" else Draw(d.kind, other(d.shape, change), d.extra) for d in sample.draws]
        yield Sample(*draws, **sample.attrs)
        shapes = {k: v for k, v in sample.attrs.items() if k in ("to", "size", "window") and isinstance(v, tuple)}
        for name, value in shapes.items():
            yield Sample(*draws, **{**sample.attrs, name: other(value, change)})
            yield Sample(*draws, **{**sample.attrs, name: (-1,)})


@pytest.mark.parametrize("to", [0, 1, 5])
@pytest.mark.parametrize("op", EVERY)
def test_odd_shapes(op: Op, to: int) -> None:
    """Whatever the shape rule lets in must come out in the promised shape, with the true derivative."""
    met = 0
    for sample in op.samples:
        for variant in variants(sample, to):
            arrays = variant.arrays(8)
            try:
                rule = op.shape(*[a.shape for a in arrays], **variant.attrs)
                y = op(*arrays, **variant.attrs)
            except CutawayError:
                continue
            met += 1
            assert y.shape == rule
            if floats(arrays) and sum(a.size for a in arrays) < 150:
                assert check_grads(lambda *t, a=variant.attrs: op(*t, **a), arrays) < 1e-6
    sides = any(draw.shape for sample in op.samples for draw in sample.draws)
    assert met or to == 0 or not sides, f"no sample of {op.name} can be had with sides of {to}"
