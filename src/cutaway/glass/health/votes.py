"""Chances where a loss expects votes: softmax before a loss that does the softmax itself."""

from __future__ import annotations

from collections.abc import Iterable

from .exam import Exam
from .finding import Finding
from .reading import layer

__all__ = ["KIND", "chances"]

KIND = "softmax twice"

# loss -> what it does itself, and what stands in its place in the network when it is done twice. A log_softmax before
# cross entropy changes nothing, so it is no illness. (PyTorch: "the input is expected to contain the unnormalized
# logits for each class"; passing chances is among the most asked questions of its forum.)
DONE = {"cross_entropy": "softmax", "bce_with_logits": "sigmoid"}


def chances(exam: Exam) -> Iterable[Finding]:
    """Look at what the loss reads."""
    program = exam.program
    if program is None:
        return
    made = {step.output: step for step in program.steps}
    for step in program.steps:
        twice = DONE.get(step.op.name) if step.label.startswith("loss") else None
        before = made.get(step.inputs[0]) if twice else None
        if before is None or before.op.name != twice or not before.label.startswith("forward"):
            continue
        said = (
            f"The network ends with {twice} (layer {layer(before.label)}), and the loss does {twice} itself: what "
            "arrives there is squeezed into 0 .. 1 twice. The loss cannot come near 0 any more, and the gradients are "
            "small where the network is sure and wrong."
        )
        advice = f"Let the network end with its votes: take the last {twice} away, and use it on the answers only."
        yield exam.finding(KIND, layer(before.label), said, advice, op=exam.op_of(before.output))
