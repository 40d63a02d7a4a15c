"""One strip of a picture: the parts of one node, what flows between them, and where roads come in from outside."""

from __future__ import annotations

from dataclasses import dataclass, field

from .facts import Facts
from .mirror import mirror
from .source import Shape
from .tree import Node

__all__ = ["Item", "View", "view"]

CHANCE = ("step", "first")  # inputs of the tape that only dropout and its like read: not drawn


@dataclass(eq=False)
class Item:
    """A thing with a place of its own: a part, an input, or a port (where a road comes in, or "out").

    back, update: the steps of the backward pass and of the update that belong to it, by their numbers
    """

    id: str
    kind: str  # "node", "input", "port", "out"
    name: str
    shape: Shape
    slot: int
    node: Node | None = None
    back: list[int] = field(default_factory=list)
    update: list[int] = field(default_factory=list)


@dataclass
class View:
    """Items in the order of the tape, arrows (from, to) between them by their places in this list, and gradients'.

    An arrow of ``back`` is written as the way forward that its gradient comes back.
    """

    node: Node
    items: list[Item]
    edges: list[tuple[int, int]]
    back: list[tuple[int, int]]


def view(facts: Facts, node: Node, phases: tuple[str, ...] = ("forward", "loss"), lower: bool = False) -> View:
    """The parts of a node; of the root the layers and the loss.

    lower: also which backward and update steps belong to which part

    >>> from cutaway import nn
    >>> from cutaway.glass.picture.source import source
    >>> from cutaway.glass.picture.tree import tree
    >>> src = source(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), (4,))
    >>> strip = view(facts := Facts(src, tree(src.tape)), facts.root)
    >>> [item.name for item in strip.items], strip.edges
    (['x', 'Linear', 'ReLU', 'out'], [(0, 1), (1, 2), (2, 3)])
    """
    parts = _parts(node, phases)
    owner = {number: k for k, part in enumerate(parts) for number in range(part.start, part.stop)}
    found = [Item(p.id, "node", p.name, facts.shape(p), facts.output(p), p) for p in parts]
    ports: dict[str, Item] = {}
    flows: list[tuple[Item, Item]] = []
    for item, part in zip(found, parts, strict=True):
        for slot in facts.sources(part):
            maker = facts.maker.get(slot)
            if maker is None and facts.inputs[slot] in CHANCE:
                continue
            origin = found[owner[maker]] if maker in owner else _port(facts, slot, node, ports)
            if (origin, item) not in flows:
                flows.append((origin, item))
    out = _out(facts, node, parts, found, owner)
    items = [*ports.values(), *found, *([out[1]] if out else [])]
    place = {item: k for k, item in enumerate(items)}
    edges = [(place[a], place[b]) for a, b in [*flows, *([out] if out else [])]]
    back = _lower(facts, owner, found, place) if lower else []
    return View(node, items, edges, back)


def _parts(node: Node, phases: tuple[str, ...]) -> list[Node]:
    if node.kind != "program":
        return node.children
    parts: list[Node] = []
    for phase in node.children:
        if phase.phase in phases:
            parts += [phase] if phase.phase == "loss" else phase.children
    return parts or [part for phase in node.children for part in phase.children]


def _port(facts: Facts, slot: int, node: Node, ports: dict[str, Item]) -> Item:
    if slot in facts.inputs:
        name, kind = facts.inputs[slot], "input"
    else:
        maker = facts.node[facts.maker[slot]]
        name, kind = maker.path if maker.path and maker.path != node.path else maker.name, "port"
    key = f"{kind}/{name}" if kind == "input" else f"{kind}/{slot}"
    return ports.setdefault(key, Item(key, kind, name, facts.src.shapes[slot], slot))


def _out(
    facts: Facts, node: Node, parts: list[Node], found: list[Item], owner: dict[int, int]
) -> tuple[Item, Item] | None:
    """Where the result of the whole leaves it; a loss is an end in itself."""
    if not parts or parts[-1].phase != "forward":
        return None
    slot = facts.output(parts[-1] if node.kind == "program" else node)
    maker = owner.get(facts.maker.get(slot, -1))
    if maker is None:
        return None
    return found[maker], Item("out", "out", "out", facts.src.shapes[slot], slot)


def _lower(facts: Facts, owner: dict[int, int], found: list[Item], place: dict[Item, int]) -> list[tuple[int, int]]:
    """Give every part its backward and update steps; returns the arrows between the gradients."""
    whose: dict[int, Item] = {}
    for number, twin in mirror(facts).items():
        if twin in owner:
            item = found[owner[twin]]
            whose[number] = item
            (item.back if facts.phase[number] == "backward" else item.update).append(number)
    arrows: dict[tuple[int, int], None] = {}
    for number, item in whose.items():
        if facts.phase[number] != "backward":
            continue
        for slot in facts.src.tape.steps[number].inputs:
            giver = whose.get(facts.maker.get(slot, -1))
            if giver is None or giver is item or facts.phase[facts.maker[slot]] != "backward":
                continue
            if place[item] < place[giver]:
                arrows[place[item], place[giver]] = None
    return list(arrows)
