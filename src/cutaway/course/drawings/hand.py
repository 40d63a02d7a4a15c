"""A picture under the reader's hand: a slider, and one drawing for each of its places.

It is plain HTML with the pictures in it, so it works in a notebook, on a page of the site and without a kernel; where
no script may run, the first picture stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["Hand", "line", "svg", "words_at"]

_MOVED = (
    "const f=this.closest('[data-hand]').querySelectorAll('figure');"
    "f.forEach((one,k)=>{one.hidden=k!=this.value});"
    "const now=f[this.value].dataset.mark;this.setAttribute('aria-valuetext',now);"
    "this.nextElementSibling.textContent=now"
)
# JupyterLab takes the keys for itself when a picture is clicked: here they move the slider
_KEYS = 'onclick="setTimeout(()=>this.focus())" onkeydown="event.stopPropagation()" data-lm-suppress-shortcuts="true"'


class Hand:
    """Several pictures, of which a slider shows one.

    name: what the slider is; marks: what each place of it is called; pictures: an SVG and its caption for each place
    words: what all of it shows, for those who cannot see it; start: the place shown first

    >>> Hand("nudge", ["0.1", "0.01"], [("<svg></svg>", "wide"), ("<svg></svg>", "narrow")], "A strip grows thin.")
    A strip grows thin. nudge 0.1: wide nudge 0.01: narrow
    """

    def __init__(
        self, name: str, marks: Sequence[str], pictures: Sequence[tuple[str, str]], words: str, start: int = 0
    ) -> None:
        self.name, self.marks, self.pictures, self.words, self.start = name, marks, pictures, words, start

    def __repr__(self) -> str:
        told = (f"{self.name} {mark}: {caption}" for mark, (_, caption) in zip(self.marks, self.pictures, strict=True))
        return " ".join([self.words, *told])

    def _repr_html_(self) -> str:
        shown = "".join(
            f'<figure data-mark="{escape(mark)}" style="margin:4px 0"{"" if k == self.start else " hidden"}>{picture}'
            f'<figcaption style="font-variant-numeric:tabular-nums">{escape(caption)}</figcaption></figure>'
            for k, (mark, (picture, caption)) in enumerate(zip(self.marks, self.pictures, strict=True))
        )
        mark = escape(self.marks[self.start])
        slider = (
            f'<input type="range" min="0" max="{len(self.marks) - 1}" value="{self.start}" aria-valuetext="{mark}" '
            f'style="width:18em;vertical-align:middle;margin:0 .6em" oninput="{_MOVED}" {_KEYS}>'
        )
        head = f"<label>{escape(self.name)}{slider}<output>{mark}</output></label>"
        return f'<div data-hand role="group" aria-label="{escape(self.words)}">{head}{shown}</div>'


def svg(wide: float, high: float, *parts: str, words: str) -> str:
    """A drawing on white paper, with its text alternative.

    >>> svg(20, 10, "<g/>", words="nothing")[:48]
    '<svg viewBox="0 0 20 10" width="20" height="10" '
    """
    return (
        f'<svg viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" height="{high:g}" role="img" '
        f'aria-label="{escape(words)}" style="background:#fff;max-width:100%;height:auto" '
        f'font-family="DejaVu Sans, Verdana, sans-serif" font-size="13">{"".join(parts)}</svg>'
    )


def line(points: Sequence[tuple[float, float]], colour: str, wide: float = 2, **more: str) -> str:
    """A line through points.

    >>> line([(0, 0), (3, 4)], "red", opacity="0.5")[:52]
    '<polyline points="0.0,0.0 3.0,4.0" fill="none" strok'
    """
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    extra = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in more.items())
    look = f'fill="none" stroke="{colour}" stroke-width="{wide:g}" stroke-linecap="round"'
    return f'<polyline points="{places}" {look}{extra}/>'


def words_at(x: float, y: float, text: str, colour: str, side: str = "start") -> str:
    """Words on a drawing; side: "start", "middle" or "end" of them is at x.

    >>> words_at(1, 2, "a < b", "red")
    '<text x="1.0" y="2.0" fill="red" text-anchor="start">a &lt; b</text>'
    """
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{side}">{escape(text)}</text>'
