"""Layers that read sequences with a memory: RNN, GRU and LSTM, deep and in both directions if wanted.

Each direction of each layer is two steps of the tape: what the inputs say, one weighted sum for all moments at once,
and the recurrence itself, one operation that can be opened. Cells, which take one moment at a time, are in cells.py.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..engine import Tensor, ops
from ..engine.errors import SettingError, ShapeError, boxes
from . import init
from .dropout import chance, dropped
from .module import Module
from .parameter import Parameter

__all__ = ["GRU", "LSTM", "RNN"]


def ended(lengths: Tensor, moments: int) -> Tensor:
    """Which moments lie beyond the end of their sequence: (N,) -> (N, T, 1), True or False."""
    return ops.less_equal(lengths[:, None, None], Tensor(np.arange(moments, dtype=lengths.dtype)[:, None]))


class Recurrent(Module):
    """What RNN, GRU and LSTM share: layers on layers, directions, lengths, first and last states."""

    gates: ClassVar[int] = 1  # how many weighted sums a unit makes
    states: ClassVar[int] = 1  # how many states it has: h, or h and c

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        if min(input_size, hidden_size, num_layers) < 1:
            raise SettingError(
                f"{type(self).__name__}: input_size, hidden_size and num_layers count from 1, but they are "
                f"{input_size}, {hidden_size} and {num_layers}."
            )
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        self.dropout = chance(type(self).__name__, dropout)
        rule, rows = init.uniform(1 / math.sqrt(hidden_size)), self.gates * hidden_size
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size * (1 + bidirectional)
            for name in self._names(layer):
                setattr(self, f"weight_ih_{name}", Parameter(rule, (rows, width)))
                setattr(self, f"weight_hh_{name}", Parameter(rule, (rows, hidden_size)))
                if bias:
                    setattr(self, f"bias_ih_{name}", Parameter(rule, (rows,)))
                    setattr(self, f"bias_hh_{name}", Parameter(rule, (rows,)))

    def _names(self, layer: int) -> list[str]:
        """The endings of a layer's parameters, one for each direction."""
        return [f"l{layer}", f"l{layer}_reverse"] if self.bidirectional else [f"l{layer}"]

    def forward(self, x: Tensor, hx: Any = None, lengths: Tensor | None = None) -> tuple[Tensor, Any]:
        alone = x.ndim == 2  # one sequence by itself, as PyTorch allows
        self._check(x, lengths)
        x = x[None] if alone else x if self.batch_first else x.permute(1, 0, 2)
        firsts = self._firsts(x, hx, alone)
        lasts: list[list[Tensor]] = []
        for layer in range(self.num_layers):
            ways = []
            for name in self._names(layer):
                reverse = name.endswith("reverse")
                made = self._recur(name, x, [state[len(lasts)] for state in firsts], lengths, reverse)
                end = made[:, 0 if reverse else -1]
                lasts.append([end[:, k * self.hidden_size : (k + 1) * self.hidden_size] for k in range(self.states)])
                ways.append(made if self.states == 1 else made[..., : self.hidden_size])
            x = ops.concat(*ways, dim=2) if self.bidirectional else ways[0]
            if layer + 1 < self.num_layers:
                x = dropped(x, self.dropout, self.training)
        if lengths is not None:
            x = ops.where(ended(lengths, x.shape[1]), 0.0, x)
        left = [ops.stack(*(state[k] for state in lasts)) for k in range(self.states)]
        if alone:
            x, left = x[0], [state[:, 0] for state in left]
        elif not self.batch_first:
            x = x.permute(1, 0, 2)
        return x, left[0] if self.states == 1 else tuple(left)

    def _recur(self, name: str, x: Tensor, firsts: list[Tensor], lengths: Tensor | None, reverse: bool) -> Tensor:
        """One direction of one layer: all states, (N, T, H) or, side by side, (N, T, 2 H)."""
        raise NotImplementedError

    def _sums(self, name: str, x: Tensor, *biases: str) -> Tensor:
        """What the inputs say, for all moments at once: W x + b, (N, T, I) -> (N, T, gates * H)."""
        z = ops.matmul(x.reshape(-1, x.shape[2]), getattr(self, f"weight_ih_{name}"), flip_w=True)
        if self.bias:
            first, *rest = (getattr(self, f"{bias}_{name}") for bias in biases)
            z = z + sum(rest, start=first)
        return z.reshape(-1, x.shape[1], z.shape[1])

    def _firsts(self, x: Tensor, hx: Any, alone: bool) -> list[list[Tensor]]:
        """The first states, h (and c): one for each direction of each layer; zeros, one row for all, if not given."""
        count = self.num_layers * (1 + self.bidirectional)
        if hx is None:
            return [[Tensor(np.zeros((1, self.hidden_size), x.dtype))] * count] * self.states
        given = list(hx) if isinstance(hx, tuple) else [hx]
        if len(given) != self.states:
            raise ShapeError(f"{self._line()}: {_first_states(self.states)}, but {len(given)} were given.")
        rows = []
        for state in given:
            state = state[:, None] if alone and state.ndim == 2 else state
            if state.ndim != 3 or state.shape[0] != count:
                raise ShapeError(
                    f"{self._line()}: a first state has three sides, (layers and directions, examples, units), here "
                    f"({count}, N, {self.hidden_size}).\n{boxes({'first state': state.shape})}"
                )
            rows.append([state[k] for k in range(count)])
        return rows

    def _check(self, x: Tensor, lengths: Tensor | None) -> None:
        order = "examples, moments" if self.batch_first else "moments, examples"
        moments = x.shape[1 if x.ndim == 3 and self.batch_first else 0] if x.ndim else 0
        if x.ndim in (2, 3) and not moments:
            raise ShapeError(f"{self._line()}: a sequence needs at least one moment.\n{boxes({'x': x.shape})}")
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
            raise ShapeError(
                f"{self._line()}: x has three sides, ({order}, {self.input_size} numbers).\n"
                f"{boxes({'x': x.shape}, [('x', x.ndim - 1)] if x.ndim else [])}\n"
                "   Try: x.reshape(N, T, 1) for sequences of single numbers, or another input_size."
            )
        if lengths is not None and x.ndim == 2:
            raise ShapeError(f"{self._line()}: lengths are for a batch; of one sequence alone cut off the end, x[:n].")

    def describe(self) -> str:
        usual = {"num_layers": 1, "nonlinearity": "tanh", "bias": True, "batch_first": True, "dropout": 0.0}
        usual["bidirectional"] = False
        told = [f"{k}={getattr(self, k)!r}" for k, v in usual.items() if getattr(self, k, v) != v]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *told])


