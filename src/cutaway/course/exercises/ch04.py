"""The exercises of chapter 4: slopes, bad walks, a broken reader, the edge of alpha, and who pushed a weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..exercise import Exercise, Mistake, Verdict, blank, mistake, not_yet, right

__all__ = ["EXERCISES"]

NOTHING = "Nothing here yet, and that is fine."


def _near(a: Any, b: Any, share: float = 1e-4) -> bool:
    """Are these the same numbers, but for rounding?"""
    return bool(np.allclose(a, b, rtol=share, atol=share * float(np.abs(b).max())))


def _diaries(seed: int) -> list[tuple[Any, Any, float]]:
    """Three diaries of different lengths: inputs, truths, and a weight to stand at."""
    draw = np.random.default_rng(seed)
    return [(draw.uniform(1, 9, n), draw.uniform(5, 40, n), float(draw.uniform(1, 6))) for n in (4, 5, 9)]


# -- 4.1 --------------------------------------------------------------------------------------------------------------
def _slope(my_slope: Callable[..., Any]) -> Verdict:
    given, true, sizes, no_input, heights = [], [], [], [], []
    for x, y, w in _diaries(41):
        value = my_slope(w, x, y)
        if value is None or value is ...:
            return blank(f"{NOTHING} Start with the errors: what we say, minus the truth.")
        if np.shape(value) != ():
            return mistake(
                "The votes not counted",
                f"you gave back {np.size(value)} numbers for {len(x)} rides, each ride's own vote. One weight needs "
                "one slope. How did the loss make one number out of many?",
            )

        def loss(v: float, x: Any = x, y: Any = y) -> Any:
            return np.mean((v * x - y) ** 2)

        given.append(float(value))
        true.append((loss(w + 1e-4) - loss(w - 1e-4)) / 2e-4)
        sizes.append(len(x))
        no_input.append(np.mean(2 * (w * x - y)))
        heights.append(loss(w))
    felt = np.array(true)
    if _near(given, felt):
        return right("On three diaries made by chance, your slope is the one that a nudge feels.")
    for name, like, text in (
        ("The lost two", felt / 2, "you are at exactly half. How many strips does a growing square gain?"),
        ("The climber", -felt, "the size is right and the sign is turned round. Which is taken away from which?"),
        ("The unshared sum", felt * sizes, "the more rides, the bigger your slope. Who shares it out between them?"),
        ("Two at once", felt * sizes / 2, "nobody shares the votes between the rides, and one strip is lost as well."),
        (
            "The forgotten input",
            no_input,
            "a short ride gets as much blame as a long one. Where does the stick move most?",
        ),
        ("The height", heights, "that is the loss, which says how high you stand. A slope says how the ground tilts."),
    ):
        if _near(given, np.asarray(like)):
            return mistake(name, text)
    return not_yet(f"On a diary of {sizes[0]} rides a nudge feels {felt[0]:.2f}, and you said {given[0]:.2f}.")


# -- 4.2 --------------------------------------------------------------------------------------------------------------
SIGNS = {
    "too small": "it creeps the right way and is still far off at the end",
    "about right": "it comes to rest at the dashed line, even if it crosses once or twice on the way",
    "too big": "it jumps across the dashed line every time, and lands farther away each time",
    "plus for minus": "it moves away from the dashed line from the very first step, and never crosses it",
}
CAUSES = {"A": "plus for minus", "B": "too small", "C": "too big", "D": "about right"}


def _causes(answer: dict[str, str]) -> Verdict:
    said = {name: str(answer.get(name, "")).strip() for name in CAUSES}
    choices = ", ".join(map(repr, SIGNS))
    if not any(said.values()):
        return blank(f"{NOTHING} For each walk, choose one of {choices}.")
    for name, cause in said.items():
        if cause not in SIGNS:
            return not_yet(f"Walk {name} has {cause or 'no cause'!r}. Choose one of {choices}.")
    if said == CAUSES:
        return right("You can now tell a bad alpha from a wrong sign by looking.")
    if said["A"] == "too big" and said["C"] == "plus for minus":
        return mistake(
            "Two ways out",
            "both walks leave, so they look alike at the end. Look at how they begin. Which of them ever crosses?",
        )
    if said["B"] == "about right" and said["D"] == "too small":
        return mistake("The smooth one", "a smooth walk is not yet a good one. Which of the two has come to rest?")
    name = next(name for name, cause in said.items() if cause != CAUSES[name])
    return not_yet(f"If walk {name} were {said[name]!r}, you would see this: {SIGNS[said[name]]}. What do you see?")


# -- 4.3 --------------------------------------------------------------------------------------------------------------
def _reader(x: Any, y: Any, w: Any) -> Verdict:
    x, y, w = np.asarray(x, float), np.asarray(y, float), float(w)
    table = np.asarray(READ)
    km, minutes = table.T
    bottom = km @ minutes / (km @ km)
    if x.shape == (7,) and y.shape == (7, 1) and abs(w - bottom) < 1e-3:
        return right(
            "Seven errors again, and the weight rests where the bowl is lowest. Mended where y is read, every later "
            "line would be mended too."
        )
    if x.shape == (7,) and y.shape == (7, 1):
        return blank(f"The weight rests at {w:.3f}, and the bowl is not lowest there. Nothing is wrong with alpha.")
    if np.allclose(y, minutes.mean()):
        return mistake(
            "The average rider", "every ride is now compared with the mean of all rides. Whose minutes should it be?"
        )
    if np.ravel(x).shape == np.ravel(y).shape and np.allclose(np.ravel(x), np.ravel(y)):
        return mistake(
            "One column twice", "each ride is compared with its own kilometres. Which column are the minutes in?"
        )
    if x.size == 7 and y.size == 7 and np.allclose(np.ravel(x), km) and np.allclose(np.ravel(y), minutes):
        if abs(w - bottom) < 1e-3:
            return right("Seven rides, seven errors, and the weight rests where the bowl is lowest.")
        return not_yet(f"Now x and y are right, but w is {w:.3f}. Is alpha as it was? Did the loop run again?")
    return not_yet(f"x has shape {x.shape} and y has shape {y.shape}. How many errors do seven rides make?")


READ = ((2.0, 6), (8.5, 31), (5.0, 22), (3.5, 18), (7.0, 30), (4.0, 14), (6.0, 25))

READER = """text = "2.0 6\\n8.5 31\\n5.0 22\\n3.5 18\\n7.0 30\\n4.0 14\\n6.0 25"
diary = np.array([row.split() for row in text.splitlines()], float)
x, y = diary[:, 0], diary[:, 1]

