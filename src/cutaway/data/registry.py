"""What data there is by name, and how each is loaded: ``load("digits")``, ``load("mnist")``."""

from __future__ import annotations

import difflib

from .splits import Splits

__all__ = ["load"]


def load(name: str) -> Splits:
    """A data set by its name."""
    from . import digits

    if name != "digits":
        close = difflib.get_close_matches(name, ["digits"])
        raise ValueError(f"There is no data set {name!r}.{' Did you mean ' + close[0] + '?' if close else ''}")
    return digits.load()
