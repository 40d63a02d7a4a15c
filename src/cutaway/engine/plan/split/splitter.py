"""Goes over a recorded tape once and writes every step for every rank.

For each step a rule (see `rules`) says how it can work on what the ranks hold: on pieces, on shares of a sum, or on
the whole. Where a step wants an input held in another way, the change is written before it: parts are added up by
`together`, pieces are put together (each rank pastes its own into zeros, and `together` adds them up), and of a whole
a piece is cut off. Each change is made once and remembered, and only when somebody asks for it: so parts are added up
as late as can be, and gradients, which only the update asks for, right before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import CutawayError, ShapeError, TapeError
from ...op import Op
from ...ops.reduce import reduced
from ...registry import OPS
from ...tape import Step, Tape
from .ahead import middles, uses
from .layout import OWN, PARTIAL, WHOLE, Layout, cut_along, even_bounds, pieces
from .shards import Shards

__all__ = ["Attrs", "Rule", "Splitter", "rule", "split"]

Shape = tuple[int, ...]
Attrs = Mapping[str, Any] | Sequence[Mapping[str, Any]]  # for all ranks, or for each
Rule = Callable[["Splitter", Step], Any]

RULES: dict[str, Rule] = {}
COUNTERS = ("step", "first")


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register how operations of these names are split. A rule that returns NotImplemented declines."""

    def register(f: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, f))
        return f

    return register


def split(tape: Tape, count: int, held: Mapping[int, Layout] | None = None) -> Shards:
    """The program of a whole batch as one tape for each of ``count`` ranks.

    tape: as `training.program` records it: inputs with the examples along side 0. Its values tell the shape and kind
        of every slot; arrays or hollow ones will do
    held: how leaves are held, where that is not the usual way: {slot: layout}
    Examples are dealt out in order, as evenly as can be; a batch of fewer examples than ranks is done whole by every
    rank. Whatever an operation can do, every program can be split: where no rule knows better, the step is done on
    the whole by every rank.

    >>> with Tape() as tape:
    ...     x = tape.input("x", np.ones((4, 2)))
    ...     tape.results["mean"] = tape.slot(x.mean())
    >>> print(split(tape, 2).tapes[0])
       2 = sum(0, dim=None, keepdim=False)
       1 = div(2, 8.0)
       4 = together(1)
    """
    from . import rules  # noqa: F401  (they register themselves)

    if count < 1:
        raise CutawayError(f"split: there is at least one worker, not {count}.")
    return Splitter(tape, count, held or {}).run()


