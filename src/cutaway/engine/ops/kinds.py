"""The same numbers as another kind: with more digits, with fewer, or whole."""

from __future__ import annotations

from typing import Any

from ..errors import DtypeError
from ..op import Op, Shape, as_kind, namespace
from ..sample import Sample, normal
from ..tensor import Tensor

_KINDS = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")


class Cast(Op):
    """The same numbers, written with more or fewer digits.

    y = x as another kind of number

    x: the numbers
    y: the same, as near as the kind allows
    to: "float32", "float64", "int64", ...

    Use it as x.float(), x.double(), x.long(): float64 to check derivatives, float32 to train.

    >>> cast(Tensor([1.5, -2.7]), to="int64")
    Tensor([ 1, -2])
    """

    torch = "torch.Tensor.to"
    kind = "elementwise"
    samples = (Sample(normal(2, 3), to="float64"),)

    @staticmethod
    def forward(x: Any, to: str) -> Any:
        return as_kind(x, getattr(namespace(x), to))

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, to: str) -> Tensor | None:
        return cast(g, to=str(x.dtype)) if x.dtype.kind == "f" and y.dtype.kind == "f" else None

    @staticmethod
    def shape(x: Shape, to: str) -> Shape:
        if to not in _KINDS:
            raise DtypeError(f"cast: there is no kind of number called {to!r}; there are {', '.join(_KINDS)}.")
        return x


cast = Cast()
