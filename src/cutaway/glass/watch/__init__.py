"""Watching: conditions that stop a run where they come true, and the hits that say what happened.

language (what may stand in a condition), evaluate (walking it), scope (what its names mean at a moment), hit, watches.
"""

from .hit import Hit
from .language import ConditionError
from .watches import Watch, Watches

__all__ = ["ConditionError", "Hit", "Watch", "Watches"]
