"""What data there is by name: where each set comes from, where it is kept, and how it is loaded.

A name always means the same data: ``digits`` is the sample inside the package and ``mnist`` the full set,
whatever a cache may hold.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import cifar10, digits, fashion, mnist, weather
from .errors import DataError
from .places import Progress, RemoteFile, home
from .splits import Splits

__all__ = ["Entry", "catalog", "fetch", "load"]


@dataclass(frozen=True)
class Entry:
    """One data set as the catalogue lists it.

    ``files`` is empty for what ships in the package. ``size`` is in bytes, packed.

    >>> catalog()[0].name, catalog()[0].embedded
    ('digits', True)
    """

    name: str
    about: str
    licence: str
    examples: str
    size: int
    files: tuple[RemoteFile, ...] = ()
    _load: Callable[[Path], Splits] = field(repr=False, kw_only=True)
    _folder: Callable[[], Path] = field(repr=False, kw_only=True)

    @property
    def embedded(self) -> bool:
        """Whether the set ships in the package and needs no download."""
        return not self.files

    @property
    def path(self) -> Path:
        """Where the set is kept on this machine, or will be."""
        return self._folder()

    @property
    def here(self) -> bool:
        """Whether it is on this machine already (``load`` checks that it is whole)."""
        return all((home() / "data" / file.path).is_file() for file in self.files)


ENTRIES = (
    Entry(
        "digits",
        digits.ABOUT,
        digits.LICENCE,
        "8,000 + 2,000",
        1_651_140,
        _load=lambda folder: digits.load(),
        _folder=digits.where,
    ),
    Entry(
        "mnist",
        mnist.ABOUT,
        mnist.LICENCE,
        "60,000 + 10,000",
        sum(file.size for file in mnist.FILES),
        mnist.FILES,
        _load=mnist.load,
        _folder=lambda: home() / "data" / "mnist",
    ),
    Entry(
        "fashion",
        fashion.ABOUT,
        fashion.LICENCE,
        "60,000 + 10,000",
        sum(file.size for file in fashion.FILES),
        fashion.FILES,
        _load=fashion.load,
        _folder=lambda: home() / "data" / fashion.FOLDER,
    ),
    Entry(
        "cifar10",
        cifar10.ABOUT,
        cifar10.LICENCE,
        "50,000 + 10,000",
        sum(file.size for file in cifar10.FILES),
        cifar10.FILES,
        _load=cifar10.load,
        _folder=lambda: home() / "data" / cifar10.FILES[0].path,
    ),
    Entry(
        "weather",
        weather.ABOUT,
        weather.LICENCE,
        "1,095 + 364",
        47_298,
        _load=lambda folder: weather.load(),
        _folder=weather.where,
    ),
)


def catalog() -> tuple[Entry, ...]:
    """All data sets that ``load`` knows.

    >>> [entry.name for entry in catalog()]
    ['digits', 'mnist', 'fashion', 'cifar10', 'weather']
    """
    return ENTRIES


def fetch(name: str, progress: Progress | None = None) -> Path:
    """See to it that a data set is on this machine, and say where: its folder, or its file in the package.

    ``progress(done, total)`` is called with bytes. Nothing is fetched twice; what was cut off goes on.
    Raises DataError for an unknown name and FetchError, with what to do, when nobody serves the files.

    >>> fetch("digits").name
    'digits.npz'
    """
    entry = _entry(name)
    if entry.files:
        from .download import bring

        bring(entry.files, home() / "data", name, progress)
    return entry.path


def load(name: str, progress: Progress | None = None) -> Splits:
    """A data set by its name, with ``.train``, ``.test``, ``.classes``, ``.about`` and ``.licence``.

    ``"digits"`` and ``"weather"`` ship in the package; ``"mnist"`` (12 MB), ``"fashion"`` (31 MB) and ``"cifar10"``
    (171 MB) are fetched on first use, into ``home()``.
    Raises DataError for an unknown name and FetchError, with what to do, when nobody serves the files.

    >>> digits = load("digits")
    >>> digits.train.x.shape, digits.test.x.shape
    ((8000, 1, 28, 28), (2000, 1, 28, 28))
    """
    entry = _entry(name)
    if not entry.here and progress is None and sys.stderr is not None and sys.stderr.isatty():
        progress = _meter(name)
    fetch(name, progress)
    return entry._load(home() / "data")


def _entry(name: str) -> Entry:
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    import difflib

    names = [entry.name for entry in ENTRIES]
    close = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
    raise DataError(
        f"There is no data set {name!r}.{f' Did you mean {close[0]!r}?' if close else ''} There are "
        f'{", ".join(names[:-1])} and {names[-1]}; your own file is `ct.data.table("file.csv", predict="column")`.'
    )


def _meter(name: str) -> Progress:
    """One line in the terminal, for who fetches without a progress bar."""

    def show(done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        print(f"\rFetching {name}: {done / 1e6:.1f} of {total / 1e6:.1f} MB", end=end, file=sys.stderr, flush=True)

    return show
