"""Training: a run that can be stopped anywhere.

run (the Run), parts (what it is made of), clockwork (its position, and going forwards and back), hands (changing it),
loop (what `train` does around it), program (one step as a tape), programs (all that a run has recorded), executor
(replay, walk, see, state), history (the time machine), evaluation, checkpoint, log, progress, interrupt (Ctrl-C),
machine (what the bits depend on).
"""

from .checkpoint import CheckpointError
from .clockwork import Moment
from .history import History, Settings
from .run import Run

__all__ = ["CheckpointError", "History", "Moment", "Run", "Settings"]
