"""The pictures of chapter 4: the stick, the tiles, the bowl and the walks in it, the bars of a ride."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .hand import Hand, line, svg, words_at
from .paper import FEEL, MISS, MORE, QUIET, SAID, TRUTH, Drawing, paper

__all__ = ["alphas", "bars", "four_walks", "grow", "slopes", "stick", "tiles", "walk"]


def _signed(value: float, digits: str = "g") -> str:
    return f"{value:+{digits}}".replace("-", "−")


def _points(axes: Any, text: str, at: Any, dx: float, dy: float, colour: str, side: str = "left") -> None:
    axes.annotate(text, at, xytext=(dx, dy), textcoords="offset points", color=colour, ha=side)


# -- one weight: the stick, its misses, their tiles ---------------------------------------------------------------
def stick(km: Any, minutes: Any, weight: float) -> Drawing:
    """All predictions of one weight as a stick nailed down at zero, and how far each ride is from it."""
    figure, axes = paper()
    ends = np.array([0, 9.6])
    axes.plot(ends, weight * ends, color=SAID, lw=3, solid_capstyle="round", zorder=1)
    axes.plot(0, 0, "o", color=SAID, ms=9)
    axes.vlines(km, minutes, weight * km, color=MISS, lw=2, zorder=2)
    axes.plot(km, minutes, "o", color=TRUTH, ms=7, zorder=3)
    _points(axes, "the stick: what we say", (9.0, weight * 9.0), -8, 6, SAID, "right")
    worst = np.argmax(abs(weight * km - minutes))
    _points(axes, "a miss", (km[worst], (weight * km[worst] + minutes[worst]) / 2), -7, -3, MISS, "right")
    _points(axes, "a ride as it was", (km[1], minutes[1]), 0, -18, TRUTH, "center")
    _points(axes, "the nail", (0, 0), 13, -5, SAID)
    top = max(41, weight * 9.8)
    axes.set(xlabel="kilometres", ylabel="minutes", xlim=(-0.2, 9.8), ylim=(-2, top))
    gaps = ", ".join(_signed(gap, ".1f") for gap in weight * km - minutes)
    return Drawing(
        figure,
        f"Seven dots, minutes against kilometres, and a straight stick from zero with a tilt of {weight:g} minutes a "
        f"kilometre. From each dot to the stick, in minutes: {gaps}.",
    )


def tiles(errors: Any) -> Drawing:
    """A square on each miss, laid with tiles."""
    figure, axes = paper(8, 2.5)
    left = 0.0
    for error in errors:
        side = abs(error)
        axes.fill([left, left + side, left + side, left], [0, 0, side, side], color=MISS, alpha=0.18, lw=0)
        for edge in [*np.arange(0, side, 1), side]:
            axes.plot([left + edge] * 2, [0, side], color=MISS, lw=0.8)
            axes.plot([left, left + side], [edge] * 2, color=MISS, lw=0.8)
        axes.text(left + side / 2, side + 0.2, f"{error**2:g}", ha="center", color=MISS)
        axes.text(left + side / 2, -0.35, _signed(error), ha="center", va="top", color=TRUTH)
        left += side + 1.1
    axes.text(-0.5, -0.35, "miss", ha="right", va="top", color=TRUTH)
    axes.text(-0.5, 0.5, "tiles", ha="right", va="center", color=MISS)
    axes.set(xlim=(-2, left), ylim=(-1.2, max(abs(errors)) + 1), aspect="equal")
    axes.axis("off")
    told = ", ".join(f"miss {_signed(error)}: {error * error:g} tiles" for error in errors)
    return Drawing(figure, f"One square for each ride, its side the miss, its area the tiles. {told}.")


# -- the bowl -------------------------------------------------------------------------------------------------------
def _loss(km: Any, minutes: Any, weight: Any) -> Any:
    return np.mean((np.multiply.outer(weight, km) - minutes) ** 2, axis=-1)


def _bowl(axes: Any, km: Any, minutes: Any, low: float = 1.4, high: float = 6.6) -> None:
    places = np.linspace(low, high, 200)
    axes.plot(places, _loss(km, minutes, places), color=QUIET, lw=1.5, zorder=1)
    axes.set(xlabel="weight (minutes per kilometre)", ylabel="loss", ylim=(-14, None))


def slopes(km: Any, minutes: Any, places: Any, felt: Any) -> Drawing:
    """Short planks that lie on the wall of the bowl."""
    figure, axes = paper(7, 3.8)
    _bowl(axes, km, minutes)
    for weight, slope in zip(places, felt, strict=True):
        high, half = _loss(km, minutes, weight), 0.42 / np.hypot(1, slope / 55)
        plank = [weight - half, weight + half], [high - half * slope, high + half * slope]
        axes.plot(*plank, color=FEEL, lw=4, solid_capstyle="round")
        dx, side = (14, "left") if slope < -20 else (-14, "right") if slope > 20 else (0, "center")
        _points(axes, _signed(slope, ".0f"), (weight, high), dx, 10, FEEL, side)
    told = ", ".join(
        f"{_signed(slope, '.0f')} at weight {weight:g}" for weight, slope in zip(places, felt, strict=True)
    )
    return Drawing(figure, f"A bowl: loss against weight. Short planks lie on it and show the slope: {told}.")


def alphas(km: Any, minutes: Any, walks: Mapping[float, Any]) -> Drawing:
    """One walk for each alpha, side by side in the same bowl."""
    figure, row = paper(10, 3.3, ncols=len(walks), sharey=True)
    for axes, (alpha, path) in zip(row, walks.items(), strict=True):
        _bowl(axes, km, minutes)
        axes.plot(path, _loss(km, minutes, path), "o-", color=SAID, ms=5, lw=1)
        _points(axes, "start", (path[0], _loss(km, minutes, path[0])), -7, -12, SAID, "right")
        axes.set(title=f"alpha = {alpha:g}", xlabel="weight", ylabel="loss" if axes is row[0] else "")
        axes.set(xlim=(0.6, 7.4), ylim=(-14, 230))
    told = " ".join(f"Alpha {alpha:g}: weights {_listed(path)}." for alpha, path in walks.items())
    return Drawing(figure, f"{len(walks)} bowls, each with its own alpha. {told}")


def _listed(numbers: Any, digits: str = ".2f") -> str:
    return ", ".join(f"{number:{digits}}" for number in numbers)


def four_walks(km: Any, minutes: Any) -> Drawing:
    """Exercise 4.2: four walks whose alpha, or sign, is for the reader to guess."""
    figure, row = paper(10, 2.6, ncols=4, sharey=True)
    bottom = km @ minutes / (km @ km)
    told = []
    for axes, name, alpha in zip(row, "ABCD", (-0.0012, 0.0012, 0.0342, 0.024), strict=True):
        path = _walk(km, minutes, alpha, 10)
        axes.axhline(bottom, color=QUIET, lw=1, ls="--")
        axes.plot(path, "o-", color=SAID, ms=4, lw=1)
        axes.set(title=name, xlabel="step", ylim=(-2.5, 10))
        told.append(f"{name}: {_listed(path, '.1f')}.")
    row[0].set_ylabel("weight")
    row[0].text(0.2, bottom + 0.25, "bottom of the bowl", color="#555555", fontsize=9)
    words = f"Four walks, weight against step; the bottom of the bowl is at {bottom:.1f}. {' '.join(told)}"
    return Drawing(figure, words)


def _walk(km: Any, minutes: Any, alpha: float, steps: int, weight: float = 2.0) -> Any:
    path = [weight]
    for _ in range(steps):
        path.append(path[-1] - alpha * np.mean(2 * (path[-1] * km - minutes) * km))
    return np.array(path)


# -- under the reader's hand ----------------------------------------------------------------------------------------
NUDGES = (0.2, 0.18, 0.16, 0.14, 0.12, 0.1, 0.08, 0.06, 0.04, 0.02, 0.01, 0.001)


def grow(km: Any, minutes: Any, weight: float, ride: int, near: int) -> Hand:
    """A nudge of the stick, and the square of one ride that grows with it: two strips and a corner."""
    far, error = float(km[ride]), float(weight * km[ride] - minutes[ride])
    pictures = []
    for nudge in NUDGES:
        more = nudge * far
        strips, corner = 2 * error * more, more * more
        caption = (
            f"The side grows by {nudge:g} × {far:g} = {more:.4g}. Strips 2 × {error:g} × {more:.4g} = {strips:.4g}, "
            f"corner {corner:.4g}. Divided by the nudge: strips {strips / nudge:.4g}, corner {corner / nudge:.4g}."
        )
        parts = [*_nudged_stick(km, weight, nudge, ride, near), *_grown_square(error, more)]
        pictures.append((svg(700, 268, *parts, words=caption), caption))
    return Hand(
        "nudge",
        [f"{nudge:g}" for nudge in NUDGES],
        pictures,
        f"Left, a stick tilted by a nudge: it lifts little at {km[near]:g} kilometres and more at {far:g}. Right, the "
        f"square on the error of the ride of {far:g} kilometres: it grows by two strips and a corner.",
    )


def _nudged_stick(km: Any, weight: float, nudge: float, ride: int, near: int) -> list[str]:
    def at(k: float, m: float) -> tuple[float, float]:
        return 40 + 29 * k, 240 - 5.6 * m

    parts = [line([at(0, 0), at(9.6, 0)], QUIET, 1), words_at(170, 262, "kilometres", "#555555", "middle")]
    parts.append(line([at(0, 0), at(9.6, weight * 9.6)], QUIET, 2, stroke_dasharray="5 5"))
    parts.append(line([at(0, 0), at(9.6, (weight + nudge) * 9.6)], SAID, 3))
    for k in (near, ride):
        x = float(km[k])
        parts.append(line([at(x, weight * x), at(x, (weight + nudge) * x)], FEEL, 5))
        left, high = at(x, (weight + nudge) * x)
        parts.append(words_at(left - 9, high - 8, f"+{nudge * x:.4g}", FEEL, "end"))
        parts.append(words_at(left, 256, f"{x:g}", "#555555", "middle"))
    return [*parts, f'<circle cx="40" cy="240" r="6" fill="{SAID}"/>']


def _grown_square(error: float, more: float) -> list[str]:
    def box(x: float, y: float, wide: float, high: float, colour: str, opacity: float) -> str:
        size = f'width="{40 * wide:.2f}" height="{40 * high:.2f}" fill="{colour}" fill-opacity="{opacity}"'
        return f'<rect x="{390 + 40 * x:.2f}" y="{240 - 40 * (y + high):.2f}" {size}/>'

    edge = 390 + 40 * (error + more) + 10
    return [
        box(0, 0, error, error, MISS, 0.22), box(error, 0, more, error, FEEL, 0.6),
        box(0, error, error, more, FEEL, 0.6), box(error, error, more, more, TRUTH, 1),
        words_at(390 + 20 * error, 240 - 20 * error, f"{error * error:g} old tiles", MISS, "middle"),
        words_at(390 + 20 * error, 258, f"error {error:g}", TRUTH, "middle"),
        words_at(edge, 240 - 20 * error, "a strip", FEEL),
        words_at(390, 240 - 40 * (error + more) - 7, "another strip", FEEL),
        words_at(edge, 240 - 40 * (error + more / 2) + 4, "the corner", TRUTH),
    ]  # fmt: skip


def walk(km: Any, minutes: Any, path: Sequence[float] | Any, alpha: float) -> Hand:
    """One weight on its way down the bowl, a step a place of the slider."""
    low, high = min(1.4, *path), max(5.2, *path)
    top = float(_loss(km, minutes, np.array([low, high])).max())

    def at(weight: float, loss: float) -> tuple[float, float]:
        return 50 + 600 * (weight - low) / (high - low), 230 - 205 * loss / top

    places = np.linspace(low, high, 80)
    bowl = line([at(w, m) for w, m in zip(places, _loss(km, minutes, places), strict=True)], QUIET, 1.5)
    floor = [line([(50, 252), (650, 252)], QUIET, 1), words_at(650, 268, "weight", "#555555", "end")]
    pictures = []
    for step, weight in enumerate(path):
        loss, slope = float(_loss(km, minutes, weight)), float(np.mean(2 * (weight * km - minutes) * km))
        half = 0.3 / np.hypot(1, slope / 60)
        plank = line([at(weight - half, loss - half * slope), at(weight + half, loss + half * slope)], FEEL, 5)
        been = "".join(_dot(*at(w, float(_loss(km, minutes, w))), 3) for w in path[:step])
        (x, y), (to, _) = at(weight, loss), at(weight - alpha * slope, 0)
        stride = line([(x, 246), (to, 246)], SAID, 4) + words_at(x, 266, "the next stride", SAID)
        caption = (
            f"Step {step}: weight {weight:.3f}, loss {loss:.2f}, slope {_signed(slope, '.2f')}. "
            f"Stride {_signed(-alpha * slope, '.3f')}."
        )
        pictures.append((svg(700, 274, bowl, *floor, been, plank, stride, _dot(x, y, 7), words=caption), caption))
    marks = [str(step) for step in range(len(path))]
    return Hand("step", marks, pictures, "A weight walks down its bowl; a plank under it shows the slope.")


def _dot(x: float, y: float, r: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" fill="{SAID}"/>'


# -- three weights --------------------------------------------------------------------------------------------------
def bars(rides: Any, minutes: Any, weights: Any, new: int) -> Drawing:
    """What each input adds to a ride's minutes, and what the ride really took; the last ``new`` rides are new ones."""
    figure, axes = paper(8, 3.8)
    parts, old = rides * weights, len(rides) - new
    rows = -np.arange(len(parts)) - (np.arange(len(parts)) >= old) * 0.8
    left = np.zeros(len(parts))
    for column, (name, colour) in enumerate(zip(("distance", "lights", "climb"), (SAID, *MORE[:2]), strict=True)):
        axes.barh(rows, parts[:, column], left=left, color=colour, height=0.72)
        row = 3 if name == "climb" else 4
        middle, ink = (left + parts[:, column] / 2)[row], "black" if column else "white"
        axes.text(middle, rows[row], name, ha="center", va="center", color=ink, fontsize=10)
        left += parts[:, column]
    axes.plot(minutes, rows, "D", color="white", mec=TRUTH, mew=1.6, ms=7)
    at = {"xytext": (12, 0), "textcoords": "offset points", "va": "center"}
    axes.annotate("diamond: the ride as it was", (minutes[0], rows[0]), color=TRUTH, **at)
    names = [f"ride {k + 1}" for k in range(old)] + [f"new ride {k + 1}" for k in range(new)]
    axes.set_yticks(rows, names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(xlabel="minutes")
    told = " ".join(
        f"{name}: {said:.1f} said, {true:g} true." for name, said, true in zip(names, left, minutes, strict=True)
    )
    return Drawing(figure, f"Bars of the minutes we say, built from distance, lights and climb. {told}")
