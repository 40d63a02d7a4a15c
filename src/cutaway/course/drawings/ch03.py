"""The pictures of chapter 3: votes laid end to end, one bar an input, and the total that they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .paper import MORE, QUIET, SAID, TRUTH, Drawing, paper

__all__ = ["votes"]

FOR, AGAINST = MORE[0], MORE[1]  # orange and blue, as the glass draws what is above and below zero


def _said(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def votes(
    names: Sequence[str],
    inputs: Any,
    weights: Any,
    outputs: Sequence[str],
    bias: Any = None,
) -> Drawing:
    """How one day's inputs vote for each output: every bar begins where the one before it ended.

    inputs (I,); weights (I,) for one output or (O, I) for several; bias: what stands there before anybody votes
    """
    inputs, weights = np.asarray(inputs, float), np.atleast_2d(np.asarray(weights, float))
    starts = np.zeros(len(weights)) if bias is None else np.atleast_1d(np.asarray(bias, float))
    rows = [*(["head start"] if bias is not None else []), *names]
    figure, axes = paper(5.4 * len(weights) + 1.6, 0.62 * (len(rows) + 1) + 0.7, ncols=len(weights), squeeze=False)
    ends = [np.cumsum([start, *(inputs * row)]) for start, row in zip(starts, weights, strict=True)]
    reach = min(0.0, *(end.min() for end in ends)), max(0.0, *(end.max() for end in ends))
    told = []
    for ax, output, row, start, end in zip(axes[0], outputs, weights, starts, ends, strict=True):
        _count(ax, rows, np.diff([0.0, *end])[0 if bias is not None else 1 :], bias is not None, start, end[-1])
        span = reach[1] - reach[0]
        ax.set(xlim=(reach[0] - 0.2 * span, reach[1] + 0.16 * span), title=output)
        pairs = zip(names, inputs, row, strict=True)
        parts = [f"{name} {_said(x)} times {_said(w)} is {_said(x * w)}" for name, x, w in pairs]
        begin = [f"head start {_said(start)}"] if bias is not None else []
        told.append(f"{output}: {', '.join([*begin, *parts])}; the total is {_said(end[-1])}.")
    for ax in axes[0, 1:]:
        ax.set_yticklabels([])
    figure.subplots_adjust(wspace=0.08)
    return Drawing(figure, "Bars laid end to end, a bar for each vote. " + " ".join(told))


def _count(ax: Any, rows: Sequence[str], steps: Any, begun: bool, start: float, total: float) -> None:
    """One count: votes for to the right, votes against to the left, the total below."""
    place = 0.0
    for k, step in enumerate(steps):
        colour = QUIET if begun and k == 0 else FOR if step >= 0 else AGAINST
        ax.barh(-k, step, left=place, height=0.62, color=colour)
        ax.plot([place + step] * 2, [-k - 0.31, -k - 1.31], color=QUIET, lw=1, ls=":")
        sign = _said(step) if (begun and k == 0) or step == 0 else f"{step:+g}".replace("-", "−")
        outer = max(place, place + step) if step >= 0 else min(place, place + step)
        side = "left" if step >= 0 else "right"
        ax.annotate(
            sign, (outer, -k), xytext=(5 if step >= 0 else -5, 0), textcoords="offset points", ha=side, va="center",
            color=TRUTH, bbox={"fc": "white", "ec": "none", "pad": 1},
        )  # fmt: skip
        place += step
    ax.barh(-len(rows), total, height=0.62, color=SAID)
    far = 5 if total >= 0 else -5
    ax.annotate(
        _said(total), (total, -len(rows)), xytext=(far, 0), textcoords="offset points",
        ha="left" if total >= 0 else "right", va="center", color=TRUTH, weight="bold",
    )  # fmt: skip
    ax.axvline(0, color=QUIET, lw=1)
    ax.set_yticks(-np.arange(len(rows) + 1), [*rows, "total"])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
