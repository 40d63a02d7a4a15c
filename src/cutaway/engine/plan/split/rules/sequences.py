"""Sequences: every example is read by itself."""

from __future__ import annotations

from typing import Any

from ....tape import Step
from ..layout import WHOLE, cut_along
from ..splitter import Splitter, rule

# b: has a row for every example (or one for all); w: weights
ROLES = {
    "rnn": "bbwb", "rnn_back": "bbwb", "gru": "bbwwb", "gru_back": "bbbbwwb", "lstm": "bbbwb", "lstm_back": "bbbbbwb",
}  # fmt: skip


@rule(*ROLES)
def recurrent(s: Splitter, step: Step) -> Any:
    """Examples are cut, weights whole."""
    found = s.largest_cut(step.inputs)
    if found is None or s.layout(found).axis:
        return NotImplemented
    layout = s.layout(found)
    inputs = []
    for slot, role in zip(step.inputs, ROLES[step.op.name], strict=False):
        rows = role == "b" and s.shape(slot)[0] == layout.bounds[-1]
        inputs.append(s.want(slot, layout if rows else WHOLE))
    if any(role == "w" and slot == found for slot, role in zip(step.inputs, ROLES[step.op.name], strict=False)):
        return NotImplemented
    return s.done(step, inputs, layout)


@rule("ctc", "ctc_posterior")
def ctc(s: Splitter, step: Step) -> Any:
    """log_probs (T, N, C), and for every example its letters and two lengths."""
    found = s.largest_cut(step.inputs)
    if found is None:
        return NotImplemented
    layout = s.layout(found)
    if layout.axis != (1 if found == step.inputs[0] else 0):
        return NotImplemented
    examples, moments = cut_along(0, layout.bounds), cut_along(1, layout.bounds)
    inputs = [s.want(slot, moments if k == 0 else examples) for k, slot in enumerate(step.inputs)]
    return s.done(step, inputs, examples if step.op.name == "ctc" else moments)
