"""The exercises of chapter 6: correlation, stacked layers, deltas, a rule, a diamond, a standstill, three curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import Run
from .. import small_tape
from ..exercise import Exercise, Mistake, Verdict, blank, mistake, not_yet, right

__all__ = ["EXERCISES"]

Array = Any
SHAPES = ((5, 3, 4, 2), (7, 2, 6, 3), (4, 5, 3, 2))  # lines, inputs and the sizes of two layers: never square


def _missing(value: Any) -> bool:
    return value is None or value is ...


def _same(given: list[Any], wanted: list[Any]) -> bool:
    """Do all answers agree, in shape and in number?"""
    return all(
        np.shape(g) == np.shape(w) and np.allclose(g, w, rtol=1e-4, atol=1e-7)
        for g, w in zip(given, wanted, strict=True)
    )


def _shapes(given: list[Any], wanted: list[Any], what: str) -> Verdict | None:
    for g, w in zip(given, wanted, strict=True):
        if np.shape(g) != np.shape(w):
            return not_yet(f"{what} should have shape {np.shape(w)} here, and yours has {np.shape(g)}.")
    return None


# -- 6.1 -------------------------------------------------------------------------------------------------------------
def mean_vote(answer: Callable[[Array, Array], Any]) -> Verdict:
    """The mean of the products of what lies above the means."""
    chance = np.random.default_rng(61)
    pairs = [(chance.uniform(2, 9, n), chance.uniform(-3, 5, n)) for n in (5, 8, 13)]
    pairs = [(x, y + slope * x) for (x, y), slope in zip(pairs, (1.5, -2.0, 0.7), strict=True)]
    given = [answer(x.copy(), y.copy()) for x, y in pairs]
    if any(_missing(value) for value in given):
        return blank(
            "Nothing here yet, and that is fine. Begin with one column: how far is each number above its mean?"
        )
    if any(np.shape(value) != () for value in given):
        return not_yet(f"You gave back {np.size(given[0])} numbers for 5 lines: every line's own vote. Share them.")

    def against(wanted: Callable[[Array, Array], Any]) -> bool:
        return _same(given, [wanted(x, y) for x, y in pairs])

    def vote(x: Array, y: Array) -> Any:
        return (x - x.mean()) * (y - y.mean())

    if against(lambda x, y: vote(x, y).mean()):
        return right("On three pairs of columns your mean vote is plus, minus and plus, as it must be.")
    if against(lambda x, y: (x * y).mean()):
        return mistake(
            "The absolute voter",
            "all numbers count from zero instead of from their mean. Give it a column of sevens, which cannot know "
            "anything: what does it say?",
        )
    if against(lambda x, y: vote(x, y).sum()):
        return mistake(
            "The unshared votes",
            "write every line down twice, and your answer doubles. Should it, for the same pattern?",
        )
    if against(lambda x, y: vote(x, y).mean() / (x.std() * y.std())):
        return mistake(
            "The whole correlation",
            "you divided by the spreads as well. That is the number of the chapter; here only its top half was asked.",
        )
    x, y = pairs[0]
    return not_yet(
        f"For the first pair the lines vote {vote(x, y).mean():.3f} on average, and you said {given[0]:.3f}."
    )


# -- 6.2 -------------------------------------------------------------------------------------------------------------
def one_layer(answer: Callable[[Array, Array], Any]) -> Verdict:
    """Two tables of weights as one."""
    chance = np.random.default_rng(62)
    tables = [(chance.normal(size=(h, i)), chance.normal(size=(o, h))) for _, i, h, o in SHAPES]
    try:
        given = [answer(first.copy(), second.copy()) for first, second in tables]
    except ValueError as error:
        first, second = tables[0]
        if "matmul" in str(error) or "dot" in str(error):
            return mistake(
                "The glass before the jugs",
                f"the inner sides do not meet: first is {first.shape} and second is {second.shape}. Which of the two "
                "works on what the other has made?",
            )
        raise
    if any(_missing(value) for value in given):
        return blank("Nothing here yet, and that is fine. Write the shapes of both tables on paper, and see what fits.")
    if _same(given, [second @ first for first, second in tables]):
        return right("On three random stacks, your one layer says what the two say.")
    if _same(given, [(second @ first).T for first, second in tables]):
        return mistake(
            "The table on its side",
            f"the numbers are right, but they lie in shape {np.shape(given[0])}. Weights have a row for each output, "
            "and how many outputs are there?",
        )
    first, second = tables[0]
    wrong = _shapes(given, [second @ first for first, second in tables], "From 3 inputs to 2 outputs, the weights")
    return wrong or not_yet("The shape is right, and the stack says something else. Try it on the chapter's push.")


# -- 6.3 -------------------------------------------------------------------------------------------------------------
def through_the_gate(answer: Callable[[Array, Array], Any]) -> Verdict:
    """Deltas of scales -> deltas of the sums under them."""
    chance = np.random.default_rng(63)
    cases = [(chance.normal(size=(n, h)), chance.normal(size=(n, h))) for n, _, h, _ in SHAPES]
    given = [answer(delta.copy(), sums.copy()) for delta, sums in cases]
    if any(_missing(value) for value in given):
        return blank("Nothing here yet, and that is fine. Which of the scales would notice a hair more?")

    def against(wanted: Callable[[Array, Array], Any]) -> bool:
        return _same(given, [wanted(delta, sums) for delta, sums in cases])

    if against(lambda delta, sums: delta * (sums > 0)):
        return right("Where a scale is pressed the delta passes whole, and elsewhere nothing passes.")
    if against(lambda delta, sums: delta * (delta > 0)):
        return mistake(
            "The wrong gatekeeper",
            "you let a delta through when the delta itself is above zero. "
            "Then nobody ever hears that it is too small. "
            "What is it that opens the gate?",
        )
    if against(lambda delta, sums: delta * np.maximum(sums, 0)):
        return mistake(
            "The loud gate",
            "the harder a scale is pressed, the more blame you let through. But a hair more on a pressed scale is a "
            "hair more, whatever it shows. How much is passed on, then?",
        )
    if against(lambda delta, sums: delta * (sums < 0)):
        return mistake(
            "The gate the wrong way round", "you blame the ends that hang in the air. Would they notice a hair?"
        )
    if against(lambda delta, sums: delta):
        return mistake(
            "The open door", "everything passes. Think of an end in the air: what does a hair more do to it?"
        )
    return not_yet("Look at one number whose sum is below zero, and at one above. What comes through in each case?")


# -- 6.4 -------------------------------------------------------------------------------------------------------------
def _three(x: Array, y: Array, a: Array, b: Array, c: Array) -> tuple[Array, ...]:
    one = x @ a.T
    two = np.maximum(one, 0) @ b.T
    delta = 2 * (np.maximum(two, 0) @ c.T - y) / len(x)
    return one, two, delta


def slopes_of_a(answer: Callable[..., Any]) -> Verdict:
    """The gradient of the first of three tables."""
    chance = np.random.default_rng(64)
    cases = []
    for n, i, h, k in SHAPES:
        sizes = ((n, i), (n, 1), (h, i), (k, h), (1, k))
        cases.append([chance.normal(size=size) for size in sizes])
    given = [answer(*[array.copy() for array in case]) for case in cases]
    if any(_missing(value) for value in given):
        return blank("Nothing here yet, and that is fine. Begin at the loss: what is the delta of the answers?")

    def way(first: bool = True, second: bool = True, share: bool = True, two: float = 1.0) -> list[Any]:
        found = []
        for x, y, a, b, c in cases:
            one, sums, delta = _three(x, y, a, b, c)
            delta = delta * two * (1 if share else len(x))
            delta = delta @ c * ((sums > 0) if second else 1)
            delta = delta @ b * ((one > 0) if first else 1)
            found.append(delta.T @ x)
        return found

    wrong = _shapes(given, way(), "There is one slope for each weight of a, so the slopes")
    if wrong and _same([np.transpose(g) for g in given], way()):
        return mistake(
            "The table on its side",
            f"right numbers, but in shape {np.shape(given[0])}. The step is "
            "a minus alpha times the slopes: would the "
            "shapes fit?",
        )
    if wrong:
        return wrong
    if _same(given, way()):
        return right("On three random networks these are the slopes that a nudge feels.")
    if (
        _same(given, way(first=False))
        or _same(given, way(second=False))
        or _same(given, way(first=False, second=False))
    ):
        return mistake(
            "The forgotten gate",
            "blame also reaches scales that hang in the air. There are two rows of scales in this network: did your "
            "delta ask at both?",
        )
    if _same(given, way(share=False)) or _same(given, way(share=False, two=0.5)):
        return mistake("The unshared sum", "the more lines, the larger your slopes. The loss is a mean: who shares it?")
    if _same(given, way(two=0.5)):
        return mistake("The lost two", "you are at exactly half. A growing square gains two strips, not one.")
    if _same(given, [-g for g in way()]):
        return mistake("The climber", "right size, wrong sign. An error is what we say minus the truth, in that order.")
    return not_yet("The shape is right and the numbers are not. Nudge one weight of a, and compare piece by piece.")


# -- 6.5 -------------------------------------------------------------------------------------------------------------
def back_div(answer: Callable[..., Any]) -> Verdict:
    """A rule for a / b on the small tape."""
    given, wanted, seen = [], [], []
    chance = np.random.default_rng(65)
    for shape in ((2, 3), (4, 1), (3, 5)):
        arrays = chance.normal(size=shape), chance.uniform(0.5, 3, shape), chance.uniform(1, 2, shape)
        tape = _Dividing()
        a, b, delta = (tape.put(array) for array in arrays)
        parts = answer(tape, delta, a, b)
        if _missing(parts):
            return blank("Nothing here yet, and that is fine. Begin with the cake: for two guests, what is a piece?")
        if not isinstance(parts, tuple) or len(parts) != 2:
            return not_yet("A rule gives back two deltas, for a and for b, with a comma between them.")
        if not all(isinstance(part, int | np.integer) for part in parts):
            return mistake(
                "Off the tape",
                "your rule gives back numbers, not slots. It may be right today, but nobody can walk a way back that "
                "was never written down. Which function of the tape does a step and writes it?",
            )
        given.append([tape.values[part] for part in parts])
        x, y, d = arrays
        wanted.append([d / y, -d * x / y**2])
        seen.append(arrays)

    def against(wanted_a: Callable[..., Any], wanted_b: Callable[..., Any]) -> bool:
        return all(_same(g, [wanted_a(*arrays), wanted_b(*arrays)]) for g, arrays in zip(given, seen, strict=True))

    if all(_same(g, w) for g, w in zip(given, wanted, strict=True)):
        return right("On three random tables, both deltas are what a nudge feels. Your engine can divide.")
    if against(lambda x, y, d: d / y, lambda x, y, d: d * x / y**2):
        return mistake(
            "The happy guests",
            "you say that more guests make the pieces larger. In which direction does a hair of b move them?",
        )
    if against(lambda x, y, d: d / y, lambda x, y, d: -d * x / y) or against(
        lambda x, y, d: d / y, lambda x, y, d: d * x / y
    ):
        return mistake(
            "The guests counted once",
            "the tenth guest takes less from each piece than the second "
            "did: the more there are, the less one more is "
            "felt, and that twice over. How often does b belong below the line?",
        )
    if against(lambda x, y, d: d * y, lambda x, y, d: d * x):
        return mistake(
            "The rule of mul", "that is how a product feels a hair. Does a hair more cake give b hairs more to each?"
        )
    if against(lambda x, y, d: -d * x / y**2, lambda x, y, d: d / y):
        return mistake(
            "The places changed", "both are right, in the wrong order. Which slot comes first, the cake or the guests?"
        )
    if not all(_same(g[:1], w[:1]) for g, w in zip(given, wanted, strict=True)):
        return not_yet(
            "Look at the delta of a, the cake, first: for b guests, what does a hair more cake do to a piece?"
        )
    return not_yet("The cake's delta is right. The guests' is not: try a = 1 and b = 2, and nudge b.")


class _Dividing(small_tape.Tape):
    """The chapter's tape, which can also divide."""

    def do(self, name: str, *slots: int) -> int:
        if name != "div":
            return super().do(name, *slots)
        result = self.put(np.divide(*[self.values[k] for k in slots]))
        self.steps.append((name, slots, result))
        return result


