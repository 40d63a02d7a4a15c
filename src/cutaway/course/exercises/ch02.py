"""The exercises of chapter 2: the map of four corners, a baseline, a knob, a count, the nearest row, a broken gauge."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exercise import Exercise, Mistake, Verdict, blank, mistake, not_yet, right

__all__ = ["EXERCISES"]

Array = NDArray[Any]


def _nothing(value: object) -> bool:
    return value is None or value is ...


def _close(given: Any, wanted: Any) -> bool:
    """Is it this, in shape and numbers? Lists are as good as arrays."""
    try:
        array = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        return False
    return array.shape == np.shape(wanted) and np.allclose(array, wanted)


def _all_close(given: list[Any], wanted: list[Any]) -> bool:
    return all(_close(a, b) for a, b in zip(given, wanted, strict=True))


# -- 2.1 --------------------------------------------------------------------------------------------------------
CORNERS = {
    "A": ("counting", "truth"),
    "B": ("knobs", "no truth"),
    "C": ("knobs", "truth"),
    "D": ("counting", "no truth"),
}
WHOM = {"A": "the shop", "B": "the phone", "C": "the baker", "D": "the map"}
FIRST = {
    "counting": "its numbers would grow with what it has seen: a new word, or a new town, is one more",
    "knobs": "there would be a fixed number of things to turn, said beforehand, and trying would set them",
}
SECOND = {
    "truth": "somebody or something would tell it afterwards what the right answer was",
    "no truth": "it would have the rows alone, and nobody would tell it which group is right",
}


def judge_corners(answer: Any) -> Verdict:
    """Knobs or counting, with truth or without."""
    if not isinstance(answer, dict) or set(answer) != set(CORNERS):
        return not_yet("The answer is the sheet with the four lines A, B, C and D, as it stood there first.")
    said = {name: tuple(pair) if isinstance(pair, (tuple, list)) else (pair, "") for name, pair in answer.items()}
    if not any(word for pair in said.values() for word in pair):
        return blank("Nothing here yet, and that is fine. Begin with the second word: does anybody tell it the truth?")
    for name, pair in said.items():
        if len(pair) == 2 and pair[0] in SECOND and pair[1] in FIRST:
            return mistake("The words swapped", f"in {name}, which of the two words stands first?")
        if len(pair) != 2 or pair[0] not in FIRST or pair[1] not in SECOND:
            return not_yet(f'{name} wants two words, such as ("knobs", "truth"), and it has {pair!r}.')
    for name, (how, whether) in CORNERS.items():
        if said[name][1] != whether:
            return mistake(
                "The teacher misplaced",
                f"{WHOM[name]} ({name}) is not {said[name][1]!r}. For that, {SECOND[said[name][1]]}. Is it so?",
            )
        if said[name][0] != how:
            return mistake(
                "Knobs for counts",
                f"{WHOM[name]} ({name}) is not {said[name][0]!r}. For that, {FIRST[said[name][0]]}. Is it so?",
            )
    return right("All four corners of the map, each with somebody in it.")


CORNER = Exercise(
    "2.1",
    "Four corners",
    judge_corners,
    """corners = {
    "A": ("counting", "truth"),
    "B": ("knobs", "no truth"),
    "C": ("knobs", "truth"),
    "D": ("counting", "no truth"),
}
check("2.1", corners)""",
    (
        "Ask two things of each. Is the right answer known later? And is the number of numbers fixed beforehand?",
        "The shop knows which mails were junk, and the baker sees the leftovers. The phone and the map see rows alone. "
        "Who of the four is told a number in advance, or has a single thing to turn?",
        "The baker turns one knob, and the phone has as many centres as people. The shop and the map count.",
    ),
    (
        Mistake("The teacher misplaced", swap=('("knobs", "truth")', '("knobs", "no truth")')),
        Mistake("Knobs for counts", swap=('("counting", "truth")', '("knobs", "truth")')),
        Mistake("The words swapped", swap=('("counting", "truth")', '("truth", "counting")')),
    ),
)


# -- 2.2 --------------------------------------------------------------------------------------------------------
def judge_baseline(answer: Callable[[Array, Array], Any]) -> Verdict:
    """The share that the commonest training answer gets right on the test truths."""
    rng = np.random.default_rng(22)
    pairs = [((rng.random(n) < p).astype(int), (rng.random(m) < q).astype(int))
             for n, m, p, q in ((31, 20, 0.2, 0.4), (40, 17, 0.8, 0.6), (25, 30, 0.3, 0.75))]  # fmt: skip
    given = [answer(train.copy(), test.copy()) for train, test in pairs]
    if any(map(_nothing, given)):
        return blank("Nothing here yet, and that is fine. What does the mean of zeros and ones tell you?")
    common = [int(train.mean() > 0.5) for train, _ in pairs]
    if _all_close(given, [np.mean(test == c) for (_, test), c in zip(pairs, common, strict=True)]):
        return right("The answer is chosen on one set and scored on the other, even where the two do not agree.")
    if _all_close(given, [max(test.mean(), 1 - test.mean()) for _, test in pairs]):
        return mistake(
            "The peeking guess",
            "your guess is the commonest answer of the test truths themselves. Could you know it before the test?",
        )
    if _all_close(given, [max(train.mean(), 1 - train.mean()) for train, _ in pairs]):
        return mistake("Scored at home", "that is the share on the training truths. On which set does a score count?")
    if _all_close(given, [1 - test.mean() for _, test in pairs]):
        return mistake("Always 0", "where rain is commoner than sun, the lazy guess is 1. Who decides which it is?")
    if _all_close(given, common):
        return mistake("The guess itself", "this is what the lazy guess says. How often is it right?")
    return not_yet(
        f"On the first pair the share is {np.mean(pairs[0][1] == common[0]):.3f}, and you said {given[0]!r}."
    )


BASELINE = Exercise(
    "2.2",
    "The lazy guess",
    judge_baseline,
    """def baseline(train_truth, test_truth):
    commonest = 1 if train_truth.mean() > 0.5 else 0
    return np.mean(test_truth == commonest)

