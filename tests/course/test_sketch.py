"""Networks from drawings and from algebra: both mean the same, and what they are read out as means the same again."""

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn
from cutaway.course.drawings.ch07 import told
from cutaway.course.sketch import build, code, letters
from cutaway.engine.errors import CutawayError

X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
SHAPES = {"A": (4, 3), "B": (2, 4), "C": (2, 3), "D": (4, 4)}
PAIRS = [
    ("x(3) -> y(2)", "y = C x"),
    ("x(3) --A--> h(4) relu --B--> y(2)", "y = B relu(A x)"),
    ("x(3) --A--> h(4) tanh --B--> y(2) sigmoid", "y = sigmoid(B tanh(A x))"),
    ("x(3) --A--> h(4) --B--> y(2)", "y = B A x"),
    ("x(3) --A--> h(4) relu --B--> y(2)\nx --C--> y", "y = B relu(A x) + C x"),
    ("x(3) --A--> h(4) relu --B--> y(2) relu\nx --C--> y", "y = relu(B relu(A x) + C x)"),
]


def share(one, other):
    for mine, yours in zip(one.parameters(), other.parameters(), strict=True):
        mine.data = yours.data


@pytest.mark.parametrize(("drawing", "algebra"), PAIRS)
def test_a_drawing_and_its_algebra_build_the_same_network(drawing, algebra):
    drawn, written = build(drawing), build(algebra, **SHAPES)
    share(written, drawn)
    assert np.allclose(drawn(X).data, written(X).data, atol=1e-6)
    if drawing != PAIRS[0][0]:  # where the drawing names no letters, it begins with A
        assert str(letters(drawn)) == algebra


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("drawing", [d for d, _ in PAIRS] + ["x(3)->a(4) relu->b(4) relu->y(2)\na=>b\nx->b\na->y"])
def test_the_code_that_is_read_out_computes_the_same(drawing, bias):
    net = build(drawing, bias=bias)
    made = {"nn": nn}
    exec(str(code(net)), made)
    share(made["net"], net)
    assert np.allclose(made["net"](X).data, net(X).data, atol=1e-6)


def test_two_roads_are_added_and_every_weight_gets_a_gradient():
    net = build("x(3) --A--> h(4) relu --B--> y(2)\nx --C--> y")
    a, b, c = (p.data for p in net.parameters())
    assert np.allclose(net(X).data, np.maximum(X @ a.T, 0) @ b.T + X @ c.T, atol=1e-6)
    run = ct.Run(net, nn.MSELoss(), ct.optim.SGD(0.1), data=(X, X[:, :2]), batch_size=5)
    before = [p.data.copy() for p in net.parameters()]
    run.train(batches=3, progress=False)
    assert all(np.any(p.data != old) for p, old in zip(net.parameters(), before, strict=True))


def test_a_head_start_is_given_once_to_a_box():
    assert list(build("x(3) -> h(4) relu -> y(2)\nx -> y", bias=True).named_parameters()) == [
        "A.weight", "A.bias", "B.weight", "B.bias", "C.weight",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("x(3)", "no arrow"),
        ("x(3) -> h -> y(2)", "How many numbers does h hold"),
        ("x(3) -> h(4) ralu -> y(2)", "there are relu, tanh, sigmoid"),
        ("x(3) -> h(4) -> h(5) -> y(2)", "drawn with 4 numbers, and again with 5"),
        ("x(3) --A--> h(4) --A--> y(2)", "Two arrows are called A"),
        ("x(3) -> h(4) -> y(2)\nh => y", "carries 4 numbers over"),
        ("x(3) -> h(4) -> k(4) -> y(2)\nk -> h", "loop"),
        ("x(3) -> y(2)\nz(4) -> y", "no arrow coming in: x, z"),
        ("x(3) -> y(2)\nx -> z(4)", "no arrow going out: y, z"),
        ("y = B relu(A x", "not closed"),
        ("y = B relu(A x))", "left over"),
        ("y = B relu(E x)", "How many numbers has x"),
        ("y = E relu(A x)", "What shape has E"),
        ("y = B A", "nothing to work on"),
        ("y = C relu(A x)", "takes 3 numbers; h brings 4"),
        ("y = A x + B relu(A x)", "add up lists of 2 and 4"),
        ("y = A x * 2", "'\\*' is not understood"),
        ("x(3) -> into(4) relu -> y(2)", "cannot be called into"),
        ("x(3) -> order(4) relu -> y(2)", "cannot be called order"),
    ],
)
def test_what_is_wrong_is_said(wrong, says):
    with pytest.raises(CutawayError, match=says):
        build(wrong, **SHAPES)


def test_the_picture_carries_the_drawing_in_words():
    net = build("x(3) --A--> h(4) relu --B--> y(4)\nh => y")
    assert told(net) == (
        "Boxes: x holds 3 numbers, h holds 4 after relu, y holds 4. Arrows: A, a table of (4, 3), from x to h; "
        "B, a table of (4, 4), from h to y; the numbers as they are from h to y."
    )
    assert f'aria-label="{told(net)}"' in net._repr_html_()
