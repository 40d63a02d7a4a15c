"""`cutaway run mnist`, `fashion` and `objects`, and `cutaway try` for them: train, look at the result, ask."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.text import Text

from cutaway import data
from cutaway.projects.pictures import NotTrainedError, Views, shares
from cutaway.training import Run, machine
from cutaway.training.checkpoint import checkpoints, finished

from . import screen
from .app import typed
from .run import EpochLines, newest_in, run
from .trying import another, try_

__all__ = ["PROJECTS", "Project"]

RUNS = Path("runs")


@dataclass(frozen=True)
class Project:
    """A project on pictures as the command sees it.

    data: the name of its data set; what: its pictures; quick, best: how long each takes on two cores
    """

    name: str
    data: str
    about: str
    what: str
    quick: str
    best: str
    asks: str  # what `try` does
    cut: str  # how a picture of one's own is made like those it learnt from
    shown: int = 5  # mistakes
    ink: bool = False  # strokes on paper, drawn in full blocks where there are no colours

    @property
    def code(self) -> Any:
        """Its module: data and networks are imported when somebody needs them."""
        return importlib.import_module(f"cutaway.projects.{self.name}")

    def folder(self, kind: str) -> Path:
        """Where its runs are saved."""
        return RUNS / f"{self.name}-{kind}"

    def trained(self) -> Path | None:
        """The run to ask when none is named: the best that is trained to its end; None is the one that comes along."""
        ways = ("best",) if self.code.use.SHIPPED.is_file() else ("best", "quick")
        return next((self.folder(kind) for kind in ways if finished(self.folder(kind))), None)


PROJECTS = (
    Project(
        "mnist",
        "mnist",
        "read handwritten digits, all 60,000 of MNIST",
        "digits",
        "1 minute",
        "12 minutes",
        asks="Read photos or drawings of a single digit, by a network that learnt from all of MNIST.",
        cut="The digit is found, cut out and laid into 28 x 28 pixels like the digits the network learnt from.",
        ink=True,
    ),
    Project(
        "fashion",
        "fashion",
        "tell clothes, shoes and bags apart",
        "pictures",
        "1 or 2 minutes",
        "40 minutes",
        asks="Say which piece of clothing, shoe or bag a photo shows.",
        cut="The piece is told from what lies around it, cut out and laid light on black into 28 x 28 pixels, like a "
        "shop's pictures of one piece each, from which the network learnt. Best is one piece, spread out, upright, "
        "on a plain ground; a shoe from its side.",
    ),
    Project(
        "objects",
        "cifar10",
        "name what is on a small photograph (CIFAR-10)",
        "photographs",
        "5 minutes",
        "an hour and a half",
        asks="Say which of ten kinds of animals and vehicles a photo shows.",
        cut="Its middle is made as small as the photographs the network learnt from, 32 x 32 pixels: best is a photo "
        "that one animal or vehicle fills.",
        shown=3,
    ),
)


def _run_command(project: Project) -> None:
    @run.command(project.name, short_help=f"Train a network to {project.about}.")
    @click.option("--quick", "kind", flag_value="quick", default="quick", help=f"A small network ({project.quick}).")
    @click.option("--best", "kind", flag_value="best", help=f"As good as it gets ({project.best}).")
    @click.option("--seed", type=click.IntRange(0), help="Decides all that is left to chance.  [default: 0]")
    @click.option("--fresh", is_flag=True, help="Begin anew, even where a saved run could go on.")
    @click.option("--out", "folder", type=click.Path(path_type=Path), help="Folder of the run.")
    @click.option("--plain", is_flag=True, help="Plain lines: no colours, no moving bar.")
    def command(kind: str, seed: int | None, fresh: bool, folder: Path | None, plain: bool) -> None:
        out = screen.console(plain)
        where = folder or project.folder(kind)
        recipe = getattr(project.code, kind.upper())
        recipe = replace(recipe, workers=min(recipe.workers, machine.cores()))
        training, note = _begin(project, replace(recipe, seed=seed or 0), where, fresh, seed is not None)
        out.print(note, soft_wrap=True)
        if training.batch < training.goal:
            start = monotonic()
            how: dict[str, Any] = {"progress": False, "callbacks": [EpochLines(out)]} if plain else {}
            project.code.go_on(training, save=where, **how)
            if training.batch < training.goal:
                again = typed("run", project.name, f"--{kind}", *(("--out", where) if folder else ()))
                out.print(
                    f"Paused after batch {training.batch} of {training.goal}; everything is kept in {where}.\n"
                    f"To go on, type the same again: {again}",
                    soft_wrap=True,
                )
                return
            out.print(f"Trained in {monotonic() - start:.0f} seconds.")
        _show(out, project, training, where, kind)

    command.help = (
        f"Train a network to {project.about}.\n\nThe {project.what} are fetched once (`{typed()} data get "
        f"{project.data}`). Ctrl-C pauses and keeps everything; the same command goes on. When it is done, the "
        "held-out ones are looked at: the score, what is taken for what, and the surest mistakes. The run is saved."
    )


def _begin(project: Project, recipe: Any, folder: Path, fresh: bool, chosen: bool) -> tuple[Run, str]:
    """The run in the folder if it can go on and is what was asked for, a new one otherwise, and what to say."""
    saved = checkpoints(folder) if folder.is_dir() else []
    if fresh or not saved:
        begun = project.code.new_run(recipe)
        for old in saved:
            old.unlink()
        passes = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs} epochs"
        return begun, f"Training on {len(begun.data):,} {project.what}: {passes}, seed {recipe.seed}."
    found = newest_in(folder)
    replace = "To replace it, add --fresh; to keep it, name another folder with --out."
    ours = found.name == project.name
    if ours and found.data is None:
        data.load(project.data)  # which says what to do where the pictures are not to be had any more
        found = newest_in(folder)
        if found.data is None:
            raise click.UsageError(f"The run in {folder} learnt from other {project.what} than are here now. {replace}")
    if not ours or (chosen and found.seed != recipe.seed) or found.goal != recipe.epochs * len(found.loader()):
        raise click.UsageError(
            f"In {folder} there is another run, {found.name or 'without a name'}, with seed {found.seed}, "
            f"{found.goal} batches long. {replace}"
        )
    if found.batch >= found.goal:
        return found, f"This network is trained already (--fresh trains it anew). It is in {folder}."
    return found, f"Going on after batch {found.batch} of {found.goal}, from {folder} (--fresh begins anew)."


def _show(out: Console, project: Project, training: Run, folder: Path, kind: str) -> None:
    """The score, what is taken for what, a few mistakes as pictures, and what to do next."""
    sets = data.load(project.data)
    held_out, names = sets.test, sets.classes
    views = project.code.VIEWS if kind == "best" else Views()
    looks = f"{len(views)} looks at each" if len(views) > 1 else "one look at each"
    out.print(f"\nNaming the {len(held_out):,} held-out {project.what}, {looks} ...", soft_wrap=True)
    found = project.code.report(training.predict, held_out, views)
    out.print("\nWhat it is (rows), and what it was taken for (columns):\n")
    for row in screen.confusion(names, found.confusion):
        out.print(row)
    if found.mistakes:
        out.print(f"\n{len(found.mistakes)} are wrong. These it was surest about:\n", soft_wrap=True)
        shown = found.mistakes[: project.shown]
        captions = [(f"says {names[m.said]}", f"({100 * m.share:.0f} %)", f"it is {names[m.truth]}") for m in shown]
        for line in screen.row_of_pictures(out, [_tile(project, m.picture) for m in shown], captions):
            out.print(line)
        pairs = [f"{names[t]} taken for {names[s]} ({n} times)" for t, s, n in found.confused()]
        if pairs:
            out.print(f"\nMost often confused: {', '.join(pairs)}", soft_wrap=True)
    out.print(f"\nheld-out accuracy: {100 * found.accuracy:.2f} %")
    named = () if folder == project.trained() else ("--run", folder)
    out.print(
        f"\nThe run is saved in {folder}. What now?\n"
        f"  {typed('try', project.name, *named)} PICTURE     ask it about a picture of your own\n"
        f"  {typed('open', folder)}     look inside: play, pause, step, go back, change",
        soft_wrap=True,
    )


def _tile(project: Project, picture: Any) -> Any:
    """A picture (C, H, W) as the screen draws it: ink (H, W), or (H, W, 3) where every shade matters."""
    return picture[0] if project.ink else np.moveaxis(np.broadcast_to(picture, (3, *picture.shape[1:])), 0, -1)


def _try_command(project: Project) -> None:
    @try_.command(project.name, short_help=project.asks)
    @click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE...")
    @click.option(
        "--run",
        "folder",
        type=click.Path(path_type=Path, exists=True),
        help="The saved run to ask.  [default: yours of --best if it is trained to its end, else the one that comes "
        "with Cutaway, else yours of --quick]",
    )
    @click.option("--plain", is_flag=True, help="Plain text: no colours.")
    def command(images: tuple[Path, ...], folder: Path | None, plain: bool) -> None:
        out = screen.console(plain)
        own_ones = [project.folder(kind) for kind in ("best", "quick")]
        folder = folder or project.trained()
        try:
            read: Callable[[Any], Any] = project.code.reader(folder)
        except NotTrainedError:
            own = another(*own_ones)
            raise click.UsageError(
                f"No network is trained {'to its end ' if own else ''}for this yet. "
                f"Type: {typed('run', project.name)}{'.' if own else ''}{own}"
            ) from None
        names = project.code.CLASSES
        whose = folder or f"the network that comes with Cutaway ({typed('run', project.name, '--best')} makes your own)"
        out.print(f"Asking {whose}.{'' if folder else another(*own_ones)}\n", soft_wrap=True)
        failed = 0
        for image in images:
            try:
                picture = project.code.picture(image)
            except (ValueError, OSError) as error:
                if len(images) == 1:
                    raise
                said = str(error)
                out.print(said if str(image) in said else f"{image}: {said}", soft_wrap=True)
                failed += 1
                continue
            (chances,) = shares(project.code.VIEWS.ask(read, picture[None]))
            drawn = screen.picture(out, _tile(project, picture))
            bars = screen.bars(out, list(names), [float(share) for share in chances])
            beside = [Text()] * 2 + bars + [Text()] * (len(drawn) - len(bars) - 2)
            for left, right in zip(drawn, beside, strict=True):
                out.print(Text.assemble(left, "   ", right))
            doubt = "" if chances.max() > 0.8 else " (not sure)"
            out.print(f"{image}: {names[int(chances.argmax())]}{doubt}\n", soft_wrap=True)
        if failed:
            raise click.exceptions.Exit(1)

    command.help = (
        f"{project.asks}\n\nAny picture files will do. {project.cut} The picture that the network is shown is drawn, "
        "with a bar for each answer."
    )


for _project in PROJECTS:
    _run_command(_project)
    _try_command(_project)
