"""The picture for a terminal: the tree with shapes and counts, and a mark where a road branches off or comes back."""

from __future__ import annotations

from .facts import Facts
from .tree import Node

STEPS = 6  # so many single steps after each other stand there one by one

__all__ = ["as_rows", "as_text", "count", "headline", "sizes"]


def sizes(shape: tuple[int, ...] | None) -> str:
    """A shape in words: 2 x 3, one number, or ? where nobody knows it.

    >>> sizes((2, 3)), sizes(()), sizes(None)
    ('2 × 3', 'one number', '?')
    """
    return "?" if shape is None else " × ".join(map(str, shape)) or "one number"


def count(n: int, what: str) -> str:
    """A number of things.

    >>> count(1, "weight"), count(12345, "weight")
    ('1 weight', '12,345 weights')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


Cells = tuple[str, str, str, str]  # name (with the lines of the tree before it), path, shape, weights


def as_text(facts: Facts, phases: tuple[str, ...]) -> str:
    """The tree as lines: name, path, shape, weights; layers are not opened, repeated blocks are shown once."""
    rows = as_rows(facts, phases)
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([headline(facts), *lines])


def headline(facts: Facts) -> str:
    """What it is, how many steps and weights it has."""
    total = sum(w.size for w in facts.weights(facts.root) if w.trained and not w.name.startswith("optim/"))
    weights = f", {count(total, 'weight')}" if total else ""
    return f"{facts.src.name or 'tape'}: {count(len(facts.src.tape.steps), 'step')}{weights}"


def as_rows(facts: Facts, phases: tuple[str, ...]) -> list[Cells]:
    """The lines of the tree, as cells of a table."""
    rows: list[Cells] = []
    tape = facts.src.tape
    for name, slot in tape.inputs.items():
        if slot in facts.users and name not in ("step", "first"):
            rows.append((name, "", sizes(facts.src.shapes[slot]), ""))
    inside = [node for node in facts.root.children if node.phase in phases]
    alone = len({node.phase for node in inside}) == 1
    for node in inside:
        if alone and node.children:
            _rows(facts, node.children, "", rows, {})
        else:
            rows.append((node.phase, "", sizes(facts.shape(node)) if node.phase == "loss" else "", ""))
            _rows(facts, node.children, "", rows, {})
    return rows


def _rows(facts: Facts, nodes: list[Node], before: str, rows: list[Cells], seen: dict[int, Node]) -> None:
    lines = _bundled(nodes)
    neighbour = None
    for k, bundle in enumerate(lines):
        node, last = bundle[-1], k == len(lines) - 1
        weights = dict.fromkeys(w for n in bundle for w in facts.weights(n) if w.trained)
        size = count(sum(w.size for w in weights), "weight") if weights and node.phase == "forward" else ""
        size = "" if size.startswith("0 ") else size
        tied = next((f" (shares {w.name})" for w in weights if w.tied and node.kind == "layer"), "")
        name = node.name + (f" × {node.times}" if node.times > 1 else "")
        if len(bundle) > 1:
            name = f"{bundle[0].name} … {node.name} ({len(bundle)} steps)"
        inner = node.children if node.kind in ("group", "phase") else []
        if node.kind == "repeat":  # the pattern once
            inner = node.children[: len(node.children) // node.times]
        known = seen.setdefault(node.mark, node) if inner else node
        rows.append((
            f"{before}{'└─' if last else '├─'} {name}",
            "" if node.kind == "step" else node.path,
            sizes(facts.shape(node)) + _origin(facts, bundle[0], neighbour),
            f"{size}{tied}{'' if known is node else f'  as {known.path}'}".strip(),
        ))  # fmt: skip
        if known is node:
            _rows(facts, inner, before + ("   " if last else "│  "), rows, seen)
        neighbour = node


def _bundled(nodes: list[Node]) -> list[list[Node]]:
    """Many single steps after each other are one line."""
    lines: list[list[Node]] = []
    for node in nodes:
        if lines and node.kind == "step" and lines[-1][-1].kind == "step":
            lines[-1].append(node)
        else:
            lines.append([node])
    return [part for line in lines for part in ([line] if len(line) > STEPS else [[node] for node in line])]


def _origin(facts: Facts, node: Node, neighbour: Node | None) -> str:
    """Where its other inputs come from: what the neighbour before it did not make."""
    if neighbour is None or node.phase not in ("forward", "loss"):
        return ""
    far = [facts.maker[s] for s in facts.sources(node) if s in facts.maker and facts.maker[s] < neighbour.start]
    names = []
    for number in far:
        maker = facts.node[number]
        names.append(maker.path if maker.path and maker.path != node.path else maker.name)
    return f"  ← {', '.join(dict.fromkeys(names))}" if names else ""
