"""The pictures of chapter 5: weights on their way, the score of every class, two slides laid on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .paper import MISS, MORE, QUIET, SAID, TRUTH, Drawing, paper

__all__ = ["scores", "slides", "walks"]

SLIDE = "#c9c9c9"  # ink that meets none


def _said(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def walks(names: Sequence[str], walked: Mapping[str, Any]) -> Drawing:
    """Weights against steps, a panel for each training, on one scale; walked: title -> weights (steps, W)."""
    figure, axes = paper(4.6 * len(walked), 3.4, ncols=len(walked), sharey=True, squeeze=False)
    told = []
    for ax, (title, steps) in zip(axes[0], walked.items(), strict=True):
        steps = np.asarray(steps)
        ends = _apart(steps[-1], 0.075 * float(np.ptp([np.asarray(one) for one in walked.values()])))
        for k, (name, colour) in enumerate(zip(names, (SAID, *MORE), strict=False)):
            ax.plot(steps[:, k], color=colour, lw=2)
            at = (len(steps) - 1, ends[k])
            ax.annotate(name, at, xytext=(6, 0), textcoords="offset points", va="center", color=TRUTH, fontsize=10)
        ax.plot([0, len(steps)], [0, 0], color=QUIET, lw=1, ls=":")
        ax.set(title=title, xlabel="step", xlim=(0, len(steps) * 1.3))
        ax.set_xticks(np.linspace(0, len(steps) - 1, 4).round().astype(int))
        ends_told = ", ".join(f"{name} {_said(w)}" for name, w in zip(names, steps[-1], strict=True))
        told.append(f"{title}: at the end {ends_told}.")
    axes[0, 0].set_ylabel("weight")
    figure.subplots_adjust(wspace=0.1)
    return Drawing(figure, "Lines of weights against steps. " + " ".join(told))


def _apart(heights: Any, room: float) -> Any:
    """Where names can stand beside lines without touching one another."""
    placed, last = np.array(heights, float), -np.inf
    for k in np.argsort(heights):
        placed[k] = last = max(placed[k], last + room)
    return placed


def scores(values: Any, truth: int) -> Drawing:
    """A bar for each class; the highest is what the net says."""
    values = np.asarray(values, float)
    said = int(values.argmax())
    figure, axes = paper(6.4, 2.6)
    axes.bar(range(len(values)), values, color=[SAID if k == said else QUIET for k in range(len(values))])
    axes.axhline(0, color=QUIET, lw=1)
    axes.set(ylabel="score", ylim=(min(0.0, values.min()) * 1.3 - 0.02, values.max() * 1.25))
    axes.set_xticks(range(len(values)))
    axes.text(said, values[said] + 0.02, "what it says", ha="center", color=SAID)
    if truth != said:
        axes.text(truth, max(values[truth], 0) + 0.02, "the truth", ha="center", color=MISS)
    listed = ", ".join(f"{k}: {_said(v, 2)}" for k, v in enumerate(values))
    verdict = "which is right" if said == truth else f"but it is a {truth}"
    return Drawing(figure, f"A bar for each digit, its score. {listed}. The highest is {said}, {verdict}.")


def slides(first: Any, others: Mapping[str, Any]) -> Drawing:
    """One slide laid on each of the others: dark where both have ink, which is what their dot product counts.

    Ink of the slide is a grey cell, ink of the other a ring, so that no colour is needed to tell them apart.
    """
    first = np.asarray(first)
    figure, axes = paper(1.7 * (len(others) + 1), 2.7, ncols=len(others) + 1)
    told = []
    for ax, (name, other) in zip(axes, {"": first, **others}.items(), strict=True):
        other = np.asarray(other)
        rows, columns = other.shape
        for (r, c), ink in np.ndenumerate(other):
            mine, theirs = bool(first[r, c]), bool(ink) and name != ""
            colour = TRUTH if mine and theirs else SLIDE if mine else "white"
            corners = [c, c + 1, c + 1, c], [rows - r, rows - r, rows - r - 1, rows - r - 1]
            ax.fill(*corners, facecolor=colour, ec=QUIET, lw=0.8)
            if theirs:
                ring = {"mfc": "none", "mec": "white" if mine else TRUTH, "mew": 1.6, "ms": 13}
                ax.plot(c + 0.5, rows - r - 0.5, "o", **ring)
        ax.set(xlim=(-0.1, columns + 0.1), ylim=(-0.1, rows + 0.1), aspect="equal")
        ax.axis("off")
        dot = int((first * other).sum())
        ax.set_title("the slide" if name == "" else f"on {name}: {dot}", loc="center", fontsize=11)
        if name:
            told.append(f"on {name} {dot} cells")
    return Drawing(figure, f"A small picture, laid on others. Cells with ink in both: {', '.join(told)}.")
