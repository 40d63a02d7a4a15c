"""What a reader sees of arrays."""

from __future__ import annotations

import numpy as np

import cutaway as ct
from cutaway import nn, optim
from cutaway.glass import show


def a_run() -> ct.Run:
    net = nn.Sequential(nn.Linear(6, 2), nn.ReLU(), nn.Linear(2, 1))
    x = np.arange(18, dtype=np.float32).reshape(3, 6) / 10
    return ct.Run(net, nn.MSELoss(), optim.SGD(0.1), (x, x[:, :1]), batch_size=3)


def test_few_numbers_are_printed_and_many_become_a_picture() -> None:
    assert "[[1., 2.]]" in repr(show(np.array([[1.0, 2.0]])))
    many = repr(show(np.eye(30), "identity"))
    assert many.startswith("identity 30 x 30:") and "spread" in many and "█" in many


def test_what_is_no_number_is_counted() -> None:
    text = show(np.array([0.0, np.nan, np.inf, 0.0])).summary
    assert "NaN 1!" in text and "infinite 1!" in text and "zeros 50%" in text
    assert "empty" in show(np.zeros((0, 3))).summary


def test_a_notebook_gets_a_picture_with_its_numbers() -> None:
    html = show(np.array([[0.5, -1.0]]), "<w>")._repr_html_()
    assert html.count("<rect") == 2 and "[0, 1] -1" in html and "&lt;w&gt;" in html and 'role="img"' in html


def test_filters_lie_side_by_side() -> None:
    assert show(np.ones((3, 1, 4, 4)))._repr_html_().count("<rect") == 4 * 14


def test_weights_slots_and_losses_of_a_run() -> None:
    run = a_run().train(batches=3, progress=False)
    assert repr(run.show("0.weight")).startswith("0.weight 2 x 6")
    assert "3:" in run.show().summary
    run.step("op")
    moment = run.step("op")
    assert moment.step is not None and str(moment.step.output) in repr(run.show(moment.step.output))
