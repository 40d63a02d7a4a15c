"""Your own table: a CSV file becomes numbers to train on, and the network's answers become words or amounts again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .answers import Answers, Task, answered, find_answers
from .columns import Category, Column, Date, Number, YesNo
from .csvfile import Sheet, read_sheet
from .dataset import Dataset
from .dealing import by_chance, by_order
from .encoding import Amount, Classes, Encoding, Rows, did_you_mean
from .errors import DataError, TableError
from .infer import Kind, Reading, find_kinds
from .remarks import remarks
from .values import is_missing, number_styles, read_date, read_number

__all__ = ["Table", "table"]


class Table:
    r"""A table made ready: ``train`` and ``test`` to learn from and to score on, and the encoding for new rows.

    Made by :func:`table`. ``columns`` describes the columns that are used, ``left_out`` says why the others are
    not, ``remarks`` says what is odd about the data. ``classes`` names the classes, or is None where an amount
    is predicted.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "weather.csv"
    >>> lines = [f"{k % 30},{'yes' if k % 30 > 14 else 'no'}" for k in range(60)]
    >>> _ = file.write_text("\n".join(["degrees,ice cream", *lines]), encoding="utf-8")
    >>> weather = table(file, predict="ice cream")
    >>> weather.classes, [column.name for column in weather.columns]
    (('no', 'yes'), ['degrees'])
    """

    def __init__(
        self,
        name: str,
        encoding: Encoding,
        train: Dataset,
        test: Dataset | None,
        left_out: dict[str, str],
        remarks: Sequence[str],
    ) -> None:
        self.name, self.encoding, self.train, self._test = name, encoding, train, test
        self.left_out, self.remarks = left_out, tuple(remarks)
        self.columns: tuple[Column, ...] = encoding.columns
        self.classes = encoding.target.words if isinstance(encoding.target, Classes) else None
        self.task: Task = "classification" if self.classes else "regression"
        self.about = f"The table {name}, to predict {encoding.target.name!r}."

    @property
    def test(self) -> Dataset:
        """The rows held out. Raises DataError if none were (``test=0``)."""
        if self._test is None:
            raise DataError("No rows were held out: this table was made with test=0.")
        return self._test

    def encode(self, rows: Rows) -> NDArray[np.float32]:
        """New rows as the network wants them, (N, inputs): a dict, several, or a file with the same columns."""
        return self.encoding.encode(rows)

    def decode(self, predictions: ArrayLike) -> NDArray[Any]:
        """What the network's outputs mean: amounts in the table's unit, or the names of classes, (N,)."""
        return self.encoding.decode(predictions)

    def __repr__(self) -> str:
        target = self.encoding.target
        if isinstance(target, Amount):
            answer = f"an amount, {target.column.describe()}"
        else:
            shown = ", ".join(target.words[:8]) + ", ..." * (len(target.words) > 8)
            answer = f"one of {len(target.words)} classes ({shown})"
        held_out = f"{len(self._test):,} held out" if self._test else "none held out"
        columns, numbers = len(self.columns), _count(len(self.encoding.outputs), "number")
        lines = [
            f"{self.name}: predict {target.name!r}, {answer}",
            f"{len(self.train):,} rows to train on, {held_out}; "
            f"{_count(columns, 'column')} become{'s' * (columns == 1)} {numbers}",
        ]
        width = max(len(column.name) for column in self.columns)
        lines += [f"    {c.name:{width}}  {c.kind:8}  {c.describe()}" for c in self.columns]
        lines += [f"left out: {name} ({why})" for name, why in self.left_out.items()]
        lines += [f"note: {remark}" for remark in self.remarks]
        return "\n".join(lines)


def table(
    path: str | os.PathLike[str],
    predict: str,
    *,
    ignore: Sequence[str] = (),
    test: float = 0.2,
    split_by: str | None = None,
    seed: int = 0,
    task: Task | None = None,
    categories: Sequence[str] = (),
    missing: Sequence[str] = (),
    skip_unanswered: bool = False,
    most_words: int = 32,
    delimiter: str | None = None,
    decimal: str | None = None,
    day_first: bool | None = None,
    encoding: str = "utf-8",
) -> Table:
    r"""A CSV file, ready to train on: every column turned into numbers, some rows held out.

    The kind of each column is found out: amounts become (value - mean) / spread, yes/no becomes 0 or 1, each word
    of a category becomes a number of its own (1 or 0; at most ``most_words``, the rare ones together), dates become
    year, season, weekday and hour. A missing cell (empty, NA, nan, ?, -, and what ``missing`` lists) becomes the
    column's median, and a number of its own says that it was missing. Means, medians and words are taken from the
    training rows alone.

    An amount in the column to predict makes a regression, y (N, 1) float32, standardised; anything else, and 0/1, a
    classification, y (N,) int64. ``task`` decides otherwise. ``test`` is the share of rows held out: drawn by
    ``seed`` with the same share of every class, or the last ones in the order of the column ``split_by``.

    Raises TableError, naming file, line and column, for what cannot be read or learnt from.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "flats.csv"
    >>> lines = [f"{a},{'north' if a % 3 else 'south'},{9 * a}" for a in range(20, 60)]
    >>> _ = file.write_text("\n".join(["area,side,rent", *lines]), encoding="utf-8")
    >>> flats = table(file, predict="rent")
    >>> flats.train.x.shape, flats.test.y.shape, flats.encoding.outputs
    ((32, 3), (8, 1), ('area', 'side: north', 'side: south'))
    >>> flats.encode({"area": 30, "side": "south"}).shape
    (1, 3)
    >>> flats.decode(flats.train.y)[:3].round()
    array([180., 189., 198.])
    """
    if most_words < 2:
        raise TableError(f"most_words={most_words!r}: a category needs at least two words.")
    sheet = read_sheet(path, delimiter, encoding)
    reading = Reading(tuple(_names(missing)), tuple(_names(categories)), decimal, day_first)
    _check_asked(sheet, predict, [*_names(ignore), *reading.categories, *([split_by] if split_by else [])])
    sheet = answered(sheet, predict, reading, skip_unanswered)
    left_out = dict.fromkeys(_names(ignore), "you said so") | _unnamed_counter(sheet)
    kinds = find_kinds(sheet, [n for n in sheet.header if n not in left_out or n == split_by], reading)
    answers = find_answers(sheet, predict, kinds.pop(predict), task)
    labels = np.unique(answers.words, return_inverse=True)[1] if answers.words else None
    if split_by is None:
        rows, held_out = by_chance(len(sheet.rows), test, seed, labels)
    else:
        rows, held_out = by_order(_order(sheet, split_by, kinds[split_by], reading), test, split_by, sheet.file)
    inputs = {name: kind for name, kind in kinds.items() if name not in left_out}
    _refuse_text(sheet, inputs)
    columns = _fit(sheet, inputs, rows.tolist(), reading, most_words, left_out)
    if not columns:
        why = "; ".join(f"{name!r}: {reason}" for name, reason in left_out.items())
        raise TableError(f"{sheet.file} has no column left to predict {predict!r} from ({why or 'it has no other'}).")
    code = Encoding(columns, answers.target(rows.tolist()), reading.missing, delimiter, encoding)
    parts = _datasets(sheet, code, answers, rows, held_out)
    return Table(Path(sheet.file).name, code, *parts, left_out, remarks(sheet, answers, code, *parts))


def _datasets(
    sheet: Sheet, code: Encoding, answers: Answers, rows: NDArray[np.int64], held_out: NDArray[np.int64]
) -> tuple[Dataset, Dataset | None]:
    """The rows to train on and those held out, as numbers."""
    x = code.encode_columns({c.name: sheet.column(c.name) for c in code.columns}, sheet.where)
    y = code.target.encode(answers.words or answers.amounts, lambda i: sheet.where(i, answers.name))
    name, classes = Path(sheet.file).name, code.target.words if isinstance(code.target, Classes) else None

    def part(chosen: NDArray[np.int64], label: str) -> Dataset:
        return Dataset(x[chosen], y[chosen], name=f"{name}/{label}", classes=classes, columns=code.outputs)

    return part(rows, "train"), part(held_out, "test") if len(held_out) else None


def _names(given: Sequence[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _check_asked(sheet: Sheet, predict: str, others: Sequence[str]) -> None:
    for name in (predict, *others):
        if name in sheet.header:
            continue
        hint = did_you_mean(name, sheet.header)
        if len(sheet.header) == 1:
            hint += " There is only one column: if another sign divides the cells, say delimiter='...'."
        elif all(number_styles(known) for known in sheet.header):
            hint += " The first line holds numbers, and it should name the columns."
        columns = ", ".join(map(repr, sheet.header[:15])) + ", ..." * (len(sheet.header) > 15)
        raise TableError(f"{sheet.file} has no column {name!r}.{hint} Its columns are {columns}.")
    if predict in others:
        raise TableError(f"{predict!r} is the column to predict: it can be neither an input nor left out.")


def _unnamed_counter(sheet: Sheet) -> dict[str, str]:
    """A first column without a name that counts the rows: some programs write one, and it means nothing."""
    first, count = sheet.header[0], len(sheet.rows)
    counts = any(sheet.column(first) == [str(i + start) for i in range(count)] for start in (0, 1))
    return {first: "it has no name and counts the rows"} if first == "column 1" and counts else {}


def _refuse_text(sheet: Sheet, kinds: Mapping[str, Kind]) -> None:
    texts = {name: kind.about for name, kind in kinds.items() if kind.name == "text"}
    if texts:
        listed = "; ".join(f"{name!r}: {about}" for name, about in texts.items())
        raise TableError(
            f"{sheet.file} has free text or names in {'a column' if len(texts) == 1 else 'some columns'} ({listed}). "
            "From texts that hardly repeat nothing can be learnt about new rows. Leave out what should not count: "
            f"ignore={list(texts)!r}."
        )


def _order(sheet: Sheet, name: str, kind: Kind, reading: Reading) -> list[Any]:
    read = {"number": read_number, "date": read_date}.get(kind.name)
    if read is None:
        raise TableError(f"{sheet.file}: rows are put in order by dates or numbers, and {name!r} holds neither.")
    values: list[Any] = [read(cell, kind.style) for cell in sheet.column(name)]
    if None in values:
        raise TableError(
            f"{sheet.where(values.index(None), name)}: the rows are put in order by it, and it is missing."
        )
    return values


def _fit(
    sheet: Sheet,
    kinds: Mapping[str, Kind],
    rows: Sequence[int],
    reading: Reading,
    most_words: int,
    left_out: dict[str, str],
) -> tuple[Column, ...]:
    """The columns fitted to the training rows; those that never differ there are left out."""
    columns = []
    for name, kind in kinds.items():
        all_cells = sheet.column(name)
        cells = [None if is_missing(all_cells[row], reading.missing) else all_cells[row] for row in rows]
        if all(cell is None for cell in cells):
            left_out[name] = "it is empty in the rows to train on"
        elif len(set(cells)) == 1:
            left_out[name] = f"it is always {cells[0]!r} in the rows to train on"
        else:
            columns.append(_fitted(name, kind, cells, most_words))
    return tuple(columns)


def _fitted(name: str, kind: Kind, cells: Sequence[str | None], most_words: int) -> Column:
    if kind.name == "number":
        values = [None if cell is None else read_number(cell, kind.style) for cell in cells]
        return Number.fit(name, values, kind.style)
    if kind.name == "date":
        return Date.fit(name, [None if cell is None else read_date(cell, kind.style) for cell in cells], kind.style)
    if kind.name == "yes/no":
        return YesNo.fit(name, cells, kind.words)
    return Category.fit(name, cells, most_words)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
