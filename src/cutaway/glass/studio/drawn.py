"""What a drawing goes through before the network sees it: the way that the pictures went which it learnt from."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Prepare", "as_digit", "preparation"]

Prepare = Callable[[Any], Any]  # a drawing (h, w) from 0 to 1 -> a picture as the network knows them, or None

DIGITS = ("digits", "mnist")  # data of handwritten digits, each in a box of 20 x 20, centred


def preparation(run: Run) -> Prepare | None:
    """What fits the data that a run learns from; None where a drawing is only made as large as its pictures.

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> preparation(run) is None
    True
    """
    data = run.data
    fits = data is not None and data.name.partition("/")[0] in DIGITS and data.x.shape[1:] == (1, 28, 28)
    return as_digit if fits else None


def as_digit(ink: Any) -> Any:
    """A digit cut out, made as large as MNIST's and centred, (28, 28); None where none can be made out.

    >>> ink = np.zeros((100, 100)); ink[10:40, 10:16] = 1.0              # a one, small, in a corner
    >>> rows, columns = np.nonzero(as_digit(ink) > 0.5)
    >>> bool(rows.min() < 6 and rows.max() > 21 and abs(columns.mean() - 13.5) < 1)
    True
    """
    digits: Any = import_module("cutaway.projects.digits")  # it lies above the glass: asked only where somebody draws
    try:
        return digits.digit_in(1 - ink)  # it looks for dark ink on white paper
    except digits.PictureError:
        return None