# -- 6.6 -------------------------------------------------------------------------------------------------------------
def three_ways(answer: Any) -> Verdict:
    """y = x * x * x + x * x at 3."""
    if _missing(answer):
        return blank("Nothing here yet, and that is fine. Give y the delta 1, and go back one step.")
    known = {
        33.0: right("27 by way of the product, 6 by way of the sum: all ways were walked, and each was added."),
        15.0: mistake(
            "The way into a",
            "a has the delta one in your sum. But a is used in two places, in the sum and in a times x: how many "
            "deltas come back to it?",
        ),
        21.0: mistake(
            "The way that was lost",
            "x is used twice in x times x, and once more in a times x. "
            "Count the arrows that leave x: how many deltas "
            "should come back to it?",
        ),
        9.0: mistake("Only the last door", "that is the delta that comes to x from a times x alone. Who else used x?"),
        24.0: mistake("Only through a", "that is what comes by way of a. But x is also used beside a, in a times x."),
        6.0: mistake(
            "The square alone", "that is how a feels x, when a is the end. Here y is the end, and a is used twice."
        ),
        51.0: mistake(
            "The early parts twice", "somebody handed on a part, and then handed it on again. When is a ready?"
        ),
    }
    try:
        said = float(answer)
    except (TypeError, ValueError):
        return not_yet("The delta of x is one number.")
    return known.get(said, not_yet(f"You said {said:g}. Check it with a nudge: y at 3.001 and at 3."))


