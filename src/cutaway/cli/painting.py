"""`cutaway run paint`: a photograph painted in the manner of a painting; stopped anywhere, it goes on."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any

import click

from . import screen
from .app import typed
from .run import run

__all__ = ["run_paint"]

PAINTINGS = Path("runs") / "paint"


@run.command("paint", short_help="Paint a photo in the manner of a painting.")
@click.option("--content", required=True, type=click.Path(path_type=Path), help="The photo, any picture file.")
@click.option("--style", required=True, type=click.Path(path_type=Path), help="The painting, any picture file.")
@click.option("--size", type=int, default=512, show_default=True, help="Pixels of the longer side, up to 1024.")
@click.option("--steps", type=int, default=120, show_default=True, help="Steps of gradient descent at each size.")
@click.option("--style-weight", type=float, default=10.0, show_default=True, help="How much strokes and colours count.")
@click.option("--content-weight", type=float, default=0.5, show_default=True, help="How much the things count.")
@click.option("--smooth", type=float, default=5.0, show_default=True, help="How calm surfaces should be.")
@click.option("--keep-colours", is_flag=True, help="Paint light and shade only; the colours stay the photo's.")
@click.option("--fresh", is_flag=True, help="Begin anew, even where a painting could go on.")
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of the painting.  [default: runs/paint/PHOTO-PAINTING]",
)
@click.option("--plain", is_flag=True, help="Plain lines: no colours, no moving bar.")
def run_paint(
    content: Path,
    style: Path,
    size: int,
    steps: int,
    style_weight: float,
    content_weight: float,
    smooth: float,
    keep_colours: bool,
    fresh: bool,
    folder: Path | None,
    plain: bool,
) -> None:
    """Paint a photo in the manner of a painting (a few minutes for 512 pixels).

    The pixels are changed step by step until a network that comes with Cutaway sees the things of the photo in the
    strokes and colours of the painting: first a sketch, then twice as large, to full size. Any two picture files will
    do. progress.png in the folder shows how far it is. Ctrl-C pauses and keeps everything; the same command goes on.
    """
    from cutaway.projects import paint

    out = screen.console(plain)
    order = paint.Order(
        size=size,
        steps=steps,
        style=style_weight,
        content=content_weight,
        smooth=smooth,
        keep_colours=keep_colours,
    )
    where = folder or PAINTINGS / f"{content.stem}-{style.stem}"
    painting = paint.Painting(paint.read(content), paint.read(style), order, where)
    before = painting.begun()
    if fresh:
        painting.clear()
    elif before not in (None, painting.description()):
        raise click.UsageError(
            f"In {where} there is another painting, of other pictures or with other settings. "
            "To replace it, add --fresh; to keep it, name another folder with --out."
        )
    elif before and painting.finished.is_file():
        out.print(f"This is painted already (--fresh paints it anew): {painting.finished}", soft_wrap=True)
        return
    out.print(
        f"Painting {content.name} in the manner of {style.name}; {where / 'progress.png'} shows how far it is.",
        soft_wrap=True,
    )
    start = monotonic()
    how: dict[str, Any] = {"progress": False} if plain else {}
    kept = "everything is kept"
    try:
        done = painting.go_on(lambda line: out.print(line, soft_wrap=True), **how)
    except KeyboardInterrupt:  # while a size is prepared, which no run is there to notice; or pressed twice
        done, kept = False, "what was saved is kept"
    if not done:
        again = typed("run", "paint", *_words())
        out.print(f"Paused; {kept} in {where}.\nTo go on, type the same again: {again}", soft_wrap=True)
        return
    out.print(f"Painted in {monotonic() - start:.0f} seconds: {painting.finished}", soft_wrap=True)


def _words() -> list[str]:
    """What was typed that differs from the default, so that the same can be typed again."""
    context = click.get_current_context()
    words = []
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if parameter.name == "fresh" or value is None or value is False or value == parameter.get_default(context):
            continue  # not `value in (...)`: 0.0 == False, and --smooth 0 is an order
        words += [parameter.opts[0]] if value is True else [parameter.opts[0], str(value)]
    return words
