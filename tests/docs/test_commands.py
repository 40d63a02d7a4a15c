"""The commands in what a newcomer reads: they run as they stand, after `python3 start.py` has made .venv."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCRIPT = re.compile(r"(?:\.venv/bin/python|python3) +((?!-)\S+\.py)")
MODULE = re.compile(r"\.venv/bin/python\s+-m\s+(benchmarks[\w.]*)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_programs_are_those_of_the_environment_that_start_makes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?:`|^)(?:python|pip|pytest|ruff|mypy) [^`\n]*", text, re.MULTILINE) == []
    if ".venv/bin/" in text:
        assert r".venv\Scripts" in text, "on Windows the folder has another name"
    for script in SCRIPT.findall(text):
        assert (ROOT / script).is_file(), script
    for module in MODULE.findall(text):
        assert importlib.util.find_spec(module), module
