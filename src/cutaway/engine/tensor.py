"""A Tensor is an array and its place on a tape.

It knows no mathematics: every method hands over to an operation of the registry. The names and operators are
PyTorch's, because that is what readers meet next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import CutawayError, DtypeError, ShapeError, TapeError
from .functions import Functions
from .plain import plain_index, plain_sides, the_number, the_side
from .registry import apply

if TYPE_CHECKING:
    from .tape import Tape

__all__ = ["Tensor"]

Dims = int | tuple[int, ...] | None


class Tensor(Functions):
    """An array of numbers that operations can be recorded on.

    data: anything NumPy understands; plain Python fractions become float32, plain whole numbers int64, and an
        array keeps the dtype it has
    requires_grad: ask ``backward`` to leave a gradient in ``.grad``

    >>> x = Tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    >>> x.shape, str(x.dtype)
    ((1, 3), 'float32')
    >>> from cutaway.engine import Tape
    >>> with Tape():
    ...     (x * x).sum().backward()
    >>> x.grad
    Tensor([[2., 4., 6.]])
    """

    __slots__ = ("__weakref__", "data", "grad", "name", "requires_grad", "slot", "tape")
    __array_ufunc__ = None  # so that `array * tensor` asks the tensor

    data: NDArray[Any]

    def __init__(
        self,
        data: Any,
        requires_grad: bool = False,
        *,
        name: str = "",
        tape: Tape | None = None,
        slot: int | None = None,
    ) -> None:
        self.data = as_array(data)
        if requires_grad and self.data.dtype.kind in "iub":
            raise DtypeError(
                f"requires_grad: whole numbers ({self.data.dtype}) cannot be nudged a little, so they have none. "
                "Write 1.0 instead of 1, or Tensor(x).float()."
            )
        self.requires_grad, self.name = requires_grad, name
        self.tape, self.slot = tape, slot
        self.grad: Tensor | None = None

    # -- what it is -----------------------------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every side.

        >>> Tensor([[1.0, 2.0, 3.0]]).shape
        (1, 3)
        """
        return self.data.shape

    @property
    def ndim(self) -> int:
        """How many sides: 0 for one number, 1 for a row, 2 for a table."""
        return self.data.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of its numbers."""
        return self.data.dtype

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the length of one side."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        """How many numbers."""
        return self.data.size

    def read(self, how: str) -> NDArray[Any]:
        """The numbers, for Python to look at; a tape that is being recorded notes that what comes may hang on them.

        >>> with ct.Tape() as tape:
        ...     positive = bool((Tensor([1.0, 2.0]) * 2.0).sum() > 0)
        >>> tape.reads
        ['`if x`']
        """
        if self.tape is not None and self.slot not in self.tape.constants and type(self.tape).current() is self.tape:
            self.tape.reads.append(how)
        return self.data

    def item(self) -> Any:
        """The only number, as a plain Python number.

        >>> Tensor(2.5).item()
        2.5
        """
        return the_number(self.read("x.item()"), "x.item()")

    def numpy(self) -> NDArray[Any]:
        """The array itself."""
        return self.read("x.numpy()")

    def detach(self) -> Tensor:
        """The same numbers, with no place on any tape: gradients stop here."""
        return Tensor(self.read("x.detach()"))

    def tolist(self) -> Any:
        """Nested Python lists."""
        return self.read("x.tolist()").tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.read("np.asarray(x)"), dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(the_number(self.read("float(x)"), "float(x)"))

    def __int__(self) -> int:
        return int(the_number(self.read("int(x)"), "int(x)"))

    def __bool__(self) -> bool:
        return bool(the_number(self.read("`if x`"), "`if x` (yes or no?)"))

    def __len__(self) -> int:
        if not self.data.ndim:
            raise ShapeError("len(x): this tensor is one number; it has no rows to count or to go through.")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        text = np.array2string(
            self.data, separator=", ", threshold=60, precision=4, suppress_small=True, prefix="Tensor("
        )
        dtype = "" if self.dtype in (np.float32, np.int64, np.bool_) else f", {self.dtype}"
        return f"Tensor({text}{dtype})"

    __hash__ = object.__hash__  # a tensor is itself, whatever numbers it holds

    # -- arithmetic -----------------------------------------------------------------------------------------
    def __add__(self, other: Any) -> Tensor:
        return apply("add", self, other)

    def __radd__(self, other: Any) -> Tensor:
        return apply("add", other, self)

    def __sub__(self, other: Any) -> Tensor:
        return apply("sub", self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return apply("sub", other, self)

    def __mul__(self, other: Any) -> Tensor:
        return apply("mul", self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return apply("mul", other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return apply("div", self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return apply("div", other, self)

    def __neg__(self) -> Tensor:
        return apply("neg", self)

    def __pow__(self, to: Any) -> Tensor:
        return raised(self, to)

    def __rpow__(self, base: Any) -> Tensor:
        return apply("pow", base, self)

    def __matmul__(self, other: Any) -> Tensor:
        return product(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return product(Tensor(other), self)

    def __eq__(self, other: object) -> Any:
        return apply("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return apply("not_equal", self, other)

    def __lt__(self, other: Any) -> Tensor:
        return apply("less", self, other)

    def __le__(self, other: Any) -> Tensor:
        return apply("less_equal", self, other)

    def __gt__(self, other: Any) -> Tensor:
        return apply("greater", self, other)

    def __ge__(self, other: Any) -> Tensor:
        return apply("greater_equal", self, other)

    def matmul(self, other: Any) -> Tensor:
        """Weighted sums, ``x @ w``."""
        return product(self, other)

    def pow(self, to: Any) -> Tensor:
        """Every number to the power ``to``."""
        return raised(self, to)

    # -- the same numbers in another arrangement ------------------------------------------------------------------
    def reshape(self, *to: Any) -> Tensor:
        """The same numbers counted off in other rows; one side may be -1, "whatever fits".

        >>> Tensor([1.0, 2.0, 3.0, 4.0]).reshape(2, -1)
        Tensor([[1., 2.],
                [3., 4.]])
        """
        return apply("reshape", self, to=plain_sides(to))

    view = reshape

    def permute(self, *order: Any) -> Tensor:
        """The same numbers with the sides in another order."""
        return apply("permute", self, order=plain_sides(order))

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Two sides change places."""
        order = list(range(self.ndim))
        one, two = (the_side(dim, self.ndim, f"x.transpose({dim0}, {dim1})") for dim in (dim0, dim1))
        order[one], order[two] = two, one
        return apply("permute", self, order=tuple(order))

    @property
    def T(self) -> Tensor:  # noqa: N802 (PyTorch's and NumPy's name)
        """Rows become columns."""
        return apply("permute", self, order=tuple(reversed(range(self.ndim))))

    def flatten(self, start_dim: int = 0) -> Tensor:
        """All sides from start_dim on become one."""
        start_dim = the_side(start_dim, self.ndim, f"x.flatten({start_dim})") if self.ndim else 0
        return self._rearranged(*self.shape[:start_dim], math.prod(self.shape[start_dim:]), whole=start_dim == 0)

    def squeeze(self, dim: int) -> Tensor:
        """Drop a side of length one."""
        dim = the_side(dim, self.ndim, f"x.squeeze({dim})")
        if self.shape[dim] != 1:
            raise ShapeError(f"squeeze drops a side of length 1, but side {dim} of {self.shape} is longer.")
        return self._rearranged(*self.shape[:dim], *self.shape[dim + 1 :], whole=dim == 0)

    def unsqueeze(self, dim: int) -> Tensor:
        """Add a side of length one."""
        dim = the_side(dim, self.ndim + 1, f"x.unsqueeze({dim})")
        return self._rearranged(*self.shape[:dim], 1, *self.shape[dim:], whole=dim == 0)

    def _rearranged(self, *to: int, whole: bool) -> Tensor:
        """Reshape; unless the first side changes too, it stays free, so that a recorded program fits any batch."""
        free = not whole and to and math.prod(to[1:]) > 0
        return apply("reshape", self, to=(-1, *to[1:]) if free else to)

    def expand(self, *to: Any) -> Tensor:
        """Repeat sides of length one."""
        return apply("broadcast_to", self, to=plain_sides(to))

    def __getitem__(self, index: Any) -> Tensor:
        return pick_out(self, index)

    # -- other kinds of numbers -------------------------------------------------------------------------------------
    def float(self) -> Tensor:
        """As float32, what networks train in."""
        return apply("cast", self, to="float32")

    def double(self) -> Tensor:
        """As float64, what derivatives are checked in."""
        return apply("cast", self, to="float64")

    def long(self) -> Tensor:
        """As whole numbers (int64)."""
        return apply("cast", self, to="int64")

    # -- gradients ----------------------------------------------------------------------------------------------------
    def backward(self, grad: Tensor | None = None) -> None:
        """Extend the tape by the backward pass and add to ``.grad`` of all that asked for it.

        >>> w = Tensor(3.0, requires_grad=True)
        >>> from cutaway.engine import Tape
        >>> with Tape():
        ...     loss = (w - 1) ** 2
        ...     loss.backward()
        >>> w.grad.item()
        4.0
        """
        if self.tape is None:
            raise TapeError(
                "backward: nothing was recorded, so there is no way back. Record the forward pass:\n"
                "   with ct.Tape():\n"
                "       loss = ...; loss.backward()"
            )
        from .backward import leave_gradients

        leave_gradients(self, grad)


