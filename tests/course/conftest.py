"""Tests of the course write no marks and no copies where a person keeps theirs."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("CUTAWAY_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.setenv("CUTAWAY_COURSE", str(tmp_path / "course"))
