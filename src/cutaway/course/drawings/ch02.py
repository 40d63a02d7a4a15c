"""The pictures of chapter 2: a knob and how often it is right, wet months, two ways held against each other, groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .paper import FEEL, MISS, QUIET, SAID, TRUTH, Drawing, paper

__all__ = ["duel", "groups", "knobs", "months"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def knobs(positions: ArrayLike, shares: ArrayLike, kept: float, most: float = 10.0) -> Drawing:
    """How often the rule is right, for each position of its knob; a dot where it was kept.

    >>> knobs([0.0, 1.0], [0.7, 0.6], 0.0).words[-47:]
    '70% at 0, 60% at 1. Best and kept: 70% at 0 mm.'
    """
    x, y = np.asarray(positions, float), np.asarray(shares, float)
    seen = x <= most
    x, y = x[seen], y[seen]
    at = int(np.argmin(abs(x - kept)))
    figure, ax = paper(7, 3.2)
    ax.plot(x, y, color=QUIET, lw=2)
    ax.plot(x[at], y[at], "o", color=SAID, ms=9)
    ax.annotate(f"kept: {y[at]:.0%} right", (x[at], y[at]), xytext=(14, 0), textcoords="offset points",
                va="center", color=SAID)  # fmt: skip
    ax.set(xlabel="position of the knob (mm of rain today)", ylabel="share of right guesses", xlim=(-0.3, None))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    few = sorted({0, *np.linspace(0, len(x) - 1, 5).astype(int).tolist()})
    told = ", ".join(f"{y[k]:.0%} at {x[k]:.3g}" for k in few)
    return Drawing(
        figure,
        f"A line, right guesses against the position of the knob in mm of rain: {told}. "
        f"Best and kept: {y[at]:.0%} at {x[at]:.2g} mm.",
    )


def months(shares: ArrayLike) -> Drawing:
    """A bar a month: how often the next day was wet; above the dashed line the sheet says wet.

    >>> months(np.full(12, 0.25)).words[:52]
    'Bars, share of wet next days by month: Jan 25%, Feb '
    """
    y = np.asarray(shares, float)
    figure, ax = paper(7, 3.0)
    ax.bar(range(12), y, color=[SAID if share > 0.5 else QUIET for share in y], width=0.74)
    ax.axhline(0.5, color=TRUTH, lw=1, ls="--")
    ax.annotate(
        "above this line: say wet", (6.5, 0.5), xytext=(0, 5), textcoords="offset points", ha="center", color=TRUTH
    )
    ax.set_xticks(range(12), MONTHS)
    ax.tick_params(axis="x", length=0)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set(ylabel="wet the next day", ylim=(0, max(0.75, float(y.max()) + 0.05)))
    told = ", ".join(f"{name} {share:.0%}" for name, share in zip(MONTHS, y, strict=True))
    return Drawing(
        figure, f"Bars, share of wet next days by month: {told}. Above a dashed line at 50% the sheet says wet."
    )


def duel(results: Mapping[str, Sequence[float]], lazy: float) -> Drawing:
    """Two scores for each task, joined by a line, and the lazy guess as a dashed one.

    >>> print(duel({"all days": (0.7, 0.75)}, 0.6).words)
    Two dots for each task. all days: knob 70%, counting 75%. A dashed line marks the lazy guess, 60%.
    """
    figure, ax = paper(7, 0.9 + 0.6 * len(results))
    for row, (knob, counting) in enumerate(results.values()):
        ax.plot([knob, counting], [-row, -row], color=QUIET, lw=1.5, zorder=1)
        for value, other, mark, colour, name in (
            (knob, counting, "o", SAID, "knob"), (counting, knob, "s", FEEL, "counting"),
        ):  # fmt: skip
            ax.plot(value, -row, mark, color=colour, ms=9, zorder=2)
            left = value < other
            ax.annotate(f"{name} {value:.0%}", (value, -row), xytext=(-9 if left else 9, 0), va="center",
                        textcoords="offset points", ha="right" if left else "left", color=colour,
                        bbox={"fc": "white", "ec": "none", "pad": 1.5})  # fmt: skip
    ax.axvline(lazy, color=TRUTH, lw=1, ls="--", zorder=0)
    ax.annotate("always dry", (lazy, 0.62), xytext=(4, 0), textcoords="offset points", color=TRUTH, va="center")
    ax.set_yticks([-row for row in range(len(results))], list(results))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set(xlim=(0.5, 0.8), ylim=(0.4 - len(results), 0.8), xlabel="share of right guesses on new days")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    told = " ".join(f"{task}: knob {knob:.0%}, counting {counting:.0%}." for task, (knob, counting) in results.items())
    return Drawing(figure, f"Two dots for each task. {told} A dashed line marks the lazy guess, {lazy:.0%}.")


def groups(points: ArrayLike, group: ArrayLike, across: str, up: str) -> Drawing:
    """Every row as a dot, each group with a colour and a mark of its own, and its centre.

    >>> print(groups([[1.0, 2.0], [3.0, 4.0]], [0, 1], "warmth", "swing").words)
    Dots, swing against warmth, in 2 groups: 1 around (1, 2); 1 around (3, 4).
    """
    at, of = np.asarray(points, float), np.asarray(group)
    figure, ax = paper(6.6, 4.2)
    told = []
    looks: list[tuple[str, str]] = [("o", SAID), ("^", MISS), ("s", FEEL), ("D", "#CC79A7")]
    order = sorted(np.unique(of).tolist(), key=lambda g: float(at[of == g, 0].mean()))
    for k, g in enumerate(order):
        mine: Any = at[of == g]
        mark, colour = looks[k % len(looks)]
        ax.plot(*mine.T, mark, color=colour, ms=3.5, alpha=0.45, mec="none")
        centre = mine.mean(axis=0)
        ax.plot(*centre, mark, color=colour, ms=13, mec="white", mew=2)
        told.append(f"{len(mine)} around ({centre[0]:.3g}, {centre[1]:.3g})")
    ax.set(xlabel=across, ylabel=up)
    return Drawing(figure, f"Dots, {up} against {across}, in {len(order)} groups: {'; '.join(told)}.")
