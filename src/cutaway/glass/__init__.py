"""The glass: readers of a run's program, slots and history. They know nothing of any particular network.

show (an array as numbers, curve and picture), explain (a step by its story and with its numbers in it), why (what moved
one weight: by rule, by example), picture (a network, a tape or a run, drawn),
watch (stop where a condition comes true), health (what goes wrong, and since when).
"""

from .explain import Explained, explain
from .health import Finding, Health, health
from .picture import Picture, picture
from .show import Shown, show
from .watch import ConditionError, Hit, Watch, Watches
from .why import Why, why

__all__ = [
    "ConditionError",
    "Explained",
    "Finding",
    "Health",
    "Hit",
    "Picture",
    "Shown",
    "Watch",
    "Watches",
    "Why",
    "explain",
    "health",
    "picture",
    "show",
    "why",
]
