"""Mistakes are named where they are made, with what to type instead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.data import DataLoader, Dataset, Shift
from cutaway.engine.errors import CutawayError, DtypeError, LabelError, ShapeError
from cutaway.training import Run

X = np.random.default_rng(0).normal(size=(12, 1, 4, 4)).astype(np.float32)
Y = np.arange(12) % 3


def net() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 3))


def make(**parts: Any) -> Run:
    given = {"net": net(), "loss": nn.CrossEntropyLoss(), "optimizer": optim.SGD(0.1), "data": (X, Y), "batch_size": 4}
    return Run(**(given | parts))


def mistake(kind: type[Exception], *words: str, **parts: Any) -> None:
    """Making a run of these parts fails with an error of this kind that says all these words."""
    with pytest.raises(kind) as caught:
        make(**parts)
    assert isinstance(caught.value, CutawayError)
    said = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    for word in words:
        assert word in said


# -- answers -------------------------------------------------------------------------------------------------------
def test_a_label_out_of_range_is_found_wherever_it_is_when_the_run_is_made() -> None:
    for place in (0, 7, 11):  # the first batch, another one, the last
        wrong = Y.copy()
        wrong[place] = 3
        mistake(LabelError, f"example {place} ", "class number 3", "3 classes (0 to 2)", data=(X, wrong))
        mistake(LabelError, f"example {place} ", "class number 3", validation=(X, wrong))
        with pytest.raises(LabelError, match=f"example {place} has the class number 3"):
            make().evaluate((X, wrong))


def test_one_hot_rows_train_as_class_numbers_do() -> None:
    one_hot = make(data=(X, np.eye(3)[Y]))
    assert one_hot.metrics == ()
    numbers = make()
    assert numbers.metrics == ("accuracy",)
    for run in (one_hot, numbers):
        run.train(epochs=2, progress=False)
    np.testing.assert_allclose(one_hot.losses, numbers.losses, rtol=1e-5)
    assert one_hot.evaluate((X, np.eye(3)[Y])).keys() == {"loss"}


def test_answers_of_the_wrong_form() -> None:
    mistake(ShapeError, "x (4, 3)", "answers (4, 4)", data=(X, np.eye(4)[Y]))
    mistake(ShapeError, "answers.reshape(-1)", data=(X, np.ones((12, 1))))
    mistake(DtypeError, "nn.CrossEntropyLoss()", "one_hot", loss=nn.MSELoss())
    mistake(ShapeError, "target (4, 1)", loss=nn.MSELoss(), data=(X, np.ones((12, 1))))


# -- layers --------------------------------------------------------------------------------------------------------
def test_a_forgotten_flatten() -> None:
    mistake(ShapeError, "nn.Flatten()", "16 numbers", "layer 0, Linear(16, 3)", net=nn.Sequential(nn.Linear(16, 3)))
    mistake(ShapeError, "nn.Flatten() before the last nn.Linear", net=nn.Sequential(nn.Linear(4, 3)))
    mistake(ShapeError, "nn.Flatten()", net=nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(8, 3)))


def test_mixed_kinds_of_numbers() -> None:
    mixed = net()
    mixed[1].bias.to(np.float64)
    mistake(DtypeError, "float32", "float64", "layer 1, Linear(16, 3)", net=mixed)


# -- parts ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"net": nn.Sequential}, ["net=Sequential", "write brackets"]),
        ({"loss": nn.CrossEntropyLoss}, ["loss=CrossEntropyLoss", "nn.CrossEntropyLoss()"]),
        ({"optimizer": optim.Adam}, ["optimizer=Adam", "optim.Adam()"]),
        ({"net": [nn.Flatten(), nn.Linear(16, 3)]}, ["not list", "nn.Sequential(*net)"]),
        ({"net": nn.CrossEntropyLoss(), "loss": net()}, ["swapped"]),
        ({"loss": None}, ["such as nn.CrossEntropyLoss(), not None"]),
        ({"optimizer": None}, ["such as optim.Adam(alpha=0.001), not None"]),
        ({"optimizer": 0.1}, ["not 0.1"]),
        ({"data": None}, ["Dataset or a pair", "not None"]),
        ({"data": X}, ["not ndarray"]),
        ({"data": (X, Y, Y)}, ["not tuple"]),
        ({"data": DataLoader(Dataset(X, Y))}, ["give the Dataset and batch_size=..."]),
        ({"data": ct.data.load("digits")}, ["give data=....train"]),
        ({"validation": ct.data.load("digits")}, ["give data=....train"]),
        ({"batch_size": 0}, ["at least one example"]),
        ({"batch_size": 4.0}, ["batch_size is a whole number"]),
        ({"seed": "a"}, ["seed is a whole number"]),
        ({"metrics": ["acuracy"]}, ["no 'acuracy'", "accuracy"]),
        ({"net": nn.Linear(16, 3), "data": (X.reshape(12, 16), Y), "augment": [Shift(1)]}, ["Shift changes pictures"]),
    ],
)
def test_wrong_parts(parts: dict[str, Any], words: list[str]) -> None:
    mistake(CutawayError, *words, **parts)


# -- using ---------------------------------------------------------------------------------------------------------
def test_predict_takes_examples_as_they_come() -> None:
    run = make().train(epochs=1, progress=False)
    whole = np.arange(16).reshape(1, 1, 4, 4)
    expected = run.predict(whole.astype(np.float32))
    assert expected.shape == (1, 3)
    for same in (whole, whole.tolist(), whole.astype(float), ct.Tensor(whole.astype(np.float32))):
        assert (run.predict(same) == expected).all()
        assert run.predict(same).dtype == np.float32
    bytes_ = (whole * 17).astype(np.uint8)
    assert (run.predict(bytes_) == run.predict(bytes_ / np.float32(255))).all()
    assert (run.predict(Dataset(X, Y)) == run.predict(X)).all()
    assert (run.predict(X, batch_size=5) == run.predict(X)).all()


def test_predict_with_something_else() -> None:
    run = make()
    with pytest.raises(ShapeError, match=r"examples of shape \(1, 4, 4\), and these have \(4, 4\).*x\[None\]"):
        run.predict(X[0])
    with pytest.raises(ShapeError, match=r"these have \(1, 3, 4\)") as caught:
        run.predict(X[:, :, :3])
    assert "x[None]" not in str(caught.value)
    with pytest.raises(DtypeError, match="not str"):
        run.predict("seven")
    with pytest.raises(DtypeError, match="differ in shape"):
        run.predict([[1.0], [2.0, 3.0]])
    with pytest.raises(CutawayError, match="at least one example"):
        run.predict(X, batch_size=0)


def test_evaluate_with_nothing_or_something_else() -> None:
    run = make()
    with pytest.raises(CutawayError, match=r"on which examples\? run\.evaluate\(test\)"):
        run.evaluate()
    with pytest.raises(CutawayError, match="This data has parts"):
        run.evaluate(ct.data.load("digits"))
    with pytest.raises(ShapeError, match="matmul"):
        run.evaluate((X[:, :, :2], Y))


# -- going on ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("goal", [{"epochs": -1}, {"batches": -1}, {"epochs": "2"}, {"batches": 2.5}, {"until": 1.5}])
def test_goals_that_make_no_sense_change_nothing(goal: dict[str, Any]) -> None:
    run = make()
    with pytest.raises(CutawayError, match=r"whole number|0 or more"):
        run.train(progress=False, **goal)
    assert (run.batch, run.goal) == (0, 0)


def test_journeys_that_make_no_sense_change_nothing() -> None:
    run = make().train(batches=3, progress=False)
    for journey in (lambda: run.back(0.5), lambda: run.at("3"), lambda: run.back(1.5, "op")):
        with pytest.raises(DtypeError, match="is a whole number"):
            journey()
    for size in (0, 2.5):
        with pytest.raises(CutawayError, match="batch_size"):
            run.batch_size = size
    assert (run.batch, run.batch_size, run.history.events) == (3, 4, [])


def test_names_of_what_the_optimizer_remembers_are_guessed_too() -> None:
    run = make()
    with pytest.raises(CutawayError, match="Did you mean 'alpha'"):
        run.edit("alhpa", 0.1)
    with pytest.raises(CutawayError, match="a whole number, not None"):
        run.edit(None, 0.1)


# -- nothing to train ----------------------------------------------------------------------------------------------
def test_a_net_in_which_nothing_is_trained_runs_and_stays_as_it_is() -> None:
    frozen = make(net=net().freeze())
    before = {name: array.copy() for name, array in frozen.state.items()}
    frozen.train(epochs=1, progress=False)
    assert all((frozen.state[name] == array).all() for name, array in before.items())
    empty = make(net=nn.Sequential(nn.Flatten())).train(epochs=1, progress=False)
    assert len(empty.losses) == 3
    assert empty.back(2).batch == 1
