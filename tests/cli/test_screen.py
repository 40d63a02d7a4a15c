"""What is drawn in a terminal, in every kind of terminal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from cutaway.cli import screen


def terminal(encoding="utf-8", colours=None, width=80):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=stream, color_system=colours, force_terminal=colours is not None, width=width)


PICTURE = np.array([[1, 0, 0.5, 0], [1, 1, 0, 0], [0.25, 0, 0, 1]])


def test_half_blocks_show_two_rows_a_line_and_an_odd_row_gets_an_empty_one():
    assert [line.plain for line in screen.picture(terminal(), PICTURE)] == ["█▄  ", "   ▀"]


def test_without_block_characters_letters_stand_for_greys():
    lines = [line.plain for line in screen.picture(terminal("ascii"), PICTURE)]
    assert lines[0][0] == "@" and lines[0][3] == " " and all(ord(c) < 128 for line in lines for c in line)


def test_with_colours_every_grey_is_shown():
    (line, _) = screen.picture(terminal(colours="truecolor"), PICTURE)
    assert line.plain == "▀" * 4
    assert str(line.spans[2].style) == "#808080 on #000000"


@pytest.mark.parametrize(("width", "number"), [(80, 3), (40, 1), (10, 1), (1000, 4)])
def test_a_row_holds_as_many_pictures_as_the_terminal_is_wide(width, number):
    pictures, captions = [np.ones((4, 20))] * 7, [("says 3", "it is 5")] * 7
    lines = screen.row_of_pictures(terminal(width=width), pictures, captions)
    assert len(lines) == 2 + 2
    assert lines[2].plain.count("says 3") == number
    assert len({len(line.plain) for line in lines}) == 1


def test_bars_are_as_long_as_their_shares():
    lines = [line.plain for line in screen.bars(terminal(), ["7", "12"], [0.2, 0.8], width=10)]
    assert lines == [" 7 ██         20.0 %", "12 ████████   80.0 %"]
