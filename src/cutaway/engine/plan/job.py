"""What a kernel is given: the steps it is to do, and where their slots live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tape import Step
from .do import Do, unread

if TYPE_CHECKING:
    from .program import Program

__all__ = ["GROUPS", "KERNELS", "PIXELS", "Job", "group", "kernel", "pixels"]

Kernel = Callable[[Do, "Job"], Any]
Finder = Callable[["Program"], Sequence[Sequence[int]]]

KERNELS: dict[str, Kernel] = {}  # name of an op, or of a group -> what writes its calls
GROUPS: dict[str, Finder] = {}  # name of a group -> what finds its members in a program
TILE = 1 << 14  # numbers of rows that are alike: few enough to stay near the processor
PIXELS: dict[str, Callable[[Step], Sequence[int]]] = {}  # name of an op -> slots that it likes pixel by pixel


def kernel(*names: str) -> Callable[[Kernel], Kernel]:
    """Register a planned kernel for ops or groups of these names. It returns NotImplemented to decline."""

    def register(f: Kernel) -> Kernel:
        KERNELS.update(dict.fromkeys(names, f))
        return f

    return register


def group(name: str) -> Callable[[Finder], Finder]:
    """Register what finds groups of steps that one kernel (of the same name) does together.

    The finder gets the Program and returns lists of indexes of steps, each list in the order of the program. A group is
    done where its last step stands, if nothing in between needs its results; otherwise the steps are done one by one.
    """

    def register(f: Finder) -> Finder:
        GROUPS[name] = f
        return f

    return register


def pixels(*names: str) -> Callable[[Any], Any]:
    """Register which (N, C, H, W) slots of a step should lie as (H, W, N, C)."""

    def register(f: Any) -> Any:
        PIXELS.update(dict.fromkeys(names, f))
        return f

    return register


class Job:
    """One group of steps, and the memory of their slots."""

    def __init__(
        self,
        steps: Sequence[Step],
        program: Program,
        array: Callable[[int], Any],
        outside: set[int],
        *,
        ends: int = 0,
        lies: Callable[[int], Any] | None = None,
        readers: Callable[[int], set[str]] | None = None,
        looked_at: bool = False,
    ) -> None:
        self.steps, self.step = list(steps), steps[0]
        self.attrs = self.step.attrs
        self.program = program
        self.why = ""  # which way the kernel chose, for the table of plan.show()
        self.ends = ends  # of a chain: how many of its last steps are sums over it
        self.looked_at = looked_at  # is every slot to be read after the batch, by whoever looks?
        self._array, self._outside = array, outside
        self._readers, self._lies = readers, lies

    def array(self, slot: int) -> Any:
        """The array of a slot as everybody knows it; its strides tell how it lies."""
        return self._array(slot)

    @property
    def inputs(self) -> list[Any]:
        """The arrays that the first step reads."""
        return [self._array(slot) for slot in self.step.inputs]

    @property
    def output(self) -> Any:
        """The array that the last step fills."""
        return self._array(self.steps[-1].output)

    def dtype(self, slot: int) -> Any:
        """The kind of number that a slot holds."""
        return self.program.dtype(slot)

    def wanted(self, slot: int) -> bool:
        """Is the slot read outside of this group? If not, it has no memory and need not be filled."""
        return slot in self._outside

    def readers(self, slot: int) -> set[str]:
        """Which kinds of groups read the slot; "" stands for whoever is outside of the steps, and is there if unknown.

        Kernels whose groups are the only ones to read a slot may agree on how its numbers lie.
        """
        return {""} if self._readers is None else self._readers(slot)

    # -- broadcasting -----------------------------------------------------------------------------------------
    def model(self, slot: int) -> Any:
        """An array that lies as this slot would if it had memory."""
        return self._lies(slot) if self._lies is not None else unread(self.program.shape(slot), self.dtype(slot))

    def tiled(self, do: Do, x: Any, model: Any) -> Any:
        """An input of a chain, ready to be cut like the model.

        One number for every channel of a picture is repeated for all examples, once: then the innermost run of the
        picture is met by a run just as long. Likewise a row that meets short rows is repeated for a few of them.
        """
        if x.ndim == 0 or x.shape == model.shape:
            return x
        x = x.reshape((1,) * (model.ndim - x.ndim) + x.shape)
        if model.ndim > 2 and model.flags.c_contiguous and x.size == x.shape[-1] == model.shape[-1]:
            rows, width = model.shape[-2:]
            if 1 < rows * width <= TILE and width > 1 and model.size >= 4 * rows * width:
                tile = do.scratch((rows, width), x.dtype)
                do(np.copyto, tile, x.reshape(width))
                return tile.reshape((1,) * (model.ndim - 2) + (rows, width))
        n, c = model.shape[:2] if model.ndim == 4 else (0, 0)
        lies_in_pixels = model.ndim == 4 and n > 1 and model.strides[1] < model.strides[0] < model.strides[3]
        if lies_in_pixels and c > 1 and x.shape == (1, c, 1, 1):
            tile = do.scratch((n, c), x.dtype)
            do(np.copyto, tile, x.reshape(1, c))
            return tile.reshape(n, c, 1, 1)
        return x

    @staticmethod
    def cut(x: Any, block: tuple[slice, ...], model: Any) -> Any:
        """The part of an input that meets this block."""
        if x.ndim == 0:
            return x
        return x[tuple(b if n == m else slice(None) for b, n, m in zip(block, x.shape, model.shape, strict=True))]
