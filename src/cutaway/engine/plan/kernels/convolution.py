"""Convolution and its two gradients choose their way here: tiles, columns, or tap by tap, and say so in the plan.

Stencils of 3 x 3 that move one by one go to `winograd` where channels are many enough, stencils that see one channel
each to `depthwise`, everything else to `columns`. Where tiles are used, both gradients are done together, as they share
the transformed gradient; and what the way there has transformed is found again: pictures by their slot, tile and
padding, stencils by their slot. Slots are filled once in a step, so what was kept belongs to them whoever asks; where
nothing was kept (a second derivative, say) it is computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...tape import Step
from ..do import Do
from ..job import Job, group, kernel, pixels
from .columns import Columns
from .depthwise import Depthwise
from .pictures import Geometry, as_pixels, is_empty, long_runs, solid, solid_target, target
from .winograd import Winograd, best_tile

if TYPE_CHECKING:
    from ..program import Program

__all__: list[str] = []

TOGETHER = "conv2d gradients"


@pixels("conv2d", "conv2d_x", "conv2d_w")
def likes(step: Step) -> Sequence[int]:
    """All pictures should lie pixel by pixel (a batch that comes from outside may stay as it is)."""
    return step.inputs if step.op.name == "conv2d_w" else (step.inputs[0], step.output)


def geometry(program: Any, step: Step) -> Geometry:
    """The sizes of a convolution, from any of the three."""
    a, b, y = *(program.shape(slot) for slot in step.inputs), program.shape(step.output)
    x, w, y = {"conv2d": (a, b, y), "conv2d_x": (y, b, a), "conv2d_w": (a, y, b)}[step.op.name]
    return Geometry.of(x, w[2:], y, step.attrs)


def tiles(program: Any, step: Step) -> int:
    """The size of tile that this step uses; 0 for none."""
    return best_tile(geometry(program, step))


def declines(job: Job) -> bool:
    """Whole numbers, and pictures without examples, are left to the readable forward."""
    return is_empty(job) or any(job.array(slot).dtype.kind != "f" for s in job.steps for slot in (*s.inputs, s.output))


def kept_pictures(x: int, way: Winograd | Columns) -> tuple[Any, ...]:
    """What the pictures in a slot, as the way there saw them, are found by."""
    if isinstance(way, Winograd):
        return ("winograd pictures", x, way.m, way.g.ph, way.g.pw, way.many)
    return ("spread pictures", x, way.blocks(), way.g.ph, way.g.pw)


def asked(job: Job, g: Geometry) -> bool:
    """Will the way back look at the pictures of this step again, in the same way?"""
    x = job.step.inputs[0]
    steps = map(job.program.steps.__getitem__, job.program.readers.get(x, ()))
    return any(s.op.name == "conv2d_w" and s.inputs[0] == x and geometry(job.program, s) == g for s in steps)


def stencil_values(do: Do, job: Job, w: int, way: Winograd) -> Any:
    """The values of the stencils in a slot: found again, or computed."""
    key = ("winograd stencils", w, way.m)
    if key in do.shared:
        return do.shared[key]
    shape = (way.a * way.a, way.g.c, way.g.o)
    steps = [job.program.steps[k] for k in job.program.readers.get(w, ())]
    again = sum(s.op.name in ("conv2d", "conv2d_x") and s.inputs[1] == w for s in steps) > 1
    u = do.keep(shape, way.dtype) if again else do.scratch(shape, way.dtype)
    way.stencils(do, job.array(w), u)
    if again:
        do.shared[key] = u
    return u


@kernel("conv2d")
@long_runs
def conv2d(do: Do, job: Job) -> Any:
    """The way there."""
    if declines(job):
        return NotImplemented
    (x, w), g, y = job.step.inputs, geometry(job.program, job.step), job.output
    if m := best_tile(g):
        way = Winograd(g, m, y.dtype)
        job.why = way.why
        u = stencil_values(do, job, w, way)
        key, kept = kept_pictures(x, way), None
        if key not in do.shared and asked(job, g):
            kept = do.shared[key] = way.kept(do)
        out, home = target(do, y, gaps=True)
        way.forward(do, as_pixels(do, job.array(x), gaps=True), u, out, kept)
    elif Depthwise.fits(g):
        job.why = "tap by tap, one stencil a channel"
        out, home = target(do, y, gaps=True)
        Depthwise(g, y.dtype).forward(do, as_pixels(do, job.array(x), gaps=True), solid(do, job.array(w)), out)
    else:
        columns, kept = Columns(g, y.dtype), None
        job.why = columns.why(job.array(x))
        key = kept_pictures(x, columns)
        if key not in do.shared and asked(job, g):
            kept = columns.kept(do, job.array(x))
            if kept is not None:
                do.shared[key] = kept
        out, home = target(do, y)
        columns.forward(do, job.array(x), solid(do, job.array(w)), out, kept)
    home()
    return None


@kernel("conv2d_x")
@long_runs
def conv2d_x(do: Do, job: Job) -> Any:
    """The way back to the pictures; or, as a layer, a transposed convolution."""
    if declines(job):
        return NotImplemented
    (g_y, w), g, y = job.step.inputs, geometry(job.program, job.step), job.output
    if m := best_tile(g):
        way = Winograd(g, m, y.dtype)
        job.why = way.why
        u = stencil_values(do, job, w, way)
        out, home = target(do, y, gaps=True)
        way.backward(do, as_pixels(do, job.array(g_y), gaps=True), u, out, None, None, None)
    elif Depthwise.fits(g):
        job.why = "tap by tap, one stencil a channel"
        out, home = target(do, y, gaps=True)
        Depthwise(g, y.dtype).to_pictures(do, as_pixels(do, job.array(g_y), gaps=True), solid(do, job.array(w)), out)
    else:
        job.why = "tap by tap"
        out, home = target(do, y)
        Columns(g, y.dtype).to_pictures(do, as_pixels(do, job.array(g_y)), solid(do, job.array(w)), out)
    home()
    return None


@kernel("conv2d_w")
@long_runs
def conv2d_w(do: Do, job: Job) -> Any:
    """The way back to the stencils."""
    if declines(job):
        return NotImplemented
    (x, g_y), g = job.step.inputs, geometry(job.program, job.step)
    y, home = solid_target(do, job.output)
    if m := best_tile(g):
        way = Winograd(g, m, y.dtype)
        job.why = way.why
        kept = do.shared.get(kept_pictures(x, way))
        seen = None if kept else as_pixels(do, job.array(x), gaps=True)
        way.backward(do, as_pixels(do, job.array(g_y), gaps=True), None, None, y, kept, seen)
    elif Depthwise.fits(g):
        job.why = "tap by tap, one stencil a channel"
        gradient = as_pixels(do, job.array(g_y), gaps=True)
        Depthwise(g, y.dtype).to_stencils(do, as_pixels(do, job.array(x), gaps=True), gradient, y)
    else:
        columns = Columns(g, y.dtype)
        job.why = columns.why(job.array(x))
        kept = do.shared.get(kept_pictures(x, columns))
        columns.to_stencils(do, job.array(x), as_pixels(do, job.array(g_y)), y, kept)
    home()
    return None


@group(TOGETHER)
def pairs(program: Program) -> Sequence[Sequence[int]]:
    """The two gradients that come from one gradient of the same places, where tiles are used."""
    found: list[list[int]] = []
    free: dict[tuple[int, Geometry], list[int]] = {}
    for k, step in enumerate(program.steps):
        if step.op.name == "conv2d_x" and tiles(program, step):
            free.setdefault((step.inputs[0], geometry(program, step)), []).append(k)
    for k, step in enumerate(program.steps):
        if step.op.name == "conv2d_w":
            partners = free.get((step.inputs[1], geometry(program, step)))
            if partners:
                found.append(sorted((partners.pop(0), k)))
    return found


@kernel(TOGETHER)
@long_runs
def gradients(do: Do, job: Job) -> Any:
    """Both gradients of a convolution."""
    if declines(job):
        return NotImplemented
    to_x, to_w = sorted(job.steps, key=lambda s: s.op.name, reverse=True)
    (g_y, w), x, g = to_x.inputs, to_w.inputs[0], geometry(job.program, to_w)
    way = Winograd(g, best_tile(g), job.array(g_y).dtype)
    job.why = way.why + ", both gradients at once"
    u = stencil_values(do, job, w, way)
    kept = do.shared.get(kept_pictures(x, way))
    seen = None if kept else as_pixels(do, job.array(x), gaps=True)
    out, home = target(do, job.array(to_x.output), gaps=True)
    way.backward(do, as_pixels(do, job.array(g_y), gaps=True), u, out, job.array(to_w.output), kept, seen)
    home()
    return None
