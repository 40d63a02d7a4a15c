"""Long short-term memory: a conveyor belt that carries what must not be forgotten."""

from __future__ import annotations

from typing import Any

from ..backward import through
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


class Lstm(Op):
    """A conveyor belt past a clerk: at every word the clerk takes things off, puts things on, and says what is seen.

    c[t] = f * c[t - 1] + i * j, h[t] = o * tanh(c[t]), y[t] = (h[t], c[t])
    i, f, o = sigmoid( z + w h[t - 1] ), and j = tanh( z + w h[t - 1] ), each with its own rows of z and w

    z: what the words say, for all moments at once: W x + b of i, f, j and o side by side, (N, T, 4 H)
    h: what was said before the first word, (N, H), or (1, H) for one that all start with
    c: what lay on the belt before the first word, likewise
    w: what the last thing said adds to i, f, j and o, (4 H, H)
    lengths: how many words each sentence has, (N,); where it has ended h and c stay as they are
    y: side by side what is said and what lies on the belt after every word, h and c, (N, T, 2 H)
    reverse: read from the last word to the first

    Use it where something must be remembered over many words. i is called the input gate, f the forget gate, o the
    output gate.

    Hochreiter and Schmidhuber, "Long short-term memory", 1997; f by Gers, Schmidhuber and Cummins, 2000.

    >>> none, w = Tensor([[0.0]]), Tensor([[0.0]] * 4)
    >>> lstm(Tensor([[[9.0, 9.0, 9.0, 0.0], [9.0, 9.0, 9.0, 0.0]]]), none, none, w)
    Tensor([[[0.3808, 0.9999],
             [0.482 , 1.9996]]])
    """

    takes = "f"
    whole = (4,)
    torch = "torch.nn.LSTM"
    samples = (
        Sample(normal(3, 2, 8), normal(3, 2), normal(3, 2), normal(8, 2)),
        Sample(normal(3, 3, 4), normal(1, 1), normal(3, 1), normal(4, 1), SOME),
        Sample(normal(3, 3, 8), normal(3, 2), normal(1, 2), normal(8, 2), SOME, reverse=True),
    )

    @staticmethod
    def forward(z: Any, h: Any, c: Any, w: Any, lengths: Any = None, reverse: bool = False) -> Any:
        product, choose, curve, joined = told(z, matmul, where, tanh, concat)
        states = []
        for t in moments(z.shape[1], reverse):
            i, f, j, o = gates(z[:, t] + product(h, w, flip_w=True))
            belt = f * c + i * j
            said = o * curve(belt)
            if lengths is not None:
                awake = (lengths > t)[:, None]
                said, belt = choose(awake, said, h), choose(awake, belt, c)
            h, c = said, belt
            states.append(joined(h, c, dim=1))
        return piled(states, reverse)

    written = forward

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, z: Tensor, h: Tensor, c: Tensor, w: Tensor, *lengths: Tensor, reverse: bool = False
    ) -> tuple[Tensor, ...]:
        width = w.shape[1]
        felt = lstm_back(g, y, z, h, c, w, *lengths, reverse=reverse)
        pull, first = felt[..., : 4 * width], felt[:, -1 if reverse else 0, 4 * width :]
        dw = to_weights(pull, befores(h, y[..., :width], reverse))
        return pull, fit(first[:, :width], h), fit(first[:, width:], c), dw

    @staticmethod
    def verify(z: Any, h: Any, c: Any, w: Any, lengths: Any = None, reverse: bool = False) -> None:
        check_lengths("lstm", z, lengths)

    @staticmethod
    def shape(z: Shape, h: Shape, c: Shape, w: Shape, lengths: Shape | None = None, reverse: bool = False) -> Shape:
        made = check("lstm", 4, z, w, lengths, h=h, c=c)
        return (*made[:2], 2 * made[2])


def gates(sums: Any) -> tuple[Any, Any, Any, Any]:
    """The doors i, f and o, and what is to be put on the belt, j: (..., 4 H) -> four times (..., H), i, f, j, o."""
    width = sums.shape[-1] // 4
    door, curve = told(sums, sigmoid, tanh)
    both = door(sums[..., : 2 * width])
    j, o = curve(sums[..., 2 * width : 3 * width]), door(sums[..., 3 * width :])
    return both[..., :width], both[..., width:], j, o


