"""The table of a network: what comes out of every layer, how many parameters it has, how much work it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..engine import Tape, Tensor
from ..engine.tape import Step
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

__all__ = ["Summary", "summarise"]


class Row(NamedTuple):
    """One layer."""

    path: str
    layer: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int


class Summary(NamedTuple):
    """All layers, and the sums; prints as a table."""

    rows: list[Row]
    parameters: int
    multiply_adds: int

    def __repr__(self) -> str:
        head = ("", "layer", "output", "parameters", "multiply-adds")
        table = [head] + [
            (r.path, r.layer, " x ".join(map(str, r.output)), f"{r.parameters:,}", f"{r.multiply_adds:,}")
            for r in self.rows
        ]
        table.append(("", "together", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"))
        widths = [max(len(row[k]) for row in table) for k in range(5)]
        lines = [
            "  ".join(
                cell.ljust(w) if k < 3 else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in table
        ]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0].rstrip(), rule, *lines[1:-1], rule, lines[-1]])


def summarise(net: Module, input_shape: tuple[int, ...]) -> Summary:
    """Send one blank example through the network and read the tape."""
    modules = net.modules()
    modes = [m.training for m in modules]
    dtype = next((p.data.dtype for p in net.parameters()), np.dtype(np.float32))
    try:
        net.eval()
        with Tape() as tape:
            x = tape.input("x", np.zeros((1, *input_shape), dtype))
            net(x)
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
    lines, own = {m.path: m._line() for m in modules}, _own_parameters(modules)
    rows, todo = [], list(tape.steps)
    for path, kind, slot in tape.visits:  # in the order in which they ended; a layer may be visited twice
        mine = [s for s in todo if s.label == path and s.output <= slot]
        todo = [s for s in todo if s not in mine]
        work = sum(_multiply_adds(tape, s) for s in mine)
        count = own.pop(path, 0)  # shared ones are counted once
        parent = any(other.startswith(f"{path}." if path else "") and other != path for other in lines)
        if count or work or not parent:
            rows.append(Row(path, lines.get(path, kind), tape.values[slot].shape[1:], count, work))
    together = sum(_multiply_adds(tape, s) for s in tape.steps)
    return Summary(rows, sum(p.numel() for p in net.parameters()), together)


def _own_parameters(modules: list[Module]) -> dict[str, int]:
    """Path -> how many numbers are trained (or frozen) right there, not further inside."""
    own, counted = {}, set[Parameter]()
    for module in modules:
        mine = {p for _, p in module.children() if isinstance(p, Parameter) and p.trained} - counted
        own[module.path] = sum(p.numel() for p in mine)
        counted |= mine
    return own


def _multiply_adds(tape: Tape, step: Step) -> int:
    """How many products with weights: those of matmul and convolutions; an operation made of these is opened."""
    arrays = [tape.values[slot] for slot in step.inputs]
    name, made = step.op.name, math.prod(tape.values[step.output].shape)
    if name == "matmul":
        return int(made * arrays[0].shape[-2 if step.attrs.get("flip_x") else -1])
    if name in ("conv2d", "conv2d_x"):  # every place takes as many as its stencil has numbers
        places = made if name == "conv2d" else math.prod(arrays[0].shape)
        return int(places * math.prod(arrays[1].shape[1:]))
    if step.op.written is None or step.op.kind is not None:
        return 0
    with Tape() as inside:
        step.op.written(*[Tensor(a) for a in arrays], **step.attrs)
    return sum(_multiply_adds(inside, smaller) for smaller in inside.steps)
