"""What all optimizers share: they extend the tape, so that the new weight is one more slot to look at.

Everything an optimizer remembers is state of the run, beside the weights and mirroring their names: the velocity of
"1.weight" is "optim/velocity/1.weight". Hyper-parameters ("optim/alpha") are state too, so that a hand may change them.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..engine import Parameter, Tape, Tensor, ops
from ..engine.errors import CutawayError
from .schedules import Schedule

__all__ = ["Group", "Optimizer"]

OPTIMIZERS: dict[str, type[Optimizer]] = {}


class Memory(Parameter):
    """State of the optimizer: carried from batch to batch, not trained."""

    __slots__ = ()
    trained = False

    def __init__(self, data: Any, name: str) -> None:
        super().__init__(data, requires_grad=False, name=name)


class Group(NamedTuple):
    """Parameters that share their hyper-parameters, as tensors on the tape."""

    alpha: Tensor  # after the schedule
    decay: Tensor | None
    shared: Any  # what a rule prepared once for all its parameters


class Optimizer:
    """The base of SGD, Adam and AdamW.

    alpha: the length of a step (the "learning rate")
    weight_decay: how strongly every weight is pulled towards 0
    schedule: how alpha changes while training goes on, a function of the batch number
    clip_norm: the longest that all gradients together, seen as one arrow, may be
    average: keep a slow average of the weights with this factor (0.999, say) and evaluate with it
    groups: other hyper-parameters for some weights: {"0.*": {"alpha": 1e-4}, "*.bias": {"weight_decay": 0.0}};
        the first pattern that fits a name counts

    A rule of your own is a subclass with a `kind` and a `rule`:

    >>> class Sign(Optimizer):
    ...     kind = "sign"
    ...     def rule(self, weight, g, group):
    ...         return weight - ct.ops.sign(g) * group.alpha, {}
    >>> Sign(alpha=0.1)
    Sign(alpha=0.1)
    """

    kind: ClassVar[str] = ""

    def __init__(
        self,
        alpha: float,
        *,
        weight_decay: float = 0.0,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        average: float | None = None,
        groups: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        if not alpha > 0:
            raise CutawayError(f"alpha is the length of a step and must be above 0, not {alpha}.")
        if average is not None and not 0 < average < 1:
            raise CutawayError(f"average is how much of the old average stays, between 0 and 1, not {average}.")
        if clip_norm is not None and not clip_norm > 0:
            raise CutawayError(f"clip_norm is the longest gradient allowed and must be above 0, not {clip_norm}.")
        if not weight_decay >= 0:
            raise CutawayError(f"weight_decay pulls every weight towards 0 and must be at least 0, not {weight_decay}.")
        if not isinstance(schedule, Schedule | None):
            raise CutawayError(f"schedule is one of ct.optim's, such as Cosine(total=1000), not {schedule!r}.")
        for pattern, changed in (groups or {}).items():
            unknown = [key for key in changed if key not in ("alpha", "weight_decay")]
            if unknown:
                raise CutawayError(f"groups[{pattern!r}]: alpha and weight_decay can differ, not {', '.join(unknown)}.")
            if any(not value >= 0 for value in changed.values()):
                raise CutawayError(f"groups[{pattern!r}]: {dict(changed)} must not be below 0.")
        self.alpha, self.weight_decay, self.schedule = alpha, weight_decay, schedule
        self.clip_norm, self.average = clip_norm, average
        self.groups = {pattern: dict(changed) for pattern, changed in (groups or {}).items()}

    def __init_subclass__(cls) -> None:
        if "kind" not in vars(cls):  # one of a reader's own does not take its parent's place
            cls.kind = cls.__name__
        OPTIMIZERS[cls.kind] = cls

    # -- as data ----------------------------------------------------------------------------------------------
    def options(self) -> dict[str, Any]:
        """Everything needed to make it again, as plain data."""
        options = {key: value for key, value in vars(self).items() if key != "schedule"}
        return {"kind": self.kind, **options, "schedule": self.schedule.options() if self.schedule else None}

    @staticmethod
    def of(options: Mapping[str, Any]) -> Optimizer:
        """The optimizer that these options describe."""
        rest = {key: value for key, value in options.items() if key != "kind"}
        if rest.get("schedule") is not None:
            rest["schedule"] = Schedule.of(rest["schedule"])
        return OPTIMIZERS[options["kind"]](**rest)

    def __repr__(self) -> str:
        shown = {key: value for key, value in vars(self).items() if value not in (None, 0.0, False, {})}
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in shown.items())})"

    # -- on the tape --------------------------------------------------------------------------------------------
    def record(
        self,
        tape: Tape,
        parameters: Mapping[str, Parameter],
        gradients: Mapping[str, Tensor],
        counts: Mapping[str, str] | None = None,
    ) -> None:
        """Extend the tape by the update of every parameter, and carry the new values to the next batch.

        counts: parameters that were trained before -> the state that counts their batches; those that are trained
            for the first time now share a count of their own, so that young memories are known to be young
        """
        gradients = self._clipped(gradients)
        counts = counts or {}
        fresh = f"optim/t/{len(set(counts.values()))}" if counts else "optim/t"
        groups: dict[tuple[str, str], Group] = {}
        factor = self.schedule.record(tape) if self.schedule else None
        for name, parameter in parameters.items():
            pattern = next((p for p in self.groups if fnmatch.fnmatchcase(name, p)), "")
            count = counts.get(name, fresh)
            if (pattern, count) not in groups:
                groups[pattern, count] = self._group(tape, pattern, factor, count, parameter.dtype)
            with tape.place(name):
                new, memories = self.rule(parameter, gradients[name], groups[pattern, count])
                tape.carries(name, new)
                tape.families.setdefault("weight", []).append(name)
                if count in tape.carry:
                    tape.families.setdefault("count", []).append(count)
                for family, (memory, value) in memories.items():
                    tape.carries(memory.name, value)
                    tape.families.setdefault(family, []).append(memory.name)
                if self.average is not None:
                    average = Memory(parameter.data, f"optim/average/{name}")
                    tape.carries(average.name, ops.blend(average, new, keep=self.average))
                    tape.families.setdefault("average", []).append(average.name)

    def rule(self, weight: Parameter, g: Tensor, group: Group) -> tuple[Tensor, dict[str, tuple[Memory, Tensor]]]:
        """The new weight, and for each memory its new value."""
        raise NotImplementedError

    def prepare(self, tape: Tape, alpha: Tensor, count: str, dtype: Any) -> Any:
        """What all parameters of a group share, recorded once; ``count`` is the state that counts their batches."""
        return None

    def memory(self, family: str, weight: Parameter) -> Memory:
        """A memory of this weight, empty at the start."""
        return Memory(np.zeros_like(weight.data), f"optim/{family}/{weight.name}")

    def knob(self, tape: Tape, name: str, value: float, dtype: Any) -> Tensor:
        """A hyper-parameter as state, so that it can be turned while training: one slot, however many ask for it."""
        name = f"optim/{name}"
        if name in tape.state:
            return tape[tape.state[name]]
        return Memory(np.asarray(value, dtype), name)

    def _group(self, tape: Tape, pattern: str, factor: Tensor | None, count: str, dtype: Any) -> Group:
        changed = self.groups.get(pattern, {})
        suffix = f"[{pattern}]" if pattern else ""
        alpha = self.knob(tape, f"alpha{suffix}", changed.get("alpha", self.alpha), dtype)
        if factor is not None:
            alpha = alpha * (factor if factor.dtype == dtype else ops.cast(factor, to=str(dtype)))
        decay = changed.get("weight_decay", self.weight_decay)
        pull = self.knob(tape, f"weight_decay{suffix}", decay, dtype) if decay else None
        return Group(alpha, pull, self.prepare(tape, alpha, count, dtype))

    def _clipped(self, gradients: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """All gradients as one arrow, shortened to clip_norm if it is longer (Pascanu and others, 2013)."""
        if self.clip_norm is None or not gradients:
            return gradients
        square: Tensor | None = None
        for g in gradients.values():
            share = (g * g).sum()
            square = share if square is None else square + share
        assert square is not None
        factor = ops.minimum(self.clip_norm / (square.sqrt() + 1e-6), 1.0)
        return {name: g * factor for name, g in gradients.items()}
