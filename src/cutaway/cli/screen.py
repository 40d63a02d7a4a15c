"""What the command draws in a terminal: pictures out of half blocks, bars, and plain text where that is all there is.

Rich does the colours and knows the terminal; what stands here turns numbers into its Text. Every drawing has a plain
form (``colour=False``), and one in ASCII for an encoding without block characters.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

__all__ = ["bars", "confusion", "console", "picture", "row_of_pictures"]

SHADES = " .:-=+*#%@"


def console(plain: bool = False) -> Console:
    """The terminal; with plain, or where the output is no terminal: no colours, no movement, no line breaks added.

    What is printed stands there as it is: a folder [old] is no style, and :cat: in a file's name no picture.
    """
    as_it_is: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
    if plain or not sys.stdout.isatty():
        return Console(no_color=True, force_terminal=False, color_system=None, width=10_000, **as_it_is)
    return Console(**as_it_is)


def can_draw(screen: Console) -> bool:
    """Can this terminal's encoding write block characters?

    >>> import io
    >>> can_draw(Console(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii")))
    False
    """
    try:
        "▀▄█".encode(screen.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def picture(screen: Console, values: NDArray[Any]) -> list[Text]:
    """A picture of numbers from 0 to 1 as lines of text, two rows of pixels a line: grey (H, W), or (H, W, 3) colours.

    Where there are no colours, a coloured picture is drawn in letters, from light to dense.

    >>> import io
    >>> blocks = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), color_system=None)
    >>> [line.plain for line in picture(blocks, np.array([[1, 0, 1], [1, 1, 0]]))]
    ['█▄▀']
    """
    values = np.clip(np.asarray(values, np.float64), 0, 1)
    if len(values) % 2:
        values = np.vstack([values, np.zeros_like(values[:1])])
    pairs = list(zip(values[::2], values[1::2], strict=True))
    coloured = screen.color_system in ("256", "truecolor")
    if not can_draw(screen) or (values.ndim == 3 and not coloured):
        grey = [(top + bottom) / 2 for top, bottom in pairs]
        return [Text("".join(SHADES[round(float(v.mean()) * 9)] for v in row)) for row in grey]
    if coloured:
        lines = []
        for top, bottom in pairs:
            line = Text()
            for upper, lower in zip(top, bottom, strict=True):
                line.append("▀", style=f"{_colour(upper)} on {_colour(lower)}")
            lines.append(line)
        return lines
    return [
        Text("".join(" ▀▄█"[int(u > 0.5) + 2 * int(w > 0.5)] for u, w in zip(top, bottom, strict=True)))
        for top, bottom in pairs
    ]


def row_of_pictures(
    screen: Console, pictures: Sequence[NDArray[Any]], captions: Sequence[Sequence[str]], gap: int = 3
) -> list[Text]:
    """Pictures side by side with their captions below, as many as the terminal is wide."""
    width = max(pictures[0].shape[1], *(len(line) for lines in captions for line in lines))
    room = max(1, (min(screen.width, 100) + gap) // (width + gap))
    columns = []
    for values, lines in list(zip(pictures, captions, strict=True))[:room]:
        drawn = picture(screen, values)
        for line in drawn:
            line.append(" " * (width - values.shape[1]))
        columns.append([*drawn, *(Text(line.ljust(width)) for line in lines)])
    return [Text(" " * gap).join(parts) for parts in zip(*columns, strict=True)]


def bars(screen: Console, names: Sequence[str], shares: Sequence[float], width: int = 30) -> list[Text]:
    """One bar a name, as long as its share, the longest one in colour.

    >>> import io
    >>> plain = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"), color_system=None)
    >>> for line in bars(plain, ["3", "8"], [0.75, 0.25], width=8): print(line.plain)
    3 ###### 75.0 %
    8 ##     25.0 %
    """
    full, lines = "█" if can_draw(screen) else "#", []
    longest = max(len(name) for name in names)
    for name, share in zip(names, shares, strict=True):
        line = Text(f"{name:>{longest}} ")
        line.append(full * round(share * width), style="bold green" if share == max(shares) else "dim")
        line.append(" " * (width - round(share * width)) + f"{100 * share:5.1f} %")
        lines.append(line)
    return lines


def confusion(names: Sequence[str], counts: NDArray[Any]) -> list[str]:
    """How often a class (row) was taken for a class (column), as lines of text; what is right stands on the diagonal.

    >>> for line in confusion(["cat", "horse"], np.array([[9, 1], [0, 10]])): print(line)
              cat horse
    cat         9     1
    horse       .    10
    """
    short = [name[:5] for name in names]
    longest = max(map(len, names))
    lines = [" " * longest + "".join(f"{name:>6}" for name in short)]
    for name, row in zip(names, counts, strict=True):
        lines.append(f"{name:<{longest}}" + "".join(f"{int(n) if n else '.':>6}" for n in row))
    return lines


def _colour(value: Any) -> str:
    red, green, blue = (round(255 * float(v)) for v in np.broadcast_to(value, 3))
    return f"#{red:02x}{green:02x}{blue:02x}"
