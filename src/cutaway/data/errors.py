"""What can go wrong with data: a file of the wrong form, a table that cannot be learnt from, a failed download."""

from __future__ import annotations

from ..engine.errors import CutawayError

__all__ = ["DataError", "FetchError", "FileFormatError", "TableError"]


class DataError(CutawayError, ValueError):
    """A name or a setting that makes no sense for data: an unknown data set, an impossible batch size.

    >>> issubclass(DataError, ValueError)
    True
    """


class FileFormatError(DataError):
    """A file that is not what its name promises: cut short, damaged, or of another kind.

    >>> issubclass(FileFormatError, ValueError)
    True
    """


class TableError(DataError):
    """A table that a network cannot be trained on as it stands; the message names file, line and column.

    >>> issubclass(TableError, ValueError)
    True
    """


class FetchError(CutawayError, OSError):
    """A data set that could not be brought to this machine.

    >>> issubclass(FetchError, OSError)
    True
    """
