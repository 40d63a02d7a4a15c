"""One scale for all numbers: zero is paper, signs are two hues, NaN is never lost."""

import struct
import zlib
from base64 import b64decode

import numpy as np
import pytest

from cutaway.glass.picture.scale import colour, limit, mosaic, png, tiled


def pixels(uri):
    """The colours of a picture, read by the rules of PNG."""
    data, at, palette, packed, size = b64decode(uri.partition(",")[2]), 8, b"", b"", (0, 0)
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        palette, packed = body if kind == b"PLTE" else palette, body if kind == b"IDAT" else packed
        at += 12 + length
    width, height = size
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, width + 1)[:, 1:]
    return np.frombuffer(palette, np.uint8).reshape(-1, 3)[rows]


def test_a_picture_has_the_colours_of_its_numbers():
    table = np.array([[-2.0, -0.4, 0.0], [0.4, 2.0, np.nan]])
    for theme, uri in zip(("light", "dark"), png(table, 2.0), strict=True):
        drawn = pixels(uri)
        for place, value in np.ndenumerate(table):
            assert "#" + bytes(drawn[place]).hex() == colour(float(value), 2.0, theme)


def test_sizes_that_are_equal_look_equally_strong():
    for theme in ("light", "dark"):
        for size in (0.25, 0.5, 1.0):
            rgb = [[int(colour(s * size, 1.0, theme)[k : k + 2], 16) for k in (1, 3, 5)] for s in (-1, 1)]
            light = [np.dot([0.2126, 0.7152, 0.0722], (np.array(c) / 255) ** 2.2) ** (1 / 3) for c in rgb]
            assert abs(light[0] - light[1]) < 0.05
            assert rgb[0][2] > rgb[0][0] and rgb[1][0] > rgb[1][2]  # blue below zero, orange above


@pytest.mark.parametrize("bad", [9.0, -9.0, np.nan])
def test_the_one_bad_number_of_a_million_is_seen(bad):
    table = np.zeros((1000, 1000))
    table[613, 411] = bad
    small = mosaic(table, 50, 40)
    assert small.shape == (50, 40) and np.sum(small != 0) == 1
    np.testing.assert_equal(small[small != 0][0], bad)


def test_the_end_of_the_scale_is_a_round_number_above_nearly_all():
    for k in range(60):
        values = np.random.default_rng(k).normal(size=300) * 10.0 ** (k % 12 - 6)
        end = limit(values)
        assert np.mean(np.abs(values) <= end) >= 0.99 and f"{end:.0e}"[0] in "125"
    assert limit([np.nan, np.inf]) == 1.0


def test_tiles_lie_side_by_side_with_nothing_between():
    sheet = tiled(np.arange(12.0).reshape(3, 2, 2), across=2)
    assert sheet[:2, :2].tolist() == [[0, 1], [2, 3]] and sheet[:2, 3:].tolist() == [[4, 5], [6, 7]]
    assert np.ma.getmaskarray(sheet)[2].all() and np.ma.getmaskarray(sheet)[3:, 3:].all()
