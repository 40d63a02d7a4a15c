"""The words with which a run is looked at: each hands over to the glass, which is imported when it is first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, cast

from ..engine.tape import Step
from .hands import Hands

if TYPE_CHECKING:
    from ..glass import Compared, Explained, Health, Picture, Shown, Sight, Watch, Watches, Why
    from .run import Run

__all__ = ["Looks"]


class Looks(Hands):
    """A run that can be looked into."""

    _watches: Watches | None = None

    @property
    def _run(self) -> Run:
        return cast("Run", self)

    def show(self, name: int | str | None = None) -> Shown:
        """Show a part of the run as numbers, spread and picture; with no name the losses so far.

        name: state ("1.weight", "alpha", "m/1.weight"), an input ("x"), what a layer gave ("forward/1", or its path),
            a step's label ("backward/1"), a gradient ("1.weight.grad"), or a slot by its number
        Slots are those of the open batch; while none is open, of the last one done.
        """
        from ..glass.show import show_of

        return show_of(self._run, name)

    def explain(
        self, what: int | str | Step | None = None, at: tuple[int, ...] | int | None = None, *, inside: bool = False
    ) -> Explained:
        """Tell a step, a layer ("1"), "loss", "optimizer" or a weight's update, with this moment's numbers in it.

        what: the step done last, when not said; at: which number of the result is followed; inside: open the step
        """
        from ..glass import explain

        return explain(self._run, what, at, inside=inside)

    def why(self, name: str, index: Any, batch: int | None = None) -> Why:
        """What moved this number: the change of the last batch (or any other), split by rule and by example."""
        from ..glass import why

        return why(self._run, name, index, batch)

    def picture(self, depth: str = "boxes", phase: str = "forward") -> Picture:
        """Draw the training step: "boxes", "matrices" or "neurons"; of "forward", "backward", "update" or "all"."""
        from ..glass.picture import picture

        return picture(self._run, depth=depth, phase=phase)

    def sees(self, picture: Any = 0, answer: int | None = None, layer: str = "") -> Sight:
        """What the network sees in an example (by its number) or a picture (C, H, W): ``glass.sees`` of this run."""
        from ..glass.sight import sees

        return sees(self._run, picture, answer, layer)

    def compare(self, other: Run) -> Compared:
        """Two branches side by side: where they part and why, their losses, where their weights differ now."""
        from ..glass import compare

        return compare(self._run, other)

    def health(self) -> Health:
        """Look for what goes wrong in trainings: NaN and its origin, dead units, gradients, learning rate, answers.

        Silent on a healthy run; else every finding says what was met and what to try, and goes to the moment.
        """
        from ..glass import health

        return health(self._run)

    def watch(self, condition: str | Callable[[Run], Any], name: str = "") -> Watch:
        """Stop where this comes true: ``watch("loss > 2")``, or a function of the run, asked after every batch.

        In a text may stand loss, accuracy, batch, epoch, alpha, parts of the state in quotes ("1.weight"[3, 5]),
        norm, min, max, mean, any, all, nan(), changes_sign(...), flips(example), grad("1.weight"), slot(12). A batch
        whose slots are asked for is walked. Watching changes no bit; ``watches.hits`` keeps what happened.
        """
        return self.watches.add(condition, name)

    def studio(self) -> Any:
        """Open the studio: in a notebook a widget for this cell, elsewhere a page in the browser until Ctrl-C."""
        from ..glass.studio import studio

        return studio(self._run)

    def unwatch(self, which: Any = None) -> Self:
        """Stop watching a condition (the watch, its text, function or number), or all of them."""
        self.watches.remove(which)
        return self

    @property
    def watches(self) -> Watches:
        """The conditions that stop this run, and ``watches.hits``."""
        from ..glass import Watches

        if self._watches is None:
            self._watches = Watches(self._run)
        return self._watches