check("2.2", baseline)""",
    (
        "There are two steps: choose an answer, then see how often it is right. Which set belongs to which step?",
        "The mean of zeros and ones is the share of ones. If it is above one half, ones are commoner. Only the "
        "training truths may decide that.",
        "`commonest = 1 if train_truth.mean() > 0.5 else 0`, and then the mean of `test_truth == ...`.",
    ),
    (
        Mistake("The peeking guess", swap=("if train_truth", "if test_truth")),
        Mistake("Scored at home", swap=("test_truth == commonest", "train_truth == commonest")),
        Mistake("Always 0", swap=("1 if train_truth.mean() > 0.5 else 0", "0")),
        Mistake("The guess itself", swap=("np.mean(test_truth == commonest)", "commonest")),
    ),
)


# -- 2.3 --------------------------------------------------------------------------------------------------------
def _best(clue: Array, truth: Array, rule: Callable[[Array, float], Array]) -> float:
    values = np.unique(clue)
    return float(values[np.argmax([np.mean(rule(clue, v) == truth) for v in values])])


def judge_less(answer: Callable[[Array, Array], Any]) -> Verdict:
    """The best position for: less than the knob says 1."""
    rng = np.random.default_rng(23)
    cases = []
    for n, edge in ((40, 3.0), (55, 6.0), (33, 4.5)):
        clue = rng.uniform(0, 9, n).round(1)
        truth = ((clue < edge) != (rng.random(n) < 0.15)).astype(int)
        cases.append((clue, truth))
    given = [answer(clue.copy(), truth.copy()) for clue, truth in cases]
    if any(map(_nothing, given)):
        return blank("Nothing here yet, and that is fine. Begin with `best_knob` from above, and ask what must change.")
    if any(np.size(value) != 1 for value in given):
        return not_yet(f"One position should come back, and you gave back {np.size(given[0])} numbers.")

    def always(rule: Callable[[Array, float], Array]) -> bool:
        return _all_close(given, [_best(clue, truth, rule) for clue, truth in cases])

    best = [max(np.mean((clue < v) == truth) for v in np.unique(clue)) for clue, truth in cases]
    if all(value in clue for value, (clue, _) in zip(given, cases, strict=True)) and _all_close(
        [np.mean((clue < value) == truth) for value, (clue, truth) in zip(given, cases, strict=True)], best
    ):
        return right("On three random diaries, no other position is right more often.")
    if always(lambda c, v: c > v):
        return mistake("Still more than", "your rule says 1 for the large values. For which values should it say 1?")
    if _all_close(given, [c.max() for c, _ in cases]):
        return mistake(
            "The last one tried", "you always give back the largest value. When may a new position replace the old?"
        )
    if _all_close(given, best):
        return mistake("The share, not the knob", "this says how often the best position is right. Where is it?")
    if always(lambda c, v: c <= v):
        return mistake(
            "Less or equal", "a day that is exactly at the knob gets a 1 from you. Is it less than the knob?"
        )
    clue, truth = cases[0]
    return not_yet(f"On a diary of {len(clue)} days the best is {_best(clue, truth, lambda c, v: c < v):g}, "
                   f"and you said {float(np.asarray(given[0]).ravel()[0]):g}.")  # fmt: skip


LESS = Exercise(
    "2.3",
    "A knob that turns both ways",
    judge_less,
    """def best_less(clue, truth):
    best, kept = 0, None
    for knob in np.unique(clue):
        share = np.mean((clue < knob) == truth)
        if share > best:
            best, kept = share, knob
    return kept