# -- 6.7 -------------------------------------------------------------------------------------------------------------
def standstill(run: Any) -> Verdict:
    """Is the network mended? By its answers, whatever the repair."""
    if not isinstance(run, Run):
        return not_yet("Hand the trained run itself to the check: it looks at its losses.")
    losses = np.asarray(run.losses)
    if not len(losses):
        return not_yet("This run is not trained yet.")
    alpha = float(run.state["optim/alpha"]) if "optim/alpha" in run.state else 0.0
    if losses[-1] < 0.02:
        return right(
            "The loss goes to zero now. A last layer is free to say what it likes; the loss teaches it the rest."
        )
    still = np.ptp(losses) < 1e-6
    if still and alpha > 0.2 + 1e-6:
        return mistake(
            "The louder shout",
            f"alpha is {alpha:.3g} now, and still no weight moves. What is alpha times a slope of zero? Ask why the "
            "slopes are zero.",
        )
    if still and len(losses) > 600:
        return mistake(
            "The longer wait", "not one weight has moved since the first step. Will it in the next thousand?"
        )
    if still:
        return blank(
            "The loss has stood still since the first step, and that is where you come in. Ask the glass how the "
            "network is, and follow the jump it offers."
        )
    return not_yet(f"The weights move again, and the loss is {losses[-1]:.3f}. It can come to nearly nothing.")


