"""The network that is looked into: a Module, or a run, which is asked with the weights it predicts with."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ...engine import Tape, Tensor
from ...engine.errors import CutawayError, ShapeError
from ...nn import Module
from ...training import machine
from ..pictures import picture_range

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Network", "Recorded", "in_use", "outputs", "picture_shape", "pictures_of", "recorded", "weights_of"]

Network = Any  # a Module or a Run: `training` is not imported before a run is there

_PARTS: WeakKeyDictionary[Tape, dict[str, Tape]] = WeakKeyDictionary()  # programs that end at a layer


class Recorded(NamedTuple):
    """Some examples on their way through a network: a tape that is recording, where backward can go on."""

    x: Tensor
    outputs: Tensor
    layers: dict[str, Tensor]  # what each layer gave, by its path

    def of(self, layer: str) -> Tensor:
        """What one layer gave; "" means the whole network. An unknown path is answered with those that there are."""
        if not layer:
            return self.outputs
        if layer not in self.layers:
            raise CutawayError(_unknown(layer, self.layers))
        return self.layers[layer]


@contextmanager
def recorded(net: Network, x: Any) -> Iterator[Recorded]:
    """Send examples through a network in use (eval) with every step on a tape; the network is left as it was.

    A run need not have its network: a saved one has its program, which is recorded again.
    """
    x = np.asarray(x)
    if _is_run(net):
        with _program_again(net, x) as found:
            yield found
        return
    with in_use(net), Tape() as tape:
        kind = next((parameter.dtype for parameter in net.parameters()), x.dtype)
        given = tape.input("x", x.astype(kind, copy=False) if x.dtype.kind == "f" else x)
        out = net(given)
        yield Recorded(given, out, {path: tape[slot] for path, _, slot in tape.visits if path})


@contextmanager
def _program_again(run: Run, x: NDArray[Any]) -> Iterator[Recorded]:
    program, state = _program(run, x), _state(run)
    with machine.threads(run.threads), Tape(step=run.batch) as tape:
        given = tape.input("x", run.typed(x))
        here: dict[int, Tensor] = {slot: Tensor(program.values[slot]) for slot in program.constants}
        here |= {slot: Tensor(state[name]) for name, slot in program.state.items()}
        here |= {slot: tape.counter(name) for name, slot in program.inputs.items() if name in ("step", "first")}
        here[program.inputs["x"]] = given
        for step in program.steps:
            here[step.output] = step.op(*[here[slot] for slot in step.inputs], **step.attrs)
        layers = {path: here[slot] for path, _, slot in program.visits if path and slot in here}
        yield Recorded(given, here[program.results["outputs"]], layers)


def outputs(net: Network, x: Any, layer: str = "") -> NDArray[Any]:
    """What the network, or one layer of it, gives for examples: by the plan, where a run has one, so for many."""
    x = np.asarray(x)
    if not _is_run(net):
        with recorded(net, x) as found:
            return np.asarray(found.of(layer).numpy())
    if not layer:
        return np.asarray(net.predict(x))
    part = _up_to(_program(net, x), layer)
    if not net.programs.plan or part.reads:
        with recorded(net, x) as found:
            return np.asarray(found.of(layer).numpy())
    from ...training.planned import Planned

    with machine.threads(net.threads):
        executor = Planned(part, _state(net), net.programs.planner)
        ((found_there,),) = executor.replay([(net.typed(x), None, np.int64(net.batch), np.int64(0))])
        return np.array(found_there)


def _program(run: Run, x: NDArray[Any]) -> Tape:
    run.predict(x[:1])  # which records the program, where that is still to be done
    return run.programs.prediction(run.typed(x))


def _up_to(program: Tape, layer: str) -> Tape:
    known = _PARTS.setdefault(program, {})
    if layer not in known:
        slots = {path: slot for path, _, slot in program.visits if path}
        if layer not in slots:
            raise CutawayError(_unknown(layer, slots))
        part = copy.copy(program)
        part.values, part.results = list(program.values), {"layer": slots[layer]}
        known[layer] = part.prune()
    return known[layer]


def _state(run: Run) -> dict[str, Any]:
    """The averages of the weights where there are any."""
    return {name: run.state.get(f"optim/average/{name}", array) for name, array in run.state.items()}


def weights_of(net: Network) -> Mapping[str, Any]:
    """All numbers of the network by their names, as it is used with."""
    if _is_run(net):
        return {name: array for name, array in _state(net).items() if not name.startswith("optim/")}
    with in_use(net):
        return dict(net.state())


@contextmanager
def in_use(net: Module) -> Iterator[None]:
    """Inside, the network behaves as in use (eval); afterwards every part has its own mode again."""
    if not isinstance(net, Module):
        raise CutawayError(f"net is a run, or a network such as run.net, not {type(net).__name__}.")
    modules = net.modules()
    modes = [module.training for module in modules]
    net.eval()
    try:
        yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def picture_shape(run: Run) -> tuple[int, int, int] | None:
    """(C, H, W) of the pictures that a run trains on; None where they are none, or its data are not here."""
    if run.data is None or run.data.x.ndim != 4 or picture_range(run.data.x[:1]) is None:
        return None
    channels, height, width = run.data.x.shape[1:]
    return channels, height, width


def pictures_of(x: Any) -> NDArray[Any]:
    """One picture (C, H, W) as floats, or an error that says what was met."""
    picture = np.asarray(x)
    if picture.ndim != 3:
        hint = "write x[None]" if picture.ndim == 2 else "take x[k]" if picture.ndim == 4 else "sight is for pictures"
        raise ShapeError(f"A picture has three sides (channels, height, width), and this has {picture.shape}: {hint}.")
    return picture if picture.dtype.kind == "f" else np.asarray(picture / np.float32(255), np.float32)


def _is_run(net: Any) -> bool:
    return hasattr(net, "programs") and hasattr(net, "predict")


def _unknown(layer: str, known: Mapping[str, Any]) -> str:
    return f"There is no layer {layer!r}; there are {', '.join(known)}."
