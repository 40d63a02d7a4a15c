"""Every chapter: it runs from top to bottom, its notebook is its text, its pictures can be read."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import executed
import nbformat
import pytest

from cutaway.course import reading
from cutaway.course.chapters import chapter, chapters

EACH = pytest.mark.parametrize("number", chapters())


def test_the_chapters_are_numbered_without_a_gap():
    assert list(chapters()) == list(range(1, max(chapters()) + 1)) and len(chapters()) >= 7


@EACH
def test_it_runs_from_top_to_bottom_in_a_clean_kernel_and_every_picture_is_told_in_words(number):
    notebook = executed.executed(chapter(number).path)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in cells)
    for cell in cells:
        for output in cell["outputs"]:
            assert output["output_type"] != "error" and output.get("name") != "stderr", (cell["source"], output)
            assert wordless(output.get("data", {})) == [], cell["source"]


def wordless(data):
    """The pictures in an output that say nothing to those who cannot see them."""
    found = [kind for kind in data if kind.startswith("image/")]  # a page made of it has no place for words
    pictures = Pictures()
    pictures.feed("".join(data.get("text/html", "")))
    return found + pictures.wordless


class Pictures(HTMLParser):
    """Looks for <img> without alt, and <svg> without a name."""

    def __init__(self):
        super().__init__()
        self.wordless, self.open = [], []

    def handle_starttag(self, tag, pairs):
        told = dict(pairs)
        if tag == "img" and len((told.get("alt") or "").split()) < 3:
            self.wordless.append(self.get_starttag_text()[:200])
        named = told.get("aria-label") or told.get("aria-labelledby") or told.get("aria-hidden") == "true"
        if tag == "svg":
            self.open.append(None if named else self.get_starttag_text()[:200])
        if tag == "title" and self.open:
            self.open[-1] = None

    def handle_endtag(self, tag):
        if tag == "svg" and self.open and (nameless := self.open.pop()):
            self.wordless.append(nameless)


def test_a_picture_without_words_is_found():
    assert wordless({"image/png": "...", "text/plain": "<Figure>"}) == ["image/png"]
    assert wordless({"text/html": '<img src="data:image/png;base64,a">'})
    assert wordless({"text/html": "<svg><path/></svg>"})
    fine = '<svg aria-label="a bowl"></svg><svg><title>a bowl</title></svg><img alt="a blue bowl" src="a">'
    assert wordless({"text/html": fine, "text/plain": "a bowl"}) == []


@EACH
def test_the_learners_notebook_is_the_text_without_what_checks_our_prose(number):
    one = chapter(number)
    whole, mine = one.whole(), one.notebook()
    nbformat.validate(nbformat.from_dict(mine))
    claims = [cell for cell in whole["cells"] if "prose-claims" in cell["metadata"].get("tags", ())]
    assert any("assert" in cell["source"] for cell in claims)
    rest = [cell["source"] for cell in whole["cells"] if cell not in claims]
    assert [cell["source"] for cell in mine["cells"]] == rest
    assert not any(cell.get("outputs") for cell in mine["cells"])
    assert mine["metadata"]["cutaway"] == {"chapter": number, "edition": reading.edition(mine)}
    assert mine["cells"][1]["cell_type"] == "code" or mine["cells"][0]["source"].startswith("# ")


@EACH
def test_plain_jupyter_shows_it_right(number):
    """CommonMark, dollar maths and code cells: nothing that only the site would understand."""
    text = chapter(number).path.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"^```(\{.+)$", text, re.MULTILINE)) == {"{code-cell} ipython3"}
    assert not re.search(r"^:::|\{[a-z]+\}`|<!--", prose, re.MULTILINE)
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1
    titles = "\n".join(re.findall(r"^## (.+)$", prose, re.MULTILINE)).lower()
    for part in ("when and why", "your own problem", "say it back", "exercises"):
        assert part in titles, part
    for cell in chapter(number).whole()["cells"]:
        if cell["cell_type"] == "code" and not {"hide-input", "prose-claims"} & set(cell["metadata"].get("tags", ())):
            assert max(map(len, cell["source"].splitlines()), default=0) <= 100, cell["source"]
