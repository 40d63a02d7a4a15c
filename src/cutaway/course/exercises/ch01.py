"""The exercises of chapter 1: seven things of Python and NumPy, a picture turned wrong, and a question of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exercise import Exercise, Mistake, Verdict, blank, mistake, not_yet, right

__all__ = ["EXERCISES"]

Array = NDArray[Any]


def _nothing(value: object) -> bool:
    return value is None or value is ...


def _same(given: Any, wanted: Any) -> bool:
    """Is it this, in shape and numbers? Lists are as good as arrays."""
    try:
        array = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        return False
    return array.shape == np.shape(wanted) and np.allclose(array, wanted)


def _tables(seed: int) -> list[Array]:
    """Tables of several shapes, never square, all numbers different."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(1, 9, shape).round(2) for shape in ((5, 3), (4, 7), (6, 2))]


def _shape(given: Any) -> str:
    shape = np.shape(given)
    return f"an array of shape {shape}" if shape else f"the single value {given!r}"


# -- 1.1 --------------------------------------------------------------------------------------------------------
def judge_column(answer: Callable[[Array, int], Any]) -> Verdict:
    """Give back column k."""
    tables = _tables(11)
    given = [answer(table, 1) for table in tables]
    if any(map(_nothing, given)):
        return blank("Nothing here yet, and that is fine. Begin with `return table[...]`.")

    def always(of: Callable[[Array], Array]) -> bool:
        return all(_same(value, of(table)) for value, table in zip(given, tables, strict=True))

    if always(lambda t: t[:, 1]):
        return right("Three tables of different shapes, and each time the right column came back.")
    if always(lambda t: t[1]):
        return mistake(
            "The row instead",
            "on a table of 5 rows and 3 columns, column 1 has five numbers. How many do you get, and which are they?",
        )
    if always(lambda t: t[:, 0]):
        return mistake(
            "Counting from one",
            "if the first column were called 1, this would be it. What does Python call the first column?",
        )
    if always(lambda t: t[:, 1:2]):
        return mistake(
            "A table one wide",
            "the numbers are right, but your shape has a 1 in it: a slice of columns keeps the table. What gives a "
            "single column without that 1?",
        )
    return not_yet(f"Of a table of shape (5, 3) you gave back {_shape(given[0])}; the column has shape (5,).")


COLUMN = Exercise(
    "1.1",
    "One column",
    judge_column,
    """def column(table, k):
    return table[:, k]

check("1.1", column)""",
    (
        "Look at how the diary gave its column 1. What stood before the comma, and what after it?",
        "First you say which rows, then a comma, then which column. You want all rows, and a colon means all.",
        "`return table[something, k]`, and the something is the sign for all.",
    ),
    (
        Mistake("The row instead", swap=("table[:, k]", "table[k]")),
        Mistake("Counting from one", swap=("table[:, k]", "table[:, k - 1]")),
        Mistake("A table one wide", swap=("table[:, k]", "table[:, k:k + 1]")),
    ),
)


# -- 1.2 --------------------------------------------------------------------------------------------------------
def judge_aside(answer: Callable[[Array, int], Any]) -> Verdict:
    """All rows but the last n, and the last n."""
    tables = _tables(12)
    pairs = [answer(table, 2) for table in tables]
    if any(map(_nothing, pairs)):
        return blank("Nothing here yet, and that is fine. Make two slices, and end with `return first, last`.")
    if any(not isinstance(pair, (tuple, list)) or len(pair) != 2 for pair in pairs):
        return not_yet("Two things should come back: the first rows and the last rows, with a comma between them.")
    if any(_nothing(part) for pair in pairs for part in pair):
        return blank("One of the two is still missing, and that is fine.")

    def always(first: Callable[[Array], Array], last: Callable[[Array], Array]) -> bool:
        return all(_same(a, first(t)) and _same(b, last(t)) for (a, b), t in zip(pairs, tables, strict=True))

    if always(lambda t: t[:-2], lambda t: t[-2:]):
        return right("No row is lost and none is in both parts, whatever the shape of the table.")
    if always(lambda t: t[-2:], lambda t: t[:-2]):
        return mistake("The wrong way round", "both parts are right. Which of them was to come first?")
    if always(lambda t: t[:, :-2], lambda t: t[:, -2:]):
        return mistake(
            "Columns put aside", "every row is still in both parts, only shorter. What stands before a comma?"
        )
    if always(lambda t: t[:2], lambda t: t[2:]):
        return mistake("Cut from the front", "your first part has n rows. Which part was to have n rows?")
    rows = [len(np.atleast_1d(part)) for part in pairs[0]]
    if sum(rows) < len(tables[0]):
        return mistake(
            "The lost row",
            f"of {len(tables[0])} rows, only {sum(rows)} are in your two parts. Where does a slice stop?",
        )
    if sum(rows) > len(tables[0]):
        return mistake(
            "One row twice",
            f"{len(tables[0])} rows have become {sum(rows)}. A row that is in both parts gives the test away.",
        )
    return not_yet(
        f"Of 5 rows with n = 2, your parts have {rows[0]} and {rows[1]} rows. They should be rows 0 to 2, and 3 to 4."
    )


