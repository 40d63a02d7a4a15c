"""The reference pages say what the docstrings say."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_pages_are_up_to_date() -> None:
    made = runpy.run_path(str(DOCS / "make_reference.py"))["pages"]()
    there = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md")}
    old = sorted(name for name in {*made, *there} if made.get(name) != there.get(name))
    assert not old, "run: python docs/make_reference.py"
