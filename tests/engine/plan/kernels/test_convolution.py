"""The planned convolutions against their readable definition in float64, whichever way they choose."""

import numpy as np
import pytest

from cutaway.engine import Tensor
from cutaway.engine.ops.convolution import Conv2d, conv2d, conv2d_w, conv2d_x
from cutaway.engine.ops.pooling import max_pool2d
from cutaway.engine.plan import Plan
from cutaway.engine.plan.kernels.pictures import Geometry
from cutaway.engine.plan.kernels.winograd import best_tile
from cutaway.engine.tape import Tape

from .bench import Bench, exact

# pictures (N, C, H, W), stencils (O, kh, kw), settings
LAYERS = {
    "tiles of 4": ((3, 16, 12, 8), (16, 3, 3), {"padding": 1}),
    "tiles of 4, ragged, stencils beyond the edge": ((2, 32, 13, 9), (24, 3, 3), {"padding": 2}),
    "tiles of 4, several strips": ((32, 16, 30, 30), (16, 3, 3), {"padding": 1}),
    "tiles, another padding across": ((8, 32, 7, 14), (32, 3, 3), {"padding": (1, 0)}),
    "tiles of 2": ((24, 8, 8, 6), (24, 3, 3), {"padding": (0, 1)}),
    "tiles, one example": ((1, 16, 17, 28), (32, 3, 3), {}),
    "columns": ((3, 16, 11, 10), (5, 4, 3), {"stride": (2, 3), "padding": (1, 2)}),
    "columns, one row of pixels": ((4, 20, 1, 30), (12, 1, 5), {"stride": (1, 2), "padding": (0, 2)}),
    "columns, groups, apart": ((2, 16, 12, 13), (24, 3, 3), {"padding": 1, "dilation": 2, "groups": 2}),
    "columns, several strips": ((8, 16, 20, 21), (8, 5, 5), {"padding": 2}),
    "few channels": ((3, 3, 9, 8), (8, 3, 3), {"padding": 1}),
    "few channels, in blocks of a stride": ((3, 4, 23, 26), (8, 4, 6), {"stride": (2, 3)}),
    "products with blocks of a stride": ((3, 4, 84, 82), (8, 8, 12), {"stride": (4, 6)}),
    "products with blocks, several strips, a rest": ((24, 3, 87, 82), (16, 8, 4), {"stride": 4}),
    "few channels, groups, blocks": ((3, 4, 21, 20), (6, 4, 4), {"stride": 4, "groups": 2}),
    "one channel, one example": ((1, 1, 9, 9), (1, 3, 3), {}),
    "channel by channel": ((3, 6, 10, 11), (6, 3, 3), {"padding": 1, "groups": 6}),
    "channel by channel, strides": ((2, 5, 12, 11), (5, 3, 2), {"stride": 2, "groups": 5, "dilation": (1, 2)}),
    "two stencils a channel": ((2, 4, 8, 8), (8, 3, 3), {"padding": 1, "groups": 4}),
    "1 x 1": ((3, 16, 5, 7), (12, 1, 1), {}),
    "1 x 1, strides": ((3, 16, 5, 7), (12, 1, 1), {"stride": 2}),
    "1 x 1, border": ((2, 9, 4, 5), (3, 1, 1), {"stride": (3, 1), "padding": 1}),
    "the whole picture": ((4, 8, 5, 6), (16, 5, 6), {}),
    "strides that leap over pixels": ((2, 8, 11, 9), (4, 2, 2), {"stride": 3}),
}