class LstmBack(Op):
    """The way back along the belt: what every door owes, from the last word to the first.

    y[t] = (to i, to f, to j, to o, felt h[t], felt c[t])
    felt h[t] = (to i, to f, to j, to o) w, and felt c[t] = f * (all that c[t] is felt by)

    g: the gradient of h and c after every word, (N, T, 2 H)
    states: h and c after every word, (N, T, 2 H)
    z: what the words said, (N, T, 4 H)
    h: what was said before the first word, (N, H) or (1, H)
    c: what lay on the belt before the first word, likewise
    w: what the last thing said added to i, f, j and o, (4 H, H)
    lengths: how many words each sentence has, (N,)
    y: side by side the gradients of the sums of i, f, j and o, and those of h and c before the word, (N, T, 6 H)
    reverse: as it was read

    Use it where the slopes of lstm are wanted: lstm's backward is made of it.

    >>> none, one, w = Tensor([[0.0]]), Tensor([[1.0]]), Tensor([[0.0]] * 4)
    >>> lstm_back(Tensor([[[0.0, 1.0]]]), Tensor([[[0.0, 0.0]]]), Tensor([[[0.0] * 4]]), none, one, w)
    Tensor([[[0.  , 0.25, 0.5 , 0.  , 0.  , 0.5 ]]])
    """

    takes = "f"
    whole = (6,)
    samples = (
        Sample(normal(3, 2, 4), normal(3, 2, 4), normal(3, 2, 8), normal(3, 2), normal(3, 2), normal(8, 2)),
        Sample(normal(3, 3, 2), normal(3, 3, 2), normal(3, 3, 4), normal(1, 1), normal(3, 1), normal(4, 1), SOME),
        Sample(
            normal(3, 3, 2), normal(3, 3, 2), normal(3, 3, 4), normal(3, 1), normal(1, 1), normal(4, 1), SOME,
            reverse=True,
        ),
    )  # fmt: skip

    @staticmethod
    def forward(g: Any, states: Any, z: Any, h: Any, c: Any, w: Any, lengths: Any = None, reverse: bool = False) -> Any:
        product, choose, curve, joined = told(g, matmul, where, tanh, concat)
        width = w.shape[1]
        old_c, s = befores(c, states[..., width:], reverse), curve(states[..., width:])
        i, f, j, o = gates(z + for_all(befores(h, states[..., :width], reverse), w))  # of all moments at once
        slopes = joined(j * i * (1.0 - i), old_c * f * (1.0 - f), i * (1.0 - j * j), s * o * (1.0 - o), dim=2)
        down = o * (1.0 - s * s)
        felt_h, felt_c, rows = 0.0, 0.0, []
        for t in moments(g.shape[1], not reverse):
            whole_h, whole_c = g[:, t, :width] + felt_h, g[:, t, width:] + felt_c
            belt = whole_c + whole_h * down[:, t]
            pull = joined(belt, belt, belt, whole_h, dim=1) * slopes[:, t]
            felt_h, felt_c = product(pull, w), belt * f[:, t]
            if lengths is not None:
                awake = (lengths > t)[:, None]
                pull = choose(awake, pull, 0.0)
                felt_h, felt_c = choose(awake, felt_h, whole_h), choose(awake, felt_c, whole_c)
            rows.append(joined(pull, felt_h, felt_c, dim=1))
        return piled(rows, not reverse)

    written = forward

    @staticmethod
    def backward(grad: Any, output: Any, *inputs: Any, **attrs: Any) -> list[Tensor | None]:
        return through(LstmBack.written, grad, inputs, **attrs)

    @staticmethod
    def verify(g: Any, states: Any, z: Any, h: Any, c: Any, w: Any, lengths: Any = None, reverse: bool = False) -> None:
        check_lengths("lstm_back", z, lengths)

    @staticmethod
    def shape(
        g: Shape,
        states: Shape,
        z: Shape,
        h: Shape,
        c: Shape,
        w: Shape,
        lengths: Shape | None = None,
        reverse: bool = False,
    ) -> Shape:
        made = Lstm.shape(z, h, c, w, lengths)
        check_back("lstm_back", g, states, made)
        return (*made[:2], 3 * made[2])


lstm = Lstm()
lstm_back = LstmBack()
