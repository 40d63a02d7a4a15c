"""One picture as a network sees it: its answer, what spoke for that, what a layer makes of it, what it resembles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.errors import CutawayError
from ..drawing import heat_map, tiles
from ..drawing import picture as drawn_picture
from ..html import escape, fig, frame, table
from ..text import heat
from .excite import Excited, excite
from .features import filters
from .nearest import nearest
from .network import Network, outputs, picture_shape, pictures_of, recorded, weights_of
from .votes import chosen_answer, covered_votes, slope_votes

__all__ = ["Sight", "cover_for", "deep", "sees", "square_for"]

KNOWN = 1000  # training pictures that are looked through for those that are alike
SHOWN = 5


@dataclass(frozen=True)
class Sight:
    """What a network sees in one picture; text in a terminal, pictures in a notebook.

    picture (C, H, W); shares: of each class, None where the network does not answer with classes; answer: what is asked
    covered, slopes (H, W): what spoke for the answer, found by covering and by the slopes of the score
    layer: its path; maps: what it gave, (C, h, w) or (units,); filters: its weights, None where it has none
    alike: numbers of the nearest training pictures, their pictures, answers and how alike they are (1: the same)

    >>> from cutaway import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(36, 2))
    >>> print(sees(net, np.zeros((1, 6, 6), np.float32), classes=("cat", "dog")).unit(1, steps=3))
    unit 1 of layer 1: ... at first, ... after 3 steps
    """

    picture: NDArray[Any]
    answer: int
    shares: NDArray[Any]
    covered: NDArray[Any]
    slopes: NDArray[Any]
    layer: str
    maps: NDArray[Any]
    filters: NDArray[Any] | None
    alike: list[tuple[int, NDArray[Any], Any, float]]
    names: tuple[str, ...]
    truth: str = ""
    _net: Any = field(default=None, repr=False, compare=False)

    def unit(self, number: int, **how: Any) -> Excited:
        """A picture that excites a unit of the layer (a filter, or one of a row); ``how``: see ``sight.excite``."""
        channels, height, width = self.picture.shape
        return excite(self._net, self.layer, number, (channels, height, width), **how)

    @property
    def sentence(self) -> str:
        """What it answers, in words."""
        order = np.argsort(-self.shares)
        says = ", then ".join(f"{self.names[k]} ({self.shares[k]:.1%})" for k in order[:2])
        asked = "" if self.answer == order[0] else f" Asked is {self.names[self.answer]}."
        return f"It says {says}.{f' It is {self.truth}.' if self.truth else ''}{asked}"

    def __repr__(self) -> str:
        lines = [
            self.sentence,
            "",
            f"Covering a part: what spoke for {self.names[self.answer]}, and what against (- =)",
        ]
        lines += [heat(self.covered, 16, 48), "", self._layer_line()]
        if self.alike:
            found = ", ".join(f"{k} ({answer}, {a:.2f})" for k, _, answer, a in self.alike)
            lines.append(f"Most alike among the training pictures: {found}")
        return "\n".join(lines)

    def _layer_line(self) -> str:
        shape = " x ".join(map(str, self.maps.shape))
        flat = self.maps.reshape(len(self.maps), -1)
        most = [f"{k} ({fig(v)})" for k, v in zip(*_largest(flat.max(1)), strict=True)]
        return f"Layer {self.layer} gave {shape}; its units that answer most: {', '.join(most)}"

    def _repr_html_(self) -> str:
        low, high = (0.0, 1.0) if self.picture.min() >= 0 and self.picture.max() <= 1 else _range(self.picture)
        asked = self.names[self.answer]
        shown = [
            _figure(drawn_picture(self.picture, "the picture", 140, low, high), "the picture"),
            _figure(tiles([self.covered], f"what spoke for {asked}, by covering"), "covered: where the score fell"),
            _figure(tiles([self.slopes], f"what spoke for {asked}, by slopes"), "slopes, added up on the way"),
        ]
        maps = tiles(self.maps, f"what layer {self.layer} gave") if self.maps.ndim == 3 else heat_map(
            self.maps.reshape(1, -1), f"what layer {self.layer} gave")  # fmt: skip
        parts = [f"<p>{escape(self.sentence)}</p>", f'<div class="row">{"".join(shown)}</div>']
        parts.append(f"<h4>Layer {escape(self.layer)}: what each unit found</h4>{maps}")
        if self.filters is not None and self.filters.ndim == 4:
            looks_for = self.filters.reshape(-1, *self.filters.shape[2:])
            parts.append(f"<h4>Its filters</h4>{tiles(looks_for, f'filters of layer {self.layer}')}")
        if self.alike:
            near = [
                _figure(drawn_picture(p, f"training picture {k}", 72, low, high), f"{k}: {answer}, {a:.2f}")
                for k, p, answer, a in self.alike
            ]
            parts.append(f'<h4>Most alike among the training pictures</h4><div class="row">{"".join(near)}</div>')
        rows = [[escape(name), f"{share:.1%}"] for name, share in zip(self.names, self.shares, strict=True)]
        parts.append(f"<details><summary>All answers</summary>{table(rows, ['answer', 'share'])}</details>")
        return frame(*parts)


def sees(
    net: Network,
    picture: Any = 0,
    answer: int | None = None,
    layer: str = "",
    known: Any = None,
    classes: tuple[str, ...] | None = None,
) -> Sight:
    """What a network for pictures sees in one picture: all of ``glass.sight`` at a glance.

    net: a run, paused anywhere, or any network that gives a score a class
    picture: (C, H, W), or of a run the number of one of its examples
    answer: the class that is asked about, the likeliest when not said
    layer: whose maps are shown, the last that gives maps when not said; nearest pictures are by what comes after it
    known: a Dataset to look for pictures that are alike; the first 1,000 training pictures of a run when not said

    >>> from cutaway import nn
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
    >>> found = sees(net, np.random.default_rng(0).random((1, 6, 6), np.float32))
    >>> found.layer, found.maps.shape, found.covered.shape
    ('1', (4, 4, 4), (6, 6))
    """
    data = getattr(net, "data", None)
    truth, itself = "", -1
    if isinstance(picture, int | np.integer):
        if data is None or picture_shape(net) is None:
            what = "no data here" if data is None else f"examples of shape {data.x.shape[1:]}, which are no pictures"
            raise CutawayError(f"sees: this has {what}. Give it a picture (channels, height, width).")
        if not 0 <= picture < len(data):
            raise CutawayError(f"The data has {len(data):,} examples; there is no number {picture}.")
        truth = _name(data, int(data.y[picture])) if data.y.ndim == 1 else ""
        itself = int(picture)
        picture = data.x[picture]
    picture = pictures_of(picture)
    (scores,) = outputs(net, picture[None])
    chosen = chosen_answer(scores, answer)
    given = classes or getattr(data, "classes", None)
    names = tuple(map(str, given)) if given and len(given) == len(scores) else tuple(map(str, range(len(scores))))
    powers = np.exp(scores.astype(np.float64) - scores.max())
    with recorded(net, picture[None]) as found:
        layers = {path: tensor.numpy()[0] for path, tensor in found.layers.items()}
    layer = layer or _last_maps(layers)
    if layer not in layers:
        raise CutawayError(f"There is no layer {layer!r}; there are {', '.join(layers)}.")
    weights = {name.removesuffix(".weight") for name in weights_of(net) if name.endswith(".weight")}
    size = square_for(picture.shape[1:])
    return Sight(
        picture=picture,
        answer=chosen,
        shares=np.asarray(powers / powers.sum()),
        covered=covered_votes(net, picture, chosen, size=size, stride=max(1, size // 2), fill=cover_for(picture)),
        slopes=slope_votes(net, picture, chosen),
        layer=layer,
        maps=np.asarray(layers[layer]),
        filters=filters(net, layer) if layer in weights and layers[layer].ndim == 3 else None,
        alike=_alike(net, picture, known if known is not None else data, layers, itself if known is None else -1),
        names=names,
        truth=truth,
        _net=net,
    )


def square_for(sides: tuple[int, ...]) -> int:
    """The side of the square that covers a picture of these sides: a fifth, but 3 at least.

    >>> square_for((28, 28)), square_for((6, 9))
    (6, 3)
    """
    return min(*sides, max(3, round(min(sides) / 5)))


def cover_for(picture: NDArray[Any]) -> float:
    """What covers a part of a picture as if nothing were there: of a grey one what lies at its rim, else its mean.

    >>> strokes = np.zeros((1, 9, 9)); strokes[0, 2:7, 2:7] = 1
    >>> cover_for(strokes)
    0.0
    """
    if len(picture) > 1:
        return float(picture.mean())
    (grey,) = picture
    return float(np.median(np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])))


def deep(layers: dict[str, Any]) -> str:
    """The layer by which pictures are compared: what the last one is made of, a row for each example, or the scores."""
    rows = [path for path, found in layers.items() if np.ndim(found) == 1]
    return rows[-2] if len(rows) > 1 else ""


def _alike(
    net: Network, picture: Any, known: Any, layers: dict[str, Any], itself: int
) -> list[tuple[int, NDArray[Any], Any, float]]:
    if known is None or np.shape(known.x)[1:] != picture.shape:
        return []
    some = known.x[:KNOWN]
    which, alike = nearest(net, picture[None], some, deep(layers), count=min(SHOWN + 1, len(some)))
    found = [(int(k), float(a)) for k, a in zip(which[0], alike[0], strict=True) if k != itself][:SHOWN]
    return [(k, some[k], _name(known, int(known.y[k])) if known.y.ndim == 1 else known.y[k], a) for k, a in found]


def _name(data: Any, number: int) -> str:
    return str(data.classes[number]) if data.classes and number < len(data.classes) else str(number)


def _last_maps(layers: dict[str, Any]) -> str:
    """The last layer that gives maps of some size, else the last of all."""
    maps = [path for path, found in layers.items() if found.ndim == 3 and min(found.shape[1:]) > 1]
    return maps[-1] if maps else list(layers)[-1]


def _largest(values: NDArray[Any]) -> tuple[list[int], list[float]]:
    order = np.argsort(-values)[:SHOWN]
    return [int(k) for k in order], [float(values[k]) for k in order]


def _range(a: NDArray[Any]) -> tuple[float, float]:
    return float(a.min()), float(a.max())


def _figure(inner: str, words: str) -> str:
    return f"<figure>{inner}<figcaption><small>{escape(words)}</small></figcaption></figure>"
