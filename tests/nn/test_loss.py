"""Losses against their twins in PyTorch: every setting, values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway import nn, ops
from cutaway.engine import Tape, Tensor, backward, check_grads
from cutaway.engine.errors import CutawayError, LabelError, ShapeError
from cutaway.engine.program import from_data, to_data

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
T: Any = torch.nn
REDUCTIONS = ["mean", "sum", "none"]
both = pytest.mark.parametrize("dtype", ["float64", "float32"])


def numbers(*shape: int, seed: int = 0, scale: float = 1.0) -> Any:
    return np.random.default_rng(seed).normal(size=shape) * scale


def classes(*shape: int, below: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).integers(0, below, size=shape)


def shares(*shape: int, seed: int = 2) -> Any:
    e = np.exp(numbers(*shape, seed=seed))
    return e / e.sum(axis=1, keepdims=True)


def agree(ours: nn.Module, twin: Any, dtype: str, *inputs: Any) -> None:
    """The same loss, and the same gradient for the first input."""
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in inputs]
    with Tape():
        given = [Tensor(a) for a in arrays]
        y = ours(*given)
        weight = np.cos(np.arange(y.numel()) + 1.0).reshape(y.shape).astype(dtype)
        (g,) = backward(y, given[:1], Tensor(weight))
    theirs = [torch.tensor(a) for a in arrays]
    theirs[0].requires_grad_()
    z = twin.to(getattr(torch, dtype))(*theirs)
    (z * torch.from_numpy(weight)).sum().backward()
    close = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-4, "atol": 1e-5}
    assert y.shape == tuple(z.shape) and str(y.dtype) == dtype
    np.testing.assert_allclose(y.data, z.detach().numpy(), **close)
    np.testing.assert_allclose(g.data, theirs[0].grad.numpy(), **close)


# -- number by number ------------------------------------------------------------------------------------------------
@both
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("ours", "twin"),
    [
        (lambda r: nn.MSELoss(reduction=r), lambda r: T.MSELoss(reduction=r)),
        (lambda r: nn.L1Loss(reduction=r), lambda r: T.L1Loss(reduction=r)),
        (lambda r: nn.HuberLoss(r, 0.7), lambda r: T.HuberLoss(r, 0.7)),
        (lambda r: nn.SmoothL1Loss(reduction=r, beta=0.3), lambda r: T.SmoothL1Loss(reduction=r, beta=0.3)),
        (lambda r: nn.SmoothL1Loss(reduction=r, beta=0.0), lambda r: T.SmoothL1Loss(reduction=r, beta=0.0)),
        (lambda r: nn.BCEWithLogitsLoss(reduction=r), lambda r: T.BCEWithLogitsLoss(reduction=r)),
        (
            lambda r: nn.BCEWithLogitsLoss(reduction=r, pos_weight=[2.0, 0.5, 1.0]),
            lambda r: T.BCEWithLogitsLoss(reduction=r, pos_weight=torch.tensor([2.0, 0.5, 1.0])),
        ),
    ],
    ids=["mse", "l1", "huber", "smooth", "smooth-0", "bce", "bce-weighted"],
)
def test_number_by_number(ours: Any, twin: Any, reduction: str, dtype: str) -> None:
    agree(ours(reduction), twin(reduction), dtype, numbers(4, 3), shares(4, 3))


def test_yes_and_no_questions_far_out_stay_finite() -> None:
    x, t = np.array([1e4, -1e4, 1e4, -1e4], np.float32), np.array([1.0, 0.0, 0.0, 1.0], np.float32)
    agree(nn.BCEWithLogitsLoss(reduction="none"), T.BCEWithLogitsLoss(reduction="none"), "float32", x, t)
    assert nn.BCEWithLogitsLoss()(Tensor(x), Tensor(t > 0)).item() == 5000.0


@both
@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
def test_kl_divergence(reduction: str, dtype: str) -> None:
    x, t = np.log(shares(4, 3, seed=5)), shares(4, 3)
    t[0] = [1.0, 0.0, 0.0]
    if reduction != "mean":  # PyTorch warns of it
        agree(nn.KLDivLoss(reduction=reduction), T.KLDivLoss(reduction=reduction), dtype, x, t)
        twin = T.KLDivLoss(reduction=reduction, log_target=True)
        agree(nn.KLDivLoss(reduction=reduction, log_target=True), twin, dtype, x, np.log(shares(4, 3)))
    else:
        assert nn.KLDivLoss()(Tensor(x), Tensor(t)).item() == pytest.approx(
            nn.KLDivLoss(reduction="sum")(Tensor(x), Tensor(t)).item() / 12
        )


# -- classes -----------------------------------------------------------------------------------------------------------
WEIGHT = [0.5, 2.0, 1.0, 3.0]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"weight": WEIGHT},
    {"label_smoothing": 0.1},
    {"weight": WEIGHT, "label_smoothing": 0.3},
]


def twin_of(kind: Any, settings: dict[str, Any]) -> Any:
    return kind(**{k: torch.tensor(v) if k == "weight" else v for k, v in settings.items()})


@both
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("rest", [(), (5,), (2, 3)], ids=str)
def test_cross_entropy(rest: Any, settings: dict[str, Any], ignored: bool, reduction: str, dtype: str) -> None:
    x, answers = numbers(6, 4, *rest, scale=3), classes(6, *rest, below=4)
    how = {**settings, "reduction": reduction}
    if ignored:
        answers.reshape(-1)[::3] = -100
        how["ignore_index"] = -100
    agree(nn.CrossEntropyLoss(**how), twin_of(T.CrossEntropyLoss, how), dtype, x, answers)
    if "label_smoothing" not in settings:
        agree(nn.NLLLoss(**how), twin_of(lambda **k: T.NLLLoss(**k), how), dtype, x, answers)


@both
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("rest", [(), (5,)], ids=str)
def test_cross_entropy_with_shares(rest: Any, settings: dict[str, Any], reduction: str, dtype: str) -> None:
    how = {**settings, "reduction": reduction}
    agree(
        nn.CrossEntropyLoss(**how), twin_of(T.CrossEntropyLoss, how), dtype, numbers(6, 4, *rest), shares(6, 4, *rest)
    )


def test_one_hot_rows_and_class_numbers_are_the_same_loss() -> None:
    x, answers = Tensor(numbers(6, 4)), Tensor(classes(6, below=4))
    rows = ops.one_hot(answers, classes=4, dtype="float64")
    for settings in SETTINGS:
        if "weight" not in settings:
            loss = nn.CrossEntropyLoss(**settings)
            assert loss(x, rows).item() == pytest.approx(loss(x, answers).item(), rel=1e-12)


def test_where_all_answers_are_left_out_the_loss_is_zero() -> None:
    loss = nn.CrossEntropyLoss(ignore_index=2)
    with Tape():
        x = Tensor(numbers(3, 4))
        y = loss(x, Tensor([2, 2, 2]))
        (g,) = backward(y, [x])
    assert y.item() == 0 and not g.data.any()


def test_a_recorded_loss_fits_another_batch() -> None:
    """An evaluation program is recorded once and replayed on batches of other sizes, also as data."""
    loss = nn.CrossEntropyLoss(weight=WEIGHT, ignore_index=0, label_smoothing=0.1)
    with Tape() as tape:
        x, answers = tape.input("x", numbers(6, 4)), tape.input("y", classes(6, below=4))
        tape.results["loss"] = tape.slot(loss(x, answers))
    again = from_data(*to_data(tape))
    big = numbers(9, 4, seed=7), classes(9, below=4, seed=8)
    values = dict(enumerate(again.values))
    values[again.inputs["x"]], values[again.inputs["y"]] = big
    for step in again.steps:
        values[step.output] = step.op.forward(*[values[k] for k in step.inputs], **step.attrs)
    assert values[again.results["loss"]] == pytest.approx(loss(Tensor(big[0]), Tensor(big[1])).item(), rel=1e-12)


# -- CTC -----------------------------------------------------------------------------------------------------------
def lines(seed: int, moments: int = 40, count: int = 5, letters: int = 7, scale: float = 1.0) -> tuple[Any, ...]:
    r = np.random.default_rng(seed)
    x = r.normal(size=(moments, count, letters)) * scale
    targets = r.integers(1, 4, size=(count, 9))  # few letters, so that many are doubled
    input_lengths = r.integers(25, moments + 1, size=count)
    target_lengths = r.integers(1, 10, size=count)
    target_lengths[0] = 9
    return x, targets, input_lengths, target_lengths


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ctc(reduction: str, seed: int) -> None:
    """Behind a log_softmax, where PyTorch's gradient is the true one."""
    x, *rest = lines(seed)
    agree(
        nn.Sequential(nn.LogSoftmax(), CTCWith(rest, nn.CTCLoss(reduction=reduction))),
        TorchCTC(rest, T.CTCLoss(reduction=reduction)),
        "float64",
        x,
    )


