"""A chapter's text becomes a notebook, and the notebook becomes the copy that a learner gets.

The build hook loads this file alone, before anything is installed: it needs jupytext and the standard library.
"""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

__all__ = ["NAME", "dumps", "edition", "learners", "read"]

NAME = "[0-9][0-9]_*.md"  # how the file of a chapter is called
FOLDED = {"hide-input", "hide-cell"}  # the site folds cells with these tags; JupyterLab has a word of its own for it
CUT = {"prose-claims", "remove-cell"}  # for the tests of the course, not for the reader


def read(path: Path) -> dict[str, Any]:
    """The notebook that is written in this text file, with cells that are called the same each time."""
    import jupytext

    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst")
    cells: list[dict[str, Any]] = []
    for k, cell in enumerate(notebook.cells, 1):
        plain = json.loads(json.dumps(cell))
        plain["id"] = f"cell-{k:03}"
        cells.append(plain)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def learners(notebook: dict[str, Any], chapter: int) -> dict[str, Any]:
    """The learner's copy: without the cells that check our prose, folded as on the site, and knowing its edition."""
    made = copy.deepcopy(notebook)
    made["cells"] = [cell for cell in made["cells"] if not CUT & set(cell["metadata"].get("tags", ()))]
    for cell in made["cells"]:
        if FOLDED & set(cell["metadata"].get("tags", ())):
            cell["metadata"].setdefault("jupyter", {})["source_hidden"] = True
    made["metadata"]["cutaway"] = {"chapter": chapter, "edition": edition(made)}
    return made


def edition(notebook: dict[str, Any]) -> str:
    """Twelve letters that change when anything written in the notebook does; outputs do not count.

    >>> cell = {"cell_type": "markdown", "source": "# One"}
    >>> edition({"cells": [cell]}) == edition({"cells": [{**cell, "outputs": [], "source": ["# One"]}]})
    True
    """
    written = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(written).encode()).hexdigest()[:12]


def dumps(notebook: dict[str, Any]) -> str:
    """The notebook as the text of an .ipynb file, laid out as Jupyter lays it out."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