w = 2.0
for step in range(60):
    errors = w * x - y
    w = w - 0.005 * np.mean(2 * errors * x)
    if step in (0, 5, 59):
        print(f"step {step:2}: loss {np.mean(errors ** 2):.2f}, weight {w:.3f}")
check("4.3", x, y, w)"""


# -- 4.4 --------------------------------------------------------------------------------------------------------------
def _edge(my_edge: Callable[..., Any]) -> Verdict:
    given, true, shares = [], [], []
    for x, _, _ in _diaries(44):
        value = my_edge(x)
        if value is None or value is ...:
            return blank(f"{NOTHING} Ask first what one step does to the distance that is left.")
        if np.shape(value) != ():
            return mistake(
                "One edge a ride",
                f"you gave back {np.size(value)} numbers. One bowl has one edge; share between the rides.",
            )
        given.append(float(value))
        true.append(1 / np.mean(x * x))
        shares.append((1 / np.mean(x) ** 2, 1 / np.sum(x * x), np.mean(x * x), 1 / np.mean(x)))
    edges, (early, whole, steep, plain) = np.array(true), np.array(shares).T
    if _near(given, edges):
        return right("One hair below it the walk closes in, one hair above it flies out.")
    for name, like, text in (
        (
            "The bull's eye",
            edges / 2,
            "with this alpha one single step lands on the bottom. The edge lies further out.",
        ),
        (
            "Twice as bold",
            edges * 2,
            "with this alpha every step lands three times as far away. Mind the 2 in the slope.",
        ),
        (
            "Mean first",
            early,
            "you square the mean. The bowl is as steep as the mean of the squares; try inputs 1 and 9.",
        ),
        ("The unshared sum", whole, "the longer the diary, the smaller your edge. But the loss is a mean."),
        (
            "Upside down",
            steep,
            "that is how steep the bowl is. Does a steep bowl allow a larger alpha, or a smaller one?",
        ),
        ("Only once", plain, "the input counts twice: it moves the error, and it multiplies the error in the slope."),
    ):
        if _near(given, like):
            return mistake(name, text)
    distance = abs(1 - 2 * given[0] / true[0])
    does = "closes in" if distance < 1 else "flies out"
    return not_yet(
        f"At your alpha of {given[0]:.4g} a step leaves {distance:.2f} of the distance, so the walk {does}. "
        "At the edge it would leave 1."
    )


# -- 4.5 --------------------------------------------------------------------------------------------------------------
def _who(most: Any, none: Any) -> Verdict:
    if most is None and none is None:
        return blank(
            f"{NOTHING} The lines under 'By path' name the four that pushed most. For the other three, see how "
            "many lights they met."
        )
    if most is None or none is None:
        return not_yet("One of the two is still None. Each answer is the number of an example, as the glass prints it.")
    answer = int(most), int(none)
    if answer == (4, 3):
        return right(
            "Example 4 missed by a lot and met nine lights. Example 3 missed too, but met none: no input, no blame."
        )
    if answer == (5, 4):
        return mistake(
            "Counted from one",
            "you gave the lines of the diary. The glass counts as Python does. Where does that begin?",
        )
    if answer == (3, 4):
        return mistake("Swapped", "the two names are right, and each stands where the other belongs.")
    if answer[0] == 1:
        return mistake(
            "The largest error",
            "ride 1 misses by the most minutes. But the push has two factors. What is the other one?",
        )
    if answer[0] == 4:
        return not_yet(f"The push of example 4 is the largest. Did example {answer[1]} meet no light at all?")
    return not_yet(f"If example {answer[0]} pushed most, its line would stand first. Which one does?")


# -- 4.6 --------------------------------------------------------------------------------------------------------------
def _gradient(my_gradient: Callable[..., Any]) -> Verdict:
    draw, sizes, given, true = np.random.default_rng(46), ((5, 3), (4, 2), (7, 6)), [], []
    for n, k in sizes:
        inputs, truths, weights = draw.normal(size=(n, k)), draw.normal(size=n), draw.normal(size=k)
        value = my_gradient(weights, inputs, truths)
        if value is None or value is ...:
            return blank(f"{NOTHING} Begin as in 4.1, with one error for each example.")
        got = np.asarray(value, float)
        if got.shape == ():
            return mistake("One slope for all", f"{k} weights, one number. Every weight wants a slope of its own.")
        if got.shape == (n,):
            return mistake(
                "The wrong way round",
                f"you gave back {n} numbers for {n} examples and {k} weights. Does a row get a slope, or a column?",
            )
        if got.shape != (k,):
            return not_yet(f"For {n} examples and {k} weights you gave back shape {got.shape}. Expected was ({k},).")

        def loss(w: Any, inputs: Any = inputs, truths: Any = truths) -> Any:
            return np.mean((inputs @ w - truths) ** 2)

        given.append(got)
        true.append(np.array([(loss(weights + h) - loss(weights - h)) / 2e-4 for h in 1e-4 * np.eye(k)]))
    felt, said, counts = (
        np.concatenate(true),
        np.concatenate(given),
        np.repeat([n for n, _ in sizes], [k for _, k in sizes]),
    )
    columns = np.repeat([k for _, k in sizes], [k for _, k in sizes])
    if _near(said, felt):
        return right("Nudge any weight you like: its slope is the one in your list.")
    for name, like, text in (
        ("The lost two", felt / 2, "all your slopes are exactly half. How many strips does a growing square gain?"),
        ("The climber", -felt, "the sizes are right and the signs are turned round. Which is taken away from which?"),
        ("The unshared sum", felt * counts, "the more examples, the bigger your slopes. Who shares the votes?"),
        ("Shared by the weights", felt * counts / columns, "you share by the number of weights. Whose votes are they?"),
    ):
        if _near(said, like):
            return mistake(name, text)
    return not_yet(f"The first nudge feels {felt[0]:.3f}, and your list begins with {said[0]:.3f}.")


# -- 4.7 --------------------------------------------------------------------------------------------------------------
def _plain(plain_slope: Callable[..., Any]) -> Verdict:
    given, true, others = [], [], []
    for x, y, w in _diaries(47):
        value = plain_slope(w, x, y)
        if value is None or value is ...:
            return blank(f"{NOTHING} A nudge moves each miss by the hair times its input: up or down?")
        if np.shape(value) != ():
            return not_yet(f"One weight, one slope: you gave back {np.size(value)} numbers.")
        error = w * x - y
        given.append(float(value))
        true.append((np.mean(abs(error + 1e-6 * x)) - np.mean(abs(error - 1e-6 * x))) / 2e-6)
        others.append((np.mean(2 * error * x), np.mean(abs(error) * x), np.mean(np.sign(error)), np.mean(x)))
    felt, (squares, bare, votes, inputs) = np.array(true), np.array(others).T
    if _near(given, felt):
        return right("Only the side on which a ride is wrong counts now, and no longer by how much.")
    for name, like, text in (
        ("Still squares", squares, "that is the slope of the squares. Here nothing is squared, so no strips grow."),
        (
            "The lost sign",
            bare,
            "all your votes are plus. But where we say too little, more weight makes the miss smaller.",
        ),
        ("The forgotten input", votes, "all rides have the same say. Where does the stick move most?"),
        (
            "All votes up",
            inputs,
            "that would be the slope if we said too much on every ride. What if we say too little?",
        ),
        ("Two strips", 2 * felt, "you are at exactly twice. The 2 came from the strips of a square."),
    ):
        if _near(given, like):
            return mistake(name, text)
    return not_yet(f"A nudge feels {felt[0]:.3f}, and you said {given[0]:.3f}.")


def _function(head: str, line: str, number: str, name: str) -> str:
    return f'def {head}:\n    {line}\n\ncheck("{number}", {name})'


EXERCISES = (
    Exercise(
        "4.1",
        "Your own slope",
        _slope,
        _function("my_slope(weight, x, y)", "return np.mean(2 * (weight * x - y) * x)", "4.1", "my_slope"),
        (
            "Say it before you code it. What is the error of each ride? Which array do you get, and how long is it?",
            "The stick moves by the input. The square grows by two strips. The rides vote. Look for three pieces.",
            "errors = weight * x - y, and then np.mean( two times something times something ).",
        ),
        (
            Mistake("The lost two", swap=("2 * ", "")),
            Mistake("The climber", swap=("weight * x - y", "y - weight * x")),
            Mistake("The unshared sum", swap=("np.mean", "np.sum")),
            Mistake("Two at once", swap=("np.mean(2 * ", "np.sum(")),
            Mistake("The forgotten input", swap=("(weight * x - y) * x", "(weight * x - y)")),
            Mistake("The votes not counted", swap=("np.mean", "")),
            Mistake("The height", swap=("2 * (weight * x - y) * x", "(weight * x - y) ** 2")),
        ),
    ),
    Exercise(
        "4.2",
        "Four walks, four causes",
        _causes,
        f'answer = {{{", ".join(f"{name!r}: {cause!r}" for name, cause in CAUSES.items())}}}\ncheck("4.2", answer)',
        (
            "Look at the first step only. Does it go toward the dashed line, or away from it?",
            "Crossing the line does no harm. Ask whether the walk comes nearer each time, or goes farther away.",
            "One walk leaves without ever crossing. One crosses and gets worse. Of the two left, one has come to rest.",
        ),
        (
            Mistake(
                "Two ways out",
                swap=(
                    "'A': 'plus for minus', 'B': 'too small', 'C': 'too big'",
                    "'A': 'too big', 'C': 'plus for minus', 'B': 'too small'",
                ),
            ),
            Mistake(
                "The smooth one",
                swap=(
                    "'too small', 'C': 'too big', 'D': 'about right'",
                    "'about right', 'C': 'too big', 'D': 'too small'",
                ),
            ),
        ),
    ),
    Exercise(
        "4.3",
        "Something is wrong in here",
        _reader,
        READER,
        (
            "How many rides are there, and how many errors should there be? Hold the glass over the errors.",
            "Look at x, y and errors with ct.glass.show, one after the other. One of them has a side too many.",
            "1: means 'column 1 and all after it', and keeps a table, one column wide. What takes a single column?",
        ),
        (
            Mistake("The average rider", swap=("diary[:, 1]", "diary[:, 1].mean()")),
            Mistake("One column twice", swap=("diary[:, 1]", "diary[:, 0]")),
        ),
    ),
    Exercise(
        "4.4",
        "The edge",
        _edge,
        _function("my_edge(x)", "return 1 / np.mean(x ** 2)", "4.4", "my_edge"),
        (
            "Stand a distance of d from the bottom. How large is each ride's error made by that? And then the slope?",
            "The slope is 2 x d x the mean of the squared inputs. A step takes alpha of it away. What is left of d?",
            "What is left is (1 - 2 x alpha x the mean of the squares) x d. At the edge the bracket is -1.",
        ),
        (
            Mistake("The bull's eye", swap=("1 / np.mean", "1 / 2 / np.mean")),
            Mistake("Twice as bold", swap=("1 / np.mean", "2 / np.mean")),
            Mistake("Mean first", swap=("np.mean(x ** 2)", "np.mean(x) ** 2")),
            Mistake("The unshared sum", swap=("np.mean", "np.sum")),
            Mistake("Upside down", swap=("1 / ", "")),
            Mistake("Only once", swap=("x ** 2", "x")),
            Mistake("One edge a ride", swap=("np.mean", "")),
        ),
    ),
    Exercise(
        "4.5",
        "Who moved the price of a light?",
        _who,
        'run.why("weight", (0, 1), batch=0)\nmost, none = 4, 3\ncheck("4.5", most, none)',
        (
            "The push of a ride is its delta times its input, and the input here is the number of lights.",
            "For the first question, read the list: it is sorted. For the second, look for a ride without lights.",
            "Print rides[:, 1], the lights. Remember that Python gives the first row the number 0.",
        ),
        (
            Mistake("Counted from one", swap=("4, 3", "5, 4")),
            Mistake("Swapped", swap=("4, 3", "3, 4")),
            Mistake("The largest error", swap=("4, 3", "1, 3")),
        ),
    ),
    Exercise(
        "4.6",
        "All slopes at once",
        _gradient,
        "def my_gradient(weights, inputs, truths):\n"
        "    errors = inputs @ weights - truths\n"
        "    return 2 * errors @ inputs / len(inputs)\n\n"
        'check("4.6", my_gradient)',
        (
            "There is one error for each row, and one slope for each column. Each column collects its own votes.",
            "For one column it is 4.1 again. A loop over the columns is a good answer; @ is the same, shorter.",
            "errors @ inputs adds up error times input down every column. Two pieces are still missing.",
        ),
        (
            Mistake("The lost two", swap=("2 * errors", "errors")),
            Mistake("The climber", swap=("inputs @ weights - truths", "truths - inputs @ weights")),
            Mistake("The unshared sum", swap=(" / len(inputs)", "")),
            Mistake("Shared by the weights", swap=("len(inputs)", "len(weights)")),
            Mistake("One slope for all", swap=("2 * errors @ inputs / len(inputs)", "np.mean(2 * errors)")),
            Mistake("The wrong way round", swap=("errors @ inputs / len(inputs)", "errors * inputs.mean(axis=1)")),
        ),
    ),
    Exercise(
        "4.7",
        "A loss without squares",
        _plain,
        _function("plain_slope(weight, x, y)", "return np.mean(np.sign(weight * x - y) * x)", "4.7", "plain_slope"),
        (
            "Take one ride and tilt the stick up by a hair. By how much does its miss grow, if the stick is too high?",
            "Too high: the miss grows by hair times input. Too low: it shrinks by as much. So two things are left.",
            "np.sign(errors) is +1, 0 or -1. Multiply it by the other thing, and let the rides vote.",
        ),
        (
            Mistake("Still squares", swap=("np.sign(weight * x - y)", "2 * (weight * x - y)")),
            Mistake("The lost sign", swap=("np.sign(", "abs(")),
            Mistake("The forgotten input", swap=("(weight * x - y) * x", "(weight * x - y)")),
            Mistake("Two strips", swap=("np.sign", "2 * np.sign")),
            Mistake("All votes up", swap=("np.sign(weight * x - y) * x", "x")),
        ),
    ),
)
