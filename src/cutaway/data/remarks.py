"""What is odd about a table though nothing is wrong with it: the things a careful teacher would point out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import Answers
from .columns import Number
from .csvfile import Sheet
from .dataset import Dataset
from .encoding import Amount, Encoding

__all__ = ["remarks"]


def remarks(
    sheet: Sheet, answers: Answers, encoding: Encoding, train: Dataset, test: Dataset | None
) -> tuple[str, ...]:
    """Sentences about this table, none for an ordinary one."""
    found = [*_row_counters(sheet, encoding), *_kinds_as_numbers(answers), *_given_away(encoding, train)]
    if test is not None:
        seen = {(x.tobytes(), y.tobytes()) for x, y in zip(train.x, train.y, strict=True)}
        both = sum((x.tobytes(), y.tobytes()) in seen for x, y in zip(test.x, test.y, strict=True))
        if both:
            found.append(f"{both:,} of the {len(test):,} rows held out are also, number for number, trained on.")
    if len(train) < train.x.shape[1]:
        found.append(
            f"There are fewer rows to train on ({len(train):,}) than numbers in each ({train.x.shape[1]:,}): a network "
            "can learn such rows by heart."
        )
    return tuple(found)


def _row_counters(sheet: Sheet, encoding: Encoding) -> list[str]:
    count = len(sheet.rows)
    return [
        f"{column.name!r} counts the rows; if it means nothing, say ignore=[{column.name!r}]."
        for column in encoding.columns
        if isinstance(column, Number)
        and count > 8
        and any(sheet.column(column.name) == [str(i + start) for i in range(count)] for start in (0, 1))
    ]


def _kinds_as_numbers(answers: Answers) -> list[str]:
    values = set(answers.amounts)
    if not 2 < len(values) <= 10 or not all(value.is_integer() for value in values) or len(answers.amounts) < 30:
        return []
    return [
        f"{answers.name!r} has only the values {', '.join(f'{v:g}' for v in sorted(values))}. If they are kinds and "
        "not amounts, say task='classification'."
    ]


def _given_away(encoding: Encoding, train: Dataset) -> list[str]:
    """Columns that tell the answer without fail: often the answer itself under another name."""
    found, first = [], 0
    for column in encoding.columns:
        block = train.x[:, first : first + len(column.outputs)]
        first += len(column.outputs)
        if len(train) >= 20 and _tells(block, train.y, isinstance(encoding.target, Amount)):
            found.append(
                f"{column.name!r} alone tells {encoding.target.name!r} without fail. Is it the answer in other words, "
                f"or known only afterwards? Then say ignore=[{column.name!r}]."
            )
    return found


def _tells(block: NDArray[np.float32], answers: NDArray[Any], amounts: bool) -> bool:
    if amounts:
        return block.shape[1] == 1 and abs(float(np.corrcoef(block[:, 0], answers[:, 0])[0, 1])) > 0.999999
    values, places = np.unique(block, axis=0, return_inverse=True)
    if len(values) > len(block) / 4:  # values that hardly repeat tell anything by chance
        return False
    pairs = {(int(a), int(b)) for a, b in zip(places.reshape(-1), answers, strict=True)}
    return len(pairs) == len(values)
