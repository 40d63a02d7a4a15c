"""Why did this weight move? One change, taken apart so that the parts sum to it: by rule, by example, by path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import CutawayError
from ..training.names import hint
from .drawing import picture
from .html import escape, fig, frame, pretty
from .moment import batch_of
from .pictures import picture_range
from .reasons.owners import Owners
from .reasons.paths import Paths, by_path
from .reasons.rule import GRADIENT, Part, by_rule
from .reasons.shares import by_example, the_cut
from .telling.numbers import numbers
from .telling.rows import Case, Row, lines, ranked, say, term, total
from .telling.told import rows_page
from .text import number, place

if TYPE_CHECKING:
    from ..training.run import Run

__all__ = ["Why", "why"]

TINY = 1e-5  # of all that is added up: what rounding may leave over


@dataclass(frozen=True)
class Why:
    """One change of one number, and its parts.

    before, after: the number; parts: source -> (factor, number), whose product is its part of the change
    gradient: of this batch; examples: the part of each example of the batch in the change (in the gradient itself where
    the update mixes all weights, as Muon's: then ``split`` is False), None where outputs belong to no single example
    rows: which examples of the data they are; paths: delta times input; chain: the steps of the update

    >>> Why("weight", (0, 0), 2, 1.0, 0.75, {"this batch's gradient": Part(-0.1, 2.5)}, 2.5).change
    -0.25
    """

    name: str
    index: tuple[int, ...]
    batch: int
    before: float
    after: float
    parts: dict[str, Part]
    gradient: float
    examples: Any = None
    rows: Any = None
    paths: tuple[Paths, ...] = ()
    chain: tuple[Case, ...] = ()
    split: bool = True
    called: Any = None  # slot -> its name
    shapes: Any = None  # slot -> its shape
    batch_x: Any = None
    batch_y: Any = None
    by_hand: tuple[str, ...] = ()

    @property
    def change(self) -> float:
        """after - before."""
        return self.after - self.before

    @property
    def rule(self) -> dict[str, float]:
        """Source -> its part of the change; they sum to it."""
        return {source: part.share for source, part in self.parts.items()}

    @property
    def what(self) -> str:
        """The number by its name, "1.weight[12, 400]"."""
        return f"{self.name}{place(self.index)}"

    @property
    def sentence(self) -> str:
        """What happened, in one sentence; where a hand was in it, in two."""
        hand = ""
        if self.by_hand:
            hand = f" In this batch {', '.join(self.by_hand)} was changed by hand, so the parts need not sum to it."
        if self.change == 0:
            return f"{self.what} stayed at {number(self.before)} in batch {self.batch}.{hand}"
        return (
            f"{self.what} went from {number(self.before)} to {number(self.after)} in batch {self.batch}: a change of "
            f"{number(self.change)}.{hand}"
        )

    # -- the three views --------------------------------------------------------------------------------------------
    def by_rule(self) -> list[Row]:
        """The parts of the update rule, each with its factor, and their sum, the change."""
        shown = [
            term(source, f"{number(part.factor)} * {number(part.number)}", part.share)
            for source, part in self.parts.items()
        ]
        return [*shown, total("the change", sum(part.share for part in self.parts.values()))]

    def by_example(self) -> list[Row]:
        """The examples that pushed most, and what all of them gave."""
        if self.examples is None:
            return [
                say("The outputs of this network belong to no single example, so the gradient is not split by example.")
            ]
        of = f"of the gradient's part, {number(self.rule.get(GRADIENT, 0.0))}" if self.split else "of the gradient"
        up, down = int((self.examples > 0).sum()), int((self.examples < 0).sum())
        still = len(self.examples) - up - down
        head = f"{len(self.examples)} examples; {up} pushed up, {down} down, {still} not at all; {of}:"
        if not up and not down:
            return [say(head)]
        return [say(head), *ranked(self._example, lambda k: "", self.examples, "all examples together"), *self._rest()]

    def _rest(self) -> list[Row]:
        """What came from no example: a penalty on the weights that is part of the loss, say."""
        whole = self.rule.get(GRADIENT, 0.0) if self.split else self.gradient
        rest = whole - float(self.examples.sum())
        scale = abs(self.parts[GRADIENT].factor) if self.split else 1.0
        size = scale * sum(float(np.abs(path.products).sum()) for path in self.paths) + abs(whole)
        if abs(rest) <= TINY * size:
            return []
        hand = "it was changed by hand, or " if self.by_hand else ""
        return [say(f"{number(rest)} came from no example: {hand}it enters the loss on its own.")]

    def by_path(self) -> list[Row]:
        """The largest products of delta and input, and their sum, the gradient."""
        rows: list[Row] = []
        for path in self.paths:
            count = len(path.products)
            delta = f"delta is {self._slot(path.delta)}"
            pair = f"{delta}, input is {self._slot(path.other)}" if path.other is not None else delta
            times = "delta times input" if path.other is not None else "delta alone"
            rows.append(say(f"{times}, {count} of them ({pair}):"))
            rows += ranked(
                lambda k, path=path: self._path(path, k),  # type: ignore[misc]
                lambda k, path=path: _factors(path, k),  # type: ignore[misc]
                path.products,
                "the gradient" if len(self.paths) == 1 else "its part of the gradient",
            )
        return rows

    def _slot(self, slot: int | None) -> str:
        return "" if slot is None else str(self.called(slot))

    def _path(self, path: Paths, k: int) -> str:
        whose = int(path.examples[k])
        told = f"{self._example(whose).split(' (')[0]}: " if whose >= 0 else ""
        delta = f"delta{_at(path.places[k], self.shapes(path.delta))}"
        return told + (
            delta if path.other is None else f"{delta} * input{_at(path.others[k], self.shapes(path.other))}"
        )

    def _example(self, k: int) -> str:
        answer = f" (answer {self.batch_y[k]})" if self.batch_y is not None and self.batch_y.ndim == 1 else ""
        answer = answer if self.batch_y is not None and self.batch_y.dtype.kind in "iu" else ""
        return f"example {int(self.rows[k])}{answer}" if self.rows is not None else f"example {k} of the batch"

    def by_chain(self) -> list[Row]:
        """The update, step by step, with the numbers of this weight."""
        rows = []
        for case in self.chain:
            told = numbers(case.op, case.arrays, case.attrs, case.y, case.at)
            rows.append(say(f"{case.op.name}: {told[-1].words if told[-1].kind == 'say' else number(case.value)}"))
        return rows

    # -- as text and as a page --------------------------------------------------------------------------------------
    def _views(self) -> list[tuple[str, list[Row]]]:
        views = [("By rule", self.by_rule())]
        if not self.split:
            views.append(("The chain of the update", self.by_chain()))
        views.append(("By example", self.by_example()))
        if self.paths:
            views.append(("By path", self.by_path()))
        return views

    def __repr__(self) -> str:
        text = [self.sentence]
        for title, rows in self._views():
            text += ["", title, *(f"  {line}" for line in lines(rows))]
        return "\n".join(text)

    def _repr_html_(self) -> str:
        parts = [f"<h4>Why did {escape(self.what)} move?</h4>", f'<p class="big">{pretty(self.sentence)}</p>']
        for title, rows in self._views():
            parts += [f"<h5>{title}</h5>", self._pushers() if title == "By example" else "", rows_page(rows)]
        if self.split:
            parts.append(f"<details><summary>The update, step by step</summary>{rows_page(self.by_chain())}</details>")
        return frame(*parts)

    def _pushers(self) -> str:
        """The examples that pushed most, as pictures: four that pushed down, four that pushed up."""
        seen = picture_range(self.batch_x)
        if self.examples is None or seen is None:
            return ""
        order = np.argsort(self.examples, kind="stable")
        sides = [
            ("pushed down", [k for k in order[:4] if self.examples[k] < 0]),
            ("pushed up", [k for k in order[::-1][:4] if self.examples[k] > 0]),
        ]
        shown = []
        for title, ks in sides:
            tiles = "".join(
                f"<figure>{picture(self.batch_x[k], self._example(int(k)), low=seen[0], high=seen[1])}"
                f"<figcaption>{escape(self._example(int(k)))}<br>{fig(self.examples[k])}</figcaption></figure>"
                for k in ks
            )
            if tiles:
                shown.append(f'<div><small>{title}</small><div class="row">{tiles}</div></div>')
        return f'<div class="row">{"".join(shown)}</div>'


def _factors(path: Paths, k: int) -> str:
    shown = [number(path.numbers[k])]
    if path.other is not None:
        shown.append(number(path.factors[k]))
    if path.before[k] != 1.0:
        shown.insert(0, number(path.before[k]))
    return " * ".join(shown) if len(shown) > 1 else ""


def _at(flat: Any, shape: tuple[int, ...]) -> str:
    return place([int(i) for i in np.unravel_index(int(flat), shape)]) if shape else ""


def why(run: Run, name: str, index: Any, batch: int | None = None) -> Why:
    """Take apart the change that one batch (the last one done, when not said) made to one number of a parameter.

    By rule: this batch's gradient, what the optimizer remembers, decay; a divisor such as Adam's stays whole, and an
    update that mixes all weights (Muon's) is shown as a chain. By example: whose loss asked for it. By path: delta
    times input. The parts of each view sum to what they split, to rounding.

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> told = run.train(batches=3, progress=False).why("weight", (0, 0))
    >>> bool(abs(sum(told.rule.values()) - told.change) < 1e-6)
    True
    """
    if batch is not None and run.batch and not 0 <= batch < run.batch:
        raise CutawayError(f"why: {run.batch} batches are done, counted from 0; {batch} is none of them.")
    batch = run.batch - 1 if batch is None else batch
    if not run.batch:
        raise CutawayError("why: no batch is done yet. run.train(batches=1) does one.")
    seen = batch_of(run, batch)
    program, values = seen.program, _Values(seen.read)
    if name not in program.gradients:
        known = ", ".join(program.gradients)
        if name not in run.state:
            near = hint(name, program.gradients)
            raise CutawayError(f"why: nothing is called {name!r}.{near} What is trained: {known}.")
        raise CutawayError(f"why: {name!r} was not trained in batch {batch}. These were: {known}.")
    old, new = (np.asarray(values[slot]) for slot in (program.state[name], program.carry[name]))
    at = tuple(int(k) for k in np.atleast_1d(index)) if index is not None else ()
    if len(at) != old.ndim or any(not 0 <= k < n for k, n in zip(at, old.shape, strict=False)):
        raise CutawayError(f"why: {name} has shape {old.shape}, so {at} names no single number of it.")
    rule = by_rule(program, values, name, at)
    gradient, cut = program.gradients[name], the_cut(program)
    owners = Owners(program, seen.read)
    paths = by_path(program, values, owners, cut.felt, gradient, at)
    shares = by_example(program, values, owners, cut, paths)
    split = GRADIENT in rule.parts
    factor = rule.parts[GRADIENT].factor if split else 1.0
    return Why(
        name,
        at,
        batch,
        float(old[at]),
        float(new[at]),
        rule.parts,
        float(np.asarray(values[gradient])[at]),
        None if shares is None else shares * factor,
        run.examples(batch),
        tuple(path for path in paths if path.examples.min(initial=0) >= 0),
        tuple(rule.chain),
        split,
        seen.called,
        lambda slot: np.shape(values[slot]),
        np.asarray(values[program.inputs["x"]]),
        np.asarray(values[program.inputs["y"]]),
        tuple(_by_hand(run, batch, seen.called)),
    )


def _by_hand(run: Run, batch: int, called: Any) -> Iterator[str]:
    """What was changed while the batch was open."""
    for event in run.history.events:
        if event.kind == "edit" and event.batch == batch and event.op:
            kind, _, slot = event.name.partition(":")
            yield str(called(int(slot))) if kind == "slot" else event.name.removeprefix("optim/")


class _Values:
    """The slots of a batch, each read once."""

    def __init__(self, read: Any) -> None:
        self.read, self.kept = read, dict[int, Any]()

    def __getitem__(self, slot: int) -> Any:
        if slot not in self.kept:
            self.kept[slot] = self.read(slot)
        return self.kept[slot]
