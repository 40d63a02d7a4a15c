"""`cutaway open RUN`: a saved run in the browser: play, pause, step, back, look, change."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from cutaway.training import Run

from . import screen
from .app import app


@app.command("open")
@click.argument("path", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port of the page.  [default: any free one]")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def open_run(path: Path, port: int, no_browser: bool) -> None:
    """Open a saved run in the browser, to play, pause, step, go back, look and change.

    RUN is a folder or file that a run was saved in, such as runs/digits. The page is served to this machine alone,
    under an address with a secret word in it. What is done there changes nothing in RUN. Ctrl-C ends it.
    """
    from cutaway.glass.studio.server import needs_studio, serve
    from cutaway.glass.studio.session import Session

    needs_studio()
    out = screen.console()
    run = Run.resume(path)
    for note in run.notes:
        out.print(note, markup=False, soft_wrap=True)
    out.print(f"{run}", markup=False, soft_wrap=True)

    def ready(address: str) -> None:
        click.echo(f"The studio is at {address}\nCtrl-C ends it.")
        if not no_browser:
            webbrowser.open(address)

    serve(Session(run), port, ready)
    click.echo("The studio is closed; the saved run is as it was.")
