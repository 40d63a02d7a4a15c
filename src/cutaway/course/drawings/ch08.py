"""The pictures of chapter 8: losses on what was seen and what was not, a detector that lies on a digit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..lab import missing
from .paper import MISS, QUIET, SAID, TRUTH, Drawing, paper

__all__ = ["curves", "doodle", "laid", "which_curves"]


def curves(watched: Mapping[str, Any], named: str = "") -> Drawing:
    """Losses against epochs, a panel for each training; watched: title -> (epochs, 2), on the seen and the unseen.

    named: in which panel the lines have their names, the first when not said
    """
    wide = 6.4 if len(watched) == 1 else 2.9 * len(watched)
    figure, axes = paper(wide, 3.2, ncols=len(watched), sharey=True, squeeze=False)
    top = max(float(np.max(one)) for one in watched.values())
    told = []
    for ax, (title, losses) in zip(axes[0], watched.items(), strict=True):
        losses = np.asarray(losses)
        epochs = np.arange(1, len(losses) + 1)
        best = int(losses[:, 1].argmin())
        ax.plot(epochs, losses[:, 0], color=SAID, lw=2, ls="--")
        ax.plot(epochs, losses[:, 1], color=MISS, lw=2)
        ax.plot(epochs[best], losses[best, 1], "o", color=TRUTH, ms=6)
        ax.set(title=title, xlabel="epochs", ylim=(0, top * 1.08), xlim=(0, len(losses) + 1))
        if title == (named or next(iter(watched))):
            at = len(losses) * 2 // 3
            _named(ax, "not seen", (epochs[at], losses[at, 1]), 9, MISS)
            _named(ax, "seen", (epochs[at], losses[at, 0]), 9, SAID)
            _named(ax, "lowest", (epochs[best], losses[best, 1]), -17, TRUTH)
        told.append(
            f"{title}: seen from {losses[0, 0]:.2f} to {losses[-1, 0]:.2f}; not seen from {losses[0, 1]:.2f}, "
            f"lowest {losses[best, 1]:.2f} after epoch {best + 1}, at the end {losses[-1, 1]:.2f}."
        )
    axes[0, 0].set_ylabel("loss")
    figure.subplots_adjust(wspace=0.08)
    return Drawing(figure, "Loss against epochs, dashed on what was seen and solid on what was not. " + " ".join(told))


def _named(ax: Any, text: str, at: tuple[float, float], dy: float, colour: str) -> None:
    ax.annotate(text, at, xytext=(0, dy), textcoords="offset points", ha="center", color=colour, fontsize=10)


def laid(picture: Any, detector: Any, found: Any) -> Drawing:
    """A detector on the place of a picture where it found most and where least, and the map of all places."""
    picture, detector, found = np.asarray(picture), np.asarray(detector), np.asarray(found)
    figure, axes = paper(9.6, 3.3, ncols=3, gridspec_kw={"width_ratios": [1, 0.62, 1]})
    places = [tuple(int(k) for k in np.unravel_index(k, found.shape)) for k in (found.argmax(), found.argmin())]
    axes[0].imshow(picture, cmap="gray_r", vmin=0, vmax=1)
    axes[0].set_title("the picture")
    _numbers(axes[1], detector)
    largest = float(np.abs(found).max())
    axes[2].imshow(found, cmap=_blue_to_orange(), vmin=-largest, vmax=largest)
    axes[2].set_title("the map")
    high, wide = detector.shape
    for (i, j), colour, name in zip(places, (MISS, SAID), ("most", "least"), strict=True):
        _box(axes[0], i, j, high, wide, colour)
        _box(axes[2], i, j, 1, 1, colour)
        note = f"{name} {found[i, j]:+.1f}".replace("-", "−")
        below = (0 if name == "most" else picture.shape[1] / 2, picture.shape[0] + 0.5)
        axes[0].text(*below, note, color=colour, fontsize=11, va="top")
    for ax in axes:
        ax.axis("off")
    told = ", ".join(f"{found[i, j]:+.1f} at row {i}, column {j}" for i, j in places)
    return Drawing(
        figure,
        f"A digit, a detector of {high} rows and {wide} columns that lies on it in two places, and the map of what it "
        f"finds everywhere. Most and least: {told}.",
    )


def _blue_to_orange() -> Any:
    """The colours of the glass: blue below zero, orange above."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("glass", ["#1f6fb4", "#f3f1ec", "#c2500a"])


def _box(ax: Any, i: int, j: int, high: int, wide: int, colour: str) -> None:
    left, top, right, low = j - 0.5, i - 0.5, j + wide - 0.5, i + high - 0.5
    ax.plot([left, right, right, left, left], [top, top, low, low, top], color=colour, lw=2)


def _numbers(ax: Any, detector: Any) -> None:
    rows, columns = detector.shape
    for (i, j), value in np.ndenumerate(detector):
        ax.text(j, i, f"{value:g}".replace("-", "−"), ha="center", va="center", color=TRUTH, fontsize=12)
        _box(ax, i, j, 1, 1, QUIET)
    ax.set(xlim=(-0.7, columns - 0.3), ylim=(rows - 0.3, -0.7), aspect="equal")
    ax.set_title("the detector")


def which_curves(watch: Callable[..., Any], plain: Callable[[], Any], data: Any) -> Drawing:
    """Three trainings for exercise 8.6, with the chapter's own `watch`: a leak, by heart, healthy."""
    trained = {
        "A": watch(plain().init(4), data[:250], data[50:250], epochs=16)[1],
        "B": watch(plain().init(5), data[500:700], data[6000:7000], epochs=16)[1],
        "C": watch(plain().init(6), data[2000:5000], data[6000:7000], epochs=4)[1],
    }
    return curves(trained, named="B")


def doodle(kind: str, chance: np.random.Generator) -> Any:
    """A small sheet of coloured paper with a "cross", a "ring" or a "wave" somewhere on it, as a picture of Pillow."""
    try:
        from PIL import Image, ImageDraw
    except ModuleNotFoundError as error:
        raise missing("pillow") from error
    paper_colour, ink = (tuple(map(int, chance.integers(low, low + 90, 3))) for low in (150, 0))
    sheet = Image.new("RGB", (60, 48), paper_colour)
    x, y, r = (int(chance.integers(low, high)) for low, high in ((18, 42), (16, 32), (8, 14)))
    pen = ImageDraw.Draw(sheet)
    if kind == "ring":
        pen.ellipse((x - r, y - r, x + r, y + r), outline=ink, width=3)
    elif kind == "cross":
        pen.line([(x - r, y - r), (x + r, y + r)], fill=ink, width=3)
        pen.line([(x - r, y + r), (x + r, y - r)], fill=ink, width=3)
    else:
        pen.line([(x + r * k / 4, y + r * float(np.sin(k)) / 2) for k in range(-5, 6)], fill=ink, width=3)
    return sheet