check("2.3", best_less)""",
    (
        "Read `best_knob` again, line by line, and say what each line is there for. Which of them knows about 'more'?",
        "All is as before: try each value, see how often the rule is right, keep the best so far. Only the rule itself "
        "is turned round.",
        "Copy `best_knob`, and change one sign in the line that works out the share.",
    ),
    (
        Mistake("Still more than", swap=("clue < knob", "clue > knob")),
        Mistake(
            "The last one tried",
            swap=("        if share > best:\n            best, kept = share, knob", "        best, kept = share, knob"),
        ),
        Mistake("The share, not the knob", swap=("return kept", "return best")),
        Mistake("Less or equal", swap=("clue < knob", "clue <= knob")),
    ),
)


# -- 2.4 --------------------------------------------------------------------------------------------------------
def judge_shares(answer: Callable[[Array, Array, int], Any]) -> Verdict:
    """The share of ones in each box, 0 in an empty one."""
    rng = np.random.default_rng(24)
    cases = []
    for n, boxes in ((30, 4), (50, 7), (23, 5)):
        box = rng.integers(0, boxes - 1, n)  # the last box stays empty
        cases.append((box, (rng.random(n) < 0.2 + 0.6 * box / boxes).astype(int), boxes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's about an empty mean: the verdict says it better
        given = [answer(box.copy(), truth.copy(), boxes) for box, truth, boxes in cases]
    if any(map(_nothing, given)):
        return blank("Nothing here yet, and that is fine. Begin with an array of zeros, one for each box.")

    def of(share: Callable[[Array, Array, int], float]) -> list[Array]:
        return [np.array([share(box, truth, b) for b in range(boxes)]) for box, truth, boxes in cases]

    def inside(box: Array, truth: Array, b: int) -> float:
        return float(truth[box == b].mean()) if (box == b).any() else 0.0

    if _all_close(given, of(inside)):
        return right("Every box has its own share, and the empty one stays at 0.")
    if any(np.isnan(np.asarray(value, float)).any() for value in given):
        return mistake(
            "The mean of nothing",
            "one of your shares is `nan`, which is what NumPy says when nothing is shared among nobody. What if a box "
            "has no examples?",
        )
    if _all_close(given, of(lambda box, truth, b: truth[box == b].sum())):
        return mistake("Counts, not shares", "these are the numbers of 1s. A box with many examples would always win.")
    if _all_close(given, of(lambda box, truth, b: truth[box == b].sum() / len(truth))):
        return mistake(
            "The wrong whole",
            "all your shares together make the share of 1s in the whole diary. Of how many examples is it a share?",
        )
    if _all_close(given, of(lambda box, truth, b: float((box == b).mean()))):
        return mistake(
            "How full, not how wet", "that is how much of the diary lies in each box. Where did the truth go?"
        )
    boxes = cases[0][2]
    return not_yet(f"For {boxes} boxes you gave back an array of shape {np.shape(given[0])}: {np.round(given[0], 2)}. "
                   f"It should be {of(inside)[0].round(2)}.")  # fmt: skip


SHARES = Exercise(
    "2.4",
    "Shares by counting",
    judge_shares,
    """def count_shares(box, truth, boxes):
    shares = np.zeros(boxes)
    for b in range(boxes):
        inside = truth[box == b]
        if len(inside) > 0:
            shares[b] = inside.mean()
    return shares

