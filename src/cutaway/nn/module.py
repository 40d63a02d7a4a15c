"""A module is a tree of parameters and a function written with operations.

Names come from the tree: the weight of the second layer of a Sequential is "1.weight", as in PyTorch. A module finds
its children by looking at its own attributes, so a layer of your own is a class with an `__init__` and a `forward`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..engine import Tape, Tensor
from ..engine.errors import CutawayError
from .parameter import Parameter

if TYPE_CHECKING:
    from .summary import Summary

__all__ = ["Module", "StateError"]


class StateError(CutawayError, KeyError):
    """A state that does not fit the network: names missing, left over, or of another shape.

    >>> issubclass(StateError, KeyError)
    True
    """

    def __str__(self) -> str:
        return str(self.args[0])


class Module:
    """The base of every layer and network.

    >>> class Twice(Module):
    ...     def forward(self, x):
    ...         return x * 2
    >>> Twice()(Tensor([1.0, 2.0]))
    Tensor([2., 4.])
    """

    path: str = ""  # where it stands in the tree: "" for the whole network, "0", "encoder.0", ...
    training: bool = True

    def forward(self, *inputs: Any) -> Any:
        """What the layer computes, written with operations. Write this one in a layer of your own."""
        raise CutawayError(f"{type(self).__name__} has no forward yet: write `def forward(self, x): return ...`.")

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        if not self.path:  # the whole tree: lists may have grown since its parts got their names
            self._all()
        inputs = tuple(self._read(x) for x in inputs)
        named = {key: self._read(x) for key, x in named.items()}
        tape = Tape.current()
        try:
            if tape is None:
                return self.forward(*inputs, **named)
            with tape.place(self.path):
                output = self.forward(*inputs, **named)
            shown = output[0] if isinstance(output, tuple) and output else output  # of several the first, as a rule y
            if isinstance(shown, Tensor) and shown.tape is tape and shown.slot is not None:
                tape.visits.append((self.path, type(self).__name__, shown.slot))
            return output
        except CutawayError as error:
            if not hasattr(error, "__notes__"):
                given = ", ".join(str(x.shape) for x in inputs if isinstance(x, Tensor))
                where = f"layer {self.path}, " if self.path else ""
                error.add_note(f"   This happened in {where}{self._line()}, which was given {given}.")
            raise

    def _read(self, x: Any) -> Any:
        """Plain arrays and lists, in the network's own kind of numbers, also in a tuple; anything else as it is."""
        if isinstance(x, tuple):
            return tuple(self._read(part) for part in x)
        if isinstance(x, bool) or not isinstance(x, np.ndarray | list | float | int):
            return x
        tensor = Tensor(x)
        kind = next((p.dtype for _, p in self.named_state()), tensor.dtype)
        return Tensor(tensor.data.astype(kind)) if tensor.dtype.kind == "f" and tensor.dtype != kind else tensor

    # -- the tree -------------------------------------------------------------------------------------------
    def children(self) -> Iterator[tuple[str, Any]]:
        """The modules and parameters directly inside, each with the name of its attribute."""
        for key, value in vars(self).items():
            yield from _parts(key, value)

    def modules(self) -> list[Module]:
        """This module and all inside it, each once, in the order of the tree; their paths are set anew."""
        first: dict[Module, str] = {}
        for inside, module in self._places():
            first.setdefault(module, inside)
        for module, inside in first.items():
            if module is not self:
                module.path = _join(self.path, inside)
        return list(first)

    def _places(self, inside: str = "", above: tuple[Module, ...] = ()) -> Iterator[tuple[str, Module]]:
        """This module and all inside it under every path from here (a shared one has several)."""
        yield inside, self
        for key, child in self.children():
            if isinstance(child, Module) and child is not self and child not in above:
                yield from child._places(_join(inside, key), (*above, self))

    def named_state(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter and buffer under every name it has from here (a shared one has several)."""
        for inside, module in self._places():
            for key, child in module.children():
                if isinstance(child, Parameter):
                    yield _join(inside, key), child

    def _all(self) -> dict[str, Parameter]:
        """Every parameter and buffer once, under its first name; all inside learn their paths and names."""
        self.modules()
        first: dict[Parameter, str] = {}
        for name, parameter in self.named_state():
            first.setdefault(parameter, name)
        for parameter, name in first.items():  # its own name is the one in the whole tree
            parameter.name = _join(self.path, name)
        return {name: parameter for parameter, name in first.items()}

    def root(self) -> Self:
        """Make this the whole tree: from now on names are counted from here (a part may have stood elsewhere)."""
        self.path = ""
        self._all()
        return self

    def named_parameters(self) -> dict[str, Parameter]:
        """Name -> parameter, for all that are trained.

        >>> from cutaway import nn
        >>> list(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)).named_parameters())
        ['1.weight', '1.bias']
        """
        return {name: p for name, p in self._all().items() if p.trained}

    def named_buffers(self) -> dict[str, Parameter]:
        """Name -> buffer: what is carried along without being trained."""
        return {name: p for name, p in self._all().items() if not p.trained}

    def parameters(self) -> list[Parameter]:
        """All that is trained.

        >>> from cutaway import nn
        >>> sum(p.numel() for p in nn.Linear(4, 2).parameters())
        10
        """
        return list(self.named_parameters().values())

    def __setattr__(self, key: str, value: Any) -> None:
        object.__setattr__(self, key, value)
        if any(isinstance(part, Module) or not part.name for _, part in _parts(key, value)):
            self._all()  # so that everybody inside knows its name at once (a tied parameter has one already)

    # -- state ------------------------------------------------------------------------------------------------
    def state(self) -> dict[str, Any]:
        """Name -> array, for all parameters and buffers (PyTorch's state_dict).

        >>> from cutaway import nn
        >>> {name: array.shape for name, array in nn.Linear(4, 2).state().items()}
        {'weight': (2, 4), 'bias': (2,)}
        """
        return {name: p.data for name, p in self._all().items()}

    def load_state(self, tree: Mapping[str, Any]) -> Self:
        """Take over the numbers of a state; every name and shape must fit, or nothing is changed.

        >>> from cutaway import nn
        >>> a, b = nn.Linear(4, 2), nn.Linear(4, 2).init(seed=1)
        >>> bool((b.load_state(a.state()).weight.data == a.weight.data).all())
        True
        """
        known = dict(self.named_state())
        told = {known[name] for name in tree if name in known}
        missing = [name for name, parameter in self._all().items() if parameter not in told]
        extra = [name for name in tree if name not in known and not self._ignores(name)]
        arrays = {name: part.data if isinstance(part, Tensor) else np.asarray(part) for name, part in tree.items()}
        shapes = [
            f"{name}: the network has {known[name].shape}, the state {array.shape}"
            for name, array in arrays.items()
            if name in known and known[name].shape != array.shape
        ]
        if missing or extra or shapes:
            lines = ["load_state: this state does not fit the network, so nothing was changed."]
            lines += [f"   missing from the state: {', '.join(missing)}"] if missing else []
            lines += [f"   unknown to the network: {', '.join(extra)}"] if extra else []
            lines += [f"   another shape: {line}" for line in shapes]
            raise StateError("\n".join(lines))
        numbers = {name: np.array(arrays[name], dtype=known[name].dtype) for name in tree if name in known}
        for name, array in numbers.items():
            known[name].data = array
        return self

    def _ignores(self, name: str) -> bool:
        return any(
            name == _join(inside, key)
            for inside, module in self._places()
            for key in getattr(module, "ignored_state", ())
        )

    def init(self, seed: int = 0) -> Self:
        """Draw all first numbers again: a pure function of the seed and the names."""
        for parameter in self._all().values():
            parameter.init(seed)
        return self

    def to(self, dtype: Any) -> Self:
        """Hold another kind of number everywhere: np.float64 to check derivatives, np.float32 to train."""
        for parameter in self._all().values():
            parameter.to(dtype)
        return self

    # -- modes ------------------------------------------------------------------------------------------------
    def train(self, mode: bool = True) -> Self:
        """Behave as in training: dropout drops, batch normalisation measures the batch."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Behave as in use: dropout keeps all, batch normalisation takes what it has learned."""
        return self.train(False)

    def freeze(self, pattern: str = "*") -> Self:
        """Stop training the parameters whose names match, e.g. "0.*" or "*.bias".

        >>> from cutaway import nn
        >>> nn.Linear(4, 2).freeze("bias").bias.requires_grad
        False
        """
        return self._require(pattern, False)

    def unfreeze(self, pattern: str = "*") -> Self:
        """Train the parameters whose names match."""
        return self._require(pattern, True)

    def _require(self, pattern: str, wanted: bool) -> Self:
        names = [name for name in self.named_parameters() if fnmatch.fnmatchcase(name, pattern)]
        if not names:
            raise StateError(f"No parameter is called {pattern!r}. There are: {', '.join(self.named_parameters())}.")
        for name, parameter in self.named_parameters().items():
            if name in names:
                parameter.requires_grad = wanted
        return self

    # -- looking ------------------------------------------------------------------------------------------------
    def summary(self, input_shape: tuple[int, ...]) -> Summary:
        """A table of the layers for one example of this shape: outputs, parameters, multiply-adds.

        >>> from cutaway import nn
        >>> nn.Sequential(nn.Linear(4, 2)).summary((4,)).parameters
        10
        """
        from .summary import summarise

        return summarise(self, input_shape)

    def describe(self) -> str:
        """What stands in the brackets of the repr."""
        return ""

    def _line(self) -> str:
        return f"{type(self).__name__}({self.describe()})"

    def __repr__(self) -> str:
        inner = [(key, child) for key, child in self.children() if isinstance(child, Module)]
        if not inner:
            return self._line()
        lines = [f"({key}): {child!r}".replace("\n", "\n  ") for key, child in inner]
        return f"{type(self).__name__}({self.describe()}\n  " + "\n  ".join(lines) + "\n)"


def _parts(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The modules and parameters that an attribute holds, also in lists and dictionaries, with their names."""
    if isinstance(value, Module | Parameter):
        yield key, value
    elif isinstance(value, list | tuple | dict):
        for k, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _parts(f"{key}.{k}", inner)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path and key else path or key
