"""Data: what comes with Cutaway, what can be fetched, and your own tables and arrays, dealt out in batches.

dataset (examples and answers), loader (batches by number), augment and warp (pictures moved, mirrored, bent), registry
(data by name), digits, mnist, fashion, cifar10 and weather (the sets), download, sources and places (fetching), idx and
unpickle (file formats), tables and folders (your own files; loaded when first used).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .augment import Crop, CutOut, Flip, Shift
from .dataset import Dataset
from .errors import DataError, FetchError, FileFormatError, TableError
from .loader import DataLoader
from .places import home
from .registry import Entry, catalog, fetch, load
from .splits import Splits
from .warp import Warp

__all__ = [
    "Crop",
    "CutOut",
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
    "Warp",
    "catalog",
    "fetch",
    "home",
    "image_folder",
    "load",
    "table",
]

if TYPE_CHECKING:
    from .folders import image_folder
    from .tables import Table, table


def __getattr__(name: str) -> Any:
    """Reading files takes a dozen modules that a network on pictures never needs: they come when asked for."""
    if name in ("Table", "table"):
        from . import tables

        return getattr(tables, name)
    if name == "image_folder":
        from . import folders

        return folders.image_folder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
