"""A network from a drawing in letters and arrows, or from a line of algebra; and back again, to algebra and to code.

x(3) --A--> h(4) relu --B--> y(2)          boxes with their sizes; every arrow is a table of weights
x --C--> y                                 a second road into a box: what arrives is added up
x => y                                     a road without weights: the numbers are carried over as they are

y = B relu(A x) + C x                      the same in algebra; the shapes of the letters are said beside it
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from .. import nn
from ..engine import Tensor
from ..engine.errors import CutawayError
from .telling import Told

__all__ = ["Arrow", "Box", "Sketch", "build", "code", "letters"]

KINDS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
ARROW = re.compile(r"(=+>)|-+\s*(?:([A-Z]\w*)\s*-+)?>")
BOX = re.compile(r"([a-z]\w*)\s*(?:\(\s*(\d+)\s*\))?\s*([a-z]*)$")
PIECE = re.compile(r"\s*(?:([A-Za-z]\w*)|([()+]))")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Box:
    """Numbers on their way: how many, and what is done to the sum of all that arrives ("" for nothing)."""

    size: int
    kind: str = ""


@dataclass(frozen=True)
class Arrow:
    """A road from box to box: a table of weights with this letter; with no letter the numbers as they are."""

    start: str
    letter: str
    end: str


class Sketch(nn.Module):
    """A network of boxes and arrows. Every box adds up what its arrows bring, and then does what stands beside it.

    box = kind(sum over its arrows of letter @ start)

    >>> net = build("x(3) --A--> h(4) relu --B--> y(2)")
    >>> net(np.ones((5, 3))).shape, net.A.weight.shape
    ((5, 2), (4, 3))
    """

    def __init__(self, boxes: dict[str, Box], arrows: Sequence[Arrow], bias: bool = False) -> None:
        self.arrows = tuple(arrows)
        self.order = _order(boxes, self.arrows)
        self.boxes = {name: boxes[name] for name in self.order}
        begun = set()
        for arrow in self.arrows:
            here, there = boxes[arrow.start].size, boxes[arrow.end].size
            if arrow.letter:
                setattr(self, arrow.letter, nn.Linear(here, there, bias=bias and arrow.end not in begun))
                begun.add(arrow.end)
            elif here != there:
                raise CutawayError(
                    f"{arrow.start} => {arrow.end} carries {here} numbers over as they are, but {arrow.end} holds "
                    f"{there}. Only an arrow with weights can change how many there are."
                )
        for name, box in self.boxes.items():
            if box.kind:
                if hasattr(self, name):  # a word of Python's that the network itself goes by
                    raise CutawayError(f"A box with {box.kind} beside it cannot be called {name}: call it otherwise.")
                setattr(self, name, KINDS[box.kind]())

    def into(self, name: str) -> list[Arrow]:
        """The arrows that end in a box, in the order in which they were drawn."""
        return [arrow for arrow in self.arrows if arrow.end == name]

    def forward(self, x: Tensor) -> Tensor:
        held = {self.order[0]: x}
        for name in self.order[1:]:
            come = [getattr(self, a.letter)(held[a.start]) if a.letter else held[a.start] for a in self.into(name)]
            total = come[0]
            for more in come[1:]:
                total = total + more
            held[name] = getattr(self, name)(total) if self.boxes[name].kind else total
        return held[self.order[-1]]

    def _repr_html_(self) -> str:
        from .drawings.ch07 import napkin

        return napkin(self)

    def describe(self) -> str:
        return "; ".join(
            f"{a.start} -{a.letter}-> {a.end}" if a.letter else f"{a.start} => {a.end}" for a in self.arrows
        )


def build(what: str, bias: bool = False, **shapes: tuple[int, int]) -> Sketch:
    """The network that a drawing or a line of algebra describes, its weights drawn by chance.

    bias: give each box that weights lead to a head start; shapes: of the letters of algebra, A=(outputs, inputs)

    >>> letters(build("x(3) -> h(4) relu -> y(2)"))
    y = B relu(A x)
    >>> build("y = B relu(A x) + C x", A=(4, 3), B=(2, 4), C=(2, 3)).boxes["h"]
    Box(size=4, kind='relu')
    """
    boxes, arrows = _read_algebra(what, shapes) if re.search(r"=(?![=>])", what) else _read_drawing(what)
    return Sketch(boxes, arrows, bias)


# -- reading a drawing ------------------------------------------------------------------------------------------------
def _read_drawing(text: str) -> tuple[dict[str, Box], list[Arrow]]:
    sizes: dict[str, int] = {}
    kinds: dict[str, str] = {}
    met: list[tuple[str, str | None, str]] = []  # a road without weights has the letter None
    for row in filter(None, map(str.strip, text.splitlines())):
        parts = ARROW.split(row)
        names = [_box(part, sizes, kinds) for part in parts[::3]]
        if len(names) < 2:
            raise CutawayError(f"There is no arrow in {row!r}. A drawing looks like this: x(3) -> h(4) relu -> y(2)")
        plain, named = parts[1::3], parts[2::3]
        for start, is_plain, letter, end in zip(names, plain, named, names[1:], strict=False):
            met.append((start, None if is_plain else letter or "", end))
    for name in dict.fromkeys(name for start, _, end in met for name in (start, end)):
        if name not in sizes:
            raise CutawayError(f"How many numbers does {name} hold? Write it once with its size, as {name}(4).")
    taken = [letter for _, letter, _ in met if letter]
    if twice := {letter for letter in taken if taken.count(letter) > 1}:
        raise CutawayError(f"Two arrows are called {min(twice)}. Every table of weights has a letter of its own.")
    free = (letter for letter in LETTERS if letter not in taken)
    arrows = [Arrow(start, "" if letter is None else letter or next(free), end) for start, letter, end in met]
    return {name: Box(size, kinds.get(name, "")) for name, size in sizes.items()}, arrows


def _box(text: str, sizes: dict[str, int], kinds: dict[str, str]) -> str:
    found = BOX.match(text.strip())
    if not found:
        raise CutawayError(
            f"{text.strip()!r} is no box. A box is a small name and its size, and perhaps a word: h(4) relu"
        )
    name, size, kind = found[1], found[2], found[3]
    if kind and kind not in KINDS:
        raise CutawayError(f"{name} has {kind!r} beside it; there are {', '.join(KINDS)}.")
    if size and sizes.setdefault(name, int(size)) != int(size):
        raise CutawayError(f"{name} is drawn with {sizes[name]} numbers, and again with {size}. Which is it?")
    if kind and kinds.setdefault(name, kind) != kind:
        raise CutawayError(f"{name} is drawn with {kinds[name]}, and again with {kind}. Which is it?")
    return name


# -- reading algebra ---------------------------------------------------------------------------------------------------
class _Algebra:
    """Reads one side of an equation, piece by piece: sums of products, and a product is read from its right end."""

    def __init__(self, text: str, shapes: dict[str, tuple[int, int]]) -> None:
        self.text, self.shapes = text, shapes
        self.pieces, end = [], 0
        while rest := PIECE.match(text, end):
            self.pieces.append(rest[1] or rest[2])
            end = rest.end()
        if text[end:].strip():
            raise CutawayError(
                f"Algebra here is letters, brackets and +, so {text[end:].strip()[0]!r} is not understood."
            )
        self.boxes: dict[str, Box] = {}
        self.arrows: list[Arrow] = []
        self.names = iter(["h", "k", *(f"h{n}" for n in range(2, 99))])

    def add(self, end: str, kind: str = "") -> None:
        """All that stands up to the next closing bracket arrives in one box."""
        roads = [self.product()]
        while self.pieces and self.pieces[0] == "+":
            self.pieces.pop(0)
            roads.append(self.product())
        size = {size for _, _, size in roads}
        if len(size) > 1:
            raise CutawayError(f"{end} would add up lists of {' and '.join(map(str, sorted(size)))} numbers.")
        self.boxes[end] = Box(size.pop(), kind)
        self.arrows += [Arrow(start, letter, end) for start, letter, _ in roads]

    def product(self) -> tuple[str, str, int]:
        """Where a road begins, its last letter, and how many numbers it brings."""
        tables = []
        while self.pieces and self.pieces[0][0].isupper():
            tables.append(self.pieces.pop(0))
        start = self.value(tables)
        for k, letter in enumerate(reversed(tables)):
            if letter not in self.shapes:
                raise CutawayError(f"What shape has {letter}? Say {letter}=(outputs, inputs) beside the algebra.")
            outputs, inputs = self.shapes[letter]
            here = self.boxes[start].size
            if inputs != here:
                raise CutawayError(
                    f"{letter} has shape ({outputs}, {inputs}), so it takes {inputs} numbers; {start} brings {here}."
                )
            if k == len(tables) - 1:
                return start, letter, outputs
            name = next(self.names)
            self.boxes[name] = Box(outputs)
            self.arrows.append(Arrow(start, letter, name))
            start = name
        return start, "", self.boxes[start].size

    def value(self, tables: list[str]) -> str:
        """What the letters before it are applied to: a box by its name, or a bracket, which becomes a box."""
        piece = self.pieces.pop(0) if self.pieces else "nothing"
        if piece == "(" or (piece in KINDS and self.pieces[:1] == ["("]):
            if piece != "(":
                self.pieces.pop(0)
            name = next(self.names)
            self.add(name, piece if piece != "(" else "")
            if not self.pieces or self.pieces.pop(0) != ")":
                raise CutawayError(f"A bracket is not closed in {self.text.strip()!r}.")
            return name
        if not piece[0].islower() or piece == "nothing" or piece in KINDS:
            raise CutawayError(f"In {self.text.strip()!r}, {tables[-1] if tables else 'a +'} has nothing to work on.")
        if piece not in self.boxes:
            sizes = [self.shapes[tables[-1]][1]] if tables and tables[-1] in self.shapes else []
            if not sizes:
                raise CutawayError(f"How many numbers has {piece}? Let a letter with a shape stand before it.")
            self.boxes[piece] = Box(sizes[0])
        return piece


def _read_algebra(text: str, shapes: dict[str, tuple[int, int]]) -> tuple[dict[str, Box], list[Arrow]]:
    end, _, right = text.partition("=")
    read = _Algebra(right, shapes)
    name, kind = end.strip(), ""
    whole = re.fullmatch(rf"\s*({'|'.join(KINDS)})\s*\((.*)\)\s*", right)
    if whole and _closed(whole[2]):  # y = relu(...): one box, not two
        read, kind = _Algebra(whole[2], shapes), whole[1]
    read.add(name, kind)
    if read.pieces:
        raise CutawayError(f"{' '.join(read.pieces)!r} is left over at the end of {text.strip()!r}.")
    return read.boxes, read.arrows


def _closed(text: str) -> bool:
    """Does every bracket that closes in this text also open in it?"""
    open_now = 0
    for mark in text:
        open_now += (mark == "(") - (mark == ")")
        if open_now < 0:
            return False
    return True


def _order(boxes: dict[str, Box], arrows: Sequence[Arrow]) -> list[str]:
    """The boxes so that each comes after those that feed it; one begins and one ends."""
    feeds: dict[str, list[str]] = {name: [] for name in boxes}
    for arrow in arrows:
        feeds[arrow.end].append(arrow.start)
    try:
        order = list(TopologicalSorter(feeds).static_order())
    except CycleError as error:
        loop = " -> ".join(reversed(error.args[1]))
        raise CutawayError(f"The arrows go round in a loop, {loop}, so nobody can be worked out first.") from None
    for what, ends in (("no arrow coming in", [n for n in order if not feeds[n]]),
                       ("no arrow going out", [n for n in order if all(a.start != n for a in arrows)])):  # fmt: skip
        if len(ends) > 1:
            raise CutawayError(f"Several boxes have {what}: {', '.join(ends)}. One is where all begins or ends.")
    return order


# -- writing --------------------------------------------------------------------------------------------------------
def letters(net: Sketch) -> Told:
    r"""The network in algebra; a box that is used more than once gets a line of its own.

    >>> letters(build("x(3) -> h(4) relu -> y(2)\nx -> y"))
    y = B relu(A x) + C x
    """
    users = {name: sum(a.start == name for a in net.arrows) for name in net.order}
    lines = [f"{name} = {_right(net, name, users)}" for name in net.order[1:-1] if users[name] > 1]
    return Told("\n".join([*lines, f"{net.order[-1]} = {_right(net, net.order[-1], users)}"]))


def _right(net: Sketch, name: str, users: dict[str, int]) -> str:
    roads = []
    for arrow in net.into(name):
        start, box = arrow.start, net.boxes[arrow.start]
        if start != net.order[0] and users[start] == 1:
            start = _right(net, start, users)
            if not box.kind and arrow.letter and " + " in start:
                start = f"({start})"
        roads.append(f"{arrow.letter} {start}".strip())
    total = " + ".join(roads)
    return f"{net.boxes[name].kind}({total})" if net.boxes[name].kind else total


def code(net: Sketch) -> Told:
    """The network as code: a Sequential for a chain, a class where roads fork or meet.

    >>> code(build("x(3) -> h(4) relu -> y(2)"))
    net = nn.Sequential(
        nn.Linear(3, 4, bias=False),
        nn.ReLU(),
        nn.Linear(4, 2, bias=False),
    )
    """
    chain = all(len(net.into(name)) == 1 for name in net.order[1:]) and all(arrow.letter for arrow in net.arrows)
    return Told("\n".join(_chain(net) if chain else _class(net)))


def _layer(net: Sketch, arrow: Arrow) -> str:
    bias = "" if getattr(net, arrow.letter).bias is not None else ", bias=False"
    return f"nn.Linear({net.boxes[arrow.start].size}, {net.boxes[arrow.end].size}{bias})"


def _chain(net: Sketch) -> list[str]:
    lines = ["net = nn.Sequential("]
    for name in net.order[1:]:
        lines.append(f"    {_layer(net, net.into(name)[0])},")
        if net.boxes[name].kind:
            lines.append(f"    nn.{KINDS[net.boxes[name].kind].__name__}(),")
    return [*lines, ")"]


def _class(net: Sketch) -> list[str]:
    first = net.order[0]
    lines = ["class Net(nn.Module):", "    def __init__(self):"]
    lines += [f"        self.{a.letter} = {_layer(net, a)}" for a in net.arrows if a.letter]
    lines += [f"        self.{kind} = nn.{KINDS[kind].__name__}()" for kind in _kinds(net)]
    lines += ["", f"    def forward(self, {first}):"]
    for name in net.order[1:]:
        total = " + ".join(f"self.{a.letter}({a.start})" if a.letter else a.start for a in net.into(name))
        kind = net.boxes[name].kind
        lines.append(f"        {name} = {f'self.{kind}({total})' if kind else total}")
    return [*lines, f"        return {net.order[-1]}", "", "net = Net()"]


def _kinds(net: Sketch) -> list[str]:
    return list(dict.fromkeys(box.kind for box in net.boxes.values() if box.kind))
