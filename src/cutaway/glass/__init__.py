"""The glass: readers of a run's program, slots and history. They know nothing of any particular network.

show (an array as numbers, curve and picture), explain (a step by its story and with its numbers in it), why (what moved
one weight: by rule, by example), compare (two branches), picture (a network, a tape or a run, drawn),
watch (stop where a condition comes true), health (what goes wrong, and since when), sees (a picture as the network sees
it; sight has its parts), studio (all of it in a page or in a cell of a notebook; Studio is the widget itself),
save_html (a stretch of a run in one file).
"""

from typing import TYPE_CHECKING, Any

from .compare import Compared, compare
from .explain import Explained, explain
from .health import Finding, Health, health
from .picture import Picture, picture
from .show import Shown, show
from .watch import ConditionError, Hit, Watch, Watches
from .why import Why, why

if TYPE_CHECKING:
    from . import sight
    from .sight import Sight, sees
    from .studio import save_html
    from .studio.widget import Studio

__all__ = [
    "Compared",
    "ConditionError",
    "Explained",
    "Finding",
    "Health",
    "Hit",
    "Picture",
    "Shown",
    "Sight",
    "Studio",
    "Watch",
    "Watches",
    "Why",
    "compare",
    "explain",
    "health",
    "picture",
    "save_html",
    "sees",
    "show",
    "sight",
    "why",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """What needs more than NumPy, or is seldom wanted, is loaded when it is asked for."""
        if name == "Studio":
            from .studio.widget import Studio

            return Studio
        if name == "save_html":
            from .studio import save_html

            return save_html
        if name in ("sight", "sees", "Sight"):
            from importlib import import_module

            sight = import_module(".sight", __name__)
            return sight if name == "sight" else getattr(sight, name)
        raise AttributeError(f"cutaway.glass has no {name!r}; there are {', '.join(__all__)}.")