def _first_states(count: int) -> str:
    return "hx is one tensor, the first h" if count == 1 else "hx is a pair, (first h, first c)"


class RNN(Recurrent):
    """A reader who keeps one thought: every word and the old thought make the new thought.

    h[t] = tanh( W_ih x[t] + b_ih + W_hh h[t - 1] + b_hh )

    input_size, hidden_size: how many numbers a moment brings, how many units the thought has
    num_layers: readers of what other readers think
    nonlinearity: "tanh" or "relu"
    batch_first: x and output are (N, T, ...); False means (T, N, ...). It is True when not said (PyTorch's is False)
    dropout: chance of dropping the outputs of every layer but the last
    bidirectional: a second reader begins at the end; their thoughts stand side by side
    x (N, T, input_size) -> output (N, T, H), h_n (layers * directions, N, H), with 2 H for both directions;
    hx: the first thoughts, shaped as h_n, zeros when not given; lengths (N,): how many moments count, the output
    after them is 0 and h_n is the thought at that end (what PyTorch's pack_padded_sequence does)

    The weights start evenly spread over plus and minus 1 / sqrt(hidden_size).  Elman, 1990.

    >>> output, h_n = RNN(3, 5)(Tensor(np.ones((2, 7, 3), np.float32)))
    >>> output.shape, h_n.shape
    ((2, 7, 5), (1, 2, 5))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise SettingError(f"RNN: nonlinearity is 'tanh' or 'relu', not {nonlinearity!r}.")
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.nonlinearity = nonlinearity

    def _recur(self, name: str, x: Tensor, firsts: list[Tensor], lengths: Tensor | None, reverse: bool) -> Tensor:
        z = self._sums(name, x, "bias_ih", "bias_hh")
        w = getattr(self, f"weight_hh_{name}")
        how = {"nonlinearity": self.nonlinearity, "reverse": reverse}
        return ops.rnn(z, *firsts, w, *([] if lengths is None else [lengths]), **how)


class GRU(Recurrent):
    """A reader with a notebook, who decides at every word what to read of the old note and how much of it to keep.

    r, u = sigmoid( W_ih x[t] + b_ih + W_hh h[t - 1] + b_hh ), each with its own rows
    n = tanh( W_in x[t] + b_in + r * (W_hn h[t - 1] + b_hn) )
    h[t] = (1 - u) * n + u * h[t - 1]

    input_size, hidden_size: how many numbers a moment brings, how many units the note has
    num_layers, bias, batch_first, dropout, bidirectional, hx, lengths: as in RNN; batch_first is True when not said
    x (N, T, input_size) -> output (N, T, H), h_n (layers * directions, N, H);
    weight_ih (3 H, input_size), weight_hh (3 H, H), their rows in the order r, u, n

    Cho and others, 2014.

    >>> output, h_n = GRU(3, 5, num_layers=2, bidirectional=True)(Tensor(np.ones((2, 7, 3), np.float32)))
    >>> output.shape, h_n.shape
    ((2, 7, 10), (4, 2, 5))
    """

    gates = 3

    def _recur(self, name: str, x: Tensor, firsts: list[Tensor], lengths: Tensor | None, reverse: bool) -> Tensor:
        w = getattr(self, f"weight_hh_{name}")
        b = getattr(self, f"bias_hh_{name}") if self.bias else Tensor(np.zeros(w.shape[0], x.dtype))
        z = self._sums(name, x, "bias_ih")
        return ops.gru(z, *firsts, w, b, *([] if lengths is None else [lengths]), reverse=reverse)


class LSTM(Recurrent):
    """A conveyor belt past a clerk, who at every word takes things off, puts things on, and says what is seen.

    i, f, o = sigmoid, j = tanh of W_ih x[t] + b_ih + W_hh h[t - 1] + b_hh, each with its own rows
    c[t] = f * c[t - 1] + i * j
    h[t] = o * tanh( c[t] )

    input_size, hidden_size: how many numbers a moment brings, how many units the belt has
    num_layers, bias, batch_first, dropout, bidirectional, hx, lengths: as in RNN; batch_first is True when not said,
        and hx is a pair (first h, first c)
    x (N, T, input_size) -> output (N, T, H), (h_n, c_n), each (layers * directions, N, H);
    weight_ih (4 H, input_size), weight_hh (4 H, H), their rows in the order i, f, j, o

    Hochreiter and Schmidhuber, 1997.

    >>> output, (h_n, c_n) = LSTM(3, 5)(Tensor(np.ones((2, 7, 3), np.float32)))
    >>> output.shape, h_n.shape, c_n.shape
    ((2, 7, 5), (1, 2, 5), (1, 2, 5))
    """

    gates, states = 4, 2

    def _recur(self, name: str, x: Tensor, firsts: list[Tensor], lengths: Tensor | None, reverse: bool) -> Tensor:
        z = self._sums(name, x, "bias_ih", "bias_hh")
        w = getattr(self, f"weight_hh_{name}")
        return ops.lstm(z, *firsts, w, *([] if lengths is None else [lengths]), reverse=reverse)
