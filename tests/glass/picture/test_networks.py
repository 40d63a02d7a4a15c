"""Any network built with nn can be drawn: every step stands there once, no box lies on another, arrows go forward."""

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway import nn, ops, optim
from cutaway.glass.picture import picture
from cutaway.training.program import training_program


class Residual(nn.Module):
    def __init__(self, *inner):
        self.inner = nn.Sequential(*inner)

    def forward(self, x):
        return ops.relu(x + self.inner(x))


class UNet(nn.Module):
    def __init__(self, c=2):
        self.down, self.deep = nn.Conv2d(1, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)
        self.pool, self.up, self.out = nn.MaxPool2d(2), nn.Upsample(scale_factor=2), nn.Conv2d(2 * c, 1, 1)

    def forward(self, x):
        a = self.down(x)
        return self.out(ops.concat(self.up(self.deep(self.pool(a))), a, dim=1)).reshape(-1, 64)


class Words(nn.Module):
    def __init__(self, deep, both):
        self.embed = nn.Embedding(9, 6)
        self.lstm = nn.LSTM(6, 4, num_layers=deep, bidirectional=both)

    def forward(self, x):
        return self.lstm(self.embed(x))[0].mean(1)


class Translator(nn.Module):
    def __init__(self, layers):
        self.embed, self.pos = nn.Embedding(9, 8), nn.PositionalEncoding(8)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 12), layers)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 12), layers)
        self.out = nn.Linear(8, 9, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x):
        x = self.pos(self.embed(x))
        return self.out(self.decoder(x, self.encoder(x))).mean(1)


class Tied(nn.Module):
    def __init__(self, times):
        self.same, self.times = nn.Linear(8, 8), times

    def forward(self, x):
        for _ in range(self.times):
            x = self.same(x)
        return x


RNG = np.random.default_rng(0)
VECTORS, PICTURES = RNG.normal(size=(3, 8)).astype("f"), RNG.normal(size=(3, 1, 8, 8)).astype("f")
SENTENCES = RNG.integers(0, 9, (3, 5))
PARTS = {
    "linear": lambda: [nn.Linear(8, 8)],
    "door": lambda: [nn.ReLU()],
    "norm": lambda: [nn.LayerNorm(8), nn.Dropout(0.2)],
    "residual": lambda: [Residual(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8))],
    "nested": lambda: [Residual(Residual(nn.Linear(8, 8)), nn.BatchNorm1d(8))],
}
stacks = st.lists(st.sampled_from(sorted(PARTS)), min_size=1, max_size=20).map(
    lambda names: (nn.Sequential(*[part for name in names for part in PARTS[name]()]), VECTORS)
)
networks = st.one_of(
    stacks,
    st.just(0).map(lambda _: (UNet(), PICTURES)),
    st.tuples(st.integers(1, 2), st.booleans()).map(lambda how: (Words(*how), SENTENCES)),
    st.integers(1, 2).map(lambda layers: (Translator(layers), SENTENCES)),
    st.integers(2, 5).map(lambda times: (Tied(times), VECTORS)),
)


def recorded(net, x):
    return training_program(net, nn.MSELoss(), optim.Adam(0.01), x, np.zeros(net(x).shape, "f"))


def sound(drawn):
    """No two boxes of a strip overlap, and all arrows between values go to the right or to the next line."""
    for drawing in drawn.strips:
        strip = drawing.strip
        boxes = list(strip.boxes.values())
        for k, (x, y, w, h) in enumerate(boxes):
            assert min(x, y) >= -0.01 and x + w <= strip.width + 0.01 and y + h <= strip.height + 0.01
            for x2, y2, w2, h2 in boxes[:k]:
                assert x + w <= x2 + 0.01 or x2 + w2 <= x + 0.01 or y + h <= y2 + 0.01 or y2 + h2 <= y + 0.01
        place = {item.id: k for k, item in enumerate(strip.view.items)}
        for start, end, row, _ in strip.arrows:
            columns = [strip.plan.columns[place[id]] for id in (start, end)]
            assert columns == sorted(columns, reverse=row == "back") and columns[0] != columns[1]


