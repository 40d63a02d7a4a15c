"""The GRU: the two doors with one tanh, and on the way back the slopes of many moments at once (see lstm)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..do import Do
from ..job import Job, kernel
from .recurrent import Recurrence, over_time

__all__ = ["Gru"]


class Gru(Recurrence):
    """What the way there leaves for the way back."""

    def __init__(self, do: Do, job: Job, z: Any, w: Any) -> None:
        super().__init__(job, 3, z, w)
        n, t, k, b = self.N, self.T, self.k, self.b
        self.gate = do.keep((t, 3 * k, n, b), self.dtype)  # r, u and the candidate n
        self.asked = do.keep((t, k, n, b), self.dtype)  # what r is multiplied with
        self.notes = do.keep((t + 1, n, self.H), self.dtype)  # h before and after every moment
        self.sleeps: Any = None

    def forward(self, do: Do, z: Any, h: Any, w: Any, bias: Any, lengths: Any, out: Any) -> None:
        """Read the sequences."""
        n, k, b = self.N, self.k, self.b
        half = self.dtype.type(0.5)
        weights = self.weights(do, w)
        do(np.multiply, weights[: 2 * k], half, weights[: 2 * k])
        told = self.blocked(z, 3 * k)
        biases = do.keep((3 * k, n, b), self.dtype)
        do(np.copyto, biases, bias.reshape(3 * k, 1, b))
        doors = self.gate[:, : 2 * k]
        do(np.add, told[:, : 2 * k], biases[: 2 * k], doors)
        do(np.multiply, doors, half, doors)
        do(np.copyto, self.gate[:, 2 * k :], told[:, 2 * k :])
        do(np.copyto, self.notes[0], h)
        self.sleeps = None if lengths is None else self.asleep(do, lengths)
        said, t = do.scratch((3 * k, n, b), self.dtype), do.scratch((k, n, b), self.dtype)
        for s in range(self.T):
            both, new = self.gate[s, : 2 * k], self.gate[s, 2 * k :]
            r, u, asked = both[:k], both[k:], self.asked[s]
            old = self.blocked(self.notes[s], k)
            do(np.matmul, self.notes[s], weights, said)
            do(np.add, both, said[: 2 * k], both)
            do(np.tanh, both, both)
            do(np.multiply, both, half, both)
            do(np.add, both, half, both)
            do(np.add, said[2 * k :], biases[2 * k :], asked)
            do(np.multiply, r, asked, t)
            do(np.add, new, t, new)
            do(np.tanh, new, new)
            do(np.subtract, old, new, t)
            do(np.multiply, u, t, t)
            do(np.add, new, t, self.blocked(self.notes[s + 1], k))
            if self.sleeps is not None:
                do(np.copyto, self.notes[s + 1], self.notes[s], "same_kind", self.sleeps[s])
        do(np.copyto, self.read(out), self.notes[1:])

    def backward(self, do: Do, g: Any, w: Any, out: Any) -> None:
        """The way back through time."""
        n, t, k, b, width = self.N, self.T, self.k, self.b, self.H
        slopes = do.scratch((t, 3 * k, n, b), self.dtype)  # to r, to u, to the candidate
        one = self.dtype.type(1)
        olds = self.notes[:-1].reshape(t, n, k, b).transpose(0, 2, 1, 3)
        for q in over_time(self):
            a, f = self.gate[q], slopes[q]
            r, u, new = (a[:, g_ * k : (g_ + 1) * k] for g_ in range(3))
            to_r, to_u, to_n = (f[:, g_ * k : (g_ + 1) * k] for g_ in range(3))
            do(np.subtract, one, a, f)
            do(np.multiply, new, new, to_n)
            do(np.subtract, one, to_n, to_n)
            do(np.multiply, to_n, to_u, to_n)
            do(np.multiply, to_r, r, to_r)
            do(np.multiply, to_r, self.asked[q], to_r)
            do(np.multiply, to_u, u, to_u)
            far = do.scratch((q.stop - q.start, k, n, b), self.dtype)
            do(np.subtract, olds[q], new, far)
            do(np.multiply, to_u, far, to_u)
            do.release(do.taken - 1)
        weights = self.weights_back(do, w)
        inner = do.scratch((t, 3 * k, n, b), self.dtype)  # to r, to u, to what r is multiplied with
        candidates, felt = do.scratch((t, k, n, b), self.dtype), do.scratch((t, k, n, b), self.dtype)
        whole, kept = do.scratch((k, n, b), self.dtype), do.scratch((k, n, b), self.dtype)
        to_h = self.blocked(g, k)
        for s in range(t - 1, -1, -1):
            if s == t - 1:
                do(np.copyto, whole, to_h[s])
            else:
                do(np.add, to_h[s], felt[s + 1], whole)
            r, u = self.gate[s, :k], self.gate[s, k : 2 * k]
            from_n, pull = candidates[s], inner[s]
            do(np.multiply, whole, slopes[s, 2 * k :], from_n)
            do(np.multiply, from_n, slopes[s, :k], pull[:k])
            do(np.multiply, whole, slopes[s, k : 2 * k], pull[k : 2 * k])
            do(np.multiply, from_n, r, pull[2 * k :])
            if self.sleeps is not None:
                do(np.copyto, from_n, self.dtype.type(0), "same_kind", self.sleeps[s])
                do(np.copyto, pull, self.dtype.type(0), "same_kind", self.sleeps[s])
            self.feel(do, pull, weights, felt[s])
            do(np.multiply, whole, u, kept)
            do(np.add, felt[s], kept, felt[s])
            if self.sleeps is not None:
                do(np.copyto, felt[s], whole, "same_kind", self.sleeps[s])
        do(np.copyto, self.blocked(out[..., : 2 * width], 2 * k), inner[:, : 2 * k])
        do(np.copyto, self.blocked(out[..., 2 * width : 3 * width], k), candidates)
        do(np.copyto, self.blocked(out[..., 3 * width : 4 * width], k), inner[:, 2 * k :])
        do(np.copyto, self.blocked(out[..., 4 * width :], k), felt)


@kernel("gru")
def gru(do: Do, job: Job) -> Any:
    """Read, and leave the gates for the way back."""
    z, h, w, bias, *lengths = job.inputs
    if 0 in z.shape or z.dtype.kind != "f":
        return NotImplemented
    made = Gru(do, job, z, w)
    made.forward(do, z, h, w, bias, lengths[0] if lengths else None, job.output)
    do.shared["gru", job.step.inputs, made.backwards] = made
    job.why = f"weights in {3 * made.k} blocks of {made.b} columns, one tanh for both doors"
    return None


@kernel("gru_back")
def gru_back(do: Do, job: Job) -> Any:
    """Back through time, over what the way there left."""
    g, _, _, _, w, *_ = job.inputs
    made = do.shared.get(("gru", job.step.inputs[2:], bool(job.attrs.get("reverse", False))))
    if made is None:
        return NotImplemented
    made.backward(do, g, w, job.output)
    job.why = "the gates of the way there, slopes of many moments at once"
    return None
