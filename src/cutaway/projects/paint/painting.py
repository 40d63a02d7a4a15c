"""A painting in the making: from a small sketch to full size, each begun from the one before, made larger.

Every size is a run of its own, saved in a folder of its own, so that a painting can be stopped anywhere and goes on to
the bit. The eye sees 32 x 32 pixels at most; on the sketch these are half of the picture, at full size a brush stroke.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway import optim
from cutaway.data import Dataset
from cutaway.engine import Tensor
from cutaway.engine.errors import CutawayError
from cutaway.engine.hollow import shapes_only
from cutaway.training import Run
from cutaway.training.checkpoint import CheckpointError, checkpoints

from .descent import PaletteAdam
from .eye import STEPS, Eye, eye
from .matching import nearest
from .picture import LARGEST, coloured, framed, grey, resized, unframed, write
from .wish import Canvas, Goal, Wish, pooled

__all__ = ["Order", "OrderError", "Painting"]

SKETCH = 64  # the longer side of the first sketch, at least
CONTENT = 2  # the layer that keeps the photo in mind: fine enough for eyes and ropes, too coarse for colours
MATCHED = (2, 4)  # the layers whose places are compared with the painting's
COLOUR = 0.3  # how much the colours of these places count beside what is seen there
GLANCE = 5.0  # seconds between two pictures of the progress
KEPT = re.compile(r"order\.json|painting\.png|progress\.png|size-\d+")  # what a painting has in its folder


class OrderError(CutawayError, ValueError):
    """A painting that cannot be made as it was ordered.

    >>> issubclass(OrderError, ValueError)
    True
    """


@dataclass(frozen=True)
class Order:
    """What is wanted.

    size: pixels of the longer side, 16 to 1024; a smaller photo is not enlarged
    steps: of gradient descent at each size
    style, content, smooth: how much the painting's strokes, the photo's things and calm surfaces count
    match: how much it counts that every place is like the place of the painting that is most alike
    keep_colours: only the brightness is painted, and the photo's colours are laid on it
    layers: of the eye, asked about the strokes
    alpha: how far a pixel moves in a step; threads: of NumPy's BLAS

    >>> Order(size=256).steps
    120
    """

    size: int = 512
    steps: int = 120
    style: float = 10.0
    content: float = 0.5
    match: float = 0.3
    smooth: float = 5.0
    keep_colours: bool = False
    layers: tuple[int, ...] = (0, 1, 2, 3, 4)
    alpha: float = 0.05
    threads: int = 1

    def __post_init__(self) -> None:
        if not 16 <= self.size <= LARGEST:
            raise OrderError(f"A painting has 16 to {LARGEST} pixels at its longer side, not {self.size}.")
        if self.steps < 1:
            raise OrderError(f"steps are 1 or more at each size, not {self.steps}.")
        if min(self.style, self.content, self.match, self.smooth) < 0 or not self.style + self.content > 0:
            raise OrderError("style, content, match and smooth are 0 or more, and style or content is above 0.")

    def optimizer(self) -> optim.Optimizer:
        """How the pixels are changed."""
        return PaletteAdam(self.alpha, schedule=optim.OneCycle(total=self.steps, warm=0.1, end=0.02))


class Painting:
    """A photograph on its way to a painting.

    photo, painting: (1, 3, H, W) from 0 to 1, as ``picture.read`` gives them
    order: how it should be; folder: where it is kept; look: the eye (the one that comes along when not said)
    """

    wish: type[Wish] = Wish  # another one is another way to measure style

    def __init__(
        self,
        photo: NDArray[Any],
        painting: NDArray[Any],
        order: Order,
        folder: Path,
        look: Eye | None = None,
    ) -> None:
        self.order, self.folder, self.look = order, Path(folder), look or eye()
        height, width = photo.shape[2:]
        shrink = min(1.0, order.size / max(height, width))
        self.photo = resized(photo, _sides((height, width), shrink))
        reach = min(1.0, order.size / max(painting.shape[2:]))  # never enlarged: blurred strokes are none
        self.painting = resized(painting, _sides(painting.shape[2:], reach))
        self.sizes = scales(self.photo.shape[2:])

    # -- what is kept -----------------------------------------------------------------------------------------
    def description(self) -> dict[str, Any]:
        """What this painting is made of and how, as plain data."""
        pictures = {name: _digest(part) for name, part in (("photo", self.photo), ("painting", self.painting))}
        asked = {key: value for key, value in asdict(self.order).items() if key != "threads"}
        described: dict[str, Any] = json.loads(json.dumps({**asked, **pictures}))  # as it will be read again
        return described

    def begun(self) -> dict[str, Any] | None:
        """The description of the painting that is in the folder already; None where there is none.

        Raises OrderError where something of somebody else has a name that a painting would write over.
        """
        try:
            found = json.loads((self.folder / "order.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            found = None
        if isinstance(found, dict) and found.keys() >= {"photo", "painting", "steps"}:
            return found
        if foreign := self._kept():
            raise OrderError(
                f"In {self.folder} there is {foreign[0].name}, which is no part of a painting by Cutaway; it would be "
                "written over. Name another folder: --out, or Painting(folder=...)."
            )
        return None

    def clear(self) -> None:
        """Take away what an earlier painting has left in the folder; nothing else is touched."""
        if self.begun() is None:
            return
        for part in self._kept():
            if part.is_dir():
                shutil.rmtree(part)
            else:
                part.unlink()

    def _describe(self) -> None:
        """Beside its place first, as all that is kept: half a description would make the folder somebody else's."""
        beside = self.folder / ".order.json.part"
        beside.write_text(json.dumps(self.description(), indent=1), encoding="utf-8")
        os.replace(beside, self.folder / "order.json")

    def _kept(self) -> list[Path]:
        """All that has a name of what a painting keeps; what says that it is a painting comes last."""
        inside = self.folder.iterdir() if self.folder.is_dir() else ()
        found = (part for part in inside if KEPT.fullmatch(part.name))
        return sorted(found, key=lambda part: (part.name == "order.json", part.name))

    def place(self, number: int) -> Path:
        """The folder of the run that paints one of the sizes."""
        return self.folder / f"size-{number + 1}"

    def reached(self) -> int:
        """The number of the size that was worked on last; 0 where nothing has begun."""
        there = [k for k in range(len(self.sizes)) if self.place(k).is_dir() and checkpoints(self.place(k))]
        return max(there, default=0)

    @property
    def finished(self) -> Path:
        """The picture, when it is done."""
        return self.folder / "painting.png"

    # -- painting ---------------------------------------------------------------------------------------------
    def go_on(self, say: Callable[[str], None] = lambda line: None, **how: Any) -> bool:
        """Paint from where it stands to the end; ``how`` goes to ``Run.train``. False where it was paused.

        say: told about every size that begins
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.begun() != self.description():
            self._describe()
        for number in range(self.reached(), len(self.sizes)):
            height, width = self.sizes[number]
            say(f"size {number + 1} of {len(self.sizes)}: {width} x {height} pixels, {self.order.steps} steps")
            watching = [Progress(self, number), *how.get("callbacks", ())]
            with shapes_only():  # what is recorded of a large picture with all its numbers would fill the memory
                run = self.run(number)
                if run.batch < run.goal:
                    run.train(until=run.goal, save=self.place(number), every=20, **{**how, "callbacks": watching})
            if run.batch < run.goal:
                return False
            if number == len(self.sizes) - 1:
                write(self.finished, self.shown(run, number))
            if number:
                shutil.rmtree(self.place(number - 1), ignore_errors=True)
        (self.folder / "progress.png").unlink(missing_ok=True)
        return True

    def run(self, number: int) -> Run:
        """The run that paints one of the sizes: the saved one, or a new one that begins from the size before."""
        order, place = self.order, self.place(number)
        there = place.is_dir() and bool(checkpoints(place))
        if there:
            saved = _resumed(place)
            if saved.batch >= saved.goal:
                return saved
        photo, painting = self._at(self._light(self.photo), number), self._at(self._ink(), number)
        start = photo if number == 0 else framed(resized(self._done(number - 1), self.sizes[number]))
        seen = [self.look.look(picture, order.threads) for picture in (photo, painting, start)]
        goals, wanted = _goals(order, painting, *seen)
        data = Dataset(photo, np.concatenate([part.ravel() for part in wanted])[None])
        if there:
            return _resumed(place, data)
        wish = self.wish(self.look, seen[1], goals, style=order.style, smooth=order.smooth, layers=order.layers)
        run = Run(
            Canvas(np.clip(start, 0, 1)),
            wish,
            order.optimizer(),
            data,
            1,
            threads=order.threads,
            budget=64 << 20,
            name=f"paint {photo.shape[3]} x {photo.shape[2]}",
        )
        run.goal = order.steps
        return run

    def shown(self, run: Run, number: int) -> NDArray[Any]:
        """The picture of a run as a person sees it: without its frame, in the colours that are wanted."""
        return self._coloured(self._canvas(run, number), number)

    def _canvas(self, run: Run, number: int) -> NDArray[Any]:
        return unframed(run.state["pixels"], self.sizes[number])

    def _done(self, number: int) -> NDArray[Any]:
        """The finished picture of a size."""
        return self._canvas(_resumed(self.place(number)), number)

    def _at(self, picture: NDArray[Any], number: int) -> NDArray[Any]:
        """A picture shrunk as the photograph is at one of the sizes, and framed."""
        halvings = len(self.sizes) - 1 - number
        return framed(resized(picture, _sides(picture.shape[2:], 0.5**halvings)))

    def _light(self, picture: NDArray[Any]) -> NDArray[Any]:
        return grey(picture) if self.order.keep_colours else picture

    def _ink(self) -> NDArray[Any]:
        """The painting; where only brightness counts, as bright and as rich in contrast as the photograph."""
        if not self.order.keep_colours:
            return self.painting
        here, there = grey(self.photo), grey(self.painting)
        return np.asarray((there - there.mean()) * (here.std() / max(float(there.std()), 1e-3)) + here.mean())

    def _coloured(self, picture: NDArray[Any], number: int) -> NDArray[Any]:
        if not self.order.keep_colours:
            return picture
        return np.clip(coloured(picture, resized(self.photo, self.sizes[number])), 0, 1)


class Progress:
    """A callback that writes down how far the picture is, every few seconds."""

    def __init__(self, painting: Painting, number: int) -> None:
        self.painting, self.number, self.last = painting, number, monotonic()

    def batch(self, run: Run) -> None:
        """After every step."""
        if monotonic() - self.last >= GLANCE:
            self.finished(run)
            self.last = monotonic()

    def finished(self, run: Run) -> None:
        """At the end of a size, too."""
        write(self.painting.folder / "progress.png", self.painting.shown(run, self.number))

    paused = finished


def _resumed(place: Path, data: Dataset | None = None) -> Run:
    """The newest checkpoint that is whole; where none is, what to do."""
    for file in checkpoints(place):
        try:
            return Run.resume(file, data=data)
        except CheckpointError as error:
            why = str(error).split(" Another one is there")[0]
    raise OrderError(f"This painting cannot go on: {why} Begin it anew: --fresh, or Painting.clear().")


def _goals(
    order: Order,
    painting: NDArray[Any],
    photo: Sequence[NDArray[Any]],
    strokes: Sequence[NDArray[Any]],
    start: Sequence[NDArray[Any]],
) -> tuple[list[Goal], list[NDArray[Any]]]:
    """What is wanted place by place, given what the layers see in the photo, in the painting and at the start."""
    goals = [Goal(CONTENT, order.content / _spread(photo[CONTENT]))]
    wanted = [photo[CONTENT]]
    for k in MATCHED if order.match else ():
        here, there = (photo[k] + start[k]) / 2, strokes[k]
        places = nearest(here, there)
        colours = pooled(Tensor(painting), STEPS[k]).numpy()
        share = order.match / len(MATCHED)
        goals += [Goal(k, share / _spread(there)), Goal(k, COLOUR * share / _spread(painting), colours=True)]
        wanted += [_taken(part, places, here.shape) for part in (there, colours)]
    return goals, wanted


def _taken(seen: NDArray[Any], places: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    """What is at these places, laid out in the shape of another picture."""
    return np.asarray(seen.reshape(seen.shape[1], -1)[:, places].reshape(1, -1, *shape[2:]))


def _spread(values: NDArray[Any]) -> float:
    return float(np.var(values)) + 1e-6


def scales(size: Sequence[int]) -> list[tuple[int, int]]:
    """Heights and widths from the first sketch to full size, each twice as large as the one before.

    >>> scales((300, 400))
    [(75, 100), (150, 200), (300, 400)]
    """
    halvings = 0
    while max(size) / 2 ** (halvings + 1) >= SKETCH:
        halvings += 1
    return [_sides(size, 0.5**k) for k in range(halvings, -1, -1)]


def _sides(size: Sequence[int], shrink: float) -> tuple[int, int]:
    height, width = (max(1, round(n * shrink)) for n in size)
    return height, width


def _digest(picture: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()[:16]
