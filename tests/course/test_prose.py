"""The prose: easy to read, and no word that is neither common nor introduced. `python tools/prose.py` says more."""

from __future__ import annotations

import statistics

import prose
import pytest

from cutaway.course.chapters import Chapter, chapter, chapters
from cutaway.course.words import Word

EACH = pytest.mark.parametrize("number", chapters())


@EACH
def test_the_median_section_reads_at_grade_8_or_below(number):
    assert statistics.median(section.grade for section in prose.sections(chapter(number))) <= 8


@EACH
def test_every_uncommon_word_is_in_the_glossary_of_this_or_an_earlier_chapter(number):
    assert prose.uncommon(chapter(number)) == []


@EACH
def test_every_word_of_the_glossary_is_introduced_before_it_is_used(number):
    assert prose.not_introduced(chapter(number)) == []


@pytest.fixture
def invented(tmp_path, monkeypatch):
    """A chapter of this text, and a glossary of one word."""
    entry = Word("zymurgy", "fermentation science", "The craft of brewing.", 2, ("zymurgies",))
    monkeypatch.setattr(prose, "words", lambda: (entry,))

    def write(text, number=2):
        file = tmp_path / f"{number:02}_x.md"
        file.write_text(text, encoding="utf-8")
        return Chapter(number, file)

    return write


def test_rare_words_are_found_outside_code_and_formulas(invented):
    text = "# Zymurgy\n\nHe squeezes two flips of `qwxz` and $vwxz$ at a zymurgist's café.\n\n```python\nasdfg\n```\n"
    assert prose.uncommon(invented(text)) == ["zymurgist"]
    assert prose.uncommon(invented(text, number=1)) == ["zymurgist", "zymurgy"]  # the glossary comes a chapter later


def test_a_word_must_be_bold_the_first_time(invented):
    assert prose.not_introduced(invented("# Zymurgy\n\nThis is **zymurgy**, and zymurgy stays.\n")) == []
    assert prose.not_introduced(invented("All zymurgies are fine. This is **zymurgy**.\n")) == ["zymurgy"]
    assert prose.not_introduced(invented("There is none here.\n")) == ["zymurgy"]


def test_hard_prose_has_a_high_grade(invented):
    hard = (
        "The derivative of the objective function with respect to the parametrisation represents the instantaneous "
        "rate of variation and is conventionally computed as the limit of difference quotients. "
    )
    plain = "We give the weight a nudge and watch what the loss does. It goes up, so we step back the other way. "
    (first, second) = prose.sections(invented(f"# One\n\n{hard}\n\n## Two\n\n{plain}\n"))
    assert first.grade > 15 and second.grade < 3