class Splitter:
    """What is known while the tapes are written; rules read it and write with it."""

    def __init__(self, tape: Tape, count: int, held: Mapping[int, Layout]) -> None:
        used = {slot for step in tape.steps for slot in (*step.inputs, step.output)}
        if any(tape.values[slot] is None for slot in used):
            raise TapeError(
                "split: this tape was loaded, and nobody has told yet what its slots hold; plan.program.fill does."
            )
        self.tape, self.count, self.held = tape, count, held
        self.shapes: list[Shape] = [np.shape(value) for value in tape.values]  # of the whole
        self.dtypes: list[Any] = [np.asarray(value).dtype for value in tape.values]
        self.layouts: list[Layout] = [WHOLE] * len(tape.values)
        self.values: dict[int, list[Any]] = {slot: [tape.values[slot]] * count for slot in tape.constants}
        self.steps: list[list[Step]] = [[] for _ in range(count)]
        self.batch = cut_along(0, even_bounds(self._examples(), count))
        self.label = ""  # of the step being written
        self.gathers: list[str] = []
        self.sums: dict[str, int] = {}
        self._labels: dict[int, str] = {step.output: step.label for step in tape.steps}
        self._again: dict[int, Step] = {}  # a cut slot that can be had whole without asking the others
        self._versions: dict[tuple[int, Layout], int] = {}
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._totals: dict[tuple[int, tuple[int, ...]], int] = {}
        self._middles = middles(tape, self.shapes)
        self._results: dict[str, int] = {}
        self._kept = {*tape.results.values(), *tape.carry.values()}
        self._uses = uses(tape)

    def _examples(self) -> int:
        sides = [self.shapes[slot] for name, slot in self.tape.inputs.items() if name not in COUNTERS]
        return sides[0][0] if sides and sides[0] else 0

    def run(self) -> Shards:
        """Write all steps."""
        tape, examples = self.tape, self._examples()
        if examples >= self.count > 1:
            for name, slot in tape.inputs.items():
                if name not in COUNTERS and self.shapes[slot][:1] == (examples,):
                    self.layouts[slot] = self.batch
        for slot, layout in self.held.items():
            self.layouts[slot] = layout
        updating = False
        for step in tape.steps:
            if not updating and step.label.startswith("update"):
                updating = True
                self._sum_results()
                self._sum_gradients()
            self.label = step.label
            if updating:
                self.everywhere(step)
            else:
                self._split(step)
        self._sum_results()
        self._sum_gradients()
        results = {name: self._results[name] for name in tape.results}
        carry = {name: self.want(slot, WHOLE) for name, slot in tape.carry.items()}
        return Shards([self._tape(r, results, carry) for r in range(self.count)], self.layouts, len(tape.values),
                      self.sums, self.gathers, self._known_versions())  # fmt: skip

    def _known_versions(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for (slot, _), version in self._versions.items():
            found.setdefault(slot, []).append(version)
        return found

    def _sum_results(self) -> None:
        """Results that are there and held in parts are added up, side by side with the gradients."""
        steps = {step.output for step in self.tape.steps} - {step.output for step in self.steps[0]}  # still to come
        for name, slot in self.tape.results.items():
            if name not in self._results and slot not in steps:
                self._results[name] = slot if self.layouts[slot].is_cut else self.want(slot, WHOLE)

    def _sum_gradients(self) -> None:
        """Every gradient that the ranks hold in parts is added up once."""
        for name, slot in self.tape.gradients.items():
            if name not in self.sums:
                self._labels[slot] = f"together/{name}"
                self.sums[name] = self.want(slot, WHOLE)

    def _split(self, step: Step) -> None:
        if step.output in self._uses or step.output in self._kept:
            step = step._replace(inputs=tuple(self.want(s, WHOLE) if self._several(s) else s for s in step.inputs))
        layouts = {self.layouts[slot] for slot in step.inputs}
        found = RULES.get(step.op.name) or (RULES["elementwise"] if step.op.kind == "elementwise" else None)
        if layouts <= {WHOLE} and not (found and getattr(found, "eager", False)):
            found = None
        mark = len(self.steps[0])
        if found is not None:
            try:
                if found(self, step) is not NotImplemented:
                    return
            except ShapeError:  # a piece does not fit where the whole did
                self._take_back(mark)
        self.everywhere(step)

    def _several(self, slot: int) -> bool:
        """Parts that several steps read are added up before the first of them: once, not once for each."""
        return self.layouts[slot] == PARTIAL and (self._uses.get(slot, 0) > 1 or (slot, WHOLE) in self._versions)

    def _take_back(self, mark: int) -> None:
        """Forget what a rule wrote before it turned out not to fit."""
        gone = {step.output for step in self.steps[0][mark:]}
        for steps in self.steps:
            del steps[mark:]
        self._versions = {key: slot for key, slot in self._versions.items() if slot not in gone}
        self._totals = {key: slot for key, slot in self._totals.items() if slot not in gone}

    # -- what rules ask -----------------------------------------------------------------------------------------------
    def shape(self, slot: int) -> Shape:
        """The shape of the whole."""
        return self.shapes[slot]

    def layout(self, slot: int) -> Layout:
        """How a slot is held."""
        return self.layouts[slot]

    def size(self, slot: int) -> int:
        """How many numbers the whole has."""
        return int(np.prod(self.shapes[slot], dtype=np.int64))

    def local(self, slot: int, rank: int) -> Shape:
        """The shape of what a rank holds."""
        return self.layouts[slot].shape(self.shapes[slot], rank)

    def largest_cut(self, slots: Sequence[int]) -> int | None:
        """The largest of the slots that are cut."""
        cut = [slot for slot in slots if self.layouts[slot].is_cut]
        return max(cut, key=self.size) if cut else None

    # -- what rules write ---------------------------------------------------------------------------------------------
    def emit(
        self, op: str | Op, inputs: Sequence[int], attrs: Attrs, layout: Layout, output: int | None = None,
        dtype: Any = None,
    ) -> int:  # fmt: skip
        """Write one step for every rank; returns the slot that it fills, a new one if none is named."""
        op = OPS[op] if isinstance(op, str) else op
        each = [dict(attrs)] * self.count if isinstance(attrs, Mapping) else [dict(a) for a in attrs]
        shapes = [tuple(op.shape(*[self.local(s, r) for s in inputs], **each[r])) for r in range(self.count)]
        if layout.is_cut:
            a, whole = layout.axis, shapes[0]
            full = (*whole[:a], layout.bounds[-1], *whole[a + 1 :])
        else:
            full = shapes[0]
        if output is None:
            output = self._slot(full, self.dtypes[inputs[0]] if dtype is None else np.dtype(dtype), layout)
        expected = [layout.shape(self.shapes[output], r) for r in range(self.count)]
        if shapes != expected:
            raise ShapeError(f"split: {op.name} gives the pieces {shapes}, where {expected} are expected.")
        self.layouts[output] = layout
        for rank, steps in enumerate(self.steps):
            steps.append(Step(op, tuple(inputs), each[rank], output, self.label))
        return output

    def done(self, step: Step, inputs: Sequence[int], layout: Layout, attrs: Attrs | None = None) -> int:
        """Write a step that was recorded, on these inputs."""
        return self.emit(step.op, inputs, step.attrs if attrs is None else attrs, layout, step.output)

    def everywhere(self, step: Step) -> None:
        """Every rank does the whole."""
        if any(self.layouts[slot].is_cut and slot not in self._again for slot in step.inputs):
            self.gathers.append(step.label)
        self.done(step, [self.want(slot, WHOLE) for slot in step.inputs], WHOLE)

    def number(self, value: Any, dtype: Any) -> int:
        """A slot that holds this number."""
        key = (value, str(dtype))
        if key not in self._numbers:
            self._numbers[key] = self._constant([np.asarray(value, dtype)] * self.count, WHOLE)
        return self._numbers[key]

    def numbers(self, values: Sequence[Any], dtype: Any) -> int:
        """A slot that holds another number on every rank."""
        key = (*values, str(dtype))
        if key not in self._numbers:
            self._numbers[key] = self._constant([np.asarray(value, dtype) for value in values], OWN)
        return self._numbers[key]

    def whole_sum(self, x: int, gone: tuple[int, ...], keepdim: bool) -> int:
        """The sum of x over these sides and all ranks. A mean and a variance of the same ask the others once."""
        if (x, gone) not in self._totals:
            part = self.emit("sum", [x], {"dim": gone, "keepdim": False}, PARTIAL)
            self._totals[x, gone] = self.want(part, WHOLE)
        total, kept = self._totals[x, gone], reduced(self.shapes[x], gone, keepdim)
        return total if self.shapes[total] == kept else self.emit("reshape", [total], {"to": kept}, WHOLE)

    def asked_again(self, x: int, gone: tuple[int, ...]) -> bool:
        """Do several steps need the middle of x along these sides?"""
        return self._middles[x, gone] > 1

    def can_be_whole(self, slot: int, step: Step) -> None:
        """A cut slot that this step gives whole, from inputs that are whole, should somebody ask for it."""
        self._again[slot] = step

    def _constant(self, values: list[Any], layout: Layout) -> int:
        shape = values[0].shape
        if layout.is_cut:
            shape = (*shape[: layout.axis], layout.bounds[-1], *shape[layout.axis + 1 :])
        slot = self._slot(shape, values[0].dtype, layout)
        self.values[slot] = values
        return slot

    def _slot(self, shape: Shape, dtype: Any, layout: Layout) -> int:
        self.shapes.append(shape)
        self.dtypes.append(dtype)
        self.layouts.append(layout)
        return len(self.shapes) - 1

    # -- holding a slot in another way --------------------------------------------------------------------------------
    def want(self, slot: int, layout: Layout) -> int:
        """The slot that holds the same, held in this way."""
        now = self.layouts[slot]
        if now == layout:
            return slot
        if (slot, layout) not in self._versions:
            before, self.label = self.label, self._labels.get(slot, self.label)  # it belongs to where the slot was made
            self._versions[slot, layout] = self._changed(slot, now, layout)
            self.label = before
        return self._versions[slot, layout]

    def _changed(self, slot: int, now: Layout, layout: Layout) -> int:
        if layout == WHOLE:
            return self._whole(slot, now)
        if now != WHOLE:
            return self.want(self.want(slot, WHOLE), layout)
        ndim = len(self.shapes[slot])
        if slot in self.tape.constants:
            value = np.asarray(self.tape.values[slot])
            return self._constant([value[index] for index in pieces(layout, ndim)], layout)
        attrs = [{"index": index} for index in _indexes(layout, ndim)]
        return self.emit("cut", [slot], attrs, layout)

    def _whole(self, slot: int, now: Layout) -> int:
        if slot in self._again:
            step = self._again[slot]
            return self.emit(step.op, step.inputs, step.attrs, WHOLE, dtype=self.dtypes[slot])
        if now.is_cut:
            shape = self.shapes[slot]
            attrs = [{"index": index, "to": shape} for index in _indexes(now, len(shape))]
            slot = self.emit("paste", [slot], attrs, PARTIAL)
        return self.emit("together", [slot], {}, WHOLE)

    # -- the end ------------------------------------------------------------------------------------------------------
    def _tape(self, rank: int, results: dict[str, int], carry: dict[str, int]) -> Tape:
        old, tape = self.tape, Tape(seed=self.tape.seed)
        tape.steps = self.steps[rank]
        tape.values = [_hollow(self.local(s, rank), self.dtypes[s]) for s in range(len(self.shapes))]
        for slot, values in self.values.items():
            tape.values[slot] = values[rank]
        tape.constants = set(self.values)
        tape.inputs, tape.state, tape.carry, tape.results = dict(old.inputs), dict(old.state), dict(carry), results
        tape.families = {family: list(names) for family, names in old.families.items()}
        tape.gradients, tape.visits = dict(old.gradients), list(old.visits)
        return tape


def _indexes(layout: Layout, ndim: int) -> list[tuple[Any, ...]]:
    """For every rank the index of its piece, as plain data."""
    return [
        tuple(("slice", part.start, part.stop, None) for part in index[: layout.axis + 1])
        for index in pieces(layout, ndim)
    ]


def _hollow(shape: Shape, dtype: Any) -> Any:
    """An array of this shape and kind that takes no memory: only to be asked for its shape and kind."""
    return np.broadcast_to(np.zeros((), dtype), shape)
