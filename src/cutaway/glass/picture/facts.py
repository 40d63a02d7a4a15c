"""What a node of the tree reads and makes: its inputs, its output, its parameters, and who shares them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .source import Shape, Source
from .tree import Node, phase_and_path

__all__ = ["Facts", "Weight"]


class Weight(NamedTuple):
    """A piece of state that a node reads.

    trained: False for a buffer such as a running mean; tied: other layers read it too
    """

    name: str
    slot: int
    shape: Shape
    trained: bool
    tied: bool

    @property
    def size(self) -> int:
        """How many numbers it holds; 0 where nobody knows."""
        return 0 if self.shape is None else math.prod(self.shape)


class Facts:
    """Answers about the nodes of one tree.

    >>> from cutaway import nn
    >>> from cutaway.glass.picture.source import source
    >>> from cutaway.glass.picture.tree import tree
    >>> src = source(nn.Sequential(nn.Linear(4, 2)), (4,))
    >>> facts = Facts(src, root := tree(src.tape))
    >>> [(w.name, w.size) for w in facts.weights(root)], facts.shape(root)
    ([('0.weight', 8), ('0.bias', 2)], (1, 2))
    """

    def __init__(self, src: Source, root: Node) -> None:
        self.src, self.root = src, root
        tape = src.tape
        self.state = {slot: name for name, slot in tape.state.items()}
        self.inputs = {slot: name for name, slot in tape.inputs.items()}
        self.maker = {step.output: number for number, step in enumerate(tape.steps)}
        self.users: dict[int, list[int]] = {}
        for number, step in enumerate(tape.steps):
            for slot in dict.fromkeys(step.inputs):
                self.users.setdefault(slot, []).append(number)
        self.phase = [phase_and_path(step.label)[0] for step in tape.steps]
        self.node = {node.start: node for node in root.walk() if node.kind == "step"}
        self.mirrors: dict[int, int] | None = None  # see mirror; found when it is asked for
        self._buffers = _buffers(src)
        self._visits: dict[int, str] = {}
        for path, _, slot in tape.visits:
            self._visits.setdefault(slot, path)

    def reads(self, node: Node) -> list[int]:
        """The slots from outside that its steps read, in the order in which they are met."""
        steps = self.src.tape.steps[node.start : node.stop]
        return [s for s in dict.fromkeys(s for step in steps for s in step.inputs) if not self._inside(node, s)]

    def _inside(self, node: Node, slot: int) -> bool:
        return node.start <= self.maker.get(slot, -1) < node.stop

    def makes(self, node: Node) -> list[int]:
        """The slots made inside that the same pass needs outside (or that nobody needs: then they are results)."""
        forward = ("forward", "loss")
        made = []
        for number in range(node.start, node.stop):
            slot = self.src.tape.steps[number].output
            users = self.users.get(slot, [])
            if node.phase in forward:
                users = [u for u in users if self.phase[u] in forward]
            if not users or any(not node.start <= u < node.stop for u in users):
                made.append(slot)
        return made

    def output(self, node: Node) -> int:
        """The slot that stands for the whole node: what a layer returned, else the last thing made that is needed."""
        made = self.makes(node)
        last: int = self.src.tape.steps[node.stop - 1].output
        needed = [s for s in made if self.users.get(s)] or made or [last]
        results = [s for s in made if s in self.src.tape.results.values()]
        if node.phase == "loss" and self.src.tape.results.get("loss") in made:
            return self.src.tape.results["loss"]
        if node.kind in ("group", "layer"):
            own = [s for s in needed if self._visits.get(s, "").startswith(node.path)]
            if own:
                return own[-1]
        return (results or needed)[-1]

    def shape(self, node: Node) -> Shape:
        """The shape of its output."""
        return self.src.shapes[self.output(node)]

    def weights(self, node: Node) -> list[Weight]:
        """The state that its steps read."""
        found = [slot for slot in self.reads(node) if slot in self.state]
        return [self._weight(slot) for slot in found]

    def _weight(self, slot: int) -> Weight:
        name = self.state[slot]
        owners = {
            (node.parent.id if node.parent else "")
            for number in self.users.get(slot, [])
            if self.phase[number] == "forward" and (node := self.node[number])
        }
        return Weight(name, slot, self.src.shapes[slot], name not in self._buffers, len(owners) > 1)

    def sources(self, node: Node) -> list[int]:
        """The slots from outside that flow into it: inputs of the tape and results of other steps, no parameters."""
        return [slot for slot in self.reads(node) if slot in self.maker or slot in self.inputs]

    def ops(self, node: Node) -> list[str]:
        """The names of its operations, in order."""
        return [step.op.name for step in self.src.tape.steps[node.start : node.stop]]


def _buffers(src: Source) -> set[str]:
    """The names of the state that is carried along without being trained."""
    tape = src.tape
    leaves: dict[str, Any] = {t.name: t for t in tape.leaves if t.name in tape.state}
    if leaves:
        return {name for name, t in leaves.items() if not getattr(t, "trained", True)}
    trained = set(tape.gradients) | set(tape.families.get("weight", []))
    return {name for name in tape.state if trained and name not in trained}
