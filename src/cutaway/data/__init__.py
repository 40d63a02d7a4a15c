"""Data: what comes with Cutaway, what can be fetched, and your own tables and arrays, dealt out in batches.

dataset (examples and answers), loader (batches by number), augment (pictures moved and mirrored), registry (data by
name), digits and mnist (the sets), download, sources and places (fetching), idx (a file
format), table (your own files).
"""

from .augment import Crop, Flip, Shift
from .dataset import Dataset
from .errors import DataError, FetchError, FileFormatError, TableError
from .loader import DataLoader
from .places import home
from .registry import Entry, catalog, fetch, load
from .splits import Splits
from .table import Table, table

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
