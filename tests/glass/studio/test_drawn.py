"""What a drawing goes through: a digit is laid out like those that were learnt, anything else is left as it is."""

from __future__ import annotations

import numpy as np

from cutaway import nn, optim
from cutaway.data import Dataset
from cutaway.glass.studio.drawn import preparation
from cutaway.projects import digits
from cutaway.training import Run

from .talking import Page


def run_on(name: str, side: int = 28) -> Run:
    """A run on empty pictures that go by a name."""
    data = Dataset(np.zeros((8, 1, side, side), "f"), np.arange(8) % 2, name=name, classes=("no", "yes"))
    return Run(nn.Sequential(nn.Flatten(), nn.Linear(side**2, 2)), nn.CrossEntropyLoss(), optim.SGD(0.1), data)


def predicted(run: Run, ink: np.ndarray) -> dict:
    """What the page of any studio is answered, however it was opened."""
    buffers = [{"name": "drawing", "dtype": "float32", "shape": list(ink.shape)}]
    return Page(run).one("predicted", "predict", parts=[ink.astype("f").tobytes()], buffers=buffers)


def one_in_a_corner() -> np.ndarray:
    ink = np.zeros((280, 280))
    ink[20:120, 40:55] = 1
    return ink


def test_drawn_digits_are_laid_out_like_those_the_network_learnt():
    run = digits.new_run(digits.Recipe(epochs=1))
    told = predicted(run, one_in_a_corner())
    rows, columns = np.nonzero(told["data"]["seen"] > 0.5)
    assert told["digit"] and rows.max() - rows.min() >= 17 and abs(columns.mean() - 13.5) < 1.5
    told = predicted(run, np.zeros((28, 28)))  # an empty board is no error, and nobody says that it was cut out
    assert not told["digit"] and not told["data"]["seen"].any()
    assert preparation(run_on("mnist/train")) is preparation(run)


def test_other_pictures_are_left_as_they_are_drawn():
    for run in (run_on("fashion/train"), run_on("my pictures"), run_on("digits/train", side=12)):
        assert preparation(run) is None
    told = predicted(run_on("fashion/train"), one_in_a_corner())
    rows, columns = np.nonzero(told["data"]["seen"] > 0.5)
    assert not told["digit"] and (rows.min(), rows.max(), columns.max()) == (2, 11, 4)
    assert Page(run_on("fashion/train")).one("session", "hello")["board"] == {
        "shape": [28, 28],
        "classes": ["no", "yes"],
    }


def test_another_preparation_can_be_given():
    page = Page(run_on("digits/train"))
    page.session.board.prepare = lambda ink: 1 - ink
    buffers = [{"name": "drawing", "dtype": "uint8", "shape": [1, 2]}]
    told = page.one("predicted", "predict", parts=[bytes([0, 255])], buffers=buffers)
    assert not told["digit"] and told["data"]["seen"][0, 0] == 1 and told["data"]["seen"][0, -1] == 0