ASIDE = Exercise(
    "1.2",
    "Put some aside",
    judge_aside,
    """def put_aside(table, n):
    first = table[:-n]
    last = table[-n:]
    return first, last

check("1.2", put_aside)""",
    (
        "Try it on the diary. What do `diary[-2:]` and `diary[:-2]` print?",
        "A minus counts from the end. One slice begins there, and the other one stops there.",
        "`last = table[-n:]`, and `first` has the same `-n` on the other side of the colon.",
    ),
    (
        Mistake("One row twice", swap=("table[:-n]", "table[:len(table) - n + 1]")),
        Mistake("The lost row", swap=("table[:-n]", "table[:-n - 1]")),
        Mistake(
            "Columns put aside",
            swap=(
                "    first = table[:-n]\n    last = table[-n:]",
                "    first = table[:, :-n]\n    last = table[:, -n:]",
            ),
        ),
        Mistake("The wrong way round", swap=("return first, last", "return last, first")),
        Mistake(
            "Cut from the front",
            swap=("    first = table[:-n]\n    last = table[-n:]", "    first = table[:n]\n    last = table[n:]"),
        ),
    ),
)


# -- 1.3 --------------------------------------------------------------------------------------------------------
def judge_means(answer: Callable[[Array], Any]) -> Verdict:
    """The mean of each row."""
    tables = _tables(13)
    given = [answer(table.copy()) for table in tables]
    if any(map(_nothing, given)):
        return blank("Nothing here yet, and that is fine. Which axis has to be squeezed flat?")

    def always(of: Callable[[Array], Any]) -> bool:
        return all(_same(value, of(table)) for value, table in zip(given, tables, strict=True))

    if always(lambda t: t.mean(axis=1)):
        return right("One number for each row, on three shapes.")
    if always(lambda t: t.mean(axis=0)):
        return mistake(
            "The other axis",
            "a table of 5 rows and 3 columns has given you three numbers. Which direction did you squeeze?",
        )
    if always(lambda t: t.mean()):
        return mistake("One for all", "a single number came back, the mean of the whole table. Each row wants its own.")
    if always(lambda t: t.sum(axis=1)):
        return mistake("The unshared sum", "that is each row's sum. How many numbers have to share it?")
    if always(lambda t: t.sum(axis=1) / len(t)):
        return mistake(
            "Shared by the wrong number", "you divide by the number of rows. How many numbers are in one row?"
        )
    return not_yet(f"For a table of shape (5, 3) you gave back {_shape(given[0])}; five means have shape (5,).")


MEANS = Exercise(
    "1.3",
    "A mean for each row",
    judge_means,
    """def row_means(table):
    return table.mean(axis=1)

check("1.3", row_means)""",
    (
        "How many numbers should come back for a table with 5 rows and 3 columns? Try both axes and count.",
        "Press from the side: the columns are squeezed into one, and the rows stay.",
        "`return table.mean(axis=...)`, with the axis that stands for the columns.",
    ),
    (
        Mistake("The other axis", swap=("axis=1", "axis=0")),
        Mistake("One for all", swap=("axis=1", "")),
        Mistake("The unshared sum", swap=("mean", "sum")),
        Mistake("Shared by the wrong number", swap=("table.mean(axis=1)", "table.sum(axis=1) / len(table)")),
    ),
)


