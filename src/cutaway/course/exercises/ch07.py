"""The exercises of chapter 7: shapes, drawings, code, counting weights, and two things that are not what they say."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ... import nn
from ...engine.errors import CutawayError
from ..exercise import Exercise, Mistake, Verdict, blank, mistake, not_yet, right
from ..sketch import Sketch, build, letters

__all__ = ["EXERCISES"]

NOTHING = "Nothing here yet, and that is fine."


# -- 7.1 --------------------------------------------------------------------------------------------------------------
def _shapes(answer: dict[str, Any]) -> Verdict:
    true = {"A": (6, 4), "B": (3, 6), "h": (5, 6)}
    said = {name: tuple(np.atleast_1d(answer[name]).tolist()) for name in true if answer.get(name) is not None}
    if not said:
        return blank(f"{NOTHING} Begin with h: five examples, and how many numbers for each of them?")
    if said == true:
        return right("Tables stand as (outputs, inputs), and numbers on their way as (examples, numbers).")
    if any(said.get(name) == true[name][::-1] for name in "AB"):
        return mistake(
            "Lying on its side", "a table has one row for each output. Which box is the output of that arrow?"
        )
    if any(5 in said.get(name, ()) for name in "AB"):
        return mistake(
            "A table that counts examples", "would the net need other weights if you asked about six examples?"
        )
    if said.get("h") == (6,):
        return mistake("One example only", "that is what one example has in h. Five of them go through together.")
    wrong = next(name for name in true if said.get(name) != true[name])
    if wrong not in said:
        return not_yet(f"{wrong} is still missing. Put your finger on it in the drawing: what comes in, what goes out?")
    return not_yet(
        f"{wrong} is not {said.get(wrong)}. Put your finger on it in the drawing: what comes in, what goes out?"
    )


# -- 7.2 --------------------------------------------------------------------------------------------------------------
def _form(net: Sketch) -> tuple[Any, ...]:
    """What a drawing means, whatever its boxes and letters are called: the roads, the sizes, the kinds."""
    places = {name: k for k, name in enumerate(net.order)}
    roads = sorted((places[a.start], places[a.end], bool(a.letter)) for a in net.arrows)
    return tuple(roads), tuple((box.size, box.kind) for box in net.boxes.values())


def _drawn(drawing: str) -> Verdict:
    if not isinstance(drawing, str) or not drawing.strip():
        return blank(
            f"{NOTHING} Begin with the last letter of the algebra, because it is the first thing that is done."
        )
    try:
        net = build(drawing)
    except CutawayError as error:
        return not_yet(str(error))
    wanted = build("x(4) -> h(5) relu -> k(6) relu -> y(2)\nx -> y")
    if _form(net) == _form(wanted):
        return right("Read back from your drawing: " + "; ".join(str(letters(net)).splitlines()))
    roads, wanted_roads = len(net.arrows), len(wanted.arrows)
    if roads == wanted_roads - 1:
        return mistake(
            "The road not drawn", "the algebra has a + in it, so two roads meet in y. How many arrows end there?"
        )
    if sum(not a.letter for a in net.arrows):
        return mistake("A road without weights", "D stands for a table of weights. => carries numbers as they are.")
    if net.boxes[net.order[-1]].kind:
        return mistake("Relu at the end", "look where the brackets close. Is the sum inside one of them?")
    if sum(box.kind == "relu" for box in net.boxes.values()) < 2:
        return mistake("A lost relu", "the algebra says relu twice. Beside which boxes does it belong?")
    if _form(net)[1] == _form(wanted)[1]:
        return not_yet(
            "The boxes are right. Look at the second road: on which letter does D work, and where does it end?"
        )
    sizes = {name: box.size for name, box in net.boxes.items()}
    return not_yet(f"Your boxes hold {sizes}. Each table is (outputs, inputs): follow B in, and B out.")


# -- 7.3 --------------------------------------------------------------------------------------------------------------
def _coded(net: Any) -> Verdict:
    if net is None or net is ...:
        return blank(f"{NOTHING} Each arrow is a layer, and each word beside a box is one more.")
    if not isinstance(net, nn.Module):
        return not_yet(f"A net was expected, and this is {type(net).__name__}.")
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear | nn.ReLU | nn.Tanh | nn.Sigmoid)]
    sizes = [(a.in_features, a.out_features) for a in layers if isinstance(a, nn.Linear)]
    kinds = [type(layer).__name__ for layer in layers]
    wanted, order = [(6, 8), (8, 3), (3, 2)], ["Linear", "ReLU", "Linear", "Tanh", "Linear"]
    if sizes == [pair[::-1] for pair in wanted]:
        return mistake(
            "In and out swapped", "Linear says first what comes in. (Its table of weights is the other way.)"
        )
    if sizes != wanted:
        return not_yet(f"Your layers go {', '.join(f'{i} to {o}' for i, o in sizes)}. Which sizes do the arrows join?")
    if kinds == [*order, "ReLU"] or kinds == [*order, "Tanh"]:
        return mistake("One gate too many", "nothing stands beside y, so its numbers go out as they are.")
    if kinds == ["Linear"] * 3:
        return mistake("Only tables", "without anything between them, three tables are no more than one (chapter 6).")
    if sorted(kinds) != sorted(order) and kinds.count("ReLU") == 2:
        return mistake("Two of a kind", "read again what stands beside k. It is not the word that stands beside h.")
    if kinds != order:
        return not_yet(f"Your order is {', '.join(kinds)}. Walk along the drawing and name what you pass.")
    return right("Each arrow became a layer, and each word beside a box became one too.")


# -- 7.4 --------------------------------------------------------------------------------------------------------------
def _counted(my_count: Callable[..., Any]) -> Verdict:
    draw, given, chains = np.random.default_rng(74), [], []
    for boxes in (2, 3, 5):
        sizes = [int(n) for n in draw.integers(2, 40, boxes)]
        value = my_count(sizes)
        if value is None or value is ...:
            return blank(f"{NOTHING} Take [3, 4, 2] and count on paper first: the wires, and then the head starts.")
        given.append(float(value))
        chains.append(sizes)
    pairs = [list(pairwise(sizes)) for sizes in chains]
    wires = [sum(i * o for i, o in chain) for chain in pairs]
    starts = [sum(sizes[1:]) for sizes in chains]
    if given == [w + s for w, s in zip(wires, starts, strict=True)]:
        return right("Wires and head starts, for chains of any length.")
    for name, like, text in (
        ("No head starts", wires, "you count the wires alone. Each number in a box after the first has a head start."),
        (
            "Inputs with a head start",
            [w + sum(s) for w, s in zip(wires, chains, strict=True)],
            "you also give head starts to the inputs. But nobody adds anything to what comes from outside.",
        ),
        (
            "One head start a layer",
            [w + len(s) - 1 for w, s in zip(wires, chains, strict=True)],
            "each layer gets only one head start from you. How many numbers does a layer give?",
        ),
        (
            "Circles, not wires",
            [sum(s) for s in chains],
            "you count the numbers in the boxes. The weights sit on the wires between them.",
        ),
    ):
        if given == like:
            return mistake(name, text)
    true = wires[0] + starts[0]
    return not_yet(f"For {chains[0]} there are {true} weights, head starts counted, and you said {given[0]:g}.")


# -- 7.5 --------------------------------------------------------------------------------------------------------------
def _which(answer: Any) -> Verdict:
    said = str(answer or "").strip().lower()
    if not said:
        return blank(f"{NOTHING} Draw the first one on paper, and hold the others against it.")
    if said == "c":
        return right("There the second road leaves from h. In all the others it leaves from x.")
    if said == "b":
        return mistake("Other letters", "b calls its tables P, Q and R. Does a name change what a net computes?")
    if said == "d":
        return mistake("The other order", "d adds the same two roads, the second one first. Does a sum mind the order?")
    if said == "a":
        return not_yet("a is the drawing that the other three are held against. Who disagrees with it?")
    return not_yet(f"Answer 'a', 'b', 'c' or 'd', not {answer!r}.")


# -- 7.6 --------------------------------------------------------------------------------------------------------------
def _mended(net: Any) -> Verdict:
    draw = np.random.default_rng(76)
    x = draw.normal(size=(9, 3))
    named = net.named_parameters()
    into, first, second, out = (named[f"{name}.weight"].data for name in ("into", "first", "second", "out"))
    biases = [named[f"{name}.bias"].data for name in ("into", "first", "second", "out")]

    def gate(a: Any) -> Any:
        return np.maximum(a, 0)

    def by_hand(one: int, two: int) -> Any:
        tables = (into, first, second, out)
        h = gate(x @ into.T + biases[0])
        for k in (one, two):
            h = gate(h @ tables[k].T + biases[k])
        return h @ out.T + biases[3]

    given = net(x).data
    if np.allclose(given, by_hand(1, 2), atol=1e-5):
        return right("All four layers are on the road now, each once, and every weight can learn.")
    if np.allclose(given, by_hand(1, 1), atol=1e-5):
        return blank("The net is as it came. Hold its picture beside the list of its layers.")
    if np.allclose(given, by_hand(2, 2), atol=1e-5):
        return mistake(
            "The other one twice", "now one of the others is never asked. Which one is missing in the picture?"
        )
    if np.allclose(given, by_hand(2, 1), atol=1e-5):
        return mistake("The wrong way round", "each is there once, but second comes before first.")
    h = gate(x @ into.T + biases[0])
    bare = gate((h @ first.T + biases[1]) @ second.T + biases[2]) @ out.T + biases[3]
    if np.allclose(given, bare, atol=1e-5):
        return mistake("A gate got lost", "two tables now follow each other with nothing between them.")
    return not_yet("The net gives something else now. Only one word was wrong; is the rest as it was?")


BROKEN = """class Net(nn.Module):
    def __init__(self):
        self.into = nn.Linear(3, 4)
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.out = nn.Linear(4, 2)
        self.relu = nn.ReLU()

    def forward(self, x):
        h = self.relu(self.into(x))
        h = self.relu(self.first(h))
        h = self.relu(self.second(h))
        return self.out(h)

