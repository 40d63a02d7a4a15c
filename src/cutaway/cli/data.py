"""`cutaway data`: what data there is, fetching it, and where it lies."""

from __future__ import annotations

import click
from rich.table import Table

import cutaway.data as sets

from . import screen
from .app import app


@app.group()
def data() -> None:
    """Show, fetch and find the data sets."""


@data.command("list")
def list_() -> None:
    """All data sets, and whether they are on this machine."""
    out = screen.console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "examples", "size", "where", "licence"):
        table.add_column(column)
    for entry in sets.catalog():
        where = "in the package" if entry.embedded else "on this machine" if entry.here else "to be fetched"
        table.add_row(entry.name, entry.examples, _size(entry.size), where, entry.licence)
    out.print(table)
    for entry in sets.catalog():
        out.print(f"\n{entry.name}: {entry.about}")
    out.print('\nYour own table: ct.data.table("file.csv", predict="column")')


@data.command()
@click.argument("name")
def get(name: str) -> None:
    """Fetch a data set, if it is not on this machine yet."""
    out = screen.console()
    if not out.is_terminal:
        path = sets.fetch(name)
    else:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = TextColumn(name), BarColumn(), DownloadColumn(), TimeRemainingColumn()
        with Progress(*columns, console=out, transient=True) as progress:
            task = progress.add_task("", total=None)
            path = sets.fetch(name, lambda done, total: progress.update(task, completed=done, total=total))
    out.print(f"{name} is here: {path}")


@data.command()
@click.argument("name")
def path(name: str) -> None:
    """Print where a data set lies on this machine, or will lie when it is fetched."""
    entry = {entry.name: entry for entry in sets.catalog()}.get(name)
    click.echo(sets.fetch(name) if entry is None else entry.path)  # fetch knows the sentence for unknown names


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"
