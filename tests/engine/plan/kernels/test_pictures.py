"""Which arrays lie pixel by pixel, and how padded rows are cut out of them."""

import numpy as np
import pytest

from cutaway.engine.plan.do import Do, Memory, straight_line
from cutaway.engine.plan.kernels.pictures import Rows, as_pixels, is_pixels, target

PICTURES = np.arange(6 * 7 * 2 * 3, dtype=np.float32).reshape(6, 7, 2, 3)  # (H, W, N, C)


@pytest.mark.parametrize(
    ("x", "so"),
    [
        (PICTURES, True),
        (PICTURES[1:-1, 1:-1], True),
        (PICTURES[::2, ::3], True),
        (PICTURES[:, :, :1], True),
        (PICTURES[::-1], False),
        (PICTURES[:, :, ::-1], False),
        (PICTURES[..., :2], False),
        (np.broadcast_to(PICTURES[:1, :1], PICTURES.shape), False),
        (np.zeros((2, 3, 6, 7), np.float32).transpose(2, 3, 0, 1), False),
    ],
)
def test_pixels_are_known_by_how_they_lie(x, so):
    assert is_pixels(x) == so
    do = Do(Memory())
    seen = as_pixels(do, x.transpose(2, 3, 0, 1), gaps=True)
    straight_line(do.calls)()
    assert np.array_equal(seen, x)
    assert is_pixels(seen)
    assert np.may_share_memory(seen, x) == so


def test_what_lies_otherwise_is_written_in_the_end():
    do, y = Do(Memory()), np.zeros((2, 3, 6, 7), np.float32)
    to, home = target(do, y)
    do(np.copyto, to, PICTURES)
    home()
    straight_line(do.calls)()
    assert np.array_equal(y, PICTURES.transpose(2, 3, 0, 1))


@pytest.mark.parametrize("border", [(0, 0), (1, 0), (0, 2), (2, 1)])
def test_strips_of_padded_rows(border):
    (top, left), width = border, 7 + 2 * border[1] + 1  # one column more than the padded picture
    padded = np.pad(PICTURES, ((top, top + 3), (left, left + 1), (0, 0), (0, 0)))
    for first, count in ((0, 4), (1, 3), (3, 4), (top + 5, 4)):
        do = Do(Memory())
        rows = Rows(do, PICTURES, border, width, 4)
        for _ in range(2):  # the strip is used again and again
            strip = rows(first, count)
        straight_line(do.calls)()
        assert np.array_equal(strip, padded[first : first + count])
