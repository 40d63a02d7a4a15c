"""Text notebooks with their outputs: each is executed once for one state of the source, for the tests and the site.

They lie in build/executed/. The key is everything that could change an output: the text, the package, the versions.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy
from filelock import FileLock

from cutaway.course import reading
from cutaway.course.executing import Limits, execute, in_the_background

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "executed"
SOURCES = ("*.py", "*.js", "*.css", "*.html", "*.toml", "*.npz", "*.csv")
LIMITS = Limits(cell=120, whole=400)  # so long only because a machine of tests may be busy
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def executed(text: Path) -> dict[str, Any]:
    """The notebook of this text file, run from top to bottom in a clean kernel; an AssertionError if a cell broke."""
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = KEPT / f"{text.stem}-{key(text)}.ipynb"
    with FileLock(KEPT / f"{text.stem}.lock"):
        if not kept.exists():
            for old in KEPT.glob(f"{text.stem}-*.ipynb"):
                old.unlink(missing_ok=True)
            part = kept.with_suffix(".part")
            part.write_text(json.dumps(_execute(text)), encoding="utf-8")
            os.replace(part, kept)
        return dict(json.loads(kept.read_text(encoding="utf-8")))


def _execute(text: Path) -> dict[str, Any]:
    notebook = reading.read(text)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        places = {"CUTAWAY_PROGRESS": f"{scratch}/progress", "IPYTHONDIR": f"{scratch}/ipython"}
        path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
        surroundings = {**os.environ, **ONE_THREAD, **places, "PYTHONPATH": path}
        folder = Path(scratch) / "here"
        folder.mkdir()
        outcome = in_the_background(lambda: execute(notebook, folder, LIMITS, surroundings))
    assert not outcome.troubles, f"{text.name}: {'; '.join(outcome.troubles)}"
    outcome.notebook.metadata["seconds"] = round(outcome.seconds, 1)
    return dict(outcome.notebook)


def key(text: Path) -> str:
    """Sixteen letters that stand for this text, run by this package under this Python."""
    return hashlib.sha256(text.read_bytes() + _package().encode()).hexdigest()[:16]


@cache
def _package() -> str:
    state = hashlib.sha256(f"{sys.version} {numpy.__version__}".encode())
    source = ROOT / "src" / "cutaway"
    for file in sorted(file for pattern in SOURCES for file in source.rglob(pattern)):
        state.update(str(file.relative_to(source)).encode() + file.read_bytes())
    return state.hexdigest()
