"""The exercises of chapter 3: weighted sums, tables of weights, stacked layers, a forecast that is misread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import nn
from ..exercise import Exercise, Mistake, Verdict, blank, mistake, not_yet, right

__all__ = ["EXERCISES"]

BEGIN = "Nothing here yet, and that is fine. "


def _same(given: Any, wanted: Any) -> bool:
    return np.shape(given) == np.shape(wanted) and bool(np.allclose(given, wanted, rtol=1e-4, atol=1e-6))


def _numbers(value: Any) -> Any:
    """Whatever was given back as an array: also a Tensor of the library."""
    return np.asarray(getattr(value, "data", value) if not isinstance(value, np.ndarray) else value)


def _empty(value: Any) -> bool:
    return value is None or value is ...


# -- 3.1 ------------------------------------------------------------------------------------------------------------
def _sum(answer: Callable[..., Any]) -> Verdict:
    rng = np.random.default_rng(31)
    pairs = [(rng.uniform(1, 9, n).round(1), rng.uniform(-4, 6, n).round(1)) for n in (3, 2, 7)]
    given = [answer(inputs, weights) for inputs, weights in pairs]
    if any(_empty(one) for one in given):
        return blank(BEGIN + "Begin with a total of 0, and let every input add its vote to it.")
    if any(np.size(one) != 1 for one in given):
        return mistake("The uncounted votes", "you gave back every vote by itself. Who adds them up?")
    given = [float(np.squeeze(one)) for one in given]

    def all_are(other: Callable[[Any, Any], float]) -> bool:
        return all(_same(one, other(*pair)) for one, pair in zip(given, pairs, strict=True))

    if all_are(lambda x, w: float(x @ w)):
        return right("Three, two or seven inputs: every vote is counted, and counted once.")
    if all_are(lambda x, w: x[0] * w[0]):
        return mistake(
            "The early return",
            "only the first input was heard. At which point does your loop leave the function: before or after the "
            "last input?",
        )
    if all_are(lambda x, w: x[-1] * w[-1]):
        return mistake("The last word", "only the last vote is left. Is the total kept, or written over each time?")
    if all_are(lambda x, w: x.sum() * w.sum()):
        return mistake(
            "The crowd",
            "you added up all inputs, added up all weights, and multiplied the two. Then every input is heard at every "
            "weight. Whose weight is whose?",
        )
    if all_are(lambda x, w: float(np.sum(x + w))):
        return mistake("Plus for times", "a weight of 0 should silence an input. Does it, in yours?")
    first = pairs[0]
    return not_yet(f"For inputs {first[0]} and weights {first[1]} the votes come to {first[0] @ first[1]:.2f}, "
                   f"and you said {given[0]:.2f}.")  # fmt: skip


# -- 3.2 ------------------------------------------------------------------------------------------------------------
PLACES = {"warmth for boats": (0, 1), "wind for towels": (1, 2), "towels on day 4": (3, 1)}


def _places(answer: dict[str, Any]) -> Verdict:
    missing = [name for name in PLACES if answer.get(name) in (None, (), ...)]
    if missing:
        return blank(BEGIN + f"Say where to look for {missing[0]!r}: a pair of a row and a column, such as (0, 0).")
    wrong = [name for name, place in PLACES.items() if tuple(answer[name]) != place]
    if not wrong:
        return right("All three. In a weight table the row is the output, and in a table of days the row is the day.")
    if all(tuple(answer[name]) == PLACES[name][::-1] for name in PLACES):
        return mistake(
            "Column before row",
            "all three pairs are turned round. In `table[a, b]`, which of the two does NumPy read first?",
        )
    if all(tuple(answer[name]) == tuple(k + 1 for k in PLACES[name]) for name in PLACES):
        return mistake("Counting from one", "each pair is one too far, both ways. What does NumPy call the first row?")
    if tuple(answer["towels on day 4"]) in ((1, 3), (4, 1)) and wrong == ["towels on day 4"]:
        return mistake(
            "The wrong table",
            "the two weights are right. The totals are another table: what is a row in it, and what is a column?",
        )
    return not_yet(
        f"Look again at {wrong[0]!r}. Say the shape of its table aloud, and what a row and a column of it are."
    )


# -- 3.3 ------------------------------------------------------------------------------------------------------------
def _tables(seed: int, *sizes: tuple[int, int, int]) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(n, i)), rng.normal(size=(o, i)), rng.normal(size=o)) for n, i, o in sizes]


def _layer(answer: Callable[..., Any]) -> Verdict:
    cases = _tables(33, (5, 3, 2), (4, 2, 6), (1, 7, 3))
    given = []
    for x, weights, bias in cases:
        try:
            value = answer(x.copy(), weights.copy(), bias.copy())
        except ValueError as error:
            if "matmul" not in str(error) and "shapes" not in str(error) and "broadcast" not in str(error):
                raise
            return mistake(
                "The shapes that do not meet",
                f"x is {x.shape} and the weights are {weights.shape}, and NumPy stopped: {error}. Which two numbers "
                "must be equal before `@` can work, and how do you bring them together?",
            )
        if _empty(value):
            return blank(BEGIN + "One line is enough: a weighted sum for every row, then the head start.")
        given.append(_numbers(value))

    def all_are(other: Callable[..., Any]) -> bool:
        return all(_same(one, other(*case)) for one, case in zip(given, cases, strict=True))

    if all_are(lambda x, w, b: x @ w.T + b):
        return right("Any number of rows, inputs and outputs: that is a whole layer, in one line.")
    if all_are(lambda x, w, b: x @ w.T):
        return mistake("The late start", "the votes are right, and every output begins at 0. What was the bias for?")
    if all_are(lambda x, w, b: (x @ w.T + b).T):
        return mistake(
            "Lying on its side",
            "all the numbers are there, but you have a row for each output. We want a row for each example.",
        )
    if all_are(lambda x, w, b: x @ w.T + b.sum()):
        return mistake(
            "One head start for all",
            "every output starts from the sum of all head starts. Each has its own.",
        )
    if all_are(lambda x, w, b: x @ w.T - b):
        return mistake("The head start backwards", "a bias of plus 5 pulls your output down. Should it?")
    x, weights, bias = cases[0]
    return not_yet(
        f"For x {x.shape} and weights {weights.shape} the result should be {(x @ weights.T).shape}, and begin with "
        f"{(x @ weights.T + bias)[0, 0]:.3f}. Yours is {given[0].shape}, and begins with {given[0].ravel()[0]:.3f}."
    )


# -- 3.4 ------------------------------------------------------------------------------------------------------------
def _stacks() -> list[Any]:
    rng = np.random.default_rng(34)
    return [
        (
            rng.normal(size=(n, i)),
            rng.normal(size=(h, i)),
            rng.normal(size=h),
            rng.normal(size=(o, h)),
            rng.normal(size=o),
        )
        for n, i, h, o in ((5, 3, 2, 4), (2, 4, 7, 3))
    ]


def _stack(answer: Callable[..., Any]) -> Verdict:
    cases = _stacks()
    try:
        given = [answer(*(one.copy() for one in case)) for case in cases]
    except ValueError as error:
        return mistake(
            "The second helping",
            f"NumPy stopped: {error}. Do the inputs meet the first table lying on its side, with a head start for each "
            "hidden number? And does the second layer hear the hidden numbers, and not x?",
        )
    if any(_empty(one) for one in given):
        return blank(BEGIN + "Two lines: the hidden numbers from x, then the outputs from the hidden numbers.")
    given = [_numbers(one) for one in given]

    def all_are(other: Callable[..., Any]) -> bool:
        return all(_same(one, other(*case)) for one, case in zip(given, cases, strict=True))

    if all_are(lambda x, a, p, b, q: (x @ a.T + p) @ b.T + q):
        return right("What the first layer says is what the second layer hears.")
    if all_are(lambda x, a, p, b, q: x @ a.T + p):
        return mistake("Half way", "these are the hidden numbers. There is one more layer to go through.")
    if all_are(lambda x, a, p, b, q: (x @ a.T) @ b.T + q):
        return mistake(
            "The forgotten middle",
            "the hidden numbers set out without their own head start. Which of the five things is unused?",
        )
    if all_are(lambda x, a, p, b, q: (x @ a.T + p) @ b.T):
        return mistake("The late start", "the last layer begins at 0. Which of the five things is unused?")
    want = (cases[0][0] @ cases[0][1].T + cases[0][2]) @ cases[0][3].T + cases[0][4]
    return not_yet(f"The result should be {want.shape} and begin with {want[0, 0]:.3f}; yours is {given[0].shape}.")


# -- 3.5 ------------------------------------------------------------------------------------------------------------
def _library(answer: Callable[..., Any]) -> Verdict:
    cases = _stacks()
    nets = [answer(*(one.copy() for one in case[1:])) for case in cases]
    if any(_empty(net) for net in nets):
        return blank(BEGIN + "Make the net with nn.Sequential, then give each layer its weight and its bias.")
    if not all(callable(net) for net in nets):
        return not_yet(f"Give back a net that can be called, such as nn.Sequential(...), not {type(nets[0]).__name__}.")
    tables = [list(zip(_parameters(net), case[1:], strict=False)) for net, case in zip(nets, cases, strict=True)]
    if all(not any(_same(number, mine) for number, mine in table) for table in tables):
        return mistake(
            "The strangers",
            "these layers still have the random numbers they were born with. Where do the four tables go?",
        )
    if any(_same(*pairs[0]) and not _same(*pairs[1]) for pairs in tables):
        return mistake(
            "The strange head start",
            "the weights are yours, but a head start is still random. A layer has two things to set.",
        )
    for net, case in zip(nets, cases, strict=True):
        for layer, table in zip(_layers(net), (case[1], case[3]), strict=False):
            if (layer.out_features, layer.in_features) != table.shape:
                return mistake(
                    "Made to another measure",
                    f"a layer was made as {layer}, but its table is {table.shape}: a row for each output. Which number "
                    "comes first in nn.Linear?",
                )
    names = ("0.weight", "0.bias", "1.weight", "1.bias")
    wrong = [name for table in tables for name, pair in zip(names, table, strict=False) if not _same(*pair)]
    if wrong:
        return not_yet(f"The number table {wrong[0]} of your net is not the one you were given.")
    said = [_numbers(net(case[0])) for net, case in zip(nets, cases, strict=True)]
    wanted = [(x @ a.T + p) @ b.T + q for x, a, p, b, q in cases]
    if all(_same(one, want) for one, want in zip(said, wanted, strict=True)):
        return right("The library's net and your two lines say the same.")
    if all(_same(one, x @ a.T + p) for one, (x, a, p, _, _) in zip(said, cases, strict=True)):
        return mistake("Half way", "your net stops at the hidden numbers. How many layers are in it?")
    return not_yet(f"The net runs, and gives {said[0].shape} where {wanted[0].shape} should come out.")


def _layers(net: Any) -> list[nn.Linear]:
    return [part for part in net.modules() if isinstance(part, nn.Linear)] if isinstance(net, nn.Module) else []


def _parameters(net: Any) -> list[Any]:
    return [parameter.data for parameter in net.parameters()]


# -- 3.6 ------------------------------------------------------------------------------------------------------------
PHONE = np.array([[-4.0, 11, 0], [8, 9, 1], [1, 2, 0], [10, 7, 1]])


def _forecast(net: Any, orders: Any) -> Verdict:
    given = _numbers(orders)
    true, as_read = _numbers(net(PHONE[:, [1, 0, 2]])), _numbers(net(PHONE))
    if _same(given, true):
        return right("Found. Hours of sun are counted as sun again, and degrees as degrees.")
    if given.shape != true.shape:
        return not_yet(f"Four days and four goods make a table of {true.shape}, and yours is {given.shape}.")
    if _same(given, as_read):
        return blank(
            "These are the orders as they were. One of the four days looks odd: ask the glass about its votes."
        )
    if _same(given, _numbers(net(PHONE[:, ::-1]))):
        return mistake(
            "All turned round",
            "you read all three columns backwards. Look at the last column: was anything wrong with it?",
        )
    mended = [k for k in range(len(true)) if _same(given[k], true[k]) and not _same(true[k], as_read[k])]
    if mended:
        return mistake(
            "The patch",
            f"day {mended[0] + 1} is right, and others are as they were. The same thing is wrong with every day.",
        )
    return not_yet(
        f"On day 1 the net should count {PHONE[0, 1]:g} hours of sun at {PHONE[0, 0]:g} degrees. Does it, in yours?"
    )


# -- 3.7 ------------------------------------------------------------------------------------------------------------
def _one_layer(answer: Callable[..., Any]) -> Verdict:
    cases = _stacks()
    try:
        given = [answer(*(one.copy() for one in case[1:])) for case in cases]
    except ValueError as error:
        return not_yet(f"NumPy stopped: {error}. Which of the tables has a side as long as there are hidden numbers?")
    if any(_empty(one) or (isinstance(one, tuple) and any(_empty(part) for part in one)) for one in given):
        return blank(BEGIN + "Follow one unit of one input through both layers. How much of each output does it make?")
    if not all(isinstance(one, tuple) and len(one) == 2 for one in given):
        return not_yet("Give back two things: a table of weights, and the head starts.")
    tables = [(case[3] @ case[1], case[3] @ case[2] + case[4]) for case in cases]
    weights = [_numbers(one[0]) for one in given]
    bias = [_numbers(one[1]) for one in given]
    weighed = all(_same(one, table) for one, (table, _) in zip(weights, tables, strict=True))
    if weighed and all(_same(one, start) for one, (_, start) in zip(bias, tables, strict=True)):
        return right(
            "One layer says all that these two can say. Stacking alone gains nothing: chapter 6 puts something between."
        )
    if all(_same(one, table.T) for one, (table, _) in zip(weights, tables, strict=True)):
        return mistake(
            "Lying on its side",
            "the right numbers in a table turned on its side: here the rows should be outputs, the columns inputs.",
        )
    if weighed and all(_same(one, case[4]) for one, case in zip(bias, cases, strict=True)):
        return mistake(
            "The lost head start",
            "the weights are right. But the first layer has head starts too, and the second layer hears them.",
        )
    if weighed and all(np.shape(one) == np.shape(case[4]) for one, case in zip(bias, cases, strict=True)):
        return not_yet(
            "The weights are right. What does the net say on a day when all inputs are zero? That is the bias."
        )
    return not_yet(
        f"From {cases[0][1].shape[1]} inputs to {cases[0][3].shape[0]} outputs, the table should be "
        f"{tables[0][0].shape}, and yours is {weights[0].shape}."
    )


EXERCISES = (
    Exercise(
        "3.1",
        "Count the votes yourself",
        _sum,
        '''def my_sum(inputs, weights):
    total = 0
    for k in range(len(inputs)):
        total = total + inputs[k] * weights[k]
    return total

check("3.1", my_sum)''',
        (
            "Say it before you code it: what is one vote made of, and how many votes are there?",
            "You have a total that begins at 0. Each turn of the loop takes one input and the weight of the same "
            "number, and makes the total larger or smaller by their product. When all have voted, tell it.",
            "Inside the loop: `total = total + ...`, an input times its weight. The `return` stands after the loop, as "
            "far left as the word `for`.",
        ),
        (
            Mistake("The early return", swap=("    return total", "        return total")),
            Mistake("The last word", swap=("total = total + inputs", "total = inputs")),
            Mistake("The crowd", "def my_sum(inputs, weights):\n    return sum(inputs) * sum(weights)\n\n"
                    'check("3.1", my_sum)'),
            Mistake("Plus for times", swap=("inputs[k] * weights[k]", "inputs[k] + weights[k]")),
            Mistake("The uncounted votes", "def my_sum(inputs, weights):\n    return inputs * weights\n\n"
                    'check("3.1", my_sum)'),
        ),
    ),
    Exercise(
        "3.2",
        "Where does it stand?",
        _places,
        '''answer = {"warmth for boats": (0, 1), "wind for towels": (1, 2), "towels on day 4": (3, 1)}
check("3.2", answer)''',
        (
            "Print the shape of each table. Which side is as long as there are outputs, and which as there are days?",
            "Weights have a row for each output and a column for each input. The totals have a row for each day and a "
            "column for each output. And Python counts from 0.",
            "Boats are output 0, warmth is input 1, so the first pair begins with 0. Day 4 has the number 3.",
        ),
        (
            Mistake("Column before row", 'answer = {"warmth for boats": (1, 0), "wind for towels": (2, 1), '
                    '"towels on day 4": (1, 3)}\ncheck("3.2", answer)'),
            Mistake("Counting from one", 'answer = {"warmth for boats": (1, 2), "wind for towels": (2, 3), '
                    '"towels on day 4": (4, 2)}\ncheck("3.2", answer)'),
            Mistake("The wrong table", swap=("(3, 1)", "(1, 3)")),
        ),
    ),
    Exercise(
        "3.3",
        "A whole layer",
        _layer,
        '''def my_layer(x, weights, bias):
    return x @ weights.T + bias

check("3.3", my_layer)''',
        (
            "Write the three shapes on paper: x, weights, bias. What shape must come out?",
            "The weights have a row for each output. `@` wants a column for each output, so the table has to lie down. "
            "Then every row of the result gets the head starts added.",
            "`x @ weights.T` gives a row for each example and a column for each output. One thing is still missing.",
        ),
        (
            Mistake("The shapes that do not meet", swap=("weights.T", "weights")),
            Mistake("The late start", swap=(" + bias", "")),
            Mistake("Lying on its side", swap=("x @ weights.T + bias", "(x @ weights.T + bias).T")),
            Mistake("One head start for all", swap=("+ bias", "+ bias.sum()")),
            Mistake("The head start backwards", swap=("+ bias", "- bias")),
        ),
    ),
    Exercise(
        "3.4",
        "Two layers",
        _stack,
        '''def my_net(x, first, first_bias, second, second_bias):
    hidden = x @ first.T + first_bias
    return hidden @ second.T + second_bias

check("3.4", my_net)''',
        (
            "How many numbers come out of the first layer, and how many does the second expect?",
            "It is one relay race. The first layer carries x as far as the hidden numbers. The second layer takes "
            "them, and never sees x.",
            "`hidden = x @ first.T + first_bias`, and then the same line once more with other names.",
        ),
        (
            Mistake("Half way", swap=("hidden @ second.T + second_bias", "hidden")),
            Mistake("The second helping", swap=("return hidden", "return x")),
            Mistake("The forgotten middle", swap=(" + first_bias", "")),
            Mistake("The late start", swap=(" + second_bias", "")),
        ),
    ),
    Exercise(
        "3.5",
        "The same, from the library",
        _library,
        '''def my_library_net(first, first_bias, second, second_bias):
    net = nn.Sequential(nn.Linear(first.shape[1], first.shape[0]),
                        nn.Linear(second.shape[1], second.shape[0]))
    net[0].weight.data, net[0].bias.data = first, first_bias
    net[1].weight.data, net[1].bias.data = second, second_bias
    return net

check("3.5", my_library_net)''',
        (
            "`nn.Linear` wants two sizes: how many numbers come in, how many go out. Where can you read them off?",
            "Two layers in an `nn.Sequential`. Born with random numbers, they need four tables from you: a weight and "
            "a bias for each.",
            "The sizes are `first.shape[1]` and `first.shape[0]`. Then `net[0].weight.data = first`, and three more.",
        ),
        (
            Mistake("The strangers", swap=("""    net[0].weight.data, net[0].bias.data = first, first_bias
    net[1].weight.data, net[1].bias.data = second, second_bias
