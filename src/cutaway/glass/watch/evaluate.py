"""A condition walked node by node, with the numbers of one moment in its names."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ...engine.errors import CutawayError
from .language import Memory, wrong

__all__ = ["Look", "Scope"]


class Scope(Protocol):
    """What the names of a condition mean at one moment."""

    def number(self, name: str) -> Any:
        """A bare name: loss, batch, alpha."""

    def array(self, name: str) -> Any:
        """A name in quotes."""

    def gradient(self, name: str) -> Any:
        """The gradient of a weight."""

    def slot(self, slot: int) -> Any:
        """A slot of the open batch."""

    def sick(self) -> str:
        """Where there is a NaN or an infinity now, "" where there is none."""

    def answer(self, example: int, part: str) -> Any:
        """What the network answers to an example."""


_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: np.true_divide,
    ast.Mod: np.mod, ast.Pow: np.power,
}  # fmt: skip
_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "mean": np.mean, "sum": np.sum, "std": np.std, "any": np.any, "all": np.all, "abs": np.abs,
    "norm": lambda x: np.sqrt(np.sum(np.square(x))),
}  # fmt: skip


class Look:
    """One look at the run with one condition.

    before: what the places of the condition were at the look before; after: what they are now
    told: the quantities of the condition, by their text -> (before, after); before is None where it is not known
    """

    def __init__(self, text: str, scope: Scope, before: Memory) -> None:
        self.text, self.scope, self.before = text, scope, before
        self.after: Memory = {}
        self.told: dict[str, tuple[Any, Any]] = {}
        self.notes: list[str] = []

    def truth(self, tree: ast.expr) -> bool:
        """Is the condition true?"""
        with np.errstate(all="ignore"):
            return self._true(tree, self._value(tree))

    def _true(self, node: ast.expr, value: Any) -> bool:
        if np.ndim(value):
            count = f"{np.size(value)} numbers"
            raise wrong(self.text, node, f"this is {count}, neither true nor false. Say any(...) or all(...) of it.")
        return bool(value)

    # -- the kinds of nodes -----------------------------------------------------------------------------------
    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=bool() as value):
                return value
            case ast.Constant(value=str() as name):
                return self._asked(node, lambda: self.scope.array(name))
            case ast.Constant(value=int() | float() as value):
                return self._asked(node, lambda: np.float64(value))
            case ast.Name(id=name):
                return self._asked(node, lambda: self.scope.number(name))
            case ast.BoolOp(op=op, values=parts):
                truths = [self._true(part, self._value(part)) for part in parts]  # all of them: they remember
                return all(truths) if isinstance(op, ast.And) else any(truths)
            case ast.UnaryOp(op=op, operand=part):
                value = self._value(part)
                if isinstance(op, ast.Not):
                    return not self._true(part, value)
                return -np.asarray(value, np.float64) if isinstance(op, ast.USub) else value
            case ast.BinOp(left=left, op=op, right=right):
                a, b = self._value(left), self._value(right)
                return self._asked(node, lambda: _ARITHMETIC[type(op)](_plain(a), _plain(b)))
            case ast.Compare():
                return self._compared(node)
            case ast.Subscript(value=inner, slice=index):
                array = np.asarray(self._value(inner))
                return self._asked(node, lambda: array[_index(index)])
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(node, name, args)
        raise wrong(self.text, node, "this has no value here.")

    def _asked(self, node: ast.AST, ask: Callable[[], Any]) -> Any:
        """The answer of the run, or its error with a mark under the place."""
        try:
            return ask()
        except (CutawayError, IndexError, ValueError, TypeError, OverflowError) as error:
            raise wrong(self.text, node, str(error)) from None

    def _compared(self, node: ast.Compare) -> Any:
        sides = [node.left, *node.comparators]
        values = [self._value(side) for side in sides]
        for side, value in zip(sides, values, strict=True):
            if not isinstance(side, ast.Constant) or isinstance(side.value, str):
                self._tell(self._of(side), value)
        result: Any = True
        for k, op in enumerate(node.ops):
            a, b = _plain(values[k]), _plain(values[k + 1])
            true = self._asked(node, lambda op=op, a=a, b=b: _COMPARISONS[type(op)](a, b))  # type: ignore[misc]
            result = true if result is True else np.logical_and(result, true)
        return result

    def _call(self, node: ast.Call, name: str, args: list[ast.expr]) -> Any:
        if name == "grad":
            return self._asked(node, lambda: self.scope.gradient(args[0].value))  # type: ignore[attr-defined]
        if name == "slot":
            return self._asked(node, lambda: self.scope.slot(args[0].value))  # type: ignore[attr-defined]
        if name == "flips":
            return self._flips(node, args)
        if name == "nan" and not args:
            where = self.scope.sick()
            if where:
                self.notes.append(where)
            return bool(where)
        values = [np.asarray(self._value(arg)) for arg in args]
        if name in ("before", "change", "changes_sign"):
            return self._beside(node, name, args[0], values[0])
        if name in ("min", "max"):
            pick = np.min if name == "min" else np.max
            return self._asked(node, lambda: pick([pick(v) for v in values]))
        if name in ("nan", "infinite"):
            self._tell(self._of(args[0]), values[0])
            return bool((np.isnan if name == "nan" else np.isinf)(_plain(values[0])).any())
        return _REDUCTIONS[name](values[0] if name in ("any", "all") else _plain(values[0]))

    # -- compared with one batch ago ---------------------------------------------------------------------------
    def _beside(self, node: ast.Call, name: str, arg: ast.expr, now: Any) -> Any:
        now = np.array(now, np.float64)
        old = self.before.get(node.col_offset)
        was, signs = old if old is not None and old[0].shape == now.shape else (now, np.sign(now))
        sign = np.sign(now)
        self.after[node.col_offset] = now, np.where(sign == 0, signs, sign)  # through 0 is a change of sign too
        if name == "before":
            return was
        if name == "change":
            self._tell(self._of(arg), now)
            return now - was
        turned = signs * sign < 0
        if turned.any():
            at = tuple(int(k) for k in np.argwhere(turned)[0])
            more = f" and {int(turned.sum()) - 1} more" if turned.sum() > 1 else ""
            place = f"[{', '.join(map(str, at))}]" if at else ""
            self.told[f"{self._of(arg)}{place}{more}"] = float(was[at]), float(now[at])
        elif now.ndim == 0:
            self._tell(self._of(arg), now)
        return bool(turned.any())

    def _flips(self, node: ast.Call, args: list[ast.expr]) -> bool:
        example, part = args[0].value, args[1].value if len(args) > 1 else "train"  # type: ignore[attr-defined]
        now = self._asked(node, lambda: self.scope.answer(example, part))
        was = self.before.get(node.col_offset, now)
        self.after[node.col_offset] = now
        which = "" if part == "train" else "validation "
        self.told[f"the answer to {which}example {example}"] = was, now
        return bool(was != now)

    # -- telling ------------------------------------------------------------------------------------------------
    def _tell(self, text: str, value: Any) -> None:
        value = np.asarray(value)
        if value.dtype.kind not in "fiub" or not value.size:
            return
        self.told[text] = None, value.item() if value.ndim == 0 else (float(np.min(value)), float(np.max(value)))

    def _of(self, node: ast.expr) -> str:
        """The condition's own words for this part."""
        return ast.get_source_segment(self.text, node) or ast.unparse(node)


def _plain(value: Any) -> Any:
    """Numbers to compute with: in double precision, so that a condition never overflows before the run does."""
    value = np.asarray(value)
    return value.astype(np.float64) if value.dtype.kind in "fiub" else value


def _index(node: ast.expr) -> Any:
    match node:
        case ast.Tuple(elts=parts):
            return tuple(_index(part) for part in parts)
        case ast.Slice(lower=low, upper=high, step=step):
            return slice(*(None if part is None else _index(part) for part in (low, high, step)))
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return value
        case ast.Constant(value=value) if value is Ellipsis:
            return Ellipsis
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return -_index(part)
    raise ValueError("an index is made of whole numbers, : and commas.")
