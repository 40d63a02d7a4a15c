"""Reading a sequence word by word with a memory: the plain recurrent network, and what all recurrent operations share.

The gru and the lstm stand in files of their own. All three are told what the inputs say at every moment (z, one
weighted sum for all moments at once, made by a matmul before), so that only what hangs on the moment before is left
to the loop over time. Each loop is written once: on arrays it is the operation's forward, on tensors it is what one
sees when the step is opened, and what higher derivatives go through.
"""

from __future__ import annotations

from typing import Any

from ..backward import through
from ..errors import ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, distinct, given, normal
from ..tensor import Tensor
from .arithmetic import mul
from .broadcast import broadcast_to, fit
from .choose import where
from .elementwise import gate, relu, tanh
from .join import concat, stack
from .linear import matmul
from .told import told

SOME = given([2, 1, 3])  # lengths of three examples in three moments


def moments(count: int, reverse: bool) -> range:
    """The moments in the order in which they are read."""
    return range(count)[::-1] if reverse else range(count)


def piled(rows: list[Any], reverse: bool) -> Any:
    """What was made moment by moment, in the order of time: (N, ...) each -> (N, T, ...)."""
    (stacked,) = told(rows[0], stack)
    return stacked(*(rows[::-1] if reverse else rows), dim=1)


def befores(first: Any, states: Any, reverse: bool) -> Any:
    """The state before every moment: (1 or N, H), (N, T, H) -> (N, T, H)."""
    spread, joined = told(states, broadcast_to, concat)
    first = spread(first[:, None], to=(states.shape[0], 1, states.shape[2]))
    return joined(states[:, 1:], first, dim=1) if reverse else joined(first, states[:, :-1], dim=1)


def for_all(states: Any, w: Any) -> Any:
    """What the states of all moments say, as one product: (N, T, H), (G, H) -> (N, T, G)."""
    (product,) = told(states, matmul)
    n, count, width = states.shape
    return product(states.reshape(-1, width), w, flip_w=True).reshape(n, count, w.shape[0])


def to_weights(pull: Tensor, old: Tensor) -> Tensor:
    """What every weight from state to sum owes, over all examples and moments: (N, T, G), (N, T, H) -> (G, H)."""
    return matmul(pull.reshape(-1, pull.shape[2]), old.reshape(-1, old.shape[2]), flip_x=True)


def check_lengths(name: str, z: Any, lengths: Any) -> None:
    """A sequence has between 0 and T moments."""
    if lengths is None:
        return
    wrong = (lengths < 0) | (lengths > z.shape[1])
    if wrong.any():
        k = int(wrong.argmax())
        raise ShapeError(
            f"{name}: the sequences are {z.shape[1]} moments long, but the length of example {k} is {int(lengths[k])}. "
            "Lengths count the moments before the padding begins: from 0 up to the whole length."
        )


def check(name: str, gates: int, z: Shape, w: Shape, lengths: Shape | None, **states: Shape) -> Shape:
    """The shapes of a recurrence: z (N, T, gates * H), w (gates * H, H), states (N, H) or (1, H); gives (N, T, H)."""
    if len(w) != 2 or w[1] == 0 or w[0] != gates * w[1]:
        raise ShapeError(
            f"{name}: w must have {gates} rows for each of its columns, ({gates} H, H).\n{boxes({'w': w})}"
            if gates > 1
            else f"{name}: w leads from state to state, so it has as many rows as columns, (H, H).\n{boxes({'w': w})}"
        )
    if len(z) != 3 or z[2] != w[0]:
        raise ShapeError(
            f"{name}: z has three sides, (examples, moments, {w[0]} sums), one sum for each row of w.\n"
            f"{boxes({'z': z, 'w': w}, [('z', len(z) - 1), ('w', 0)] if z else [])}\n"
            "   Try: x.unsqueeze(0) where one single sequence should be a batch of one."
        )
    if z[1] == 0:
        raise ShapeError(f"{name}: a sequence needs at least one moment.\n{boxes({'z': z})}")
    for what, state in states.items():
        if len(state) != 2 or state[0] not in (1, z[0]) or state[1] != w[1]:
            raise ShapeError(
                f"{name}: the first state {what} has a row for every example (or one for all) and {w[1]} columns.\n"
                f"{boxes({what: state, 'z': z})}\n   Try: a Tensor of zeros of shape (1, {w[1]})."
            )
    if lengths is not None and lengths != z[:1]:
        raise ShapeError(
            f"{name}: there must be one length for each of the {z[0]} examples.\n{boxes({'z': z, 'lengths': lengths})}"
        )
    return (z[0], z[1], w[1])


def check_back(name: str, g: Shape, states: Shape, made: Shape) -> None:
    """What comes back has the shape of what was made."""
    if g != made or states != made:
        raise ShapeError(f"{name}: g and states must have the shape {made}.\n{boxes({'g': g, 'states': states})}")


def check_curve(name: str, nonlinearity: str) -> None:
    """A plain recurrent network bends with tanh or with relu."""
    if nonlinearity not in ("tanh", "relu"):
        raise ShapeError(f"{name}: nonlinearity is 'tanh' or 'relu', not {nonlinearity!r}.")


