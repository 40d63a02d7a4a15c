"""The planned changes of size, and frames, against their definitions."""

import numpy as np
import pytest

from cutaway.engine.ops.join import pad
from cutaway.engine.ops.resize import Resize2d, resize2d, resize2d_x

from .bench import Bench, exact


def check(program, arrays, pixels, border):
    bench = Bench(program, arrays, pixels, border)
    bench.run()
    ours = bench.run()
    bound = 1e-13 if next(iter(arrays.values())).dtype == np.float64 else 1e-5
    for key, value in exact(program, arrays).items():
        np.testing.assert_allclose(ours[key], value, rtol=bound, atol=bound, err_msg=key)
    assert not [why for _, why in bench.why if why == "readable"]
    assert bench.borders() == 0.0


@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("pixels", [True, False], ids=["pixel by pixel", "as they come"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("how", ["nearest", "linear", "corners", "average", "windows"])
def test_another_size_and_the_way_back(how, dtype, pixels, border):
    random = np.random.default_rng(2)
    for size, to in (((2, 3, 4, 5), (8, 10)), ((1, 1, 7, 3), (4, 5)), ((3, 5, 6, 1), (3, 1)), ((2, 2, 5, 4), (2, 3))):
        arrays = {"x": random.normal(size=size), "g": random.normal(size=Resize2d.shape(size, to, how))}

        def program(x, g, to=to, size=size):
            return {"y": resize2d(x, to=to, how=how), "back": resize2d_x(g, size=size[2:], to=to, how=how)}

        check(program, {k: v.astype(dtype) for k, v in arrays.items()}, pixels, border)


def test_copied_pixels_stay_infinite():
    x = np.array([[[[1.0, np.inf], [-np.inf, np.nan]]]], np.float32)
    y = Bench(lambda x: {"y": resize2d(x, to=(4, 4), how="nearest")}, {"x": x}).run()["y"]
    np.testing.assert_array_equal(y, x.repeat(2, axis=2).repeat(2, axis=3))


@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("pixels", [True, False], ids=["pixel by pixel", "as they come"])
def test_frames(pixels, border):
    x = np.random.default_rng(2).normal(size=(2, 3, 4, 5)).astype(np.float32)

    def program(x):
        return {
            "around": pad(x, widths=(1, 2, 0, 3)),
            "channels": pad(x, widths=(0, 0, 0, 0, 2, 1)),
            "examples": pad(x, widths=(0, 0, 0, 0, 0, 0, 1, 0), value=-1.5),
            "row": pad(x.reshape(-1), widths=(2, 1)),
        }

    check(program, {"x": x}, pixels, border)