def layer(name, dtype):
    """Arrays and the program of the three convolutions."""
    size, (o, kh, kw), how = LAYERS[name]
    random = np.random.default_rng(7)
    stencils = (o, size[1] // how.get("groups", 1), kh, kw)
    places = Conv2d.shape(size, stencils, **how)
    arrays = {
        "x": random.normal(size=size),
        "w": random.normal(size=stencils) / np.sqrt(np.prod(stencils[1:])),
        "g": random.normal(size=places),
    }

    def program(x, w, g):
        return {
            "y": conv2d(x, w, **how),
            "to x": conv2d_x(g, w, size=size[2:], **how),
            "to w": conv2d_w(x, g, window=(kh, kw), **how),
        }

    return program, {k: v.astype(dtype) for k, v in arrays.items()}


def agree(ours, theirs, bound):
    for name, value in theirs.items():
        assert np.abs(ours[name] - value).max() <= bound * np.abs(value).max(), name


@pytest.mark.parametrize("pixels", [True, False], ids=["pixel by pixel", "as they come"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_all_three_agree_with_their_definition(name, dtype, pixels):
    program, arrays = layer(name, dtype)
    bench = Bench(program, arrays, pixels)
    bench.run()
    ours = bench.run()  # a second time: what the first has left in memory does no harm
    bound = {"float32": 2e-5 if "tiles" in name else 2e-6, "float64": 1e-13}[dtype]
    agree(ours, exact(program, arrays), bound)
    assert not [why for _, why in bench.why if why == "readable"]
    assert ("Winograd" in bench.why[0][1]) == ("tiles" in name)


@pytest.mark.parametrize("name", LAYERS)
def test_pictures_in_a_border_stay_inside_it(name):
    program, arrays = layer(name, "float32")
    bench = Bench(program, arrays, border=2)
    agree(bench.run(), exact(program, arrays), 2e-5)
    assert bench.borders() == 0.0
    for key, value in arrays.items():
        assert np.array_equal(bench.array(bench.tape.inputs[key]), value)  # nobody writes where it only reads


@pytest.mark.parametrize("name", ["tiles of 4", "tiles of 2", "columns", "few channels"])
def test_gradients_one_by_one_are_those_of_both_at_once(name):
    program, arrays = layer(name, "float32")
    together, apart = Bench(program, arrays), Bench(program, arrays, groups=False)
    for key, value in together.run().items():
        np.testing.assert_array_equal(value, apart.run()[key])


@pytest.mark.parametrize("name", ["tiles of 4", "few channels", "columns"])
def test_a_gradient_without_a_way_there_is_computed_anew(name):
    program, arrays = layer(name, "float32")
    for wanted, kernel in (("to x", "conv2d_x"), ("to w", "conv2d_w")):
        alone = Bench(lambda wanted=wanted, **slots: {wanted: program(**slots)[wanted]}, arrays)
        assert alone.done == [kernel]
        agree(alone.run(), {wanted: exact(program, arrays)[wanted]}, 2e-5)


def test_what_is_kept_belongs_to_pictures_and_to_stencils():
    """The same pictures under two stencils and two borders, the same stencils over two pictures."""
    random = np.random.default_rng(3)
    arrays = {
        "x": random.normal(size=(8, 64, 14, 14)),
        "x2": random.normal(size=(8, 64, 14, 14)),
        "w": random.normal(size=(64, 64, 3, 3)),
        "w2": random.normal(size=(56, 64, 3, 3)),
        "g": random.normal(size=(8, 64, 14, 14)),
        "g2": random.normal(size=(8, 56, 14, 14)),
        "g3": random.normal(size=(8, 64, 12, 12)),
    }

    def program(x, x2, w, w2, g, g2, g3):
        results = {}
        for k, (a, b, c, pad) in enumerate([(x, w, g, 1), (x, w2, g2, 1), (x2, w, g, 1), (x, w, g3, 0)]):
            results[f"y{k}"] = conv2d(a, b, padding=pad)
            results[f"to x{k}"] = conv2d_x(c, b, size=(14, 14), padding=pad)
            results[f"to w{k}"] = conv2d_w(a, c, window=(3, 3), padding=pad)
        return results

    arrays = {k: v.astype(np.float32) for k, v in arrays.items()}
    bench = Bench(program, arrays)
    assert [why.split(":")[0] for name, why in bench.why if name == "conv2d"] == ["Winograd F(4x4)"] * 4
    assert bench.done.count("conv2d gradients") == 4
    agree(bench.run(), exact(program, arrays), 2e-5)


def test_few_channels_are_kept_by_their_pictures_and_border():
    random = np.random.default_rng(3)
    arrays = {k: random.normal(size=(2, 3, 8, 8)).astype(np.float32) for k in ("x", "x2")}
    arrays |= {"w": random.normal(size=(4, 3, 2, 2)).astype(np.float32)}
    arrays |= {"g": random.normal(size=(2, 4, 3, 3)).astype(np.float32)}

    def program(x, x2, w, g):  # with a stride of 3, both borders leave 3 x 3 places
        pairs = [(x, 0), (x2, 0), (x, 1)]
        there = {f"y{k}": conv2d(a, w, stride=3, padding=pad) for k, (a, pad) in enumerate(pairs)}
        back = {f"w{k}": conv2d_w(a, g, window=(2, 2), stride=3, padding=p) for k, (a, p) in enumerate(pairs)}
        return there | back

    agree(Bench(program, arrays).run(), exact(program, arrays), 2e-6)


def test_pictures_that_change_are_transformed_again():
    program, arrays = layer("tiles of 4", "float32")
    bench = Bench(program, arrays)
    first = bench.run()
    for key in arrays:
        bench.array(bench.tape.inputs[key])[...] *= 2
    for key, value in bench.run().items():
        np.testing.assert_array_equal(value, 4 * first[key])


def test_no_examples_and_whole_numbers_are_left_to_the_readable_forward():
    zero = {"x": np.zeros((0, 8, 6, 6), np.float32), "w": np.zeros((8, 8, 3, 3), np.float32)}
    whole = {"x": np.ones((1, 8, 4, 4), np.int64), "w": np.ones((8, 8, 3, 3), np.int64)}
    for arrays in (zero, whole):
        bench = Bench(lambda x, w: {"y": conv2d(x, w)}, arrays)
        assert bench.done == []
        assert np.array_equal(bench.run()["y"], conv2d(Tensor(arrays["x"]), Tensor(arrays["w"])).data)


@pytest.mark.parametrize(
    ("channels", "places", "examples", "tile"),
    [(64, 8, 32, 4), (16, 32, 32, 4), (32, 6, 32, 2), (4, 32, 32, 0), (512, 4, 1, 0)],
)
def test_the_tile_follows_channels_and_sizes(channels, places, examples, tile):
    g = Geometry(examples, channels, places, places, channels, 3, 3, places, places, ph=1, pw=1)
    assert best_tile(g) == tile
    assert best_tile(g, precise=True) != 4
    assert best_tile(g._replace(sh=2)) == best_tile(g._replace(groups=2)) == best_tile(g._replace(dh=2)) == 0


def test_a_plan_of_a_small_network_gives_the_recorded_gradients():
    random = np.random.default_rng(5)
    x, target = random.normal(size=(4, 3, 12, 12)), random.normal(size=(4, 16, 3, 3))
    weights = [random.normal(size=s) / 6 for s in ((8, 3, 3, 3), (8, 8, 3, 3), (16, 8, 3, 3))]
    with Tape() as tape:
        a = tape.input("x", x)
        w = [Tensor(v, requires_grad=True) for v in weights]
        h = conv2d(a, w[0], padding=1).tanh()
        h = conv2d(h, w[1], padding=1).tanh() + h
        h = conv2d(h, w[2], stride=2, padding=1).tanh()
        loss = ((max_pool2d(h, window=2, stride=2) - Tensor(target)) ** 2).mean()
        loss.backward()
        for k, v in enumerate(w):
            tape.results[f"w{k}"] = tape.slot(v.grad)
        tape.results["loss"] = tape.slot(loss)
    known = [np.array(tape.values[slot]) for slot in tape.results.values()]
    plan = Plan(tape)
    assert "conv2d gradients" in [span.kind for span in plan.spans]
    for _ in range(2):
        plan.feed((x,))
        plan.replay()
        for ours, recorded in zip(plan.results(), known, strict=True):
            np.testing.assert_allclose(ours, recorded, rtol=1e-10, atol=1e-13)
