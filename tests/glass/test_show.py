"""What a reader sees of arrays."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine.errors import CutawayError
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
    assert "[0, 1] −1</title>" in html and "&lt;w&gt;" in html and 'role="img"' in html and "<td>−1</td>" in html
    assert 'class="p4"' in html and 'class="n8"' in html  # blue below zero, orange above, on one scale
    assert "http" not in html and "<script" not in html  # nothing from outside


def test_a_few_pictures_of_weights_are_drawn_large_enough_to_be_read() -> None:
    def wide(count: int) -> float:
        page = show(np.ones((count, 28, 28)) - 2)._repr_html_()
        across = float(re.search(r'viewBox="0 0 (\d+) ', page)[1])
        return float(re.search(r'<svg[^>]* width="([\d.]+)"', page)[1]) / across * 28

    assert wide(10) > 100 > wide(20) > 50  # pixels a picture


def test_filters_lie_side_by_side() -> None:
    html = show(np.ones((3, 1, 4, 4)))._repr_html_()
    assert html.count("h4v1h-4z") == 4 * 3  # three tiles, four rows each, one run of cells a row
    assert repr(show(np.ones((3, 1, 4, 5)))).splitlines()[-1].split(" ") == ["█████"] * 3


def test_below_zero_looks_different_also_without_colour() -> None:
    text = repr(show(np.linspace(-1, 1, 40).reshape(2, 20)))
    top, bottom = text.splitlines()[2:4]
    assert set(top) <= set(" ·-=≡") and set(bottom) <= set(" ░▒▓█") and "below zero" in text


def test_the_one_bad_number_among_a_million_is_seen() -> None:
    many = np.zeros((1000, 1000), np.float32)
    many[613, 7] = np.nan
    many[2, 999] = -5.0
    shown = show(many, "many")
    assert "!" in repr(shown) and "≡" in repr(shown) and "NaN 1!" in shown.summary
    html = shown._repr_html_()
    assert html.count('class="nan"') == 1 and 'class="n8" d=' in html and "▲ 1 NaN" in html
    assert len(html) < 100_000 and "farthest from zero" in html


def test_pictures_are_shown_to_the_eye_in_grey_or_colour() -> None:
    colours = np.zeros((2, 3, 8, 8))
    colours[0, 0] = 1.0
    html = show(colours)._repr_html_()
    assert html.count("<figure>") == 2 + 1 and 'fill="#f00"' in html and 'fill="#000"' in html
    assert show(colours - 0.5).pictures is None and show(colours - 0.5, pictures=True).pictures == (-0.5, 0.5)
    assert show(colours, pictures=False).pictures is None


def test_weights_slots_and_losses_of_a_run() -> None:
    run = a_run().train(batches=3, progress=False)
    assert repr(run.show("0.weight")).startswith("0.weight 2 x 6")
    assert run.show().summary.startswith("loss 3:") and "polyline" in run.show()._repr_html_()
    run.step("op")
    moment = run.step("op")
    assert moment.step is not None and str(moment.step.output) in repr(run.show(moment.step.output))
    assert float(run.show("alpha").array) == np.float32(0.1)


def test_layers_labels_and_gradients_by_their_names() -> None:
    run = a_run().train(batches=3, progress=False)
    program, values = run.relive(2)
    for name, slot in (("0.weight.grad", program.gradients["0.weight"]), ("loss", program.results["loss"])):
        assert np.array_equal(run.show(name).array, values[slot])
        assert "batch 2" in run.show(name).name  # no batch is open: the name says whose numbers they are
    assert run.show("forward/1").array.tobytes() == run.show("1").array.tobytes()
    assert (run.show("1").array >= 0).all() and np.array_equal(run.show("x").array, values[program.inputs["x"]])
    with pytest.raises(CutawayError, match=r"nothing called 'forwrd/1'.*'forward/1'"):
        run.show("forwrd/1")
    run.step("op")
    with pytest.raises(CutawayError, match=r"step \d+ of \d+.*run\.at\(3, \d+\)"):
        run.show("0.weight.grad")
    assert "batch" not in run.show("x").name


def test_weights_that_see_a_picture_are_shown_as_pictures() -> None:
    x = np.random.default_rng(0).random((6, 1, 8, 7))
    net = nn.Sequential(nn.Flatten(), nn.Linear(56, 3))
    run = ct.Run(net, nn.MSELoss(), optim.SGD(0.1), (x, x[:, 0, 0, :3]), batch_size=3)
    assert run.show("1.weight").array.shape == (3, 8, 7)


def test_rich_prints_it_in_two_colours() -> None:
    from rich.console import Console

    paper = io.StringIO()
    Console(file=paper, width=80, force_terminal=True, color_system="256").print(
        show(np.linspace(-1, 1, 40).reshape(2, 20))
    )
    blue, orange = re.search(r"(38;5;\d+)m≡", paper.getvalue()), re.search(r"(38;5;\d+)m[░▒▓█]+\x1b", paper.getvalue())
    assert blue and orange and blue[1] != orange[1]
