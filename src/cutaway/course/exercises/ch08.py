"""The exercises of chapter 8: sliding, sizes, pooling, measuring, a road, three curves, a mode, a leak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import data
from ...nn import Module
from ..exercise import Exercise, Mistake, Verdict, blank, mistake, not_yet, right

__all__ = ["EXERCISES"]

Array = Any
BEGIN = "Nothing here yet, and that is fine. "


def _missing(value: Any) -> bool:
    return value is None or value is ...


def _same(given: list[Any], wanted: list[Any]) -> bool:
    """Do all answers agree, in shape and in number?"""
    return all(
        np.shape(g) == np.shape(w) and bool(np.allclose(g, w, rtol=1e-4, atol=1e-5))
        for g, w in zip(given, wanted, strict=True)
    )


def _shapes(given: list[Any], wanted: list[Any], what: str) -> Verdict | None:
    for g, w in zip(given, wanted, strict=True):
        if np.shape(g) != np.shape(w):
            return not_yet(f"{what} should have shape {np.shape(w)} here, and yours has {np.shape(g)}.")
    return None


# -- 8.1 -------------------------------------------------------------------------------------------------------------
def _slid(picture: Array, detector: Array, stride: int, move: int | None = None, extra: int = 1) -> Array:
    """The convolution itself; with another move or without the last place, as in the mistakes."""
    high, wide = detector.shape
    rows = (picture.shape[0] - high) // stride + extra
    columns = (picture.shape[1] - wide) // stride + extra
    move = stride if move is None else move
    found = np.zeros((rows, columns))
    for i, j in np.ndindex(rows, columns):
        found[i, j] = (picture[i * move : i * move + high, j * move : j * move + wide] * detector).sum()
    return found


def slide(answer: Callable[[Array, Array, int], Any]) -> Verdict:
    """A convolution with a stride."""
    chance = np.random.default_rng(81)
    sizes = ((9, 12, 3, 4, 1), (11, 8, 2, 3, 2), (14, 17, 4, 2, 3))
    cases = [(chance.normal(size=(h, w)), chance.normal(size=(p, q)), stride) for h, w, p, q, stride in sizes]
    given = [answer(picture.copy(), detector.copy(), stride) for picture, detector, stride in cases]
    if any(_missing(value) for value in given):
        return blank(BEGIN + "Copy slide_over from the chapter, and ask which of its lines know about the stride.")

    def against(wanted: Callable[[Array, Array, int], Any]) -> bool:
        return _same(given, [wanted(*case) for case in cases])

    if against(_slid):
        return right("On three pictures and three strides, every place holds the dot product of the window below it.")
    if against(lambda picture, detector, stride: _slid(picture, detector, 1)):
        return mistake(
            "The small steps",
            "with a stride of 2 your map is as large as with 1. Half as far, twice as many places: what did you do "
            "with the stride?",
        )
    if against(lambda picture, detector, stride: _slid(picture, detector, stride, move=1)):
        return mistake(
            "The step that is only counted",
            "your map has the right size, but all of it comes from one corner of the picture. Where does the window "
            "of place 1 begin, when the stride is 2?",
        )
    if against(lambda picture, detector, stride: _slid(picture, detector, stride, extra=0)):
        return mistake(
            "The short walk",
            "the last row and the last column of places are missing. A slide of 3 fits on a picture of 3 once, and "
            "your formula says how often?",
        )
    if against(lambda picture, detector, stride: _slid(picture, detector[::-1, ::-1], stride)):
        return mistake(
            "The slide on its head",
            "you turn the detector by half a turn before you lay it down. (Mathematicians do that when they say "
            "convolution, networks do not.) Which number of the detector should meet the window's first dot?",
        )
    picture, detector, stride = cases[1]
    what = f"For a picture {picture.shape}, a detector {detector.shape} and a stride of {stride}, the map"
    wrong = _shapes(given[1:2], [_slid(picture, detector, stride)], what)
    return wrong or not_yet("The size is right and the numbers are not. Work out the first place by hand.")


# -- 8.2 -------------------------------------------------------------------------------------------------------------
PHOTO = {"after Conv2d": (6, 16, 28), "after MaxPool2d": (6, 8, 14), "learns": 456}


def sizes(answer: Any) -> Verdict:
    """Two shapes and a count."""
    if not isinstance(answer, dict) or all(_missing(value) for value in answer.values()):
        return blank(BEGIN + "How many times does a slide of 5 fit beside itself in 20 rows, pushed by one each time?")
    told: list[Any] = [answer.get(name) for name in PHOTO]
    after, pooled, learns = told
    for name, said in (("after Conv2d", after), ("after MaxPool2d", pooled)):
        if not isinstance(said, tuple | list) or len(said) != 3:
            return not_yet(f"{name}: write three numbers in brackets: maps, rows, columns.")
    if tuple(after) == (6, 20, 32):
        return mistake(
            "The rim that is not there",
            "your maps are as large as the photo. Without padding the slide must lie inside: how many places are left "
            "of 20 rows?",
        )
    if tuple(after) == (6, 15, 27):
        return mistake("The short walk", "a slide of 5 fits on 5 rows once. What does your rule say about 5 rows?")
    if after[0] in (3, 18):
        return mistake(
            "A map for every map",
            "each detector looks through all three maps at once, and makes one map of its own. How many are there?",
        )
    if tuple(after) != PHOTO["after Conv2d"]:
        return not_yet(f"After Conv2d you say {tuple(after)}. Try it: nn.Conv2d(3, 6, 5) on an array of zeros.")
    if tuple(pooled) != PHOTO["after MaxPool2d"]:
        return not_yet(f"After the pooling you say {tuple(pooled)}. Rows and columns are halved, and the maps are not.")
    if learns == 450:
        return mistake("The head starts forgotten", "your count is 6 short. What does each detector have, besides?")
    if learns in (150, 156):
        return mistake(
            "The thin slide",
            "you counted detectors of 5 by 5. But they look through three maps, with another slice for each of them.",
        )
    if isinstance(learns, int | np.integer) and learns > 2000:
        return mistake("Weights for every place", "that many wires it would take. But who has to learn at each place?")
    if learns != PHOTO["learns"]:
        return not_yet(f"You say that it learns {learns} numbers. Begin with one detector: slices, rows, columns.")
    return right("16 places fit in 20 rows, 28 in 32 columns, and six detectors of 3 x 5 x 5 have a head start each.")


# -- 8.3 -------------------------------------------------------------------------------------------------------------
def _windows(maps: Array) -> Array:
    c, h, w = maps.shape
    return maps.reshape(c, h // 2, 2, w // 2, 2)


def pool(answer: Callable[[Array], Any]) -> Verdict:
    """The largest of each two by two."""
    chance = np.random.default_rng(83)
    cases = [chance.normal(size=size) for size in ((3, 4, 10), (5, 6, 2), (2, 8, 6))]
    given = [answer(maps.copy()) for maps in cases]
    if any(_missing(value) for value in given):
        return blank(BEGIN + "Draw a map of 4 by 6 on squared paper, and draw the squares of two by two into it.")

    def against(wanted: Callable[[Array], Any]) -> bool:
        return _same(given, [wanted(maps) for maps in cases])

    if against(lambda maps: _windows(maps).max(axis=(2, 4))):
        return right("On three stacks of maps, each number is the largest of its own square.")
    if against(lambda maps: _windows(maps).mean(axis=(2, 4))):
        return mistake(
            "The polite mean",
            "you give the mean of the four. One loud answer among three quiet ones is lost by three quarters. What "
            "would you like to know about a square?",
        )
    if against(lambda maps: maps.reshape(len(maps), 2, maps.shape[1] // 2, 2, maps.shape[2] // 2).max(axis=(1, 3))):
        return mistake(
            "The distant neighbours",
            "your four numbers lie half a map apart: 4 rows were cut into 2 halves, where they should become 2 pairs. "
            "Which number of the pair goes first in reshape?",
        )
    if against(lambda maps: maps[:, ::2, ::2]):
        return mistake(
            "The first of four", "you take the corner of each square and never look at the other three numbers."
        )
    wrong = _shapes(given, [_windows(maps).max(axis=(2, 4)) for maps in cases], f"From {cases[0].shape}, the answer")
    return wrong or not_yet("The size is right and the numbers are not. Compare your first square with the maps.")


# -- 8.4 -------------------------------------------------------------------------------------------------------------
def _measured(x: Array, axes: tuple[int, ...]) -> Array:
    return (x - x.mean(axis=axes, keepdims=True)) / x.std(axis=axes, keepdims=True)


def norm(answer: Callable[[Array], Any]) -> Verdict:
    """Each channel in its own usual spread, over the batch and all places."""
    chance = np.random.default_rng(84)
    cases = []
    for n, c, h, w in ((6, 3, 4, 5), (4, 2, 7, 3), (5, 8, 2, 6)):
        loud, middle = chance.uniform(0.5, 9, (1, c, 1, 1)), chance.uniform(-20, 20, (1, c, 1, 1))
        cases.append(chance.normal(size=(n, c, h, w)) * loud + middle)
    given = [answer(x.copy()) for x in cases]
    if any(_missing(value) for value in given):
        return blank(BEGIN + "Begin with the means: there is one for each channel. Over which three axes do they go?")

    def against(wanted: Callable[[Array], Any]) -> bool:  # nobody minds a tiny number below the line
        return all(
            np.shape(g) == np.shape(w) and bool(np.allclose(g, w, rtol=2e-3, atol=2e-3))
            for g, w in zip(given, [wanted(x) for x in cases], strict=True)
        )

    every = (0, 2, 3)
    if against(lambda x: _measured(x, every)):
        return right("On three batches each channel has the mean 0 and the spread 1. All teachers mark alike now.")
    if against(lambda x: _measured(x, (1, 2, 3))):
        return mistake(
            "Each pupil for himself",
            "you measured each example by itself, over all its channels. Then the strict teacher's marks and the mild "
            "one's go into one mean. Which axis holds the teachers?",
        )
    if against(lambda x: _measured(x, (0, 1, 2, 3))):
        return mistake(
            "One teacher for all",
            "there is one mean for the whole array. A channel that is louder than the others is still louder.",
        )
    if against(lambda x: _measured(x, (2, 3))):
        return mistake(
            "Every map its own teacher",
            "each map of each example has the mean 0 now, so a map in which nothing was found looks like any other. "
            "What else should the mean go over?",
        )
    if against(lambda x: _measured(x, (0,))):
        return mistake(
            "A teacher for every place",
            "you have a mean for each place of the map. But a detector is the same in all places: should its marks not "
            "be measured together?",
        )
    if against(lambda x: (x - x.mean(axis=every, keepdims=True)) / x.var(axis=every, keepdims=True)):
        return mistake(
            "The squared spread",
            "you divided by the mean of the squares, and squares are not in the units of the marks. The loud channels "
            "are the quiet ones now.",
        )
    if against(lambda x: x / x.std(axis=every, keepdims=True)):
        return mistake("The middle left where it was", "the spread is 1 everywhere. And the mean of each channel?")
    if against(lambda x: x - x.mean(axis=every, keepdims=True)):
        return mistake("The spread left as it was", "the mean is 0 everywhere. And who is still the loudest?")
    wrong = _shapes(given, cases, "What comes out")
    return wrong or not_yet("For each channel, print the mean and the spread of what you give back.")


# -- 8.5 -------------------------------------------------------------------------------------------------------------
def road(answer: Callable[[Array, Array, Array], Any]) -> Verdict:
    """The delta of x, where out = x + relu(x a^T)."""
    chance = np.random.default_rng(85)
    cases = []
    for n, i in ((5, 3), (2, 4), (7, 6)):
        x, a = chance.normal(size=(n, i)), chance.normal(size=(i, i))
        cases.append((chance.normal(size=(n, i)), a, x @ a.T))
    given = [answer(*[array.copy() for array in case]) for case in cases]
    if any(_missing(value) for value in given):
        return blank(BEGIN + "Draw it with arrows. On how many ways does x get to out, and what comes back on each?")

    def against(wanted: Callable[[Array, Array, Array], Any]) -> bool:
        return _same(given, [wanted(*case) for case in cases])

    if against(lambda delta, a, sums: delta + (delta * (sums > 0)) @ a):
        return right("All that came to out also comes to x, whole, and the piece adds its own part.")
    if against(lambda delta, a, sums: (delta * (sums > 0)) @ a):
        return mistake(
            "The road forgotten",
            "you came back through the piece alone. Suppose all gates are shut: would x hear nothing at all?",
        )
    if against(lambda delta, a, sums: delta):
        return mistake("Only the road", "you came back on the road alone, as if the piece had not been there.")
    if against(lambda delta, a, sums: (delta + delta @ a) * (sums > 0)) or against(
        lambda delta, a, sums: delta * (sums > 0) + (delta * (sums > 0)) @ a
    ):
        return mistake("A gate on the road", "the gate stands in the piece. Does anything stand on the road?")
    if against(lambda delta, a, sums: delta + delta @ a):
        return mistake("The open gate", "blame came back through sums that were below zero, too.")
    if against(lambda delta, a, sums: delta + (delta * (sums > 0)) @ a.T):
        return mistake(
            "The table on its side",
            "forward it was x @ a.T. Coming back, the weight between a sum and an input is the same, but who is the "
            "row now and who the column?",
        )
    wrong = _shapes(given, [case[0] for case in cases], "There is one delta for each number of x, so they")
    return wrong or not_yet("Write down both ways one by one. Where two ways come from one number, deltas add up.")


# -- 8.6 -------------------------------------------------------------------------------------------------------------
LOOK = {
    "by heart": "two lines that part, the one to zero and the other up",
    "healthy": "two lines that go down side by side, the unseen a little above",
    "leak": "two lines that lie on each other all the way down to zero",
}
CAUSES = {"A": "leak", "B": "by heart", "C": "healthy"}


def causes(answer: Any) -> Verdict:
    """Which pair of curves is which?"""
    if not isinstance(answer, dict) or not any(answer.values()):
        return blank(BEGIN + "What would you expect of pictures that are in both piles?")
    for name in CAUSES:
        if answer.get(name) not in LOOK:
            return not_yet(f"Pair {name}: write one of {', '.join(LOOK)}, not {answer.get(name)!r}.")
    if answer.get("A") == "healthy":
        return mistake(
            "Too good to be true",
            "on pictures that a network has never seen it does a little worse than on those it has seen, when nothing "
            "is done against it. How much worse is it in A?",
        )
    for name, cause in CAUSES.items():
        if answer[name] != cause:
            return mistake("The other pair", f"if {name} were {answer[name]!r}, you would see {LOOK[answer[name]]}.")
    return right("All three. And you know now that a perfect validation curve is a reason to worry.")


# -- 8.7 -------------------------------------------------------------------------------------------------------------
def company(read: Callable[[Array], Any], net: Module) -> Verdict:
    """Is a picture read alike in any company? By what `read` says, whatever the repair."""
    if not callable(read) or not isinstance(net, Module):
        return not_yet("Hand over your function read, and then net.")
    digits = data.load("digits")
    pictures, truth = digits.test.x[:240], digits.test.y[:240]
    modules = net.modules()
    modes = [module.training for module in modules]
    try:
        said = np.asarray(read(pictures))
        if said.shape != (240,):
            return not_yet(f"For 240 pictures, read should give back 240 digits, and it gave {said.shape}.")
        both = said, _alone(read, pictures)
        in_use = _as_in_mode(net, pictures, ())
        measuring = _as_in_mode(net, pictures, ("BatchNorm2d",))
        dropping = _as_in_mode(net, pictures, ("Dropout",))
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
    differ = int((both[0][:ALONE] != both[1]).sum())
    if _alike(both, in_use):
        share = f"{np.mean(said == truth):.0%}"
        return right(f"Alone or in company, each picture is read alike, and {share} of 240 are right.")
    if _alike(both, measuring):
        return mistake(
            "Half awake",
            f"nobody is sent home any more, and yet {differ} of {ALONE} pictures are read otherwise when they are "
            "alone. Which other layers look at the whole batch, and take something from it?",
        )
    if _alike(both, dropping):
        return mistake(
            "The crew still casts lots",
            "the means and spreads are the kept ones now, and yet some hidden numbers are sent home by chance. Which "
            "layer does that?",
        )
    if not differ:
        return not_yet("Alone and in company agree, but these are not the answers of the network as it was trained.")
    return blank(
        f"Of {ALONE} pictures, {differ} are read otherwise when they are alone, and that is where you come in. Which "
        "layers behave differently in training and in use?"
    )


ALONE = 120  # pictures that are also read one by one


def _alone(read: Callable[[Array], Any], pictures: Array) -> Array:
    return np.array([np.asarray(read(one[None])).reshape(-1)[0] for one in pictures[:ALONE]])


def _as_in_mode(net: Module, pictures: Array, training: tuple[str, ...]) -> tuple[Array, Array]:
    """The answers together and alone, with these kinds of layers in the mode for training and all others in use."""
    for module in net.modules():
        module.training = type(module).__name__ in training

    def read(some: Array) -> Array:
        return net(some).numpy().argmax(axis=1)

    return read(pictures), _alone(read, pictures)


def _alike(one: tuple[Array, Array], other: tuple[Array, Array]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# -- 8.8 -------------------------------------------------------------------------------------------------------------
def _prints(pictures: Array) -> list[bytes]:
    """For each picture its dots without their places: a moved copy has the same."""
    return [np.sort(one[one > 0]).tobytes() for one in np.asarray(pictures, np.float32).reshape(len(pictures), -1)]


def piles(learn: Any, practice: Any) -> Verdict:
    """Is there a picture with a twin in the other pile?"""
    if not all(isinstance(one, data.Dataset) for one in (learn, practice)):
        return not_yet("Hand over two datasets, what is learnt from and the validation set.")
    digits = data.load("digits")
    exam = set(_prints(digits.test.x))
    if exam & set(_prints(np.concatenate([learn.x, practice.x]))):
        return mistake(
            "The exam borrowed",
            "there are pictures of the test set in your piles. Then what will you open at the end, once, when all is "
            "chosen?",
        )
    known = set(_prints(learn.x))
    twins = sum(one in known for one in _prints(practice.x))
    if not twins:
        return right(f"None of {len(practice)} validation pictures has a twin among the {len(learn)} to learn from.")
    some = digits.train[:100]
    copies = [data.Shift(1)(some.x, seed=0, step=k) for k in range(10)]
    as_given = data.Dataset(np.concatenate(copies), np.tile(some.y, 10)).split(0.8)
    if (learn, practice) == as_given:
        return blank(
            "These are the piles as they came, and their score is too good. Show the nearest neighbours: you may know "
            "them."
        )
    return mistake(
        "Twins in two piles",
        f"{twins} of {len(practice)} validation pictures still have a moved twin in the other pile. What came first, "
        "the copying or the dealing?",
    )


EXERCISES = (
    Exercise(
        "8.1",
        "Two steps at a time",
        slide,
        """def my_slide(picture, detector, stride):
    high, wide = detector.shape
    rows = (picture.shape[0] - high) // stride + 1
    columns = (picture.shape[1] - wide) // stride + 1
    found = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            found[i, j] = (picture[top:top + high, left:left + wide] * detector).sum()
    return found

