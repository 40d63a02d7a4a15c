"""The studio: a run in a page, in a cell of a notebook, or recorded in a file.

session (commands in, answers out, whatever carries them) on commands, playing, branches, viewing, telling, asking and
board (drawn, what it goes through); server (a page on this machine), widget (a cell), static (a file that replays
a stretch); wire (messages as bytes), arrays (what of an array is sent), program and words (what a program is called),
modules (the page's code).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .session import Session
from .static import Recording, save_html

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Recording", "Session", "save_html", "studio"]


def studio(run: Run) -> Any:
    """Open the studio on a run: in a notebook a widget for this cell; elsewhere a page in the browser, until Ctrl-C."""
    kernel = sys.modules.get("ipykernel.zmqshell")
    shell = kernel and sys.modules["IPython"].get_ipython()
    if kernel and isinstance(shell, kernel.ZMQInteractiveShell):
        from .widget import Studio

        return Studio(run)
    import webbrowser

    from .server import serve

    def ready(address: str) -> None:
        print(f"The studio is at {address}\nCtrl-C ends it.", flush=True)
        webbrowser.open(address)

    serve(Session(run), ready=ready)
    return None
