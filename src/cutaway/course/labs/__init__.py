"""Planted-bug labs: training scripts as a learner would have written them, each with one real mistake in it.

A folder each: broken.py, mended.py (the same script without the mistake) and page.md (what one sees, what is wrong,
what to ask the glass, the way out; read the last three only when you have looked for yourself).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...engine.errors import CutawayError, NotFiniteError
from ...training import Run

__all__ = ["Lab", "copy", "lab", "labs"]

HERE = Path(__file__).resolve().parent
ORDER = (  # from what shouts to what keeps silent
    "exploding_rate",
    "climber",
    "overflow",
    "dead_relu",
    "all_alike",
    "misaligned",
    "forgotten_mean",
    "twice_softmax",
    "forgotten_share",
)


@dataclass(frozen=True)
class Lab:
    """One broken script, and what belongs to it.

    name: "dead_relu"; folder: where its three files lie

    >>> labs()[0].name, labs()[0].title
    ('exploding_rate', 'Too long a stride')
    >>> labs()[0].path.name
    'broken.py'
    """

    name: str
    folder: Path

    @property
    def path(self) -> Path:
        """The broken script."""
        return self.folder / "broken.py"

    @property
    def mended(self) -> Path:
        """The same script without the mistake."""
        return self.folder / "mended.py"

    @property
    def story(self) -> str:
        """The page in Markdown: what one sees, and then what is wrong, what to ask, and the way out."""
        return (self.folder / "page.md").read_text(encoding="utf-8")

    @property
    def title(self) -> str:
        """What the page is called; it gives little away."""
        return self.story.partition("\n")[0].removeprefix("# ").strip()

    @property
    def symptom(self) -> str:
        """What one sees: the first paragraph of the page, which one may read before looking."""
        return self.story.split("\n\n")[1].removeprefix("**What you see.** ").strip()

    def play(self, mended: bool = False) -> Run:
        """Do what the script does, and hand over its run, also where the training ended in an error.

        >>> run = lab("all_alike").play(mended=True)
        {'loss': 0.5..., 'accuracy': 0.8...}
        >>> bool(run.health())
        True
        """
        path = self.mended if mended else self.path
        made: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
        try:
            exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), made)
        except NotFiniteError as error:
            print(error)
        run: Run = made["run"]
        return run


def labs() -> tuple[Lab, ...]:
    """All labs, from the mistake that shouts to the one that keeps silent.

    >>> len(labs()) >= 6
    True
    """
    return tuple(Lab(name, HERE / name) for name in ORDER)


def lab(name: str) -> Lab:
    """The lab of that name.

    >>> lab("noses")
    Traceback (most recent call last):
        ...
    cutaway.engine.errors.CutawayError: There is no lab 'noses'. There are: exploding_rate, climber, overflow, ...
    """
    if name not in ORDER:
        raise CutawayError(f"There is no lab {name!r}. There are: {', '.join(ORDER)}.")
    return Lab(name, HERE / name)


def copy(name: str, folder: str | Path) -> Path:
    """Put a copy of the broken script and of its page into a folder of yours; a copy that is there already stays.

    >>> import tempfile
    >>> copy("climber", tempfile.mkdtemp()).name
    'climber.py'
    """
    one, goal = lab(name), Path(folder)
    goal.mkdir(parents=True, exist_ok=True)
    for source, target in ((one.path, goal / f"{name}.py"), (one.folder / "page.md", goal / f"{name}.md")):
        if not target.exists():
            shutil.copyfile(source, target)
    return goal / f"{name}.py"
