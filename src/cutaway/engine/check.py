"""Is it the true derivative? Nudge every number a little, and see whether the result moves as backward says.

No derivative is believed unproven: each operation and layer is checked here from its own samples, and so can be
whatever a reader writes.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import rng
from .backward import backward
from .errors import CutawayError, DtypeError
from .registry import apply
from .tape import Tape
from .tensor import Tensor, as_array

__all__ = ["GradientError", "check_grads"]

Array = NDArray[Any]
SHOWN = 10  # more disagreeing numbers than this are only counted


class GradientError(CutawayError, AssertionError):
    """A derivative that is not the true one.

    >>> issubclass(GradientError, AssertionError)
    True
    """


def check_grads(
    f: Callable[..., Tensor],
    inputs: Any,
    *,
    order: int = 1,
    eps: float = 1e-5,
    tolerance: float = 1e-6,
) -> float:
    """Compare the derivatives that backward gives with measured ones, and return the largest relative error.

    measured = ( L(x + h) - L(x - h) ) / 2h    for every number x of every input, all others held still

    f: takes one tensor for each input and gives a tensor of any shape; L is f itself where that is one number, else
        the sum of f's numbers with fixed weights between 1/2 and 3/2, so that no two mistakes cancel
    inputs: a list of arrays or tensors; they are copied as float64 and stay as they are. Whole numbers (class
        numbers, positions) are passed through and not nudged
    order: 1 checks backward; 2 checks backward's own derivative as well
    eps: the size of the nudge, h = eps max(1, |x|); smaller ones drown in rounding, larger ones see the curve bend
    tolerance: the largest relative error that passes, |said - measured| / max(|said|, |measured|, a small floor)

    Raises GradientError, which names the numbers that disagree, worst first, and DtypeError where f leaves float64
    or nothing can be nudged. At a corner (relu at 0, two equal maxima) there is no derivative to measure.

    Source: Baydin and others, "Automatic differentiation in machine learning: a survey", 2018, section 2.1.

    >>> from cutaway.engine import ops
    >>> check_grads(lambda x, w: ops.tanh(x @ w), [np.ones((2, 3)), np.ones((3, 4))], order=2) < 1e-6
    True
    >>> check_grads(lambda x: (x * x.detach()).sum(), [np.array([3.0, 0.0])])
    Traceback (most recent call last):
      ...
    cutaway.engine.check.GradientError: backward and the measured slope disagree at 1 of 2 numbers:
       x[0] = 3: backward says 3, measured 6, off by 50 %
    """
    if order not in (1, 2):
        raise CutawayError(f"check_grads: order is 1 (slopes) or 2 (slopes of slopes), not {order!r}.")
    arrays = _copies(inputs)
    names = _names(f, len(arrays))
    worst = 0.0
    for turn in range(1, order + 1):
        report = _compare(f, arrays, turn, eps)
        wrong = sorted(
            (m for m in report if not m.error <= tolerance),
            key=lambda m: (-round(m.error, 6), -abs(m.said - m.measured)),  # of equally wrong ones the larger first
        )
        if wrong:
            raise GradientError(_teach(wrong, len(report), arrays, names, turn))
        worst = max([worst, *(m.error for m in report)])
    return worst


class _Measure(NamedTuple):
    """One number of one input: what backward says of it, and what was measured."""

    which: int
    at: tuple[int, ...]
    said: float
    measured: float
    corner: bool  # the slopes to the left and to the right differ
    error: float


def _copies(inputs: Any) -> list[Array]:
    given = inputs if isinstance(inputs, list | tuple) else [inputs]
    arrays = []
    for value in given:
        array = np.asarray(as_array(value))
        floats = array.dtype.kind == "f"
        arrays.append(np.array(array, dtype=np.float64 if floats else array.dtype, order="K", copy=True))
    if not any(a.dtype.kind == "f" for a in arrays):
        raise DtypeError(
            "check_grads: none of the inputs holds fractions, so nothing can be nudged a little. "
            "Write 1.0 instead of 1, or array.astype(float)."
        )
    return arrays


def _names(f: Callable[..., Tensor], count: int) -> list[str]:
    """What the inputs are called in f, where that can be found out."""
    try:
        parameters = list(inspect.signature(getattr(f, "forward", f)).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [named[k] if k < len(named) else f"input {k + 1}" for k in range(count)]


def _compare(f: Callable[..., Tensor], arrays: Sequence[Array], order: int, eps: float) -> list[_Measure]:
    """Every number of every float input: said and measured."""
    here, said = _evaluate(f, arrays, order, derivatives=True)
    weights = [_weights(k, v.shape) for k, v in enumerate(here)]
    size = max((float(np.abs(v).max()) for v in here if v.size), default=0.0)
    report = []
    for which, array in enumerate(arrays):
        if array.dtype.kind != "f":
            continue
        found = []
        for at in np.ndindex(array.shape):
            x = array[at].item()
            ahead, behind = x + eps * max(1.0, abs(x)), x - eps * max(1.0, abs(x))
            slopes = []
            for there in (ahead, behind):
                array[at] = there
                try:
                    moved, _ = _evaluate(f, arrays, order)
                finally:
                    array[at] = x
                # number by number before they are summed: what does not move then cancels without rounding
                change = sum(float(((m - h) * w).sum()) for m, h, w in zip(moved, here, weights, strict=True))
                slopes.append((change, there - x))
            (up, a), (down, b) = slopes
            left, right = up / a, down / b
            found.append((at, float(said[which][at]), (up - down) / (a - b), abs(left - right)))
        largest = max((max(abs(s), abs(m)) for _, s, m, _ in found), default=0.0)
        floor = 1e-3 * max(size, largest) + 1e-12  # below this, rounding is all that could be compared
        for at, s, m, kink in found:
            error = abs(s - m) / max(abs(s), abs(m), floor)
            corner = kink > 0.01 * max(abs(s), abs(m), floor)
            report.append(_Measure(which, at, s, m, corner, error if np.isfinite(error) else np.inf))
    return report


def _evaluate(
    f: Callable[..., Tensor], arrays: Sequence[Array], order: int, derivatives: bool = False
) -> tuple[list[Array], list[Array]]:
    """The numbers whose slopes are wanted (f's own, or for order 2 its gradients), and what backward says of them."""
    with Tape():
        leaves = [Tensor(a) for a in arrays]
        nudged = [t for t in leaves if t.data.dtype.kind == "f"]
        y = f(*leaves)
        if not isinstance(y, Tensor):
            raise DtypeError(f"check_grads: f must give a Tensor, but it gave {type(y).__name__}.")
        if y.dtype.kind == "f" and y.dtype != np.float64:
            raise DtypeError(
                f"check_grads: f gave {y.dtype}, which is too coarse to measure a nudge. Is there a .float() inside, "
                "or a parameter in float32?"
            )
        values = [y]
        if order == 2:
            values = _gradients(y, nudged, _weights(0, y.shape))
        said: list[Array] = []
        if derivatives:
            total: Tensor | None = None
            if order == 2:  # one number, so that there is one way back
                for k, value in enumerate(values):
                    part = apply("sum", apply("mul", value, Tensor(_weights(k, value.shape))))
                    total = part if total is None else apply("add", total, part)
            seed = y if total is None else total
            ones = _weights(0, y.shape) if total is None else np.ones(())
            slopes = iter(_gradients(seed, nudged, ones))
            said = [next(slopes).data.copy() if a.dtype.kind == "f" else a for a in arrays]
        return [np.array(v.data, np.float64) for v in values], said


def _gradients(y: Tensor, wrt: Sequence[Tensor], weights: Array) -> list[Tensor]:
    if y.tape is not Tape.current():  # f gave something it had not computed from its inputs
        return [Tensor(np.zeros_like(t.data)) for t in wrt]
    return backward(y, wrt, Tensor(weights))


def _weights(which: int, shape: tuple[int, ...]) -> Array:
    """Between 1/2 and 3/2, all different; a single number counts 1, so that its slopes can be read."""
    size = math.prod(shape)
    if size == 1:
        return np.ones(shape)
    drawn = rng.uniform(0, rng.site_of("check_grads"), which, 1, size)
    return np.asarray(drawn[0].reshape(shape) + 0.5, np.float64)


def _teach(wrong: Sequence[_Measure], count: int, arrays: Sequence[Array], names: Sequence[str], order: int) -> str:
    what = "backward" if order == 1 else "backward's own derivative (order 2)"
    lines = [f"{what} and the measured slope disagree at {len(wrong)} of {count} numbers:"]
    lines += list(_lines(wrong[:SHOWN], arrays, names))
    if len(wrong) > SHOWN:
        lines.append(f"   ... and {len(wrong) - SHOWN} more")
    if any(m.corner for m in wrong[:SHOWN]):
        lines.append(
            "   At a corner the slope jumps (relu at 0, two equal maxima), so there is no derivative to measure: "
            "move the inputs a little."
        )
    return "\n".join(lines)


def _lines(wrong: Sequence[_Measure], arrays: Sequence[Array], names: Sequence[str]) -> Iterator[str]:
    for m in wrong:
        place = f"[{', '.join(map(str, m.at))}]" if m.at else ""
        off = f"off by {m.error:.2g} of its size" if m.error < 1e-3 else f"off by {100 * m.error:.3g} %"
        yield (
            f"   {names[m.which]}{place} = {arrays[m.which][m.at]:.6g}: backward says {m.said:.9g}, "
            f"measured {m.measured:.9g}, {off if np.isfinite(m.error) else 'which is not a number'}"
            f"{' (a corner lies here)' if m.corner else ''}"
        )
