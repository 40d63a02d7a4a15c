"""What the course says under a cell: plain text in a terminal, and in a notebook the same with code set as code."""

from __future__ import annotations

import re

__all__ = ["Told", "marked_up"]


class Told(str):
    """A text that is shown as it is, without quotes around it; in a notebook as a small page.

    >>> Told("Look at `km`.")
    Look at `km`.
    """

    __slots__ = ("code", "head")
    head: str
    code: bool

    def __new__(cls, text: str, head: str = "", code: bool = False) -> Told:
        """A text; with a heading above it in a notebook, and set as code throughout when it is a cell."""
        told = super().__new__(cls, text)
        told.head, told.code = head, code
        return told

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from ..glass.html import escape, frame

        head = f'<p class="big"><b>{escape(self.head)}</b></p>' if self.head else ""
        body = f"<pre>{escape(str(self), quote=False)}</pre>" if self.code else marked_up(str(self))
        return frame(head, body.replace("<p>", '<p class="big">'))


def marked_up(text: str) -> str:
    """A text of the course as markup: paragraphs between empty lines, code between backticks.

    >>> marked_up("Look at `a < b`.")
    '<p>Look at <code>a &lt; b</code>.</p>'
    """
    from ..glass.html import escape

    whole = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        parts = escape(paragraph, quote=False).split("`")
        lines = "".join(f"<code>{part}</code>" if k % 2 else part for k, part in enumerate(parts))
        whole.append(f"<p>{lines.replace(chr(10), '<br>')}</p>")
    return "".join(whole)
