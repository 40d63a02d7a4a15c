"""What an exercise is made of: who judges an answer, the way to it in three rungs, and the mistakes that have a name.

The question itself and the cell in which the reader answers stand in the chapter; that cell is the blank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from .telling import marked_up

__all__ = ["Exercise", "Mistake", "Verdict", "blank", "mistake", "not_yet", "right"]


@dataclass(frozen=True)
class Verdict:
    """What an answer is told: one or two sentences; in a notebook with a mark before them.

    >>> right("Your slope is the one a nudge feels.")
    Right. Your slope is the one a nudge feels.
    """

    kind: str  # "right", "mistake" (one that has a name), "not yet", "blank"
    text: str
    name: str = ""

    def __str__(self) -> str:
        head = {"right": "Right. ", "mistake": f"{self.name}: ", "not yet": "Not yet. ", "blank": ""}[self.kind]
        return head + self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from ..glass.html import frame

        mark = {"right": "✓", "blank": "○"}.get(self.kind, "✗")
        head = {"right": "Right.", "mistake": f"{self.name}:", "not yet": "Not yet.", "blank": ""}[self.kind]
        return frame(f'<p class="big">{mark} <b>{escape(head)}</b> ' + marked_up(self.text).removeprefix("<p>"))


def right(text: str) -> Verdict:
    """The answer is right; say what that shows."""
    return Verdict("right", text)


def mistake(name: str, text: str) -> Verdict:
    """A mistake that many make: its name, what it does, and what to ask oneself. Never the line itself.

    >>> mistake("The lost two", "you are at exactly half.")
    The lost two: you are at exactly half.
    """
    return Verdict("mistake", text, name)


def not_yet(text: str) -> Verdict:
    """The answer is wrong in a way that has no name; say what was met and what was expected.

    >>> not_yet("A nudge feels 2.0, and you said 1.5.")
    Not yet. A nudge feels 2.0, and you said 1.5.
    """
    return Verdict("not yet", text)


def blank(text: str) -> Verdict:
    """There is no answer yet, and that is fine; say where to begin.

    >>> blank("Nothing here yet, and that is fine. Begin with the errors.").kind
    'blank'
    """
    return Verdict("blank", text)


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give, and the name under which the check must know it.

    code: the whole cell with the mistake in it; or swap: (what stands in the solution, what stands there instead)
    """

    name: str
    code: str = ""
    swap: tuple[str, str] | None = None

    def cell(self, solution: str) -> str:
        """The cell with the mistake, as a reader would have typed it.

        >>> Mistake("The lost two", swap=("2 * ", "")).cell("answer = 2 * 3")
        'answer = 3'
        """
        if self.swap is None:
            return self.code
        old, new = self.swap
        if old not in solution:
            raise ValueError(f"the mistake {self.name!r} replaces {old!r}, which the solution does not have")
        return solution.replace(old, new)


@dataclass(frozen=True)
class Exercise:
    """One exercise of a chapter.

    number: "4.1"; title: as its heading says it; judge: what check("4.1", ...) hands the answers to
    solution: the whole cell as it should be, its last line the call of check
    hints: where to look, the story, nearly all of it

    >>> Exercise("4.1", "Sum", lambda a: right("Yes."), 'check("4.1", 2)', ("a", "b", "c")).number
    '4.1'
    """

    number: str
    title: str
    judge: Callable[..., Verdict]
    solution: str
    hints: tuple[str, str, str]
    mistakes: tuple[Mistake, ...] = ()
