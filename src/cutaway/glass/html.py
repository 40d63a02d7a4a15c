"""What every rich output in a notebook is made of: one style sheet for light and dark, numbers, tables, frames.

Everything stands in the markup itself: no scripts, no files, nothing from outside. Colour belongs to numbers alone:
blue is below zero, paper is zero, orange is above, and violet is no number. Whatever is drawn can also be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["LEVELS", "escape", "fig", "frame", "level", "pretty", "scale_end", "table"]

LEVELS = 8  # of colour on each side of zero

_LIGHT = {
    "paper": "#fdfdfb", "sunk": "#f0efea", "ink": "#17191c", "ink2": "#4b4f55", "line": "#e2e0d9", "z": "#f1f0ec",
    "nan": "#7b1fa2",
    "neg": ["#bcd5ec", "#6fa8d8", "#2a75b8", "#0a4480"], "pos": ["#f1cba7", "#de9150", "#b55714", "#752e03"],
}  # fmt: skip
_DARK = {
    "paper": "#15181c", "sunk": "#1c2025", "ink": "#eceef0", "ink2": "#b4bac1", "line": "#272b31", "z": "#20242a",
    "nan": "#d7a1f2",
    "neg": ["#1f4468", "#2b72ad", "#62a8e4", "#bfe0ff"], "pos": ["#5f3614", "#ad5c1b", "#ec9347", "#ffd8b0"],
}  # fmt: skip


def _mixed(low: str, high: str) -> str:
    pairs = [(int(low[k : k + 2], 16), int(high[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{(a + b) // 2:02x}" for a, b in pairs)


def _variables(theme: dict[str, Any]) -> str:
    text = [f"--ct-{name}:{value}" for name, value in theme.items() if isinstance(value, str)]
    for side, letter in (("neg", "n"), ("pos", "p")):
        stops = [theme["z"], *theme[side]]
        for k in range(1, LEVELS + 1):
            low, high = stops[(k - 1) // 2], stops[(k + 1) // 2]
            text.append(f"--ct-{letter}{k}:{_mixed(low, high) if k % 2 else stops[k // 2]}")
    return ";".join(text)


_FILLS = "".join(f".ct .{c}{k}{{fill:var(--ct-{c}{k})}}" for c in "np" for k in range(1, LEVELS + 1))


@cache
def _style() -> str:
    """The sheet, its colours for light and dark before it; notebooks say by themselves which of the two they are."""
    sheet = (Path(__file__).parent / "output.css").read_text("utf-8")
    sheet = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", sheet)).strip()
    light, dark = _variables(_LIGHT), _variables(_DARK)
    return (
        f".ct{{{light}}}@media (prefers-color-scheme:dark){{.ct{{{dark}}}}}"
        f"body[data-jp-theme-light=true] .ct,.vscode-light .ct{{{light}}}"
        f"body[data-jp-theme-light=false] .ct,.vscode-dark .ct{{{dark}}}{sheet}{_FILLS}"
    )


def frame(*parts: str) -> str:
    """The parts as one output that needs nothing else.

    >>> frame("<p>a</p>").endswith("<p>a</p></div>")
    True
    """
    return f'<div class="ct"><style>{_style()}</style>{"".join(parts)}</div>'


_SUPER = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def fig(value: Any) -> str:
    """A number for a page: four figures, a real minus, powers of ten instead of e-05.

    >>> fig(-0.5), fig(3.14e-6), fig(float("nan"))
    ('−0.5', '3.14·10⁻⁶', 'NaN')
    """
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(value).replace("-", "−")
    v = float(value)
    if not np.isfinite(v):
        return "NaN" if np.isnan(v) else "∞" if v > 0 else "−∞"
    text = f"{v + 0.0:.4g}"
    digits, _, power = text.partition("e")
    if power:
        digits += f"·10{str(int(power)).translate(_SUPER)}"
    return digits.replace("-", "−")


def pretty(text: str) -> str:
    """A sentence for a page: real minus signs before numbers, powers of ten instead of e-05; ready to stand in markup.

    >>> pretty("a < -3.1e-06 - 2")
    'a &lt; −3.1·10⁻⁶ - 2'
    """
    text = re.sub(r"(\d)e([+-]\d+)\b", lambda m: f"{m[1]}·10{str(int(m[2])).translate(_SUPER)}", text)
    return escape(re.sub(r"(^|[\s(=|])-(?=\d)", r"\1−", text), quote=False)


def scale_end(array: Any) -> float:
    """The end of a colour scale: the size below which 99.5 % lie, rounded up to 1, 2 or 5 times a power of ten.

    >>> scale_end(np.array([0.03, -0.17]))
    0.2
    """
    size = np.abs(np.asarray(array, np.float64).ravel())
    if size.size > 200_000:  # enough to know
        size = size[:: size.size // 100_000]
    size = size[np.isfinite(size)]
    top = float(np.quantile(size, 0.995)) if size.size else 0.0
    top = top or (float(size.max()) if size.size else 0.0)
    if top <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(top))
    return float(f"{next(m for m in (1, 2, 5, 10) if m * power >= top * (1 - 1e-9)) * power:.3g}")


def level(value: float, end: float) -> str:
    """The class of a number's colour: "z" for zero, "p1" ... "p8" above, "n1" ... "n8" below, "nan".

    >>> level(0.0, 1.0), level(-0.5, 1.0), level(9.0, 1.0)
    ('z', 'n4', 'p8')
    """
    if not np.isfinite(value):
        return "nan"
    k = min(LEVELS, round(abs(value) / end * LEVELS))
    return "z" if k == 0 else f"{'p' if value > 0 else 'n'}{k}"


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = (), caption: str = "", sums: Iterable[int] = ()) -> str:
    """A table of cells that are markup already; a cell that begins with a letter reads from the left.

    >>> table([["1", "a"]], ["n", "what"])
    '<table><tr><th scope="col">n</th><th scope="col">what</th></tr><tr><td>1</td><td class="w">a</td></tr></table>'
    """
    lines = [f"<caption>{escape(caption)}</caption>"] if caption else []
    if head:
        lines.append("<tr>" + "".join(f'<th scope="col">{escape(h)}</th>' for h in head) + "</tr>")
    marked = set(sums)
    for k, row in enumerate(rows):
        cells = "".join(f"<td{_left(cell)}>{cell}</td>" for cell in row)
        lines.append(f"<tr{' class=sum' if k in marked else ''}>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _left(cell: str) -> str:
    first = cell[:1]
    return ' class="w"' if first == "<" or (first.isalpha() and cell != "NaN") else ""
