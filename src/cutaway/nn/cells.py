"""Recurrent cells: one moment at a time, for loops of one's own (a decoder that feeds on its own words, say)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..engine import Tensor, ops
from ..engine.errors import SettingError, ShapeError, boxes
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]


class Cell(Module):
    """What the cells share: their parameters, and first states of zeros."""

    gates: ClassVar[int] = 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        if min(input_size, hidden_size) < 1:
            raise SettingError(
                f"{type(self).__name__}: input_size and hidden_size count from 1, not {input_size} and {hidden_size}."
            )
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rule, rows = init.uniform(1 / math.sqrt(hidden_size)), self.gates * hidden_size
        self.weight_ih = Parameter(rule, (rows, input_size))
        self.weight_hh = Parameter(rule, (rows, hidden_size))
        self.bias_ih = Parameter(rule, (rows,)) if bias else None
        self.bias_hh = Parameter(rule, (rows,)) if bias else None

    def _sums(self, x: Tensor, *biases: Tensor | None) -> Tensor:
        """What the input says, as a sequence of one moment: W x + b, (N, I) -> (N, 1, gates * H)."""
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ShapeError(
                f"{self._line()}: x has two sides, (examples, {self.input_size} numbers): a cell is given one moment.\n"
                f"{boxes({'x': x.shape}, [('x', x.ndim - 1)] if x.ndim else [])}\n"
                f"   Try: x[:, t] for moment t of a sequence, or nn.{type(self).__name__[:-4]} for all moments at once."
            )
        z = ops.matmul(x if x.ndim == 2 else x[None], self.weight_ih, flip_w=True)
        for b in biases:
            z = z if b is None else z + b
        return z[:, None]

    def _first(self, x: Tensor, state: Any) -> Tensor:
        """A first state as rows: zeros, one row for all, where there is none."""
        if state is None:
            return Tensor(np.zeros((1, self.hidden_size), x.dtype))
        rows: Tensor = state[None] if state.ndim == 1 else state
        return rows

    def describe(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(Cell):
    """One thought further: h' = tanh( W_ih x + b_ih + W_hh h + b_hh ).

    input_size, hidden_size: how many numbers come, how many units the thought has
    nonlinearity: "tanh" or "relu"
    x (N, input_size), h (N, H), zeros when not given -> h' (N, H)

    >>> cell = RNNCell(3, 5)
    >>> h = cell(Tensor(np.ones((2, 3), np.float32)))
    >>> cell(Tensor(np.ones((2, 3), np.float32)), h).shape
    (2, 5)
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh") -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise SettingError(f"RNNCell: nonlinearity is 'tanh' or 'relu', not {nonlinearity!r}.")
        super().__init__(input_size, hidden_size, bias)
        self.nonlinearity = nonlinearity

    def forward(self, x: Tensor, hx: Tensor | None = None) -> Tensor:
        z = self._sums(x, self.bias_ih, self.bias_hh)
        h = ops.rnn(z, self._first(x, hx), self.weight_hh, nonlinearity=self.nonlinearity)[:, 0]
        return h[0] if x.ndim == 1 else h

    def describe(self) -> str:
        return super().describe() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity!r}")


class GRUCell(Cell):
    """One note further: h' = (1 - u) * n + u * h, with the doors and the candidate of nn.GRU.

    input_size, hidden_size: how many numbers come, how many units the note has
    x (N, input_size), h (N, H), zeros when not given -> h' (N, H)

    >>> GRUCell(3, 5)(Tensor(np.ones((2, 3), np.float32))).shape
    (2, 5)
    """

    gates = 3

    def forward(self, x: Tensor, hx: Tensor | None = None) -> Tensor:
        b = Tensor(np.zeros(3 * self.hidden_size, x.dtype)) if self.bias_hh is None else self.bias_hh
        h = ops.gru(self._sums(x, self.bias_ih), self._first(x, hx), self.weight_hh, b)[:, 0]
        return h[0] if x.ndim == 1 else h


class LSTMCell(Cell):
    """One word further along the belt: c' = f * c + i * j, h' = o * tanh( c' ), with the doors of nn.LSTM.

    input_size, hidden_size: how many numbers come, how many units the belt has
    x (N, input_size), (h, c) each (N, H), zeros when not given -> (h', c')

    >>> h, c = LSTMCell(3, 5)(Tensor(np.ones((2, 3), np.float32)))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    gates = 4

    def forward(self, x: Tensor, hx: Any = None) -> tuple[Tensor, Tensor]:
        if hx is not None and (not isinstance(hx, tuple | list) or len(hx) != 2):
            raise ShapeError(f"{self._line()}: its state is a pair, (h, c): h, c = cell(x, (h, c)).")
        h, c = (self._first(x, state) for state in (hx or (None, None)))
        y = ops.lstm(self._sums(x, self.bias_ih, self.bias_hh), h, c, self.weight_hh)[:, 0]
        y = y[0] if x.ndim == 1 else y
        return y[..., : self.hidden_size], y[..., self.hidden_size :]
