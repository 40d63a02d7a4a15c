"""Health: what goes wrong in trainings, looked for in a run, said in plain words, with a way to the moment.

finding, exam (a branch of the run walks a few batches, the checks read along), reading (a program by operations and
labels), trace (from a NaN back to the step that made it); one check a file: not_finite, dead, saturation, gradients,
speed, sameness, beginning, inputs, labels, slopes, votes. No check knows any particular network.
"""

from .finding import Finding, Health
from .health import health

__all__ = ["Finding", "Health", "health"]
