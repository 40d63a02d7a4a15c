"""A picture as plain data, for whoever draws it anew: a page in the browser, another tool."""

from __future__ import annotations

from typing import Any

from .facts import Facts
from .mirror import mirror
from .strips import Drawn, strips
from .tree import Node

__all__ = ["FORMAT", "as_data"]

FORMAT = 1


def as_data(facts: Facts, phase: str = "forward", width: float = 1200.0) -> dict[str, Any]:
    """The tree, what flows through it, and the weights, as dictionaries, lists, texts and whole numbers (JSON).

    format: 1; name: of the whole; steps: how many the tape has
    nodes: from the top down, in the order of the tape; each has
        id: a name of its own, the same for the same program
        parent: the id of the node around it (None for the root, whose id is "program")
        kind: "input" (x, y), "program", "phase", "group", "layer", "repeat" (alike neighbours) or "step"
        name: "Linear", an operation, the name of an input; path: "encoder.0"; phase: "forward", "loss", ...
        steps: [start, stop), numbers of steps on the tape; slots: what they fill (of a step: its one slot)
        ops: the names of its operations, each once; output: the slot that stands for the whole
        shape: of that slot (None where nobody knows it); times: how often a pattern is repeated (1 elsewhere)
        weights: names of the parameters it reads
        mirror: for a step of the backward pass or the update: the id of the forward step it belongs to, or None
    edges: between steps (and from inputs); each has from, to (ids), slot and shape; for folded nodes, an edge goes
        between the two visible nodes that hold its ends, or nowhere where both lie in one
    weights: {name: {slot, shape, size, trained, tied}}
    views: where things stand when drawn as boxes, {id: {title, width, height, boxes, arrows}}; "program" is the whole,
        the others are the insides of nodes (and "id|back", "id|update": of gradients and updates)
        boxes: {id, row ("forward", "back" or "update"), x, y, width, height, opens (the id of a view, or None)}
        arrows: {from, to, row, path (SVG; a gradient's path is written from its end to its beginning)}
        besides nodes there are inputs, ports ("port/12", where slot 12 comes in) and "out"

    >>> from cutaway import nn
    >>> from cutaway.glass.picture import picture
    >>> data = picture(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), (4,)).data()
    >>> [node["id"] for node in data["nodes"]][:4]
    ['input/x', 'program', 'forward', 'forward/0']
    >>> data["edges"][0]
    {'from': 'input/x', 'to': 'step/2', 'slot': 0, 'shape': [1, 4]}
    """
    src, used = facts.src, facts.users
    nodes = [
        {"id": f"input/{name}", "parent": None, "kind": "input", "name": name, "path": "", "phase": "forward",
         "steps": [0, 0], "slots": [slot], "ops": [], "output": slot, "shape": _list(src.shapes[slot]), "times": 1,
         "weights": [], "mirror": None}
        for name, slot in src.tape.inputs.items()
        if slot in used
    ]  # fmt: skip
    mirrors = mirror(facts)
    nodes += [_node(facts, node, mirrors) for node in facts.root.walk()]
    edges = []
    for number, step in enumerate(src.tape.steps):
        for slot in dict.fromkeys(step.inputs):
            if slot in facts.inputs:
                origin = f"input/{facts.inputs[slot]}"
            elif slot in facts.maker:
                origin = facts.node[facts.maker[slot]].id
            else:
                continue
            edges.append({"from": origin, "to": facts.node[number].id, "slot": slot, "shape": _list(src.shapes[slot])})
    weights = {
        w.name: {"slot": w.slot, "shape": _list(w.shape), "size": w.size, "trained": w.trained, "tied": w.tied}
        for w in facts.weights(facts.root)
    }
    return {
        "format": FORMAT,
        "name": src.name,
        "steps": len(src.tape.steps),
        "nodes": nodes,
        "edges": edges,
        "weights": weights,
        "views": {drawn.id: _view(drawn) for drawn in strips(facts, "boxes", phase, width, heads=False)},
    }


def _view(drawn: Drawn) -> dict[str, Any]:
    strip = drawn.strip
    boxes = [
        {"id": id, "row": row, "x": round(x, 1), "y": round(y, 1), "width": round(w, 1), "height": round(h, 1),
         "opens": drawn.opens.get(id if row == "forward" else f"{id}|{row}")}
        for (id, row), (x, y, w, h) in strip.boxes.items()
    ]  # fmt: skip
    arrows = [{"from": a, "to": b, "row": row, "path": path} for a, b, row, path in strip.arrows]
    return {
        "title": drawn.title,
        "width": round(strip.width, 1),
        "height": round(strip.height, 1),
        "boxes": boxes,
        "arrows": arrows,
    }


def _node(facts: Facts, node: Node, mirrors: dict[int, int]) -> dict[str, Any]:
    steps = facts.src.tape.steps[node.start : node.stop]
    twin = mirrors.get(node.start) if node.kind == "step" else None
    return {
        "id": node.id,
        "parent": node.parent.id if node.parent else None,
        "kind": node.kind,
        "name": node.name,
        "path": node.path,
        "phase": node.phase,
        "steps": [node.start, node.stop],
        "slots": [step.output for step in steps] if node.kind in ("step", "layer") else [],
        "ops": list(dict.fromkeys(step.op.name for step in steps)),
        "output": facts.output(node),
        "shape": _list(facts.shape(node)),
        "times": node.times,
        "weights": [w.name for w in facts.weights(node)],
        "mirror": None if twin is None else facts.node[twin].id,
    }


def _list(shape: tuple[int, ...] | None) -> list[int] | None:
    return None if shape is None else [int(n) for n in shape]
