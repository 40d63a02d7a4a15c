"""The build: every chapter of the course goes into the wheel as a notebook too, made from its text."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COURSE = Path("src", "cutaway", "course")


class Chapters(BuildHookInterface):  # type: ignore[type-arg]
    """Makes cutaway/course/04_gradient_descent.ipynb of the .md beside it; an editable install makes it when asked."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the notebooks outside the tree and name their places in the wheel."""
        if version == "editable" or self.target_name != "wheel":
            return
        course = Path(self.root) / COURSE
        spec = importlib.util.spec_from_file_location("reading", course / "reading.py")
        assert spec and spec.loader
        reading = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(reading)
        self.made = tempfile.TemporaryDirectory()
        for text in sorted(course.glob(reading.NAME)):
            notebook = Path(self.made.name) / f"{text.stem}.ipynb"
            made = reading.learners(reading.read(text), int(text.name[:2]))
            notebook.write_text(reading.dumps(made), encoding="utf-8")
            build_data["force_include"][str(notebook)] = f"cutaway/course/{notebook.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The notebooks are in the wheel: away with them."""
        if hasattr(self, "made"):
            self.made.cleanup()
