"""The paper the pictures of the chapters are drawn on: one look, one meaning a colour, words beside each picture."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any

from ..lab import missing

__all__ = ["FEEL", "MISS", "MORE", "QUIET", "SAID", "TRUTH", "Drawing", "paper"]

# colours that stay apart for the colour-blind (Okabe and Ito), each with one meaning in all chapters
TRUTH = "#222222"  # what is true
SAID = "#0072B2"  # what we say
MISS = "#D55E00"  # the miss between the two
FEEL = "#007A5A"  # what is felt: slopes, blame
QUIET = "#8A8A8A"  # lines that only help
MORE = ("#E69F00", "#56B4E9", "#CC79A7")  # where more things than these must be told apart

_LOOK: dict[Any, Any] = {
    "font.size": 11, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": QUIET,
    "xtick.color": "#555555", "ytick.color": "#555555", "axes.labelcolor": "#333333", "axes.titlesize": 11,
    "axes.titlelocation": "left", "figure.facecolor": "white",
}  # fmt: skip


def paper(wide: float = 7.0, high: float = 3.6, **more: Any) -> tuple[Any, Any]:
    """An empty figure and its axes (several with ``ncols=3``), as ``matplotlib.pyplot.subplots`` gives them."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise missing("matplotlib") from error
    with matplotlib.rc_context(_LOOK):
        figure = Figure(figsize=(wide, high))
        return figure, figure.subplots(**more)


class Drawing:
    """A picture and the same in words: a notebook shows the picture, a reader of the screen reads the words.

    (A notebook's plain image/png output would lose the words, so the picture travels inside HTML.)
    """

    def __init__(self, figure: Any, words: str) -> None:
        self.figure, self.words = figure, words

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        raw = io.BytesIO()
        self.figure.savefig(raw, dpi=160, bbox_inches="tight")
        data = raw.getvalue()
        width = int.from_bytes(data[16:20], "big") // 2  # a PNG says its width there
        png = base64.b64encode(data).decode()
        return f'<img width="{width}" alt="{escape(self.words)}" src="data:image/png;base64,{png}">'
