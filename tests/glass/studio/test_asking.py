"""What a page asks: explanations, reasons, the drawing board, health; and of runs that were saved."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cutaway.training import Run

from .talking import Page, digits, small


def test_explanations_add_up_to_the_number_that_stands_there():
    page = Page(digits())
    page.ask("step", unit="op", n=4)
    k = next(k for k, step in enumerate(page.run.program.steps) if step.op.name == "matmul")
    told = page.one("explained", "explain", step=k, at=[3, 2])
    terms = told["terms"]
    total = sum(part["value"] for part in terms["parts"]) + terms["more"]["value"]
    assert total == pytest.approx(float(page.run.see(page.run.program.steps[k].output)[3, 2]), rel=1e-4)
    assert len(terms["parts"]) + terms["more"]["count"] == 36
    products = told["data"]["inputs"] * told["data"]["weights"]
    assert np.allclose(products, told["data"]["products"]) and products.sum() == pytest.approx(total, rel=1e-4)


def test_a_step_is_opened_into_smaller_ones():
    page = Page(digits())
    loss = next(k for k, step in enumerate(page.run.program.steps) if step.op.written is not None)
    page.ask("step", unit="op", n=loss + 2)
    told = page.one("explained", "explain", step=loss, inside=True)["inside"]
    assert len(told) > 1 and all(one["numbers"] for one in told) and told[0]["title"].startswith("s1 = ")
    assert "inside" not in page.one("explained", "explain", step=loss)


def test_why_is_told_with_parts_that_sum_to_the_change():
    page = Page(digits())
    page.go("step", unit="batch", n=3)
    told = page.one("why", "why", name="3.weight", index=[1, 2])
    assert sum(part for _, part in told["rule"]) == pytest.approx(told["change"], abs=1e-7)
    gradient = dict(told["rule"])["this batch's gradient"]
    given = sum(e["part"] for e in told["examples"]) + told["others"]["part"]
    assert given == pytest.approx(gradient, abs=1e-7)
    for example in told["examples"]:
        assert np.prod([v for _, v in example["path"]]) == pytest.approx(example["part"], rel=1e-3, abs=1e-9)
    assert told["data"]["pictures"].shape == (8, 1, 6, 6)


def test_where_nobody_points_the_number_that_moved_most_is_told():
    page = Page(digits())
    page.go("step", unit="batch", n=3)
    before = page.run.fork().at(2).see("1.weight")
    moved = np.abs(page.run.see("1.weight").astype(float) - before)
    told = page.one("why", "why", name="1.weight")
    assert moved[tuple(told["index"])] == moved.max()
    assert "why" in page.error("why", name="nothing")


def test_the_drawing_board_answers_as_the_run_predicts():
    page = Page(digits())
    page.go("step", unit="batch", n=5)
    drawing = np.random.default_rng(1).random((6, 6)).astype("f")
    buffers = [{"name": "drawing", "dtype": "float32", "shape": [6, 6]}]
    told = page.one("predicted", "predict", parts=[drawing.tobytes()], buffers=buffers)
    assert np.allclose(told["outputs"], page.run.predict(drawing[None, None])[0])
    assert np.array_equal(told["data"]["seen"], drawing) and sum(told["shares"]) == pytest.approx(1)
    slot = page.session.board.program.results["outputs"]
    assert np.allclose(page.numbers(board=slot)[0], told["outputs"])
    k = len(told["program"]["steps"]) - 2
    why = page.one("explained", "explain", board=True, step=k, at=[0, told["answer"]])
    assert why["terms"]["total"] == pytest.approx(why["value"], rel=1e-4)
    assert page.run.batch == 5 and page.run.op == 0


def test_health_and_the_network_are_told():
    page = Page(small())
    page.go("step", unit="batch", n=4)
    assert isinstance(page.one("health", "health")["items"], list)
    nodes = page.one("picture", "picture")["nodes"]
    assert any(node["kind"] == "layer" for node in nodes)


# -- saved runs -------------------------------------------------------------------------------------------------------
MAKER = """
import sys
import numpy as np
from cutaway import nn, optim, Run

class Mine(nn.Module):
    def __init__(self):
        self.inner = nn.Linear(3, 4)
        self.scale = nn.Parameter(nn.init.ones(), (4,))
    def forward(self, x):
        return (self.inner(x).tanh() * self.scale).sum(1, keepdim=True)

x = np.random.default_rng(0).normal(size=(20, 3)).astype("f")
run = Run(Mine(), nn.MSELoss(), optim.Adam(0.02), (x, x[:, :1]), batch_size=8)
run.train(batches=7, progress=False).save(sys.argv[1])
np.save(sys.argv[2], x)
"""


def test_a_saved_run_opens_without_the_code_that_made_it(tmp_path):
    (tmp_path / "maker.py").write_text(MAKER, encoding="utf-8")
    file, numbers = tmp_path / "mine.safetensors", tmp_path / "x.npy"
    subprocess.run([sys.executable, tmp_path / "maker.py", file, numbers], check=True, env={"PYTHONPATH": "src"})
    x = np.load(numbers)
    page = Page(Run.resume(file, data=(x, x[:, :1])))
    session = page.one("session", "hello")
    assert not session["run"]["own_code"] and session["run"]["data"]
    steps = page.run.program.steps
    page.ask("step", unit="op", n=len(steps) + 1)
    assert page.one("array", "look", key="a", what={"slot": steps[-1].output}, stats=True)["known"]
    assert "no slot" in page.error("look", key="a", what={"slot": 10**6})
    assert page.frame("play")["playing"]

    lonely = Page(Run.resume(file))  # its data is gone as well
    told = {answer["kind"]: answer for answer in lonely.ask("hello")}
    assert told["session"]["run"]["data"] is False and "not here" in told["frame"]["title"]
    assert np.array_equal(lonely.numbers(name="inner.weight"), lonely.run.state["inner.weight"])
    assert "data" in lonely.error("step", unit="op") and "data" in lonely.error("play")