check("8.1", my_slide)""",
        (
            "Two things know about the stride: how many places there are, and where the window of a place begins.",
            "With 11 rows, a slide of 3 and a stride of 2, the slide begins at "
                "rows 0, 2, 4, 6 and 8. That is 8 // 2 + 1.",
            "Place i begins at row i * stride, and the window is as high as the detector. "
                "Rows: (picture - detector) // stride + 1.",
        ),
        (
            Mistake(
                "The small steps", swap=("high, wide = detector.shape", "(high, wide), stride = detector.shape, 1")
            ),
            Mistake("The step that is only counted", swap=("i * stride, j * stride", "i, j")),
            Mistake("The short walk", swap=("// stride + 1", "// stride")),
            Mistake("The slide on its head", swap=("* detector).sum()", "* detector[::-1, ::-1]).sum()")),
        ),
    ),
    Exercise(
        "8.2",
        "Sizes and weights",
        sizes,
        """answer = {"after Conv2d": (6, 16, 28), "after MaxPool2d": (6, 8, 14), "learns": 456}
check("8.2", answer)""",
        (
            "Six detectors make six maps. How many places does a slide of 5 have in 20 rows, and in 32 columns?",
            "There are size - 5 + 1 places each way. Pooling halves rows and columns. A detector has a slice for each "
                "of the three maps.",
            "20 becomes 16 and 32 becomes 28. One detector has 3 times 5 times 5 weights and one head start, "
                "and there are six.",
        ),
        (
            Mistake("The rim that is not there", swap=("(6, 16, 28)", "(6, 20, 32)")),
            Mistake("The short walk", swap=("(6, 16, 28)", "(6, 15, 27)")),
            Mistake("A map for every map", swap=("(6, 16, 28)", "(18, 16, 28)")),
            Mistake("The head starts forgotten", swap=("456", "450")),
            Mistake("The thin slide", swap=("456", "156")),
            Mistake("Weights for every place", swap=("456", "201600")),
        ),
    ),
    Exercise(
        "8.3",
        "The largest of four",
        pool,
        """def my_pool(maps):
    c, h, w = maps.shape
    return maps.reshape(c, h // 2, 2, w // 2, 2).max(axis=(2, 4))

check("8.3", my_pool)""",
        (
            "The section with this name has it in one line, for one size. Which of its numbers hang on the size?",
            "Rows become pairs of rows, and columns become pairs of columns. The largest is taken within the pairs.",
            "maps.reshape(maps, half the rows, 2, half the columns, 2), and then the maximum over the axes of the 2s.",
        ),
        (
            Mistake("The polite mean", swap=(".max(", ".mean(")),
            Mistake(
                "The distant neighbours",
                swap=("h // 2, 2, w // 2, 2).max(axis=(2, 4))", "2, h // 2, 2, w // 2).max(axis=(1, 3))"),
            ),
            Mistake(
                "The first of four",
                swap=("maps.reshape(c, h // 2, 2, w // 2, 2).max(axis=(2, 4))", "maps[:, ::2, ::2]"),
            ),
        ),
    ),
    Exercise(
        "8.4",
        "Strict and mild teachers",
        norm,
        """def my_norm(x):
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    spread = x.std(axis=(0, 2, 3), keepdims=True)
    return (x - mean) / spread

check("8.4", my_norm)""",
        (
            "Each channel is a teacher. Which axis of x holds the channels, and which three hold the marks?",
            "For each channel take the mean over examples, rows and columns. Then the same with the spread, np.std.",
            "mean and std with axis=(0, 2, 3) and keepdims=True, so that both have the shape (1, channels, 1, 1).",
        ),
        (
            Mistake("Each pupil for himself", swap=("(0, 2, 3)", "(1, 2, 3)")),
            Mistake("One teacher for all", swap=("(0, 2, 3)", "(0, 1, 2, 3)")),
            Mistake("Every map its own teacher", swap=("(0, 2, 3)", "(2, 3)")),
            Mistake("A teacher for every place", swap=("(0, 2, 3)", "0")),
            Mistake("The squared spread", swap=("x.std", "x.var")),
            Mistake("The middle left where it was", swap=("(x - mean)", "x")),
            Mistake("The spread left as it was", swap=("(x - mean) / spread", "x - mean")),
        ),
    ),
    Exercise(
        "8.5",
        "What comes back along a road",
        road,
        """def my_delta(delta, a, sums):
    through = (delta * (sums > 0)) @ a
    return delta + through

check("8.5", my_delta)""",
        (
            "x goes out on two ways that meet again. That is a diamond, from chapter 6.",
            "On the road a hair stays a hair. Through the piece, the delta passes the gate first, and then the table.",
            "delta, plus the delta that passed where sums is above zero, times the table a.",
        ),
        (
            Mistake("The road forgotten", swap=("delta + through", "through")),
            Mistake("Only the road", swap=("delta + through", "delta")),
            Mistake("A gate on the road", swap=("delta + through", "delta * (sums > 0) + through")),
            Mistake("The open gate", swap=("(delta * (sums > 0))", "delta")),
            Mistake("The table on its side", swap=("@ a", "@ a.T")),
        ),
    ),
    Exercise(
        "8.6",
        "Which curve is which?",
        causes,
        """answer = {"A": "leak", "B": "by heart", "C": "healthy"}
check("8.6", answer)""",
        (
            "Look at the gap between the two lines of each pair, at the end.",
            "A healthy network is a little worse on what it has not seen. One that learns by heart is much worse, and "
                "its line climbs.",
            "Where the two lines cannot be told apart, the network has seen both piles.",
        ),
        (
            Mistake(
                "Too good to be true",
                swap=('"leak", "B": "by heart", "C": "healthy"', '"healthy", "B": "by heart", "C": "leak"'),
            ),
            Mistake("The other pair", swap=('"B": "by heart", "C": "healthy"', '"B": "healthy", "C": "by heart"')),
        ),
    ),
    Exercise(
        "8.7",
        "It depends on the company",
        company,
        """def read(pictures):
    net.eval()
    return net(pictures).data.argmax(axis=1)

check("8.7", read, net)""",
        (
            "Two kinds of layers in this network behave differently in training and in use. Find them in its picture.",
            "net.training says which mode it is in. A run changes it by itself, but here nobody did.",
            "Before the network is used, it must be told so, all of it, and the chapter names the call.",
        ),
        (
            Mistake("Half awake", swap=("net.eval()", "net.train()\n    net[12].eval()")),
            Mistake("The crew still casts lots", swap=("net.eval()", "net.eval()\n    net[12].train()")),
        ),
    ),
    Exercise(
        "8.8",
        "Too good to be true",
        piles,
        """first, practice = some.split(0.8)
moves = [ct.data.Shift(1)(first.x, seed=0, step=k) for k in range(10)]
learn = ct.data.Dataset(np.concatenate(moves), np.tile(first.y, 10))
check("8.8", learn, practice)""",
        (
            "Show learn.x[near[0]] beside practice.x[:1]. Do you know the first three?",
            "A picture and its moved copies are twins. Shuffled, some of them land in one pile and some in the other.",
            "Deal the 100 digits first. Then make copies of those that are to be learnt from, and of no others.",
        ),
        (
            Mistake(
                "Twins in two piles",
                code="""learn, practice = pile.split(0.8, seed=1)
check("8.8", learn, practice)""",
            ),
            Mistake(
                "The exam borrowed",
                swap=('check("8.8", learn, practice)', 'check("8.8", learn, digits.test)'),
            ),
        ),
    ),
)  # fmt: skip
