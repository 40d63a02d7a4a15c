"""What can be typed behind a tensor and a dot: ``x.exp()``, ``x.sum(dim=0)``, ``x.gather(1, index)``.

Each hands over to the operation of the registry that has the story and the derivative; the names and the order of the
arguments are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .errors import ShapeError
from .registry import apply

if TYPE_CHECKING:
    from .tensor import Dims, Tensor

__all__ = ["Functions"]


class Functions:
    """The functions of a tensor.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).sum(dim=0)
    Tensor([4., 6.])
    """

    __slots__ = ()

    # -- functions of every number ------------------------------------------------------------------------------
    def exp(self) -> Tensor:
        """The power e ** x of every number."""
        return apply("exp", self)

    def expm1(self) -> Tensor:
        """The power e ** x - 1 of every number."""
        return apply("expm1", self)

    def log(self) -> Tensor:
        """The natural logarithm of every number."""
        return apply("log", self)

    def log1p(self) -> Tensor:
        """The natural logarithm of 1 + x, for every number."""
        return apply("log1p", self)

    def log2(self) -> Tensor:
        """How many doublings lead from 1 to each number."""
        return apply("log2", self)

    def log10(self) -> Tensor:
        """How many tenfoldings lead from 1 to each number."""
        return apply("log10", self)

    def sqrt(self) -> Tensor:
        """The square root of every number."""
        return apply("sqrt", self)

    def sin(self) -> Tensor:
        """The sine of every number."""
        return apply("sin", self)

    def cos(self) -> Tensor:
        """The cosine of every number."""
        return apply("cos", self)

    def erf(self) -> Tensor:
        """The error function of every number."""
        return apply("erf", self)

    def abs(self) -> Tensor:
        """Every number without its sign."""
        return apply("abs", self)

    def sign(self) -> Tensor:
        """Every sign without its number."""
        return apply("sign", self)

    def tanh(self) -> Tensor:
        """An S from -1 to 1."""
        return apply("tanh", self)

    def sigmoid(self) -> Tensor:
        """An S from 0 to 1."""
        return apply("sigmoid", self)

    def relu(self) -> Tensor:
        """Negative numbers become 0."""
        return apply("relu", self)

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """Every number kept within limits.

        >>> Tensor([-2.0, 0.5, 9.0]).clip(-1, 1)
        Tensor([-1. ,  0.5,  1. ])
        """
        return apply("clip", self, low=min, high=max)

    clamp = clip

    def softmax(self, dim: int) -> Tensor:
        """Votes become shares along one side."""
        return apply("softmax", self, dim=dim)

    def log_softmax(self, dim: int) -> Tensor:
        """Votes become logarithms of shares along one side."""
        return apply("log_softmax", self, dim=dim)

    # -- many numbers become few --------------------------------------------------------------------------------
    def sum(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The sum, over all numbers or along some sides."""
        return apply("sum", self, dim=dim, keepdim=keepdim)

    def mean(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The average, over all numbers or along some sides."""
        return apply("mean", self, dim=dim, keepdim=keepdim)

    def max(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The largest number, of all or along some sides (the values; for the places see argmax)."""
        return apply("max", self, dim=dim, keepdim=keepdim)

    def min(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The smallest number, of all or along some sides."""
        return apply("min", self, dim=dim, keepdim=keepdim)

    def argmax(self, dim: int = -1) -> Tensor:
        """Where the largest number stands along one side."""
        return apply("argmax", self, dim=dim)

    def var(self, dim: Dims = None, keepdim: bool = False, correction: int = 1) -> Tensor:
        """The variance; with correction=1, PyTorch's usual one, guessed for where the numbers came from."""
        return apply("var", self, dim=dim, keepdim=keepdim, correction=correction)

    def std(self, dim: Dims = None, keepdim: bool = False, correction: int = 1) -> Tensor:
        """The spread, which is the square root of the variance.

        >>> Tensor([1.0, 2.0, 3.0]).std()
        Tensor(1.)
        """
        return self.var(dim, keepdim, correction).sqrt()

    def norm(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The length of an arrow with these numbers as steps."""
        return apply("vector_norm", self, dim=dim, keepdim=keepdim)

    def logsumexp(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The logarithm of the sum of e ** x."""
        return apply("logsumexp", self, dim=dim, keepdim=keepdim)

    def cumsum(self, dim: int) -> Tensor:
        """What has come together so far along one side."""
        return apply("cumsum", self, dim=dim)

    # -- choosing, looking up -----------------------------------------------------------------------------------
    def where(self, condition: Any, other: Any) -> Tensor:
        """These numbers where the condition is True, the other's elsewhere."""
        return apply("where", condition, self, other)

    def masked_fill(self, mask: Any, value: Any) -> Tensor:
        """The value where the mask is True, these numbers elsewhere.

        >>> x = Tensor([1.0, 2.0, 3.0])
        >>> x.masked_fill(x > 1.5, 0.0)
        Tensor([1., 0., 0.])
        """
        return apply("where", mask, value, self)

    def gather(self, dim: int, index: Any) -> Tensor:
        """One number of every row, or some: y[i, j] = x[i, index[i, j]] along dim=1."""
        return apply("gather", self, index, dim=dim)

    def scatter_add(self, dim: int, index: Any, src: Any) -> Tensor:
        """These numbers, and src added at the places that the index names."""
        return apply("scatter_add", self, index, src, dim=dim)

    def tril(self, diagonal: int = 0) -> Tensor:
        """The lower left half of a table, 0 elsewhere."""
        return apply("tril", self, diagonal=diagonal)

    # -- the same numbers in another arrangement ----------------------------------------------------------------
    def flip(self, *dim: int) -> Tensor:
        """Some sides from their end to their beginning."""
        return apply("flip", self, dim=dim or None)

    def roll(self, shifts: int, dims: int) -> Tensor:
        """One side turned like a carousel."""
        return apply("roll", self, shift=shifts, dim=dims)

    def repeat_interleave(self, repeats: int, dim: int) -> Tensor:
        """Every number several times in a row along one side."""
        return apply("repeat_interleave", self, repeats=repeats, dim=dim)

    def split(self, size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Cut into pieces along one side: each of that size (the last may be smaller), or of these sizes.

        >>> [piece.tolist() for piece in Tensor([1.0, 2.0, 3.0]).split(2)]
        [[1.0, 2.0], [3.0]]
        """
        return pieces(self, size, dim)

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """Cut into so many pieces along one side, all alike but the last, which may be smaller."""
        length = _length(self, dim)
        if not isinstance(chunks, int) or chunks < 1:
            raise ShapeError(f"x.chunk: into how many pieces? A whole number from 1 up, not {chunks!r}.")
        return pieces(self, max(1, -(-length // chunks)), dim)


def _length(x: Any, dim: int) -> int:
    if not isinstance(dim, int) or not -x.ndim <= dim < x.ndim:
        raise ShapeError(f"x.split: dim names one of the sides of {x.shape}, but it is {dim}.")
    return int(x.shape[dim])


def pieces(x: Any, size: int | Sequence[int], dim: int) -> tuple[Tensor, ...]:
    """The pieces of a tensor along one side, all other sides whole."""
    length = _length(x, dim)
    if isinstance(size, int):
        if size < 1:
            raise ShapeError(f"x.split: a piece holds at least 1, not {size}.")
        sizes = [min(size, length - start) for start in range(0, length, size)] or [0]
    else:
        sizes = [int(n) for n in size]
    if sum(sizes) != length or min(sizes, default=0) < 0:
        raise ShapeError(f"x.split: the sizes {sizes} come to {sum(sizes)}, but side {dim} of {x.shape} is {length}.")
    before, start, found = (("slice", None, None, None),) * (dim % x.ndim), 0, []
    for n in sizes:
        found.append(apply("cut", x, index=(*before, ("slice", start, start + n, None))))
        start += n
    return tuple(found)
