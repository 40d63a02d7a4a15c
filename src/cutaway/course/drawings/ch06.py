"""Chapter 6: eight see-saws, what a scale shows, and curves of the loss with batches of three sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .paper import FEEL, MISS, MORE, QUIET, SAID, TRUTH, Drawing, paper

__all__ = ["batches", "scale", "seesaws", "which_batch"]


def seesaws(moments: Any, tipped: Any) -> Drawing:
    """The notebook as eight small pictures: who sits where, whether the sun is out, and how the plank stands."""
    figure, axes = paper(9.0, 3.4, nrows=2, ncols=4)
    words = []
    for ax, (left, right, sun), truth in zip(axes.flat, moments, tipped[:, 0], strict=True):
        tilt = 0.35 * (right - left)  # the end that is pushed down
        ends = np.array([[-1.0, 0.55 + tilt], [1.0, 0.55 - tilt]])
        ax.plot([-1.35, 1.35], [0, 0], color=QUIET, lw=1)
        ax.fill([-0.16, 0, 0.16], [0, 0.5, 0], color=QUIET)
        ax.plot(*ends.T, color=SAID, lw=4, solid_capstyle="round")
        for taken, (x, y) in zip((left, right), ends, strict=True):
            if taken:
                ax.plot(x * 0.86, y * 1.0 + 0.26, "o", color=TRUTH, ms=11)
        if sun:
            ax.plot(0, 1.45, "o", color=MORE[0], ms=13)
        ax.text(0, -0.32, "tipped" if truth else "level", ha="center", va="top", color=TRUTH)
        ax.set(xlim=(-1.5, 1.5), ylim=(-0.75, 1.75), aspect="equal")
        ax.axis("off")
        seats = {(0, 0): "nobody on it", (0, 1): "a child on the right", (1, 0): "a child on the left"}
        who = seats.get((int(left), int(right)), "a child on each end")
        words.append(f"{who}{', sun' if sun else ''}: {'tipped' if truth else 'level'}")
    return Drawing(figure, f"Eight see-saws. {'; '.join(words)}.")


def scale() -> Drawing:
    """What a scale shows against how hard its end is pushed."""
    figure, ax = paper(6.0, 2.8)
    push = np.array([-2.0, 0.0, 2.0])
    ax.plot(push, np.maximum(push, 0), color=SAID, lw=3)
    ax.plot([0], [0], "o", color=SAID, ms=7)
    ax.annotate("in the air: zero", (-1.1, 0), xytext=(0, 8), textcoords="offset points", ha="center", color=SAID)
    ax.annotate(
        "pressed: shows the push", (1.2, 1.2), xytext=(-8, 6), textcoords="offset points", ha="right", color=SAID
    )
    ax.set(xlabel="the weighted sum: how hard this end is pushed", ylabel="the scale shows", ylim=(-0.15, 2.1))
    shown = ", ".join(f"{max(p, 0):g} at {p:g}" for p in push)
    return Drawing(figure, f"What a scale shows against the weighted sum under it: {shown}; flat, a bend, then rising.")


_NAMES = {120: "all 120 at once", 10: "ten at a time", 1: "one at a time"}
_COLOURS = {120: QUIET, 10: SAID, 1: MISS}


def batches(curves: Mapping[int, Sequence[float]]) -> Drawing:
    """The loss after each pass, for each size of the batch."""
    figure, ax = paper(7.5, 3.6)
    for size, losses in curves.items():
        ax.plot(range(1, len(losses) + 1), losses, color=_COLOURS[size], lw=2)
    ax.set(xlabel="passes over all lines", ylabel="loss", ylim=(0, None), xlim=(1, len(curves[120]) + 0.5))
    full, mini = curves[120], curves[10]
    ax.annotate(_NAMES[120], (18, full[17]), xytext=(0, 8), textcoords="offset points", color="#666666")
    ax.annotate(_NAMES[10], (7, mini[6]), xytext=(8, 8), textcoords="offset points", color=SAID)
    ax.annotate(_NAMES[1], (1.35, curves[1][0] * 0.8), xytext=(8, 0), textcoords="offset points", color=MISS)
    told = "; ".join(f"{_NAMES[s]}: {c[0]:.2f}, {c[4]:.2f}, {c[-1]:.3f}" for s, c in curves.items())
    return Drawing(figure, f"Loss against passes, three curves, after pass 1, 5 and {len(full)}. {told}.")


def which_batch(passes: Callable[..., Sequence[float]]) -> Drawing:
    """Three curves without names, for exercise 6.8: the chapter's own training from another start."""
    curves = {name: passes(size, seed=13) for name, size in (("A", 10), ("B", 1), ("C", 120))}
    figure, axes = paper(9.0, 2.7, ncols=3, sharey=True)
    top = 1.05 * max(max(losses) for losses in curves.values())
    for ax, (name, losses) in zip(axes, curves.items(), strict=True):
        ax.plot(range(1, len(losses) + 1), losses, color=FEEL, lw=2)
        ax.set(title=name, xlabel="passes", ylim=(0, top))
    axes[0].set(ylabel="loss")
    told = " ".join(f"{name}: {', '.join(f'{v:.3f}' for v in losses[::3])}." for name, losses in curves.items())
    return Drawing(figure, f"Three curves of the loss, every third pass of thirty. {told}")
