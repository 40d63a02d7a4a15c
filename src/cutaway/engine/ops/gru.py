"""The gated recurrent unit: a memory with two doors."""

from __future__ import annotations

from typing import Any

from ..backward import through
from ..errors import ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, normal
from ..tensor import Tensor
from .broadcast import fit
from .choose import where
from .elementwise import sigmoid, tanh
from .join import concat
from .linear import matmul
from .recurrent import SOME, befores, check, check_back, check_lengths, for_all, moments, piled, to_weights
from .told import told


class Gru(Op):
    """A reader with a notebook, who at every word decides what of the old note to read, and how much of it to keep.

    y[t] = (1 - u) * n + u * y[t - 1]
    n = tanh( z + r * (w y[t - 1] + b) ), and r, u = sigmoid( z + w y[t - 1] + b ), each with its own rows of z, w, b

    z: what the words say, for all moments at once: W x + b of r, u and n side by side, (N, T, 3 H)
    h: the note before the first word, (N, H), or (1, H) for one that all start with
    w: what the old note says to r, u and n, (3 H, H)
    b: its bias, (3 H,), inside the brackets that r multiplies
    lengths: how many words each sentence has, (N,); where it has ended the note stays as it is
    y: the note after every word, (N, T, H)
    reverse: read from the last word to the first

    Use it where a memory is needed and lstm is too slow; r is called the reset gate and u the update gate.

    Cho and others, "Learning phrase representations using RNN encoder-decoder", 2014; r as in PyTorch and cuDNN.

    >>> z, w, b = Tensor([[[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]]), Tensor([[0.0]] * 3), Tensor([0.0] * 3)
    >>> gru(z, Tensor([[0.0]]), w, b)
    Tensor([[[0.3808],
             [0.5712]]])
    """

    takes = "f"
    whole = (4,)
    torch = "torch.nn.GRU"
    samples = (
        Sample(normal(3, 2, 6), normal(3, 2), normal(6, 2), normal(6)),
        Sample(normal(3, 3, 6), normal(1, 2), normal(6, 2), normal(6), SOME),
        Sample(normal(3, 3, 3), normal(3, 1), normal(3, 1), normal(3), SOME, reverse=True),
    )

    @staticmethod
    def forward(z: Any, h: Any, w: Any, b: Any, lengths: Any = None, reverse: bool = False) -> Any:
        product, choose = told(z, matmul, where)
        states = []
        for t in moments(z.shape[1], reverse):
            _, u, n, _ = gates(z[:, t], product(h, w, flip_w=True) + b)
            new = (1.0 - u) * n + u * h
            h = new if lengths is None else choose((lengths > t)[:, None], new, h)
            states.append(h)
        return piled(states, reverse)

    written = forward

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, z: Tensor, h: Tensor, w: Tensor, b: Tensor, *lengths: Tensor, reverse: bool = False
    ) -> tuple[Tensor, ...]:
        width = w.shape[1]
        felt = gru_back(g, y, z, h, w, b, *lengths, reverse=reverse)
        pull, first = felt[..., : 3 * width], felt[:, -1 if reverse else 0, 4 * width :]
        inner = concat(felt[..., : 2 * width], felt[..., 3 * width : 4 * width], dim=2)
        return pull, fit(first, h), to_weights(inner, befores(h, y, reverse)), inner.sum((0, 1))

    @staticmethod
    def verify(z: Any, h: Any, w: Any, b: Any, lengths: Any = None, reverse: bool = False) -> None:
        check_lengths("gru", z, lengths)

    @staticmethod
    def shape(z: Shape, h: Shape, w: Shape, b: Shape, lengths: Shape | None = None, reverse: bool = False) -> Shape:
        made = check("gru", 3, z, w, lengths, h=h)
        if b != w[:1]:
            raise ShapeError(f"gru: b must have one number for each row of w.\n{boxes({'w': w, 'b': b}, [('w', 0)])}")
        return made