check("2.4", count_shares)""",
    (
        "Look at how the months were counted. Which examples were picked, and what was done with their truths?",
        "Go through the boxes one by one. Pick the truths that lie in this box, and take their mean, if there are any.",
        "`inside = truth[box == b]`, then `if len(inside) > 0:`, then its mean goes into `shares[b]`.",
    ),
    (
        Mistake("The mean of nothing", swap=("        if len(inside) > 0:\n            shares", "        shares")),
        Mistake("Counts, not shares", swap=("inside.mean()", "inside.sum()")),
        Mistake("The wrong whole", swap=("inside.mean()", "inside.sum() / len(truth)")),
        Mistake("How full, not how wet", swap=("inside.mean()", "len(inside) / len(box)")),
    ),
)


# -- 2.5 --------------------------------------------------------------------------------------------------------
def judge_nearest(answer: Callable[[Array, Array], Any]) -> Verdict:
    """Which row is nearest?"""
    rng = np.random.default_rng(25)
    cases = [(rng.normal(0, 3, (n, d)), rng.normal(0, 3, d)) for n, d in ((9, 3), (14, 2), (20, 5), (11, 4))]
    given = [answer(past.copy(), today.copy()) for past, today in cases]
    if any(map(_nothing, given)):
        return blank("Nothing here yet, and that is fine. Begin with `past - today`: what shape has it?")

    def always(of: Callable[[Array], Any]) -> bool:
        return _all_close(given, [of(past - today) for past, today in cases])

    if always(lambda g: (g**2).sum(axis=1).argmin()):
        return right("The nearest row, on four diaries with different numbers of columns.")
    if always(lambda g: (g**2).sum(axis=1).argmax()):
        return mistake("The farthest day", "of all rows you have picked the one that is least like today.")
    if always(lambda g: g.sum(axis=1).argmin()) or always(lambda g: abs(g.sum(axis=1)).argmin()):
        return mistake(
            "Gaps that pay for each other",
            "a day that is too warm by 9 and too dry by 9 looks perfect to you. How do you keep plus and minus apart?",
        )
    if always(lambda g: (g**2).sum(axis=0).argmin()):
        return mistake(
            "The nearest column",
            "your answer never passes the number of columns. Along which axis are the gaps of one row added?",
        )
    if always(lambda g: (g**2).sum(axis=1).min()):
        return mistake("How far, not where", "this is the distance of the nearest row. At which place does it stand?")
    return not_yet("Make one number out of each row, its distance, and then ask where the smallest one stands.")


NEAREST = Exercise(
    "2.5",
    "The day most like today",
    judge_nearest,
    """def nearest_row(past, today):
    distance = ((past - today) ** 2).sum(axis=1)
    return distance.argmin()

