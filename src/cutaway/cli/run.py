"""`cutaway run digits`: train a project of the book, go on where it was interrupted, and look at the result."""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic
from typing import Any

import click
import numpy as np
from rich.console import Console

from cutaway import data
from cutaway.projects import digits
from cutaway.training import Run
from cutaway.training.checkpoint import CheckpointError, checkpoints

from . import screen
from .app import app, typed

__all__ = ["DIGITS", "EpochLines", "newest_in", "run"]

DIGITS = Path("runs") / "digits"
SHOWN = 5  # mistakes


@app.group()
def run() -> None:
    """Train a project of the book."""


@run.command("digits")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the 8,000 training digits.  [default: 12]")
@click.option("--seed", type=click.IntRange(0), help="Decides all that is left to chance.  [default: 0]")
@click.option("--fresh", is_flag=True, help="Begin anew, even where a saved run could go on.")
@click.option(
    "--out", "folder", type=click.Path(path_type=Path), default=DIGITS, show_default=True, help="Folder of the run."
)
@click.option("--plain", is_flag=True, help="Plain lines: no colours, no moving bar.")
def run_digits(epochs: int | None, seed: int | None, fresh: bool, folder: Path, plain: bool) -> None:
    """Train a network to read handwritten digits (about a minute).

    It learns from 8,000 real digits that come with Cutaway and is judged on 2,000 others. Ctrl-C pauses and keeps
    everything; the same command goes on. When it is done, its surest mistakes are shown and the run is saved.
    """
    out = screen.console(plain)
    chosen = {key: value for key, value in {"epochs": epochs, "seed": seed}.items() if value is not None}
    training, note = _begin(folder, chosen, fresh)
    out.print(note, soft_wrap=True)
    if training.batch < training.goal:
        _train(out, training, folder, plain)
        if training.batch < training.goal:
            out.print(
                f"Paused after batch {training.batch} of {training.goal}; everything is kept in {folder}.\n"
                f"To go on, type the same again: {_again(folder)}",
                soft_wrap=True,
            )
            return
    _show(out, training, folder)


def _begin(folder: Path, chosen: dict[str, int], fresh: bool) -> tuple[Run, str]:
    """The run in the folder if it can go on and is what was asked for, a new one otherwise, and what to say.

    chosen: the options that were typed; the others are as the run in the folder has them
    """
    if fresh or not folder.is_dir() or not checkpoints(folder):
        for old in checkpoints(folder) if folder.is_dir() else ():
            old.unlink()
        recipe = digits.Recipe(**chosen)
        beginning = "Training on 8,000 handwritten digits"
        passes = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs} epochs"
        return digits.new_run(recipe), f"{beginning}: {passes}, seed {recipe.seed}."
    saved = newest_in(folder)
    replace = "To replace it, add --fresh; to keep it, name another folder with --out."
    if saved.name != "digits" or saved.data is None:
        raise click.UsageError(f"In {folder} there is another run, {saved.name or 'without a name'}. {replace}")
    there = {"seed": saved.seed, "epochs": saved.goal / len(saved.loader())}
    if any(there[option] != value for option, value in chosen.items()):
        passes = "1 epoch" if there["epochs"] == 1 else f"{there['epochs']:g} epochs"
        raise click.UsageError(f"The run in {folder} has seed {saved.seed} and {passes}. {replace}")
    if saved.batch >= saved.goal:
        return saved, f"This network is trained already (--fresh trains it anew). It is in {folder}."
    return saved, f"Going on after batch {saved.batch} of {saved.goal}, from {folder} (--fresh begins anew)."


def newest_in(folder: Path) -> Run:
    """The newest checkpoint that is whole; a damaged one is put aside when there is one before it."""
    newest, *before = checkpoints(folder)
    try:
        return Run.resume(newest)
    except CheckpointError as error:
        if not before:
            raise CheckpointError(f"{error} To begin anew, add --fresh.") from None
        click.echo(f"{error} It is put aside.")
        newest.rename(newest.with_suffix(".damaged"))
        return newest_in(folder)


def _train(out: Console, training: Run, folder: Path, plain: bool) -> None:
    start = monotonic()
    if plain:
        digits.go_on(training, progress=False, save=folder, callbacks=[EpochLines(out)])
    else:
        digits.go_on(training, save=folder)
    if training.batch >= training.goal:
        out.print(f"Trained in {monotonic() - start:.0f} seconds.")


class EpochLines:
    """A plain line after every epoch."""

    def __init__(self, out: Console) -> None:
        self.out = out

    def epoch(self, training: Run) -> None:
        """Say how the last epoch went."""
        batches = len(training.loader())
        loss = float(training.losses[-batches:].mean())
        accuracy = float(training.curve("accuracy")[-batches:].mean())
        self.out.print(
            f"epoch {training.epoch}/{training.goal // batches}  loss {loss:.4f}  accuracy {100 * accuracy:.1f} %"
        )


def _show(out: Console, training: Run, folder: Path) -> None:
    """The score, a few mistakes as pictures, and what to do next."""
    held_out = data.load("digits").test
    found = digits.report(training.predict, held_out)
    if found.mistakes:
        out.print(
            f"\nOf the {len(held_out):,} held-out digits it misreads {len(found.mistakes)}. "
            "These it was surest about:\n",
            soft_wrap=True,
        )
        shown = found.mistakes[:SHOWN]
        pictures = [_window(m.picture) for m in shown]
        captions = [(f"says {m.said} ({100 * m.share:.0f} %)", f"it is {m.truth}") for m in shown]
        for line in screen.row_of_pictures(out, pictures, captions):
            out.print(line)
        out.print(f"\nMost often confused: {_confused(found.confusion)}", soft_wrap=True)
    out.print(f"\nheld-out accuracy: {100 * found.accuracy:.2f} %")
    named = () if folder == DIGITS else ("--run", folder)
    out.print(
        f"\nThe run is saved in {folder}. What now?\n"
        f"  {typed('try', 'digits', *named)} PHOTO     read a photo or drawing of a digit\n"
        f"  {typed('open', folder)}     look inside: play, pause, step, go back, change\n"
        f"  {typed()} --help               all commands\n"
        f'In Python: run = ct.Run.resume({json.dumps(folder.as_posix())}); run.back(100); run.step("op")',
        soft_wrap=True,
    )


def _window(picture: Any) -> Any:
    """The picture without most of its empty border."""
    return picture[1:27, 3:25]


def _confused(confusion: Any) -> str:
    wrong = confusion * (1 - np.eye(10, dtype=np.int64))
    pairs = np.argsort(-wrong, axis=None, kind="stable")[:3]
    words = [f"{k // 10} read as {k % 10} ({wrong.flat[k]} times)" for k in pairs if wrong.flat[k] > 1]
    return ", ".join(words) or "no pair more than once"


def _again(folder: Path) -> str:
    return typed("run", "digits", *(() if folder == DIGITS else ("--out", folder)))
