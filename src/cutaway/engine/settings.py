"""When an operation fails: was it one of its settings? Then that is said, instead of what NumPy made of it.

It looks only after something went wrong, so that calls that are right cost nothing.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

__all__ = ["unfit"]


def unfit(name: str, forward: Callable[..., Any], attrs: Mapping[str, Any]) -> str:
    """A sentence about the first setting that does not fit, or nothing.

    >>> from cutaway.engine import ops
    >>> unfit("softmax", ops.softmax.forward, {"dim": "last"})
    "softmax: the setting dim is int, but it was given 'last'."
    >>> unfit("softmax", ops.softmax.forward, {"axis": 1})
    'softmax: there is no setting called axis; there is dim.'
    """
    try:
        known, hints = inspect.signature(forward).parameters, get_type_hints(forward)
    except (TypeError, ValueError, NameError):
        return ""
    if any(p.kind is p.VAR_KEYWORD for p in known.values()):
        return ""
    settings = [p.name for p in known.values() if p.name in attrs or hints.get(p.name, Any) is not Any]
    for key, value in attrs.items():
        if key not in known:
            there = f"there is {', '.join(settings)}" if settings else "it has none"
            return f"{name}: there is no setting called {key}; {there}."
        if not _fits(value, hints.get(key, Any)):
            return f"{name}: the setting {key} is {_words(hints[key])}, but it was given {value!r}."
    missing = [key for key in settings if known[key].default is inspect.Parameter.empty and key not in attrs]
    missing = [key for key in missing if known[key].kind is not inspect.Parameter.VAR_POSITIONAL]
    return f"{name}: the setting {missing[0]} is missing." if missing else ""


def _fits(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, part) for part in get_args(hint))
    if origin is tuple:
        parts = get_args(hint)
        if not isinstance(value, tuple):
            return False
        if parts[1:] == (Ellipsis,):
            return all(_fits(v, parts[0]) for v in value)
        return len(value) == len(parts) and all(_fits(v, part) for v, part in zip(value, parts, strict=True))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (str, bool, type(None)):
        return isinstance(value, hint)
    return True


def _words(hint: Any) -> str:
    """How the kind is written: "int | None", "tuple[int, ...]"."""
    return hint.__name__ if isinstance(hint, type) and get_origin(hint) is None else str(hint).replace("typing.", "")