""", "")),
            Mistake("The strange head start", swap=("net[0].weight.data, net[0].bias.data = first, first_bias",
                                                    "net[0].weight.data = first")),
            Mistake("Made to another measure", swap=("nn.Linear(first.shape[1], first.shape[0])",
                                                     "nn.Linear(first.shape[0], first.shape[1])")),
            Mistake("Half way", 'def my_library_net(first, first_bias, second, second_bias):\n'
                    "    net = nn.Sequential(nn.Linear(first.shape[1], first.shape[0]))\n"
                    "    net[0].weight.data, net[0].bias.data = first, first_bias\n    return net\n\n"
                    'check("3.5", my_library_net)'),
        ),
    ),
    Exercise(
        "3.6",
        "Something is wrong in here",
        _forecast,
        '''phone = np.array([[-4.0, 11, 0], [8, 9, 1], [1, 2, 0], [10, 7, 1]])
orders = net(phone[:, [1, 0, 2]])
check("3.6", net, orders)''',
        (
            "Which day was cold and bright? Ask the glass how its visitors were counted: "
            '`ct.glass.explain(net, "0", at=(0, 0), example=phone)`.',
            "In each line of the glass, a number from the table meets a weight. The weight of column 0 was chosen for "
            "hours of sun. Read the number it meets: could a day have that many hours of sun?",
            "The phone writes degrees first and sun second. Give the net the columns in the order it knows: "
            "`phone[:, [...]]` picks columns in any order you like.",
        ),
        (
            Mistake("All turned round", swap=("[1, 0, 2]", "[2, 1, 0]")),
            Mistake("The patch", "phone = np.array([[11.0, -4, 0], [8, 9, 1], [1, 2, 0], [10, 7, 1]])\n"
                    'orders = net(phone)\ncheck("3.6", net, orders)'),
        ),
    ),
    Exercise(
        "3.7",
        "Two layers, one layer",
        _one_layer,
        '''def my_one_layer(first, first_bias, second, second_bias):
    weights = second @ first
    bias = second @ first_bias + second_bias
    return weights, bias

check("3.7", my_one_layer)''',
        (
            "Take one input and one output. By how many ways can a vote get from the one to the other?",
            "There is a way through each hidden number: first one weight, then another. Along a way the weights "
            "multiply, and the ways add up. A product, then a sum: you know a sign for that.",
            "The weights are `second @ first`, as (outputs, hidden) meets (hidden, inputs). For the bias, ask what "
            "comes out when all inputs are zero.",
        ),
        (
            Mistake("Lying on its side", swap=("second @ first\n", "first.T @ second.T\n")),
            Mistake("The lost head start", swap=("second @ first_bias + second_bias", "second_bias")),
        ),
    ),
)  # fmt: skip