# -- 1.4 --------------------------------------------------------------------------------------------------------
def judge_up(answer: Callable[[list[int]], Any]) -> Verdict:
    """How often was the number larger than the one before?"""
    rng = np.random.default_rng(14)
    lists = [[9, 4, 4, 6, 5, 7], [2, 3, 3, 1, 8], *(rng.integers(0, 6, n).tolist() for n in (7, 12, 1))]
    given = [answer(list(numbers)) for numbers in lists]
    if any(map(_nothing, given)):
        return blank("Nothing here yet, and that is fine. Begin with a loop over the days: `for day in range(...)`.")

    def always(of: Callable[[list[int]], int]) -> bool:
        return all(_same(value, of(numbers)) for value, numbers in zip(given, lists, strict=True))

    def steps(compare: Callable[[int, int], bool], start: int = 1) -> Callable[[list[int]], int]:
        return lambda v: sum(compare(v[k], v[k - 1]) for k in range(start, len(v)))

    if always(steps(lambda now, then: now > then)):
        return right("Counted rightly on five lists, and a single day gives 0.")
    if always(steps(lambda now, then: now > then, start=0)):
        return mistake(
            "The day before the first",
            "your loop also looks at day 0. The day before it would be `numbers[-1]`, and which day is that in Python?",
        )
    if always(steps(lambda now, then: now >= then)):
        return mistake(
            "Ties counted", f"of {lists[0]} you counted a day that was the same as the one before. Is it larger?"
        )
    if always(steps(lambda now, then: now < then)):
        return mistake("Days down", "you counted the days on which the number fell. Which of the two is yesterday's?")
    if always(lambda v: sum(number > v[0] for number in v)):
        return mistake(
            "Held against the first", "each day is compared with the first day of all. Which day is next to it?"
        )
    return not_yet(f"Of {lists[0]}, the days that went up are the 6 and the 7: that is 2, and you said {given[0]!r}.")


UP = Exercise(
    "1.4",
    "More than yesterday",
    judge_up,
    """def days_up(numbers):
    count = 0
    for day in range(1, len(numbers)):
        if numbers[day] > numbers[day - 1]:
            count = count + 1
    return count

check("1.4", days_up)""",
    (
        "Take the list 9, 4, 4, 6, 5, 7 and do it with a finger. Which two numbers do you look at each time?",
        "Let the loop run over the numbers of the days, not over the numbers on the list. `day - 1` is the day before. "
        "With which day can you begin?",
        "`for day in range(1, len(numbers)):`, then `if numbers[day] > numbers[...]:`, then add 1 to `count`.",
    ),
    (
        Mistake("The day before the first", swap=("range(1, len(numbers))", "range(len(numbers))")),
        Mistake("Ties counted", swap=("] > numbers", "] >= numbers")),
        Mistake("Days down", swap=("] > numbers", "] < numbers")),
        Mistake("Held against the first", swap=("numbers[day - 1]", "numbers[0]")),
    ),
)


