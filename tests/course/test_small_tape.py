"""The tape of chapter 6 is the engine in small: the chapter builds this very code, and its numbers are the engine's."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn
from cutaway.course import small_tape
from cutaway.course.chapters import chapter
from cutaway.course.small_tape import Tape, backward, forward, rule

CELLS = "\n".join(
    cell["source"] for cell in chapter(6).whole()["cells"] if cell["cell_type"] == "code"
)  # the chapter's code, top to bottom


def bare(node: ast.AST) -> str:
    """The code without docstrings and annotations."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef):
            inner.returns = None
            for argument in (*inner.args.args, inner.args.vararg):
                if argument is not None:
                    argument.annotation = None
        if isinstance(inner, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(inner):
            inner.body = inner.body[1:]
    return ast.unparse(node)


def plain(source: str) -> dict[str, str]:
    """Every function, class and table of the source by its name, without what only a package needs."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.FunctionDef | ast.ClassDef):
                    inner.body = [
                        ast.Assign([line.target], line.value, lineno=1) if isinstance(line, ast.AnnAssign) else line
                        for line in inner.body
                    ]
            found[node.name] = together(bare(node))
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id in ("forward", "rule"):
            found[target.id] = ast.unparse(node.value)
    return found


def together(code: str) -> str:
    """Two empty lists may be made in one line."""
    return code.replace("self.values = []\n        self.steps = []", "self.values, self.steps = ([], [])")


def test_the_chapter_builds_this_file_word_for_word() -> None:
    with open(small_tape.__file__, encoding="utf-8") as file:
        ours = plain(file.read())
    theirs = plain(CELLS)
    assert {"Tape", "backward", "listing", "forward", "rule", "relu", "gate", "spread"} <= set(ours)
    for name, code in ours.items():
        assert theirs[name] == code, name
    assert "forward['gate'], forward['spread'] = (gate, spread)" in ast.unparse(ast.parse(CELLS))


def small(net: Any, arrays: list[Any]) -> tuple[float, list[Any]]:
    tape = Tape()
    slots = [tape.put(array) for array in arrays]
    loss = net(tape, *slots)
    deltas = backward(tape, loss)
    return float(tape.values[loss]), [tape.values[deltas[slot]] for slot in slots]


def big(net: Any, arrays: list[Any]) -> tuple[float, list[Any]]:
    with ct.Tape():
        leaves = [ct.Tensor(array, requires_grad=True) for array in arrays]
        loss = net(*leaves)
        loss.backward()
    return loss.item(), [leaf.grad.numpy() for leaf in leaves]


def stack(depth: int) -> tuple[Any, Any, list[tuple[int, ...]]]:
    """A network with hidden layers in both engines; the shapes of what goes in are never square."""
    sizes = [*[3, 5, 4, 6][: depth + 1], 2]
    shapes = [(7, 3), *((o, i) for i, o in pairwise(sizes)), (7, 2)]

    def in_small(tape: Tape, x: int, *rest: int) -> int:
        *weights, y = rest
        for k, w in enumerate(weights):
            x = tape.do("matmul", x if k == 0 else tape.do("relu", x), tape.do("flip", w))
        error = tape.do("sub", x, y)
        return tape.do("mean", tape.do("mul", error, error))

    def in_big(x: Any, *rest: Any) -> Any:
        *weights, y = rest
        for k, w in enumerate(weights):
            x = (x if k == 0 else x.relu()) @ w.T
        return ((x - y) * (x - y)).mean()

    return in_small, in_big, shapes


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_loss_and_every_gradient_are_the_engines(depth: int, seed: int) -> None:
    in_small, in_big, shapes = stack(depth)
    chance = np.random.default_rng(seed)
    arrays = [chance.normal(size=shape) for shape in shapes]
    loss, deltas = small(in_small, arrays)
    wanted, grads = big(in_big, arrays)
    assert np.isclose(loss, wanted, rtol=1e-13)
    for delta, grad in zip(deltas, grads, strict=True):
        assert delta.shape == grad.shape and np.allclose(delta, grad, rtol=1e-12, atol=1e-14)


def test_training_ends_at_the_runs_weights() -> None:
    chance = np.random.default_rng(5)
    # a run keeps its data in single precision: numbers that lose nothing there
    x, y = (np.round(chance.normal(size=(9, k)) * 64) / 64 for k in (3, 2))
    weights = [chance.normal(size=(5, 3)), chance.normal(size=(2, 5))]
    net = nn.Sequential(nn.Linear(3, 5, bias=False), nn.ReLU(), nn.Linear(5, 2, bias=False))
    net[0].weight.data, net[2].weight.data = (w.copy() for w in weights)
    run = ct.Run(net, nn.MSELoss(), ct.optim.SGD(alpha=0.125), data=(x, y), batch_size=9)
    run.train(batches=60, progress=False)
    in_small, _, _ = stack(1)
    for _ in range(60):
        _, deltas = small(in_small, [x, *weights, y])
        weights = [w - 0.125 * delta for w, delta in zip(weights, deltas[1:-1], strict=True)]
    assert np.allclose(run.state["0.weight"], weights[0], rtol=1e-9)
    assert np.allclose(run.state["2.weight"], weights[1], rtol=1e-9)


def test_the_way_back_can_be_gone_back_over() -> None:
    """The slope of a slope, against the engine's."""
    chance = np.random.default_rng(2)
    a, b = chance.normal(size=(4, 3)), chance.normal(size=(3, 2))

    tape = Tape()
    slots = tape.put(a), tape.put(b)
    product = tape.do("relu", tape.do("matmul", *slots))
    deltas = backward(tape, tape.do("mean", tape.do("mul", product, tape.do("mul", product, product))))
    bend = backward(tape, tape.do("mean", tape.do("mul", deltas[slots[0]], deltas[slots[0]])))

    with ct.Tape():
        one, two = ct.Tensor(a), ct.Tensor(b)
        y = (one @ two).relu()
        (slope,) = ct.backward((y * y * y).mean(), [one])
        bends = ct.backward((slope * slope).mean(), [one, two])
    for slot, wanted in zip(slots, bends, strict=True):
        assert np.allclose(tape.values[bend[slot]], wanted.numpy(), rtol=1e-10, atol=1e-14)


def test_diamonds_are_walked_once() -> None:
    tape = Tape()
    x = slot = tape.put(1.5)
    for _ in range(40):
        slot = tape.do("add", slot, slot)
    before = len(tape.steps)
    assert tape.values[backward(tape, slot)[x]] == 2.0**40
    assert len(tape.steps) - before == 40


def test_every_step_has_a_rule_and_every_rule_is_felt() -> None:
    assert set(forward) == set(rule)
    sizes: dict[str, Any] = {
        "matmul": ((4, 3), (3, 2)), "flip": ((4, 3),), "relu": ((4, 3),), "mean": ((4, 3),),
        "gate": ((4, 3), (4, 3)), "spread": ((), (4, 3)),
    }  # fmt: skip
    chance = np.random.default_rng(0)
    for name in forward:
        arrays = [chance.normal(size=shape) for shape in sizes.get(name, ((4, 3), (4, 3)))]
        tape = Tape()
        slots = [tape.put(array) for array in arrays]
        y = tape.do(name, *slots)
        seed = chance.normal(size=tape.values[y].shape)
        loss = tape.do("mean", tape.do("mul", y, tape.put(seed)))
        deltas = backward(tape, loss)
        for k, slot in enumerate(slots):
            way = chance.normal(size=arrays[k].shape)
            moved = [array + (1e-6 * way if j == k else 0) for j, array in enumerate(arrays)]
            behind = [array - (1e-6 * way if j == k else 0) for j, array in enumerate(arrays)]
            felt = ((forward[name](*moved) - forward[name](*behind)) * seed).mean() / 2e-6
            said = (tape.values[deltas[slot]] * way).sum() if slot in deltas else 0.0
            assert np.isclose(said, felt, rtol=1e-5, atol=1e-8), (name, k)
