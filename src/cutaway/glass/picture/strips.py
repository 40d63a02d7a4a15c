"""All strips of a picture: the whole, and the inside of everything that can be opened, each drawn once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .boxes import Boxes, Row
from .draw import Look, Strip, draw
from .facts import Facts
from .matrices import Matrices
from .neurons import Neurons
from .text import count, headline
from .tree import Node
from .view import Item, View, view

__all__ = ["Drawn", "strips"]

MOST = {"boxes": 160, "matrices": 48, "neurons": 24}  # so many strips at most: a file is to stay small
ALIKE = 24  # so many alike neighbours are drawn with their numbers; as boxes all are
ROWS: dict[str, tuple[Row, ...]] = {
    "forward": ("forward",),
    "backward": ("forward", "back"),
    "update": ("forward", "update"),
    "all": ("forward", "back", "update"),
}


@dataclass(frozen=True)
class Drawn:
    """A strip and what it is: id, title, what a screen reader says of it, and which strips its items open."""

    id: str
    title: str
    told: str
    strip: Strip
    opens: Mapping[str, str]


def strips(
    facts: Facts, depth: str, phase: str, width: float, only_first: bool = False, heads: bool = True
) -> list[Drawn]:
    """The whole first, then what can be opened, from the outside in; alike parts share a strip when there are many.

    only_first: only the whole; heads: each with its title
    """
    rows = ROWS[phase]
    todo: list[tuple[str, Node, View, str]] = []
    whole = view(facts, facts.root, lower=len(rows) > 1)
    todo.append(("program", facts.root, whole, headline(facts)))
    known: dict[object, str] = {facts.root: "program"}
    made: list[Drawn] = []
    many = depth == "boxes" and sum(node.kind != "step" for node in facts.root.walk()) > MOST[depth]
    for name, node, strip_view, title in todo:  # grows while it is walked
        opens: dict[str, str] = {}
        for item in strip_view.items if not only_first else ():
            for handle, inside, what in _insides(facts, item, rows, depth):
                key: object = (inside.mark, inside.kind) if many and inside.mark else handle
                if key not in known:
                    if len(known) >= MOST[depth]:
                        continue
                    known[key] = handle
                    below = inside.phase == "forward" and len(rows) > 1 and inside.kind != "step"
                    todo.append((handle, inside, view(facts, inside, lower=below), what))
                opens[handle] = known[key]
        look = _look(facts, depth, node)
        head = _head(facts, node, title, depth) if heads else ("", "")
        strip = draw(
            strip_view, look, rows if name == "program" or node.phase == "forward" else rows[:1], width, head, opens
        )
        made.append(Drawn(name, title, _told(strip_view), strip, opens))
    return made


def _insides(facts: Facts, item: Item, rows: tuple[Row, ...], depth: str) -> list[tuple[str, Node, str]]:
    """What of an item can be opened: handle, the node of the strip, its title."""
    found = []
    node = item.node
    if node is not None and len(node.children) > 1:
        where = f" {node.path}" if node.path and node.path != node.name else ""
        less = ""
        if depth != "boxes" and len(node.children) > ALIKE and node.kind == "repeat":
            less = f": the first {ALIKE} of {len(node.children)}"
            node = replace(node, children=node.children[:ALIKE], stop=node.children[ALIKE - 1].stop)
        found.append((item.id, node, f"Inside {node.name}{where}{less}"))
    for row, numbers, what in (("back", item.back, "The gradient of"), ("update", item.update, "The update of")):
        if row in rows and len(numbers) > 1 and node is not None:
            steps = [facts.node[n] for n in numbers]
            handle = f"{item.id}|{row}"
            less = ""
            if depth != "boxes" and len(steps) > ALIKE:
                less, steps = f": the first {ALIKE} of {len(steps)} steps", steps[:ALIKE]
            inside = Node(handle, "group", row, "", steps[0].phase, steps[0].start, steps[-1].stop, children=steps)
            found.append((handle, inside, f"{what} {node.name} {node.path}".rstrip() + less))
    return found


def _look(facts: Facts, depth: str, node: Node) -> Look:
    looks = {"boxes": Boxes, "matrices": Matrices, "neurons": Neurons}
    return looks[depth](facts, node.path)


def _head(facts: Facts, node: Node, title: str, depth: str) -> tuple[str, str]:
    if node.kind != "program":
        return title, count(node.stop - node.start, "step") if node.name not in ("back", "update") else ""
    name, _, numbers = title.partition(": ")
    tape = facts.src.tape
    batch = next((s[0] for slot in tape.inputs.values() if (s := facts.src.shapes[slot])), 1)
    one = {
        "boxes": f"; shapes are of one example of the batch of {batch}",
        "matrices": "",
        "neurons": f"; circles: the first example of {batch}, lines: weights",
    }
    return name, numbers + (one[depth] if batch != 1 else "")


def _told(v: View) -> str:
    names = [f"{item.name} {item.node.path if item.node else ''}".strip() for item in v.items]
    readers: dict[int, list[str]] = {}
    for a, b in v.edges:
        readers.setdefault(a, []).append(names[b])
    told = (f"{name} to {' and '.join(readers[k])}" if k in readers else name for k, name in enumerate(names))
    return "; ".join(told) + "."
