"""Data: what comes with Cutaway, what can be fetched, and your own tables and arrays, dealt out in batches.

dataset (examples and answers), loader (batches by number), augment (pictures moved and mirrored), registry (data by
name), digits, weather and mnist (the sets), download, sources and places (fetching), idx (a file format), tables (your
own files; loaded when first used).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .augment import Crop, Flip, Shift
from .dataset import Dataset
from .errors import DataError, FetchError, FileFormatError, TableError
from .loader import DataLoader
from .places import home
from .registry import Entry, catalog, fetch, load
from .splits import Splits

__all__ = [
    "Crop",
    "DataError",
    "DataLoader",
    "Dataset",
    "Entry",
    "FetchError",
    "FileFormatError",
    "Flip",
    "Shift",
    "Splits",
    "Table",
    "TableError",
    "catalog",
    "fetch",
    "home",
    "load",
    "table",
]

if TYPE_CHECKING:
    from .tables import Table, table


def __getattr__(name: str) -> Any:
    """Reading files takes a dozen modules that a network on pictures never needs: they come when asked for."""
    if name in ("Table", "table"):
        from . import tables

        return getattr(tables, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
