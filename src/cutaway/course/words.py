"""The words of the course, one file a chapter (glossary/04.toml): the beginner's word, the trade's, what it means."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..engine.errors import CutawayError
from .telling import Told

__all__ = ["Word", "plain_words", "word", "words"]

FOLDER = Path(__file__).resolve().parent / "glossary"


@dataclass(frozen=True)
class Word:
    """One entry: the word the course says, the trade's word ("" where it is the same), and what both mean.

    forms: how else it occurs (plurals and the like); chapter: where it is introduced
    """

    say: str
    trade: str
    means: str
    chapter: int
    forms: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Everything it is called.

        >>> Word("slope", "derivative", "How steep it is.", 4, ("slopes",)).names
        ('slope', 'derivative', 'slopes')
        """
        return tuple(name for name in (self.say, self.trade, *self.forms) if name)


@cache
def words() -> tuple[Word, ...]:
    """All words, in the order in which the chapters introduce them."""
    found = []
    for file in sorted(FOLDER.glob("[0-9][0-9].toml")):
        for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("word", []):
            forms = tuple(entry.get("forms", ()))
            found.append(Word(entry["say"], entry.get("trade", ""), entry["means"], int(file.stem), forms))
    return tuple(found)


@cache
def plain_words() -> frozenset[str]:
    """Everyday words that need no entry although they are not among the commonest."""
    file = FOLDER / "plain.txt"
    return frozenset(file.read_text(encoding="utf-8").split()) if file.exists() else frozenset()


def word(name: str) -> Told:
    """What a word of the course means, asked by the beginner's name or by the trade's; some grow with the chapters.

    >>> word("zzz")
    Traceback (most recent call last):
        ...
    cutaway.engine.errors.CutawayError: The glossary has no word 'zzz'.
    """
    asked = str(name).strip().lower()
    found = [one for one in words() if asked in {called.lower() for called in one.names}]
    if not found:
        known = {called.lower() for one in words() for called in one.names}
        close = " or ".join(difflib.get_close_matches(asked, sorted(known), 3))
        raise CutawayError(f"The glossary has no word {name!r}." + (f" Did you mean {close}?" if close else ""))
    return Told("\n\n".join(_told(one) for one in found))


def _told(one: Word) -> str:
    trade = f" (the trade says: {one.trade})" if one.trade else ""
    return f"{one.say}{trade}: {one.means} It comes in chapter {one.chapter}."
