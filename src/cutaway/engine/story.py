"""The story of an operation: an analogy, the formula, and what each part of it means.

A story is written once, as the operation's docstring, in this order: one paragraph with the analogy; one with
the formula; lines `part: what it means`; then a paragraph that begins with "Use it" and says when; notes, if wanted;
and a doctest. Everything that explains
(help(), the glass, the course, the reference pages) reads it from there.
"""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

__all__ = ["Story"]

_PART = re.compile(r"^(\w+(?:, \w+)*): (.+)$")


class Story(NamedTuple):
    r"""What a reader is told about an operation.

    >>> told = Story.of("Two piles put together.\n\ny = a + b\n\na, b: the piles\ny: one pile")
    >>> told.formula, told.parts["b"]
    ('y = a + b', 'the piles')
    """

    analogy: str
    formula: str
    parts: dict[str, str]
    use: str
    notes: str

    @classmethod
    def of(cls, docstring: str | None) -> Story:
        """Read the story out of a docstring."""
        paragraphs = [p for p in re.split(r"\n\s*\n", inspect.cleandoc(docstring or "")) if p.strip()]
        told = [p for p in paragraphs if not p.lstrip().startswith(">>>")]
        use, parts = "", dict[str, str]()
        notes: list[str] = []
        for paragraph in told[2:]:
            found = _parts(paragraph)
            if found:
                parts.update(found)
            elif paragraph.startswith("Use it "):
                use = " ".join(paragraph.split())
            else:
                notes.append(paragraph)
        analogy, formula = [*told, "", ""][:2]
        return cls(" ".join(analogy.split()), formula, parts, use, "\n\n".join(notes))


def _parts(paragraph: str) -> dict[str, str]:
    found: dict[str, str] = {}
    names: list[str] = []
    for line in paragraph.splitlines():
        match = _PART.match(line)
        if match:
            names = match[1].split(", ")
            found.update(dict.fromkeys(names, match[2]))
        elif names and line.startswith(" "):  # a part may go on, indented, on the next line
            for name in names:
                found[name] += " " + line.strip()
        else:
            return {}
    return found
