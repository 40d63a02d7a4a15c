"""The tape: the list of small steps that everything else reads.

A leaf is a slot that nobody computes: an *input* (this batch), a piece of *state* (a weight, Adam's memory) or
a *constant*. Every step is pure: it fills a new slot and overwrites nothing. What survives a training step is
written down once, as data, in `carry`: {name of the state: slot that holds its next value}.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .errors import CutawayError, TapeError
from .tensor import Tensor

if TYPE_CHECKING:
    from .op import Op

__all__ = ["Parameter", "Step", "Tape"]

_current: ContextVar[Tape | None] = ContextVar("cutaway_tape", default=None)


class Step(NamedTuple):
    """One line of the tape: plain data that can be shown, saved, run again and differentiated.

    op: what is done; inputs: the slots it reads; output: the slot it fills; attrs: its settings
    label: when and where, phase/path: "forward/3", "backward/3", "update/3.weight"

    >>> with Tape() as tape:
    ...     y = Tensor([1.0, 2.0]).sum()
    >>> tape.steps[0].op.name, tape.steps[0].inputs, tape.steps[0].output
    ('sum', (0,), 1)
    """

    op: Op
    inputs: tuple[int, ...]
    attrs: dict[str, Any]
    output: int
    label: str


class Parameter(Tensor):
    """State: a Tensor that survives the training step; trained, unless it is a buffer or a memory.

    >>> Parameter([0.5, -0.5], name="weight").requires_grad
    True
    """

    __slots__ = ()
    trained = True

    def __init__(self, data: Any, requires_grad: bool = True, *, name: str = "") -> None:
        super().__init__(data, requires_grad, name=name)


class Tape:
    """An ordered list of steps, and the slots they fill.

    seed, step: the coordinates of chance (see :mod:`cutaway.engine.rng`): dropout draws the same mask for the same
        seed and step, so a loop written by hand passes ``Tape(step=k)``

    >>> x = Tensor([1.0, 2.0])
    >>> with Tape() as tape:
    ...     y = (x * 3).sum()
    >>> print(tape)
       2 = mul(1, 3.0)
       3 = sum(2, dim=None, keepdim=False)
    """

    def __init__(self, seed: int = 0, step: int = 0) -> None:
        self.steps: list[Step] = []
        self.values: list[Any] = []  # slot -> array
        self.inputs: dict[str, int] = {}
        self.state: dict[str, int] = {}
        self.constants: set[int] = set()
        self.carry: dict[str, int] = {}
        self.results: dict[str, int] = {}
        self.families: dict[str, list[str]] = {}  # "weight" -> names; an optimizer's memories in the same order
        self.gradients: dict[str, int] = {}  # name of a weight -> slot of its gradient
        self.visits: list[tuple[str, str, int]] = []  # layers in the order they were called: path, kind, output slot
        self.reads: list[str] = []  # where Python looked at numbers on the way: what was recorded then may hang on them
        self.seed = seed
        self.leaves: dict[Tensor, int] = {}
        self._step, self._sites = step, 0
        self._numbers: dict[tuple[Any, str], Tensor] = {}
        self._phase, self._place = "", ""
        self._token: Token[Tape | None] | None = None

    # -- recording --------------------------------------------------------------------------------------------
    @staticmethod
    def current() -> Tape | None:
        """The tape that is recording now, if any."""
        return _current.get()

    def __enter__(self) -> Tape:
        if self._token is not None:
            raise TapeError("This tape is recording already; make a second one with ct.Tape().")
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _current.reset(self._token)
        self._token = None

    @contextmanager
    def resumed(self) -> Iterator[None]:
        """Record on this tape inside, also when its own block has ended or another tape has been started since."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Label what is recorded inside: the part before the slash ("forward", "update")."""
        before, self._phase = self._phase, name
        try:
            yield
        finally:
            self._phase = before

    @contextmanager
    def place(self, path: str) -> Iterator[None]:
        """Label what is recorded inside: the part after the slash (the path of a layer or a weight)."""
        before, self._place = self._place, path
        try:
            yield
        finally:
            self._place = before

    @property
    def label(self) -> str:
        """The label that a step recorded now would get."""
        return f"{self._phase}/{self._place}".strip("/")

    def _fill(self, value: Any) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def input(self, name: str, value: Any) -> Tensor:
        """A leaf that is given anew for every batch."""
        self.inputs[name] = self._fill(np.asarray(value))
        return self[self.inputs[name]]

    def counter(self, name: str) -> Tensor:
        """The inputs of chance: "step", the number of the batch, and "first", the number of its first example."""
        if name not in self.inputs:
            self.input(name, np.asarray(self._step if name == "step" else 0, np.int64))
        return self[self.inputs[name]]

    def site(self) -> int:
        """A number for the next place that draws: the third dropout of a program is always number 2."""
        self._sites += 1
        return self._sites - 1

    def number(self, value: Any, dtype: Any) -> Tensor:
        """A constant typed into the code: the same one has one slot."""
        key = (value or str(value), str(dtype))  # 0.0 and -0.0 are equal, but not the same
        if key not in self._numbers:
            slot = self._fill(np.asarray(value, dtype))
            self.constants.add(slot)
            self._numbers[key] = self[slot]
        return self._numbers[key]

    def slot(self, tensor: Tensor) -> int:
        """The slot of a tensor; one from outside becomes a leaf the first time it is met."""
        if tensor.tape is self:
            assert tensor.slot is not None
            return tensor.slot
        slot = self.leaves.get(tensor)
        if slot is None:
            slot = self.leaves[tensor] = self._fill(tensor.data)
            if isinstance(tensor, Parameter):
                if not tensor.name:
                    tensor.name = f"parameter{slot}"
                if tensor.name in self.state:
                    raise CutawayError(
                        f"Two parameters are both called {tensor.name!r}. Put them into one nn.Module, "
                        "which names every parameter by its path, or give each its own name=."
                    )
                self.state[tensor.name] = slot
            else:
                self.constants.add(slot)
        return slot

    def record(self, op: Op, tensors: list[Tensor], attrs: dict[str, Any], value: Any) -> Tensor:
        """Write one step and return the tensor it makes."""
        slots = tuple([self.slot(t) for t in tensors])
        self.steps.append(Step(op, slots, attrs, self._fill(value), self.label))
        return self[self.steps[-1].output]

    def carries(self, name: str, value: Tensor) -> None:
        """The state of that name enters the next training step with this value."""
        self.carry[name] = self.slot(value)

    def __getitem__(self, slot: int) -> Tensor:
        return Tensor(self.values[slot], tape=self, slot=slot)

    def __len__(self) -> int:
        return len(self.steps)

    # -- reading ------------------------------------------------------------------------------------------------
    def prune(self) -> Tape:
        """Drop the steps that no result and no carried state depends on (the gradient of the pictures, say)."""
        wanted = {*self.results.values(), *self.carry.values()}
        kept = []
        for step in reversed(self.steps):
            if step.output in wanted:
                wanted.update(step.inputs)
                kept.append(step)
        self.steps = kept[::-1]
        return self

    def __str__(self) -> str:
        written = {slot: f"{self.values[slot]}" for slot in self.constants if np.ndim(self.values[slot]) == 0}
        lines = []
        for s in self.steps:
            attrs = "".join(f", {k}={v!r}" for k, v in s.attrs.items())
            label = f"   # {s.label}" if s.label else ""
            lines.append(
                f"{s.output:4d} = {s.op.name}({', '.join(written.get(i, str(i)) for i in s.inputs)}{attrs}){label}"
            )
        return "\n".join(lines)
