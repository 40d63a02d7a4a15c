"""A network, a tape or a run, drawn: as boxes, as matrices with their numbers, or as neurons and weights.

source (where the tape comes from), tree (its steps grouped by layer), repeats (alike neighbours folded), facts (shapes,
weights, who reads what), mirror (which backward step belongs to which layer), data (all that as plain data), text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...engine.errors import CutawayError
from .data import as_data
from .facts import Facts
from .repeats import fold
from .source import Source, source
from .text import as_text
from .tree import PHASES, tree

__all__ = ["Picture", "picture"]

SHOWN = {"forward": ("forward", "loss"), "backward": ("backward",), "update": ("update",), "all": PHASES}


@dataclass(frozen=True)
class Picture:
    """A drawing of a tape; prints as text in a terminal.

    >>> from cutaway import nn
    >>> picture(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), (4,))
    Sequential: 3 steps, 10 weights
    x          1 × 4
    ├─ Linear  0  1 × 2  10 weights
    └─ ReLU    1  1 × 2
    """

    source: Source
    depth: str
    phase: str

    @cached_property
    def facts(self) -> Facts:
        """The tree of the steps, and what its nodes read and make."""
        return Facts(self.source, fold(tree(self.source.tape), self.source))

    def data(self) -> dict[str, Any]:
        """The picture as plain data (JSON); see :func:`cutaway.glass.picture.data.as_data` for what stands where."""
        return as_data(self.facts)

    def __repr__(self) -> str:
        return as_text(self.facts, SHOWN[self.phase])


def picture(thing: Any, example: Any = None, depth: str = "boxes", phase: str = "forward") -> Picture:
    """Draw a network, a tape or a run.

    example: for a network: an array of a few examples, or the shape of one
    depth: "boxes", "matrices" or "neurons"
    phase: "forward" (with the loss), "backward", "update" or "all"
    """
    if depth not in ("boxes", "matrices", "neurons"):
        raise CutawayError(f"picture: depth is 'boxes', 'matrices' or 'neurons', not {depth!r}.")
    if phase not in SHOWN:
        raise CutawayError(f"picture: phase is 'forward', 'backward', 'update' or 'all', not {phase!r}.")
    return Picture(source(thing, example, depth != "boxes"), depth, phase)
