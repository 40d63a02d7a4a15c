"""The studio: a run in a page, in a cell of a notebook, or recorded in a file.

session (commands in, answers out, whatever carries them) on commands, playing, branches, viewing, asking and board;
server (a page on this machine), widget (a cell), static (a file that replays a stretch); wire (messages as bytes),
arrays (what of an array is sent), program and words (what a program is called).
"""

from .session import Session

__all__ = ["Session"]