@settings(deadline=None, max_examples=25, derandomize=True)
@given(networks, st.sampled_from(["forward", "all"]), st.sampled_from([800, 1280]))
def test_any_network_is_drawn_soundly(network, phase, width):
    tape = recorded(*network)
    sound(picture(tape, phase=phase, width=width))


@settings(deadline=None, max_examples=8, derandomize=True)
@given(networks, st.sampled_from(["matrices", "neurons"]))
def test_any_network_is_drawn_soundly_at_every_depth(network, depth):
    tape = recorded(*network)
    drawn = picture(tape, depth=depth, phase="all")
    sound(drawn)
    ElementTree.fromstring(drawn.svg)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(networks)
def test_every_step_stands_in_the_tree_once(network):
    tape = recorded(*network)
    data = picture(tape).data()
    steps = [node for node in data["nodes"] if node["kind"] == "step"]
    assert [node["steps"] for node in steps] == [[k, k + 1] for k in range(len(tape.steps))]
    assert len({node["id"] for node in data["nodes"]}) == len(data["nodes"])
    place = {node["id"]: k for k, node in enumerate(data["nodes"])}
    children = {}
    for node in data["nodes"]:
        children.setdefault(node["parent"], []).append(node)
    for node in data["nodes"]:
        if node["kind"] not in ("step", "input"):  # the parts make the whole, without gaps
            ends = [child["steps"] for child in children[node["id"]]]
            assert [ends[0][0], ends[-1][1]] == node["steps"]
            assert all(a[1] == b[0] for a, b in pairwise(ends))
    for edge in data["edges"]:
        assert place[edge["from"]] < place[edge["to"]]
    read = {(slot, step.output) for step in tape.steps for slot in step.inputs if slot not in tape.constants}
    state = set(tape.state.values())
    assert {(e["slot"], int(e["to"].removeprefix("step/"))) for e in data["edges"]} == {
        (slot, out) for slot, out in read if slot not in state
    }


@settings(deadline=None, max_examples=25, derandomize=True)
@given(networks)
def test_every_backward_step_belongs_to_a_step_before_it(network):
    data = picture(recorded(*network)).data()
    at = {node["id"]: node for node in data["nodes"]}
    for node in data["nodes"]:
        if node["kind"] == "step" and node["phase"] == "backward":
            twin = at[node["mirror"]]
            assert twin["phase"] in ("forward", "loss")
            assert twin["path"] == node["path"] or (twin["phase"], node["path"]) == ("loss", "loss")


def test_the_gradients_of_a_layer_used_twice_go_to_each_use():
    class Twice(nn.Module):
        def __init__(self):
            self.a = nn.Linear(8, 8)

        def forward(self, x):
            return ops.tanh(self.a(ops.tanh(self.a(x))))

    data = picture(recorded(Twice(), VECTORS)).data()
    at = {node["id"]: node for node in data["nodes"]}
    back = [node for node in data["nodes"] if node["kind"] == "step" and node["phase"] == "backward"]
    uses = [at[at[node["mirror"]]["parent"]]["id"] for node in back if node["path"] == "a"]
    assert list(dict.fromkeys(uses)) == ["forward/a~2", "forward/a"]


@pytest.mark.parametrize("times", [1, 100])
def test_three_hundred_steps_are_as_readable_as_three(times):
    net = nn.Sequential(nn.Linear(8, 8), *[part for _ in range(times) for part in (nn.Linear(8, 8), nn.ReLU())])
    drawn = picture(net, VECTORS)
    whole = drawn.strips[0].strip
    assert whole.width <= 1200 and whole.height < 200
    names = [item.name for item in whole.view.items]
    assert names == (["x", "Linear", "Linear", "ReLU", "out"] if times == 1 else ["x", "Linear", "Linear, ReLU", "out"])
    inside = next((d.strip for d in drawn.strips if d.title.startswith("Inside Linear, ReLU")), None)
    assert times == 1 or (len(inside.view.items) == 202 and inside.width <= 1200)
