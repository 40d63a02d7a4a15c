"""Memory that was let go, given back to the system.

The recording of a program holds all of its numbers at once. They are let go when the plan is made, but the C library
keeps what it was given for later use, and every worker that is forked would keep it, too.
"""

from __future__ import annotations

import ctypes
import gc
import sys

__all__ = ["tidy"]


def tidy() -> None:
    """Give unused memory back, where the C library can be asked for it (glibc's, on Linux).

    >>> tidy()
    """
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