class CTCWith(nn.Module):
    def __init__(self, rest: Any, loss: nn.Module) -> None:
        self.rest, self.loss = [Tensor(a) for a in rest], loss

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.loss(x, *self.rest)
        return y


class TorchCTC(T.Module):  # type: ignore[misc]
    def __init__(self, rest: Any, loss: Any) -> None:
        super().__init__()
        self.rest, self.loss = [torch.tensor(a) for a in rest], loss

    def forward(self, x: Any) -> Any:
        return self.loss(x.log_softmax(2), *self.rest)


@pytest.mark.parametrize("scale", [1.0, 5.0, 15.0])
def test_ctc_in_float32_keeps_its_digits(scale: float) -> None:
    """Against PyTorch in float64; scaled chances would underflow here."""
    x, *rest = lines(3, moments=150, scale=scale)
    with Tape():
        ours = Tensor(x.astype(np.float32))
        y = nn.CTCLoss(reduction="none")(ops.log_softmax(ours), *[Tensor(a) for a in rest])
        (g,) = backward(y.sum(), [ours])
    theirs = torch.tensor(x.astype(np.float32).astype(np.float64), requires_grad=True)
    z = T.CTCLoss(reduction="none")(theirs.log_softmax(2), *[torch.tensor(a) for a in rest])
    z.sum().backward()
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(g.data, theirs.grad.numpy(), atol=1e-5)


