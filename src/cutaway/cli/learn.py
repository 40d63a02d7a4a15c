"""`cutaway learn`: the table of the chapters and how far one is; `cutaway learn 4`: a chapter in JupyterLab."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click
from rich.table import Table

from cutaway.course import progress
from cutaway.course.chapters import Chapter, chapter, chapters
from cutaway.course.checking import exercises
from cutaway.course.copies import copy_of, folder
from cutaway.course.lab import needs_lab, open_lab

from . import screen
from .app import app, typed


@app.command()
@click.argument("number", metavar="[CHAPTER]", type=int, required=False)
@click.option(
    "--folder",
    "where",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where your copies lie.  [default: cutaway-course in your home]",
)
@click.option("--again", is_flag=True, help="Begin the chapter anew; the old copy is kept beside it.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port of the page.  [default: any free one]")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def learn(number: int | None, where: Path | None, again: bool, port: int, no_browser: bool) -> None:
    """The course: without a number its chapters and your progress, with one that chapter in JupyterLab.

    The notebook that opens is your own copy, made the first time. It is never written over: when Cutaway brings a new
    version of a chapter, that one comes beside yours. What you have solved is remembered apart from the copies.
    """
    if number is None:
        if again:
            raise click.UsageError("--again needs the number of a chapter: cutaway learn 4 --again")
        overview()
        return
    one = chapter(number)
    needs_lab()
    mine = copy_of(one, (where or folder()).expanduser().absolute(), again)
    if mine.note:
        click.echo(mine.note)

    def ready(address: str) -> None:
        click.echo(f"Chapter {one.number}, {one.title}, is at {address}\nCtrl-C ends it; JupyterLab saves as you go.")
        if not no_browser:
            webbrowser.open(address)

    open_lab(mine.path, ready, port)
    click.echo(f"Until next time. {standing(one)}")


def overview() -> None:
    """The chapters in a table, and where to go on."""
    there = chapters()
    out = screen.console()
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("chapter", no_wrap=True)
    table.add_column("solved", no_wrap=True)
    table.add_column("", no_wrap=True)
    here, following = where_to_go_on(list(there.values()))
    for one in there.values():
        done, all_of_them = solved(one)
        row = f"{one.number}  {one.title}", f"{done} of {all_of_them}" if all_of_them else "", ""
        if one is here and done:
            row = *row[:2], "<- you are here"
        table.add_row(*row, style="green" if all_of_them and done == all_of_them else None)
    out.print(table)
    out.print(f"\n{following}", soft_wrap=True)


def solved(one: Chapter) -> tuple[int, int]:
    """How many exercises of a chapter are solved, of how many."""
    known, kept = exercises(one.number), progress.marks(one.number)
    return sum(kept[number].kind == "right" for number in known if number in kept), len(known)


def where_to_go_on(there: list[Chapter]) -> tuple[Chapter | None, str]:
    """The chapter that was last worked on, or the one after it when that is done; and one sentence on what to type."""
    if not there:
        return None, "No chapter is in this package."
    last = {one.number: max((mark.when for mark in progress.marks(one.number).values()), default=0.0) for one in there}
    here = max(there, key=lambda one: (last[one.number], -one.number))
    while solved(here)[0] == solved(here)[1]:
        later = [one for one in there if one.number > here.number] or [
            one for one in there if solved(one)[0] < solved(one)[1]
        ]
        if not later:
            return here, "Every exercise is solved. Begin any chapter anew with --again."
        here = later[0]
    if not any(last.values()):
        return here, f"Begin with: {typed()} learn {here.number}"
    return here, f"Go on with: {typed()} learn {here.number}. {standing(here)}"


def standing(one: Chapter) -> str:
    """How far a chapter is, in a sentence."""
    kept = progress.marks(one.number)
    for number, exercise in exercises(one.number).items():
        if number not in kept or kept[number].kind != "right":
            return f"The next exercise is {number}, {exercise.title}."
    return f"Every exercise of chapter {one.number} is solved."