# -- 1.5 --------------------------------------------------------------------------------------------------------
def judge_usual(answer: Callable[[Array], Any]) -> Verdict:
    """The table without its columns' means."""
    tables = _tables(15)
    try:
        given = [answer(table.copy()) for table in tables]
    except ValueError as error:
        if "broadcast" not in str(error):
            raise
        return mistake(
            "The usual of the row",
            "a table of 5 rows and 3 columns met one mean for each row, and NumPy could not lay five numbers along "
            "three columns. Which way should the mean go?",
        )
    if any(map(_nothing, given)):
        return blank("Nothing here yet, and that is fine. Begin with the means: one for each column.")

    def always(of: Callable[[Array], Any]) -> bool:
        return all(_same(value, of(table)) for value, table in zip(given, tables, strict=True))

    if always(lambda t: t - t.mean(axis=0)):
        return right("In each of your columns, what is above the usual and what is below it now add up to zero.")
    if always(lambda t: t - t.mean()):
        return mistake(
            "One usual for all",
            "hours, cups and pages share one mean, so every column of cups looks tiny. How many means do you need?",
        )
    if always(lambda t: t - t.mean(axis=1, keepdims=True)):
        return mistake(
            "The usual of the row",
            "you compare cups of tea with hours of sleep of the same morning. Which way should the mean go?",
        )
    if always(lambda t: t.mean(axis=0) - t):
        return mistake("Turned round", "what is more than usual has become a minus. Which is taken from which?")
    if always(lambda t: t.mean(axis=0)):
        return mistake(
            "The usual itself", "these are the means. What is left of each number when its mean is taken away?"
        )
    return not_yet(f"For a table of shape (5, 3) you gave back {_shape(given[0])}; the shape should stay (5, 3).")


USUAL = Exercise(
    "1.5",
    "More or less than usual",
    judge_usual,
    """def from_usual(table):
    return table - table.mean(axis=0)

check("1.5", from_usual)""",
    (
        "Which array of means do you need, and what is its shape? Print it for the diary.",
        "A single row can be taken away from every row of a table. The means of the columns are such a row.",
        "`return table - table.mean(...)`, with the axis that leaves one number for each column.",
    ),
    (
        Mistake("One usual for all", swap=("mean(axis=0)", "mean()")),
        Mistake("The usual of the row", swap=("mean(axis=0)", "mean(axis=1)")),
        Mistake("Turned round", swap=("table - table.mean(axis=0)", "table.mean(axis=0) - table")),
        Mistake("The usual itself", swap=("table - table.mean(axis=0)", "table.mean(axis=0)")),
    ),
)


# -- 1.6 --------------------------------------------------------------------------------------------------------
def judge_again(answer: Any) -> Verdict:
    """Six digits of 28 rows and 20 columns, made of long rows."""
    from ...data import load

    wanted = load("digits").train.x[:6, 0, :, 4:24]
    if _nothing(answer):
        return blank("Nothing here yet, and that is fine.")
    if _same(answer, wanted):
        return right("Six digits stand upright again. You could have read them aloud, and the cell before could not.")
    wrong = wanted.reshape(6, 20, 28)
    if _same(answer, wrong):
        return blank("Nothing mended yet, and that is fine. Run the cell below this one and look at the strokes.")
    if _same(answer, wrong.transpose(0, 2, 1)):
        return mistake(
            "Only turned on its side",
            "the shape is right now, but the strokes are still torn: the rows were cut at the wrong places before you "
            "turned them. How many dots does one row of a picture have?",
        )
    if _same(answer, wanted[:, ::-1]) or _same(answer, wanted[:, :, ::-1]):
        return mistake(
            "Mirrored", "each stroke is whole, but something is the wrong way round. Can you read the digits aloud?"
        )
    if _same(answer, wanted.reshape(168, 20)):
        return mistake(
            "One tall strip",
            "each row is whole now, but the six pictures hang below each other as one. Where did the 6 go?",
        )
    if np.shape(answer) == wanted.shape:
        return not_yet("The shape is right, but the dots are not where they were. Change only the one line.")
    return not_yet(f"You have shape {np.shape(answer)}. Six pictures with 28 rows and 20 columns: what is their shape?")


AGAIN = Exercise(
    "1.6",
    "Something is wrong in here",
    judge_again,
    """long_rows = digits.train.x[:6, 0, :, 4:24].reshape(6, 560)      # this line is right

again = long_rows.reshape(6, 28, 20)
check("1.6", again)""",
    (
        "Run the cell that shows the pictures. Do the strokes break off and go on somewhere else?",
        "Imagine a long ribbon of 560 dots, cut into pieces and laid one below the other. If the pieces are too long, "
        "each one begins too late.",
        "A shape names rows first, then columns. Say aloud how many of each a picture had, and compare with the line.",
    ),
    (
        Mistake("Only turned on its side", swap=("reshape(6, 28, 20)", "reshape(6, 20, 28).transpose(0, 2, 1)")),
        Mistake("Mirrored", swap=("reshape(6, 28, 20)", "reshape(6, 28, 20)[:, ::-1]")),
        Mistake("One tall strip", swap=("reshape(6, 28, 20)", "reshape(6 * 28, 20)")),
    ),
)