# -- 6.8 -------------------------------------------------------------------------------------------------------------
LOOK = {
    "full": "a smooth line that has hardly come down, since it took one step in each pass",
    "mini": "a line that comes down well and stays fairly smooth",
    "single": "a line that falls at once and then hops about",
}
CURVES = {"A": "mini", "B": "single", "C": "full"}


def curves(answer: Any) -> Verdict:
    """Which curve belongs to which size of batch?"""
    if not isinstance(answer, dict) or not any(answer.values()):
        return blank("Nothing here yet, and that is fine. How many steps does each of the three take in one pass?")
    for name, cause in CURVES.items():
        said = answer.get(name, "")
        if said not in LOOK:
            return not_yet(f"Curve {name}: write one of {', '.join(LOOK)}, not {said!r}.")
        if said != cause:
            swapped = answer == {"A": "mini", "B": "full", "C": "single"}
            if swapped:
                return mistake(
                    "The hurried reader",
                    "you gave the curve with the most hops to the full batch. "
                    "It sees all lines each time: what should "
                    "make it hop?",
                )
            return mistake(
                "The other size", f"if curve {name} were {said!r}, you would see {LOOK[said]}. What do you see?"
            )
    return right("All three. You can now tell the size of a batch by looking at its curve.")


EXERCISES = (
    Exercise(
        "6.1",
        "What a line votes",
        mean_vote,
        """def mean_vote(x, y):
    return np.mean((x - x.mean()) * (y - y.mean()))

check("6.1", mean_vote)""",
        (
            "Look at the function correlation in the chapter. Which of its two lines do you need?",
            "Measure both columns from their own mean. Multiply line by line, and let all the lines vote.",
            "The mean of a product of two brackets: in the first x minus something, in the second y minus something.",
        ),
        (
            Mistake("The absolute voter", swap=("(x - x.mean()) * (y - y.mean())", "x * y")),
            Mistake("The unshared votes", swap=("np.mean", "np.sum")),
            Mistake("The whole correlation", swap=("(y - y.mean()))", "(y - y.mean())) / (x.std() * y.std())")),
        ),
    ),
    Exercise(
        "6.2",
        "From two layers to one",
        one_layer,
        """def one_layer(first, second):
    return second @ first

check("6.2", one_layer)""",
        (
            "The section about jugs has the formula. Which table works on the inputs, and which on the jugs?",
            "With 3 inputs, 4 in the middle and 2 outputs, first is (4, 3) "
                "and second is (2, 4). The result is (2, 3).",
            "It is one product of the two tables, and their inner sides must be the same number.",
        ),
        (
            Mistake("The glass before the jugs", swap=("second @ first", "first @ second")),
            Mistake("The table on its side", swap=("second @ first", "first.T @ second.T")),
        ),
    ),
    Exercise(
        "6.3",
        "Through the gate",
        through_the_gate,
        """def through_the_gate(delta, sums):
    return delta * (sums > 0)

check("6.3", through_the_gate)""",
        (
            "Imagine two scales, one pressed and one in the air. Give the sum under each of them a hair more.",
            "The pressed one passes its delta whole. The other one passes nothing. What tells them apart is in sums.",
            "A comparison of sums with 0 gives True and False, and times a number they count as 1 and 0.",
        ),
        (
            Mistake("The wrong gatekeeper", swap=("sums > 0", "delta > 0")),
            Mistake("The loud gate", swap=("(sums > 0)", "np.maximum(sums, 0)")),
            Mistake("The gate the wrong way round", swap=("sums > 0", "sums < 0")),
            Mistake("The open door", swap=(" * (sums > 0)", "")),
        ),
    ),
    Exercise(
        "6.4",
        "Three layers by hand",
        slopes_of_a,
        """def slopes_of_a(x, y, a, b, c):
    one = x @ a.T
    two = np.maximum(one, 0) @ b.T
    says = np.maximum(two, 0) @ c.T
    delta = 2 * (says - y) / len(x)
    delta = delta @ c * (two > 0)
    delta = delta @ b * (one > 0)
    return delta.T @ x

check("6.4", slopes_of_a)""",
        (
            "Begin at the loss. The first line is the delta of the answers, as in the chapter.",
            "Then two lines that look alike: through a table of weights, and "
                "through the gate behind it. Then the slopes.",
            "delta @ c and the gate of two; that delta @ b and the gate of one; at last delta.T @ the inputs.",
        ),
        (
            Mistake("The forgotten gate", swap=(" * (two > 0)", "")),
            Mistake("The unshared sum", swap=(" / len(x)", "")),
            Mistake("The lost two", swap=("2 * (says - y)", "(says - y)")),
            Mistake("The climber", swap=("says - y", "y - says")),
            Mistake("The table on its side", swap=("delta.T @ x", "x.T @ delta")),
        ),
    ),
    Exercise(
        "6.5",
        "A rule of your own",
        back_div,
        """def back_div(tape, delta, a, b):
    to_a = tape.do("div", delta, b)
    piece = tape.do("div", a, b)
    to_b = tape.do("div", tape.do("mul", delta, piece), b)
    minus = tape.put(-np.ones_like(tape.values[to_b]))
    return to_a, tape.do("mul", to_b, minus)

check("6.5", back_div)""",
        (
            "With b guests, a hair more cake is a hair divided by b on each piece. That is the first delta.",
            "A hair of a guest more: every piece gives a little away, and the "
                "piece itself is a / b. More guests, less each.",
            "The second delta is minus delta times a, divided by b, and divided "
                "by b again. How back_sub makes a minus helps.",
        ),
        (
            Mistake("The happy guests", swap=('return to_a, tape.do("mul", to_b, minus)', "return to_a, to_b")),
            Mistake(
                "The guests counted once",
                swap=('tape.do("div", tape.do("mul", delta, piece), b)', 'tape.do("mul", delta, piece)'),
            ),
            Mistake(
                "The rule of mul",
                code="""def back_div(tape, delta, a, b):
    return tape.do("mul", delta, b), tape.do("mul", delta, a)

check("6.5", back_div)""",
            ),
            Mistake(
                "The places changed",
                swap=('return to_a, tape.do("mul", to_b, minus)', 'return tape.do("mul", to_b, minus), to_a'),
            ),
            Mistake(
                "Off the tape",
                code="""def back_div(tape, delta, a, b):
    d, cake, guests = (tape.values[slot] for slot in (delta, a, b))
    return d / guests, -d * cake / guests ** 2

check("6.5", back_div)""",
            ),
        ),
    ),
    Exercise(
        "6.6",
        "Three ways out",
        three_ways,
        """delta_of_x = 33

check("6.6", delta_of_x)""",
        (
            "Draw it: x goes into the first product twice, and into the second once. a goes into two places.",
            "y has delta 1. From the sum, a gets 1. From the product a × x, a "
                "gets x, and x gets a. Only then go through a.",
            "a has 1 + 3 in all. Through x × x, that comes to x twice, each "
                "time multiplied by 3. Then add what came before.",
        ),
        (
            Mistake("The way that was lost", swap=("33", "21")),
            Mistake("The way into a", swap=("33", "15")),
            Mistake("The early parts twice", swap=("33", "51")),
            Mistake("Only the last door", swap=("33", "9")),
            Mistake("Only through a", swap=("33", "24")),
            Mistake("The square alone", swap=("33", "6")),
        ),
    ),
    Exercise(
        "6.7",
        "It stands still",
        standstill,
        """def build():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).init(0)
    net[2].bias.data = np.array([-2.0], "f")
    return ct.Run(net, loss=nn.MSELoss(), optimizer=ct.optim.SGD(alpha=0.2),
                  data=(moments, tipped), batch_size=8)

mended = build().train(batches=600, progress=False)
check("6.7", mended)""",
        (
            "broken.health() names a layer. broken.show('3') shows what came out of it.",
            "Every answer is zero, in every line, and a gate that is shut lets no delta through. Which gate is it?",
            "Somebody put a scale under the answer. What would the last layer be without it?",
        ),
        (
            Mistake(
                "The louder shout",
                code="""def louder():
    run = build()
    run.edit("alpha", 5.0)
    return run

mended = louder().train(batches=600, progress=False)
check("6.7", mended)""",
            ),
            Mistake(
                "The longer wait",
                code="""mended = build().train(batches=1500, progress=False)
check("6.7", mended)""",
            ),
        ),
    ),
    Exercise(
        "6.8",
        "Which curve is which?",
        curves,
        """answer = {"A": "mini", "B": "single", "C": "full"}
check("6.8", answer)""",
        (
            "Count the steps. In a pass over 120 lines, a full batch takes "
                "one, ten lines take twelve, and one line 120.",
            "The more lines a step looks at, the surer it is. A sure step does not hop.",
            "The one that hops looks at single lines. The one that has "
                "hardly come down has taken thirty steps in all.",
        ),
        (
            Mistake("The hurried reader", swap=('"B": "single", "C": "full"', '"B": "full", "C": "single"')),
            Mistake("The other size", swap=('{"A": "mini", "B": "single"', '{"A": "full", "B": "single"')),
        ),
    ),
)  # fmt: skip