def as_array(data: Any) -> NDArray[Any]:
    """What NumPy makes of it, with plain fractions as float32."""
    if isinstance(data, Tensor):
        return data.data
    if isinstance(data, np.ndarray):
        return data
    array = np.asarray(data)
    if array.dtype == np.float64 and not isinstance(data, np.generic):
        return array.astype(np.float32)
    return array


def raised(x: Tensor, to: Any) -> Tensor:
    """``x ** to``, for a plain number or a tensor of exponents."""
    if isinstance(to, Tensor | np.ndarray):
        return apply("pow", x, to)
    return apply("power", x, to=to if isinstance(to, int) else float(to))


def product(x: Tensor, w: Any) -> Tensor:
    """``x @ w``, where a single row may stand on either side."""
    w = w if isinstance(w, Tensor) else Tensor(w)
    row, column = x.ndim == 1, w.ndim == 1
    y = apply("matmul", x.unsqueeze(0) if row else x, w.unsqueeze(1) if column else w)
    if column:
        y = y.squeeze(-1)
    return y.squeeze(-1 if column else -2) if row else y


def pick_out(x: Tensor, index: Any) -> Tensor:
    """``x[index]``: one part of x, a slice, or the rows that whole numbers name."""
    if isinstance(index, Tensor | np.ndarray | list):
        rows = index if isinstance(index, Tensor) else Tensor(np.asarray(index))
        if rows.dtype.kind == "b":
            raise DtypeError(
                "x[mask]: with True and False the shape would depend on the numbers. Type x[np.flatnonzero(mask)] "
                "to take the rows that are True, or x * mask.float() to set the others to 0."
            )
        return apply("take", x, rows)
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(p, Tensor | np.ndarray | list) for p in parts):
        raise CutawayError(
            "Only one array of positions at a time: x[rows] takes whole rows. "
            "For one number of every row type x.gather(1, numbers.unsqueeze(1)).squeeze(1)."
        )
    return apply("cut", x, index=plain_index(parts))
