"""What a layer remembers: parameters, which are trained, and buffers, which are only carried along.

The first numbers of a parameter are a pure function of (seed, its name in the network): they are drawn when somebody
first looks, so the same network always starts from the same numbers, and ``net.init(seed=1)`` draws others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import engine
from . import init
from .init import Rule

__all__ = ["Buffer", "Parameter"]


class Parameter(engine.Parameter):
    """A weight that is trained; PyTorch's name for it.

    start: the rule for its first numbers (see :mod:`cutaway.nn.init`), or the numbers themselves
    shape: needed with a rule

    >>> Parameter(init.uniform(0.1), (2, 3)).shape
    (2, 3)
    """

    __slots__ = ("_numbers", "_rule", "_seed", "_shape", "_start", "_type")

    def __init__(
        self, start: Any, shape: tuple[int, ...] | None = None, requires_grad: bool = True, *, name: str = ""
    ) -> None:
        rule = start if isinstance(start, init.Rule) else None
        assert rule is None or shape is not None, "a rule needs a shape"
        super().__init__(np.zeros((), np.float32) if rule else start, requires_grad, name=name)
        self._rule, self._seed, self._shape = rule, 0, shape
        self._type: np.dtype[Any] = self.data.dtype
        self._start: Any = None if rule else self.data.copy()
        self._numbers = None if rule else self.data  # of a rule they are drawn when somebody looks

    @property
    def data(self) -> Any:
        """The numbers, drawn when first looked at."""
        if self._numbers is None and self._rule is not None and self._shape is not None:
            self._numbers = self._rule.draw(self._shape, self._seed, self.name).astype(self._type)
        return self._numbers

    @data.setter
    def data(self, numbers: Any) -> None:
        self._numbers = numbers

    @property
    def drawn(self) -> bool:
        """Whether its numbers are there: given, or drawn because somebody has looked."""
        return self._numbers is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every side, known without drawing."""
        return self._shape if self._numbers is None and self._shape is not None else self.data.shape

    @property
    def ndim(self) -> int:
        """How many sides."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of its numbers, known without drawing."""
        return self._type if self._numbers is None else self._numbers.dtype

    def numel(self) -> int:
        """How many numbers, known without drawing."""
        return math.prod(self.shape)

    def init(self, seed: int) -> None:
        """Forget the numbers: they are drawn again from this seed, or are again those it was made with."""
        self._seed = seed
        self._numbers = None if self._rule is not None else self._start.astype(self._type)

    def start(self, rule: Rule) -> None:
        """Draw the first numbers by another rule, now and whenever they are drawn again.

        >>> weight = Parameter(init.uniform(0.1), (2, 3))
        >>> weight.start(init.constant(0.5))
        >>> weight.data.tolist()
        [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]
        """
        self._shape = self.shape
        self._rule, self._numbers = rule, None

    def to(self, dtype: Any) -> None:
        """Hold another kind of number: float32 to train, float64 to check."""
        self._type = np.dtype(dtype)
        if self._numbers is not None:
            self._numbers = self._numbers.astype(dtype)


class Buffer(Parameter):
    """State that is carried from batch to batch but not trained, like a running average.

    >>> Buffer(init.zeros(), (3,)).requires_grad
    False
    """

    __slots__ = ()
    trained = False

    def __init__(self, start: Any, shape: tuple[int, ...] | None = None, *, name: str = "") -> None:
        super().__init__(start, shape, requires_grad=False, name=name)
