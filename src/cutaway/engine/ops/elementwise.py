"""Functions of every number on its own: curves, and doors that open for some numbers only."""

from __future__ import annotations

from typing import Any, ClassVar

from ..op import Op, Shape, as_kind, namespace
from ..sample import Sample, distinct, normal, positive
from ..tensor import Tensor
from .arithmetic import div, mul
from .broadcast import fit, joint_shape


class Curve(Op):
    """One number in, one number out: the shape stays."""

    kind = "elementwise"
    takes = "f"
    samples: ClassVar[tuple[Sample, ...]] = (Sample(normal(2, 3)), Sample(normal(3, 1, 2)))

    @staticmethod
    def shape(x: Shape, **attrs: Any) -> Shape:
        return x


class Exp(Curve):
    """Money at full interest: it grows by as much as is there.

    y = e ** x

    x: time
    y: the money; its slope is itself

    Use it to make any number positive; for shares use softmax, which does not overflow.

    >>> exp(Tensor([0.0, 1.0]))
    Tensor([1.    , 2.7183])
    """

    torch = "torch.exp"

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).exp(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return mul(g, y)


class Log(Curve):
    """How long money at full interest must wait to become x: exp backwards.

    y = ln x

    x: the wanted amount, above 0
    y: the time; its slope is 1 / x: the tenth doubling brings no more than the first

    Use it to turn products into sums, and chances into surprise.

    >>> log(Tensor([1.0, 10.0]))
    Tensor([0.    , 2.3026])
    """

    torch = "torch.log"
    samples = (Sample(positive(2, 3)),)

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).log(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return div(g, x)


class Sqrt(Curve):
    """The side of a square of that area.

    y = sqrt(x)

    x: the area, not below 0
    y: the side; its slope is 1 / (2 y), without end at 0

    Use it to turn a variance into a spread; add a little first, since it is steep at 0.

    >>> sqrt(Tensor([4.0, 9.0]))
    Tensor([2., 3.])
    """

    torch = "torch.sqrt"
    samples = (Sample(positive(2, 3)),)

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).sqrt(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return div(g, mul(y, 2.0))


class Abs(Curve):
    """How far from home, whichever the direction.

    y = |x|

    x: the place
    y: the distance; its slope is the sign of x, and 0 at home

    Use it where a miss should hurt in proportion, so that outliers do not rule.

    >>> abs(Tensor([-2.0, 3.0]))
    Tensor([2., 3.])
    """

    torch = "torch.abs"

    takes = "fi"
    samples = (Sample(distinct(2, 3)),)

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).abs(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return mul(g, sign(x))


class Sign(Curve):
    """Left, right, or home.

    y = -1 if x < 0, 0 if x = 0, 1 if x > 0

    x: the place
    y: the direction; a nudge of x changes nothing, so no gradient flows

    Use it where only the direction matters.

    >>> sign(Tensor([-2.0, 0.0, 3.0]))
    Tensor([-1.,  0.,  1.])
    """

    torch = "torch.sign"

    takes = "fi"
    samples = (Sample(distinct(2, 3)),)

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).sign(x)


class Tanh(Curve):
    """A gentle brake: small numbers pass almost unchanged, large ones are held near -1 and 1.

    y = (e^x - e^-x) / (e^x + e^-x)

    x: any number
    y: between -1 and 1; its slope is 1 - y*y: steep in the middle, flat at the ends

    Use it inside recurrent networks, and where an output must stay between -1 and 1.

    >>> tanh(Tensor([0.0, 1.0, -100.0]))
    Tensor([ 0.    ,  0.7616, -1.    ])
    """

    torch = "torch.tanh"

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).tanh(x)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return mul(g, 1.0 - mul(y, y))


class Sigmoid(Curve):
    """A soft switch: off on the left, on on the right, "perhaps" between.

    y = 1 / (1 + e^-x) = 1/2 + 1/2 tanh(x / 2)

    x: the push on the switch
    y: how far it is on, between 0 and 1; its slope is y (1 - y)

    The form with tanh cannot overflow.

    Use it for yes-or-no outputs and for gates; in deep stacks it lets gradients fade.

    >>> sigmoid(Tensor([0.0, 100.0, -100.0]))
    Tensor([0.5, 1. , 0. ])
    """

    torch = "torch.sigmoid"

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).tanh(x * 0.5) * 0.5 + 0.5

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return mul(g, mul(y, 1.0 - y))


