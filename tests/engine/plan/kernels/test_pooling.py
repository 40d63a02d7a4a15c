"""The planned poolings against their readable definition, winners included."""

import numpy as np
import pytest

from cutaway.engine.ops.pooling import MaxPool2d, avg_pool2d, avg_pool2d_x, max_pool2d, pick, place

from .bench import Bench, exact

WINDOWS = {
    "tiles": ((3, 5, 8, 6), {"window": 2, "stride": 2}),
    "tiles and a rest": ((3, 5, 9, 7), {"window": 2, "stride": 2}),
    "overlapping, over the edge": ((2, 4, 9, 7), {"window": 3, "stride": 2, "padding": 1}),
    "not square": ((1, 5, 9, 7), {"window": (3, 2), "stride": (1, 3), "padding": (1, 0)}),
    "single pixels": ((3, 1, 9, 7), {"window": 1, "stride": 2}),
    "gaps": ((3, 2, 9, 7), {"window": 2, "stride": 3}),
    "all of it": ((1, 1, 9, 7), {"window": (9, 7), "stride": (9, 7)}),
    "several blocks": ((32, 64, 20, 20), {"window": 2, "stride": 2}),
}


def arrays_of(name, dtype, ties=True):
    size, how = WINDOWS[name]
    random = np.random.default_rng(11)
    x = random.integers(0, 3, size) if ties else random.normal(size=size)
    g, v = random.normal(size=MaxPool2d.shape(size, **how)), random.normal(size=size)
    return {k: a.astype(dtype) for k, a in {"x": x, "g": g, "v": v}.items()}


def check(program, arrays, pixels=True, border=0):
    bench = Bench(program, arrays, pixels, border)
    bench.run()
    ours = bench.run()
    bound = 1e-13 if arrays["x"].dtype == np.float64 else 1e-5
    for key, value in exact(program, arrays).items():
        np.testing.assert_allclose(ours[key], value, rtol=bound, atol=bound, err_msg=key)
    assert not [why for _, why in bench.why if why == "readable"]
    assert bench.borders() == 0.0
    return bench


@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("pixels", [True, False], ids=["pixel by pixel", "as they come"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", WINDOWS)
def test_the_largest_and_who_it_was(name, dtype, pixels, border):
    how = WINDOWS[name][1]

    def there_and_back(x, g, v):
        return {"y": max_pool2d(x, **how), "place": place(g, x, **how), "pick": pick(v, x, **how)}

    def back_alone(x, g, v):
        return {"place": place(g, x, **how), "pick": pick(v, x, **how)}

    for program in (there_and_back, back_alone):
        check(program, arrays_of(name, dtype), pixels, border)


@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("name", WINDOWS)
def test_averages_and_their_way_back(name, counted, border):
    size, how = WINDOWS[name]
    how = how if counted else {**how, "count_padding": False}

    def program(x, g, v):
        return {"y": avg_pool2d(x, **how), "back": avg_pool2d_x(g, size=size[2:], **how)}

    check(program, arrays_of(name, "float32"), border=border)


def test_of_equals_the_first_wins_once():
    arrays = {"x": np.zeros((1, 1, 4, 4), np.float32), "g": np.ones((1, 1, 2, 2), np.float32)}
    bench = Bench(lambda x, g: {"y": max_pool2d(x, window=2, stride=2), "p": place(g, x, window=2, stride=2)}, arrays)
    wanted = np.zeros((4, 4))
    wanted[::2, ::2] = 1
    assert np.array_equal(bench.run()["p"][0, 0], wanted)


def test_nan_goes_through_as_in_the_definition():
    how = {"window": 2, "stride": 2}
    arrays = arrays_of("tiles", "float32", ties=False)
    arrays["x"][0, 0, 0, 0] = arrays["x"][1, 2, 3, 3] = np.nan

    def program(x, g, v):
        return {"y": max_pool2d(x, **how), "place": place(g, x, **how), "pick": pick(v, x, **how)}

    check(program, arrays)


def test_winners_are_kept_only_for_who_asks_in_the_same_way():
    arrays = arrays_of("tiles", "float32")

    def other_window(x, g, v):
        return {"y": max_pool2d(x, window=2, stride=2), "pick": pick(v, x, window=2, stride=1)}

    def other_pictures(x, g, v):
        return {"y": max_pool2d(v, window=2, stride=2), "place": place(g, x, window=2, stride=2)}

    def two_pictures(x, g, v):
        how = {"window": 2, "stride": 2}
        largest = {"y": max_pool2d(x, **how), "y2": max_pool2d(v, **how)}
        return largest | {"place": place(g, x, **how), "place2": place(g, v, **how)}

    check(two_pictures, arrays)
    for program in (other_window, other_pictures):
        assert check(program, arrays).memory.kept_bytes == 0
    asked = check(
        lambda x, g, v: {"y": max_pool2d(x, window=2, stride=2), "p": place(g, x, window=2, stride=2)}, arrays
    )
    assert asked.memory.kept_bytes == arrays["g"].size  # a byte a window


def test_whole_numbers_and_no_examples_are_left_to_the_readable_forward():
    for x in (np.arange(16).reshape(1, 1, 4, 4), np.zeros((0, 2, 4, 4), np.float32)):
        bench = Bench(lambda x: {"y": max_pool2d(x, window=2, stride=2)}, {"x": x})
        assert bench.done == []
        assert bench.run()["y"].shape == (*x.shape[:2], 2, 2)
