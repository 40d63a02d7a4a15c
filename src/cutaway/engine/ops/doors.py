"""Smooth doors: relatives of relu that close gently, so that nobody is ever shut out entirely."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError
from ..op import Shape, namespace
from ..sample import Sample, distinct, normal
from ..tensor import Tensor
from .arithmetic import mul
from .curves import erf, erfc_of
from .elementwise import Curve, exp, gate, sigmoid, tanh

_BOTH = (Sample(normal(2, 3)), Sample(normal(3, 1, 2)))
_ROOT = math.sqrt(2 / math.pi)  # of the approximation, and of the bell curve's height
_CUBE = 0.044715


class Elu(Curve):
    """A door on a spring: whoever comes the wrong way pushes it, ever harder, and gets no farther than alpha.

    y = x if x > 0, else alpha * (e ** x - 1)

    x: who comes
    y: who gets through, above -alpha; the slope on the left is y + alpha
    alpha: how far the spring gives, 1 when not said

    Use it where relu leaves units without any gradient: here something always comes through.

    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by ELUs", 2016.

    >>> elu(Tensor([-1.0, 2.0]))
    Tensor([-0.6321,  2.    ])
    """

    torch = "torch.nn.functional.elu"
    samples = (Sample(distinct(2, 3)), Sample(distinct(3, 1, 2), alpha=0.5))

    @staticmethod
    def forward(x: Any, alpha: float = 1.0) -> Any:
        xp = namespace(x)
        return xp.maximum(x, 0) + xp.expm1(xp.minimum(x, 0)) * alpha

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, alpha: float = 1.0) -> Tensor:
        right = gate(g, x)
        return right + mul(g - right, y + alpha)


class Silu(Curve):
    """A door with a doorkeeper who looks at whoever comes: the larger, the wider he opens.

    y = x * sigmoid(x) = x / (1 + e ** -x)

    x: who comes
    y: who gets through: nearly all of large x, nearly nothing of large negative ones, and -0.28 at the least

    Use it as a smooth relu; many image and language models do. It is also called swish.

    Hendrycks and Gimpel, 2016; Ramachandran, Zoph and Le, "Searching for activation functions", 2017.

    >>> silu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.2689,  0.    ,  1.7616])
    """

    torch = "torch.nn.functional.silu"
    samples = _BOTH

    @staticmethod
    def forward(x: Any) -> Any:
        return x * (namespace(x).tanh(x * 0.5) * 0.5 + 0.5)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        open_ = sigmoid(x)
        return mul(g, open_ + mul(y, 1.0 - open_))

    @staticmethod
    def written(x: Tensor) -> Tensor:
        return mul(x, sigmoid(x))


class Gelu(Curve):
    """A door that opens with a chance: who is taller than most is let in almost surely. This is the average.

    y = x * (chance that a number from the bell curve is below x) = x * (1 + erf(x / sqrt(2))) / 2

    x: who comes
    y: who gets through on average
    approximate: "none" for the formula itself, or "tanh" for a curve very near to it:
        y = x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3))) / 2

    Use it in transformers; GPT-2 was trained with "tanh", most others with "none".

    Hendrycks and Gimpel, "Gaussian error linear units", 2016.

    >>> gelu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.1587,  0.    ,  1.9545])
    """

    torch = "torch.nn.functional.gelu"
    samples = (
        Sample(normal(2, 3)),
        Sample(normal(3, 1, 2)),
        Sample(normal(2, 3), approximate="tanh"),
    )

    @staticmethod
    def forward(x: Any, approximate: str = "none") -> Any:
        xp = namespace(x)
        if approximate == "tanh":
            return x * (xp.tanh((x + x * x * x * _CUBE) * _ROOT) * 0.5 + 0.5)
        above = erfc_of(xp.abs(x) * math.sqrt(0.5)) * 0.5
        return x * xp.where(x > 0, 1 - above, above)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, approximate: str = "none") -> Tensor:
        square = mul(x, x)
        if approximate == "tanh":
            push = tanh(mul(x, mul(square, _ROOT * _CUBE) + _ROOT))
            steep = mul(mul(y, 1.0 - push), mul(square, 3 * _ROOT * _CUBE) + _ROOT)  # y = x (1 + push) / 2
            return mul(g, mul(push + 1.0, 0.5) + steep)
        chance = mul(erf(mul(x, math.sqrt(0.5))) + 1.0, 0.5)
        bell = mul(exp(mul(square, -0.5)), _ROOT / 2)
        return mul(g, chance + mul(x, bell))

    @staticmethod
    def written(x: Tensor, approximate: str = "none") -> Tensor:
        if approximate == "tanh":
            return mul(x, mul(tanh(mul(x + mul(mul(mul(x, x), x), _CUBE), _ROOT)) + 1.0, 0.5))
        return mul(x, mul(erf(mul(x, math.sqrt(0.5))) + 1.0, 0.5))

    @staticmethod
    def shape(x: Shape, approximate: str = "none", **attrs: Any) -> Shape:
        if approximate not in ("none", "tanh"):
            raise ShapeError(f"gelu: approximate is 'none' (exact) or 'tanh', not {approximate!r}.")
        return x


class Softplus(Curve):
    """A ramp in place of a kerb: relu with its corner rounded off.

    y = ln(1 + e ** (beta * x)) / beta

    x: who comes
    y: who gets through, always a little; the slope is sigmoid(beta * x)
    beta: how sharp the corner stays, 1 when not said

    Use it where a result must be above 0, such as a width or a rate.

    Written as max(x, 0) + ln(1 + e ** -|beta x|) / beta, which cannot overflow.

    >>> softplus(Tensor([-100.0, 0.0, 100.0]))
    Tensor([  0.    ,   0.6931, 100.    ])
    """

    torch = "torch.nn.functional.softplus"
    samples = (Sample(normal(2, 3)), Sample(normal(3, 1, 2), beta=2.0))

    @staticmethod
    def forward(x: Any, beta: float = 1.0) -> Any:
        xp = namespace(x)
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x * beta))) / beta

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, beta: float = 1.0) -> Tensor:
        return mul(g, sigmoid(mul(x, beta)))

    @staticmethod
    def shape(x: Shape, beta: float = 1.0, **attrs: Any) -> Shape:
        if not beta > 0:
            raise ShapeError(f"softplus: beta says how sharp the corner stays and must be above 0, not {beta}.")
        return x


elu = Elu()
silu = Silu()
gelu = Gelu()
softplus = Softplus()
