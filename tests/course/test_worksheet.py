"""The reader's own question is kept, brought back, and never lost by a slip."""

from __future__ import annotations

from cutaway.course import progress
from cutaway.course.worksheet import keep, kept

SHEET = {"predict": "pages", "clues": ["tea", "Schlaf, früh"], "one row is": "a day", "rows": 60, "lazy guess": "11"}


def test_what_was_kept_comes_back_word_for_word():
    assert kept() == {}
    assert "Kept" in keep(SHEET)
    assert kept() == SHEET


def test_an_empty_sheet_does_not_wipe_out_the_one_that_was_kept():
    keep(SHEET)
    assert "nothing was kept" in keep({"predict": "", "clues": ["", ""], "one row is": ..., "rows": 0})
    assert kept() == SHEET


def test_a_new_sheet_leaves_the_old_one_beside_it():
    keep(SHEET)
    keep({**SHEET, "rows": 80})
    keep({**SHEET, "rows": 80})  # the same again: the older one stays
    assert kept()["rows"] == 80
    assert '"rows": 60' in (progress.folder() / "my_problem.before.json").read_text(encoding="utf-8")


def test_a_broken_file_and_a_folder_that_cannot_be_written_are_no_disaster(tmp_path, monkeypatch):
    keep(SHEET)
    (progress.folder() / "my_problem.json").write_text("{", encoding="utf-8")
    assert kept() == {}
    (tmp_path / "file").touch()
    monkeypatch.setenv("CUTAWAY_PROGRESS", str(tmp_path / "file" / "progress"))
    assert "could not be kept" in keep(SHEET)
    assert "not kept" in keep({"predict": keep})