net = Net()
check("7.6", net)"""


# -- 7.7 --------------------------------------------------------------------------------------------------------------
def _own(drawing: str) -> Verdict:
    if not isinstance(drawing, str) or not drawing.strip():
        return blank(f"{NOTHING} Begin with one road from x(3) to y(2), and then add a second one.")
    try:
        net = build(drawing)
    except CutawayError as error:
        return not_yet(str(error))
    first, last = net.boxes[net.order[0]], net.boxes[net.order[-1]]
    if (first.size, last.size) != (3, 2):
        return not_yet(f"It goes from {first.size} numbers to {last.size}. Three in and two out were asked for.")
    if len(net.arrows) < len(net.boxes):
        return mistake("One road", "your drawing is a chain. Somewhere a second arrow should end in the same box.")
    if not any(box.kind for box in net.boxes.values()):
        return mistake(
            "Nothing bends", "without relu, tanh or sigmoid all your tables are no more than one (chapter 6)."
        )
    weights = sum(p.data.size for p in net.parameters())
    if weights > 60:
        return mistake("Too many weights", f"there are {weights}, and 60 were allowed. Which box could be smaller?")
    return right(f"It has {weights} weights and reads: " + "; ".join(str(letters(net)).splitlines()))


EXERCISES = (
    Exercise(
        "7.1",
        "What shape is it?",
        _shapes,
        'answer = {"A": (6, 4), "B": (3, 6), "h": (5, 6)}\ncheck("7.1", answer)',
        (
            "There are two kinds of thing here, tables of weights and numbers on their way. Each has its own rule.",
            "A table has one row for each number that comes out, and one column for each that goes in.",
            "Numbers on their way have one row for each example. A goes from 4 to 6, and B from 6 to 3.",
        ),
        (
            Mistake("Lying on its side", swap=("(6, 4)", "(4, 6)")),
            Mistake("A table that counts examples", swap=("(3, 6)", "(5, 3)")),
            Mistake("One example only", swap=("(5, 6)", "(6,)")),
        ),
    ),
    Exercise(
        "7.2",
        "Draw this net",
        _drawn,
        'drawing = """\nx(4) --A--> h(5) relu --B--> k(6) relu --C--> y(2)\nx --D--> y\n"""\ncheck("7.2", drawing)',
        (
            "Read from the right: x goes into A. Everything inside one bracket ends in one box.",
            "There is one + and it stands outside all brackets. So two arrows end in y, and one of them comes from x.",
            "First line: x(4), h(5) relu, k(6) relu, y(2), with arrows between. The second line is one arrow.",
        ),
        (
            Mistake("The road not drawn", swap=("\nx --D--> y", "")),
            Mistake("A lost relu", swap=("k(6) relu", "k(6)")),
            Mistake("Relu at the end", swap=("y(2)\n", "y(2) relu\n")),
            Mistake(
                "A road without weights",
                'drawing = "x(4) -> h(5) relu -> k(5) relu -> y(2)\\nx -> y\\nh => k"\ncheck("7.2", drawing)',
            ),
        ),
    ),
    Exercise(
        "7.3",
        "Write its code",
        _coded,
        "net = nn.Sequential(\n    nn.Linear(6, 8), nn.ReLU(),\n    nn.Linear(8, 3), nn.Tanh(),\n    nn.Linear(3, 2))\n"
        'check("7.3", net)',
        (
            "Walk along the drawing with your finger. Whatever you pass, an arrow or a word, is one layer.",
            "nn.Linear(in, out) is an arrow. nn.ReLU() and nn.Tanh() are the words. They go into nn.Sequential.",
            "Five layers: Linear, ReLU, Linear, Tanh, Linear. What one gives, the next one takes.",
        ),
        (
            Mistake(
                "In and out swapped",
                swap=(
                    "(6, 8), nn.ReLU(),\n    nn.Linear(8, 3), nn.Tanh(),\n    nn.Linear(3, 2)",
                    "(8, 6), nn.ReLU(),\n    nn.Linear(3, 8), nn.Tanh(),\n    nn.Linear(2, 3)",
                ),
            ),
            Mistake("One gate too many", swap=("nn.Linear(3, 2)", "nn.Linear(3, 2), nn.Tanh()")),
            Mistake("Only tables", swap=(" nn.ReLU(),\n    nn.Linear(8, 3), nn.Tanh(),", "\n    nn.Linear(8, 3),")),
            Mistake("Two of a kind", swap=("nn.Tanh()", "nn.ReLU()")),
        ),
    ),
    Exercise(
        "7.4",
        "How many weights?",
        _counted,
        "def my_count(sizes):\n    return sum((here + 1) * there for here, there in zip(sizes, sizes[1:]))\n\n"
        'check("7.4", my_count)',
        (
            "Look at two boxes that stand next to each other. How many wires run between them?",
            "Every number of one box has a wire to every number of the next. Whatever arrives has a head start.",
            "zip(sizes, sizes[1:]) gives pairs of neighbours: here x there wires each, and there head starts.",
        ),
        (
            Mistake("No head starts", swap=("(here + 1) * there", "here * there")),
            Mistake(
                "Circles, not wires",
                swap=("sum((here + 1) * there for here, there in zip(sizes, sizes[1:]))", "sum(sizes)"),
            ),
            Mistake("One head start a layer", swap=("(here + 1) * there", "here * there + 1")),
            Mistake("Inputs with a head start", swap=("return sum(", "return sizes[0] + sum(")),
        ),
    ),
    Exercise(
        "7.5",
        "Which drawing is wrong?",
        _which,
        'answer = "c"\ncheck("7.5", answer)',
        (
            "Follow the second road in each of the four. Where does it begin, and where does it end?",
            "Names of tables do not matter, and the order of a sum does not either. The beginning of a road does.",
            "In three of them both roads begin at x. In one, both pass through h.",
        ),
        (
            Mistake("Other letters", swap=('"c"', '"b"')),
            Mistake("The other order", swap=('"c"', '"d"')),
        ),
    ),
    Exercise(
        "7.6",
        "A net that is not what it says",
        _mended,
        BROKEN,
        (
            "List the layers that are made, and then the ones that stand in the picture. Are they the same four?",
            "One layer stands twice in the picture, and one is missing. Python saw nothing: both take four numbers.",
            "In forward, three lines begin with h. The last of them asks a layer that has been asked before.",
        ),
        (
            Mistake("The other one twice", swap=("self.relu(self.first(h))", "self.relu(self.second(h))")),
            Mistake("A gate got lost", swap=("self.relu(self.first(h))", "self.first(h)")),
            Mistake(
                "The wrong way round",
                swap=(
                    "h = self.relu(self.first(h))\n        h = self.relu(self.second(h))",
                    "h = self.relu(self.second(h))\n        h = self.relu(self.first(h))",
                ),
            ),
        ),
    ),
    Exercise(
        "7.7",
        "A net of your own",
        _own,
        'drawing = """\nx(3) --A--> h(6) relu --B--> y(2)\nx --C--> y\n"""\ncheck("7.7", drawing)',
        (
            "Draw it on paper first. Two arrows have to end in the same box.",
            "A drawing has a line for each road. A box that stands in two lines is the same box.",
            "One line from x(3) through a box with relu to y(2), and one line straight from x to y.",
        ),
        (
            Mistake("One road", swap=("\nx --C--> y", "")),
            Mistake("Nothing bends", swap=(" relu", "")),
            Mistake("Too many weights", swap=("h(6)", "h(60)")),
        ),
    ),
)
