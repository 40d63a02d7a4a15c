"""The little language of conditions: ``loss > 2 and norm("1.weight") < 10``.

It looks like Python and is none: the text is parsed with `ast`, and whatever is not listed here is refused, with a mark
under the place. Nothing of it is ever executed as code; a condition is walked node by node.

names       loss, accuracy, batch, epoch, alpha, ...     the results of the last batch, counters, hyper-parameters
in quotes   "1.weight", "1.weight"[3, 5]                 a part of the state; "forward/2" the output of that layer
functions   abs min max mean sum std norm any all        of arrays
            nan(x) infinite(x) nan()                      is any number of x so?  nan(): anywhere in the run
            before(x) change(x) changes_sign(x)           compared with one batch ago
            flips(17) flips(17, "validation")             does the network's answer to that example change?
            grad("1.weight") slot(12)                     inside a batch; the run then walks its batches
"""

from __future__ import annotations

import ast
import difflib
from typing import Any

from ...engine.errors import CutawayError

__all__ = ["EVENTS", "FUNCTIONS", "ConditionError", "Memory", "parse", "wrong"]

LONGEST = 1000  # characters; a nest of brackets deeper than Python's parser likes would need more

FUNCTIONS = {  # name -> the fewest and the most things in its brackets
    "abs": (1, 1), "min": (1, 9), "max": (1, 9), "mean": (1, 1), "sum": (1, 1), "std": (1, 1), "norm": (1, 1),
    "any": (1, 1), "all": (1, 1), "nan": (0, 1), "infinite": (1, 1),
    "before": (1, 1), "change": (1, 1), "changes_sign": (1, 1),
    "flips": (1, 2), "grad": (1, 1), "slot": (1, 1),
}  # fmt: skip
EVENTS = ("before", "change", "changes_sign", "flips")  # they tell of one batch, so being true twice is two hits
QUOTED = ("grad",)  # their brackets hold the name itself
WHOLE = ("slot", "flips")

_KINDS = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.BinOp, ast.Add, ast.Sub,
    ast.Mult, ast.Div, ast.Mod, ast.Pow, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Call,
    ast.Name, ast.Load, ast.Constant, ast.Subscript, ast.Slice, ast.Tuple,
)  # fmt: skip

Memory = dict[int, Any]  # place of a node -> what it was one batch ago


class ConditionError(CutawayError, ValueError):
    """A condition that cannot be understood; it points at the place.

    >>> issubclass(ConditionError, ValueError)
    True
    """


def wrong(text: str, node: Any, message: str) -> ConditionError:
    """The error for a part of the condition, with a mark under it."""
    # ast counts bytes, readers count letters
    line = text.encode()
    start = len(line[: getattr(node, "col_offset", 0)].decode(errors="ignore"))
    stop = len(line[: getattr(node, "end_col_offset", None) or len(line)].decode(errors="ignore"))
    return ConditionError(f"watch: {message}\n    {text}\n    {' ' * start}{'^' * max(1, stop - start)}")


def parse(text: str) -> ast.expr:
    """The condition as a tree, or an error that shows where it goes wrong.

    >>> parse("loss > 2").__class__.__name__
    'Compare'
    >>> parse("loss = 2")
    Traceback (most recent call last):
    cutaway.glass.watch.language.ConditionError: watch: this is no condition. To ask whether two things are equal, ...
    """
    text = " ".join(text.split())
    if not text:
        raise ConditionError('watch: an empty condition. Write one such as "loss > 2".')
    if len(text) > LONGEST:
        raise ConditionError(
            f"watch: a condition has at most {LONGEST} characters; for more, give a function of the run."
        )
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
        raise _unreadable(text, error) from None
    _check(text, tree)
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name | ast.Constant) and _asks(n)]
    if not names and not calls & {"nan", "slot", "flips"}:
        raise wrong(text, tree, "nothing in it depends on the run.")
    return tree


def _asks(node: ast.Name | ast.Constant) -> bool:
    """Does it name a part of the run?"""
    return isinstance(node.value, str) if isinstance(node, ast.Constant) else node.id not in FUNCTIONS


