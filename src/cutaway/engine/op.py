"""What an operation is: a few pure functions in one place, with no hidden memory.

`forward(*arrays, **attrs)` computes; `backward(grad, output, *inputs, **attrs)` says in operations how a change
of each input is felt; `shape(*shapes, **attrs)` is the rule, with an error that teaches; `written(*tensors,
**attrs)` says the same in smaller operations, for a step that can be opened. The docstring is the story.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import CutawayError, DtypeError, Shape, ShapeError, boxes
from .hollow import outcome
from .registry import OPS
from .sample import Sample
from .settings import unfit
from .story import Story
from .tape import Tape
from .tensor import Tensor

__all__ = ["Array", "Op", "Shape", "as_kind", "namespace"]

Array = NDArray[Any]
_RULE = "its rule promised"
Kind = Literal["elementwise", "view"] | None


class Op:
    """A kind of step. Subclass it, describe it, and make one instance: ``relu = Relu()``.

    kind: "elementwise" (number by number: may be done in place, in blocks, in chains), "view" (costs nothing)
        or None
    whole: which inputs hold whole numbers (class numbers, positions, counters)
    masks: which inputs hold True and False
    takes: what kinds of numbers the other inputs may hold: f fractions, i whole, u whole without a sign, b yes and no
    torch: what PyTorch calls it, "" where it has no name for it
    samples: small inputs on which the operation is shown and checked

    >>> from cutaway.engine import ops
    >>> ops.relu.name, ops.relu.story.formula
    ('relu', 'y = max(x, 0)')
    """

    name: str
    story: Story
    kind: ClassVar[Kind] = None
    whole: ClassVar[tuple[int, ...]] = ()
    masks: ClassVar[tuple[int, ...]] = ()
    takes: ClassVar[str] = "fiub"
    torch: ClassVar[str] = ""
    samples: ClassVar[tuple[Sample, ...]] = ()

    def __init__(self) -> None:
        self.name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
        self.story = Story.of(type(self).__doc__)
        self.__doc__ = type(self).__doc__
        OPS[self.name] = self

    @staticmethod
    def forward(*arrays: Any, **attrs: Any) -> Any:
        """The readable definition, on arrays."""
        raise NotImplementedError

    @staticmethod
    def backward(grad: Any, output: Any, *inputs: Any, **attrs: Any) -> Any:
        """The gradient for each input, written with operations; None where no change is felt."""
        return None

    @staticmethod
    def shape(*shapes: Any, **attrs: Any) -> Shape:
        """The shape of the output, or an error that draws the inputs."""
        raise NotImplementedError

    @staticmethod
    def verify(*arrays: Any, **attrs: Any) -> None:
        """Look at the values, where shapes cannot tell (a class number out of range)."""

    written: ClassVar[Any] = None

    def __call__(self, *inputs: Any, **attrs: Any) -> Tensor:
        try:
            return self._do(inputs, attrs)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            foreign = not isinstance(error, CutawayError) or _RULE in str(error)
            wrong = unfit(self.name, self.forward, attrs) if foreign else ""
            if wrong:
                raise DtypeError(wrong) from None
            raise

    def _do(self, inputs: Sequence[Any], attrs: dict[str, Any]) -> Tensor:
        try:
            tensors = self._tensors(inputs)
        except DtypeError:  # one-hot rows where class numbers belong: the shapes tell more than the kind of number
            self.shape(*[np.shape(t) for t in inputs], **attrs)
            raise
        expected = self.shape(*[t.data.shape for t in tensors], **attrs)
        arrays = [t.data for t in tensors]
        self.verify(*arrays, **attrs)
        tape = Tape.current()
        value = np.asarray(self.forward(*arrays, **attrs)) if tape is None else outcome(self, arrays, attrs, expected)
        if value.shape != tuple(expected):
            raise ShapeError(f"{self.name}: {_RULE} {expected}, its forward gave {value.shape}.")
        return Tensor(value) if tape is None else tape.record(self, tensors, attrs, value)

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, tuple[str]]:  # an operation is known by its name, also in copies
        return OPS.__getitem__, (self.name,)

    def _tensors(self, inputs: Sequence[Any]) -> list[Tensor]:
        """Plain numbers and arrays become tensors; all inputs that are computed with share one dtype."""
        dtype = None
        for k, value in enumerate(inputs):
            if isinstance(value, Tensor) and k not in self.whole and k not in self.masks:
                dtype = value.data.dtype
                break
        tensors = []
        for value in inputs:
            if isinstance(value, Tensor):
                tensors.append(value)
            elif isinstance(value, bool | int | float | np.generic) and dtype is not None:
                value = value.item() if isinstance(value, np.generic) else value
                if isinstance(value, float) and dtype.kind in "iub" and not value.is_integer():
                    raise DtypeError(
                        f"{self.name}: the tensor holds whole numbers ({dtype}), so {value} does not fit in. "
                        "Type x.float() first."
                    )
                tape = Tape.current()
                tensors.append(Tensor(np.asarray(value, dtype)) if tape is None else tape.number(value, dtype))
            else:
                tensors.append(Tensor(value))
        for k, tensor in enumerate(tensors):
            kind = tensor.data.dtype.kind
            if k in self.whole:
                if kind not in "iu":
                    advice = "makes 1 and 0 of True and False" if kind == "b" else "drops the fractions"
                    raise DtypeError(
                        f"{self.name}: {self._called(k)} must hold whole numbers, but it is {tensor.data.dtype}. "
                        f"{self._called(k)}.long() {advice}, if that is meant."
                    )
            elif k in self.masks:
                if kind != "b":
                    raise DtypeError(
                        f"{self.name}: {self._called(k)} must say True or False, but it is {tensor.data.dtype}. "
                        "Ask a question of it, such as x > 0 or x != 0."
                    )
            elif dtype is not None and tensor.data.dtype != dtype:
                raise DtypeError(self._mixed(tensors))
            elif kind not in self.takes:
                raise DtypeError(_unfit(self.name, tensor.data.dtype, self.takes))
        return tensors

    def _called(self, k: int) -> str:
        """What input number k is called in the story."""
        names = list(inspect.signature(self.forward).parameters)
        return names[k] if k < len(names) else f"input {k + 1}"

    def _mixed(self, tensors: Sequence[Tensor]) -> str:
        kinds = " and ".join(dict.fromkeys(str(t.data.dtype) for t in tensors))
        picture = boxes({f"{self._called(k)} {t.data.dtype}": t.data.shape for k, t in enumerate(tensors)})
        return (
            f"{self.name}: the inputs hold different kinds of numbers ({kinds}).\n{picture}\n"
            "   Make them alike: x.float() gives float32 (what networks train in), x.double() float64, "
            "x.long() whole numbers."
        )


def _unfit(name: str, dtype: Any, takes: str) -> str:
    met = {"b": "True and False", "i": f"whole numbers ({dtype})", "u": f"whole numbers without a sign ({dtype})"}
    if dtype.kind not in met:
        return f"{name}: it computes with numbers, but was given {dtype}."
    if "i" not in takes:
        return (
            f"{name}: its result has fractions, but it was given {met[dtype.kind]}. "
            "Type x.float() first, or write 1.0 instead of 1."
        )
    advice = (
        "x.float() or x.long() makes 1 and 0 of them" if dtype.kind == "b" else "below 0 they start again at the top"
    )
    return (
        f"{name}: it cannot compute with {met[dtype.kind]}: {advice}{'' if dtype.kind == 'b' else '; type x.float()'}."
    )


def namespace(x: Any) -> Any:
    """The library that x belongs to, so that other array libraries can flow through a forward."""
    return np if isinstance(x, np.ndarray | np.generic) else x.__array_namespace__()


def as_kind(x: Any, dtype: Any) -> Any:
    """x as another kind of number, in whatever library it belongs to."""
    return x.astype(dtype) if isinstance(x, np.ndarray | np.generic) else namespace(x).astype(x, dtype)
