"""How each kind of column becomes numbers: amounts, yes or no, categories, dates.

A column is fitted to training rows once (its mean, its categories, what stands for a missing cell) and from
then on turns any rows into numbers in the same way. It is plain data, so a saved network can carry it along.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .errors import TableError
from .values import read_date, read_number

__all__ = ["Category", "Column", "Date", "Number", "YesNo", "column_from_dict"]

Floats = NDArray[np.float64]
Where = Callable[[int], str]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Column:
    """One column of the table: its name, and whether a number of its own says that the cell was missing.

    >>> column = Number.fit("age", [30.0, 50.0, None], ".")
    >>> column.outputs
    ('age', 'age was missing')
    >>> column.encode([50, None], lambda row: f"row {row}").round(2).tolist()
    [[1.2200000286102295, 0.0], [0.0, 1.0]]
    """

    kind: ClassVar[str] = ""
    name: str
    flag: bool

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the numbers it becomes."""
        return self._parts() + ((f"{self.name} was missing",) if self.flag else ())

    def encode(self, cells: Sequence[object], where: Where) -> NDArray[np.float32]:
        """The numbers for these cells, (N, len(outputs)); ``None`` is a missing cell.

        ``where(i)`` names cell i in a message. Raises TableError for a cell of another kind.
        """
        known: dict[object, tuple[float, ...]] = {}
        rows = []
        for i, cell in enumerate(cells):
            key = (type(cell), cell)
            if key not in known:
                known[key] = self._numbers(cell, lambda i=i: where(i))  # type: ignore[misc]
            rows.append(known[key])
        numbers = np.array(rows, dtype=np.float32).reshape(len(rows), len(self._parts()))
        if not self.flag:
            return numbers
        missing = np.array([[cell is None] for cell in cells], dtype=np.float32).reshape(-1, 1)
        return np.concatenate([numbers, missing], axis=1)

    def to_dict(self) -> dict[str, Any]:
        """The column as plain data."""
        return {"kind": self.kind, **asdict(self)}

    def _parts(self) -> tuple[str, ...]:
        return (self.name,)

    def _numbers(self, cell: object, where: Callable[[], str]) -> tuple[float, ...]:
        raise NotImplementedError

    def describe(self) -> str:
        """What a summary says of it."""
        raise NotImplementedError

    def _filled(self, by: object) -> str:
        return f"; missing cells count as {by}" if self.flag else ""


@dataclass(frozen=True)
class Number(Column):
    """An amount: (value - mean) / spread, both taken from the training rows."""

    kind = "number"
    style: str
    median: float
    mean: float
    spread: float

    @classmethod
    def fit(cls, name: str, values: Sequence[float | None], style: str) -> Number:
        """The column as these training values show it."""
        known = np.array([value for value in values if value is not None], dtype=np.float64)
        median = float(np.median(known))
        # a missing cell becomes the median, so the mean and the spread are those of the filled column
        filled = np.concatenate([known, np.full(len(values) - len(known), median)])
        spread = float(filled.std())
        return cls(name, len(known) < len(values), style, median, float(filled.mean()), spread)

    def read(self, cell: object, where: Callable[[], str]) -> float | None:
        """The amount in a cell."""
        if cell is None:
            return None
        value = read_number(cell, self.style) if isinstance(cell, str) else _number(cell)
        if value is None:
            raise TableError(
                f"{where()}: {cell!r} is not a number, and the others of this column are, such as "
                f"{_short(self.median)}. Correct the cell, or leave it empty if the number is not known."
            )
        return value

    def _numbers(self, cell: object, where: Callable[[], str]) -> tuple[float, ...]:
        value = self.read(cell, where)
        return (((self.median if value is None else value) - self.mean) / (self.spread or 1.0),)

    def describe(self) -> str:
        return f"mean {_short(self.mean)}, spread {_short(self.spread)}{self._filled(_short(self.median))}"


@dataclass(frozen=True)
class YesNo(Column):
    """One of two opposite words: 0 for no, 1 for yes."""

    kind = "yes/no"
    words: tuple[str, str]
    usual: int

    @classmethod
    def fit(cls, name: str, cells: Sequence[str | None], words: tuple[str, str]) -> YesNo:
        """The column as these training cells show it."""
        known = [cell.lower() == words[1] for cell in cells if cell is not None]
        return cls(name, len(known) < len(cells), words, int(2 * sum(known) > len(known)))

    def _numbers(self, cell: object, where: Callable[[], str]) -> tuple[float, ...]:
        if cell is None:
            return (float(self.usual),)
        word = self.words[bool(cell)] if isinstance(cell, bool | np.bool_) else str(cell).lower()
        if word not in self.words:
            raise TableError(f"{where()}: {cell!r} is neither {self.words[0]!r} nor {self.words[1]!r}.")
        return (float(word == self.words[1]),)

    def describe(self) -> str:
        return f"{self.words[0]} is 0, {self.words[1]} is 1{self._filled(self.words[self.usual])}"


