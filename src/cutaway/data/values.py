"""What the text of a cell may mean: a number, a date, a time of the day, yes or no, nothing.

One cell can often be read in several ways (``1,234``; ``03/04/2024``), and a whole column seldom can. So each
reader says under which *styles* it understands a cell, and the column keeps the styles that understand all.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable

__all__ = ["DATE_STYLES", "NUMBER_STYLES", "YES_NO", "date_styles", "is_missing", "number_styles", "read_date"]
__all__ += ["read_number", "styles_of_all"]

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "?", "-", "--", "–", "<na>"})
YES_NO = {
    frozenset(pair): pair
    for pair in (
        ("no", "yes"),
        ("n", "y"),
        ("false", "true"),
        ("f", "t"),
        ("off", "on"),
        ("nein", "ja"),
        ("non", "oui"),
    )
}

NUMBER_STYLES = (".", ",")  # the sign before the decimals
_SIGNS = r"[$€£¥]?\s?", r"\s?[%€$£¥]?"
_POINT = (
    r"[+-]?%s(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[1-9]\d{0,2}(?:[,'’ \u00a0\u202f]\d{3})+(?:\.\d+)?)%s"
)
_COMMA = r"[+-]?%s(?:\d+(?:,\d*)?(?:[eE][+-]?\d+)?|,\d+|[1-9]\d{0,2}(?:[.'’ \u00a0\u202f]\d{3})+(?:,\d+)?)%s"
_NUMBER = {".": re.compile(_POINT % _SIGNS), ",": re.compile(_COMMA % _SIGNS)}
_OUTSIDE = re.compile(r"[$€£¥%'’\s\u00a0\u202f]")

DATE_STYLES = ("year first", "day first", "month first", "clock")
_CLOCK = r"(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?\s*(?P<pm>[aApP]\.?[mM]\.?)?"
_THEN = rf"(?:(?:,?\s+|T){_CLOCK}\s*(?:Z|UTC|[+-]\d{{2}}:?\d{{2}})?)?"
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_WORD = r"(?P<mon>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\.?"
_DATES = (
    (("year first",), re.compile(rf"(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})(?:[-/.](?P<d>\d{{1,2}}){_THEN})?")),
    (("day first",), re.compile(rf"(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<y>\d{{4}}|\d{{2}}){_THEN}")),
    (("day first",), re.compile(rf"(?P<d>\d{{1,2}})([-/])(?P<m>\d{{1,2}})\2(?P<y>\d{{4}}|\d{{2}}){_THEN}")),
    (("month first",), re.compile(rf"(?P<m>\d{{1,2}})([-/])(?P<d>\d{{1,2}})\2(?P<y>\d{{4}}|\d{{2}}){_THEN}")),
    (("day first", "month first"), re.compile(rf"(?P<d>\d{{1,2}})[-\s]{_WORD}[-,\s]\s?(?P<y>\d{{4}}){_THEN}", re.I)),
    (("day first", "month first"), re.compile(rf"{_WORD}\s(?P<d>\d{{1,2}}),?\s(?P<y>\d{{4}}){_THEN}", re.I)),
    (("clock",), re.compile(_CLOCK)),
)


def is_missing(cell: str, more: Iterable[str] = ()) -> bool:
    """Whether the cell says that nothing is known.

    >>> is_missing("NA"), is_missing("?"), is_missing("0"), is_missing("-999", more=["-999"])
    (True, True, False, True)
    """
    return cell.strip().lower() in MISSING or cell.strip() in more


def number_styles(cell: str) -> frozenset[str]:
    """Under which decimal signs the cell is a number.

    >>> sorted(number_styles("1.5")), sorted(number_styles("1,234")), sorted(number_styles("abc"))
    (['.'], [',', '.'], [])
    """
    return frozenset(style for style in NUMBER_STYLES if _NUMBER[style].fullmatch(cell))


def read_number(cell: str, style: str) -> float | None:
    """The number, or None where the cell is none in this style.

    >>> read_number("1.234,5", ","), read_number("$1,200", "."), read_number("12 %", "."), read_number("x", ".")
    (1234.5, 1200.0, 12.0, None)
    """
    if not _NUMBER[style].fullmatch(cell):
        return None
    digits = _OUTSIDE.sub("", cell)
    digits = digits.replace(",", "") if style == "." else digits.replace(".", "").replace(",", ".")
    value = float(digits)
    return value if math.isfinite(value) else None


def date_styles(cell: str) -> frozenset[str]:
    """Under which orders of day, month and year the cell is a date; "clock" for a time of the day.

    >>> sorted(date_styles("2024-02-29")), sorted(date_styles("03/04/2024")), sorted(date_styles("31/04/2024"))
    (['year first'], ['day first', 'month first'], [])
    """
    found: set[str] = set()
    for styles, pattern in _DATES:
        if _moment(pattern, cell) is not None:
            found.update(styles)
    return frozenset(found)


def read_date(cell: str, style: str) -> dt.datetime | None:
    """The date, or None where the cell is none in this style. Time zones are left aside: the clock's reading counts.

    >>> read_date("03/04/2024 6:30 pm", "day first").isoformat()
    '2024-04-03T18:30:00'
    """
    for styles, pattern in _DATES:
        if style in styles and (moment := _moment(pattern, cell)) is not None:
            return moment
    return None


def _moment(pattern: re.Pattern[str], cell: str) -> dt.datetime | None:
    found = pattern.fullmatch(cell)
    try:
        return _date(found.groupdict()) if found else None
    except ValueError:  # the 31st of April
        return None


def _date(parts: dict[str, str | None]) -> dt.datetime:
    year = int(parts.get("y") or 2000)
    if len(parts.get("y") or "2000") == 2:  # as POSIX reads them: 69 to 99 are 19.., the others 20..
        year += 1900 if year >= 69 else 2000
    word = parts.get("mon")
    month = _MONTHS[word[:3].lower()] if word else int(parts.get("m") or 1)
    hour, afternoon = int(parts.get("h") or 0), (parts.get("pm") or "").lower()[:1]
    if afternoon and not 1 <= hour <= 12:
        raise ValueError
    if afternoon:
        hour = hour % 12 + 12 * (afternoon == "p")
    return dt.datetime(
        year, month, int(parts.get("d") or 1), hour, int(parts.get("min") or 0), int(parts.get("s") or 0)
    )


def styles_of_all(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """The styles that understand every cell.

    >>> sorted(styles_of_all([frozenset("ab"), frozenset("bc")]))
    ['b']
    """
    kept: frozenset[str] | None = None
    for styles in sets:
        kept = styles if kept is None else kept & styles
        if not kept:
            return frozenset()
    return kept or frozenset()
