"""What a page may say: every command with its fields, looked at before anything is done.

A command that is not made so is refused with one sentence, and the run is as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .wire import MessageError

__all__ = ["COMMANDS", "UNITS", "checked"]

UNITS = ("op", "layer", "batch", "epoch")
MOST_SIDES = 16
FAR = 2**40  # no run has so many batches, and no array so many numbers on a side

Field = Callable[[Any], Any]  # a value -> the value, or ValueError with what it should be
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def whole(low: int, high: int) -> Field:
    """A whole number between two others."""

    def look(value: Any) -> Any:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return look


def real(low: float = -math.inf, high: float = math.inf) -> Field:
    """A number; the words for NaN and infinity are numbers too, where there are no bounds."""

    def look(value: Any) -> Any:
        if isinstance(value, str) and value in _NUMBERS and low == -math.inf:
            return _NUMBERS[value]
        if type(value) not in (int, float) or not low <= value <= high or abs(value) > 1e300:
            raise ValueError(f"a number from {low:g} to {high:g}" if low > -math.inf else "a number")
        return float(value)

    return look


def text(most: int) -> Field:
    """A text of at most so many characters."""

    def look(value: Any) -> Any:
        if not isinstance(value, str) or len(value) > most or "\0" in value:
            raise ValueError(f"a text of at most {most} characters")
        return value

    return look


def one_of(*words: str) -> Field:
    """One of some words."""

    def look(value: Any) -> Any:
        if value not in words or not isinstance(value, str):
            raise ValueError(f"one of {', '.join(words)}")
        return value

    return look


def several(each: Field, most: int) -> Field:
    """A list of at most so many."""

    def look(value: Any) -> Any:
        if not isinstance(value, list) or len(value) > most:
            raise ValueError(f"a list of at most {most}")
        return [each(one) for one in value]

    return look


def fields(**each: Field) -> Field:
    """An object with these fields; every one may be left out."""

    def look(value: Any) -> Any:
        if not isinstance(value, dict) or not value.keys() <= each.keys():
            raise ValueError(f"an object with {', '.join(each)}")
        return {name: each[name](inner) for name, inner in value.items()}

    return look


def yes_or_no(value: Any) -> Any:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _what(value: Any) -> Any:
    found = fields(slot=whole(0, FAR), name=text(400), board=whole(0, FAR))(value)
    if len(found) != 1:
        raise ValueError('one of {"slot": 12}, {"name": "1.weight"}, {"board": 12}')
    return found


def _pair(value: Any) -> Any:
    found = several(whole(0, FAR), 2)(value)
    if len(found) != 2:
        raise ValueError("two whole numbers")
    return found


INDEX = several(whole(-FAR, FAR), MOST_SIDES)
LEAD = several(whole(0, FAR), MOST_SIDES)
OVERVIEW = fields(rows=whole(1, 1024), cols=whole(1, 1024), count=whole(0, 256), **{"from": whole(0, FAR)})
WINDOW = fields(row=whole(0, FAR), col=whole(0, FAR), rows=whole(0, 64), cols=whole(0, 64), tile=whole(0, FAR))

# command -> its fields; one that ends in "?" may be left out or null
COMMANDS: dict[str, dict[str, Field]] = {
    "hello": {},
    "play": {"unit?": one_of(*UNITS), "speed?": real(0.01, 100_000), "until?": whole(0, FAR)},
    "tick": {"turn": whole(0, FAR), "ms": real(0, 1000)},
    "pause": {},
    "step": {"unit": one_of(*UNITS), "n?": whole(0, 1_000_000)},
    "back": {"unit": one_of(*UNITS), "n?": whole(0, 1_000_000)},
    "at": {"batch": whole(0, FAR), "op?": whole(0, FAR)},
    "edit": {"what": _what, "index?": INDEX, "value": real()},
    "fork": {"name?": text(60)},
    "branch": {"select": whole(0, FAR)},
    "drop": {"branch": whole(0, FAR)},
    "settings": {"batch_size?": whole(1, FAR)},
    "look": {
        "key": text(60),
        "what": _what,
        "lead?": LEAD,
        "overview?": OVERVIEW,
        "window?": WINDOW,
        "stats?": yes_or_no,
        "view?": one_of("matrix", "tiles"),
    },
    "unlook": {"key": text(60)},
    "news": {},
    "find": {"what": _what, "lead?": LEAD, "tile?": whole(0, FAR), "rows": _pair, "cols": _pair},
    "examples": {"rows": several(whole(0, FAR), 64)},
    "explain": {"step?": whole(0, FAR), "at?": INDEX, "board?": yes_or_no, "inside?": yes_or_no},
    "why": {"name": text(400), "index?": INDEX, "batch?": whole(0, FAR)},
    "health": {"now?": yes_or_no},
    "picture": {"depth?": one_of("boxes", "matrices", "neurons")},
    "compare": {"branch": whole(0, FAR)},
    "evaluate": {},
    "watch": {"expression": text(400)},
    "unwatch": {"watch": whole(0, FAR)},
    "predict": {},
    "sight": {
        "part": one_of("answer", "covered", "slopes", "layer", "alike", "excite"),
        "row": whole(0, FAR),
        "layer?": text(400),
        "unit?": whole(0, FAR),
        "answer?": whole(0, FAR),
    },
}
_ALWAYS = {"cmd", "id", "buffers"}


def checked(head: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The command and its fields, each as it should be; what was left out is None.

    >>> checked({"cmd": "step", "unit": "op"})
    ('step', {'unit': 'op', 'n': None})
    >>> checked({"cmd": "step", "unit": "mile"})
    Traceback (most recent call last):
    ...
    cutaway.glass.studio.wire.MessageError: step: `unit` is one of op, layer, batch, epoch.
    """
    command = head.get("cmd")
    if not isinstance(command, str) or command not in COMMANDS:
        raise MessageError(f"There is no command {str(command)[:40]!r}; there are {', '.join(COMMANDS)}.")
    wanted = COMMANDS[command] | {"client?": text(60)}
    known = {name.rstrip("?") for name in wanted} | _ALWAYS
    unknown = head.keys() - known
    if unknown:
        raise MessageError(f"{command}: there is no field {min(unknown)[:40]!r} here; there are {sorted(known)}.")
    found: dict[str, Any] = {}
    for told, look in wanted.items():
        name = told.rstrip("?")
        value = head.get(name)
        if value is None and told.endswith("?"):
            found[name] = None
            continue
        try:
            found[name] = look(value)
        except ValueError as error:
            raise MessageError(f"{command}: `{name}` is {error}.") from None
    del found["client"]
    return command, found
