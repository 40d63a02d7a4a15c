"""All checks together, the gravest first; what only follows from something else is not said again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...training import machine
from . import beginning, inputs, labels, not_finite, sameness, slopes, speed, votes
from .beginning import Beginning
from .dead import DeadUnits
from .exam import Exam
from .finding import Finding, Health
from .gradients import Gradients
from .sameness import Sameness
from .saturation import Saturation
from .slopes import Slopes
from .speed import Speed

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["health"]

ORDER = (
    slopes.KIND,  # before what it blows up
    not_finite.KIND,
    inputs.KIND,
    "answers unscaled",
    votes.KIND,
    sameness.COPIES,
    beginning.KIND,
    speed.HIGH,
    "dead units",
    "saturation",
    "exploding gradients",
    "vanishing gradients",
    sameness.CONSTANT,
    speed.LOW,
    labels.KIND,
)
FOLLOWS = {  # cause -> what it brings with it, and need not be said
    slopes.KIND: (
        speed.HIGH,
        speed.LOW,
        "exploding gradients",
        "vanishing gradients",
        sameness.CONSTANT,
        "dead units",
        "saturation",
        labels.KIND,
    ),
    votes.KIND: (labels.KIND, speed.LOW, speed.HIGH),
    sameness.COPIES: ("vanishing gradients", sameness.CONSTANT, labels.KIND, speed.LOW),
    "dead units": ("vanishing gradients", sameness.CONSTANT, labels.KIND, speed.LOW),
    "saturation": ("vanishing gradients", labels.KIND, speed.LOW),
    "vanishing gradients": (sameness.CONSTANT, labels.KIND, speed.LOW),
    beginning.KIND: (labels.KIND,),
    speed.HIGH: ("exploding gradients", "vanishing gradients", labels.KIND, sameness.CONSTANT),
    speed.LOW: (labels.KIND,),
    not_finite.KIND: (labels.KIND,),
    inputs.KIND: (labels.KIND,),
}


def health(run: Run) -> Health:
    """Examine a run: NaN and its origin, own gradients, dead units, saturation, learning rate, answers, inputs.

    The run stays where it is, to the bit. A healthy run gives a report that is true, with no findings.

    >>> from cutaway import nn, optim
    >>> x = np.random.default_rng(0).normal(size=(64, 3)).astype("f")
    >>> run = ct.Run(nn.Linear(3, 1), nn.MSELoss(), optim.SGD(1e4), data=(x, x[:, :1]), batch_size=16)
    >>> run.step("epoch").kind, health(run)[0].kind
    ('batch', 'learning rate too high')
    """
    with machine.threads(run.threads), np.errstate(all="ignore"):
        exam = Exam(run)
        checks = (DeadUnits(), Saturation(), Gradients(), Speed(), Sameness(), Beginning(), Slopes())
        exam.walk(checks)
        found: list[Finding] = list(not_finite.not_finite(exam))
        for check in checks:
            found += check.findings(exam)
        found += inputs.unscaled(exam)
        found += votes.chances(exam)
        if not any(labels.KIND in FOLLOWS.get(finding.kind, ()) for finding in found):
            found += labels.shuffled(exam)
    follow = {kind for finding in found for kind in FOLLOWS.get(finding.kind, ())}
    kept = [finding for finding in found if finding.kind not in follow]
    kept.sort(key=lambda finding: ORDER.index(finding.kind))
    return Health(tuple(kept), exam.looked, tuple(exam.notes))