@dataclass(frozen=True)
class Category(Column):
    """One of several words: one number for each word, 1 for the word in the cell and 0 for the others.

    A word that no training row had counts as "other", where the table has so many words that the rare ones were
    put together, and has 0 everywhere else. A missing cell is 0 everywhere and 1 in "was missing".
    """

    kind = "category"
    words: tuple[str, ...]
    other: bool

    @classmethod
    def fit(cls, name: str, cells: Sequence[str | None], most: int) -> Category:
        """The column as these training cells show it, with at most ``most`` words."""
        counts = Counter(cell for cell in cells if cell is not None)
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        kept = ranked if len(ranked) <= most else ranked[: most - 1]
        return cls(name, None in cells, tuple(sorted(kept, key=natural)), len(kept) < len(ranked))

    def _parts(self) -> tuple[str, ...]:
        return tuple(f"{self.name}: {word}" for word in self.words) + ((f"{self.name}: other",) * self.other)

    def _numbers(self, cell: object, where: Callable[[], str]) -> tuple[float, ...]:
        word = None if cell is None else plain(cell)
        numbers = [float(word == known) for known in self.words]
        if self.other:
            numbers.append(float(word is not None and word not in self.words))
        return tuple(numbers)

    def describe(self) -> str:
        shown = ", ".join(self.words[:6]) + (", ..." if len(self.words) > 6 else "")
        count = f"{len(self.words)} words{' and others' * self.other}"
        return f"{count}: {shown}{'; missing cells are none of them' * self.flag}"


@dataclass(frozen=True)
class Date(Column):
    """A moment: the year with its fraction (standardised), the season and the hour as points on a circle
    (sine and cosine, so that December lies beside January), and the day of the week.

    ``parts`` names those of them that differ between the training rows.
    """

    kind = "date"
    style: str
    parts: tuple[str, ...]
    middle: str
    mean: float
    spread: float

    @classmethod
    def fit(cls, name: str, cells: Sequence[dt.datetime | None], style: str) -> Date:
        """The column as these training moments show it."""
        known = sorted(cell for cell in cells if cell is not None)
        middle = known[len(known) // 2]
        years = np.array([_year(middle if cell is None else cell) for cell in cells])
        parts = []
        if style != "clock":
            if len({moment.date() for moment in known}) > 1:
                parts.append("year")
            if len({moment.month for moment in known}) > 1:
                parts += ["season (sine)", "season (cosine)"]
            days = {moment.weekday() for moment in known}
            parts += [WEEKDAYS[day] for day in sorted(days) if len(days) > 1]
        if len({(moment.hour, moment.minute) for moment in known}) > 1:
            parts += ["hour (sine)", "hour (cosine)"]
        mean, spread = float(years.mean()), float(years.std())
        return cls(name, len(known) < len(cells), style, tuple(parts), middle.isoformat(), mean, spread)

    def read(self, cell: object, where: Callable[[], str]) -> dt.datetime | None:
        """The moment in a cell."""
        if cell is None:
            return None
        if isinstance(cell, dt.time):
            return dt.datetime.combine(dt.date(2000, 1, 1), cell)
        if isinstance(cell, dt.date):
            return cell.replace(tzinfo=None) if isinstance(cell, dt.datetime) else dt.datetime(*cell.timetuple()[:3])
        moment = read_date(str(cell), self.style) or (
            read_date(str(cell), "year first") if self.style != "clock" else None
        )
        if moment is None:
            wanted = "a time of the day, such as 18:30" if self.style == "clock" else f"a date with the {self.style}"
            raise TableError(f"{where()}: {cell!r} is not {wanted}, as the others of this column are.")
        return moment

    def _parts(self) -> tuple[str, ...]:
        return tuple(f"{self.name}: {part}" for part in self.parts)

    def _numbers(self, cell: object, where: Callable[[], str]) -> tuple[float, ...]:
        moment = self.read(cell, where) or dt.datetime.fromisoformat(self.middle)
        season = 2 * math.pi * (_year(moment) % 1)
        hour = 2 * math.pi * (moment.hour + moment.minute / 60 + moment.second / 3600) / 24
        numbers = {
            "year": (_year(moment) - self.mean) / (self.spread or 1.0),
            "season (sine)": math.sin(season),
            "season (cosine)": math.cos(season),
            "hour (sine)": math.sin(hour),
            "hour (cosine)": math.cos(hour),
        } | {day: float(moment.weekday() == place) for place, day in enumerate(WEEKDAYS)}
        return tuple(numbers[part] for part in self.parts)

    def describe(self) -> str:
        days = sum(part in WEEKDAYS for part in self.parts)
        parts = [part for part in self.parts if part not in WEEKDAYS] + [f"{days} weekdays"] * bool(days)
        return ", ".join(parts) + self._filled(self.middle.replace("T00:00:00", ""))


def column_from_dict(saved: dict[str, Any]) -> Column:
    """The column that ``to_dict`` wrote down (lists, as JSON has them, become tuples again).

    >>> column = Category.fit("colour", ["red", "blue"], most=9)
    >>> column_from_dict(column.to_dict()) == column
    True
    """
    kinds: dict[str, type[Column]] = {kind.kind: kind for kind in (Number, YesNo, Category, Date)}
    settings: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in saved.items()}
    return kinds[settings.pop("kind")](**settings)


def natural(word: str) -> tuple[int, float, str]:
    """The order in which people list words: numbers by size, then the others by the alphabet.

    >>> sorted(["10", "9", "b", "A"], key=natural)
    ['9', '10', 'A', 'b']
    """
    value = read_number(word, ".")
    return (1, 0.0, word.lower()) if value is None else (0, value, word)


def plain(cell: object) -> str:
    """A cell as the text a file would have: 3.0 is "3".

    >>> plain(3.0), plain("red"), plain(np.int64(7))
    ('3', 'red', '7')
    """
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def _number(cell: object) -> float | None:
    if isinstance(cell, bool | int | float | np.number | np.bool_) and math.isfinite(cell):
        return float(cell)
    return None


def _year(moment: dt.datetime) -> float:
    begin = dt.datetime(moment.year, 1, 1)
    days = 366 if moment.year % 4 == 0 and (moment.year % 100 or moment.year % 400 == 0) else 365
    return moment.year + (moment - begin).total_seconds() / (days * 86400)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