# -- 1.7 --------------------------------------------------------------------------------------------------------
def _words(value: Any) -> str:
    return "" if _nothing(value) else str(value).strip()


def judge_problem(sheet: Any) -> Verdict:
    """A question of one's own: has it rows, clues, an answer that is a number or a word, and a lazy guess?"""
    if not isinstance(sheet, dict):
        return not_yet("The sheet is a table of names and answers in curly brackets, as it stood there first.")
    missing = [name for name in ("predict", "clues", "one row is", "rows", "lazy guess") if name not in sheet]
    if missing:
        return not_yet(f"The line {missing[0]!r} is gone from the sheet. Put it back, and it may stay empty for now.")
    clues = sheet["clues"]
    clues = [clues] if isinstance(clues, str) else [] if _nothing(clues) else list(clues)
    clues = [word for word in map(_words, clues) if word]
    predict, row, guess = (_words(sheet[name]) for name in ("predict", "one row is", "lazy guess"))
    if not (predict or clues or row or guess or sheet["rows"]):
        return blank("Nothing here yet, and that is fine. Begin with a thing that you would like to know tomorrow.")
    if not predict:
        return not_yet('What do you want to know? A few words are enough, such as "pages I read".')
    if predict.lower().startswith(("why", "how should", "how can", "what should")):
        return mistake(
            "A question for a friend",
            "if this had rows, each would hold one number or one word in this place. What would stand there on Monday?",
        )
    if not clues:
        return not_yet("Which clues do you have before the answer is known? One is enough to begin with.")
    if any(clue.lower() == predict.lower() for clue in clues):
        return mistake(
            "The answer among the clues",
            f"{predict!r} is what you want to predict, and it is also a clue. Would you know it in time?",
        )
    if not row or row.lower() == predict.lower():
        return mistake(
            "No rows",
            "something has to happen again and again, and each time is a row. What is it: a day, a ride, a song?",
        )
    try:
        rows = int(sheet["rows"])
    except (TypeError, ValueError):
        return not_yet(
            "How many rows do you have, or could you have in two months? A number, please; a rough one will do."
        )
    if rows < 50:
        return mistake(
            "A handful of rows",
            f"with {max(rows, 0)} rows, chance alone can look like a rule. Could each row be a day, not a month? Could "
            "friends keep the same diary?",
        )
    if not guess:
        return not_yet("Only the lazy guess is missing. What would you say if you knew none of the clues?")
    return right(
        f"One row is {row}; you predict {predict!r} from {', '.join(clues)}, and the guess to beat is {guess!r}. "
        "Is every clue known before the answer? Then keep it."
    )


PROBLEM = Exercise(
    "1.7",
    "Your question",
    judge_problem,
    """my_problem = {
    "predict": "pages I read",
    "clues": ["hours of sleep", "cups of tea"],
    "one row is": "a day",
    "rows": 60,
    "lazy guess": "11 pages, my mean",
}
check("1.7", my_problem)""",
    (
        "Think of something you have asked yourself more than once this month, and that had an answer each time.",
        "Begin with the row. If a row is a day, what do you know about a day in the morning, and what only at night? "
        "The morning has the clues, and the night has the answer.",
        "Take the one in the text until you find a better one: sleep and tea in the morning, pages read at night, one "
        "row a day, 60 days, and your mean for the lazy guess.",
    ),
    (
        Mistake("A question for a friend", swap=('"pages I read"', '"why I read so little"')),
        Mistake("The answer among the clues", swap=('"cups of tea"', '"Pages I read"')),
        Mistake("No rows", swap=('"a day"', '""')),
        Mistake("A handful of rows", swap=("60", "8")),
    ),
)

EXERCISES = (COLUMN, ASIDE, MEANS, UP, USUAL, AGAIN, PROBLEM)
