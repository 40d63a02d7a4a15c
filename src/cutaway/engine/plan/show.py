"""A plan as a table: where the time of a batch goes, how much memory it moves, which kernel was chosen, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from .work import flops, peak

if TYPE_CHECKING:
    from .plan import Plan

__all__ = ["Line", "Profile", "profile"]

MOST = 30  # lines of a table that are printed


@dataclass(frozen=True)
class Line:
    """One group of steps: what is done, where, how long it takes (seconds), what it reads and writes, and how."""

    kind: str
    steps: tuple[str, ...]
    label: str
    shape: tuple[int, ...]
    seconds: float
    nbytes: int
    flops: int
    calls: int
    why: str

    @property
    def what(self) -> str:
        """The steps in a few words."""
        names = list(dict.fromkeys(self.steps))
        told = " ".join(names[:4]) + (" ..." if len(names) > 4 else "")
        return f"{told} ({len(self.steps)} steps)" if len(self.steps) > 1 else told

    @property
    def rate(self) -> float:
        """GFLOP/s, by the definition of the steps."""
        return self.flops / self.seconds / 1e9 if self.seconds else 0.0


@dataclass(frozen=True)
class Profile:
    """A batch of training, group by group; prints as a table, the longest first.

    lines: the groups in the order in which they are done; peak: GFLOP/s that one core was seen to do at best
    arena, slots, own, kernels: bytes of memory: planned, what it would be unplanned, of its own, kept by kernels
    """

    lines: tuple[Line, ...]
    peak: float
    arena: int
    slots: int
    own: int
    kernels: int
    notes: tuple[str, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """Of one batch."""
        return sum(line.seconds for line in self.lines)

    @property
    def summary(self) -> tuple[str, ...]:
        """What the table comes to."""
        work = sum(line.flops for line in self.lines)
        calls = sum(line.calls for line in self.lines)
        rate = work / max(self.seconds, 1e-9) / 1e9
        mib = [f"{n / 2**20:.1f}" for n in (self.arena, self.slots, self.own, self.kernels)]
        return (
            f"{1e3 * self.seconds:.2f} ms a batch in {calls} NumPy calls; {rate:.0f} GFLOP/s, where this core was seen "
            f"to do {self.peak:.0f} on one large product.",
            f"Memory: {mib[0]} MiB hold {mib[1]} MiB of slots, one after the other; {mib[2]} MiB of its own, "
            f"{mib[3]} MiB kept by kernels.",
            *self.notes,
        )

    def rows(self, most: int = MOST) -> list[tuple[str, ...]]:
        """The longest lines as text: ms, share, MB, GFLOP/s, what, where, shape, how."""
        rows: list[tuple[str, ...]] = []
        for line in sorted(self.lines, key=lambda line: -line.seconds)[:most]:
            shape = " x ".join(map(str, line.shape)) or "1"
            share = line.seconds / max(self.seconds, 1e-12)
            rate = f"{line.rate:.1f}" if line.flops else ""
            size = f"{line.nbytes / 1e6:.2f}"
            rows.append(
                (f"{1e3 * line.seconds:.3f}", f"{share:.1%}", size, rate, line.what, line.label, shape, line.why)
            )
        return rows

    def __repr__(self) -> str:
        head = ("ms", "share", "MB", "GFLOP/s", "what", "where", "shape", "how")
        table = [head, *self.rows()]
        widths = [max(len(row[k]) for row in table) for k in range(len(head) - 1)]
        lines = []
        for row in table:
            cells = [
                cell.rjust(w) if k < 4 else cell.ljust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=False))
            ]
            lines.append("  ".join([*cells, row[-1]]).rstrip())
        if len(self.lines) > MOST:
            rest = sorted(self.lines, key=lambda line: -line.seconds)[MOST:]
            lines.append(f"{1e3 * sum(r.seconds for r in rest):.3f} ms in {len(rest)} more groups")
        return "\n".join([*lines, "", *self.summary])

    def _repr_html_(self) -> str:
        from html import escape  # loaded where a page is made

        head = "".join(
            f"<th scope=col>{h}</th>" for h in ("ms", "share", "MB", "GFLOP/s", "what", "where", "shape", "how")
        )
        style = ' style="text-align:right;font-variant-numeric:tabular-nums"'
        rows = "".join(
            "<tr>" + "".join(f"<td{style if k < 4 else ''}>{escape(c)}</td>" for k, c in enumerate(row)) + "</tr>"
            for row in self.rows()
        )
        told = "<br>".join(escape(line) for line in self.summary)
        return f"<table><caption>{told}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def profile(plan: Plan, inputs: Sequence[Any], repeat: int = 5) -> Profile:
    """Time every group of a plan on a batch; medians of so many goes. The plan's state moves on.

    >>> from cutaway.engine import Tape, Tensor
    >>> from cutaway.engine.plan import Plan
    >>> with Tape() as tape:
    ...     x = tape.input("x", np.ones((3, 2), "f"))
    ...     tape.results["y"] = tape.slot((x @ Tensor(np.ones((2, 4), "f"))).sum())
    >>> found = profile(Plan(tape), (np.ones((3, 2), "f"),))
    >>> [line.what for line in found.lines], found.lines[0].flops
    (['matmul', 'sum', 'reshape'], 48)
    """
    times = np.zeros((max(1, repeat) + 1, len(plan.spans)))
    for go in times:
        plan.feed(inputs)
        for k, span in enumerate(plan.spans):
            start = perf_counter()
            span.run()
            go[k] = perf_counter() - start
    middle = np.median(times[1:], axis=0)
    program = plan.program
    lines = []
    for span, seconds in zip(plan.spans, middle, strict=True):
        if not span.calls:
            continue
        slots = {slot for step in span.steps for slot in (*step.inputs, step.output)}
        outside = [slot for slot in slots if slot not in plan.virtual]
        last = span.steps[-1] if span.steps else None
        lines.append(
            Line(
                span.kind,
                tuple(step.op.name for step in span.steps) or ("carry",),
                span.steps[0].label if span.steps else "update",
                program.shape(last.output) if last else (),
                float(seconds),
                sum(plan.nbytes(slot) for slot in outside),
                sum(flops(step, program) for step in span.steps),
                len(span.calls),
                span.why,
            )
        )
    return Profile(tuple(lines), peak(), plan.arena_bytes, plan.slot_bytes, plan.own_bytes, plan.memory.nbytes)
