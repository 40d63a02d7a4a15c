"""Which step of the forward pass a backward or update step belongs to, so that both can be drawn in one column.

The backward pass visits the layers in the opposite order, some of them not at all. So it is read along the forward
pass from its end: every stretch of backward steps with one label goes to the next stretch, towards the beginning,
that has that label. An update step goes to the first step that reads its weight.
"""

from __future__ import annotations

from itertools import groupby

from .facts import Facts
from .tree import phase_and_path

__all__ = ["mirror"]


def mirror(facts: Facts) -> dict[int, int]:
    """Number of a backward or update step -> number of a forward (or loss) step; without a twin it is not in here.

    >>> from cutaway import nn
    >>> from cutaway.glass.picture.source import source
    >>> from cutaway.glass.picture.tree import tree
    >>> w = nn.Parameter([2.0], name="w")
    >>> with ct.Tape() as tape:
    ...     with tape.phase("forward"), tape.place("scale"):
    ...         y = (w * 3).sum()
    ...     slope = ct.backward(y, [w])
    >>> src = source(tape)
    >>> set(mirror(Facts(src, tree(tape))).values())  # all of them belong to step 1, the end of "scale"
    {1}
    """
    if facts.mirrors is None:
        facts.mirrors = _found(facts)
    return facts.mirrors


def _found(facts: Facts) -> dict[int, int]:
    labels = [phase_and_path(step.label) for step in facts.src.tape.steps]
    ahead: list[tuple[str, int]] = []  # (label, its last step) of every stretch of the forward pass
    for label, numbers in groupby(range(len(labels)), key=labels.__getitem__):
        if label[0] in ("forward", "loss"):
            name = "/".join(label).strip("/") if label[0] == "loss" else label[1]
            ahead.append((name, list(numbers)[-1]))
    found: dict[int, int] = {}
    here = len(ahead)
    for label, numbers in groupby(range(len(labels)), key=labels.__getitem__):
        if label[0] == "backward":
            there = next((k for k in range(min(here, len(ahead) - 1), -1, -1) if ahead[k][0] == label[1]), None)
            if there is not None:
                found.update(dict.fromkeys(numbers, ahead[there][1]))
                here = there
        elif label[0] == "update" and label[1] in facts.src.tape.state:
            users = facts.users.get(facts.src.tape.state[label[1]], [])
            first = next((u for u in users if labels[u][0] == "forward"), None)
            if first is not None:
                found.update(dict.fromkeys(numbers, first))
    return found
