"""`cutaway grade FOLDER`: the notebooks of a class, run and checked, in one table."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cutaway.course.executing import Limits, in_the_background
from cutaway.course.grading import Graded, find, grade_all, table_rows
from cutaway.course.lab import needs_lab
from cutaway.training.machine import cores

from . import screen
from .app import app

SHORT = {"right": ("right", "green"), "mistake": ("wrong", "red"), "not yet": ("wrong", "red")}
WARNING = (
    "This runs the code of {count} on this machine, with your rights: it could read and change what you can. "
    "For notebooks you do not trust, use an account or a container of its own."
)


@app.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the table to this file too."
)
@click.option("--cell-limit", type=click.FloatRange(min=1), default=60, show_default=True, help="Seconds for one cell.")
@click.option("--limit", type=click.FloatRange(min=1), default=600, show_default=True, help="Seconds for a notebook.")
@click.option("--jobs", type=click.IntRange(1), help="How many notebooks at once.  [default: one a core]")
@click.option("--yes", is_flag=True, help="Do not ask before the notebooks are run.")
def grade(folder: Path, file: Path | None, cell_limit: float, limit: float, jobs: int | None, yes: bool) -> None:
    """Run every notebook below FOLDER and gather what its checks say, one row a notebook.

    Of several verdicts on one exercise the best counts. An exercise whose check did not run, because its cell was
    deleted, changed or never reached, says "no check". A notebook that breaks or hangs is a row that says so. The
    notebooks themselves are not changed.
    """
    needs_lab()
    paths = find(folder)
    if not paths:
        raise click.ClickException(f"There is no notebook (.ipynb) below {folder}.")
    permit(len(paths), yes)
    out, done = screen.console(), {}
    stopped = False
    try:
        done = run(out, paths, Limits(cell_limit, limit), jobs or cores())
    except Stopped as early:
        stopped, done = True, early.done
    graded = [done.get(path) or Graded(path, remarks=["not run: stopped by Ctrl-C"]) for path in paths]
    show(out, graded, folder)
    if file is not None:
        write_csv(file, graded, folder)
        out.print(f"\nThe table is in {file}.", soft_wrap=True)
    if stopped:
        raise click.exceptions.Exit(130)


class Stopped(Exception):  # noqa: N818 (nothing went wrong)
    """Ctrl-C; with what was graded until then."""

    def __init__(self, done: dict[Path, Graded]) -> None:
        self.done = done


def permit(count: int, yes: bool) -> None:
    """Say what is about to happen, and ask where somebody is there to answer."""
    words = WARNING.format(count=f"{count} notebook{'s' * (count != 1)}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.ClickException(f"{words} To go on, add --yes.")
    click.echo(words)
    click.confirm("Go on?", abort=True)


def run(out: Console, paths: list[Path], limits: Limits, jobs: int) -> dict[Path, Graded]:
    """Grade them under a bar (plain lines where there is no terminal)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    done: dict[Path, Graded] = {}
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("notebooks", total=len(paths))

        def one(graded: Graded) -> None:
            done[graded.path] = graded
            bar.advance(task)
            if not out.is_terminal:
                click.echo(f"{len(done)} of {len(paths)}: {graded.path.name}")

        try:
            in_the_background(lambda: grade_all(paths, limits, min(jobs, len(paths)), one))
        except KeyboardInterrupt:
            raise Stopped(done) from None
    return done


def show(out: Console, graded: list[Graded], folder: Path) -> None:
    """A table for each chapter (or set of them), then what is to be said about single notebooks, then mistakes."""
    groups: dict[tuple[str, ...], list[Graded]] = {}
    for one in graded:
        groups.setdefault(one.numbers, []).append(one)
    for numbers, members in sorted(groups.items()):
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("notebook", overflow="fold")
        for head in (*numbers, "solved"):
            table.add_column(head, no_wrap=True)
        for one in members:
            cells = [verdict(one, number) for number in numbers]
            share = f"{one.solved} of {len(numbers)}" if numbers else "-"
            table.add_row(Text(one.path.relative_to(folder).as_posix()), *cells, share)
        if numbers and len(members) > 1:
            solved = [str(sum(one.said(number) == "right" for one in members)) for number in numbers]
            table.add_row(Text("solved by", style="dim"), *solved, "")
        out.print()
        out.print(table)
    say_more(out, graded, folder)


def verdict(one: Graded, number: str) -> Text:
    """One cell of the table."""
    word, style = SHORT.get(one.said(number), (one.said(number), "dim"))
    shown = number in one.marks and one.marks[number].shown
    return Text(word + ("*" if shown else ""), style=style)


def say_more(out: Console, graded: list[Graded], folder: Path) -> None:
    """Below the table: what a star means, what happened in single notebooks, which mistakes have names."""

    def line(text: str) -> None:
        out.print(text, soft_wrap=True)

    if any(mark.shown for one in graded for mark in one.marks.values()):
        line("\n* the notebook asks for the solution")
    troubled = [one for one in graded if one.remarks]
    if troubled:
        line("")
    for one in troubled:
        line(f"{one.path.relative_to(folder).as_posix()}: {'; '.join(one.remarks)}")
    named = Counter(
        (number, mark.name) for one in graded for number, mark in one.marks.items() if mark.kind == "mistake"
    )
    if named:
        line("\nMistakes that have a name, the commonest first:")
    for (number, name), count in named.most_common():
        line(f"  {count} x  {number}  {name}")


def write_csv(file: Path, graded: list[Graded], folder: Path) -> None:
    """The whole table, in one stroke; the mark at its beginning lets spreadsheets read every alphabet."""
    head, rows = table_rows(graded, folder)
    text = io.StringIO(newline="")
    csv.writer(text).writerows([head, *rows])
    part = file.with_name(file.name + ".part")
    part.write_bytes(text.getvalue().encode("utf-8-sig"))
    os.replace(part, file)
