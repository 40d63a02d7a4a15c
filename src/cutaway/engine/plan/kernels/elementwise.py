"""Number by number: NumPy's own functions with a place to write to, one after the other on a block in the cache.

Each is written so that ``out`` may be the very memory of one of the inputs. They are exact twins of the readable
forwards up to the order of a product's factors; what has no twin here runs its readable forward on the block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..do import Do

__all__ = ["ELEMENTWISE", "readable"]

Into = Callable[..., Any]
ELEMENTWISE: dict[str, Into] = {}  # name of an op -> (do, out, *inputs, **attrs)


def readable(forward: Callable[..., Any], out: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
    """The readable forward, its result put where the plan wants it."""
    out[...] = forward(*inputs, **attrs)


def _register(name: str) -> Callable[[Into], Into]:
    def register(f: Into) -> Into:
        ELEMENTWISE[name] = f
        return f

    return register


def _plain(name: str, function: Callable[..., Any]) -> None:
    def into(do: Do, out: Any, *inputs: Any) -> None:
        do(function, *inputs, out)

    ELEMENTWISE[name] = into


for _name, _function in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign, "tanh": np.tanh,
    "maximum": np.maximum, "minimum": np.minimum, "expm1": np.expm1, "log1p": np.log1p, "log2": np.log2,
    "log10": np.log10, "sin": np.sin, "cos": np.cos, "pow": np.power, "equal": np.equal, "not_equal": np.not_equal,
    "less": np.less, "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal,
}.items():  # fmt: skip
    _plain(_name, _function)


def zeros(do: Do, like: Any) -> Any:
    """Zeros to compare with: NumPy is 3 times faster against a row of them than against the number 0."""
    if like.ndim == 0:
        return like.dtype.type(0)
    key = "zeros", like.shape, like.strides, like.dtype
    if key not in do.shared:
        order = sorted(range(like.ndim), key=lambda k: -abs(like.strides[k]) if like.shape[k] > 1 else 0)
        pool = do.shared.get(("zeros", like.dtype))
        if pool is None or pool.size < like.size:
            pool = do.shared["zeros", like.dtype] = do.keep((like.size,), like.dtype)
        zero = pool[: like.size].reshape([like.shape[k] for k in order]).transpose(np.argsort(order))
        do.shared[key] = zero
    return do.shared[key]


@_register("relu")
def relu(do: Do, out: Any, x: Any) -> None:
    """max(x, 0)."""
    do(np.maximum, x, zeros(do, x), out)


@_register("gate")
def gate(do: Do, out: Any, g: Any, control: Any) -> None:
    """g where control > 0: a product with yes and no."""
    mask = do.like(control, np.bool_)
    do(np.greater, control, zeros(do, control), mask)
    do(np.multiply, g, mask, out)


@_register("leaky_relu")
def leaky_relu(do: Do, out: Any, x: Any, slope: float = 0.01) -> None:
    """max(x, 0) + slope min(x, 0)."""
    low = do.like(x)
    do(np.minimum, x, zeros(do, x), low)
    do(np.multiply, low, x.dtype.type(slope), low)
    do(np.maximum, x, zeros(do, x), out)
    do(np.add, out, low, out)


@_register("sigmoid")
def sigmoid(do: Do, out: Any, x: Any) -> None:
    """NumPy's tanh is several times faster than its exp and a division: sigmoid(x) = 1/2 tanh(x / 2) + 1/2."""
    half = x.dtype.type(0.5)
    do(np.multiply, x, half, out)
    do(np.tanh, out, out)
    do(np.multiply, out, half, out)
    do(np.add, out, half, out)


@_register("silu")
def silu(do: Do, out: Any, x: Any) -> None:
    """x sigmoid(x)."""
    half, t = x.dtype.type(0.5), do.like(x)
    do(np.multiply, x, half, t)
    do(np.tanh, t, t)
    do(np.multiply, t, half, t)
    do(np.add, t, half, t)
    do(np.multiply, x, t, out)


@_register("softplus")
def softplus(do: Do, out: Any, x: Any, beta: float = 1.0) -> None:
    """max(x, 0) + ln(1 + t) / beta, t = e^-|beta x|.

    Without AVX-512, NumPy's ln(1 + t) takes seven times as long as its ln, which alone would lose a small t. But what
    ln(u) loses, u = 1 + t, is the share that u - 1 has lost: ln(1 + t) = t ln(u) / (u - 1) (W. Kahan). A number far
    below all others makes 1 of 0 / 0, where nothing of t is left in u.
    """
    kind = x.dtype.type
    t, u, lost, nothing = do.like(x), do.like(x), do.like(x), kind(1e-30)
    do(np.abs, x, t)
    do(np.multiply, t, kind(-beta), t)
    do(np.exp, t, t)
    do(np.add, t, kind(1), u)
    do(np.subtract, u, kind(1), lost)
    do(np.add, lost, nothing, lost)
    do(np.log, u, u)
    do(np.add, u, nothing, u)
    do(np.divide, u, lost, u)
    do(np.multiply, t, u, t)
    if beta != 1:
        do(np.multiply, t, kind(1 / beta), t)
    do(np.maximum, x, zeros(do, x), u)
    do(np.add, t, u, out)


@_register("power")
def power(do: Do, out: Any, x: Any, to: float) -> None:
    """The powers that have a function of their own are many times faster by it."""
    if to == 2:
        do(np.multiply, x, x, out)
    elif to == 0.5:
        do(np.sqrt, x, out)
    elif to == -0.5:
        do(np.sqrt, x, out)
        do(np.divide, x.dtype.type(1), out, out)
    elif to == -1:
        do(np.divide, x.dtype.type(1), x, out)
    elif to == 3:
        t = do.like(x)
        do(np.multiply, x, x, t)
        do(np.multiply, t, x, out)
    else:
        do(np.power, x, x.dtype.type(to) if x.dtype.kind == "f" else to, out)


@_register("cast")
def cast(do: Do, out: Any, x: Any, to: str) -> None:
    """Another kind of number."""
    do(_copied, out, x)


def _copied(out: Any, x: Any) -> None:
    np.copyto(out, x, casting="unsafe")


@_register("blend")
def blend(do: Do, out: Any, old: Any, new: Any, keep: float) -> None:
    """keep old + (1 - keep) new."""
    kind = out.dtype.type
    t = do.like(out)
    do(np.multiply, new, kind(1 - keep), t)
    do(np.multiply, old, kind(keep), out)
    do(np.add, out, t, out)


@_register("adaptive_step")
def adaptive_step(do: Do, out: Any, weight: Any, slope: Any, shake: Any, alpha: Any, eps: Any) -> None:
    """weight - alpha slope / (sqrt(shake) + eps)."""
    t = do.like(out)
    do(np.sqrt, shake, t)
    do(np.add, t, eps, t)
    do(np.divide, slope, t, t)
    do(np.multiply, t, alpha, t)
    do(np.subtract, weight, t, out)