class Rnn(Op):
    """A reader who keeps one thought: at every word the old thought and the word make the new one.

    y[n, t] = tanh( z[n, t] + w y[n, t - 1] ), and y[n, -1] = h[n]

    z: what the words say, for all moments at once: W x + b, (N, T, H)
    h: the thought before the first word, (N, H), or (1, H) for one that all start with
    w: how the old thought colours the new one, (H, H)
    lengths: how many words each sentence has, (N,); where it has ended the thought stays as it is
    y: the thought after every word, (N, T, H)
    nonlinearity: "tanh", or "relu"
    reverse: read from the last word to the first

    Use it to learn how recurrence works; to remember for more than a few words take gru or lstm.

    Elman, "Finding structure in time", 1990.

    >>> rnn(Tensor([[[1.0], [0.0], [0.0]]]), Tensor([[0.0]]), Tensor([[2.0]]), nonlinearity="relu")
    Tensor([[[1.],
             [2.],
             [4.]]])
    """

    takes = "f"
    whole = (3,)
    torch = "torch.nn.RNN"
    samples = (
        Sample(normal(3, 2, 2), normal(3, 2), normal(2, 2)),
        Sample(normal(3, 3, 2), normal(1, 2), normal(2, 2), SOME),
        Sample(normal(3, 3, 2), normal(3, 2), normal(2, 2), SOME, reverse=True),
        Sample(distinct(2, 3, 4), normal(2, 4), normal(4, 4), nonlinearity="relu"),
    )

    @staticmethod
    def forward(z: Any, h: Any, w: Any, lengths: Any = None, nonlinearity: str = "tanh", reverse: bool = False) -> Any:
        product, choose, curve = told(z, matmul, where, relu if nonlinearity == "relu" else tanh)
        states = []
        for t in moments(z.shape[1], reverse):
            new = curve(z[:, t] + product(h, w, flip_w=True))
            h = new if lengths is None else choose((lengths > t)[:, None], new, h)
            states.append(h)
        return piled(states, reverse)

    written = forward

    @staticmethod
    def backward(
        g: Tensor,
        y: Tensor,
        z: Tensor,
        h: Tensor,
        w: Tensor,
        *lengths: Tensor,
        nonlinearity: str = "tanh",
        reverse: bool = False,
    ) -> tuple[Tensor, ...]:
        width = w.shape[1]
        felt = rnn_back(g, y, w, *lengths, nonlinearity=nonlinearity, reverse=reverse)
        pull, first = felt[..., :width], felt[:, -1 if reverse else 0, width:]
        return pull, fit(first, h), to_weights(pull, befores(h, y, reverse))

    @staticmethod
    def verify(z: Any, h: Any, w: Any, lengths: Any = None, **how: Any) -> None:
        check_lengths("rnn", z, lengths)

    @staticmethod
    def shape(
        z: Shape, h: Shape, w: Shape, lengths: Shape | None = None, nonlinearity: str = "tanh", reverse: bool = False
    ) -> Shape:
        check_curve("rnn", nonlinearity)
        return check("rnn", 1, z, w, lengths, h=h)


class RnnBack(Op):
    """The way back through time: from the last word to the first, what every thought owes, and to whom.

    y[t] = (pull[t], felt[t]), pull[t] = (g[t] + felt[t + 1]) * slope[t], felt[t] = pull[t] w

    g: the gradient of every thought, (N, T, H)
    states: the thoughts, (N, T, H); the slope of tanh is 1 - states ** 2
    w: how the old thought coloured the new one, (H, H)
    lengths: how many words each sentence has, (N,)
    y: side by side the gradient of every sum before its curve, and that of the thought before it, (N, T, 2 H)
    nonlinearity: "tanh", or "relu"
    reverse: as it was read

    Use it where the slopes of rnn are wanted: rnn's backward is made of it.

    Werbos, "Backpropagation through time", 1990.

    >>> rnn_back(Tensor([[[0.0], [1.0]]]), Tensor([[[1.0], [2.0]]]), Tensor([[2.0]]), nonlinearity="relu")
    Tensor([[[2., 4.],
             [1., 2.]]])
    """

    takes = "f"
    whole = (3,)
    samples = (
        Sample(normal(3, 2, 2), normal(3, 2, 2), normal(2, 2)),
        Sample(normal(3, 3, 2), normal(3, 3, 2), normal(2, 2), SOME),
        Sample(normal(3, 3, 2), normal(3, 3, 2), normal(2, 2), SOME, reverse=True),
        Sample(normal(2, 3, 4), distinct(2, 3, 4), normal(4, 4), nonlinearity="relu"),
    )

    @staticmethod
    def forward(
        g: Any, states: Any, w: Any, lengths: Any = None, nonlinearity: str = "tanh", reverse: bool = False
    ) -> Any:
        product, choose, joined, shut, times = told(g, matmul, where, concat, gate, mul)
        slopes = None if nonlinearity == "relu" else 1.0 - states * states
        felt, rows = 0.0, []
        for t in moments(g.shape[1], not reverse):
            whole = g[:, t] + felt
            pull = shut(whole, states[:, t]) if slopes is None else times(whole, slopes[:, t])
            felt = product(pull, w)
            if lengths is not None:
                awake = (lengths > t)[:, None]
                pull, felt = choose(awake, pull, 0.0), choose(awake, felt, whole)
            rows.append(joined(pull, felt, dim=1))
        return piled(rows, not reverse)

    written = forward

    @staticmethod
    def backward(grad: Any, output: Any, *inputs: Any, **attrs: Any) -> list[Tensor | None]:
        return through(RnnBack.written, grad, inputs, **attrs)

    @staticmethod
    def verify(g: Any, states: Any, w: Any, lengths: Any = None, **how: Any) -> None:
        check_lengths("rnn_back", g, lengths)

    @staticmethod
    def shape(
        g: Shape,
        states: Shape,
        w: Shape,
        lengths: Shape | None = None,
        nonlinearity: str = "tanh",
        reverse: bool = False,
    ) -> Shape:
        check_curve("rnn_back", nonlinearity)
        made = check("rnn_back", 1, g, w, lengths)
        check_back("rnn_back", g, states, made)
        return (*made[:2], 2 * made[2])


rnn = Rnn()
rnn_back = RnnBack()
