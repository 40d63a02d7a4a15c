"""The studio in a cell of a notebook: the same page, with the notebook's own messages.

Nothing runs in the background: the picture pulls, so other cells can be run meanwhile, and what they do to the run is
seen in the picture when they have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from ...engine.errors import CutawayError
from ...engine.shell import pip_install
from .modules import bundle, style
from .session import Session

try:
    import anywidget
    import traitlets
except ImportError:
    raise CutawayError(
        f"The studio in a notebook needs anywidget. Type: {pip_install('anywidget', 'ipywidgets')}"
    ) from None

if TYPE_CHECKING:
    from ...training.run import Run
    from .drawn import Prepare

__all__ = ["Studio"]

APART = 0.2  # seconds between two pictures for views that only watch


class Studio(anywidget.AnyWidget):
    """A run in a cell: play, pause, step, back, look, change.

    run: what is looked at; of several branches, ``studio.run`` is the selected one
    prepare: what a drawing goes through before the network sees it; where nothing is said, what fits the data

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> Studio(run).run is run
    True
    """

    host = traitlets.Unicode("notebook").tag(sync=True)

    def __init__(self, run: Run, prepare: Prepare | None = None) -> None:
        self._esm = f'{bundle("studio.js")}export default (await load("studio.js")).default;\n'
        self._css = style()
        self.session = Session(run, prepare)
        self._shown = 0.0
        super().__init__()
        self.on_msg(self._answer)
        _after_cells(self._look_again)

    @property
    def run(self) -> Run:
        """The run that is looked at."""
        return self.session.run

    def _answer(self, _: Any, command: Any, buffers: Sequence[Any]) -> None:
        if not isinstance(command, dict):
            return
        for head, parts in self.session.handle(command, [bytes(part) for part in buffers]):
            self.send(head, parts)
        if monotonic() - self._shown > APART or not self.session.player.playing:
            self._look_again(but=str(command.get("client", "")))

    def _look_again(self, *_: Any, but: str | None = None) -> None:
        """Show every view where the run stands, if it does not know."""
        self._shown = monotonic()
        for head, parts in self.session.news(but):
            self.send(head, parts)


def _after_cells(look: Any) -> None:
    """Have a look after every cell, where there is a notebook."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", look)
