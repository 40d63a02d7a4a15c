"""A fitted table as plain data: how rows become numbers, and how a network's answers become words or amounts."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine.errors import ShapeError
from .columns import Column, Number, Where, column_from_dict, plain
from .csvfile import read_sheet
from .errors import TableError
from .values import is_missing

__all__ = ["Amount", "Classes", "Encoding", "did_you_mean"]

Rows = str | os.PathLike[str] | Mapping[str, object] | Iterable[Mapping[str, object]]


@dataclass(frozen=True)
class Amount:
    """The column to predict, where it holds amounts: the network sees (amount - mean) / spread."""

    column: Number

    @property
    def name(self) -> str:
        return self.column.name

    def encode(self, cells: Sequence[object], where: Where) -> NDArray[np.float32]:
        """Standardised amounts, (N, 1)."""
        return self.column.encode(cells, where)

    def decode(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Amounts in the table's own unit, (N,)."""
        if outputs.ndim > 2 or (outputs.ndim == 2 and outputs.shape[1] != 1):
            raise ShapeError(f"Predictions of one amount have shape (N, 1) or (N,), not {outputs.shape}.")
        return outputs.reshape(-1).astype(np.float64) * self.column.spread + self.column.mean


@dataclass(frozen=True)
class Classes:
    """The column to predict, where it holds kinds: the network sees the number of the class."""

    name: str
    words: tuple[str, ...]

    def encode(self, cells: Sequence[object], where: Where) -> NDArray[np.int64]:
        """Class numbers, (N,)."""
        numbers = {word: number for number, word in enumerate(self.words)}
        for i, cell in enumerate(cells):
            if plain(cell) not in numbers:
                raise TableError(f"{where(i)}: {cell!r} is none of the classes {', '.join(self.words)}.")
        return np.array([numbers[plain(cell)] for cell in cells], dtype=np.int64)

    def decode(self, outputs: NDArray[Any]) -> NDArray[np.str_]:
        """The class names, (N,), of the largest output in each row of (N, K), or of class numbers (N,)."""
        if outputs.ndim == 2 and outputs.shape[1] == len(self.words):
            outputs = outputs.argmax(axis=1)
        elif outputs.ndim != 1 or outputs.dtype.kind not in "iu":
            raise ShapeError(
                f"Predictions of {self.name!r} have one column for each class, (N, {len(self.words)}), or are class "
                f"numbers (N,), not {outputs.dtype} of shape {outputs.shape}."
            )
        if outputs.size and not 0 <= outputs.min() <= outputs.max() < len(self.words):
            raise ShapeError(f"Class numbers go from 0 to {len(self.words) - 1}; here they reach {outputs.max()}.")
        names: NDArray[np.str_] = np.array(self.words)[outputs]
        return names


@dataclass(frozen=True)
class Encoding:
    """Everything that was learnt about a table's columns, from its training rows, and how its file was read.

    It is plain data: ``Encoding.from_dict(json.loads(json.dumps(encoding.to_dict())))`` is the same encoding.
    """

    columns: tuple[Column, ...]
    target: Amount | Classes
    missing: tuple[str, ...] = ()
    delimiter: str | None = None
    encoding: str = "utf-8"

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the numbers that one row becomes."""
        return tuple(name for column in self.columns for name in column.outputs)

    def encode(self, rows: Rows) -> NDArray[np.float32]:
        """Rows as the network wants them, (N, inputs): a dict, several, or a file with the same columns.

        The predicted column and columns that were left out may be there or not. Raises TableError for a missing
        column or a cell of the wrong kind.
        """
        if isinstance(rows, str | os.PathLike):
            sheet = read_sheet(rows, self.delimiter, self.encoding)
            self._check_names(sheet.header, sheet.file)
            return self.encode_columns({c.name: sheet.column(c.name) for c in self.columns}, sheet.where)
        given = [rows] if isinstance(rows, Mapping) else list(rows)
        for i, row in enumerate(given):
            if not isinstance(row, Mapping):
                raise TableError(f"Row {i} is {row!r}; a row is a dict of column names and values.")
            self._check_names(row, f"Row {i}")
        cells = {column.name: [row[column.name] for row in given] for column in self.columns}
        return self.encode_columns(cells, lambda i, name: f"Row {i}, column {name!r}")

    def encode_columns(
        self, cells: Mapping[str, Sequence[object]], where: Callable[[int, str], str]
    ) -> NDArray[np.float32]:
        """The same for whole columns of cells; ``where(row, column)`` names a cell in a message."""
        blocks = [
            column.encode([self._known(cell) for cell in cells[column.name]], _within(where, column.name))
            for column in self.columns
        ]
        return np.concatenate(blocks, axis=1)

    def decode(self, predictions: ArrayLike) -> NDArray[Any]:
        """What the network's outputs mean: amounts in the table's unit, or the names of classes, (N,)."""
        return self.target.decode(np.asarray(predictions))

    def to_dict(self) -> dict[str, Any]:
        """The encoding as plain data."""
        target: dict[str, Any] = (
            {"amount": self.target.column.to_dict()}
            if isinstance(self.target, Amount)
            else {"name": self.target.name, "classes": list(self.target.words)}
        )
        columns = [column.to_dict() for column in self.columns]
        file = {"missing": list(self.missing), "delimiter": self.delimiter, "encoding": self.encoding}
        return {"columns": columns, "target": target, **file}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Encoding:
        """The encoding that ``to_dict`` wrote down."""
        target = saved["target"]
        if "amount" in target:
            column = column_from_dict(target["amount"])
            assert isinstance(column, Number)
            answers: Amount | Classes = Amount(column)
        else:
            answers = Classes(target["name"], tuple(target["classes"]))
        columns = tuple(map(column_from_dict, saved["columns"]))
        return cls(columns, answers, tuple(saved["missing"]), saved["delimiter"], saved["encoding"])

    def _known(self, cell: object) -> object:
        """The cell, or None where it says that nothing is known."""
        if cell is None or (isinstance(cell, float | np.floating) and np.isnan(cell)):
            return None
        if isinstance(cell, str):
            return None if is_missing(cell, self.missing) else cell.strip()
        return cell

    def _check_names(self, names: Iterable[str], where: str) -> None:
        there = list(names)
        for column in self.columns:
            if column.name not in there:
                raise TableError(
                    f"{where} has no {column.name!r}, which the table had.{did_you_mean(column.name, there)} If it is "
                    "not known, give it and leave it empty (None)."
                )


def _within(where: Callable[[int, str], str], column: str) -> Where:
    return lambda row: where(row, column)


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """A sentence with the most similar name, or nothing.

    >>> did_you_mean("prize", ["area", "price"])
    " Did you mean 'price'?"
    """
    folded = {str(known).lower(): known for known in names}
    close = difflib.get_close_matches(str(name).lower(), folded, n=1, cutoff=0.5)
    return f" Did you mean {folded[close[0]]!r}?" if close else ""
