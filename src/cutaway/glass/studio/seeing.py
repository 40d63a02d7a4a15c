"""What a page asks about one picture: how the network sees it. Long answers come part by part, while the page asks on.

Nothing here runs by itself: a page that moves on asks for something else, and what was begun is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.errors import CutawayError
from ..sight import filters, slope_votes
from ..sight.excite import exciting
from ..sight.features import features
from ..sight.nearest import approaching
from ..sight.network import outputs, picture_shape, weights_of
from ..sight.view import cover_for, deep, square_for
from ..sight.votes import covering
from .asking import as_pictures
from .wire import Answer, answer

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["PARTS", "Seeing", "sight_of"]

PARTS = ("answer", "covered", "slopes", "layer", "alike", "excite")
PIECE = 0.12  # seconds of work before a page hears what there is so far
KNOWN = 2000  # training pictures that are looked through
ALIKE = 6
MOST_MAPS = 128
SLOPES, EXCITED = 8, 40  # steps

Told = tuple[dict[str, Any], dict[str, Any], float]  # fields, arrays, how much is done


def sight_of(run: Run) -> dict[str, Any] | None:
    """What a page must know to ask: the sides of a picture; None where the run does not read pictures."""
    shape = picture_shape(run)
    classes = shape is not None and run.data is not None and run.data.y.ndim == 1 and run.data.y.dtype.kind in "iu"
    if not classes or run.data is None:
        return None
    names = run.data.classes
    return {"shape": shape, "classes": list(names) if names else None, "known": min(KNOWN, len(run.data))}


class Seeing:
    """What one page has asked about a picture, and how far it is."""

    def __init__(self) -> None:
        self._of: Any = None
        self._going: Iterator[Told] | None = None

    def answer(self, run: Run, moment: Any, wish: dict[str, Any]) -> Answer:
        """What there is after a moment of work; asked the same again, it goes on, asked something else, it begins."""
        if sight_of(run) is None:
            raise CutawayError("Sight is for networks that read pictures and answer with a class.")
        of = moment, sorted(wish.items(), key=lambda item: item[0])
        if self._going is None or self._of != of:
            self._of, self._going = of, iter(_begun(run, wish))
        going, self._going = self._going, None  # what fails is not gone on with
        until = perf_counter() + PIECE
        fields, arrays, done = next(going)
        while done < 1 and perf_counter() < until:
            following = next(going, None)
            fields, arrays, done = following or (fields, arrays, 1.0)  # a dead unit ends the search before its time
        if done < 1:
            self._going = going
        asked = {name: value for name, value in wish.items() if value is not None}
        return answer("sight", arrays, asked=asked, done=done, **fields)


def _begun(run: Run, wish: dict[str, Any]) -> Iterator[Told]:
    assert run.data is not None
    row, layer = wish["row"], wish["layer"]
    if row >= len(run.data):
        raise CutawayError(f"The data has {len(run.data):,} examples; there is no number {row}.")
    picture = run.data.x[row]
    if wish["part"] in ("layer", "excite") and layer is None:
        raise CutawayError(f"sight: the part {wish['part']!r} is about a `layer`; say which.")
    if wish["part"] == "answer":
        return _answered(run, row, picture)
    if wish["part"] == "covered":
        return _covered(run, picture, wish["answer"])
    if wish["part"] == "slopes":
        return _sloped(run, picture, wish["answer"])
    if wish["part"] == "layer":
        return _layer(run, picture, layer)
    return _alike(run, row, picture) if wish["part"] == "alike" else _excited(run, layer, wish["unit"] or 0)


def _answered(run: Run, row: int, picture: Any) -> Iterator[Told]:
    assert run.data is not None
    (scores,) = outputs(run, picture[None])
    powers = np.exp(scores.astype(np.float64) - scores.max())
    fields = {"shares": powers / powers.sum(), "answer": int(scores.argmax()), "truth": int(run.data.y[row])}
    yield fields, {"picture": as_pictures(picture)}, 1.0


def _covered(run: Run, picture: Any, asked: int | None) -> Iterator[Told]:
    size = square_for(picture.shape[1:])
    floats = picture if picture.dtype.kind == "f" else run.typed(picture)
    how: dict[str, Any] = {"size": size, "stride": max(1, size // 3), "fill": cover_for(floats)}
    for votes, done in covering(run, floats, asked, **how):
        yield {"size": size, "limit": _limit(votes)}, {"map": votes.astype(np.float32)}, done


def _sloped(run: Run, picture: Any, asked: int | None) -> Iterator[Told]:
    votes = slope_votes(run, picture, asked, steps=SLOPES)
    yield {"limit": _limit(votes)}, {"map": votes.astype(np.float32)}, 1.0


def _layer(run: Run, picture: Any, layer: str) -> Iterator[Told]:
    found = features(run, picture[None])
    if layer not in found:
        raise CutawayError(f"There is no layer {layer!r}; there are {', '.join(found)}.")
    maps = np.asarray(found[layer][0], np.float32)
    total = len(maps)
    maps = maps[:MOST_MAPS] if maps.ndim == 3 else maps.reshape(total, -1)[:MOST_MAPS, :, None]
    strongest = maps.reshape(len(maps), -1).max(1)
    arrays = {"maps": maps}
    fields: dict[str, Any] = {"total": total, "limit": _limit(maps), "order": np.argsort(-strongest, kind="stable")}
    if f"{layer}.weight" in weights_of(run):
        looks_for = filters(run, layer)
        if looks_for.ndim == 4:
            looks_for = looks_for[:MOST_MAPS, :16]
            arrays["filters"] = looks_for.astype(np.float32)
            fields["filter_limit"] = _limit(looks_for)
    yield fields, arrays, 1.0


def _alike(run: Run, row: int, picture: Any) -> Iterator[Told]:
    assert run.data is not None
    some = run.data.x[:KNOWN]
    by = deep({path: given[0] for path, given in features(run, picture[None]).items()})
    count = min(ALIKE + 1, len(some))
    for which, alike, looked in approaching(run, picture[None], some, by, count, batch_size=64):
        found = [(int(k), float(a)) for k, a in zip(which[0], alike[0], strict=True) if k != row][:ALIKE]
        rows = [k for k, _ in found]
        fields = {"rows": rows, "alike": [a for _, a in found], "answers": run.data.y[rows], "looked": looked, "by": by}
        yield fields, {"pictures": as_pictures(run.data.x[rows])}, looked / len(some)


def _excited(run: Run, layer: str, unit: int) -> Iterator[Told]:
    shape = picture_shape(run)
    assert shape is not None
    for k, found in enumerate(exciting(run, layer, unit, shape, steps=EXCITED)):
        fields = {"first": found.excitement[0], "last": found.excitement[-1], "steps": k + 1}
        yield fields, {"picture": found.picture.astype(np.float32)}, (k + 1) / EXCITED


def _limit(a: Any) -> float:
    """The end of the colour scale."""
    return float(np.quantile(np.abs(a), 0.995)) or float(np.abs(a).max()) or 1.0
