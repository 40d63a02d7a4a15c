"""A check that cannot fail proves nothing: every backward is spoiled in every way, and check_grads must notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from cutaway.engine import OPS, GradientError, Tape, Tensor, backward, check_grads, ops
from cutaway.engine.op import Op

SPOILABLE = [op for op in OPS.values() if type(op).backward is not Op.backward]
Spoil = Callable[[Tensor], Tensor]


def flipped(g: Tensor) -> Tensor:
    """The same numbers in the opposite order (a transposed table read in rows, for one row or column)."""
    return Tensor(g.data.ravel()[::-1].reshape(g.shape).copy())


def transposed(g: Tensor) -> Tensor:
    """The table turned, its numbers counted off in the old rows: what forgetting a .T does."""
    return Tensor(g.data.T.reshape(g.shape).copy())


WAYS: dict[str, Spoil] = {
    "negated": lambda g: Tensor(-g.data),
    "scaled": lambda g: Tensor(g.data * 1.01),
    "off by a little": lambda g: Tensor(g.data + 1e-4),
    "flipped": flipped,
    "transposed": transposed,
    "zeroed": lambda g: Tensor(np.zeros_like(g.data)),
}


def true_gradients(op: Op, arrays: list[Any], attrs: dict[str, Any]) -> list[Any]:
    with Tape():
        leaves = [Tensor(a) for a in arrays]
        y = op(*leaves, **attrs)
        weight = Tensor(np.cos(np.arange(y.numel()) + 1.0).reshape(y.shape))
        return [g.data for g in backward(y, leaves, weight)]


def noticed(op: Op, samples: Any) -> bool:
    """Does check_grads raise on some sample?"""
    for sample in samples:
        try:
            check_grads(lambda *t, a=sample.attrs: op(*t, **a), sample.arrays(9))
        except GradientError:
            return True
    return False


def spoil(monkeypatch: pytest.MonkeyPatch, op: Op, which: int, way: Spoil) -> None:
    """From now on the gradient of input number ``which`` is spoiled."""
    honest = op.backward

    def dishonest(*tensors: Tensor, **attrs: Any) -> tuple[Any, ...]:
        parts = honest(*tensors, **attrs)
        parts = list(parts) if isinstance(parts, tuple | list) else [parts]
        parts[which] = None if parts[which] is None else way(parts[which])
        return tuple(parts)

    monkeypatch.setattr(op, "backward", dishonest)


def felt_inputs(op: Op) -> list[int]:
    """The inputs that get a gradient, by number."""
    felt: set[int] = set()
    for sample in op.samples:
        arrays = sample.arrays(9)
        felt |= {
            k
            for k, (a, g) in enumerate(zip(arrays, true_gradients(op, arrays, sample.attrs), strict=True))
            if a.dtype.kind == "f" and np.any(g)
        }
    return sorted(felt)


@pytest.mark.parametrize("op", SPOILABLE, ids=repr)
def test_the_honest_backward_passes(op: Op) -> None:
    assert felt_inputs(op), "somebody must feel something"
    assert not noticed(op, op.samples)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("op", SPOILABLE, ids=repr)
def test_every_spoiled_gradient_is_noticed(op: Op, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for which in felt_inputs(op):
        changing = []  # the samples on which this spoils anything (a single number has no order)
        for sample in op.samples:
            g = true_gradients(op, sample.arrays(9), sample.attrs)[which]
            if g.size and not np.array_equal(WAYS[way](Tensor(g)).data, g):
                changing.append(sample)
        one_number = all(np.size(s.arrays(9)[which]) == 1 for s in op.samples)
        no_table = all(np.ndim(s.arrays(9)[which]) < 2 for s in op.samples)
        assert changing or (way == "flipped" and one_number) or (way == "transposed" and no_table), (
            f"add a sample to {op.name} on which a {way} gradient is another one"
        )
        with monkeypatch.context() as patch:
            spoil(patch, op, which, WAYS[way])
            assert noticed(op, changing) or not changing, f"{op.name}: input {which + 1} {way}, and nobody noticed"


# -- one term dropped --------------------------------------------------------------------------------------------------
class Dropper:
    """Within one operation's backward, the n-th sum or difference loses one of its two terms."""

    def __init__(self, op: Op, number: int, keep: int) -> None:
        self.op, self.number, self.keep = op, number, keep
        self.inside, self.met, self.dropped = False, 0, False

    def install(self, patch: pytest.MonkeyPatch) -> None:
        honest = self.op.backward

        def watched(*tensors: Tensor, **attrs: Any) -> Any:
            before, self.inside, self.met = self.inside, True, 0
            try:
                return honest(*tensors, **attrs)
            finally:
                self.inside = before

        patch.setattr(self.op, "backward", watched)
        for kind in (type(ops.add), type(ops.sub)):
            patch.setattr(kind, "__call__", self.dropping(kind))

    def dropping(self, kind: type[Op]) -> Callable[..., Tensor]:
        def call(op: Op, a: Any, b: Any) -> Tensor:
            if not self.inside:
                return Op.__call__(op, a, b)
            self.met += 1
            if self.met - 1 != self.number:
                return Op.__call__(op, a, b)
            self.dropped = True
            whole = Op.__call__(op, a, b)
            term = a if self.keep == 0 else b
            sign = -1.0 if self.keep == 1 and kind is type(ops.sub) else 1.0
            data = term.data if isinstance(term, Tensor) else np.asarray(term, whole.dtype)
            return Tensor(np.array(np.broadcast_to(data, whole.shape)) * sign)

        return call


def droppers(op: Op) -> Iterator[tuple[int, int]]:
    for number in range(20):
        for keep in (0, 1):
            yield number, keep


@pytest.mark.parametrize("op", SPOILABLE, ids=repr)
def test_every_dropped_term_is_noticed(op: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, keep in droppers(op):
        with monkeypatch.context() as patch:
            dropper = Dropper(op, number, keep)
            dropper.install(patch)
            found = noticed(op, op.samples)
        if not dropper.dropped:
            break
        assert found, f"{op.name}: term {2 - keep} of sum {number + 1} in its backward was dropped, and nobody noticed"


def test_there_are_terms_to_drop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dropper itself works: these are known to have sums in their backward."""
    for op in (ops.softmax, ops.tanh, ops.batch_norm, ops.leaky_relu):
        with monkeypatch.context() as patch:
            dropper = Dropper(op, 0, 0)
            dropper.install(patch)
            assert noticed(op, op.samples) and dropper.dropped


def test_a_spoiled_second_derivative_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right slope through a constant: the first derivative is true, but it cannot be differentiated again."""
    for op in (ops.tanh, ops.mul, ops.conv2d, ops.softmax, ops.batch_norm):
        with monkeypatch.context() as patch:
            honest = op.backward

            def frozen(g: Tensor, *rest: Tensor, honest: Any = honest, **attrs: Any) -> Any:
                parts = honest(g, *[t.detach() for t in rest], **attrs)
                return parts

            patch.setattr(op, "backward", frozen)
            sample = op.samples[0]
            check_grads(lambda *t, op=op, a=sample.attrs: op(*t, **a), sample.arrays(9))
            with pytest.raises(GradientError, match="order 2"):
                check_grads(lambda *t, op=op, a=sample.attrs: op(*t, **a), sample.arrays(9), order=2)
