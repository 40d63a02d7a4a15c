"""The LSTM: one tanh for all four gates, and on the way back the slopes of many moments at once.

sigmoid(x) = 1/2 tanh(x / 2) + 1/2: NumPy's tanh is faster than its exp with a division, and one call does all gates.
The half inside is put into the weights and the sums beforehand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..do import Do
from ..job import Job, kernel
from .recurrent import Recurrence, over_time

__all__ = ["Lstm"]


class Lstm(Recurrence):
    """What the way there leaves for the way back."""

    def __init__(self, do: Do, job: Job, z: Any, w: Any) -> None:
        super().__init__(job, 4, z, w)
        n, t, k, b = self.N, self.T, self.k, self.b
        self.gate = do.keep((t, 4 * k, n, b), self.dtype)
        self.belt = do.keep((t + 1, k, n, b), self.dtype)  # c before and after every moment
        self.bent = do.keep((t, k, n, b), self.dtype)  # tanh of c
        self.said = do.keep((t + 1, n, self.H), self.dtype)  # h before and after every moment
        doors = np.array([1, 1, 0, 1], self.dtype).repeat(k)[:, None, None]  # i, f, j, o: j is no door
        self.slope = do.keep((4 * k, n, b), self.dtype)
        self.offset = do.keep((4 * k, n, b), self.dtype)
        self.slope[...], self.offset[...] = 1 - doors / 2, doors / 2
        self.sleeps: Any = None

    def forward(self, do: Do, z: Any, h: Any, c: Any, w: Any, lengths: Any, out: Any) -> None:
        """Read the sequences."""
        k, width = self.k, self.H
        weights = self.weights(do, w)
        do(np.multiply, weights, self.slope[:, :1, :1], weights)
        do(np.multiply, self.blocked(z, 4 * k), self.slope, self.gate)
        do(np.copyto, self.said[0], h)
        do(np.copyto, self.belt[0], self.blocked(np.broadcast_to(c, (self.N, width)), k))
        self.sleeps = None if lengths is None else self.asleep(do, lengths)
        told, t = do.scratch((4 * k, self.N, self.b), self.dtype), do.scratch((k, self.N, self.b), self.dtype)
        for s in range(self.T):
            a, old, new, bent = self.gate[s], self.belt[s], self.belt[s + 1], self.bent[s]
            i, f, j, o = (a[g * k : (g + 1) * k] for g in range(4))
            do(np.matmul, self.said[s], weights, told)
            do(np.add, a, told, a)
            do(np.tanh, a, a)
            do(np.multiply, a, self.slope, a)
            do(np.add, a, self.offset, a)
            do(np.multiply, i, j, new)
            do(np.multiply, f, old, t)
            do(np.add, new, t, new)
            do(np.tanh, new, bent)
            do(np.multiply, o, bent, self.blocked(self.said[s + 1], k))
            if self.sleeps is not None:
                do(np.copyto, self.said[s + 1], self.said[s], "same_kind", self.sleeps[s])
                do(np.copyto, new, old, "same_kind", self.sleeps[s])
        do(np.copyto, self.read(out[..., :width]), self.said[1:])
        do(np.copyto, self.blocked(out[..., width:], k), self.belt[1:])

    def backward(self, do: Do, g: Any, w: Any, out: Any) -> None:
        """The way back through time."""
        n, t, k, b, width = self.N, self.T, self.k, self.b, self.H
        slopes = do.scratch((t, 4 * k, n, b), self.dtype)
        down = do.scratch((t, k, n, b), self.dtype)
        one = self.dtype.type(1)
        for q in over_time(self):
            a, f, bent, d = self.gate[q], slopes[q], self.bent[q], down[q]
            i, _, j, o = (a[:, g_ * k : (g_ + 1) * k] for g_ in range(4))
            to_i, to_f, to_j, to_o = (f[:, g_ * k : (g_ + 1) * k] for g_ in range(4))
            do(np.multiply, bent, bent, d)
            do(np.subtract, one, d, d)
            do(np.multiply, d, o, d)
            do(np.subtract, one, a, f)
            do(np.multiply, f, a, f)
            do(np.multiply, to_i, j, to_i)
            do(np.multiply, to_f, self.belt[:-1][q], to_f)
            do(np.multiply, to_o, bent, to_o)
            do(np.multiply, j, j, to_j)
            do(np.subtract, one, to_j, to_j)
            do(np.multiply, to_j, i, to_j)
        weights = self.weights_back(do, w)
        pulls = do.scratch((t, 4 * k, n, b), self.dtype)
        felt_h, felt_c = do.scratch((t, k, n, b), self.dtype), do.scratch((t, k, n, b), self.dtype)
        whole_h, whole_c = do.scratch((k, n, b), self.dtype), do.scratch((k, n, b), self.dtype)
        push = do.scratch((k, n, b), self.dtype)
        to_h, to_c = self.blocked(g[..., :width], k), self.blocked(g[..., width:], k)
        for s in range(t - 1, -1, -1):
            if s == t - 1:
                do(np.copyto, whole_h, to_h[s])
                do(np.copyto, whole_c, to_c[s])
            else:
                do(np.add, to_h[s], felt_h[s + 1], whole_h)
                do(np.add, to_c[s], felt_c[s + 1], whole_c)
            do(np.multiply, whole_h, down[s], push)
            do(np.add, whole_c, push, push)  # what is felt on the belt
            pull = pulls[s]
            three, last = pull[: 3 * k].reshape(3, k, n, b), pull[3 * k :]
            do(np.multiply, slopes[s, : 3 * k].reshape(3, k, n, b), push, three)
            do(np.multiply, slopes[s, 3 * k :], whole_h, last)
            if self.sleeps is not None:
                do(np.copyto, pull, self.dtype.type(0), "same_kind", self.sleeps[s])
            self.feel(do, pull, weights, felt_h[s])
            do(np.multiply, push, self.gate[s, k : 2 * k], felt_c[s])
            if self.sleeps is not None:
                do(np.copyto, felt_h[s], whole_h, "same_kind", self.sleeps[s])
                do(np.copyto, felt_c[s], whole_c, "same_kind", self.sleeps[s])
        do(np.copyto, self.blocked(out[..., : 4 * width], 4 * k), pulls)
        do(np.copyto, self.blocked(out[..., 4 * width : 5 * width], k), felt_h)
        do(np.copyto, self.blocked(out[..., 5 * width :], k), felt_c)


@kernel("lstm")
def lstm(do: Do, job: Job) -> Any:
    """Read, and leave the gates for the way back."""
    z, h, c, w, *lengths = job.inputs
    if 0 in z.shape or z.dtype.kind != "f":
        return NotImplemented
    made = Lstm(do, job, z, w)
    made.forward(do, z, h, c, w, lengths[0] if lengths else None, job.output)
    do.shared["lstm", job.step.inputs, made.backwards] = made
    job.why = f"weights in {4 * made.k} blocks of {made.b} columns, one tanh for all gates"
    return None


@kernel("lstm_back")
def lstm_back(do: Do, job: Job) -> Any:
    """Back through time, over what the way there left."""
    g, _, _, _, _, w, *_ = job.inputs
    made = do.shared.get(("lstm", job.step.inputs[2:], bool(job.attrs.get("reverse", False))))
    if made is None:
        return NotImplemented
    made.backward(do, g, w, job.output)
    job.why = "the gates of the way there, slopes of many moments at once"
    return None
