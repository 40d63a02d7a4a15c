"""`cutaway try digits IMAGE...`: show the trained network a photo or a drawing."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from cutaway.engine.shell import command
from cutaway.projects import digits
from cutaway.training.checkpoint import checkpoints, finished

from . import screen
from .app import app, typed
from .run import DIGITS


@app.group("try")
def try_() -> None:
    """Use a trained project on something of your own."""


def another(*folders: Path) -> str:
    """How to ask a run of one's own that is there, but is not the best that could be asked; empty where none is."""
    for folder in folders:
        if folder.is_dir() and checkpoints(folder):
            how_far = "" if finished(folder) else ", which is not trained to its end"
            return f" To ask that in {folder}{how_far}: {command('--run', folder)}"
    return ""


@try_.command("digits")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path, exists=True),
    help=f"The saved run to ask.  [default: {DIGITS.as_posix()} if it is trained to its end, else the one that comes "
    "with Cutaway]",
)
@click.option("--plain", is_flag=True, help="Plain text: no colours.")
def try_digits(images: tuple[Path, ...], folder: Path | None, plain: bool) -> None:
    """Read photos or drawings of a single digit.

    Any picture file will do: pen on paper, chalk, a drawing on the screen. The digit is found, cut out and laid into
    28 x 28 pixels like the digits the network learnt from; that picture is shown, with a bar for each answer.
    """
    out = screen.console(plain)
    if folder is None and finished(DIGITS):
        folder = DIGITS
    reader = digits.reader(folder)
    whose = folder or f"the network that comes with Cutaway ({typed('run', 'digits')} makes your own)"
    out.print(f"Asking {whose}.{'' if folder else another(DIGITS)}\n", soft_wrap=True)
    failed = 0
    for image in images:
        try:
            picture = digits.digit_in(digits.read(image))
        except digits.PictureError as error:
            if len(images) == 1:
                raise
            said = str(error)
            out.print(said if str(image) in said else f"{image}: {said}", soft_wrap=True)
            failed += 1
            continue
        (answer,) = digits.answers(reader, [picture])
        drawn = screen.picture(out, answer.picture)
        lines = screen.bars(out, [str(digit) for digit in range(10)], [float(share) for share in answer.shares])
        for left, right in zip(drawn, [Text()] * 2 + lines + [Text()] * 2, strict=True):  # beside its middle
            out.print(Text.assemble(left, "   ", right))
        sure = float(answer.shares[answer.digit])
        doubt = "" if sure > 0.8 else " (not sure)"
        out.print(f"{image}: {answer.digit}{doubt}\n", soft_wrap=True)
    if failed:
        raise click.exceptions.Exit(1)