def _unreadable(text: str, error: Exception) -> ConditionError:
    offset = getattr(error, "offset", None) or len(text) + 1  # 0: something is missing at the end
    at = min(offset - 1, len(text))
    place = ast.Name(id="", ctx=ast.Load())
    place.col_offset = len(text[:at].encode())
    place.end_col_offset = place.col_offset + 1
    hint = 'It may be anything like: loss > 2, norm("1.weight") > 10, changes_sign("1.weight"[3, 5]).'
    if "=" in text.replace("==", "").replace("<=", "").replace(">=", "").replace("!=", ""):
        hint = "To ask whether two things are equal, write ==."
    elif "decimal literal" in str(error) or ".weight" in text or ".bias" in text:
        hint = 'Names with a dot stand in quotes: "1.weight".'
    elif "&" in text or "|" in text:
        hint = "Write and, or, not."
    return wrong(text, place, f"this is no condition. {hint}")


def _check(text: str, tree: ast.expr) -> None:
    """Refuse whatever is not part of the language."""
    called: set[ast.AST] = set()
    indices: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _check_call(text, node)
            called.add(node.func)
        elif isinstance(node, ast.Subscript):
            indices.update(ast.walk(node.slice))
        elif isinstance(node, ast.Attribute):
            raise wrong(text, node, f'names with a dot stand in quotes: "{ast.unparse(node)}".')
        elif not isinstance(node, _KINDS):
            raise wrong(
                text, node, f"{_called(node)} has no place in a condition; a function of the run can do anything."
            )
        if isinstance(node, ast.Name) and node.id in FUNCTIONS and node not in called:
            raise wrong(text, node, f"{node.id} is a function, so it wants brackets: {node.id}(...).")
        if isinstance(node, ast.Slice | ast.Tuple) and node not in indices:
            raise wrong(text, node, "a list of things is no condition; commas belong into an index or a function.")
        if isinstance(node, ast.Constant) and not isinstance(node.value, bool | int | float | str):
            fine = node.value is Ellipsis and node in indices
            if not fine:
                raise wrong(text, node, f"{node.value!r} has no place in a condition.")


def _check_call(text: str, node: ast.Call) -> None:
    if not isinstance(node.func, ast.Name):
        raise wrong(text, node.func, "only the functions of the language can be called.")
    name = node.func.id
    if name not in FUNCTIONS:
        near = difflib.get_close_matches(name, FUNCTIONS, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(FUNCTIONS)}."
        raise wrong(text, node.func, f"there is no function {name}. {hint}")
    fewest, most = FUNCTIONS[name]
    if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
        raise wrong(text, node, f"{name} takes plain things in its brackets, without = and *.")
    if not fewest <= len(node.args) <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise wrong(text, node, f"{name} takes {wanted} thing{'s' * (most > 1)} in its brackets, not {len(node.args)}.")
    first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if name in QUOTED and not isinstance(first, str):
        raise wrong(text, node.args[0], f'{name} takes a name in quotes: {name}("1.weight").')
    if name in WHOLE and (not isinstance(first, int) or isinstance(first, bool)):
        raise wrong(text, node.args[0], f"{name} takes a whole number: {name}(17).")
    if name == "flips" and len(node.args) == 2:
        second = node.args[1].value if isinstance(node.args[1], ast.Constant) else None
        if second not in ("train", "validation"):
            raise wrong(text, node.args[1], 'the examples of flips are those of "train" or "validation".')


def _called(node: ast.AST) -> str:
    words = {
        ast.Lambda: "a lambda inside the text", ast.IfExp: "if and else", ast.ListComp: "a list comprehension",
        ast.GeneratorExp: "a for", ast.NamedExpr: ":=", ast.JoinedStr: "an f-string", ast.In: "in", ast.NotIn: "not in",
        ast.Is: "is", ast.IsNot: "is not", ast.BitAnd: "& (write and)", ast.BitOr: "| (write or)",
        ast.Invert: "~ (write not)", ast.MatMult: "@", ast.List: "a list", ast.Dict: "a dictionary",
    }  # fmt: skip
    return words.get(type(node), type(node).__name__.lower())