class Relu(Curve):
    """A door that opens in one direction only.

    y = max(x, 0)

    x: who comes
    y: who gets through: the positive, unchanged; its slope is 1 there and 0 elsewhere

    Use it between the layers of almost any deep network: cheap, and gradients pass undiminished.

    >>> relu(Tensor([-1.0, 2.0]))
    Tensor([0., 2.])
    """

    torch = "torch.relu"

    takes = "fi"
    samples = (Sample(distinct(2, 3)), Sample(distinct(3, 1, 2)))

    @staticmethod
    def forward(x: Any) -> Any:
        return namespace(x).maximum(x, 0)

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gate(g, y)


class LeakyRelu(Curve):
    """A door that does not quite close: a trickle gets through the wrong way.

    y = x if x > 0, else slope * x

    x: who comes
    y: who gets through
    slope: how much of the negative gets through, 0.01 when not said

    Use it when too many doors stay shut for ever (dead units).

    >>> leaky_relu(Tensor([-1.0, 2.0]), slope=0.1)
    Tensor([-0.1,  2. ])
    """

    torch = "torch.nn.functional.leaky_relu"
    samples = (Sample(distinct(2, 3), slope=0.1), Sample(distinct(2, 3)))

    @staticmethod
    def forward(x: Any, slope: float = 0.01) -> Any:
        xp = namespace(x)
        return xp.maximum(x, 0) + xp.minimum(x, 0) * slope

    @staticmethod
    def backward(g: Tensor, y: Tensor, x: Tensor, slope: float = 0.01) -> Tensor:
        open_ = gate(g, x)
        return open_ + (g - open_) * slope


class Gate(Op):
    """The same doors, opened by somebody else: g passes where the control is above 0.

    y = g if control > 0, else 0

    g: who comes
    control: who opens; a nudge of it moves no door, so it gets no gradient
    y: who gets through

    Use it to let through only what another array allows: the way back of relu.

    >>> gate(Tensor([5.0, 6.0]), Tensor([1.0, -1.0]))
    Tensor([5., 0.])
    """

    kind = "elementwise"
    takes = "fi"
    samples = (Sample(normal(2, 3), distinct(2, 3)), Sample(normal(3), distinct(2, 3)))

    @staticmethod
    def forward(g: Any, control: Any) -> Any:
        return g * as_kind(control > 0, g.dtype)

    @staticmethod
    def backward(gg: Tensor, y: Tensor, g: Tensor, control: Tensor) -> tuple[Tensor, None]:
        return fit(gate(gg, control), g), None

    @staticmethod
    def shape(g: Shape, control: Shape) -> Shape:
        return joint_shape("gate", g, control)


class Maximum(Op):
    """The taller of two.

    y = a if a > b, else b

    a, b: the two
    y: the taller one's height; only a nudge of the taller is felt (of equals, of b)

    Use it to keep numbers above a limit, or to choose the better of two.

    >>> maximum(Tensor([1.0, 5.0]), Tensor([3.0, 2.0]))
    Tensor([3., 5.])
    """

    torch = "torch.maximum"
    kind = "elementwise"
    takes = "fi"
    samples = (Sample(distinct(2, 3), normal(2, 3)), Sample(distinct(2, 3), normal(3)))

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return namespace(a).maximum(a, b)

    @staticmethod
    def backward(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        to_a = gate(g, a - b)
        return fit(to_a, a), fit(g - to_a, b)

    @staticmethod
    def shape(a: Shape, b: Shape) -> Shape:
        return joint_shape("maximum", a, b)


class Minimum(Op):
    """The shorter of two.

    y = a if a < b, else b

    a, b: the two
    y: the shorter one's height; only a nudge of the shorter is felt (of equals, of b)

    Use it to keep numbers below a limit, as clipping does.

    >>> minimum(Tensor([1.0, 5.0]), Tensor([3.0, 2.0]))
    Tensor([1., 2.])
    """

    torch = "torch.minimum"
    kind = "elementwise"
    takes = "fi"
    samples = (Sample(distinct(2, 3), normal(2, 3)), Sample(distinct(2, 3), normal(3)))

    @staticmethod
    def forward(a: Any, b: Any) -> Any:
        return namespace(a).minimum(a, b)

    @staticmethod
    def backward(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        to_a = gate(g, b - a)
        return fit(to_a, a), fit(g - to_a, b)

    @staticmethod
    def shape(a: Shape, b: Shape) -> Shape:
        return joint_shape("minimum", a, b)


exp = Exp()
log = Log()
sqrt = Sqrt()
abs = Abs()
sign = Sign()
tanh = Tanh()
sigmoid = Sigmoid()
relu = Relu()
leaky_relu = LeakyRelu()
gate = Gate()
maximum = Maximum()
minimum = Minimum()
