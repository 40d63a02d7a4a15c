"""What a reader sees: boxes with names, shapes and counts; numbers as colours; what is not there yet is hollow."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from cutaway import Run, Tape, Tensor, nn, ops, optim
from cutaway.engine.errors import CutawayError
from cutaway.glass.picture import picture

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 1, 4, 4)).astype("f"), RNG.integers(0, 3, 6)


def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.ReLU(), nn.Linear(5, 3))


def run():
    return Run(net(), nn.CrossEntropyLoss(), optim.SGD(0.1), (X, Y), batch_size=6)


def words(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_boxes_tell_names_shapes_and_weights():
    told = words(picture(net(), (1, 4, 4)).svg)
    assert [w for w in told if w in ("x", "Flatten", "Linear", "ReLU", "out")] == [
        "x", "Flatten", "Linear", "ReLU", "Linear", "out"
    ]  # fmt: skip
    assert "85 weights" in told and "18 weights" in told and "103 weights" in " ".join(told)


def test_an_example_may_be_an_array_or_a_shape_and_words_are_whole_numbers():
    shapes = [picture(nn.Linear(4, 2), given).data()["nodes"][0]["shape"] for given in ((4,), np.zeros((3, 4), "f"))]
    assert shapes == [[1, 4], [3, 4]]
    assert "Embedding" in repr(picture(nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 2)), (5,)))
    assert picture(nn.Linear(4, 2).to(np.float64), np.zeros((1, 4))).facts.shape  # its own kind of numbers


def test_drawing_changes_nothing():
    layer = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5))
    before = {name: value.copy() for name, value in layer.state().items()}
    assert picture(layer, np.ones((3, 4), "f"), depth="matrices").html
    assert layer[0].training and all((value == before[name]).all() for name, value in layer.state().items())
    going, left = run(), run()
    going.train(batches=2, progress=False)
    assert going.picture("matrices", "all").html
    assert going.batch == 2 and going.train(batches=2, progress=False).losses.tolist() == (
        left.train(batches=4, progress=False).losses.tolist()
    )


def test_a_residual_road_is_an_arrow_past_its_block():
    class Block(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return x + self.b(ops.relu(self.a(x)))

    data = picture(Block(), (4,)).data()
    arrows = {(a["from"], a["to"]) for a in data["views"]["program"]["arrows"]}
    names = {node["id"]: node["name"] for node in data["nodes"]}
    add = next(
        id for id, name in names.items() if name == "add" and id.startswith("step") and ("input/x", id) in arrows
    )
    assert arrows >= {("input/x", "forward/a"), ("forward/b", add), (add, "out")}


def test_tied_weights_say_so_and_are_counted_once():
    class Tied(nn.Module):
        def __init__(self):
            self.read, self.say = nn.Embedding(7, 4), nn.Linear(4, 7, bias=False)
            self.say.weight = self.read.weight

        def forward(self, x):
            return self.say(self.read(x))

    drawn = picture(Tied(), (3,))
    assert words(drawn.svg).count("shares read.weight") == 2
    assert "28 weights" in repr(drawn).splitlines()[0]
    assert drawn.data()["weights"]["read.weight"]["tied"]


def test_a_recurrent_layer_has_a_loop():
    plain, recurrent = (picture(layer, np.ones((1, 3, 4), "f")).svg for layer in (nn.Linear(4, 2), nn.GRU(4, 2)))
    assert recurrent.count('class="road"') > plain.count('class="road"')


def test_gradients_come_back_under_the_layers_that_they_belong_to():
    drawn = run().picture(phase="all")
    strip = drawn.strips[0].strip
    for id in ("forward/1", "forward/2", "forward/3", "loss"):
        above, below = strip.boxes[id, "forward"], strip.boxes[id, "back"]
        assert above[0] == pytest.approx(below[0]) and below[1] > above[1] + above[3]
    back = [(a, b) for a, b, row, _ in strip.arrows if row == "back"]
    assert sorted(back) == [("forward/2", "forward/1"), ("forward/3", "forward/2"), ("loss", "forward/3")]
    assert set(strip.boxes) >= {("forward/1", "update"), ("forward/3", "update")}
    assert ("forward/0", "back") not in strip.boxes  # nobody asked for the gradient of the pictures


def test_what_is_not_computed_yet_is_hollow():
    going = run()
    assert 'class="hollow"' not in going.picture("matrices").svg  # between batches: the batch that comes next
    for _ in range(3):
        going.step("op")
    svg = going.picture("matrices").svg
    hollow = svg.count('class="hollow"')
    assert hollow > 0
    going.step("op"), going.step("op")
    assert going.picture("matrices").svg.count('class="hollow"') < hollow


def test_a_matrix_is_drawn_in_two_palettes_with_the_same_pixels():
    svg = picture(nn.Linear(4, 2), np.ones((1, 4), "f"), depth="matrices").svg
    light, dark = svg.count('class="li"'), svg.count('class="da"')
    assert light == dark >= 3


def test_of_many_neurons_a_few_are_drawn_and_the_picture_says_so():
    drawn = picture(nn.Sequential(nn.Linear(100, 3)), np.ones((2, 100), "f"), depth="neurons")
    assert "16 of 100" in words(drawn.svg)
    assert drawn.svg.count('<circle class="unit') == 16 + 3
    assert 0 < drawn.svg.count('class="wire') <= 16 * 3


def test_the_line_between_two_neurons_has_the_sign_and_size_of_their_weight():
    layer = nn.Linear(2, 1)
    layer.load_state({"weight": np.array([[1.0, -0.5]], "f"), "bias": np.zeros(1, "f")})
    svg = picture(layer, np.ones((1, 2), "f"), depth="neurons").svg
    wires = re.findall(r'class="wire w(\d)" stroke-width="([\d.]+)"', svg)
    assert [(kind, float(width)) for kind, width in wires] == [("2", 1.3), ("8", 2.2)]


def test_svg_and_page_stand_alone_and_have_words_for_who_does_not_see(tmp_path):
    drawn = run().picture("matrices")
    svg, page = (
        drawn.save(tmp_path / "net.svg").read_text("utf-8"),
        drawn.save(tmp_path / "net.html").read_text("utf-8"),
    )
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and root[0].tag.endswith("title") and root[1].tag.endswith("desc")
    assert "Flatten 0 to Linear 1" in root[1].text
    for text in (svg, page):
        assert not re.search(r'(src|href)="(?!data:)', text) and "@import" not in text and "url(" not in text
        assert text.count("http") == text.count("http://www.w3.org/2000/svg")
    assert "<table>" in page and '<th scope="row">' in page and "details" not in svg and "<script" not in svg
    with pytest.raises(CutawayError, match=r"net\.svg"):
        drawn.save(tmp_path / "net.png")


def test_every_part_that_opens_has_its_inside_in_the_page():
    page = picture(nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.Tanh())), (4,)).html
    opens, strips = set(re.findall(r'data-open="([^"]+)"', page)), set(re.findall(r'data-strip="([^"]+)"', page))
    assert opens >= {"forward/0", "forward/1", "forward/1.0"} and opens <= strips


def test_a_tape_of_ones_own_is_drawn_step_by_step():
    with Tape() as tape:
        x = Tensor([1.0, 2.0])
        y = (x * 3).tanh() + x
        y.sum()
    drawn = picture(tape)
    assert [line.split()[1] for line in repr(drawn).splitlines()[1:]] == ["mul", "tanh", "add", "sum"]
    ElementTree.fromstring(drawn.svg)


def test_a_layer_called_twice_in_a_row_stands_there_twice():
    class Twice(nn.Module):
        def __init__(self):
            self.a = nn.Linear(3, 3)

        def forward(self, x):
            return self.a(self.a(x))

    ids = [node["id"] for node in picture(Twice(), (3,)).data()["nodes"] if node["kind"] == "layer"]
    assert ids == ["forward/a", "forward/a~2"]


def test_mistakes_are_told_with_what_to_type_instead():
    with pytest.raises(CutawayError, match=r"picture\(net, \(1, 28, 28\)\)"):
        picture(net())
    with pytest.raises(CutawayError, match="show"):
        picture(np.ones(3))
    with pytest.raises(CutawayError, match="'neurons'"):
        picture(net(), (1, 4, 4), depth="layers")
    with pytest.raises(CutawayError, match="'all'"):
        picture(net(), (1, 4, 4), phase="back")
    with pytest.raises(CutawayError, match="nothing is recorded"):
        picture(Tape())


def test_a_saved_run_is_drawn_without_the_code_that_made_it(tmp_path):
    going = run().train(batches=2, progress=False)
    resumed = Run.resume(going.save(tmp_path), data=(X, Y))
    assert repr(resumed.picture()) == repr(going.picture())
    assert resumed.picture("matrices").svg == going.picture("matrices").svg
