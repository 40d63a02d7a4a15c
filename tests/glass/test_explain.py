"""Every operation can be told with its numbers, and the numbers told are the ones that were computed."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine.errors import CutawayError
from cutaway.engine.op import Op
from cutaway.engine.registry import OPS
from cutaway.glass import explain
from cutaway.glass.telling.numbers import numbers
from cutaway.glass.telling.rows import Case, lines
from cutaway.glass.telling.told import Explained
from cutaway.glass.terms import terms

ALL = sorted(name for name, op in OPS.items() if op.samples and type(op).__module__.startswith("cutaway."))


def cases(op: Op, most: int = 6) -> list[Case]:
    """Some numbers of every sample: the corners and a few between."""
    found = []
    for sample in op.samples:
        arrays = [np.asarray(a) for a in sample.arrays(3)]
        y = np.asarray(op.forward(*arrays, **sample.attrs))
        places = list(np.ndindex(y.shape))
        step = max(1, len(places) // most)
        found += [Case(op, arrays, sample.attrs, y, at) for at in {*places[::step], places[-1]}]
    return found


@pytest.mark.parametrize("name", ALL)
def test_every_operation_is_told_down_to_one_number(name: str) -> None:
    """Whatever is added up gives the sum that is written, and the number itself stands in the text."""
    for case in cases(OPS[name]):
        rows = numbers(case.op, case.arrays, case.attrs, case.y, case.at)
        parts = 0.0
        for row in rows:
            if row.kind in ("term", "rest"):
                parts += row.value or 0.0
            if row.kind == "total":
                assert row.value is not None
                assert parts == pytest.approx(row.value, rel=1e-9, abs=1e-12)
                parts = 0.0
        text = "\n".join(lines(rows))
        value = case.value
        shown = str(value) if value.dtype == bool else f"{float(value):.4g}" if value.dtype.kind == "f" else str(value)
        assert shown.removeprefix("-" if not case.value else "") in text, text


@pytest.mark.parametrize("name", [n for n in ALL if OPS[n].kind == "elementwise" and n not in ("cast", "where")])
def test_a_filled_in_formula_computes_to_its_number(name: str) -> None:
    known = {"sqrt": math.sqrt, "tanh": math.tanh, "erf": math.erf, "pi": math.pi, "max": max, "cos": math.cos}
    known |= {"sin": math.sin, "ln": math.log, "log10": math.log10, "log2": math.log2, "e": math.e}
    known |= {"sigmoid": lambda x: 1 / (1 + math.exp(-x))}
    for case in cases(OPS[name]):
        said = numbers(case.op, case.arrays, case.attrs, case.y, case.at)[-1].words.split("   because")[0]
        links = said.split(" = ")
        formula = links[max(1, len(links) - 2)]
        if name in ("erf", "equal", "not_equal", "neg"):
            continue  # words, or two links that are the same
        formula = re.sub(r"\|(.+)\|", r"abs(\1)", formula.replace("^", "**"))
        formula = re.sub(r"\bln (\S+)", r"ln(\1)", formula)
        if not re.fullmatch(r"[a-z]\w*", formula):  # a branch such as "y = x" has only its name
            assert float(eval(formula, known)) == pytest.approx(float(case.value), rel=2e-2, abs=2e-3), said


@pytest.mark.parametrize("name", ["matmul", "conv2d", "conv2d_w", "conv2d_x"])
def test_products_name_the_numbers_that_are_multiplied(name: str) -> None:
    for case in cases(OPS[name]):
        found = terms(case.op, case.arrays, case.attrs, case.y, case.at)
        assert found is not None and len(found.numbers) == 2
        assert found.total == pytest.approx(float(case.value), rel=1e-9, abs=1e-12)
        for owner, flat, values in zip(found.inputs, found.places, found.numbers, strict=True):
            assert [case.arrays[k].ravel()[p] for k, p in zip(owner, flat, strict=True)] == values.tolist()


@pytest.mark.parametrize("name", [n for n in ALL if OPS[n].written is not None])
def test_whatever_can_be_opened_opens_into_steps_with_numbers(name: str) -> None:
    for case in cases(OPS[name], most=1)[:3]:
        told = Explained(name, "", case.op.story, case).opened()
        assert told.inside and all(step.rows for step in told.inside)
        last = told.inside[-1].case
        assert last is not None and float(last.value) == pytest.approx(float(case.value), rel=1e-6, abs=1e-9)


class Cubed(Op):
    """A cube.

    y = x ** 3, summed

    x: the side
    """

    @staticmethod
    def forward(x: Any) -> Any:
        return (x**3).sum()

    @staticmethod
    def backward(g: Any, y: Any, x: Any) -> Any:
        return g * x * x * 3.0

    @staticmethod
    def shape(x: Any) -> Any:
        return ()


def test_an_operation_of_ones_own_is_told_by_what_it_hangs_on() -> None:
    try:
        rows = numbers(Cubed(), [np.array([1.0, -2.0])], {}, np.array(-7.0), ())
        assert "hangs on" in rows[0].words and rows[1].value == 12.0 and "x[1] = -2" in rows[1].words
    finally:
        del OPS["cubed"]


# -- in a run -------------------------------------------------------------------------------------------------------
def a_run(optimizer: optim.Optimizer | None = None) -> ct.Run:
    net = nn.Sequential(nn.Linear(6, 2), nn.ReLU(), nn.Linear(2, 1))
    x = np.arange(18, dtype=np.float32).reshape(3, 6) / 10
    return ct.Run(net, nn.MSELoss(), optimizer or optim.SGD(0.1), (x, x[:, :1]), batch_size=3)


def test_a_weighted_sum_is_told_down_to_its_largest_products() -> None:
    run = a_run()
    run.step("op")
    run.step("op")
    told = repr(explain(run, at=(2, 1)))
    x, w = run.see("x")[2], run.see("0.weight")[1]
    assert "A vote" in told and "the sum of 6 products" in told and "the other 2 together" in told
    assert f"{float(x @ w):.4g}   " in told.splitlines()[-1] and told.splitlines()[-1].endswith("y[2, 1]")
    largest = int(np.argmax(np.abs(x * w)))
    assert f"x[2, {largest}] * w[1, {largest}]" in told
    assert "w is 0.weight" in told and "x is the input x" in told


def test_a_layer_is_told_by_its_story_and_its_steps() -> None:
    run = a_run().train(batches=2, progress=False)
    told = run.explain("0", at=(1, 0))
    assert told.title.startswith("0: Linear") and "weighted sum" in told.story.analogy
    assert [step.title.split(" ")[0] for step in told.inside] == ["matmul", "add"]
    product, added = (step.case for step in told.inside)
    assert product is not None and added is not None and added.at == (1, 0) == product.at
    assert float(product.value) + float(run.back().state["0.bias"][0]) == pytest.approx(float(added.value))
    assert "batch 1" in repr(told)


def test_a_network_without_a_run_is_told_with_an_example() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5), nn.Linear(2, 4))
    x = np.arange(15, dtype=np.float32).reshape(5, 3)
    told = explain(net, "2", at=(4, 3), example=x)
    assert told.title == "2: Linear(2, 4)" and net.training  # told as in use, and left as it was
    last = told.inside[-1].case
    assert last is not None and float(last.value) == pytest.approx(float(net.eval()(x).data[4, 3]))
    assert explain(net, example=x).case.at == np.unravel_index(np.abs(net(x).data).argmax(), (5, 4))
    with pytest.raises(CutawayError, match=r"explain\(net, '0', example=x\)"):
        explain(net, "0")
    with pytest.raises(CutawayError, match="run that trains it"):
        explain(net, "optimizer", example=x)
    with pytest.raises(CutawayError, match="brings its own"):
        explain(a_run(), "0", example=x)


def test_the_loss_and_the_optimizer_are_told() -> None:
    run = a_run(optim.Adam(0.01)).train(batches=3, progress=False)
    loss = repr(run.explain("loss"))
    assert "mse" in loss and f"= {float(run.losses[-1]):.4g}" in loss
    told = run.explain("optimizer", at=(1, 3))
    assert "walk in the fog" in repr(told) and "0.weight" in told.title
    last = told.inside[-1].case
    assert last is not None and last.op.name == "adaptive_step" and last.value == run.state["0.weight"][1, 3]
    assert all(step.case is not None and step.case.at == (1, 3) for step in told.inside if step.case.y.ndim == 2)
    assert run.explain("2.bias").title == "the update of 2.bias by Adam"
    assert run.explain("0.weight.grad").case.op.name == "matmul"


def test_what_is_not_computed_yet_is_told_without_numbers_and_says_how_to_get_there() -> None:
    run = a_run()
    run.step("op")
    told = run.explain("loss")
    assert told.rows == [] and "Not computed yet" in told.note
    batch, op = map(int, re.search(r"run\.at\((\d+), (\d+)\)", told.note).groups())
    assert run.at(batch, op).explain("loss").rows


def test_a_loss_can_be_opened_into_smaller_steps() -> None:
    run = a_run().train(batches=1, progress=False)
    assert "made of smaller ones" in repr(run.explain("loss"))
    told = run.explain("loss", inside=True)
    assert [step.title for step in told.inside] == ["s1 = sub(x, target)", "s2 = power(s1)", "s3 = mean(s2)"]
    with pytest.raises(CutawayError, match="as small as a step gets"):
        run.explain("1").opened()


def test_a_notebook_gets_the_same_with_bars() -> None:
    run = a_run().train(batches=1, progress=False)
    page = run.explain("0", at=(0, 1))._repr_html_()
    assert "<style>" in page and "term" not in page and page.count("<table") == 1 and "weighted sum" in page
    assert "&lt;" in Explained("<b>", "", OPS["relu"].story)._repr_html_()


def test_a_step_that_is_not_there_is_refused() -> None:
    run = a_run()
    with pytest.raises(CutawayError, match="no step of an open batch"):
        run.explain()
    run.step("op")
    run.step("op")
    with pytest.raises(CutawayError, match="fills slot 999"):
        run.explain(999)
    with pytest.raises(CutawayError, match="the input 'x'"):
        run.explain(run.program.inputs["x"])
    with pytest.raises(CutawayError, match="names no number"):
        run.explain(at=(9, 9))
    with pytest.raises(CutawayError, match=r"'forward/0'.*There are layers \(0, 1, 2\)"):
        run.explain("forwrd/0")
