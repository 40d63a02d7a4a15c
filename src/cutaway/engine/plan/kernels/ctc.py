"""CTC: readings from the front and from the back in one loop over the moments, done once for the loss and its slope.

A text read backwards is a text: the chances from behind follow the same rule as those from the front, on moments and
letters in reverse order. So both directions stand side by side as twice as many examples, and a moment takes eight
calls instead of forty. The slope needs what the loss has found already, and one more look at it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.ctc import NEVER, Path, end_of
from ..do import Do
from ..job import Job, kernel

__all__ = ["Readings"]

MARGIN = 2  # places before the first, from which nobody comes


class Readings:
    """What is kept of the readings of a batch; sizes are those of one plan.

    alpha: (T, 2 N, 2 + P), as logarithms, the chances of all readings that have come to a place by a moment; the second
        half of the examples is read from the back, from its own last moment and its own last letter on
    """

    def __init__(self, do: Do, log_probs: Any, targets: Any, blank: int) -> None:
        (moments, examples, _), letters = log_probs.shape, targets.shape[1]
        self.T, self.N, self.P, self.blank = moments, examples, 2 * letters + 1, blank
        rows, f8 = 2 * examples, np.float64
        self.heard = do.keep((moments, rows, self.P), f8)
        self.alpha = do.keep((moments, rows, MARGIN + self.P), f8)
        self.leap = do.keep((3, rows, self.P), f8)  # added to who stays, steps and leaps: 0, or never
        self.ways, self.top = do.keep((3, rows, self.P), f8), do.keep((rows, self.P), f8)
        self.alpha[...] = NEVER
        t, r, p = self.alpha.strides
        seen = np.lib.stride_tricks.as_strided(self.alpha[..., MARGIN:], (moments, 3, rows, self.P), (t, -p, r, p))
        self._from = list(seen)  # [t][k]: the place k before each
        self._to = list(self.alpha[..., MARGIN:])

    def read(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, out: Any) -> None:
        """From both sides; out: the surprise at each example, as ops.ctc tells it (None where nobody asks)."""
        n, path = self.N, Path(targets, target_lengths, self.blank)
        self.path, self.lengths = path, input_lengths
        place, examples = np.arange(self.P), np.arange(n)
        mirrored = 2 * target_lengths[:, None] - place  # (N, P): the place that is this one from the back
        self.there, self.places = mirrored >= 0, np.maximum(mirrored, 0)
        self.times = np.maximum(input_lengths - 1 - np.arange(self.T)[:, None], 0)[:, :, None]  # (T, N, 1)
        self.rows = examples[None, :, None]
        front, back = self.heard[:, :n], self.heard[:, n:]
        np.maximum(np.take_along_axis(log_probs, path.letters[None], 2), NEVER, out=front)
        back[...] = np.where(self.there, front[self.times, self.rows, self.places], NEVER)
        over = np.minimum(mirrored + 2, self.P - 1)
        self.leap[2, :n] = np.where(path.leap, 0.0, NEVER)
        may = np.take_along_axis(path.leap, np.maximum(over, 0), 1) & self.there & (place >= 2)
        self.leap[2, n:] = np.where(may, 0.0, NEVER)
        self._walk()
        self.total = end_of(self.alpha[:, :n, MARGIN:], path, input_lengths)
        self.readable = self.total > NEVER / 2
        if out is not None:
            out[...] = np.where(self.readable, -self.total, np.inf)

    def _walk(self) -> None:
        ways, top, leap = self.ways, self.top, self.leap
        stay, step, over = ways
        first = self._to[0]
        first[...] = NEVER
        first[:, :2] = self.heard[0, :, :2]
        for t in range(1, self.T):
            np.add(self._from[t - 1], leap, ways)
            np.maximum(stay, step, out=top)
            np.maximum(top, over, out=top)
            np.subtract(ways, top, ways)
            np.exp(ways, ways)
            np.add(stay, step, stay)
            np.add(stay, over, stay)
            np.log(stay, stay)
            np.add(stay, top, stay)
            np.add(stay, self.heard[t], self._to[t])

    def posterior(self, out: Any) -> None:
        """The chance of each letter at each moment, as ops.ctc_posterior tells it: (T, N, C)."""
        n = self.N
        behind = self.alpha[self.times, n + self.rows, MARGIN + self.places]
        shares = self.alpha[:, :n, MARGIN:] + behind - self.heard[:, :n] - self.total[:, None]
        real = self.readable & (np.arange(self.T)[:, None] < self.lengths)  # (T, N)
        shares = np.exp(np.where(real[:, :, None] & self.there, shares, NEVER))
        which = self.path.letters[:, :, None] == np.arange(out.shape[2])  # (N, P, C)
        out[...] = (shares.transpose(1, 0, 2) @ which.astype(np.float64)).transpose(1, 0, 2)


@kernel("ctc")
def ctc(do: Do, job: Job) -> Any:
    """The loss; what was found on the way is left for the slope."""
    log_probs, targets, *_ = job.inputs
    blank = job.attrs.get("blank", 0)
    if job.attrs.get("zero_infinity") or 0 in log_probs.shape or 0 in targets.shape:
        return NotImplemented
    made = Readings(do, log_probs, targets, blank)
    do(made.read, *job.inputs, job.output)
    do.shared["ctc", job.step.inputs, blank] = made
    job.why = "from both sides in one loop"
    return None


@kernel("ctc_posterior")
def ctc_posterior(do: Do, job: Job) -> Any:
    """The slope, from what the loss has left, or from a reading of its own."""
    log_probs, targets, *_ = job.inputs
    blank = job.attrs.get("blank", 0)
    if 0 in log_probs.shape or 0 in targets.shape:
        return NotImplemented
    made = do.shared.get(("ctc", job.step.inputs, blank))
    job.why = "what the loss has read"
    if made is None:
        made = Readings(do, log_probs, targets, blank)
        do(made.read, *job.inputs, None)
        job.why = "from both sides in one loop"
    do(made.posterior, job.output)
    return None