def test_ctc_second_derivative_and_repeats() -> None:
    r = np.random.default_rng(4)
    rest = [Tensor(np.array(a)) for a in ([[1, 1, 2], [2, 0, 0]], [5, 4], [3, 1])]
    check_grads(lambda x: ops.ctc(ops.log_softmax(x), *rest), [r.normal(size=(5, 2, 3))], order=2)


def test_ctc_with_too_few_moments() -> None:
    x = Tensor(numbers(3, 1, 4))
    twice = [Tensor(np.array(a)) for a in ([[1, 1]], [2], [2])]
    with pytest.raises(LabelError, match=r"example 0 has 2 letters, 1 of them equal.*takes 3 moments, but there are 2"):
        nn.CTCLoss()(ops.log_softmax(x), *twice)
    with Tape():
        y = nn.CTCLoss(zero_infinity=True)(ops.log_softmax(x), *twice)
        (g,) = backward(y, [x])
    assert y.item() == 0 and not g.data.any()


def test_ctc_finds_out_the_lengths() -> None:
    x, targets, _, lengths = lines(5)
    x = Tensor(x)
    padded = np.where(np.arange(9) < lengths[:, None], targets, -1)
    full = np.full(5, 40)
    said = nn.CTCLoss()(ops.log_softmax(x), Tensor(targets), Tensor(full), Tensor(lengths))
    assert nn.CTCLoss()(ops.log_softmax(x), Tensor(padded)).item() == said.item()
    assert nn.CTCLoss()(ops.log_softmax(x), Tensor(np.maximum(padded, 0))).item() == said.item()


# -- mistakes ------------------------------------------------------------------------------------------------------
MISTAKES = {
    "a reduction of another name": (
        lambda: nn.MSELoss(reduction="avg")(numbers(2), numbers(2)),
        CutawayError,
        "'mean'",
    ),
    "too few weights": (
        lambda: nn.CrossEntropyLoss([1.0, 2.0])(numbers(2, 3), Tensor([0, 1])),
        ShapeError,
        "3 classes, but 2 weights",
    ),
    "smoothing of more than all": (
        lambda: nn.CrossEntropyLoss(label_smoothing=1.5)(numbers(2, 3), Tensor([0, 1])),
        CutawayError,
        "share from 0 to 1",
    ),
    "a class left out that was not announced": (
        lambda: nn.CrossEntropyLoss()(numbers(2, 3), Tensor([0, -100])),
        LabelError,
        "number -100.*ignore_index=-100",
    ),
    "classes on the last side": (
        lambda: nn.CrossEntropyLoss(reduction="sum")(numbers(2, 5, 3), Tensor(classes(2, 5, below=3))),
        ShapeError,
        "transpose",
    ),
    "a weight for each answer": (
        lambda: nn.BCEWithLogitsLoss(pos_weight=[1.0, 2.0])(numbers(4, 3), numbers(4, 3)),
        ShapeError,
        "last side",
    ),
    "delta of 0": (lambda: nn.HuberLoss(delta=0.0)(numbers(2), numbers(2)), CutawayError, "delta"),
    "the batch first": (
        lambda: nn.CTCLoss()(numbers(2, 9, 4), Tensor([[1], [2]])),
        ShapeError,
        "moment, example, letter|one row of letters",
    ),
    "the blank as a letter": (
        lambda: nn.CTCLoss()(numbers(9, 1, 4), Tensor([[1, 0, 2]]), Tensor([9]), Tensor([3])),
        LabelError,
        "0 is the blank",
    ),
    "more moments than there are": (
        lambda: nn.CTCLoss()(numbers(9, 1, 4), Tensor([[1, 2]]), Tensor([10]), Tensor([2])),
        LabelError,
        "between 1 and 9",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_has_its_sentence(mistake: str) -> None:
    act, kind, said = MISTAKES[mistake]
    with pytest.raises(kind, match=said):
        act()
