"""The training program of a whole batch, split over workers: one tape becomes several, list to lists.

layout (how a slot is held: whole, cut or in parts), shards (what comes out), ahead (what can be told before), splitter
(goes over the tape), rules and the files beside it (what each family of operations does with inputs that are cut),
lockstep (all tapes walked side by side with the readable forwards: the proof).
"""

from .layout import PARTIAL, WHOLE, Layout, cut_along, even_bounds
from .lockstep import Lockstep
from .shards import Shards
from .splitter import split

__all__ = ["PARTIAL", "WHOLE", "Layout", "Lockstep", "Shards", "cut_along", "even_bounds", "split"]
