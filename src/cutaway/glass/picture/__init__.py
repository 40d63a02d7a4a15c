"""A network, a tape or a run, drawn: as boxes, as matrices with their numbers, or as neurons and weights.

source (where the tape comes from), tree (its steps grouped by layer), repeats (alike neighbours folded), facts (shapes,
weights, who reads what), mirror (which backward step belongs to which layer); view (the parts of one node), layout
(where they stand), boxes, matrices, neurons (how they look), draw (a strip as SVG), strips (all of them), page (HTML);
style, scale (colours); text and data (the same in words, and as plain data).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from ...engine.errors import CutawayError
from .data import as_data
from .facts import Facts
from .page import document, fragment
from .repeats import fold
from .source import Source, source
from .strips import Drawn, strips
from .text import as_rows, as_text
from .tree import PHASES, tree

__all__ = ["Picture", "picture"]

DEPTHS = ("boxes", "matrices", "neurons")
SHOWN = {"forward": ("forward", "loss"), "backward": ("backward",), "update": ("update",), "all": PHASES}
_numbers = count(1)


@dataclass(frozen=True)
class Picture:
    """A drawing of a tape: text in a terminal, a picture in a notebook, a file with :meth:`save`.

    >>> from cutaway import nn
    >>> drawn = picture(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), (4,))
    >>> drawn
    Sequential: 3 steps, 10 weights
    x          1 × 4
    ├─ Linear  0  1 × 2  10 weights
    └─ ReLU    1  1 × 2
    >>> drawn.svg[:4]
    '<svg'
    """

    source: Source
    depth: str = "boxes"
    phase: str = "forward"
    width: float = 1200.0

    @cached_property
    def facts(self) -> Facts:
        """The tree of the steps, and what its nodes read and make."""
        return Facts(self.source, fold(tree(self.source.tape), self.source))

    @cached_property
    def strips(self) -> Sequence[Drawn]:
        """The whole, and after it the inside of everything that can be opened."""
        return strips(self.facts, self.depth, self.phase, self.width)

    @cached_property
    def svg(self) -> str:
        """The picture with everything folded, as one SVG that needs nothing else."""
        whole = strips(self.facts, self.depth, self.phase, self.width, only_first=True)[0]
        return whole.strip.svg(whole.title, whole.told)

    @property
    def html(self) -> str:
        """A page that stands alone: the picture, whose layers unfold on a click, and a table of the same."""
        return document(self._repr_html_(), f"{self.source.name or 'tape'}, drawn")

    def data(self) -> dict[str, Any]:
        """The picture as plain data (JSON); see :func:`cutaway.glass.picture.data.as_data` for what stands where."""
        return as_data(self.facts, self.phase, self.width)

    def save(self, path: str | Path) -> Path:
        """Write it to a file ending in .svg or .html; either stands alone.

        >>> import tempfile
        >>> from cutaway import nn
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     picture(nn.Linear(4, 2), (4,)).save(f"{folder}/net.html").name
        'net.html'
        """
        path = Path(path)
        if path.suffix not in (".svg", ".html"):
            raise CutawayError(
                f"picture: it is saved as .svg or .html, so call the file {path.stem}.svg, not {path.name}."
            )
        path.write_text(self.svg if path.suffix == ".svg" else self.html, encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return as_text(self.facts, SHOWN[self.phase])

    def _repr_html_(self) -> str:
        rows = as_rows(self.facts, SHOWN[self.phase])
        return fragment(self.strips, rows, self.source.name or "tape", f"cutaway-picture-{next(_numbers)}")


def picture(
    thing: Any, example: Any = None, depth: str = "boxes", phase: str = "forward", width: float = 1200.0
) -> Picture:
    """Draw a network, a tape or a run.

    example: for a network, what flows through it: an array of a few examples, or the shape of one
    depth: "boxes" (layers, shapes, how many weights), "matrices" (every parameter and every activation with its numbers
        as colours) or "neurons" (circles and lines)
    phase: "forward" (with the loss), "backward", "update" or "all"; the forward pass is always there
    width: lines of layers are broken so that the picture is about so wide

    Raises CutawayError for anything else, and for a network without an example.

    >>> from cutaway import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    >>> print(str(picture(net, (1, 28, 28))).splitlines()[0])
    Sequential: 3 steps, 7,850 weights
    """
    if depth not in DEPTHS:
        raise CutawayError(f"picture: depth is {', '.join(map(repr, DEPTHS))}, not {depth!r}.")
    if phase not in SHOWN:
        raise CutawayError(f"picture: phase is {', '.join(map(repr, SHOWN))}, not {phase!r}.")
    return Picture(source(thing, example, depth != "boxes"), depth, phase, width)
