"""Every mistake that beginners make has a sentence of its own: what was met, where, and what to type instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cutaway.engine import Tape, Tensor, ops
from cutaway.engine.errors import (
    CutawayError,
    DtypeError,
    LabelError,
    NotFiniteError,
    ShapeError,
    TapeError,
    boxes,
)

Error = type[CutawayError]


def zeros(*shape: int) -> Tensor:
    return Tensor(np.zeros(shape, np.float32))


def whole(*shape: int) -> Tensor:
    return Tensor(np.zeros(shape, np.int64))


# what was typed: (the call, the kind of error, what must be said, is there a picture?)
MISTAKES: dict[str, tuple[Callable[[], Any], Error, list[str], bool]] = {
    # -- matmul
    "forgotten flatten": (
        lambda: ops.matmul(zeros(64, 1, 28, 28), zeros(100, 784), flip_w=True),
        ShapeError,
        ["matmul", "28 inputs", "784", "still pictures", "nn.Flatten()", "x.flatten(1)"],
        True,
    ),
    "weights on their side": (
        lambda: zeros(64, 784) @ zeros(100, 784),
        ShapeError,
        ["784!", "100!", "w lies on its side: x @ w.T"],
        True,
    ),
    "inputs on their side": (
        lambda: zeros(784, 64) @ zeros(784, 100),
        ShapeError,
        ["x lies on its side: x.T @ w"],
        True,
    ),
    "a layer for another size": (
        lambda: ops.matmul(zeros(64, 784), zeros(100, 400), flip_w=True),
        ShapeError,
        ["nn.Linear(784, ...)", "400 columns"],
        True,
    ),
    "nothing fits": (lambda: zeros(2, 3) @ zeros(4, 5), ShapeError, ["a w with 3 rows, or an x with 4 columns"], True),
    "stacks that do not meet": (
        lambda: ops.matmul(zeros(2, 2, 3), zeros(3, 3, 4)),
        ShapeError,
        ["sides before the tables"],
        True,
    ),
    # -- losses
    "one-hot rows for class numbers": (
        lambda: ops.cross_entropy(zeros(4, 10), zeros(4, 10)),
        ShapeError,
        ["one-hot", "answers.argmax(1)"],
        True,
    ),
    "whole one-hot rows": (
        lambda: ops.cross_entropy(zeros(4, 10), whole(4, 10)),
        ShapeError,
        ["answers.argmax(1)"],
        True,
    ),
    "class numbers in a column": (
        lambda: ops.cross_entropy(zeros(4, 10), whole(4, 1)),
        ShapeError,
        ["stand in a column", "answers.reshape(-1)"],
        True,
    ),
    "too few class numbers": (lambda: ops.cross_entropy(zeros(4, 10), whole(5)), ShapeError, ["4!", "5!"], True),
    "outputs that are still pictures": (
        lambda: ops.cross_entropy(zeros(4, 10, 3, 3), whole(4)),
        ShapeError,
        ["still gives pictures", "nn.Flatten()"],
        True,
    ),
    "labels from 1 to 10": (
        lambda: ops.cross_entropy(zeros(3, 10), Tensor([0, 10, 1])),
        LabelError,
        ["example 1", "class number 10", "0 to 9", "start at 0"],
        False,
    ),
    "a label far out": (
        lambda: ops.cross_entropy(zeros(3, 10), Tensor([0, 1, 12])),
        LabelError,
        ["example 2", "class number 12", "enough outputs? It has 10"],
        False,
    ),
    "a label below 0": (
        lambda: ops.cross_entropy(zeros(2, 3), Tensor([0, -1])),
        LabelError,
        ["number -1", "0 to 2"],
        False,
    ),
    "labels with fractions": (
        lambda: ops.cross_entropy(zeros(3, 10), Tensor([0.0, 1.0, 2.0])),
        DtypeError,
        ["answers must hold whole numbers", "float32", "answers.long()"],
        False,
    ),
    "yes and no as labels": (
        lambda: ops.cross_entropy(zeros(3, 2), Tensor([True, False, True])),
        DtypeError,
        ["answers.long() makes 1 and 0"],
        False,
    ),
    "one_hot out of range": (lambda: ops.one_hot(Tensor([3]), classes=3), LabelError, ["0 to 2"], False),
    "targets in a row": (
        lambda: ops.mse(zeros(4, 1), zeros(4)),
        ShapeError,
        ["targets are a row and the outputs a column", "target.reshape(-1, 1)"],
        True,
    ),
    "class numbers in mse": (
        lambda: ops.mse(zeros(4, 10), zeros(4)),
        ShapeError,
        ["class numbers against 10 outputs", "nn.CrossEntropyLoss()", "one_hot(target, 10)"],
        True,
    ),
    "targets turned": (lambda: ops.mse(zeros(4, 3), zeros(3, 4)), ShapeError, ["equal"], True),
    "no examples": (lambda: ops.mse(zeros(0, 3), zeros(0, 3)), ShapeError, ["nothing to average"], False),
    "accuracy of too few": (lambda: ops.accuracy(zeros(4, 3), whole(5)), ShapeError, ["one class number"], True),
    # -- kinds of numbers
    "float32 meets float64": (
        lambda: zeros(2, 3) + Tensor(np.zeros((2, 3))),
        DtypeError,
        ["a float32", "b float64", "x.float()", "x.double()"],
        True,
    ),
    "fractions meet whole numbers": (lambda: zeros(3) * whole(3), DtypeError, ["float32 and int64", "x.float()"], True),
    "a fraction among whole numbers": (lambda: whole(3) * 0.5, DtypeError, ["0.5 does not fit in", "x.float()"], False),
    "exp of whole numbers": (lambda: whole(3).exp(), DtypeError, ["x.float()", "1.0 instead of 1"], False),
    "mean of yes and no": (lambda: (whole(3) == 0).mean(), DtypeError, ["True and False", "x.float()"], False),
    "minus of yes and no": (lambda: -(whole(3) == 0), DtypeError, ["True and False"], False),
    "pictures as bytes": (lambda: Tensor(np.zeros(3, np.uint8)) - 1, DtypeError, ["uint8", "x.float()"], False),
    "words": (lambda: Tensor(["a", "b"]).exp(), DtypeError, ["computes with numbers"], False),
    "complex": (lambda: ops.relu(Tensor(np.zeros(2, complex))), DtypeError, ["computes with numbers"], False),
    "an unknown kind": (lambda: ops.cast(zeros(2), to="float99"), DtypeError, ["'float99'", "float32, float64"], False),
    "a setting of another kind": (
        lambda: ops.clip(zeros(2), low="0"),
        DtypeError,
        ["the setting low is float | None, but it was given '0'"],
        False,
    ),
    "a setting of another name": (
        lambda: ops.softmax(zeros(2), axis=0),
        DtypeError,
        ["called axis; there is dim"],
        False,
    ),
    "a setting that is missing": (lambda: ops.cumsum(zeros(2)), DtypeError, ["the setting dim is missing"], False),
    "exponents that do not meet": (lambda: zeros(2) ** zeros(3), ShapeError, ["pow", "2 meets 3"], True),
    "whole numbers below 1": (lambda: whole(2) ** -1, DtypeError, ["have fractions", "x.float()"], False),
    # -- pictures
    "another number of channels": (
        lambda: ops.conv2d(zeros(8, 3, 28, 28), zeros(16, 1, 3, 3)),
        ShapeError,
        ["3 channels", "looks at 1", "3!", "1!", "nn.Conv2d(3, 16, ...)"],
        True,
    ),
    "grey pictures without a channel": (
        lambda: ops.conv2d(zeros(8, 28, 28), zeros(16, 1, 3, 3)),
        ShapeError,
        ["four sides", "x.unsqueeze(1)"],
        True,
    ),
    "pictures as rows": (
        lambda: ops.conv2d(zeros(8, 784), zeros(4, 1, 3, 3)),
        ShapeError,
        ["x.reshape(-1, C, H, W)"],
        True,
    ),
    "a window too big": (
        lambda: ops.conv2d(zeros(8, 1, 2, 2), zeros(16, 1, 3, 3)),
        ShapeError,
        ["window of 3 x 3", "picture of 2 x 2", "padding="],
        True,
    ),
    "pooled away": (
        lambda: ops.max_pool2d(zeros(8, 16, 1, 1), window=2, stride=2),
        ShapeError,
        ["window of 2 x 2", "picture of 1 x 1", "fewer pooling layers"],
        True,
    ),
    "standing still": (
        lambda: ops.max_pool2d(zeros(1, 1, 4, 4), window=2, stride=0),
        ShapeError,
        ["at least 1", "stride=0"],
        False,
    ),
    "statistics of other channels": (
        lambda: ops.batch_norm(zeros(4, 3, 2, 2), *[zeros(2)] * 4, eps=0.1),
        ShapeError,
        ["every channel", "nn.BatchNorm2d(3)"],
        True,
    ),
    # -- shapes
    "sides that do not meet": (
        lambda: zeros(64, 10) + zeros(64),
        ShapeError,
        ["add", "10 meets 64", "10!", "64!", ".reshape(-1, 1)"],
        True,
    ),
    "sides in front that do not meet": (
        lambda: zeros(2, 3, 4) * zeros(3, 3, 1),
        ShapeError,
        ["2 meets 3", "2!", "3!"],
        True,
    ),
    "a reshape that does not fit": (
        lambda: zeros(2, 3).reshape(4),
        ShapeError,
        ["6 numbers do not fill (4,)", "x.flatten(1)"],
        True,
    ),
    "two free sides": (lambda: zeros(2, 3).reshape(-1, -1), ShapeError, ["at most one side of -1"], True),
    "an empty mean": (lambda: zeros(0, 3).mean(), ShapeError, ["nothing to average", "(0, 3)"], False),
    "an empty maximum": (lambda: zeros(0).max(), ShapeError, ["no largest number"], False),
    "a side that is not there": (
        lambda: zeros(2, 3).sum(dim=2),
        ShapeError,
        ["no side 2", "(2, 3)", "0 to 1"],
        False,
    ),
    "a side named twice": (lambda: zeros(2, 3).sum(dim=(0, -2)), ShapeError, ["twice"], False),
    "softmax along no side": (lambda: ops.softmax(zeros(2, 3), dim=5), ShapeError, ["softmax", "dim", "5"], False),
    "repeating what is not 1": (lambda: zeros(2, 3).expand(2, 4), ShapeError, ["length 1", ".unsqueeze(dim)"], True),
    "sides in no order": (lambda: zeros(2, 3).permute(0, 0), ShapeError, ["exactly once"], False),
    "squeezing what is not 1": (lambda: zeros(2, 3).squeeze(0), ShapeError, ["length 1", "side 0 of (2, 3)"], False),
    "squeezing a side that is not there": (lambda: zeros(2, 1).squeeze(3), ShapeError, ["no side 3"], False),
    "transposing a side that is not there": (lambda: zeros(2, 3).transpose(0, 2), ShapeError, ["no side 2"], False),
    "flattening from a side that is not there": (lambda: zeros(2).flatten(3), ShapeError, ["no side 3"], False),
    "a new side too far": (lambda: zeros(2).unsqueeze(4), ShapeError, ["no side 4"], False),
    # -- positions
    "a row that is not there": (lambda: zeros(4, 2)[[0, 4]], LabelError, ["4 rows", "0 to 3", "row 4"], False),
    "a position that is not there": (lambda: zeros(4, 2)[5], ShapeError, ["(4, 2)", "starts at 0"], False),
    "too many positions": (lambda: zeros(4)[0, 0], ShapeError, ["(4,)"], False),
    "a position with a fraction": (lambda: zeros(4)[1.5], DtypeError, ["1.5", "whole number"], False),
    "a mask": (lambda: zeros(4)[zeros(4) > 0], DtypeError, ["np.flatnonzero(mask)", "mask.float()"], False),
    "two arrays of positions": (lambda: zeros(4, 4)[[0], [1]], CutawayError, ["Only one array"], False),
    "an item of many": (lambda: zeros(3).item(), ShapeError, ["3 numbers", "x.mean()"], False),
    "a question to many": (lambda: bool(zeros(3) > 0), ShapeError, ["3 numbers", "x.max()"], False),
    "the length of one number": (lambda: len(zeros()), ShapeError, ["one number"], False),
    # -- chance
    "nobody comes": (
        lambda: ops.dropout_mask(zeros(3, 4), Tensor(0), Tensor(0), p=1.0, seed=0, site=0),
        CutawayError,
        ["p is a chance", "1.0"],
        False,
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("recording", [False, True])
def test_every_mistake_has_its_sentence(mistake: str, recording: bool) -> None:
    call, kind, words, picture = MISTAKES[mistake]
    with pytest.raises(kind) as caught:
        if recording:
            with Tape():
                call()
        else:
            call()
    said = str(caught.value)
    assert type(caught.value) is kind
    missing = [word for word in words if word not in said]
    assert not missing, f"{missing} is not said in:\n{said}"
    assert ("│" in said) == picture, f"a drawing was {'' if picture else 'not '}expected:\n{said}"
    assert caught.value.__cause__ is None and (
        caught.value.__suppress_context__
        or caught.value.__context__ is None
        or isinstance(caught.value.__context__, CutawayError)
    ), "NumPy's own error must not stand above ours"


def test_no_two_mistakes_share_a_sentence() -> None:
    said = {}
    for mistake, (call, *_) in MISTAKES.items():
        try:
            call()
        except CutawayError as error:
            said.setdefault(str(error), []).append(mistake)
    twice = [names for names in said.values() if len(names) > 1]
    assert twice == [["one-hot rows for class numbers", "whole one-hot rows"]]


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (ShapeError, ValueError),
        (DtypeError, TypeError),
        (LabelError, ValueError),
        (NotFiniteError, ValueError),
        (TapeError, RuntimeError),
    ],
)
def test_our_errors_are_also_the_ones_that_python_programmers_expect(kind: Error, builtin: type[Exception]) -> None:
    assert issubclass(kind, CutawayError) and issubclass(kind, builtin)


# -- the drawings -----------------------------------------------------------------------------------------------------
def test_boxes_stand_side_by_side_with_their_sides_named() -> None:
    drawn = boxes({"x": (64, 784), "w": (300, 100)}, [("x", 1), ("w", 0)]).splitlines()
    assert [line.rstrip() for line in drawn] == drawn, "no blanks at the ends"
    assert drawn[0].split() == ["x", "(64,", "784)", "w", "(300,", "100)"]
    assert "784!" in drawn[1] and "100 " in drawn[1] and "100!" not in drawn[1]
    assert "64 │" in drawn[2] and "300! │" in drawn[2]


def test_boxes_of_one_number_a_row_and_many_sides() -> None:
    assert "one number" in boxes({"y": ()})
    row = boxes({"y": (5,)}, [("y", 0)])
    assert "5!" in row and "y (5)" in row
    deep = boxes({"y": (2, 3, 4, 5)}, [("y", 1)])
    assert "y (2, 3!, 4, 5)" in deep and "4 │" in deep and "┌ 5 ┐" in deep


def test_sides_may_be_marked_from_the_back() -> None:
    assert boxes({"x": (3, 4)}, [("x", -1)]) == boxes({"x": (3, 4)}, [("x", 1)])
