"""The hands on a run: changing its numbers and settings while it stands still, so that the history knows of it.

The network that a reader holds shows the numbers of the run, and what is changed on the network itself (a weight, a
freezing, train or eval) is noticed at the next step. Every change is an event, at the moment where it was made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..engine.errors import CutawayError, TapeError
from ..engine.plain import plain_index
from ..nn import Module
from . import evaluation
from .clockwork import Clockwork, changed
from .history import Event, Settings
from .names import hint, slot_of, slots_named
from .parts import whole

__all__ = ["Hands"]

_NOTHING: Any = object()


class Hands(Clockwork):
    """A clockwork whose state and settings can be changed by hand."""

    def __init__(
        self, net: Module | None, seed: int, augment: Sequence[Any], settings: Settings, budget: int, threads: int
    ) -> None:
        super().__init__(seed, augment, settings, budget, threads)
        self.net = net
        self.validations: dict[int, dict[str, float]] = {}  # batch -> what the validation examples said
        self._parameters: dict[str, Any] = {}
        self._modules: list[Module] = []
        self._published: dict[str, Any] = {}

    def take_over(self, net: Module) -> None:
        """Let a saved run have its network again: the network gets the run's numbers."""
        names = [*net.root().named_parameters(), *net.named_buffers()]
        net.load_state({name: self.state[name] for name in names if name in self.state})
        self.net = self.programs.net = net
        self._look_into(net)
        self._set(self.settings)
        self._publish()

    def _look_into(self, net: Module) -> None:
        """Find the parts of the network once; they are looked at before every step."""
        self._parameters = {**net.root().named_parameters(), **net.named_buffers()}
        self._modules = net.modules()

    def edit(self, name: str | int, index: Any, value: Any = _NOTHING) -> Self:
        """Change a number by hand: ``edit("1.weight", (12, 400), 0.0)``, or a whole array: ``edit("alpha", 0.01)``.

        name: a part of the state ("1.weight", "alpha", "optim/m/1.weight"); while a batch is open also its inputs
            ("x", "y"), what a layer gave ("forward/1", or its path "1"), a gradient ("1.weight.grad"), a label or any
            slot by its number, once it is computed: that changes what the steps after it see, for this batch
        The change becomes part of the history; what had been remembered of the time after it is forgotten.
        """
        if value is _NOTHING:
            index, value = None, index
        self.notice()
        key = self._name(name)
        event = Event(
            self.batch, self.op, "edit", key, None if index is None else plain_index(index), np.asarray(value)
        )
        new = changed(
            self._computed(key, name), event
        )  # an impossible change is refused before anything is written down
        if key == "y":
            evaluation.check(self, self.current("x")[0], new)
        if key == "x":
            self._verify(new)
        self._write(event)
        self._publish()
        return self

    def _verify(self, x: Any) -> None:
        """May the examples of the open batch be these? (A word that no table has a row for may not.)"""
        assert self._inside is not None
        seen, slot = self._inside, self._inside.program.inputs["x"]
        for step in seen.program.steps:
            if slot in step.inputs and all(s == slot or seen.filled(s) for s in step.inputs):
                step.op.verify(*[x if s == slot else seen.see(s) for s in step.inputs], **step.attrs)

    def _name(self, name: str | int) -> str:
        """The full name of what the reader means."""
        if not isinstance(name, str):
            name = f"slot:{whole('name (or the number of a slot)', name)}"
        if name in self.state:
            return name
        if f"optim/{name}" in self.state:
            return f"optim/{name}"
        here = name in ("x", "y") or re.fullmatch(r"slot:-?\d+", name)
        slot = None if here else self._slot(name)
        if here or slot is not None:
            if self._inside is None:
                raise CutawayError(
                    f"{name} exists only while a batch is open: run.step('op') opens the next one."
                    + ("" if here or slot is None else self._way_to(slot))
                )
            return name if here else f"slot:{slot}"
        known = [*self.state, *(full.removeprefix("optim/") for full in self.state)]
        if self._inside is not None:
            known += slots_named(self._inside.program)
        raise CutawayError(
            f"This run has nothing called {name!r}.{hint(name, known)} There are: {', '.join(self.state)}."
        )

    def _slot(self, name: str) -> int | None:
        """The slot that a name means in the batch that is open, or that comes next."""
        if self._inside is None and self.data is None:
            return None
        return slot_of((self._inside or self.executor()).program, name)

    def _way_to(self, slot: int) -> str:
        """How to get to the moment when a slot has been filled."""
        steps = (self._inside or self.executor()).program.steps
        k = next((k for k, step in enumerate(steps) if step.output == slot), None)
        if k is None:
            return ""
        return (
            f" It is filled by step {k + 1} of {len(steps)}: run.at({self.batch}, {k + 2}) goes to the moment after it."
        )

    def _computed(self, key: str, name: str | int) -> Any:
        """The array that is to be changed; one that is not computed yet would only be overwritten."""
        try:
            return self.current(key)[0]
        except TapeError as error:
            way = self._way_to(int(key[5:])) if key.startswith("slot:") else ""
            if not way:
                raise
            raise TapeError(f"edit: {name!r} is not computed yet, so a change would be overwritten.{way}") from error

    def freeze(self, pattern: str = "*") -> Self:
        """Stop training the parameters whose names match ("0.*")."""
        self._own_net().freeze(pattern)
        self.notice()
        return self

    def unfreeze(self, pattern: str = "*") -> Self:
        """Train the parameters whose names match."""
        self._own_net().unfreeze(pattern)
        self.notice()
        return self

    def _own_net(self) -> Module:
        if self.net is None:
            raise CutawayError("This saved run has only its programs. Give it its network: Run.resume(path, net=...).")
        return self.net

    def notice(self) -> None:
        """Whatever was changed on the network itself since the last look becomes part of the history."""
        if self.net is None:
            return
        wanted = self._settings_now()
        if wanted != self.settings:
            self._settings_event(wanted)
        for name, parameter in self._parameters.items():
            numbers = parameter.data
            if numbers is not self._published.get(name):
                self._published[name] = numbers
                self.edit(name, np.array(numbers))

    def _settings_now(self) -> Settings:
        return self.settings._replace(
            frozen=tuple(n for n, p in self._parameters.items() if p.trained and not p.requires_grad),
            resting=tuple(m.path for m in self._modules if not m.training),
        )

    def _settings_event(self, settings: Settings) -> None:
        """A batch that is open ends as it began; the new settings count from the next one."""
        self._write(Event(self.batch, self.op, "settings", "", None, settings))

    def _write(self, event: Event) -> None:
        super()._write(event)
        self.validations = {batch: v for batch, v in self.validations.items() if batch <= event.batch}

    def _set(self, settings: Settings) -> None:
        super()._set(settings)
        for name, parameter in self._parameters.items():
            if parameter.trained:
                parameter.requires_grad = name not in settings.frozen
        for module in self._modules:
            module.training = module.path not in settings.resting

    def _restore(self, batch: int) -> None:
        super()._restore(batch)
        self._publish()

    def _publish(self) -> None:
        """Let the network show the numbers of the run. They are read-only: changes go through edit()."""
        for name, parameter in self._parameters.items():
            array = self.state[name]
            array.flags.writeable = False
            parameter.data = self._published[name] = array
