"""The exercises of chapter 5: a gradient for a table, who moves, who is held, likeness, masks, a scramble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..exercise import Exercise, Mistake, Verdict, blank, mistake, not_yet, right

__all__ = ["EXERCISES"]

BEGIN = "Nothing here yet, and that is fine. "


def _same(given: Any, wanted: Any) -> bool:
    return np.shape(given) == np.shape(wanted) and bool(np.allclose(given, wanted, rtol=1e-4, atol=1e-6))


def _empty(value: Any) -> bool:
    return value is None or value is ...


def _tables(seed: int) -> list[tuple[Any, Any, Any]]:
    """Weights (O, I), examples (N, I) and truths (N, O) of several sizes, never square."""
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(o, i)), rng.normal(size=(n, i)), rng.normal(size=(n, o)))
            for n, i, o in ((5, 3, 2), (4, 2, 7), (9, 6, 3))]  # fmt: skip


def _felt(weights: Any, x: Any, y: Any) -> Any:
    """The slope of every weight, by a nudge up and a nudge down."""
    slopes = np.zeros_like(weights)
    for place in np.ndindex(weights.shape):
        up, down = weights.copy(), weights.copy()
        up[place] += 1e-5
        down[place] -= 1e-5
        slopes[place] = (np.mean((x @ up.T - y) ** 2) - np.mean((x @ down.T - y) ** 2)) / 2e-5
    return slopes


# -- 5.1 ------------------------------------------------------------------------------------------------------------
def _gradient(answer: Callable[..., Any]) -> Verdict:
    cases = _tables(51)
    given = [answer(*(one.copy() for one in case)) for case in cases]
    if any(_empty(one) for one in given):
        return blank(BEGIN + "Begin with the errors: a row for each example, a column for each output.")
    true = [_felt(*case) for case in cases]

    def all_are(other: Callable[..., Any]) -> bool:
        return all(_same(one, other(t, *case)) for one, t, case in zip(given, true, cases, strict=True))

    if all_are(lambda t, w, x, y: t):
        return right("On three tables of different sizes, every slope is the one that a nudge feels.")
    if all_are(lambda t, w, x, y: t.T):
        return mistake(
            "Lying on its side",
            "the right slopes, in a table turned on its side. A step takes it away from the weights: do they fit?",
        )
    if all_are(lambda t, w, x, y: t / 2):
        return mistake("The lost two", "you are at exactly half. By how many strips does a square grow?")
    if all_are(lambda t, w, x, y: -t):
        return mistake(
            "The climber", "right size, wrong sign. In which order do truth and prediction stand in the error?"
        )
    if all_are(lambda t, w, x, y: t * y.size) or all_are(lambda t, w, x, y: t * y.size / 2):
        return mistake("The unshared sum", "the more examples, the larger your slopes. The loss is a mean, not a sum.")
    if all_are(lambda t, w, x, y: t * y.shape[1]):
        return mistake(
            "Shared by half",
            "you shared among the examples. How many squares does the loss count, when each example has several "
            "outputs?",
        )
    if all_are(lambda t, w, x, y: t * y.shape[0]):
        return mistake("Shared by half", "you shared among the outputs. How many squares does the loss count in all?")
    weights = cases[0][0]
    if np.shape(given[0]) != weights.shape:
        return not_yet(f"The weights are {weights.shape}, so the gradient is too. Yours is {np.shape(given[0])}.")
    return not_yet(f"For the weight [0, 1] a nudge feels {true[0][0, 1]:.4f}, and you said {given[0][0, 1]:.4f}.")


# -- 5.2 ------------------------------------------------------------------------------------------------------------
MOVE = {(0, 0), (0, 2)}


def _movers(answer: Any) -> Verdict:
    said = {tuple(int(k) for k in pair) for pair in answer}
    if not said:
        return blank(BEGIN + "Take the weights one by one, and ask two things: its own errors, and its own input.")
    if said == MOVE:
        return right("A weight moves when its output was wrong in examples in which its input spoke.")
    if any(row == 1 for row, _ in said):
        return mistake(
            "The contented output",
            "you let weights of output 1 move. How wrong is that output, in each of the four examples?",
        )
    if (0, 1) in said:
        return mistake(
            "The silent input", "you let the weight [0, 1] move. What did its input say in the four examples?"
        )
    if said == {(0, 0)}:
        return mistake(
            "Zero is no wall", "a weight that is 0 now may well move. Does its slope depend on its own value?"
        )
    return not_yet(f"You named {len(said)} weights. Rows are outputs, columns are inputs, and both count from 0.")


# -- 5.3 ------------------------------------------------------------------------------------------------------------
def _step(answer: Callable[..., Any]) -> Verdict:
    rng = np.random.default_rng(53)
    cases = [(*case, 0.1, rng.uniform(size=case[0].shape) < 0.4) for case in _tables(54)]
    for case in cases:
        case[4][0, 0], case[4][-1, -1] = True, False
    given = []
    for weights, x, y, alpha, frozen in cases:
        before = weights.copy()
        given.append(answer(before, x.copy(), y.copy(), alpha, frozen.copy()))
    if any(_empty(one) for one in given):
        return blank(BEGIN + "A plain step first: weights minus alpha times gradient. Then ask what must not move.")

    def all_are(other: Callable[..., Any]) -> bool:
        return all(
            _same(one, other(w, w - a * _felt(w, x, y), f)) for one, (w, x, y, a, f) in zip(given, cases, strict=True)
        )

    if all_are(lambda w, stepped, f: np.where(f, w, stepped)):
        return right("The frozen ones are where they were, to the last digit, and the others went their way.")
    if all_are(lambda w, stepped, f: stepped):
        return mistake("The thaw", "every weight has moved, also the frozen ones. What in your step asks `frozen`?")
    if all_are(lambda w, stepped, f: np.where(f, stepped, w)):
        return mistake("The wrong way round", "the frozen ones moved, and those that may move did not.")
    if all_are(lambda w, stepped, f: np.where(f, 0, stepped)):
        return mistake(
            "The wiped weight", "your frozen weights are 0 now. To hold a thing still is not to wipe it out."
        )
    if all_are(lambda w, stepped, f: np.where(f.any(axis=1, keepdims=True), w, stepped)):
        return mistake("The frozen row", "one frozen weight holds its whole row still. Its neighbours may move.")
    weights, _, _, _, frozen = cases[0]
    if np.shape(given[0]) != weights.shape:
        return not_yet(f"Give back the weights after the step, {weights.shape}. Yours are {np.shape(given[0])}.")
    kept = np.allclose(np.asarray(given[0])[frozen], weights[frozen])
    return not_yet(
        "The frozen weights are held. The others do not go where one step of gradient descent would take them."
        if kept
        else "Some frozen weight has moved, and not all the others went where one step would take them."
    )


# -- 5.4 ------------------------------------------------------------------------------------------------------------
def _alike(answer: Callable[..., Any]) -> Verdict:
    rng = np.random.default_rng(55)
    cases: list[Any] = []
    while len(cases) < 40:
        row, others = rng.normal(size=6), rng.normal(size=(4, 6)) * rng.uniform(0.2, 5, size=(4, 1))
        cases.append((row, others))
    given = [answer(row.copy(), others.copy()) for row, others in cases]
    if any(_empty(one) for one in given):
        return blank(BEGIN + "One dot product for each row of the table comes first: that is one `@`.")
    if any(np.size(one) != 1 for one in given):
        return not_yet("Give back one whole number, the place of the row that is most alike, as `argmax` does.")
    said = [int(np.squeeze(one)) for one in given]

    def by(score: Callable[[Any, Any], Any]) -> bool:
        return said == [int(np.argmax(score(row, others))) for row, others in cases]

    def lengths(others: Any) -> Any:
        return np.sqrt((others**2).sum(axis=1))

    if by(lambda row, others: others @ row / lengths(others)):
        return right("Forty tables, long rows and short ones, and the most alike was found in each.")
    if by(lambda row, others: others @ row):
        return mistake(
            "The long one wins",
            "in most of your wrong answers the chosen row is the longest one. What did we do with the black slide?",
        )
    if by(lambda row, others: -(others @ row)):
        return mistake("The most unlike", "you found the row that agrees least.")
    if by(lambda row, others: -others @ row / lengths(others)):
        return mistake("The most unlike", "lengths are counted well, but you found the row that agrees least.")
    if by(lambda row, others: others @ row / (others**2).sum(axis=1)):
        return mistake(
            "The short one wins",
            "you divide by the dot product of a row with itself. The length is something smaller. What is missing?",
        )
    if by(lambda row, others: -((others - row) ** 2).sum(axis=1)):
        return mistake(
            "The nearest",
            "you look for the smallest gap. A row ten times as long in the same direction is far away, and "
            "quite alike.",
        )
    wrong = sum(one != int(np.argmax(o @ r / lengths(o))) for one, (r, o) in zip(said, cases, strict=True))
    return not_yet(f"On {wrong} of 40 random tables another row is more alike.")


# -- 5.5 ------------------------------------------------------------------------------------------------------------
MASKS = {"first": 7, "second": 0, "third": 1, "fourth": 3}


def _masks(answer: dict[str, Any]) -> Verdict:
    missing = [name for name in MASKS if answer.get(name) is None]
    if missing:
        return blank(BEGIN + f"Say which digit the {missing[0]} picture belongs to: 0, 1, 3 or 7.")
    said = {name: int(answer[name]) for name in MASKS}
    if said == MASKS:
        return right("All four. Orange is where its ink should be, blue is where it must not be.")
    if said["second"] == 1 and said["third"] == 0:
        return mistake(
            "The negative",
            "you read the blue as ink. If blue meant ink, the second picture would be a stroke in the middle. "
            "What does a "
            "weight below zero say?",
        )
    if [said[name] for name in MASKS] == [0, 1, 3, 7]:
        return mistake("In the order of counting", "the pictures are mixed. Look at the middle of each: ink, or none?")
    wrong = next(name for name in MASKS if said[name] != MASKS[name])
    return not_yet(f"Look again at the {wrong} one. A {said[wrong]} has ink in its orange places only: does that fit?")


# -- 5.6 ------------------------------------------------------------------------------------------------------------
def _scrambled(inputs: Any, masks: Any) -> Verdict:
    from ...data import load

    digits = load("digits")
    pictures = digits.train.x[:3000, 0]
    inputs, masks = np.asarray(inputs), np.asarray(masks)
    if inputs.shape != (3000, 784) or masks.shape != (10, 784):
        return not_yet(
            f"3,000 rows of 784 inputs, and ten rows of weights. Yours are {inputs.shape} and {masks.shape}."
        )
    good = float(np.mean((digits.test.x.reshape(-1, 784) @ masks.T).argmax(axis=1) == digits.test.y))
    if _same(inputs, pictures.reshape(3000, -1)):
        if good > 0.7:
            return right(f"Found. It now reads {good:.0%} of new digits, and its weights look like digits.")
        return mistake(
            "Mended too late",
            f"the inputs are right now, but the weights still read only {good:.0%} of new digits. When were "
            f"they learnt?",
        )
    if _same(inputs, pictures.transpose(0, 2, 1).reshape(3000, -1)):
        return mistake(
            "The fallen pictures",
            "each row is one picture now, but it lies on its side: its columns were laid end to end, not its rows.",
        )
    if _same(inputs, pictures.reshape(784, -1).T):
        return blank("These are the inputs as they were. Show one row as a picture, 28 by 28. Is it a digit?")
    return not_yet("Row 0 of the inputs should be picture 0, its rows end to end. Show it as a picture, 28 by 28.")


# -- 5.7 ------------------------------------------------------------------------------------------------------------
def _dot(answer: Callable[..., Any]) -> Verdict:
    rng = np.random.default_rng(57)
    cases: list[Any] = []
    for a, b in ((3, 8), (0, 6), (7, 1), (9, 4), (2, 5)):
        row = np.where(rng.uniform(size=784) < 0.3, rng.uniform(0.2, 1, 784), 0.0)
        cases.append((row, rng.normal(size=(10, 784)), a, b))
    given = [answer(row.copy(), weights.copy(), a, b) for row, weights, a, b in cases]
    if any(_empty(one) for one in given):
        return blank(BEGIN + "Begin with the votes of every dot for a, and with its votes for b.")
    if any(np.size(one) != 1 for one in given):
        return not_yet("Give back one whole number, the place of one dot, as `argmax` does.")
    said = [int(np.squeeze(one)) for one in given]

    def by(score: Callable[..., Any]) -> bool:
        return said == [int(np.argmax(score(*case))) for case in cases]

    if by(lambda row, w, a, b: row * (w[a] - w[b])):
        return right("That dot did most: much ink, a weight that says a, and a weight that says not b.")
    if by(lambda row, w, a, b: w[a] - w[b]):
        return mistake(
            "The loudest weight", "your dot has the strongest weights. But did this digit have any ink there?"
        )
    if by(lambda row, w, a, b: row * w[a]):
        return mistake("One side only", "your dot says a, loudly. Perhaps it says b just as loudly.")
    if by(lambda row, w, a, b: row * (w[b] - w[a])):
        return mistake("For the other side", "your dot did most for b against a.")
    best = [int(np.argmax(row * (weights[a] - weights[b]))) for row, weights, a, b in cases]
    wrong = sum(one != other for one, other in zip(said, best, strict=True))
    return not_yet(f"In {wrong} of 5 random digits another dot did more.")


EXERCISES = (
    Exercise(
        "5.1",
        "All slopes at once",
        _gradient,
        '''def my_gradient(weights, x, y):
    errors = x @ weights.T - y
    return 2 * errors.T @ x / errors.size

check("5.1", my_gradient)''',
        (
            "Write the shapes down: weights, x, y, errors. Which two tables must meet so that a table like the weights "
            "comes out?",
            "Each slope gathers products over all examples: the errors of its own output times the numbers of its own "
            "input. To gather over examples, the sides that meet must be the examples.",
            "`errors = x @ weights.T - y`. Lay the errors on their side, let them meet x, and then remember the "
            "2 and the "
            "number of squares, `errors.size`.",
        ),
        (
            Mistake("Lying on its side", swap=("errors.T @ x", "x.T @ errors")),
            Mistake("The lost two", swap=("2 * ", "")),
            Mistake("The climber", swap=("x @ weights.T - y", "y - x @ weights.T")),
            Mistake("The unshared sum", swap=(" / errors.size", "")),
            Mistake("Shared by half", swap=("errors.size", "len(x)")),
        ),
    ),
    Exercise(
        "5.2",
        "Who will move?",
        _movers,
        '''answer = [(0, 0), (0, 2)]
check("5.2", answer)''',
        (
            "Look at the printed errors, column by column. Then look at `four`, column by column.",
            "A slope is made of an error and an input. Where either is zero in every example, nothing is felt.",
            "Output 1 is right in all four examples. Input 1 is zero in all four. Which weights have neither?",
        ),
        (
            Mistake("The contented output", swap=("(0, 2)]", "(0, 2), (1, 0), (1, 2)]")),
            Mistake("The silent input", swap=("(0, 2)]", "(0, 1), (0, 2)]")),
            Mistake("Zero is no wall", swap=(", (0, 2)]", "]")),
        ),
    ),
    Exercise(
        "5.3",
        "Hold some of them still",
        _step,
        '''def my_step(weights, x, y, alpha, frozen):
    slopes = gradient(weights, x, y)
    slopes[frozen] = 0
    return weights - alpha * slopes

check("5.3", my_step)''',
        (
            "`gradient` from this chapter makes all slopes. Which of them do you want to be felt?",
            "A weight with a slope of zero does not move. So it is the slope that must be silenced, not the weight.",
            "`slopes[frozen] = 0` sets all slopes to zero where `frozen` is True. Then take the usual step.",
        ),
        (
            Mistake("The thaw", swap=("    slopes[frozen] = 0\n", "")),
            Mistake("The wrong way round", swap=("slopes[frozen]", "slopes[~frozen]")),
            Mistake("The wiped weight", swap=("    slopes[frozen] = 0\n    return weights - alpha * slopes",
                                              "    return (weights - alpha * slopes) * ~frozen")),
            Mistake("The frozen row", swap=("slopes[frozen]", "slopes[frozen.any(axis=1)]")),
        ),
    ),
    Exercise(
        "5.4",
        "The most alike",
        _alike,
        '''def my_most_alike(row, others):
    lengths = np.sqrt((others * others).sum(axis=1))
    return np.argmax(others @ row / lengths)

check("5.4", my_most_alike)''',
        (
            "Without the last sentence of the task, it would be one `@` and one `argmax`. What does that "
            "sentence ask for?",
            "Make all rows of the table equally strong before you compare. The length of `row` itself does not "
            "matter: it "
            "is the same for all.",
            "`np.sqrt((others * others).sum(axis=1))` has the lengths. Divide the dot products by them.",
        ),
        (
            Mistake("The long one wins", swap=(" / lengths", "")),
            Mistake("The most unlike", swap=("argmax", "argmin")),
            Mistake("The short one wins", swap=("np.sqrt((others * others).sum(axis=1))", "(others**2).sum(axis=1)")),
            Mistake("The nearest", "def my_most_alike(row, others):\n"
                    "    return np.argmin(((others - row) ** 2).sum(axis=1))\n\n"
                    'check("5.4", my_most_alike)'),
        ),
    ),
    Exercise(
        "5.5",
        "Read the masks",
        _masks,
        '''answer = {"first": 7, "second": 0, "third": 1, "fourth": 3}
check("5.5", answer)''',
        (
            "Look at the middle of each picture first. Should there be ink, or must there be none?",
            "Orange says: ink here speaks for my digit. Blue says: ink here speaks against it. So follow the orange.",
            "One picture has a blue middle inside a ring. One has a single orange stroke, upright. Of the last "
            "two, one has "
            "its orange on top.",
        ),
        (
            Mistake("The negative", swap=('"second": 0, "third": 1', '"second": 1, "third": 0')),
            Mistake("In the order of counting", 'answer = {"first": 0, "second": 1, "third": 3, "fourth": 7}\n'
                    'check("5.5", answer)'),
        ),
    ),
    Exercise(
        "5.6",
        "Something is wrong in here",
        _scrambled,
        '''images = digits.train.x[:3000]
inputs = images.reshape(3000, 784)
masks = np.zeros((10, 784), np.float32)
for step in range(60):
    masks = masks - 0.15 * gradient(masks, inputs, truth[:3000])
check("5.6", inputs, masks)''',
        (
            "The weights look like noise, so perhaps the inputs do. Show the first of them: "
            '`ct.glass.show(inputs[0].reshape(28, 28), "first")`.',
            "`reshape` never moves a number: it reads them one after another, and breaks the line in other places. The "
            "first 784 numbers are the first picture. Where did they go here?",
            "They went into a row of their own only if the rows are 784 long. `.T` afterwards makes the shape "
            "right, and "
            "leaves the pictures cut to pieces.",
        ),
        (
            Mistake("Mended too late", swap=('check("5.6"', 'masks = np.zeros((10, 784), np.float32)\ncheck("5.6"')),
            Mistake("The fallen pictures", swap=("images.reshape(3000, 784)",
                                                 "images.transpose(0, 1, 3, 2).reshape(3000, 784)")),
        ),
    ),
    Exercise(
        "5.7",
        "The dot that decided",
        _dot,
        '''def my_dot(row, weights, a, b):
    return np.argmax(row * (weights[a] - weights[b]))

check("5.7", my_dot)''',
        (
            "One dot has two votes that matter here: one for a and one for b. Which of their sums or gaps do you want?",
            "A dot that speaks loudly for both decides nothing. What decides is how much more it gives to a than to b.",
            "`row * weights[a]` are the votes for a, and the same with b. Take one from the other, and find the "
            "largest.",
        ),
        (
            Mistake("The loudest weight", swap=("row * (weights[a] - weights[b])", "weights[a] - weights[b]")),
            Mistake("One side only", swap=("(weights[a] - weights[b])", "weights[a]")),
            Mistake("For the other side", swap=("weights[a] - weights[b]", "weights[b] - weights[a]")),
        ),
    ),
)  # fmt: skip
