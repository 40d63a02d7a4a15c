"""The command `cutaway`: run (train a project), try (use it), open (look into it), learn and grade, data, doctor.

Click reads what was typed and rich draws; both are imported here and nowhere below. One file a command, screen for
all that is drawn, app for what they share.
"""

from .app import app, main

__all__ = ["app", "main"]