check("2.5", nearest_row)""",
    (
        "How many distances should there be for a diary of 9 rows and 3 columns? Print the shape of each step.",
        "Every row has a gap in each column. Squared, no gap can pay for another. Added up along a row, they make one "
        "distance, and the smallest distance wins.",
        "`distance = ((past - today) ** 2).sum(axis=...)`, and NumPy's `argmin` tells at which place the smallest is.",
    ),
    (
        Mistake("The farthest day", swap=("argmin", "argmax")),
        Mistake("Gaps that pay for each other", swap=("((past - today) ** 2)", "(past - today)")),
        Mistake("The nearest column", swap=("axis=1", "axis=0")),
        Mistake("How far, not where", swap=("argmin", "min")),
    ),
)


# -- 2.6 --------------------------------------------------------------------------------------------------------
def judge_gauge(clean: Any, group: Any) -> Verdict:
    """Have the rows without a measurement gone, or got a likely number, and are the two groups the seasons again?"""
    table = np.asarray(clean, dtype=float)
    sizes = np.bincount(np.asarray(group, dtype=int).ravel())
    if table.ndim != 2 or table.shape[1] != 2:
        return mistake(
            "Out with the column",
            f"your table has shape {table.shape}. A few numbers were wrong, and a thousand good ones went with them.",
        )
    if np.any(table < -100) and len(sizes) > 2:
        return mistake(
            "More groups instead", "the strange rows are still in there, and now they are a group of their own."
        )
    if np.any(table < -100):
        return blank("Nothing mended yet, and that is fine. What does the glass say is the smallest number?")
    if np.isnan(table).any():
        return mistake(
            "Holes left open",
            "`nan` is honest, but no centre can move to a mean that has one in it. What could stand there instead?",
        )
    if len(sizes) != len(np.unique(group)) or len(np.ravel(group)) != len(table):
        return not_yet("The groups do not belong to this table. Leave the line with `find_centres` below your own.")
    if len(table) < 1000:
        return mistake(
            "Out with the good ones", f"only {len(table)} days are left. How many of them had no measurement?"
        )
    if np.sum(table[:, 1] == 0) >= 4 or np.sum(table[:, 1] == 999) >= 1:
        return mistake(
            "Another wrong number",
            "the four days now claim a swing that no other day has. Is that more of a measurement than before?",
        )
    if len(sizes) == 2 and sizes.min() > 250:
        return right(
            f"Two groups of {sizes.min()} and {sizes.max()} days, as before. Four numbers had spoilt a thousand."
        )
    return not_yet(f"The table is clean, but the groups have {sizes.tolist()} days. Is it still asked for two groups?")


GAUGE = Exercise(
    "2.6",
    "Something is wrong in here",
    judge_gauge,
    '''clean = hers[hers[:, 1] > -900]
her_group, her_centres = find_centres(clean, 2)
print("days in each group:", np.bincount(her_group))
check("2.6", clean, her_group)''',
    (
        "The glass says the smallest and the largest number of the whole table. Can a swing be as small as that?",
        "A centre goes to the mean of its days, and a few huge numbers drag it away. Days without a measurement should "
        "not vote. You know how to keep only some rows: with a test in the square brackets.",
        "`clean = hers[hers[:, 1] > ...]`, with a number that every true swing is above, and the false ones are not.",
    ),
    (
        Mistake("Out with the column", swap=("hers[hers[:, 1] > -900]", "hers[:, :1]")),
        Mistake(
            "More groups instead",
            code="""clean = hers
her_group, her_centres = find_centres(clean, 3)
print("days in each group:", np.bincount(her_group))
check("2.6", clean, her_group)""",
        ),
        Mistake("Another wrong number", swap=("hers[hers[:, 1] > -900]", "hers.clip(0)")),
        Mistake("Holes left open", swap=("hers[hers[:, 1] > -900]", "np.where(hers < -900, np.nan, hers)")),
        Mistake("Out with the good ones", swap=("> -900", "> 10")),
    ),
)  # fmt: skip

EXERCISES = (CORNER, BASELINE, LESS, SHARES, NEAREST, GAUGE)
