"""CTC: teaching a network to write down what it hears, when nobody has noted at which moment each letter was heard."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backward import through
from ..errors import LabelError, ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, given, normal
from ..tensor import Tensor
from .arithmetic import mul, neg
from .choose import where
from .join import concat, stack
from .sums import logsumexp
from .tables import gather

NEVER = -1e30  # the logarithm of a chance that is as good as 0, and still a number to compute with


class Path:
    """The letters with blanks around them: the places that a reading goes through, one example a row.

    letters: (N, 2 S + 1): blank, first letter, blank, second letter, ..., blank
    leap: where a reading may skip the blank before a letter, because the letter differs from the one before it
    ends: (N, 2 S + 1): the last letter, and the blank after it, where a reading may end
    """

    def __init__(self, targets: Any, target_lengths: Any, blank: int) -> None:
        n, s = targets.shape
        own = np.arange(s) < target_lengths[:, None]
        self.letters = np.full((n, 2 * s + 1), blank, np.int64)
        self.letters[:, 1::2] = np.where(own, targets, blank)
        self.leap = np.zeros((n, 2 * s + 1), bool)
        self.leap[:, 3::2] = targets[:, 1:] != targets[:, :-1]
        place = np.arange(2 * s + 1)
        last = 2 * target_lengths[:, None]
        self.ends = (place == last) | ((place == last - 1) & (last > 0))


def _add(*logs: Any) -> Any:
    """The logarithm of the sum of chances, of which the logarithms are known."""
    top = np.maximum(np.maximum(logs[0], logs[1]), logs[2])
    return top + np.log(sum(np.exp(log - top) for log in logs))


def _later(a: Any, by: int) -> Any:
    """Everything moved on by so many places of the path; nobody comes in from before its beginning."""
    moved = np.full_like(a, NEVER)
    moved[:, by:] = a[:, : a.shape[1] - by]
    return moved


def _forward(heard: Any, path: Path) -> Any:
    """Chances (T, N, 2 S + 1), as logarithms, of all readings that have come to a place by a moment."""
    alpha = np.full(heard.shape, NEVER)
    alpha[0, :, :2] = heard[0, :, :2]
    for t in range(1, len(heard)):
        a = alpha[t - 1]
        leap = np.where(path.leap, _later(a, 2), NEVER)
        alpha[t] = np.maximum(_add(a, _later(a, 1), leap) + heard[t], NEVER)
    return alpha


def _backward(heard: Any, path: Path, input_lengths: Any) -> Any:
    """Chances (T, N, 2 S + 1), as logarithms, of all ways to go on from a place after a moment to a good end."""
    beta = np.full(heard.shape, NEVER)
    last = np.where(path.ends, 0.0, NEVER)
    leap = np.roll(path.leap, -2, axis=1)  # from here, may the next blank be skipped?
    for t in range(len(heard) - 1, -1, -1):
        if t + 1 < len(heard):
            b = (beta[t + 1] + heard[t + 1])[:, ::-1]
            over = np.where(leap, _later(b, 2)[:, ::-1], NEVER)
            beta[t] = np.maximum(_add(b[:, ::-1], _later(b, 1)[:, ::-1], over), NEVER)
        beta[t] = np.where((input_lengths == t + 1)[:, None], last, beta[t])
    return beta


def _heard(log_probs: Any, path: Path) -> Any:
    """What the network says of every place of the path, (T, N, 2 S + 1), with all digits."""
    return np.take_along_axis(log_probs, path.letters[None], axis=2).astype(np.float64)


def end_of(alpha: Any, path: Path, input_lengths: Any) -> Any:
    """The chance, as a logarithm, of all whole readings of each example, (N,)."""
    last = alpha[input_lengths - 1, np.arange(len(input_lengths))]
    last = np.where(path.ends, last, NEVER)
    top = last.max(axis=1)
    return top + np.log(np.exp(last - top[:, None]).sum(axis=1))


_SAMPLES = (
    Sample(
        normal(5, 2, 3),
        given(np.array([[1, 2, 2], [2, 1, 0]])),
        given(np.array([5, 4])),
        given(np.array([3, 2])),
    ),
    Sample(normal(4, 1, 3), given(np.array([[1, 0]])), given(np.array([4])), given(np.array([2])), blank=2),
    Sample(normal(3, 2, 3), given(np.array([[1, 1], [2, 1]])), given(np.array([3, 2])), given(np.array([2, 0]))),
)


class _OfReadings(Op):
    """What ctc and its posterior share: their inputs and their rule."""

    takes = "f"
    whole = (1, 2, 3)
    samples = _SAMPLES

    @staticmethod
    def verify(
        log_probs: Any,
        targets: Any,
        input_lengths: Any,
        target_lengths: Any,
        blank: int = 0,
        zero_infinity: bool = False,
    ) -> None:
        moments, _, classes = log_probs.shape
        for name, lengths, most in (
            ("input_lengths", input_lengths, moments),
            ("target_lengths", target_lengths, targets.shape[1]),
        ):
            low = 1 if name == "input_lengths" else 0
            if ((lengths < low) | (lengths > most)).any():
                raise LabelError(f"ctc: {name} must lie between {low} and {most}, but there is {lengths.tolist()}.")
        if len(targets) != len(target_lengths) or len(targets) != len(input_lengths):
            return  # a whole set of answers is looked through, not a batch
        own = np.arange(targets.shape[1]) < target_lengths[:, None]
        wrong = own & ((targets < 0) | (targets >= classes) | (targets == blank))
        if wrong.any():
            n, s = np.argwhere(wrong)[0]
            raise LabelError(
                f"ctc: example {n} has the letter {int(targets[n, s])}, but letters are numbers from 0 to "
                f"{classes - 1}, and {blank} is the blank, which never stands in a target."
            )
        if not zero_infinity:
            _check_room(targets, own, input_lengths, target_lengths)

    @staticmethod
    def rule(log_probs: Shape, targets: Shape, input_lengths: Shape, target_lengths: Shape, blank: int) -> None:
        """T moments, N examples, C letters; S places for letters."""
        if len(log_probs) != 3 or 0 in log_probs:
            raise ShapeError(
                "ctc: log_probs has the sides moment, example, letter: (T, N, C), none of them empty.\n"
                f"{boxes({'log_probs': log_probs})}\n   Try: log_probs.transpose(0, 1), if the batch stands first."
            )
        if len(targets) != 2 or targets[0] != log_probs[1] or not targets[1]:
            raise ShapeError(
                "ctc: targets has one row of letters an example, (N, S), filled up behind the last letter.\n"
                f"{boxes({'log_probs': log_probs, 'targets': targets}, [('log_probs', 1)])}"
            )
        for name, lengths in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
            if lengths != log_probs[1:2]:
                raise ShapeError(
                    f"ctc: {name} needs one number an example, ({log_probs[1]},), but it has the shape {lengths}."
                )
        if not 0 <= blank < log_probs[2]:
            raise ShapeError(f"ctc: blank is one of the letters, 0 to {log_probs[2] - 1}, not {blank}.")


def _check_room(targets: Any, own: Any, input_lengths: Any, target_lengths: Any) -> None:
    """A letter needs a moment, and two equal letters in a row need a blank between them."""
    twins = ((targets[:, 1:] == targets[:, :-1]) & own[:, 1:]).sum(axis=1)
    short = np.flatnonzero(target_lengths + twins > input_lengths)
    if len(short):
        n = int(short[0])
        raise LabelError(
            f"ctc: example {n} has {int(target_lengths[n])} letters, {int(twins[n])} of them equal to the one before, "
            f"which takes {int(target_lengths[n] + twins[n])} moments, but there are {int(input_lengths[n])}. "
            "Give the network more moments (smaller strides), or leave such examples out with zero_infinity=True."
        )


class Ctc(_OfReadings):
    """A stenographer whose notes have no times: every way to spread the letters over the moments is thought of, and
    it counts how likely they are together.

    L[n] = -ln( sum over all readings r that say targets[n] of e ** (sum over t of log_probs[t, n, r[t]]) )

    log_probs: logarithms of the chances of each letter at each moment, (T, N, C); log_softmax makes them
    targets: the letters, whole numbers, (N, S); what stands behind the last letter of a row does not matter
    input_lengths: how many moments each example has, (N,)
    target_lengths: how many letters each example has, (N,)
    y: the surprise at each example, (N,)
    blank: the letter that says "nothing new": a reading may repeat a letter, and put blanks between letters
    zero_infinity: an example with fewer moments than its letters take costs 0, not infinity

    Use it to read lines of handwriting or speech with a recurrent network.

    Graves, Fernandez, Gomez and Schmidhuber, "Connectionist temporal classification", 2006. All sums are done with
    logarithms, in float64, so that long lines cannot underflow; the loop goes over the moments only.

    >>> half = Tensor([[[0.5, 0.5]], [[0.5, 0.5]]]).log()  # two moments; "a" is read from a-, -a and aa
    >>> ctc(half, Tensor([[1]]), Tensor([2]), Tensor([1]))
    Tensor([0.2877])
    """

    torch = "torch.nn.functional.ctc_loss"

    @staticmethod
    def forward(
        log_probs: Any,
        targets: Any,
        input_lengths: Any,
        target_lengths: Any,
        blank: int = 0,
        zero_infinity: bool = False,
    ) -> Any:
        path = Path(targets, target_lengths, blank)
        total = end_of(_forward(_heard(log_probs, path), path), path, input_lengths)
        impossible = total < NEVER / 2
        return np.where(impossible, 0.0 if zero_infinity else np.inf, -total).astype(log_probs.dtype)

    @staticmethod
    def backward(
        g: Tensor,
        y: Tensor,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor,
        target_lengths: Tensor,
        blank: int = 0,
        zero_infinity: bool = False,
    ) -> tuple[Tensor, None, None, None]:
        shares = ctc_posterior(log_probs, targets, input_lengths, target_lengths, blank=blank)
        return mul(shares, neg(g).reshape(1, -1, 1)), None, None, None

    @staticmethod
    def written(
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor,
        target_lengths: Tensor,
        blank: int = 0,
        zero_infinity: bool = False,
    ) -> Tensor:
        path = Path(targets.data, target_lengths.data, blank)
        moments, n, _ = log_probs.shape
        heard = gather(log_probs, Tensor(np.broadcast_to(path.letters, (moments, *path.letters.shape))), dim=2)
        never = Tensor(np.full((n, 2), NEVER, log_probs.dtype))
        begins = Tensor(np.broadcast_to(np.arange(path.letters.shape[1]) < 2, path.letters.shape))
        leap, ends = Tensor(path.leap), Tensor(path.ends)
        alphas = [where(begins, heard[0], NEVER)]
        for t in range(1, moments):
            a = alphas[-1]
            one = concat(never[:, :1], a[:, :-1], dim=1)
            two = where(leap, concat(never, a[:, :-2], dim=1), NEVER)
            alphas.append(logsumexp(stack(a, one, two), dim=0) + heard[t])
        every = stack(*alphas)
        last = gather(every, Tensor(np.broadcast_to((input_lengths.data - 1)[None, :, None], (1, *ends.shape))), dim=0)
        total = logsumexp(where(ends, last[0], NEVER), dim=1)
        impossible = Tensor(total.data < NEVER / 2)
        return where(impossible, 0.0 if zero_infinity else np.inf, neg(total))

    @staticmethod
    def shape(
        log_probs: Shape,
        targets: Shape,
        input_lengths: Shape,
        target_lengths: Shape,
        blank: int = 0,
        zero_infinity: bool = False,
    ) -> Shape:
        _OfReadings.rule(log_probs, targets, input_lengths, target_lengths, blank)
        return (log_probs[1],)


class CtcPosterior(_OfReadings):
    """Who knows the text, hears each letter at its moment: where in time the letters must have stood.

    y[t, n, c] = the chance that letter c stood at moment t, given that the whole says targets[n]

    log_probs: logarithms of the chances of each letter at each moment, (T, N, C)
    targets: the letters, whole numbers, (N, S)
    input_lengths: how many moments each example has, (N,)
    target_lengths: how many letters each example has, (N,)
    y: the chances, (T, N, C); 0 behind the end of an example, and everywhere in one that cannot be read
    blank: the letter that says "nothing new"

    Use it to see the alignment that a network has found. It is minus the slope of ctc.

    >>> half = Tensor([[[0.5, 0.5]], [[0.5, 0.5]]]).log()
    >>> ctc_posterior(half, Tensor([[1]]), Tensor([2]), Tensor([1]))[:, 0]
    Tensor([[0.3333, 0.6667],
            [0.3333, 0.6667]])
    """

    @staticmethod
    def verify(*arrays: Any, **attrs: Any) -> None:
        _OfReadings.verify(*arrays, **{**attrs, "zero_infinity": True})

    @staticmethod
    def forward(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0) -> Any:
        path = Path(targets, target_lengths, blank)
        heard = _heard(log_probs, path)
        alpha = _forward(heard, path)
        total = end_of(alpha, path, input_lengths)
        readable = (total > NEVER / 2) & (np.arange(len(heard))[:, None] < input_lengths)  # (T, N)
        shares = np.where(readable[:, :, None], alpha + _backward(heard, path, input_lengths) - total[:, None], NEVER)
        which = path.letters[:, :, None] == np.arange(log_probs.shape[2])  # (N, 2 S + 1, C)
        by_example = np.exp(shares).transpose(1, 0, 2) @ which.astype(np.float64)
        return np.ascontiguousarray(by_example.transpose(1, 0, 2), log_probs.dtype)

    @staticmethod
    def backward(grad: Any, output: Any, *inputs: Any, **attrs: Any) -> list[Tensor | None]:
        return through(CtcPosterior.written, grad, inputs, **attrs)

    @staticmethod
    def written(
        log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor, blank: int = 0
    ) -> Tensor:
        inputs = (log_probs, targets, input_lengths, target_lengths)
        ones = Tensor(np.full(log_probs.shape[1], -1, log_probs.dtype))
        (shares, *_) = through(Ctc.written, ones, inputs, blank=blank, zero_infinity=True)
        assert shares is not None
        return shares

    @staticmethod
    def shape(log_probs: Shape, targets: Shape, input_lengths: Shape, target_lengths: Shape, blank: int = 0) -> Shape:
        _OfReadings.rule(log_probs, targets, input_lengths, target_lengths, blank)
        return log_probs


ctc = Ctc()
ctc_posterior = CtcPosterior()
