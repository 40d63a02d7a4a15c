"""The column to predict: is it an amount or a kind, and does every row have an answer?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .columns import Number, natural, plain
from .csvfile import Sheet
from .encoding import Amount, Classes
from .errors import TableError
from .infer import Kind, Reading
from .values import is_missing, read_number

__all__ = ["Answers", "Task", "answered", "find_answers"]

Task = Literal["regression", "classification"]


@dataclass(frozen=True)
class Answers:
    """The answers of all rows: amounts (then ``words`` is empty), or words and the classes they are of."""

    name: str
    amounts: tuple[float, ...]
    words: tuple[str, ...]
    classes: tuple[str, ...]
    style: str

    def target(self, rows: Sequence[int]) -> Amount | Classes:
        """How answers are coded, fitted to these (training) rows."""
        if self.classes:
            return Classes(self.name, self.classes)
        return Amount(Number.fit(self.name, [self.amounts[row] for row in rows], self.style))


def answered(sheet: Sheet, predict: str, reading: Reading, skip: bool) -> Sheet:
    """The rows that have an answer: all of them, or TableError, unless ``skip``."""
    unknown = [i for i, cell in enumerate(sheet.column(predict)) if is_missing(cell, reading.missing)]
    if not unknown:
        return sheet
    if len(unknown) == len(sheet.rows):
        raise TableError(f"{sheet.file}: the column to predict, {predict!r}, is empty in every row.")
    if not skip:
        raise TableError(
            f"{sheet.where(unknown[0], predict)}: the value to predict is missing here"
            f"{f' and in {len(unknown) - 1:,} more rows' * (len(unknown) > 1)}. Nothing can be learnt from a row "
            "without an answer; skip_unanswered=True leaves such rows out."
        )
    without = set(unknown)
    left = [i for i in range(len(sheet.rows)) if i not in without]
    return Sheet(
        sheet.file,
        sheet.header,
        tuple(sheet.rows[i] for i in left),
        tuple(sheet.lines[i] for i in left),
        sheet.delimiter,
    )


def find_answers(sheet: Sheet, predict: str, kind: Kind, task: Task | None) -> Answers:
    """The answers of all rows. Raises TableError where they are all the same, or neither amounts nor classes."""
    if task not in (None, "regression", "classification"):
        raise TableError(f"task is 'regression' (an amount) or 'classification' (a kind), not {task!r}.")
    cells = sheet.column(predict)
    read = [read_number(cell, kind.style) for cell in cells] if kind.name == "number" else []
    amounts = tuple(amount for amount in read if amount is not None)
    different = len(set(amounts or cells))
    if different == 1:
        raise TableError(
            f"{sheet.file}: every row has {cells[0]!r} in the column to predict, {predict!r}, so there is nothing to "
            "learn: an answer that never differs needs no network."
        )
    if amounts and (task == "regression" or (task is None and set(amounts) != {0.0, 1.0})):
        return Answers(predict, amounts, (), (), kind.style)
    if task == "regression":
        raise TableError(
            f"{sheet.file}: the column to predict, {predict!r}, holds {_NAMES[kind.name]} and no amounts, as "
            "task='regression' needs."
        )
    if kind.name in ("text", "date") or (len(cells) > 8 and different > len(cells) / 2):
        raise TableError(
            f"{sheet.file}: the column to predict, {predict!r}, holds {_NAMES[kind.name]}: {different:,} different "
            f"values in {len(cells):,} rows, such as {cells[0][:40]!r}. A network predicts an amount, or one of a few "
            "classes that occur again and again."
        )
    if kind.name == "yes/no":
        words = tuple(cell.lower() for cell in cells)
        return Answers(predict, (), words, kind.words, "")
    words = tuple(map(plain, amounts)) if amounts else tuple(cells)
    return Answers(predict, (), words, tuple(sorted(set(words), key=natural)), "")


_NAMES = {"number": "numbers", "text": "free text", "date": "dates", "category": "words", "yes/no": "yes and no"}
