"""Finds out what each column of a sheet holds, or says in which cell it stops making sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .csvfile import Sheet
from .errors import TableError
from .values import YES_NO, date_styles, is_missing, number_styles, read_number, styles_of_all

__all__ = ["Kind", "Reading", "find_kinds"]

MOSTLY = 0.8  # from this share on, the cells that differ are taken for mistakes


@dataclass(frozen=True)
class Reading:
    """What the user said about how cells are to be read, where the file alone leaves it open."""

    missing: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    decimal: str | None = None
    day_first: bool | None = None

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise TableError(f"decimal is the sign before the decimals, '.' or ',', not {self.decimal!r}.")


@dataclass(frozen=True)
class Kind:
    """What a column holds: "number", "date", "yes/no", "category", "text" or "nothing".

    ``style`` is the decimal sign of numbers or the order of dates; ``words`` are yes/no's two.
    """

    name: str
    style: str = ""
    words: tuple[str, str] = ("", "")
    about: str = ""


def find_kinds(sheet: Sheet, columns: Collection[str], reading: Reading) -> dict[str, Kind]:
    """What each of these columns holds.

    Raises TableError for a column that is nearly all numbers or dates, and for one that can be read in two ways.
    """
    cells = {name: _distinct(sheet, name, reading) for name in columns}
    numbers = {
        name: styles_of_all(map(number_styles, found))
        for name, found in cells.items()
        if name not in reading.categories
    }
    signs = {next(iter(styles)) for styles in numbers.values() if len(styles) == 1}
    decimal = reading.decimal or (signs.pop() if len(signs) == 1 else None)
    return {
        name: _kind(sheet, name, found, numbers.get(name, frozenset()), decimal, reading)
        for name, found in cells.items()
    }


def _kind(
    sheet: Sheet,
    name: str,
    cells: Mapping[str, int],
    numbers: frozenset[str],
    decimal: str | None,
    reading: Reading,
) -> Kind:
    if not cells:
        return Kind("nothing")
    if name in reading.categories:
        return Kind("category")
    if numbers:
        sign = _decimal_sign(sheet, name, cells, numbers, decimal)
        for cell in cells:
            if read_number(cell, sign) is None:
                raise TableError(f"{_place(sheet, name, cell)}: {cell!r} is too large to be counted with.")
        return Kind("number", sign)
    dates = {cell: date_styles(cell) for cell in cells}
    if styles := styles_of_all(dates.values()):
        return Kind("date", _date_order(sheet, name, cells, styles, reading))
    pair = YES_NO.get(frozenset(cell.lower() for cell in cells))
    if pair:
        return Kind("yes/no", words=pair)
    _refuse_mixed(sheet, name, cells, dates)
    total = sum(cells.values())
    if len(cells) > max(8, total / 2) or max(map(len, cells)) > 200:
        example = next(iter(cells))
        return Kind("text", about=f"{len(cells):,} different texts in {total:,} rows, such as {example[:40]!r}")
    return Kind("category")


def _distinct(sheet: Sheet, name: str, reading: Reading) -> Counter[str]:
    counted = Counter(sheet.column(name))
    for cell in [cell for cell in counted if is_missing(cell, reading.missing)]:
        del counted[cell]
    return counted


def _decimal_sign(
    sheet: Sheet, name: str, cells: Mapping[str, int], styles: frozenset[str], decimal: str | None
) -> str:
    """The sign before the decimals. 1,234 alone may be 1234 or 1.234: the rest of the file decides, or the user."""
    if len(styles) == 1:
        return next(iter(styles))
    if decimal is not None:
        return decimal
    doubtful = next((cell for cell in cells if "," in cell or "." in cell), None)
    if doubtful is None or sheet.delimiter == ",":  # with commas between the cells, a point is a point
        return "."
    digits = doubtful.replace(",", "").replace(".", "")
    raise TableError(
        f"{_place(sheet, name, doubtful)}: {doubtful!r} may be {doubtful.replace(',', '.')} or {digits}, and "
        "nothing in the file decides it. Say which sign stands before the decimals: decimal=',' or decimal='.'."
    )


def _date_order(sheet: Sheet, name: str, cells: Mapping[str, int], styles: frozenset[str], reading: Reading) -> str:
    if len(styles) == 1:
        return next(iter(styles))
    if reading.day_first is not None:
        return "day first" if reading.day_first else "month first"
    doubtful = next((cell for cell in cells if not any(letter.isalpha() for letter in cell)), None)
    if doubtful is None:
        return "day first"
    raise TableError(
        f"{_place(sheet, name, doubtful)}: {doubtful!r} may have the day first or the month first, and no other date "
        "of the column decides it. Say day_first=True or day_first=False."
    )


def _refuse_mixed(sheet: Sheet, name: str, cells: Mapping[str, int], dates: Mapping[str, frozenset[str]]) -> None:
    """A column that is nearly all of one kind has a mistake in it, and here it is."""
    total = sum(cells.values())
    for kind, styles in (("number", {c: number_styles(c) for c in cells}), ("date", dates)):
        fitting = sum(count for cell, count in cells.items() if styles[cell])
        if fitting < MOSTLY * total or total < 5:
            continue
        strange = next((cell for cell in cells if not styles[cell]), None)
        if strange is not None:
            raise TableError(
                f"{_place(sheet, name, strange)}: {strange!r} is not a {kind}, and {fitting:,} of the {total:,} cells "
                f"of this column are {kind}s. Correct the cell; or, if it means that the {kind} is not known, say "
                f"missing=[{strange!r}]; or, if the {kind}s are only names of kinds, say categories=[{name!r}]."
            )
        first, second = _conflict(styles)
        ways = "decimal point and decimal comma" if kind == "number" else "two orders of day, month and year"
        raise TableError(
            f"{_place(sheet, name, second)}: the column mixes {ways}: {second!r} here, and {first!r} in line "
            f"{sheet.lines[sheet.column(name).index(first)]}. Write all of them in one way."
        )


def _conflict(styles: Mapping[str, frozenset[str]]) -> tuple[str, str]:
    """The first cell that the way of reading all cells before it cannot read, and one of those before."""
    kept: frozenset[str] | None = None
    before = ""
    for cell, possible in styles.items():
        narrowed = possible if kept is None else kept & possible
        if not narrowed:
            return before, cell
        if narrowed != kept:
            kept, before = narrowed, cell
    raise AssertionError("no conflict")


def _place(sheet: Sheet, name: str, cell: str) -> str:
    return sheet.where(sheet.column(name).index(cell), name)
