"""Alike neighbours become one: nine blocks in a row are drawn as one block, times nine, until somebody unfolds it."""

from __future__ import annotations

from typing import Any

from .source import Source
from .tree import Node

__all__ = ["fold"]

ENOUGH = 12  # so many neighbours are read at a glance: below, nothing is folded
MANY = 24  # so many single steps: fewer stay, since three of a kind side by side (an attention's) say something
PERIOD = 16  # the longest pattern that is looked for


def fold(root: Node, src: Source) -> Node:
    """Fold patterns that are repeated three times and more, wherever there are many neighbours.

    Two nodes are alike when they hold the same kinds of steps with the same shapes, whatever their numbers.
    """
    alike: dict[Any, int] = {}
    for node in reversed(root.walk()):  # the parts before the whole
        if node.kind == "step":
            step = src.tape.steps[node.start]
            shapes = tuple(src.shapes[slot] for slot in (*step.inputs, step.output))
            look: Any = (node.name, shapes)
        else:
            look = (node.kind, node.name, *[c.mark for c in node.children])
        node.mark = alike.setdefault(look, len(alike))
    for node in root.walk():
        if len(node.children) > ENOUGH and node.kind != "repeat":
            node.children = _folded(node)
    return root


def _folded(parent: Node) -> list[Node]:
    marks = [child.mark for child in parent.children]
    kept: list[Node] = []
    k = 0
    while k < len(marks):
        period, times = _pattern(marks, k)
        small = all(node.kind == "step" for node in parent.children[k : k + period])
        if times < 3 or (small and period * times <= MANY):
            kept.append(parent.children[k])
            k += 1
            continue
        part = parent.children[k : k + period * times]
        names = [node.name for node in part[:period]]
        name = ", ".join(names) if period <= 3 else f"{names[0]}, {names[1]}, … {names[-1]}"
        first, last = part[0], part[-1]
        folded = Node(
            f"repeat/{first.id}",
            "repeat",
            name,
            _span(first.path, last.path),
            first.phase,
            first.start,
            last.stop,
            times,
        )
        folded.mark, folded.parent = first.mark, parent
        for node in part:
            folded.add(node)
        kept.append(folded)
        k += period * times
    return kept


def _pattern(marks: list[int], k: int) -> tuple[int, int]:
    """The pattern that begins here and covers most: its length, and how many times it stands there."""
    best = 1, 1
    for period in range(1, min(PERIOD, (len(marks) - k) // 3) + 1):
        times = 1
        while marks[k + times * period : k + (times + 1) * period] == marks[k : k + period]:
            times += 1
        if times >= 3 and period * times > best[0] * best[1]:
            best = period, times
    return best


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} … {last}"
