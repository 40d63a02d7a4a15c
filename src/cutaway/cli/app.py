"""The command and its manners: every error is one sentence, and --debug, anywhere, shows where it came from."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

import cutaway
from cutaway.engine.errors import CutawayError
from cutaway.engine.shell import command

__all__ = ["app", "main", "typed"]


class Polite(click.Group):
    """A group of commands whose errors are sentences; exit status 1 for trouble, 2 for what was typed wrongly."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let --debug stand anywhere, also behind the command it is about."""
        if "--debug" in args:
            args = ["--debug", *(word for word in args if word != "--debug")]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was typed."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.params.get("debug") or isinstance(error, BrokenPipeError):
                raise
            raise click.ClickException(sentence(error)) from error


def sentence(error: Exception) -> str:
    """An error as a reader wants it: what Cutaway says itself, or what went wrong and how to see more.

    >>> sentence(CutawayError("The picture looks blank."))
    'The picture looks blank.'
    >>> sentence(ZeroDivisionError("division by zero"))
    'ZeroDivisionError: division by zero. This is a fault of Cutaway; --debug shows where it happened.'
    """
    if isinstance(error, CutawayError | ModuleNotFoundError):
        return str(error)
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror or error}{where}."
    return f"{type(error).__name__}: {error}. This is a fault of Cutaway; --debug shows where it happened."


def typed(*words: str | Path) -> str:
    """How this command is typed here, with the words after it: `cutaway`, or its path where that is not found.

    >>> typed("open", "my runs").endswith(("open 'my runs'", 'open "my runs"'))
    True
    """
    script = Path(sys.executable).with_name("cutaway.exe" if os.name == "nt" else "cutaway")
    if not script.exists():
        return command(Path(sys.executable).name, "-m", "cutaway", *words)
    found = shutil.which("cutaway")
    if found and Path(found) == script:
        return command("cutaway", *words)
    return command(script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script, *words)


@click.group(
    cls=Polite,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with: cutaway run digits. It trains a network on real handwriting in about a minute.",
)
@click.version_option(cutaway.__version__, prog_name="cutaway")
@click.option("--debug", is_flag=True, help="On an error, show where in the program it happened.")
def app(debug: bool) -> None:
    """Cutaway: deep learning you can stop anywhere and look inside."""


def main() -> None:
    """The entry point of the command."""
    for stream in (sys.stdout, sys.stderr):  # a character that an old terminal lacks must not end the program
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(prog_name="cutaway")


from . import data, doctor, grade, learn, open, painting, pictures, run, trying  # noqa: E402, F401 (each registers its command on `app`)