def gates(z: Any, said: Any) -> tuple[Any, Any, Any, Any]:
    """The doors r and u and the candidate n, (..., 3 H) -> four times (..., H); last, what r is multiplied with."""
    width = z.shape[-1] // 3
    door, curve = told(z, sigmoid, tanh)
    both = door(z[..., : 2 * width] + said[..., : 2 * width])
    r, u, q = both[..., :width], both[..., width:], said[..., 2 * width :]
    return r, u, curve(z[..., 2 * width :] + r * q), q


class GruBack(Op):
    """The way back through the notebook: what every door and every candidate owes, from the last word to the first.

    y[t] = (to r, to u, to n, to n through r, felt[t])
    felt[t] = (g[t] + felt[t + 1]) * u + (to r, to u, to n through r) w

    g: the gradient of every note, (N, T, H)
    states: the notes, (N, T, H)
    z: what the words said, (N, T, 3 H)
    h: the note before the first word, (N, H) or (1, H)
    w: what the old note said to r, u and n, (3 H, H)
    b: its bias, (3 H,)
    lengths: how many words each sentence has, (N,)
    y: side by side the gradients of the sums of r, u and n, that of the bracket r multiplies, and that of the note
        before, (N, T, 5 H)
    reverse: as it was read

    Use it where the slopes of gru are wanted: gru's backward is made of it.

    >>> z, w, b = Tensor([[[0.0, 0.0, 0.0]]]), Tensor([[0.0]] * 3), Tensor([0.0] * 3)
    >>> gru_back(Tensor([[[1.0]]]), Tensor([[[0.5]]]), z, Tensor([[1.0]]), w, b)
    Tensor([[[0.  , 0.25, 0.5 , 0.25, 0.5 ]]])
    """

    takes = "f"
    whole = (6,)
    samples = (
        Sample(normal(3, 2, 2), normal(3, 2, 2), normal(3, 2, 6), normal(3, 2), normal(6, 2), normal(6)),
        Sample(normal(3, 3, 1), normal(3, 3, 1), normal(3, 3, 3), normal(1, 1), normal(3, 1), normal(3), SOME),
        Sample(
            normal(3, 3, 1), normal(3, 3, 1), normal(3, 3, 3), normal(3, 1), normal(3, 1), normal(3), SOME, reverse=True
        ),
    )

    @staticmethod
    def forward(g: Any, states: Any, z: Any, h: Any, w: Any, b: Any, lengths: Any = None, reverse: bool = False) -> Any:
        product, choose, joined = told(g, matmul, where, concat)
        old = befores(h, states, reverse)
        r, u, n, q = gates(z, for_all(old, w) + b)  # of all moments at once
        to_n, to_u, to_r = (1.0 - u) * (1.0 - n * n), (old - n) * u * (1.0 - u), q * r * (1.0 - r)
        felt, rows = 0.0, []
        for t in moments(g.shape[1], not reverse):
            whole = g[:, t] + felt
            from_n = whole * to_n[:, t]
            doors, from_q = joined(from_n * to_r[:, t], whole * to_u[:, t], dim=1), from_n * r[:, t]
            pull = joined(doors, from_n, from_q, dim=1)
            felt = whole * u[:, t] + product(joined(doors, from_q, dim=1), w)
            if lengths is not None:
                awake = (lengths > t)[:, None]
                pull, felt = choose(awake, pull, 0.0), choose(awake, felt, whole)
            rows.append(joined(pull, felt, dim=1))
        return piled(rows, not reverse)

    written = forward

    @staticmethod
    def backward(grad: Any, output: Any, *inputs: Any, **attrs: Any) -> list[Tensor | None]:
        return through(GruBack.written, grad, inputs, **attrs)

    @staticmethod
    def verify(g: Any, states: Any, z: Any, h: Any, w: Any, b: Any, lengths: Any = None, reverse: bool = False) -> None:
        check_lengths("gru_back", z, lengths)

    @staticmethod
    def shape(
        g: Shape,
        states: Shape,
        z: Shape,
        h: Shape,
        w: Shape,
        b: Shape,
        lengths: Shape | None = None,
        reverse: bool = False,
    ) -> Shape:
        made = Gru.shape(z, h, w, b, lengths)
        check_back("gru_back", g, states, made)
        return (*made[:2], 5 * made[2])


gru = Gru()
gru_back = GruBack()
