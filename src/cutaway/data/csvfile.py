"""Reads a text file of rows and columns: which sign divides the cells, which line each row began on.

Everything stays text here; what the texts mean is found out in ``values`` and ``infer``.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import TableError

__all__ = ["Sheet", "read_sheet"]

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
Row = Sequence[str]


@dataclass(frozen=True)
class Sheet:
    """The text of a table: the names of its columns, its rows, and the line of the file each row begins on."""

    file: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    lines: tuple[int, ...]
    delimiter: str

    def column(self, name: str) -> list[str]:
        """All cells of one column."""
        place = self.header.index(name)
        return [row[place] for row in self.rows]

    def where(self, row: int, column: str) -> str:
        """How a message names a cell: file, line and column."""
        return f"{self.file}, line {self.lines[row]}, column {column!r}"


def read_sheet(path: str | os.PathLike[str], delimiter: str | None = None, encoding: str = "utf-8") -> Sheet:
    """Read a CSV file whose first line names the columns.

    Raises TableError, with file and line, for what is no table: ragged rows, a column named twice, an open
    quotation mark, no rows at all.
    """
    path = Path(path)
    text = _text(path, encoding)
    if delimiter is None:
        delimiter = _sniff(text)
    elif len(delimiter) != 1 or delimiter in '"\r\n':
        raise TableError(f"delimiter is the one sign between two cells, such as ',' or ';', not {delimiter!r}.")
    records = list(_records(text, delimiter, str(path)))
    if not records:
        raise TableError(f"{path} is empty: its first line should name the columns, and each further line be a row.")
    width = _used_width(records)
    (first, names), body = records[0], records[1:]
    header = _header([*names, *[""] * width][:width], f"{path}, line {first}")
    if not body:
        raise TableError(f"{path} has one line only: no rows follow the names of the columns.")
    for line, cells in body:
        if (len(cells) != width and any(cells[width:])) or len(cells) < width:
            raise TableError(_ragged(str(path), line, cells, header, delimiter))
    rows = tuple(tuple(cells[:width]) for _, cells in body)
    return Sheet(str(path), header, rows, tuple(line for line, _ in body), delimiter)


def _text(path: Path, encoding: str) -> str:
    if path.is_dir():  # asked beforehand: Windows calls the attempt to read it a lack of permission
        raise TableError(f"{path} is a folder, not a file.")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise TableError(f"There is no file {path} (looked for it from {Path.cwd()}).") from None
    if content[:4] == b"PK\x03\x04":
        raise TableError(
            f"{path} is a spreadsheet or a zip archive, not text. In the spreadsheet program choose "
            '"Save as", "CSV UTF-8", and give that file.'
        )
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"  # some programs write a mark (BOM) before the first name
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # its object: the content without such a mark
        raise TableError(
            f"{path}, line {line}: the byte {error.object[error.start]:#04x} is not {error.encoding} text. Files of "
            "older Windows programs are read with encoding='cp1252'."
        ) from None
    except LookupError:
        raise TableError(f"There is no text encoding {encoding!r}; usual ones are 'utf-8' and 'cp1252'.") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise TableError(f"{path}, line {line}: there is a zero byte in it, so this is not a text file.")
    return text


def _records(text: str, delimiter: str, file: str, most: int | None = None) -> Iterator[tuple[int, list[str]]]:
    """The number of the line it begins on, and the cells, of every row that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    begin = 1
    while most is None or most > 0:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(_quotes(file, begin, reader.line_num, str(error))) from None
        if any(cell.strip() for cell in cells):
            yield begin, [cell.strip() for cell in cells]
            most = None if most is None else most - 1
        begin = reader.line_num + 1


def _quotes(file: str, begin: int, end: int, error: str) -> str:
    if "unexpected end" in error:
        return f"{file}, line {begin}: a quotation mark is opened in this row and never closed."
    if "expected after" in error:
        return (
            f"{file}, line {end}: text follows a closing quotation mark. A quotation mark within a quoted cell is "
            'written twice: "a ""good"" one".'
        )
    return f"{file}, line {end}: {error}."


def _sniff(text: str) -> str:
    """The sign that cuts the first rows into the same number of cells, more than one."""
    best, chosen = (0.0, 0), ","
    for delimiter in DELIMITERS:
        try:
            widths = [len(cells) for _, cells in _records(text[:200_000], delimiter, "", most=100)]
        except TableError:
            widths = _widths_without_quotes(text, delimiter)
        if not widths or widths[0] < 2:
            continue
        score = (sum(w == widths[0] for w in widths) / len(widths), widths[0])
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _widths_without_quotes(text: str, delimiter: str) -> list[int]:
    return [line.count(delimiter) + 1 for line in text[:200_000].splitlines()[:100] if line.strip()]


def _used_width(records: list[tuple[int, list[str]]]) -> int:
    """How many columns there are, without unnamed empty ones at the end (a delimiter closes every line)."""
    width = len(records[0][1])
    while width > 1 and not records[0][1][width - 1] and not any(any(cells[width - 1 :]) for _, cells in records):
        width -= 1
    return width


def _header(names: list[str], where: str) -> tuple[str, ...]:
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        places = [str(i + 1) for i, name in enumerate(names) if name == twice[0]]
        raise TableError(
            f"{where}: {len(places)} columns are named {twice[0]!r} (the columns {' and '.join(places)}). Give every "
            "column a name of its own."
        )
    return tuple(name or f"column {place}" for place, name in enumerate(names, 1))


def _ragged(file: str, line: int, cells: list[str], header: tuple[str, ...], delimiter: str) -> str:
    message = f"{file}, line {line}: {len(cells)} cell{'s' * (len(cells) != 1)} where the first line names "
    message += f"{len(header)} column{'s' * (len(header) != 1)}. "
    if len(cells) > len(header):
        message += f"The cell too many begins with {cells[len(header)][:30]!r}. "
        if delimiter == ",":
            message += 'A text with a comma in it stands in quotation marks: "Paris, Texas"; a number has none: 1234.5.'
    else:
        message += (
            f"The row ends before {header[len(cells)]!r}; an unknown cell is left empty, but its {delimiter!r} stays."
        )
    return message
