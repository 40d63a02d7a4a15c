"""The tape as a tree: phases, in them layers by their paths, in these the steps, each step once.

Every node covers a stretch of the tape without gaps. So whatever is folded, an arrow between two nodes goes from the
earlier stretch to the later one, and no picture of a tape can run in circles. A layer that is used twice stands there
twice, with the same weights.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ...engine import Tape
from ...engine.tape import Step

__all__ = ["PHASES", "Node", "phase_and_path", "tree"]

PHASES = ("forward", "loss", "backward", "update")


@dataclass(eq=False)
class Node:
    """A stretch of the tape, from step number ``start`` up to but not with ``stop``.

    kind: "program" (the root), "phase", "group" (a layer made of layers), "layer", "repeat" (alike neighbours folded
        into one, ``times`` many) or "step"
    name: "Linear", for a step its operation; path: where it stands in the network, "" outside of it
    mark: nodes with the same mark are alike (see repeats)
    """

    id: str
    kind: str
    name: str
    path: str
    phase: str
    start: int
    stop: int
    times: int = 1
    mark: int = 0
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    def add(self, child: Node) -> Node:
        child.parent = self
        self.children.append(child)
        return child

    def walk(self) -> list[Node]:
        """This node and all below it, from the top down, in the order of the tape."""
        found, todo = [], [self]
        while todo:
            node = todo.pop()
            found.append(node)
            todo.extend(reversed(node.children))
        return found


def phase_and_path(label: str) -> tuple[str, str]:
    """A label's two parts; what was recorded outside of any phase is forward.

    >>> phase_and_path("backward/3.conv1"), phase_and_path("loss"), phase_and_path("3.conv1")
    (('backward', '3.conv1'), ('loss', ''), ('forward', '3.conv1'))
    """
    phase, _, path = label.partition("/")
    return (phase, path) if phase in PHASES else ("forward", label)


def tree(tape: Tape) -> Node:
    """Group the steps of a tape by phase and path.

    >>> x = Tensor([1.0])
    >>> with Tape() as tape, tape.place("door"):
    ...     y = (x * 3).tanh()
    >>> [(node.kind, node.name) for node in tree(tape).walk()]
    [('program', ''), ('phase', 'forward'), ('layer', 'door'), ('step', 'mul'), ('step', 'tanh')]
    """
    kinds = {path: kind for path, kind, _ in reversed(tape.visits) if path}
    visits = Counter(path for path, _, _ in tape.visits)
    ends: dict[int, set[str]] = {}  # slot -> the layers (called more than once) of which a call ends there
    for path, _, slot in tape.visits:
        if visits[path] > 1:
            ends.setdefault(slot, set()).add(path)
    root = Node("program", "program", "", "", "", 0, len(tape.steps))
    used: Counter[str] = Counter()
    open_: list[Node] = [root]
    for number, step in enumerate(tape.steps):
        phase, path = phase_and_path(step.label)
        wanted = [(phase, "")] + [(phase, p) for p in _places(path, kinds)]
        depth = 1
        while (
            depth < len(open_) and depth <= len(wanted) and (open_[depth].phase, open_[depth].path) == wanted[depth - 1]
        ):
            depth += 1
        del open_[depth:]
        for place in wanted[depth - 1 :]:
            open_.append(open_[-1].add(_node(place, kinds, number, used)))
        open_[-1].add(_step(step, phase, path, number))
        for node in open_[1:]:
            node.stop = number + 1
        finished = ends.get(step.output, set())
        for level, node in enumerate(open_):
            if level and node.path in finished and phase == "forward":
                del open_[level:]
                break
    for node in root.walk():
        if node.kind == "group" and all(child.kind == "step" for child in node.children):
            node.kind = "layer"
    return root


def _places(path: str, kinds: dict[str, str]) -> list[str]:
    """The layers around a path, outermost first, and the path itself. (A list of layers is none: nobody calls it.)"""
    parts = path.split(".") if path else []
    around = [".".join(parts[:k]) for k in range(1, len(parts))]
    return [p for p in around if p in kinds] + ([path] if path else [])


def _node(place: tuple[str, str], kinds: dict[str, str], number: int, used: Counter[str]) -> Node:
    phase, path = place
    name = f"{phase}/{path}" if path else phase
    used[name] += 1
    again = f"~{used[name]}" if used[name] > 1 else ""
    kind = "group" if path else "phase"
    return Node(name + again, kind, kinds.get(path, path.rpartition(".")[2] or phase), path, phase, number, number)


def _step(step: Step, phase: str, path: str, number: int) -> Node:
    return Node(f"step/{step.output}", "step", step.op.name, path, phase, number, number + 1)
