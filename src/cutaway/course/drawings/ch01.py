"""The picture of chapter 1: who is right how often."""

from __future__ import annotations

from collections.abc import Mapping

from .paper import QUIET, SAID, Drawing, paper

__all__ = ["bars"]


def bars(shares: Mapping[str, float], what: str) -> Drawing:
    """A bar for each, as long as its share of right answers; the last one is the one to look at.

    >>> print(bars({"a coin": 0.5, "a rule": 0.75}, "right"))
    Bars, right: a coin 50%, a rule 75%.
    """
    figure, ax = paper(6.4, 0.5 + 0.5 * len(shares))
    rows = [-row for row in range(len(shares))]
    colours = [QUIET] * (len(shares) - 1) + [SAID]
    ax.barh(rows, list(shares.values()), color=colours, height=0.66)
    for row, share, colour in zip(rows, shares.values(), colours, strict=True):
        ax.text(share + 0.012, row, f"{share:.0%}", va="center", color="#555555" if colour == QUIET else colour)
    ax.set_yticks(rows, list(shares))
    ax.tick_params(axis="both", length=0)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_visible(False)
    ax.set(xlim=(0, 1.1), xticks=[], title=what)
    return Drawing(figure, f"Bars, {what}: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()) + ".")
